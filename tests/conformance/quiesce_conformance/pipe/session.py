"""A session with an implementation that runs in an adapter process: the same `Session` as in this process."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence

from quiesce_conformance.contract import UNSET, CandidateSpec, Ticket
from quiesce_conformance.session import BrokenAdapter, Event, Look, Options, Reply, StillPending

from .connection import Connection, Request
from .messages import Done, Failed

__all__ = ["PipePending", "PipeSession"]


class PipePending:
    """A request that was sent.  Safe from any thread."""

    def __init__(self, connection: Connection, request: Request) -> None:
        self._connection = connection
        self._request = request

    @property
    def number(self) -> int:
        """The request's number in the protocol."""
        return self._request.number

    def done(self) -> bool:
        """Whether the answer is there.  Raises `BrokenAdapter` if there is a verdict."""
        if self._request.answer is None:
            self._connection.check()
        return self._request.answer is not None

    def result(self, timeout: float) -> Reply:
        """Wait for the answer, at most `timeout` seconds, and then as long as it takes to see whose fault it is.

        Raises:
            StillPending: there is none, and the adapter itself goes on: the implementation is slow or stuck.
            BrokenAdapter: the adapter does not go on.

        """
        answer = self._request.answer or self._connection.answer(self._request, timeout)
        if answer is None:
            raise StillPending(f"{self._request.what} (request {self.number}) has not ended after {timeout:g} s")
        return _reply(self._request.what, answer)


class PipeSession:
    """One plugin in an adapter process.  Safe from any thread.

    Made by `PipeHost.session`; `done` takes the connection back, with whether it may be used again.
    """

    def __init__(self, connection: Connection, rest: float, done: Callable[[Connection, bool], None]) -> None:
        self._connection = connection
        self._rest = rest
        self._done = done
        self._lock = threading.Lock()
        self._closed = False
        self.capabilities = frozenset(connection.hello.capabilities)

    # -- operations ---------------------------------------------------------------------------------------------------
    def call(self, ticket: Ticket) -> PipePending:
        """Call the plugin on a thread or task of the adapter."""
        return self._ask("call", {"ticket": ticket_fields(ticket)}, ticket)

    def prepare(self, spec: CandidateSpec) -> PipePending:
        """Validate and initialise a candidate."""
        return self._ask("prepare", {"candidate": candidate_fields(spec)}, spec)

    def execute(self, options: Options) -> PipePending:
        """Drain, swap and clean up."""
        return self._ask("execute", {"options": option_fields(options)})

    def upgrade(self, spec: CandidateSpec, options: Options) -> PipePending:
        """Both in one."""
        fields: dict[str, object] = {"candidate": candidate_fields(spec), "options": option_fields(options)}
        return self._ask("upgrade", fields, spec)

    def cancel(self) -> PipePending:
        """Cancel the upgrade that is under way."""
        return self._ask("cancel", {})

    def commit(self) -> PipePending:
        """End probation well."""
        return self._ask("commit", {})

    def revert(self) -> PipePending:
        """End probation badly."""
        return self._ask("revert", {})

    def acknowledge(self) -> PipePending:
        """Take note of a failed upgrade."""
        return self._ask("acknowledge", {})

    def unregister(self) -> PipePending:
        """Take the plugin out of service."""
        return self._ask("unregister", {})

    def look(self) -> PipePending:
        """See what the plugin is at one instant; the value is a `Look`."""
        return self._ask("look", {})

    def _ask(
        self, operation: str, fields: dict[str, object], spec: CandidateSpec | Ticket | None = None
    ) -> PipePending:
        return PipePending(self._connection, self._connection.ask(operation, fields, spec))

    # -- steering -----------------------------------------------------------------------------------------------------
    def open(self, gate: str) -> None:
        """Open a gate, for all who wait there and all who will come."""
        self._connection.open(gate)

    def reached(self, gate: str, timeout: float) -> bool:
        """Wait until somebody is at a gate."""
        return self.wait_for(lambda events: any(e.kind == "gate" and e.gate == gate for e in events), timeout)

    def events(self) -> Sequence[Event]:
        """What the probe has reported so far."""
        return tuple(self._connection.events)

    def wait_for(self, predicate: Callable[[Sequence[Event]], bool], timeout: float) -> bool:
        """Wait until the events satisfy `predicate`, which must not block.

        Raises:
            BrokenAdapter: they did not, and the adapter itself does not go on.

        """
        connection = self._connection
        if connection.wait(lambda: predicate(connection.events), timeout):
            return True
        connection.blame()
        return predicate(connection.events)

    def close(self) -> None:
        """Open all gates and end the session.  Safe to repeat; a verdict on the adapter is kept by its host."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        usable = False
        try:
            end = self._connection.ask("end", {})
            usable = self._connection.wait(lambda: end.answer is not None, self._rest)
        except BrokenAdapter:
            usable = False
        finally:
            self._done(self._connection, usable)


def candidate_fields(spec: CandidateSpec) -> dict[str, object]:
    """A candidate in the protocol's words."""
    return {
        "version": spec.version,
        "name": spec.name,
        "exports": list(spec.exports),
        "hooks": dict(spec.hooks),
        "fail": sorted(spec.fail),
        "gates": dict(spec.gates),
    }


def ticket_fields(ticket: Ticket) -> dict[str, object]:
    """A ticket in the protocol's words."""
    return {
        "number": ticket.number,
        "function": ticket.function,
        "gate": ticket.gate,
        "raises": ticket.raises,
        "nested": None if ticket.nested is None else ticket_fields(ticket.nested),
        "nested_op": ticket.nested_op,
    }


def option_fields(options: Options) -> dict[str, object]:
    """How to execute an upgrade, in the protocol's words; what is unset is left out."""
    fields: dict[str, object] = {"policy": options.policy, "probation": options.probation}
    if options.drain_timeout is not UNSET:
        fields["drain_timeout"] = seconds(options.drain_timeout)
    return {key: value for key, value in fields.items() if value is not None or key == "drain_timeout"}


def seconds(value: object) -> object:
    """A drain timeout in the protocol's words: what JSON has no number for is a text there."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _reply(operation: str, answer: Done | Failed) -> Reply:
    stamps = answer.seq_invoked, answer.seq_returned
    if isinstance(answer, Failed):
        return Reply(False, answer.stragglers, answer.kind, answer.message, answer.causes, *stamps)
    value = answer.value
    if operation == "look":
        value = Look(value["state"], value["stats"], value["manifest"], value["version"])
    return Reply(True, value, "", "", (), *stamps)
