"""Published protocols that fail: one page and one sequence diagram for each counterexample.

The pictures are drawn by the conformance suite's diagrams, so a run of a model looks like a run of real code.  Whose
step it is follows from what it changes: a caller's or an upgrader's own place, else it is the plugin's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from quiesce_conformance.reports import diagram
from quiesce_conformance.reports.diagram import Row

OWN = {"pc": "caller", "up": "upgrader"}
"""The place that says where a process is, in every model -> what the process is called."""


def _lane(step: dict[str, Any]) -> str:
    own = [
        (OWN[name], index.rstrip("]"))
        for place in step["changes"]
        for name, _, index in [place.partition("[")]
        if name in OWN
    ]
    return f"{own[0][0]} {own[0][1]}" if own else "plugin"


def _svg(found: dict[str, Any]) -> str:
    rows = [Row(_lane(step), f"{step['action']}({', '.join(map(str, step['args']))})") for step in found["run"]]
    return diagram.svg(rows, found["claim"], title=found["name"])


def _page(stem: str, found: dict[str, Any]) -> str:
    text = [f"# {found['name']}", "", found["story"], ""]
    text += [f"Breaks [](../rules/{found['breaks']}.md), in {found['steps']} steps: `{found['claim']}`.", ""]
    text += [f"![Sequence of {found['steps']} steps]({stem}.svg)", ""]
    text += ["| step | action | changes |", "|---|---|---|"]
    for step in found["run"]:
        changes = ", ".join(f"`{place} = {value}`" for place, value in step["changes"].items()) or "nothing"
        text.append(f"| {step['step']} | `{step['action']}({', '.join(map(str, step['args']))})` | {changes} |")
    removed = ", ".join(f"`{name}`" for name in found["removed_by"]) or "no single step"
    text += ["", f"Steps of the correct model that remove it: {removed}.", "", "Replay it:", "", "```shell"]
    text += ["python -c 'import json, sys; from quiesce_model.export.counterexamples import check; "]
    text[-1] += f"check(json.load(open(sys.argv[1])))' specs/counterexamples/{stem}.json"
    return "\n".join([*text, "```", ""])


def counterexample_pages(folder: Path) -> dict[str, str]:
    """Pages and pictures by file name; the published protocol first."""
    files = sorted(folder.glob("*.json"), key=lambda f: (not f.stem.startswith("published"), f.stem))
    made = {}
    for file in files:
        found = json.loads(file.read_text(encoding="utf-8"))
        made |= {f"fail/{file.stem}.md": _page(file.stem, found), f"fail/{file.stem}.svg": _svg(found)}
    text = ["# Published protocols that fail", "", "Each with its shortest way to the fault.", "", "```{toctree}", ""]
    return made | {"fail/index.md": "\n".join([*text, *(f.stem for f in files), "```", ""])}
