"""The lint of the specification passes on this checkout and fails on planted faults."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from quiesce_model.rules import rules
from tests.unit.evidence import Evidence, evidence

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"


@pytest.fixture(scope="module")
def table() -> Any:
    return json.loads((SPECS / "transitions.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found() -> dict[str, Evidence]:
    return evidence()


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "_ext"), *sys.path])


@pytest.mark.usefixtures("pages")
def test_this_checkout_passes(table: Any, found: dict[str, Evidence]) -> None:
    from lint import lint  # type: ignore[import-not-found]  # lives beside the docs, on no import path

    assert lint(SPECS, table, found) == []


@pytest.mark.usefixtures("pages")
def test_planted_faults_are_named(table: Any, found: dict[str, Evidence]) -> None:
    from lint import lint

    assert any("transitions.json" in line for line in lint(SPECS, {**table, "digest": "0"}, found))
    assert any(line.startswith("G1 has no test") for line in lint(SPECS, table, {**found, "G1": Evidence()}))
    bare = {**table, "models": []}
    assert any(line.startswith("R3 is said to be proved") for line in lint(SPECS, bare, {**found, "R3": Evidence()}))


@pytest.mark.usefixtures("pages")
def test_a_stale_counterexample_is_named(table: Any, found: dict[str, Evidence], tmp_path: Path) -> None:
    from lint import lint

    (tmp_path / "counterexamples").mkdir()
    (tmp_path / "counterexamples" / "old.json").write_text(json.dumps({"digest": "0"}), encoding="utf-8")
    assert [line.split()[0] for line in lint(tmp_path, table, found)] == ["old.json"]


@pytest.mark.usefixtures("pages")
def test_every_rule_has_a_page_with_its_statement_and_row(table: Any, found: dict[str, Evidence]) -> None:
    from rule_pages import rule_page  # type: ignore[import-not-found]  # as above

    kills, audit = (
        json.loads((SPECS / f).read_text(encoding="utf-8")) for f in ("kill-matrix.json", "proof-audit.json")
    )
    for name, rule in rules().items():
        page = rule_page(rule, table, found[name], kills, audit)
        assert rule.statement in page
        assert f"| {name} | {rule.title} |" in page
