"""What an adapter may say at each point of a conversation; everything else makes it a *broken adapter*.

The line that is drawn: **an implementation may do anything to its plugins** (start a call twice, close a version under
a call, run `init` again, never return), and a rule will say so.  An adapter may not: its probe, its counter, its gates
and its answers are part of the measuring, and a verdict must not rest on a gauge that contradicts itself.

Pure bookkeeping: no threads, no clock, no pipe; the caller holds a lock.  So a fuzzer can ask it a million questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from quiesce_conformance.contract import CandidateSpec, Ticket

from .messages import Done, Failed, Hello, Message, Occurred, validate
from .process import Misbehaviour

__all__ = ["Conversation"]

VALUES = {"call": "answer", "look": "look"}
"""The part of the schema that the value of an operation has to fit."""
HOOKS = {"init": "init", "init_done": "init", "close": "close", "close_done": "close"}
"""Lifecycle events, and the hook in which they are reported."""


@dataclass(slots=True)
class _Asked:
    operation: str
    what: str
    since: int
    """The last number that had arrived when it was asked."""
    call: int | None = None


@dataclass(slots=True)
class _Visit:
    """One call, or one hook of one version, as far as its probe has reported it."""

    gate: str | None
    running: int = 0
    begun: int = 0
    first: int | None = None
    arrived: int = 0
    passed: int = 0


@dataclass(slots=True)
class _Session:
    candidates: dict[int, CandidateSpec] = field(default_factory=dict)
    built: set[int] = field(default_factory=set)
    calls: dict[int, _Visit] = field(default_factory=dict)
    hooks: dict[tuple[int, str], _Visit] = field(default_factory=dict)
    open_gates: set[str] = field(default_factory=set)


class Conversation:
    """Everything that was asked and answered in one process.  Not thread-safe: the caller holds a lock.

    Each method raises `Misbehaviour` for what an adapter must not say.
    """

    def __init__(self) -> None:
        self.greeted: Hello | None = None
        self.sent = 0
        self.received = 0
        self._seq = 0
        self._open: dict[int, _Asked] = {}
        self._answered: set[int] = set()
        self._session = _Session()

    # -- what the suite says ------------------------------------------------------------------------------------------
    def asked(self, request: int, operation: str, spec: CandidateSpec | Ticket | None = None) -> None:
        """Note a request before it is sent."""
        self.sent += 1
        asked = _Asked(operation, operation, self._seq)
        if operation == "make":
            self._session = _Session()
        if isinstance(spec, CandidateSpec):
            asked.what = f"{operation} of version {spec.version}"
            self._session.candidates[spec.version] = spec
        elif spec is not None:
            asked.what = f"call {spec.number}"
            asked.call = spec.number
            ticket: Ticket | None = spec
            while ticket is not None:
                self._session.calls[ticket.number] = _Visit(ticket.gate)
                ticket = ticket.nested
        self._open[request] = asked

    def opened(self, gate: str) -> None:
        """Note that a gate is opened."""
        self.sent += 1
        self._session.open_gates.add(gate)

    def unanswered(self, *, ask_only: int | None = None) -> list[str]:
        """What was asked and is not answered yet, in words, oldest first."""
        return [asked.what for request, asked in self._open.items() if ask_only in {None, request}]

    def stuck_at_open_gates(self) -> list[str]:
        """Who reported that he waits at a gate which is open by now, and did not go on."""
        visits = {f"call {number}": visit for number, visit in self._session.calls.items()}
        visits |= {f"{hook} of version {version}": visit for (version, hook), visit in self._session.hooks.items()}
        return [
            f"{who} at gate {visit.gate!r}"
            for who, visit in visits.items()
            if visit.arrived > visit.passed and visit.gate in self._session.open_gates
        ]

    # -- what the adapter says ----------------------------------------------------------------------------------------
    def said(self, message: Message) -> str | None:
        """Judge a message; the operation that it answers, if it answers one."""
        self.received += 1
        if isinstance(message, Hello):
            if self.greeted is not None:
                raise Misbehaviour("said hello twice")
            self.greeted = message
            return None
        if self.greeted is None:
            raise Misbehaviour(f"spoke before it said hello: {message!r}")
        if isinstance(message, Occurred):
            self._in_order(message.seq)
            self._event(message)
            return None
        return self._reply(message)

    def _in_order(self, seq: int) -> None:
        if seq <= self._seq:
            raise Misbehaviour(f"let its sequence number go backwards: {seq} after {self._seq}")
        self._seq = seq

    def _reply(self, reply: Done | Failed) -> str:
        if reply.request in self._answered:
            raise Misbehaviour(f"answered request {reply.request} twice")
        asked = self._open.pop(reply.request, None)
        if asked is None:
            raise Misbehaviour(f"answered request {reply.request}, which was never made")
        self._answered.add(reply.request)
        self._in_order(reply.seq_returned)
        if not asked.since < reply.seq_invoked < reply.seq_returned:
            raise Misbehaviour(
                f"says that {asked.what} was invoked at {reply.seq_invoked} and returned at {reply.seq_returned}, "
                f"and it was asked for after {asked.since}"
            )
        if isinstance(reply, Done) and asked.operation in VALUES:
            reason = validate(VALUES[asked.operation], reply.value)
            if reason is not None:
                raise Misbehaviour(f"gave a value for {asked.what} that the schema does not allow ({reason})")
        if asked.call is not None:
            first = self._session.calls[asked.call].first
            if first is not None and first <= reply.seq_invoked:
                raise Misbehaviour(f"says that {asked.what} started at {first}, before it was invoked")
        if asked.operation == "end":
            if self._open:
                raise Misbehaviour(f"ended a session and left unanswered: {', '.join(self.unanswered())}")
            self._session = _Session()
        return asked.operation

    def _event(self, event: Occurred) -> None:
        version = event.version
        if version not in self._session.candidates:
            raise Misbehaviour(f"reports {event.kind!r} of version {version}, which it was never given")
        if event.kind == "built":
            if version in self._session.built:
                raise Misbehaviour(f"built version {version} twice")
            self._session.built.add(version)
            return
        if version not in self._session.built:
            raise Misbehaviour(f"reports {event.kind!r} of version {version} before it was built")
        if event.kind in {"start", "end"}:
            visit, who = self._call(event), f"call {event.call}"
            self._begins_or_ends(event, visit, who, event.kind == "start")
        elif event.kind in HOOKS:
            hook = HOOKS[event.kind]
            visit, who = self._hook(version, hook), f"{hook} of version {version}"
            if event.kind != hook and hook in self._session.candidates[version].fail:
                raise Misbehaviour(f"reports that {who} went well, where it was told to fail")
            self._begins_or_ends(event, visit, who, event.kind == hook)
        elif event.kind in {"gate", "passed"}:
            self._at_gate(event)

    def _begins_or_ends(self, event: Occurred, visit: _Visit, who: str, begins: bool) -> None:
        if begins:
            visit.begun += 1
            visit.running += 1
            visit.first = visit.first or event.seq
            return
        if not visit.running:
            raise Misbehaviour(f"reports that {who} ended twice" if visit.begun else f"ended {who} before it started")
        visit.running -= 1
        if visit.gate is not None and visit.passed < visit.begun - visit.running:
            raise Misbehaviour(f"let {who} end without having waited at its gate {visit.gate!r}")

    def _call(self, event: Occurred) -> _Visit:
        visit = self._session.calls.get(-1 if event.call is None else event.call)
        if visit is None:
            raise Misbehaviour(f"reports {event.kind!r} of call {event.call}, which was never made")
        return visit

    def _hook(self, version: int, hook: str) -> _Visit:
        gate = self._session.candidates[version].gates.get(hook)
        return self._session.hooks.setdefault((version, hook), _Visit(gate))

    def _at_gate(self, event: Occurred) -> None:
        if event.call is not None:
            visit, who = self._call(event), f"call {event.call}"
        else:
            gates = self._session.candidates[event.version].gates
            hook = next((hook for hook, gate in gates.items() if gate == event.gate), None)
            if hook is None:
                raise Misbehaviour(f"reports version {event.version} at gate {event.gate!r}, which it was not given")
            visit, who = self._hook(event.version, hook), f"{hook} of version {event.version}"
        if event.gate != visit.gate:
            raise Misbehaviour(f"reports {who} at gate {event.gate!r}, and its gate is {visit.gate!r}")
        if event.kind == "gate":
            visit.arrived += 1
        elif visit.passed >= visit.arrived:
            raise Misbehaviour(f"reports that {who} passed gate {event.gate!r}, where it had not waited")
        elif event.gate not in self._session.open_gates:
            raise Misbehaviour(f"let {who} pass gate {event.gate!r}, which is closed")
        else:
            visit.passed += 1

    def flood(self, allowed: int, per_request: int) -> None:
        """Refuse more messages than requests could cause, `allowed` over all and `per_request` for each."""
        limit = allowed + per_request * self.sent
        if self.received > limit:
            raise Misbehaviour(f"flooded its standard output: {self.received:,} lines after {self.sent:,} requests")
