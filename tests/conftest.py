"""What every test folder shares: a `rule` mark cites a rule that exists; what is known to hang can be hurried."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from quiesce_model.rules import rules


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a mark that cites nothing, or a rule that is not in specs/rules.toml."""
    known = rules()
    for item in items:
        for mark in item.iter_markers("rule"):
            unknown = [cited for cited in mark.args if cited not in known]
            if unknown or not mark.args:
                raise pytest.UsageError(
                    f"{item.nodeid}: expected @pytest.mark.rule with ids of specs/rules.toml, got {unknown or 'none'}"
                )


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the seconds that the conformance suite waits for what hangs: with a known fault, fewer will do."""

    def limits(seconds: float) -> None:
        for module in ("recording", "scenarios.core", "scenarios.claims", "scenarios.steering"):
            monkeypatch.setattr(f"quiesce_conformance.{module}.ENDS_WITHIN", seconds)
        monkeypatch.setattr("quiesce_conformance.inprocess.session.REST", seconds)
        monkeypatch.setattr("quiesce_conformance.campaign.SHRINKING", seconds)

    return limits
