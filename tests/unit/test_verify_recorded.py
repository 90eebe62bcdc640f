"""The recorded load of `quiesce verify` is evidence: it counts steps, and a kernel that skips one is found by it."""

from __future__ import annotations

import pytest

from quiesce import DrainPolicy
from quiesce.verify.evidence import Standing
from quiesce.verify.recorded import record, rules_judged
from tests.schedules.planted import NoSecondLook


@pytest.mark.rule("L1", "T2", "R3")
def test_the_kernel_as_it_is_holds() -> None:
    result = record(DrainPolicy.CONTINUE, seeds=range(1), moves=10)
    assert result.rejected is None
    findings = result.findings()
    assert {f.rule for f in findings} == set(rules_judged(DrainPolicy.CONTINUE)) >= {"T2", "R3", "M1", "D3"}
    assert all(f.standing is Standing.HOLDS and f.count == result.events > 100 for f in findings)


@pytest.mark.rule("T2")
def test_a_kernel_without_the_second_look_is_broken() -> None:
    result = record(DrainPolicy.CONTINUE, seeds=range(1), moves=10, kind=NoSecondLook)
    assert result.rejected is not None
    findings = result.findings()
    assert findings
    assert all(f.standing is Standing.BROKEN and f.counterexamples for f in findings)
