"""The README's verdict table is made from build/verify.json, and says so when it is not any more."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.layers import ROOT

FINDING = {"verdict": "holds", "count": 1234, "unit": "states"}
ROW = {
    "title": "A rule",
    "verdict": "holds",
    "proved": [FINDING | {"count": 120, "unit": "obligations"}],
    "explored": [FINDING, FINDING],
    "tested": [],
    "observed": [],
    "known_bad_caught": ["x"],
}
RESULT = {"verdict": "holds", "seconds": 61.2, "implementation": "CPython", "python": "3.11.7", "rules": {"R1": ROW}}

TEXT = "above\n<!-- verdicts: begin -->\nold\n<!-- verdicts: end -->\nbelow\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a checkout as the two scripts look at."""
    for name in (".ci/readme.py", ".ci/stale.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((ROOT / name).read_bytes())
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    (tmp_path / "model").mkdir()
    (tmp_path / "README.md").write_text(TEXT, encoding="utf-8")
    return tmp_path


def run(clone: Path, script: str) -> subprocess.CompletedProcess[str]:
    # Whether the generated files of specs/ are those of the model is asked in tests/model/test_export_artefacts.py.
    listed = ["--listed"] if script == "stale.py" else []
    command = [sys.executable, str(clone / ".ci" / script), *listed]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def verified(clone: Path, result: dict[str, Any]) -> None:
    (clone / "build").mkdir(exist_ok=True)
    (clone / "build" / "verify.json").write_text(json.dumps(result), encoding="utf-8")


def test_the_table_is_replaced_and_the_rest_is_kept(clone: Path) -> None:
    verified(clone, RESULT)
    assert run(clone, "readme.py").returncode == 0
    text = (clone / "README.md").read_text(encoding="utf-8")
    assert text.startswith("above\n")
    assert text.endswith("below\n")
    assert "\nold\n" not in text
    assert "| R1 | A rule | 120 obligations | 2,468 states |  |  | 1 | holds |" in text


def test_a_run_that_did_not_hold_is_not_shown(clone: Path) -> None:
    verified(clone, RESULT | {"verdict": "unfinished"})
    refused = run(clone, "readme.py")
    assert refused.returncode != 0
    assert "unfinished" in refused.stderr
    assert "\nold\n" in (clone / "README.md").read_text(encoding="utf-8")


def test_without_a_run_it_says_what_to_do(clone: Path) -> None:
    assert "make verify" in run(clone, "readme.py").stderr


def test_a_table_of_another_model_is_stale(clone: Path) -> None:
    titles = {rule: {**ROW, "title": title} for rule, title in _titles()}
    verified(clone, RESULT | {"rules": titles})
    assert run(clone, "readme.py").returncode == 0
    assert run(clone, "stale.py").stdout == "nothing is stale\n"
    (clone / "model" / "new.py").touch()
    stale = run(clone, "stale.py")
    assert stale.returncode == 1
    assert "another model" in stale.stdout


def test_a_table_that_lacks_a_rule_and_a_file_that_nobody_lists_are_stale(clone: Path) -> None:
    verified(clone, RESULT)
    assert run(clone, "readme.py").returncode == 0
    (clone / "specs" / "stray.txt").touch()
    (clone / "specs" / "golden" / "algorithm_hold.jsonl").rename(clone / "specs" / "tla" / "algorithm_hold.jsonl")
    (clone / "specs" / "transitions.json").unlink()
    stale = run(clone, "stale.py").stdout
    assert "got 1 rows" in stale
    for name in ("stray.txt", "tla/algorithm_hold.jsonl", "transitions.json"):
        assert f"specs/{name}: " in stale


def _titles() -> list[tuple[str, str]]:
    from quiesce_model.rules import rules

    return [(rule.id, rule.title) for rule in rules().values()]
