"""Counts and times of a plugin's upgrades, as one value that adds up."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HotReloadStats"]


@dataclass(frozen=True, slots=True)
class HotReloadStats:
    """One consistent snapshot (rule S1).

    Invariants: `0 <= max_drain_time_us <= total_drain_time_us`, and `successful_upgrades + failed_upgrades` is the
    number of upgrades that ended.  An upgrade that was cancelled before it drained was a decision and is in neither
    count; one that is under way or on probation is in neither yet.
    """

    successful_upgrades: int = 0
    """Upgrades that were committed."""
    failed_upgrades: int = 0
    """Upgrades that ended in ROLLED_BACK, each once."""
    total_drain_time_us: int = 0
    """Microseconds spent draining, over all drains that ended, however they ended."""
    max_drain_time_us: int = 0
    """Microseconds of the longest drain."""
    version: int = 1
    """The number of the version that serves.  Numbers are identities: given when a candidate is built, never reused."""
