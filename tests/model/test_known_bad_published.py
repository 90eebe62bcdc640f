"""The published protocol and each of its defects fail as they are said to, and what was repaired holds.

Bounds: two callers, two upgraders, three versions, five epochs unless an entry says otherwise; for the real ring of
eight, one caller, one upgrader, five versions, nine epochs.
"""

from __future__ import annotations

from dataclasses import replace
from types import FunctionType

import pytest

from quiesce_model.explore import Verdict, explore
from quiesce_model.known_bad.catalogue import Caught, KnownBad, Missed, check, upgrades_end, with_goal
from quiesce_model.known_bad.plainly import first_failure
from quiesce_model.known_bad.published import defects
from quiesce_model.known_bad.published.entries import ALONE, AS_FOUND_STEPS, CONTROLS, PUBLISHED
from quiesce_model.known_bad.published.large_steps import ClosedDoorEveryEpoch
from quiesce_model.known_bad.published.style import Style
from quiesce_model.language import Model, Sort
from quiesce_model.language.compare import compare_readings
from quiesce_model.vocabulary import scope

PUT_BACK = defects.AsFound.__bases__
BY_NAME = {entry.name: entry for entry in PUBLISHED}


@pytest.mark.rule("L2", "L4", "R3", "T1", "D2", "D3", "D5", "M3", "B1", "B2", "B3", "G2", "V1")
@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda e: e.name)
def test_fails_as_it_is_said_to(entry: KnownBad) -> None:
    found = check(entry)
    assert isinstance(found, Caught), str(found)


@pytest.mark.parametrize(("model", "bound"), CONTROLS, ids=lambda x: getattr(x, "__name__", ""))
def test_what_was_repaired_holds(model: type[Model], bound: dict[type[Sort], int]) -> None:
    """Non-vacuity is part of the verdict: each action was taken, and each ``sometimes`` seen."""
    found = explore(model, bound, symmetric=True)
    assert found.verdict is Verdict.HOLDS, str(found)


@pytest.mark.rule("L4")
@pytest.mark.parametrize("model", [Style, ClosedDoorEveryEpoch])
def test_what_was_repaired_has_no_trap(model: type[Model]) -> None:
    goal = ["active_is_reached"]
    found = explore(with_goal(model), scope(2, 1, 3, 5), claims=goal, always_reachable=goal, vacuity=False)
    assert found.verdict is Verdict.HOLDS, str(found)


@pytest.mark.rule("V1")
def test_in_the_repaired_style_every_upgrade_ends() -> None:
    found = upgrades_end(Style, scope(2, 1, 2, 4))
    assert found.holds, str(found)


def test_as_found_is_the_sum_of_its_defects() -> None:
    """What each defect answers is what the published protocol answers; it has nothing of its own."""
    assert not [name for name in vars(defects.AsFound) if not name.startswith("_")]
    for defect in PUT_BACK:
        assert defect.__bases__ == (Style,)
        for name, answer in vars(defect).items():
            if isinstance(answer, FunctionType):
                assert getattr(defects.AsFound, name) is answer


def test_each_defect_is_one_answer() -> None:
    """One method differs from the sound style; two steps in place of one need a second."""
    for defect in PUT_BACK:
        answers = [name for name, value in vars(defect).items() if isinstance(value, FunctionType)]
        assert len(answers) == (2 if defect is defects.CheckedThenSet else 1), defect


@pytest.mark.parametrize("entry", [e for e in ALONE if e.kind == "safety"], ids=lambda e: e.name)
def test_a_defect_alone_breaks_one_claim(entry: KnownBad) -> None:
    """At the depth of its shortest failure nothing else fails: the defects do not hide one another."""
    found = first_failure(entry.model, entry.scope, max_states=5_000)
    assert found is not None
    assert found[0] is not None
    assert found[0].claims == {entry.claim}


@pytest.mark.parametrize(("claim", "steps"), AS_FOUND_STEPS.items())
def test_as_found_breaks_whatever_a_defect_alone_breaks(claim: str, steps: int) -> None:
    found = explore(defects.AsFoundRingOfTwo, scope(2, 2, 3, 5), symmetric=True, claims=[claim])
    assert found.verdict is Verdict.BROKEN, str(found)
    assert found.violation is not None
    assert (found.violation.claim, len(found.violation)) == (claim, steps)


def test_no_claim_is_left_out_of_what_is_as_found() -> None:
    assert set(AS_FOUND_STEPS) == {e.claim for e in ALONE if e.kind == "safety" and issubclass(e.model, Style)}


def test_every_defect_has_an_entry() -> None:
    assert {e.defect for e in PUBLISHED} >= set(range(1, 10))


MODELS = {model.__name__: model for model in (*(m for m, _ in CONTROLS), *(e.model for e in PUBLISHED))}


@pytest.mark.parametrize("name", MODELS)
def test_what_runs_is_what_is_read(name: str) -> None:
    """Equal labelled edges and equal claims, by the methods as they run and by their source as it is read."""
    found = compare_readings(MODELS[name], scope(1, 1, 2, 4))
    assert found.equal, str(found)
    assert found.states > 50


@pytest.mark.parametrize(
    "wrong",
    [
        replace(BY_NAME["published: manifest at prepare"], steps=4),
        replace(BY_NAME["published: manifest at prepare"], steps=2),
        replace(BY_NAME["published: manifest at prepare"], breaks="R3"),
        replace(BY_NAME["published: manifest at prepare"], claim="one_upgrade_at_a_time", breaks="L2"),
        replace(BY_NAME["published: manifest at prepare"], model=Style),
        replace(BY_NAME["published: rolled back is a trap"], steps=6),
        replace(BY_NAME["published: rolled back is a trap"], model=Style),
        replace(BY_NAME["published: newcomers in an old counter"], model=Style),
    ],
)
def test_the_check_can_fail(wrong: KnownBad) -> None:
    """An entry that says something else than what happens is not taken for caught."""
    assert isinstance(check(wrong), Missed)
