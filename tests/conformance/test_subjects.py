"""What the suite says of subjects whose verdict is known beforehand: each fault on its rule, no alarm without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from quiesce_conformance.inprocess import InProcessHost
from quiesce_conformance.report import Conformance, Standing
from quiesce_conformance.suite import run_conformance
from subjects.bad import ALL_BAD
from subjects.correct import ALL_CORRECT

MATRIX = Path(__file__).parents[2] / "specs" / "adequacy-matrix.json"


HANG = {
    "NeverCloses",
    "ClosesTheNewOne",
    "LosesHoldsOfFailures",
    "CancelForgetsTheCandidate",
    "ForgetsWhatFailed",
    "TheOldOneOnceMore",
}
"""Those in which something waits for what never comes."""


@pytest.mark.parametrize("name", ALL_CORRECT)
def test_a_right_design_conforms(name: str) -> None:
    report = run_conformance(InProcessHost(ALL_CORRECT[name], name))
    assert report.verdict is Conformance.CONFORMS, report.summary


@pytest.mark.long
@pytest.mark.parametrize("name", ALL_BAD)
def test_a_fault_is_found_on_its_rule_in_the_first_run(name: str, hurry: Callable[[float], None]) -> None:
    hurry(0.3 if name in HANG else 3.0)
    report = run_conformance(InProcessHost(ALL_BAD[name], name))
    for rule in ALL_BAD[name].breaks:
        assert report.rules[rule].standing is Standing.BROKEN, report.summary


def test_the_published_matrix_has_every_subject_and_nothing_was_missed() -> None:
    found = json.loads(MATRIX.read_text(encoding="utf-8"))
    assert {name: tuple(row["breaks"]) for name, row in found["bad"].items()} == {
        name: subject.breaks for name, subject in ALL_BAD.items()
    }
    assert set(found["right"]) == set(ALL_CORRECT)
    assert all(set(row["breaks"]) <= set(row["broken"]) for row in found["bad"].values())
    assert not any(row["alarms"] for row in found["right"].values())
