"""State handover with versions and a time limit.

    plugin.upgrade(new, policy=DrainPolicy.HOLD, hand_over=Handover(timeout=2.0))

Without it, an upgrade under HOLD gives what the old instance's `export_state()` returns to the new one's
`import_state(state)`, whatever it is and however long it takes.  A `Handover` asks first:

- `state_version` of the old instance (an attribute; None if it has none) says what its state looks like;
- `accepts_state` of the new instance (a collection; anything goes if it has none) says what it can read.

It fails before anything was exported if the two do not fit, and when its time is up; then the upgrade fails with
`HandoverFailed`, and the old version serves with its state untouched (rules H1, H2).

The hooks run in a thread of their own, so a hook that calls its plugin waits at the closed gate until the time is up,
where without a `Handover` it is refused at once.  Sources: Erlang's `code_change/3` and livepatch's system states have
versions; CouchDB's handovers were lost to a limit that nobody could set.
"""

from __future__ import annotations

import threading
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, cast

from .limits import seconds, within

__all__ = ["Handover", "StateMismatch"]


class StateMismatch(ValueError):
    """The new version does not read the state of the old one."""

    def __init__(self, got: object, accepted: object) -> None:
        super().__init__(f"expected a state of a version out of {accepted!r}, got {got!r}: upgrade in smaller steps")
        self.got, self.accepted = got, accepted


@dataclass(frozen=True, slots=True)
class Handover:
    """How to hand the state over; for `hand_over=` of an upgrade.  May be used for any number of upgrades.

    Raises `InvalidTimeout` if the timeout does not fit.
    """

    timeout: float = 5.0
    """Seconds for export and import together."""

    def __post_init__(self) -> None:
        seconds("timeout", self.timeout)

    def __call__(self, old: Any, new: Any) -> None:
        """Hand over.  Raises `StateMismatch`, `TimeoutError`, and what the hooks raise."""
        given, accepted = getattr(old, "state_version", None), getattr(new, "accepts_state", None)
        if accepted is not None and given not in cast("Container[object]", accepted):
            raise StateMismatch(given, accepted)
        late = threading.Event()

        def work() -> None:
            state = old.export_state()
            if not late.is_set():  # else the new instance is being thrown away
                new.import_state(state)

        try:
            within(self.timeout, work, "handover")
        except TimeoutError:
            late.set()
            raise
