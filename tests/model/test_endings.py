"""The liveness rules hold on every fair run within the scope, and the check finds runs on which they do not."""

from __future__ import annotations

import pytest

from quiesce_model.endings import ENDINGS, SCOPES, Ending, check
from quiesce_model.known_bad.mutants import calls, drain

V1 = next(e for e in ENDINGS if e.rule == "V1")


@pytest.mark.long
@pytest.mark.rule("V1")
@pytest.mark.rule("V2")
@pytest.mark.rule("V3")
def test_everything_ends_with_two_upgraders() -> None:
    """Two upgraders cancel each other's upgrades as they like."""
    for ending, found in check(SCOPES[0]):
        assert found.holds, f"{ending}: {found}"
        assert found.states > 1_000


@pytest.mark.long
@pytest.mark.rule("V1")
@pytest.mark.parametrize("policy", ["Continue", "Hold"])
def test_two_callers_who_take_turns_do_not_starve_the_drain(policy: str) -> None:
    """One of the callers is always inside, and the upgrade ends all the same."""
    endings = [e for e in ENDINGS if e.model.__name__ == policy]
    assert endings
    for ending, found in check(SCOPES[1], endings):
        assert found.holds, f"{ending}: {found}"


@pytest.mark.parametrize(
    ("model", "within"),
    [
        (calls.NestedWaitsAtTheGate, SCOPES[0]),
        (drain.NobodyWakesTheDrain, SCOPES[0]),
        (drain.WaitsWithoutScanning, SCOPES[0]),
        (drain.DrainsEverything, SCOPES[1]),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_an_upgrade_that_need_not_end_is_found(model: type, within: dict[type, int]) -> None:
    """The same question, asked of mutants whose drain may last for ever."""
    ending = Ending(V1.rule, V1.name, model, V1.goal, V1.finitely)
    [(_, found)] = check(within, [ending])
    assert not found.holds
    assert "then for ever" in str(found) or found.lasso is not None


@pytest.mark.rule("V2")
def test_without_a_time_out_an_upgrade_may_wait_for_ever() -> None:
    """The assumption of V2 is needed: whatever calls do, and no time-out, is a drain that never ends."""
    model = next(e.model for e in ENDINGS if e.rule == "V2")
    patient = type("Patient", (model,), {"time_out": None})
    [(_, found)] = check(SCOPES[0], [Ending("V2", "no time-out", patient, V1.goal)])
    assert not found.holds
