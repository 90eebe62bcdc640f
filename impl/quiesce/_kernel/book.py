"""All that an upgrade changes, as one immutable value.

Every critical section computes a new `Book` from the old one and then writes it in a single store.  So

- an observer who reads `core.book` once has a combination that the plugin really was in (rules L5, S1), without a lock;
- an asynchronous exception in the middle of a section leaves the old book: nothing is ever half-done;
- the abstraction of the running code, for a checker, is this value, the current record and the holders.

Rejected: one attribute for each of these, guarded by the lock: observers must then take it, and an interrupt between
two stores leaves a state that no model has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .candidate import Version
from .seam import Event
from .states import DrainPolicy, HotReloadState, Life, Up
from .stats import HotReloadStats

__all__ = ["Attempt", "Book", "Drain", "Withdrawal"]


class Drain:
    """Somebody waits until nobody holds an epoch below `before` (rules D2, D3).

    Invariant V1: while it is registered, `event` is set, or such an epoch is held, or somebody is about to look.
    """

    __slots__ = ("before", "event", "started")

    def __init__(self, event: Event, before: int, started: float) -> None:
        self.event, self.before, self.started = event, before, started


class Withdrawal:
    """What a task keeps of the upgrade that it awaits, to take back that one and no other."""

    __slots__ = ("withdrawn",)

    def __init__(self) -> None:
        self.withdrawn = False
        """Written and read under the lock: an attempt that has not begun its drain by then never will."""


class Attempt:
    """One thread's work on the plugin: an upgrade, a commit, a revert, a cancellation.  Its owner alone moves it."""

    __slots__ = ("at", "drain", "ident", "policy", "request", "timeout", "version")

    at: Up
    """The step that comes next; says what has to be undone if an exception strikes."""
    version: Version | None
    """The version that this attempt must publish, discard or see freed."""
    drain: Drain | None
    timeout: float | None
    """Seconds that a drain may last."""

    request: Withdrawal | None

    def __init__(
        self,
        ident: int,
        policy: DrainPolicy = DrainPolicy.CONTINUE,
        timeout: float | None = None,
        request: Withdrawal | None = None,
    ) -> None:
        self.at, self.version, self.drain = Up.IDLE, None, None
        self.ident, self.policy, self.timeout, self.request = ident, policy, timeout, request


@dataclass(frozen=True, slots=True)
class Book:
    """One state of the plugin."""

    serving: Version
    """Invariant T1: the version of the current record."""
    state: HotReloadState = HotReloadState.ACTIVE
    stats: HotReloadStats = field(default_factory=HotReloadStats)
    """Invariants S1, B1: `stats.version == serving.number`."""
    newest: int = 1
    """Version numbers given so far; never reused."""
    lives: Mapping[Version, Life] = field(default_factory=dict[Version, Life])
    """Every version that is built and not freed.  Invariant M2: `lives[serving]` is LIVE unless the plugin is shut."""
    due: frozenset[Version] = frozenset()
    """Freed, and nobody has begun to run the close hook yet."""
    closing: frozenset[Version] = frozenset()
    """Freed, and one thread runs the close hook."""
    building: int = 0
    """Attempts in BUILD: each may become one more live version (M7)."""
    attempt: Attempt | None = None
    """The attempt that has the ticket.  Taking it away is how an upgrade is cancelled (rule L2)."""
    pending: Version | None = None
    """Prepared, and waits to be executed.  Invariant: not None only in PREPARING_UPGRADE."""
    previous: Version | None = None
    """What a revert would publish.  Invariant M2: not None exactly in UPGRADE_COMPLETE, and then it is LIVE."""
    policy: DrainPolicy = DrainPolicy.CONTINUE
    """The policy of the upgrade that is under way or on probation."""
    probation: bool = False
    """Anybody may commit or revert."""
    shut: bool = False
    """The plugin was unregistered."""

    def settled(self) -> bool:
        """No upgrade is under way."""
        return self.state in {HotReloadState.ACTIVE, HotReloadState.ROLLED_BACK}
