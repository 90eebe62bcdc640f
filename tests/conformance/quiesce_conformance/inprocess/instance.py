"""One version of the plugin, as a subject in this process gets it: it reports what happens to it, and waits at gates.

The order of what an instance does is that of the adapter protocol (``specs/adapter-protocol.schema.json``), so a check
sees the same from a subject in this process and from one behind a pipe.

The functions come by name through `__getattr__` (a manifest may export any), and their answer is awaitable where the
subject is asynchronous: then a gate stops the task and not the loop.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

from quiesce_conformance.contract import CandidateSpec, Ticket

from .gates import Gates
from .journal import Journal

__all__ = ["Calls", "ProbeFailure", "ProbeInstance"]


class ProbeFailure(Exception):
    """An exception that an instance was told to raise."""


class Calls(Protocol):
    """What an instance asks of its session from inside a call."""

    asynchronous: bool
    """Its functions are to be awaited."""

    def nested(self, ticket: Ticket) -> Any:
        """Call the plugin; what it gives may be awaitable."""

    def operate(self, operation: str) -> Any:
        """Do an operation on the plugin; what it gives may be awaitable."""


class ProbeInstance:
    """One version.  Everything may be called from any thread."""

    def __init__(self, spec: CandidateSpec, journal: Journal, gates: Gates, calls: Calls) -> None:
        self._spec = spec
        self._journal = journal
        self._gates = gates
        self._calls = calls
        journal.note("built", spec.version)

    def init(self) -> None:
        """Get ready; fails if it was told to."""
        self._hook("init", "init_done")

    def close(self) -> None:
        """Let go; fails if it was told to."""
        self._hook("close", "close_done")

    def export_state(self) -> object:
        """Give the state: the number of the version that it comes from."""
        self._hook("export", "")
        return {"from": self._spec.version}

    def import_state(self, state: object) -> None:
        """Take over a state; one that no version of this plugin can have exported is refused."""
        self._hook("import", "")
        if not isinstance(state, dict) or not isinstance(state.get("from"), int):
            raise ProbeFailure(f"version {self._spec.version} expected the exported state to import, got {state!r}")

    def __getattr__(self, name: str) -> Callable[[Ticket], Any]:
        if name.startswith("_") or name not in self._spec.exports:
            raise AttributeError(f"version {self._spec.version} exports {self._spec.exports}, and not {name!r}")
        return self._asynchronous if self._calls.asynchronous else self._work

    def _hook(self, kind: str, done: str) -> None:
        version, gate = self._spec.version, self._spec.gates.get(kind)
        self._journal.note(kind, version)
        if gate is not None:
            self._journal.note("gate", version, None, gate)
            self._gates.wait(gate)
            self._journal.note("passed", version, None, gate)
        if kind in self._spec.fail:
            raise ProbeFailure(f"{kind} of version {version} was told to fail")
        if done:
            self._journal.note(done, version)

    def _work(self, ticket: Ticket) -> dict[str, int]:
        version = self._spec.version
        self._journal.note("start", version, ticket.number)
        if ticket.gate is not None:
            self._journal.note("gate", version, ticket.number, ticket.gate)
            self._gates.wait(ticket.gate)
            self._journal.note("passed", version, ticket.number, ticket.gate)
        try:
            if ticket.nested is not None:
                self._calls.nested(ticket.nested)
            if ticket.nested_op is not None:
                self._calls.operate(ticket.nested_op)
        finally:
            self._journal.note("end", version, ticket.number)
        return self._answer(ticket)

    async def _asynchronous(self, ticket: Ticket) -> dict[str, int]:
        version = self._spec.version
        self._journal.note("start", version, ticket.number)
        if ticket.gate is not None:
            self._journal.note("gate", version, ticket.number, ticket.gate)
            await self._gates.wait_in_task(ticket.gate)
            self._journal.note("passed", version, ticket.number, ticket.gate)
        try:
            if ticket.nested is not None:
                await _awaited(self._calls.nested(ticket.nested))
            if ticket.nested_op is not None:
                await _awaited(self._calls.operate(ticket.nested_op))
        finally:
            self._journal.note("end", version, ticket.number)
        return self._answer(ticket)

    def _answer(self, ticket: Ticket) -> dict[str, int]:
        if ticket.raises:
            raise ProbeFailure(f"asked for by call {ticket.number}")
        return {"number": ticket.number, "version": self._spec.version}


async def _awaited(value: Any) -> None:
    if inspect.isawaitable(value):
        await value
