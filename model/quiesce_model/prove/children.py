"""A solver's process: started when it is needed, killed when it is late, started again for the next question.

Nothing that a solver does, or fails to do, reaches beyond its own answer.  Lines of JSON go in and come back; see
``worker`` for the other end, and ``Solver.command`` for putting something else there.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import IO, Any, Literal, cast

__all__ = ["Child", "Question", "Reply", "Verdict"]

Verdict = Literal["unsat", "sat", "unknown", "timeout", "died"]

GRACE = 1.0
"""Seconds beyond the limit that a solver is given to stop by itself."""
START = 20.0
"""Seconds that a child may take to start and to import its solver; its first answer has these on top."""


@dataclass(frozen=True)
class Question:
    """Whether ``assertion`` (a command, or nothing) can hold besides what ``prelude`` says."""

    prelude: str
    assertion: str
    core: bool = False
    model: bool = False
    seed: int | None = None


@dataclass(frozen=True)
class Reply:
    """What a solver said, or what became of it."""

    verdict: Verdict
    seconds: float
    core: tuple[str, ...] | None = None
    model: str | None = None
    reason: str = ""


class Child:
    """One solver's process.  One thread asks; any thread may kill.

    :param command: starts a process that speaks ``worker``'s lines.
    :param options: the solver's own, by name.
    """

    def __init__(self, command: tuple[str, ...], options: Mapping[str, str]) -> None:
        self._command, self._options = command, dict(options)
        self._process: subprocess.Popen[str] | None = None
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._stopped = False
        self._session: object = None

    def ask(self, question: Question, limit: float) -> Reply:
        """Ask, and wait no longer than the limit (in seconds) and a moment."""
        began = perf_counter()
        allowance = limit + GRACE
        if self._start():
            allowance += START
            self._session = None
        session = (question.prelude, question.core, question.model, question.seed, limit)
        request = {
            "prelude": None if session == self._session else question.prelude,
            "assertion": question.assertion,
            "seconds": limit,
            "seed": question.seed,
            "core": question.core,
            "model": question.model,
            "options": self._options,
        }
        self._session = session
        try:
            line = self._exchange(json.dumps(request), allowance)
        except Empty:
            self._end()
            return Reply("timeout", perf_counter() - began, reason=f"killed: no answer within {allowance:g} s")
        if line is None:
            return Reply("died", perf_counter() - began, reason=f"the process ended with status {self._end()}")
        return self._read(line, perf_counter() - began)

    def kill(self) -> None:
        """End the process for good: no other is started."""
        with self._lock:
            self._stopped = True
        self._end()

    def _exchange(self, line: str, allowance: float) -> str | None:
        process = self._process
        if process is None:
            return None
        try:
            stdin = cast(IO[str], process.stdin)
            stdin.write(line + "\n")
            stdin.flush()
        except (OSError, ValueError):  # ValueError: closed under us
            return None
        return self._lines.get(timeout=allowance)

    def _read(self, line: str, waited: float) -> Reply:
        try:
            reply: dict[str, Any] = json.loads(line)
            verdict, seconds = reply["verdict"], float(reply["seconds"])
            core = tuple(map(str, reply["core"])) if "core" in reply else None
        except (ValueError, KeyError, TypeError):
            self._end()
            return Reply("died", waited, reason=f"expected an answer, got {line.strip()[:80]!r}")
        reason = str(reply.get("reason", ""))
        if verdict == "unknown" and any(word in reason for word in ("timeout", "canceled", "resource")):
            verdict = "timeout"
        if verdict not in {"unsat", "sat", "unknown", "timeout"}:
            self._end()  # whatever it objected to, the next question finds a process that never heard of it
            return Reply("died", seconds, reason=reason or f"expected a verdict, got {verdict!r}")
        return Reply(cast(Verdict, verdict), seconds, core, reply.get("model"), reason)

    def _start(self) -> bool:
        """Start the process if there is none; whether it was started."""
        with self._lock:
            if self._process is not None or self._stopped:
                return False
            process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._process = process
        self._lines = SimpleQueue()
        listener = threading.Thread(target=_listen, args=(process.stdout, self._lines), name="quiesce-solver")
        listener.daemon = True
        listener.start()
        return True

    def _end(self) -> int | None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # the rest of a question that nobody will read
                    pipe.close()
        return status


def _listen(stdout: IO[str], lines: SimpleQueue[str | None]) -> None:
    try:
        for line in stdout:
            lines.put(line)
    except ValueError:
        pass  # the pipe was closed under us: whoever closed it waits for nothing any more
    lines.put(None)
