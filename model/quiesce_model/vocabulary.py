"""The words of the protocol: the kinds of things there are, and the states that they can be in.

Both models, every mutant and every reading use these names and no others.  ``Thread`` and ``Upgrader`` are unordered:
one is as good as another, so exploration may forget which is which.  ``Version``, ``Epoch`` and ``Tally`` are handed
out in order and never reused: that order is what the promises are about.
"""

from __future__ import annotations

from enum import Enum

from quiesce_model.language import Numbered, Sort


class Thread(Sort):
    """A caller of the plugin.  Any number of them; no order among them."""


class Upgrader(Sort):
    """A thread that upgrades, cancels, commits, reverts or unregisters the plugin.  Any number of them, too."""


class Version(Numbered):
    """One version of the plugin: 0 is registered, then 1, 2, ... as candidates are built.  Never reused."""


class Epoch(Numbered):
    """One publication of the plugin's pointer; it stands for one version."""


class Tally(Numbered):
    """A statistic: how many upgrades succeeded, how many failed."""


class HotReloadState(Enum):
    """The six states of a plugin (rule L1)."""

    ACTIVE = "Active"
    PREPARING_UPGRADE = "PreparingUpgrade"
    DRAINING = "Draining"
    SWAPPING = "Swapping"
    UPGRADE_COMPLETE = "UpgradeComplete"
    ROLLED_BACK = "RolledBack"


class DrainPolicy(Enum):
    """What Draining admits and what it waits for (rule D5)."""

    CONTINUE = "continue"
    HOLD = "hold"
    OVERLAP = "overlap"


class Life(Enum):
    """The life of a version; it only ever moves forward (rules M1 to M4)."""

    UNBORN = "unborn"
    CANDIDATE = "candidate"
    LIVE = "live"
    RETIRED = "retired"
    FREED = "freed"


class Gate(Enum):
    """What the published record says to a call that arrives: come in, wait, or the plugin is gone."""

    OPEN = "open"
    HELD = "held"
    SHUT = "shut"


class Pc(Enum):
    """Where a caller is in the algorithm: the name of the step that it takes next."""

    IDLE = "idle"
    READ = "read"
    ANNOUNCE = "announce"
    CONFIRM = "confirm"
    RETRACT = "retract"
    RUN = "run"
    NESTED = "nested"
    PEEK = "peek"
    LOOK = "look"
    LOOK_AGAIN = "look again"


class Up(Enum):
    """Where an upgrader is in the algorithm: the name of the step that it takes next."""

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


class Phase(Enum):
    """Where a call is, as its caller sees it."""

    IDLE = "idle"
    INVOKED = "invoked"
    RUNNING = "running"
    NESTED = "nested"


def scope(threads: int, upgraders: int, versions: int, epochs: int, tallies: int = 3) -> dict[type[Sort], int]:
    """The bound of an exploration: how many of each kind there are; the initial version and epoch are counted."""
    return {Thread: threads, Upgrader: upgraders, Version: versions, Epoch: epochs, Tally: tallies}
