"""The code of a how-to prints what its page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.mark.parametrize("page", ["asyncio.md", "state-and-groups.md"])
def test_the_code_prints_what_the_page_says(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    exec(compile(code, page, "exec"), {"__name__": page})
    assert capsys.readouterr().out == printed
