"""The lock-step can tell a broken kernel: each planted defect is a disagreement that names the rule or the guard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from quiesce import DrainPolicy
from tests.schedules import planted
from tests.schedules.lockstep import Disagreement, side_by_side
from tests.schedules.test_lockstep import Lockstep

CONTINUE, HOLD, OVERLAP = DrainPolicy.CONTINUE, DrainPolicy.HOLD, DrainPolicy.OVERLAP


def an_upgrade_waits_for_a_call(m: Lockstep) -> None:
    m.call()
    m.upgrade(fails_in="", pauses=False, now=False, probation=False)
    m.finish(pick=0, how="return")


def a_drain_is_cancelled(m: Lockstep) -> None:
    m.call()
    m.upgrade(fails_in="", pauses=False, now=False, probation=False)
    m.cancel()


def an_upgrade_fails(m: Lockstep) -> None:
    m.upgrade(fails_in="init", pauses=False, now=False, probation=False)


CASES = [
    (CONTINUE, an_upgrade_waits_for_a_call, planted.lost_wake, "V1: the drain has come to its end"),
    (CONTINUE, an_upgrade_waits_for_a_call, planted.drained_too_early, "not s.somebody_is_awaited()"),
    (OVERLAP, an_upgrade_waits_for_a_call, planted.frees_under_holders, "freed"),
    (HOLD, a_drain_is_cancelled, planted.gate_stays_closed, "gate"),
    (CONTINUE, a_drain_is_cancelled, planted.swaps_though_cancelled, "version"),
    (CONTINUE, an_upgrade_fails, planted.counts_twice, "failed"),
]


@pytest.mark.parametrize("defect", [None, "planted"])
@pytest.mark.parametrize(("policy", "scenario", "plant", "why"), CASES, ids=lambda x: getattr(x, "__name__", None))
def test_a_planted_defect_is_a_disagreement(
    policy: DrainPolicy,
    scenario: Callable[[Lockstep], None],
    plant: Callable[[pytest.MonkeyPatch], None],
    why: str,
    defect: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the defect, the same scenario is agreed upon."""
    if defect is not None:
        plant(monkeypatch)
    machine: Lockstep = type("Scenario", (Lockstep,), {"policy": policy, "witnessed": Counter()})()
    try:
        if defect is None:
            scenario(machine)
            return
        with pytest.raises(Disagreement) as caught:
            scenario(machine)
        assert any(
            why in line and (line.startswith(" =>") or i == 0) for i, line in enumerate(str(caught.value).split("\n"))
        )
    finally:
        machine.pair.release()


def test_both_states_are_shown_and_what_differs_is_marked() -> None:
    text = side_by_side({"state": "ACTIVE", "version": 1}, {"state": "ACTIVE", "version": 2, "more": 3})
    assert [line[:3] for line in text.split("\n")] == ["   ", "   ", " =>", "   "]
