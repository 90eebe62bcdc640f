"""One adapter process and the conversation with it: requests out, answers and events in, one verdict if it goes wrong.

Whoever waits here waits on one condition, which every line that arrives tells; nobody polls.  When a wait has run
out, the question is whose fault that is: the adapter is sent a `ping`, which it owes an answer whatever the
implementation under it is at, and whoever stood at a gate that was opened must have gone on.  If it passes, the
*implementation* is slow or stuck, which is for a rule to judge; if not, the adapter is broken.  Without that question
a hanging adapter would be reported as a deadlock in somebody's lock.  The first verdict stands.  Everything that is
asked afterwards gets it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from quiesce_conformance.contract import CandidateSpec, Ticket
from quiesce_conformance.session import BrokenAdapter, Event

from .conversation import Conversation
from .limits import Limits
from .messages import PROTOCOL, Done, Failed, Hello, Occurred, decode, encode
from .process import AdapterProcess, Exit, Misbehaviour

__all__ = ["Connection", "Request"]


class Request:
    """Something that was asked.  `answer` is set once, by the connection."""

    def __init__(self, number: int, what: str) -> None:
        self.number = number
        self.what = what
        self.answer: Done | Failed | None = None


class Connection:
    """A process that has said hello.  Safe from any thread.

    Raises:
        BrokenAdapter: it cannot be started, or does not say hello as it should within the limit.

    """

    def __init__(self, argv: Sequence[str], limits: Limits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._conversation = Conversation()
        self._requests: dict[int, Request] = {}
        self._last = 0
        self._reason: str | None = None
        self._over = threading.Event()
        self._leaving = False
        self.events: list[Event] = []
        """What the probe of the present session has reported, in order."""
        try:
            self._process = AdapterProcess(argv, limits, self._line, self._fault, self._ended)
        except OSError as error:
            raise BrokenAdapter(f"cannot be started: {error}") from error
        try:
            self.hello = self._greet()
        except BaseException:
            self.close()
            raise

    def _greet(self) -> Hello:
        self._send({"op": "hello", "protocol": PROTOCOL})
        if not self.wait(lambda: self._conversation.greeted is not None, self._limits.start):
            self.fail(f"did not say hello within {self._limits.start:g} s")
        hello = self._conversation.greeted
        if hello is None or hello.protocol != PROTOCOL:
            self.fail(f"speaks version {hello.protocol if hello else '?'} of the protocol, expected {PROTOCOL}")
        self.check()
        assert hello is not None
        return hello

    @property
    def broken(self) -> bool:
        """Whether there is a verdict."""
        return self._reason is not None

    # -- asking -------------------------------------------------------------------------------------------------------
    def ask(self, operation: str, fields: Mapping[str, object], spec: CandidateSpec | Ticket | None = None) -> Request:
        """Send a request.

        Raises:
            BrokenAdapter: there is a verdict, or the adapter does not take it.

        """
        self.check()
        with self._changed:
            self._last += 1
            request = self._requests[self._last] = Request(self._last, operation)
            if operation == "make":
                self.events = []
            self._conversation.asked(request.number, operation, spec)
        self._send({"id": request.number, "op": operation, **fields})
        return request

    def open(self, gate: str) -> None:
        """Open a gate.  Raises `BrokenAdapter` as `ask` does."""
        self.check()
        with self._changed:
            self._conversation.opened(gate)
        self._send({"op": "open", "gate": gate})

    def _send(self, message: Mapping[str, object]) -> None:
        try:
            self._process.send(encode(message))
        except Misbehaviour as fault:
            # A process that has ended does not read either; that it ended is the better reason.
            self._over.wait(min(1.0, self._limits.answer))
            self.fail(str(fault))
            self.check()

    # -- waiting ------------------------------------------------------------------------------------------------------
    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until `condition` holds, `timeout` seconds at most; whether it does.  It is asked under the lock.

        Raises:
            BrokenAdapter: there is a verdict.

        """
        with self._changed:
            held = self._changed.wait_for(lambda: self._reason is not None or condition(), timeout)
        self.check()
        return held

    def answer(self, request: Request, timeout: float) -> Done | Failed | None:
        """Wait for an answer; None if it does not come and that is not the adapter's fault.

        Raises:
            BrokenAdapter: there is a verdict, or one follows now because the adapter itself does not answer.

        """
        if not self.wait(lambda: request.answer is not None, timeout):
            self.blame()
        return request.answer

    def blame(self) -> None:
        """Find out whether the adapter itself goes on.

        Raises:
            BrokenAdapter: it does not answer a ping, or does not let go whoever stood at a gate that is open.

        """
        limit = self._limits.answer
        unanswered = self._conversation.unanswered()
        ping = self.ask("ping", {})
        if not self.wait(lambda: ping.answer is not None, limit):
            waiting = f" (unanswered: {', '.join(unanswered)})" if unanswered else ""
            self.fail(f"did not answer a ping within {limit:g} s{waiting}")
        if not self.wait(lambda: not self._conversation.stuck_at_open_gates(), limit):
            stuck = ", ".join(self._conversation.stuck_at_open_gates())
            self.fail(f"did not go on within {limit:g} s after the gate was opened: {stuck}")
        self.check()

    # -- verdicts -----------------------------------------------------------------------------------------------------
    def check(self) -> None:
        """Raise the verdict, if there is one."""
        if self._reason is not None:
            self._over.wait(self._limits.answer)  # what it said to standard error is complete by then
            complaints = self._process.complaints
            heard = f"; its standard error ends with:\n{complaints}" if complaints else ""
            raise BrokenAdapter(f"{self._reason}{heard}")

    def fail(self, reason: str) -> None:
        """Give the verdict, unless there is one, and end the process group."""
        with self._changed:
            self._reason = self._reason or reason
            self._changed.notify_all()
        self._process.end_group()

    def _line(self, line: bytes) -> None:
        message = decode(line)
        with self._changed:
            self._conversation.said(message)
            self._conversation.flood(self._limits.lines, self._limits.lines_per_request)
            if isinstance(message, Done | Failed):
                self._requests.pop(message.request).answer = message
            elif isinstance(message, Occurred) and message.kind != "passed":
                self.events.append(Event(message.seq, message.kind, message.version, message.call, message.gate))
            self._changed.notify_all()

    def _fault(self, fault: Misbehaviour) -> None:
        with self._changed:
            self._reason = self._reason or str(fault)
            self._changed.notify_all()

    def _ended(self, end: Exit) -> None:
        with self._changed:
            self._reason = self._reason or self._why_not(end)
            self._over.set()
            self._changed.notify_all()

    def _why_not(self, end: Exit) -> str | None:
        """What is wrong with this end; None if it was asked for and is in order."""
        unanswered = self._conversation.unanswered()
        if end.half_line:
            return f"{end} and left half a line: {end.half_line[:120].decode('utf-8', 'replace')!r}"
        if self._conversation.greeted is None:
            return f"{end} before it said hello"
        if unanswered:
            return f"{end} before it answered {', '.join(unanswered[:5])}"
        if end.left_children:
            return f"{end} and left child processes behind"
        if not self._leaving or end.code != 0:
            return f"{end} {'after' if self._leaving else 'before'} it was told to"
        return None

    # -- leaving ------------------------------------------------------------------------------------------------------
    def leave(self) -> None:
        """Say bye and wait for the end; then everything is closed, whatever comes of it.

        Raises:
            BrokenAdapter: it does not end in time, or not with exit code 0, or leaves somebody behind.

        """
        try:
            self.check()
            with self._changed:
                self._leaving = True
            self._send({"op": "bye"})
            if not self._over.wait(self._limits.leave):
                self.fail(f"did not end within {self._limits.leave:g} s after it was told to")
            self.check()
        finally:
            self.close()

    def close(self) -> None:
        """End the process group, reap it, close every pipe.  Safe to repeat."""
        with self._changed:
            self._leaving = True
        self._process.close()
