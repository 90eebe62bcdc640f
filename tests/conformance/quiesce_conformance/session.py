"""The one interface over a subject in this process and one behind a pipe.

A *host* makes *sessions*, each with a fresh plugin.  A session starts operations and never waits for them: what it
gives is `Pending`.  So a check can have any number of them under way, stop calls at gates, and let them go in any
order.

Everything that happens has a *sequence number* of one counter under one lock.  Checks decide by these numbers alone,
and never by a clock; only "it did not end" needs a clock, with a stated margin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from .contract import UNSET, CandidateSpec, Ticket, Unset

__all__ = ["BrokenAdapter", "Event", "Host", "Look", "Options", "Pending", "Reply", "Session", "StillPending"]


class BrokenAdapter(Exception):
    """The adapter does not keep the protocol, so nothing that it said counts.  No verdict on the implementation."""


class StillPending(Exception):
    """An operation has not ended in time.  The subject's doing, unlike `BrokenAdapter`."""


@dataclass(frozen=True, slots=True)
class Options:
    """How an upgrade is to go."""

    policy: str | None = None
    """``CONTINUE``, ``HOLD`` or ``OVERLAP``; the subject's own if not given."""
    drain_timeout: float | None | Unset = UNSET
    """Seconds; None means no limit; the subject's own if not given."""
    probation: bool = False


class Event(NamedTuple):
    """What a version reported of itself."""

    seq: int
    kind: str
    """One of those that ``specs/adapter-protocol.schema.json`` lists, such as ``start`` and ``close_done``."""
    version: int
    call: int | None
    gate: str | None


class Look(NamedTuple):
    """What a subject said of itself."""

    state: str | None
    stats: Mapping[str, Any] | None
    manifest: Mapping[str, Any] | None
    version: int | None


class Reply(NamedTuple):
    """How an operation ended."""

    ok: bool
    value: object
    """Of a call: ``{"number": ..., "version": ...}``; of `Session.look`, a `Look`."""
    error_kind: str
    message: str
    causes: tuple[str, ...]
    """The chain of causes, nearest first."""
    seq_invoked: int
    seq_returned: int


class Pending(Protocol):
    """An operation that was started.  Safe from any thread."""

    def done(self) -> bool:
        """Has it ended?  Raises `BrokenAdapter`."""

    def result(self, timeout: float) -> Reply:
        """Wait for its end, at most `timeout` seconds.  Raises `StillPending`, `BrokenAdapter`."""


class Session(Protocol):
    """One plugin under test.  Safe from any thread.  Every operation may raise `BrokenAdapter`."""

    capabilities: frozenset[str]

    def call(self, ticket: Ticket) -> Pending:
        """Call the plugin, on a thread or task of its own."""

    def prepare(self, spec: CandidateSpec) -> Pending:
        """Validate and initialise a candidate."""

    def execute(self, options: Options) -> Pending:
        """Drain, swap, clean up."""

    def upgrade(self, spec: CandidateSpec, options: Options) -> Pending:
        """Both in one."""

    def cancel(self) -> Pending:
        """Cancel the upgrade that is under way."""

    def commit(self) -> Pending:
        """End probation well."""

    def revert(self) -> Pending:
        """End probation badly."""

    def unregister(self) -> Pending:
        """Take the plugin out of service."""

    def look(self) -> Pending:
        """See what the plugin says of itself."""

    def open(self, gate: str) -> None:
        """Let everybody go on who waits at a gate or will come there."""

    def reached(self, gate: str, timeout: float) -> bool:
        """Wait until somebody is at a gate, at most `timeout` seconds; say whether somebody is."""

    def events(self) -> Sequence[Event]:
        """What was reported so far, in the order of the numbers."""

    def wait_for(self, predicate: Callable[[Sequence[Event]], bool], timeout: float) -> bool:
        """Wait until the events satisfy `predicate`, at most `timeout` seconds; say whether they do."""

    def close(self) -> None:
        """Open all gates and end everything that was started.  Safe to repeat."""


class Host(Protocol):
    """Where plugins under test come from."""

    @property
    def name(self) -> str:
        """What the implementation is called in a report."""

    def session(self, first: CandidateSpec, drain_timeout: float | None) -> Session:
        """Make a plugin whose first version is `first`.

        Raises:
            RuntimeError: the implementation refused it.
            BrokenAdapter: the adapter does not keep the protocol.

        """

    def close(self) -> None:
        """End what sessions have left behind.  Safe to repeat.

        Raises:
            BrokenAdapter: there is a verdict on the adapter, or how it leaves gives one.

        """
