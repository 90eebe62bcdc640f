"""The configurations: small worlds in which every way of an upgrade meets callers.

What is checked is the same for all: every step against the model (`refine`), what users would notice (the probes of
`world`), and the whole at the end (`World.judge`).  ``sometimes`` says what has to come up over all schedules of a
configuration, or it shows nothing; and together they have to witness every action of the model (`coverage`).

Sizes are callers x upgrades.  The suite runs the size at which the search ends in seconds; soaking runs larger ones.  A
bound on preemptions is a part of the size and of every report: without one, every schedule was run, up to the order of
independent steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from quiesce import DrainPolicy

from . import scripts, tracker
from .configuration import Configuration, Kind, Size

__all__ = ["KINDS", "PLUGIN", "UnknownConfiguration", "configurations", "find", "larger"]

C, H, O = DrainPolicy.CONTINUE, DrainPolicy.HOLD, DrainPolicy.OVERLAP  # noqa: E741 - columns of the table below
CALLS: Final = ("R1", "R2", "R3", "R5", "R6", "T1", "T2", "T3", "M1", "M3", "M5", "L1", "S1", "V1")
"""What every schedule of every configuration is evidence for."""


def _in(policies: str, *situations: str) -> dict[DrainPolicy, tuple[str, ...]]:
    return dict.fromkeys(_policies(policies), situations)


def _policies(letters: str) -> list[DrainPolicy]:
    return [{"C": C, "H": H, "O": O}[letter] for letter in letters]


def _sizes(policies: str, callers: int, upgrades: int, preemptions: int | None = None) -> dict[DrainPolicy, Size]:
    return dict.fromkeys(_policies(policies), Size(callers, upgrades, preemptions))


_TIMES_OUT = ("upgrade: DrainTimeout", "upgrade: done")
_BOTH = "old and new run at once"
_OLD = "a call runs on a version that does not serve any more"

PLUGIN: Final[dict[str, Kind]] = {
    "advance": Kind(
        "calls against the opening of an epoch; the drain only looks once",
        (*CALLS, "D1", "D4", "B1", "B2"),
        scripts.upgrading(0),
        {H: Size(1, 1), **_sizes("CO", 1, 1, 2)},
        sometimes={**_in("CH", *_TIMES_OUT), **_in("O", "upgrade: done", _OLD)},
    ),
    "swap": Kind(
        "calls against swaps",
        (*CALLS, "D1", "D2", "D3", "D5", "H1", "T4", "V4"),
        scripts.upgrading(None),
        {**_sizes("CH", 1, 1), O: Size(1, 1, 2)},
        sometimes={**_in("CO", _OLD), **_in("H", "state was handed over", "a call waited at the gate")},
    ),
    "timeout": Kind(
        "a drain whose time may be up",
        (*CALLS, "D4", "D5", "B1", "B2", "B3", "V2"),
        scripts.upgrading(1.0),
        {H: Size(1, 1), C: Size(1, 1, 2)},
        sometimes={**_in("C", *_TIMES_OUT), **_in("H", *_TIMES_OUT, "a call waited at the gate")},
    ),
    "cancel": Kind(
        "somebody cancels before, in or after the drain",
        (*CALLS, "L2", "L3", "D5", "M4", "B1"),
        scripts.cancelling,
        _sizes("CHO", 1, 1, 1),
        also=Size(2, 1, 1),
        sometimes=_in("CHO", "cancel: done", "cancel: WrongState", "upgrade: UpgradeCancelled"),
    ),
    "revert": Kind(
        "a revert on probation, and an upgrade after it",
        (*CALLS, "T4", "M2", "B1", "B3", "D5"),
        scripts.reverting,
        {H: Size(1, 1, 1), **_sizes("CO", 1, 1, 2)},
        sometimes={**_in("CO", "revert: done", _OLD), **_in("H", "revert: done", "a call waited at the gate")},
    ),
    "revert-in-time": Kind(
        "a revert under HOLD whose time may be up",
        (*CALLS, "D4", "D5", "M2"),
        scripts.reverting_in_time,
        _sizes("H", 1, 1, 2),
        also=None,
        sometimes=_in("H", "revert: done", "revert: DrainTimeout", "commit: done"),
    ),
    "decide": Kind(
        "commit against revert on probation",
        (*CALLS, "L3", "M2", "B2"),
        scripts.deciding,
        _sizes("CHO", 1, 1, 1),
        also=None,
        sometimes=_in("CHO", "commit: done", "commit: WrongState", "revert: done", "revert: WrongState"),
        setup=scripts.on_probation,
    ),
    "unregister": Kind(
        "the plugin is taken out of service",
        (*CALLS, "G2", "M2"),
        scripts.unregistering,
        _sizes("CHO", 2, 1, 1),
        sometimes=_in("CHO", "unregister: done", "a call was turned away", "a call ended"),
    ),
    "two-upgraders": Kind(
        "two threads upgrade at once",
        (*CALLS, "L2", "L3", "M7"),
        scripts.two_upgraders,
        _sizes("CHO", 1, 1, 1),
        also=None,
        sometimes=_in("CHO", "upgrade: done", "upgrade: UpgradeInProgress"),
    ),
    "nested": Kind(
        "a nested call while an upgrade is under way",
        (*CALLS, "R4", "D5"),
        scripts.first_calls("nest"),
        {H: Size(1, 1), **_sizes("CO", 1, 1, 2)},
        sometimes=_in("CO", "a call nested") | _in("H", "a call nested", "a call nested behind a closed gate"),
    ),
    "inside": Kind(
        "an upgrade from inside a call",
        (*CALLS, "D6", "R4"),
        scripts.inside,
        {**_sizes("CH", 2, 1), O: Size(2, 1, 1)},
        also=None,
        sometimes=_in("CH", "upgrade: SelfDeadlock") | _in("O", "upgrade: done"),
    ),
    "raises": Kind(
        "calls that raise",
        CALLS,
        scripts.upgrading(None, "fail"),
        {H: Size(1, 1), **_sizes("CO", 1, 1, 2)},
        sometimes=_in("CHO", "a call raised"),
    ),
    "struck-call": Kind(
        "KeyboardInterrupt at each point of a call",
        (*CALLS, "D2"),
        scripts.first_calls("work", interrupts=1),
        _sizes("CHO", 1, 1, 1),
        also=Size(1, 2, 1),
    ),
    "struck-nested": Kind(
        "KeyboardInterrupt at each point of a nested call",
        (*CALLS, "R4"),
        scripts.first_calls("nest", interrupts=1),
        _sizes("CHO", 1, 1, 1),
        also=None,
    ),
    "lease": Kind(
        "a lease with calls inside",
        (*CALLS, "R4", "D2"),
        scripts.leasing(),
        {H: Size(1, 1), **_sizes("CO", 1, 1, 2)},
        sometimes=_in("CHO", "a lease ended"),
    ),
    "struck-lease": Kind(
        "KeyboardInterrupt at each point of a lease",
        (*CALLS, "R4"),
        scripts.leasing(interrupts=1),
        _sizes("CHO", 1, 1, 1),
        also=None,
    ),
    "struck-upgrade": Kind(
        "KeyboardInterrupt at each point of an upgrade",
        (*CALLS, "B1", "B2", "D5", "M4"),
        scripts.struck_upgrade,
        _sizes("CHO", 1, 1, 1),
        also=None,
    ),
    "failing-init": Kind(
        "build and init fail",
        (*CALLS, "B1", "B2", "B3", "M4", "L4"),
        scripts.failing("build", "init", ""),
        {H: Size(1, 1), **_sizes("CO", 1, 1, 1)},
        also=Size(2, 1, 1),
        sometimes=_in("CHO", "upgrade: UpgradeFailed", "upgrade: done"),
    ),
    "failing-close": Kind(
        "close hooks fail",
        (*CALLS, "M6"),
        scripts.failing("close", ""),
        _sizes("CHO", 1, 1, 1),
        also=Size(2, 1, 1),
        sometimes=_in("CHO", "a close hook failed"),
    ),
    "failing-handover": Kind(
        "the handover fails",
        (*CALLS, "H1", "H2", "B1"),
        scripts.failing("import", ""),
        _sizes("H", 1, 1, 1),
        also=Size(2, 1, 1),
        sometimes=_in("H", "upgrade: HandoverFailed", "upgrade: done", "a call waited at the gate"),
    ),
    "failing-health": Kind(
        "the health check fails after the swap",
        (*CALLS, "B1", "B2", "T4"),
        scripts.failing("health"),
        _sizes("CHO", 1, 1, 1),
        also=Size(2, 1, 1),
        sometimes=_in("CHO", "upgrade: HealthCheckFailed"),
    ),
    "straggler": Kind(
        "an upgrade after a rollback, with a straggler of the earlier one",
        (*CALLS, "D2", "D3", "B3"),
        scripts.straggling,
        _sizes("CHO", 1, 2, 2),
        sometimes=_in("CHO", "an upgrade begins with a straggler of a rolled-back one"),
    ),
    "acknowledge": Kind(
        "somebody takes note of a failed upgrade while the next one begins",
        (*CALLS, "L3", "B3", "L4"),
        scripts.acknowledging,
        _sizes("CHO", 1, 2, 1),
        also=None,
        sometimes=_in("CHO", "acknowledge: done", "acknowledge: WrongState"),
    ),
}

_ENTERS: Final = ("R6", "T1", "T2", "T3", "D1", "D2", "D3", "V1", "V4")
TRACKER: Final[dict[str, Kind]] = {
    "tracker": Kind(
        "EpochTracker: enter and release against advance and wait_drain",
        (*_ENTERS, "R2"),
        tracker.entering(None),
        _sizes("C", 1, 2),
        sometimes=_in("C", "drained", "a guard of an epoch that is over"),
        world=tracker.TrackerWorld,
        model=tracker.Tracker,
    ),
    "tracker-in-time": Kind(
        "EpochTracker: wait_drain whose time may be up",
        (*_ENTERS, "D4"),
        tracker.entering(1.0),
        _sizes("C", 1, 1),
        sometimes=_in("C", "drained", "not drained in time"),
        world=tracker.TrackerWorld,
        model=tracker.Tracker,
    ),
    "tracker-writers": Kind(
        "EpochTracker: two writers",
        _ENTERS,
        tracker.entering(None, writers=2),
        _sizes("C", 1, 1, 2),
        also=None,
        sometimes=_in("C", "drained"),
        world=tracker.TrackerWorld,
        model=tracker.Tracker,
    ),
    "struck-tracker": Kind(
        "EpochTracker: KeyboardInterrupt at each point of a reader",
        _ENTERS,
        tracker.entering(None, interrupts=1),
        _sizes("C", 1, 1),
        also=Size(1, 2, 1),
        world=tracker.TrackerWorld,
        model=tracker.Tracker,
    ),
}
KINDS: Final[Mapping[str, Kind]] = PLUGIN | TRACKER
"""All of them."""


class UnknownConfiguration(LookupError):
    """There is no configuration of that name."""

    def __init__(self, name: str) -> None:
        near = get_close_matches(name, configurations(), 3, 0.4)
        hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        super().__init__(f"no configuration {name!r}; {hint}`quiesce schedules --list` says which there are")


def _make(kind: str, policy: DrainPolicy, size: Size) -> Configuration:
    k = KINDS[kind]
    name = f"{policy.value}/{kind}"
    if size != k.sizes[policy]:
        name += f"@{size}" + (f"p{size.preemptions}" if size.preemptions is not None else "")
    return Configuration(name, policy, k, size, k.scripts(policy, size))


def configurations() -> dict[str, Configuration]:
    """What the suite runs, by name."""
    found = [_make(kind, policy, size) for kind, k in KINDS.items() for policy, size in k.sizes.items()]
    also = [_make(kind, policy, k.also) for kind, k in KINDS.items() if k.also for policy in k.sizes]
    return {each.name: each for each in (*found, *also)}


def larger() -> dict[str, Configuration]:
    """What soaking runs: the smaller ones first."""
    found = [_make(kind, p, size) for kind, k in KINDS.items() for size in k.larger for p in k.sizes]
    return {each.name: each for each in found}


def find(name: str) -> Configuration:
    """The configuration of that name; ``policy/kind@CxU`` is one with C callers and U upgrades, ``pN`` a bound.

    Raises:
        UnknownConfiguration: there is none, or the size is no size.

    """
    base, _, size = name.partition("@")
    found = configurations().get(base)
    if found is None:
        raise UnknownConfiguration(name)
    if not size:
        return found
    callers, _, rest = size.partition("x")
    upgrades, bounded, preemptions = rest.partition("p")
    parts = [callers, upgrades, *([preemptions] if bounded else [])]
    if not all(part.isascii() and part.isdigit() and 0 < int(part) < 5 for part in parts):
        raise UnknownConfiguration(name)
    wanted = Size(int(callers), int(upgrades), int(preemptions) if bounded else None)
    return _make(base.partition("/")[2], found.policy, wanted)
