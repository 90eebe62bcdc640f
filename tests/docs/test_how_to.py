"""The adapter of the how-to is judged as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from quiesce_conformance.inprocess import InProcessHost
from quiesce_conformance.report import Conformance
from quiesce_conformance.suite import run_conformance

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "check-your-own-implementation.md"


def test_the_adapter_of_the_page_conforms() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    report = run_conformance(InProcessHost(names["Subject"], "the page's"))
    assert report.verdict is Conformance.CONFORMS, report.summary
