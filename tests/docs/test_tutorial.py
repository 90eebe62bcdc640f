"""The tutorial prints what its page says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial"


def test_the_tutorial_prints_what_its_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(TUTORIAL / "first_reload.py"))
    page = (TUTORIAL / "index.md").read_text(encoding="utf-8")
    assert page.split("```text\n")[1].split("```")[0] == capsys.readouterr().out
