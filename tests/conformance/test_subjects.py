"""What the suite says of subjects whose verdict is known beforehand: each fault on its rule, no alarm without one."""

from __future__ import annotations

import pytest

from quiesce_conformance.inprocess import InProcessHost
from quiesce_conformance.report import Conformance, Standing
from quiesce_conformance.suite import run_conformance
from subjects.bad import ALL_BAD
from subjects.correct import ALL_CORRECT


@pytest.mark.parametrize("name", ALL_CORRECT)
def test_a_right_design_conforms(name: str) -> None:
    report = run_conformance(InProcessHost(ALL_CORRECT[name], name))
    assert report.verdict is Conformance.CONFORMS, report.summary


@pytest.mark.long
@pytest.mark.parametrize("name", ALL_BAD)
def test_a_fault_is_found_on_its_rule_in_the_first_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A fault that hangs need not be waited for as long as a right subject on a slow machine is.
    for limit in (
        "recording.ENDS_WITHIN",
        "scenarios.core.ENDS_WITHIN",
        "inprocess.session.REST",
        "campaign.SHRINKING",
    ):
        monkeypatch.setattr(f"quiesce_conformance.{limit}", 0.3)
    report = run_conformance(InProcessHost(ALL_BAD[name], name))
    for rule in ALL_BAD[name].breaks:
        assert report.rules[rule].standing is Standing.BROKEN, report.summary
