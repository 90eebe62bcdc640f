"""Published protocols that fail: one page and one sequence diagram for each counterexample.

Why our own SVG: a lane for each process and a line for each step of the model; the diagrams of the suite draw schedules
of real code, which have other columns.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

LANE, ROW, TOP = 210, 26, 40


def _svg(found: dict[str, Any]) -> str:
    lanes = ["upgrader or plugin", "caller"]
    width, height = 40 + LANE * len(lanes), TOP + ROW * (len(found["run"]) + 1)
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">']
    text += [f'<rect width="{width}" height="{height}" fill="white"/><g font-family="monospace" font-size="12">']
    for n, lane in enumerate(lanes):
        x = 40 + LANE * n
        text.append(f'<text x="{x}" y="18" font-weight="bold">{lane}</text>')
        text.append(f'<line x1="{x - 6}" y1="26" x2="{x - 6}" y2="{height}" stroke="#999"/>')
    for n, step in enumerate(found["run"]):
        who = any(place.startswith("pc[") for place in step["changes"])
        label = escape(f"{step['action']}({', '.join(map(str, step['args']))})")
        y = TOP + ROW * n + 10
        text.append(f'<text x="4" y="{y}">{step["step"]}</text><text x="{40 + LANE * who}" y="{y}">{label}</text>')
    return "\n".join([*text, "</g></svg>\n"])


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
