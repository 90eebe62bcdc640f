"""The words of the protocol.  Values are data for logs and files; compare members by identity."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final

__all__ = ["TRANSITIONS", "DrainPolicy", "Gate", "HotReloadState", "Life", "Phase", "Up"]


class HotReloadState(Enum):
    """The six states of a plugin.  Calls are served in all of them."""

    ACTIVE = "Active"
    """Serving; no upgrade is under way."""
    PREPARING_UPGRADE = "PreparingUpgrade"
    """A candidate is being validated, built and initialised, or is ready and waits to be executed."""
    DRAINING = "Draining"
    """A new epoch is open, and the upgrade waits for the calls of the earlier ones."""
    SWAPPING = "Swapping"
    """Everything that was awaited has ended: the state is handed over, the new version is published."""
    UPGRADE_COMPLETE = "UpgradeComplete"
    """The new version serves on probation; the old one is kept until `commit()` or `revert()`."""
    ROLLED_BACK = "RolledBack"
    """The last upgrade failed; the version before it serves.  A new upgrade may begin."""


class DrainPolicy(Enum):
    """What a call that arrives in DRAINING does, and what DRAINING waits for (rule D5)."""

    CONTINUE = "continue"
    """It runs on the old version; the swap waits for the calls that began before draining did."""
    HOLD = "hold"
    """It waits, at most as long as the drain; the swap waits for every call.  Old and new never run at once."""
    OVERLAP = "overlap"
    """It runs on the old version; the swap waits for nothing."""


class Phase(Enum):
    """Where an upgrade failed (rule B4)."""

    VALIDATE = "validate"
    BUILD = "build"
    INIT = "init"
    DRAIN = "drain"
    HANDOVER = "handover"
    SWAP = "swap"
    HEALTH = "health"
    PROBATION = "probation"
    CANCEL = "cancel"


class Gate(Enum):
    """What a published record says to a call that arrives.

    The gate is a part of the record and not a flag beside the pointer: with a flag, a call that read the open flag may
    enter the record that was published after the flag was closed, and old and new run at once.
    """

    OPEN = "open"
    HELD = "held"
    SHUT = "shut"


class Life(Enum):
    """The life of a version.  It only ever moves forward: a retired version is never published again (M1 to M3)."""

    CANDIDATE = "candidate"
    LIVE = "live"
    RETIRED = "retired"
    FREED = "freed"


class Up(Enum):
    """Where an upgrade is in the algorithm: the step that it takes next."""

    IDLE = "idle"
    BUILD = "build"
    INIT = "init"
    SCAN = "scan"
    WAIT = "wait"
    HANDOVER = "handover"
    SWAP = "swap"
    DECIDE = "decide"
    UNDO_SCAN = "undo scan"
    UNDO_WAIT = "undo wait"
    LOOK = "look"
    DISCARD = "discard"


_S = HotReloadState
TRANSITIONS: Final = MappingProxyType(
    {
        _S.ACTIVE: frozenset({_S.PREPARING_UPGRADE}),
        _S.PREPARING_UPGRADE: frozenset({_S.DRAINING, _S.ROLLED_BACK, _S.ACTIVE}),
        _S.DRAINING: frozenset({_S.SWAPPING, _S.ROLLED_BACK}),
        _S.SWAPPING: frozenset({_S.UPGRADE_COMPLETE, _S.ROLLED_BACK}),
        _S.UPGRADE_COMPLETE: frozenset({_S.ACTIVE, _S.ROLLED_BACK}),
        _S.ROLLED_BACK: frozenset({_S.ACTIVE, _S.PREPARING_UPGRADE}),
    }
)
"""Rule L1: the states that may follow each state."""
