"""What every test folder shares: nothing but the check that a `rule` mark cites a rule that exists."""

from __future__ import annotations

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
