"""What the suite says of subjects whose verdict is known beforehand: no false alarm on those that are right."""

from __future__ import annotations

import pytest

from quiesce_conformance.inprocess import InProcessHost
from quiesce_conformance.report import Conformance
from quiesce_conformance.suite import run_conformance
from subjects.correct import ALL_CORRECT


@pytest.mark.parametrize("name", ALL_CORRECT)
def test_a_right_design_conforms(name: str) -> None:
    report = run_conformance(InProcessHost(ALL_CORRECT[name], name))
    assert report.verdict is Conformance.CONFORMS, report.summary
