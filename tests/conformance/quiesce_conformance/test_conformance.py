"""One test for each rule, for ``pytest --pyargs quiesce_conformance --subject ...`` (see `pytest_plugin`)."""

from __future__ import annotations

import pytest

from quiesce_conformance.pytest_plugin import judged
from quiesce_conformance.report import Standing
from quiesce_conformance.reports.text import rule_lines


def test_rule(conformance_rule: str, request: pytest.FixtureRequest) -> None:
    """The subject keeps the rule, as far as it was tested."""
    report = judged(request)
    if report.broken_adapter:
        pytest.fail(report.summary, pytrace=False)
    found = report.rules.get(conformance_rule)
    if found is None:
        pytest.skip(f"out of scope: {report.out_of_scope.get(conformance_rule, 'not a rule of its profiles')}")
    if found.standing is Standing.NOT_APPLICABLE:
        pytest.skip(f"not applicable: {found.why}")
    if found.standing is not Standing.HOLDS:
        pytest.fail("\n".join(rule_lines(report, found)), pytrace=False)
