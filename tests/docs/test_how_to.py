"""The adapter of the how-to is judged as it stands, and the session of the other one is what the schema says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema

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


def test_every_line_of_the_session_is_in_the_schema_and_its_numbers_grow() -> None:
    page = PAGE.with_name("check-your-own-implementation-in-another-language.md").read_text(encoding="utf-8")
    schema = json.loads((PAGE.parents[2] / "specs" / "adapter-protocol.schema.json").read_text(encoding="utf-8"))
    lines = re.findall(r"^([<>]) (\{.*\})$", page, re.MULTILINE)
    lines += [("<", line.replace("\n", " ")) for line in re.findall(r"refusal is `(\{.*?\})`", page, re.DOTALL)]
    assert {direction for direction, _ in lines} == {"<", ">"}
    numbers = []
    for direction, line in lines:
        side = "from_adapter" if direction == "<" else "to_adapter"
        message = json.loads(line)
        jsonschema.validate(message, {"$ref": f"#/$defs/{side}", "$defs": schema["$defs"]})
        numbers.append(message.get("seq", message.get("seq_returned")))
    told = [number for number in numbers if number is not None]
    assert told == sorted(set(told))
