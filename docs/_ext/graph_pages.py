"""The state graph, one graph for each drain policy, and the transition tables, from the action table."""

from __future__ import annotations

import subprocess
from typing import Any

from quiesce_model.rules import transitions


def _svg(title: str, edges: dict[tuple[str, str], list[str]]) -> str:
    lines = [f'digraph "{title}" {{ bgcolor="white"; rankdir=TB; node [shape=box, style=rounded, fontname=Helvetica];']
    lines.append("edge [fontname=Helvetica, fontsize=10];")
    for (source, target), labels in sorted(edges.items()):
        lines.append(f'{source} -> {target} [label="{chr(92) + "n"}"];'.replace("\\n", "\\n".join(labels)))
    run = subprocess.run(["dot", "-Tsvg"], input="\n".join([*lines, "}"]), capture_output=True, text=True, check=True)
    return run.stdout


def _edges(model: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    edges: dict[tuple[str, str], list[str]] = {}
    for action in model["actions"]:
        for move in action["state"] if action["possible"] else []:
            edges.setdefault((move["from"], move["to"]), []).append(action["name"])
    return edges


def graph_page(table: dict[str, Any]) -> dict[str, str]:
    """The page of graphs and the pictures on it, by file name."""
    listed: dict[tuple[str, str], list[str]] = {}
    for move in transitions():
        listed.setdefault((move.source, move.target), []).append(move.when)
    made = {"state-graph.svg": _svg("states", listed)}
    text = ["# State graph", "", "![The six states and the listed transitions](state-graph.svg)", ""]
    for model in table["models"]:
        if model["model"] == "protocol":
            name = model["policy"].lower()
            made[f"graph-{name}.svg"] = _svg(name, _edges(model))
            text += [f"## {model['policy'].upper()}", "", f"![Actions under {name}](graph-{name}.svg)", ""]
    return made | {"graphs.md": "\n".join(text)}


def transition_page(table: dict[str, Any]) -> dict[str, str]:
    """One section for each action of each model: guard, effect and source."""
    text = ["# Transition tables", "", "```{toctree}", ""]
    made = {}
    for model in table["models"]:
        name = f"{model['model']}-{model['policy'].lower()}"
        text.append(f"transitions-{name}")
        page = [f"# {model['model'].capitalize()}, {model['policy'].upper()}", ""]
        for action in model["actions"]:
            page += [f"## {action['name']}", ""]
            page += [action["doc"], ""] if action["doc"] else []
            page += [] if action["possible"] else ["Cannot happen under this policy.", ""]
            page += [f"- {move['from']} to {move['to']}: {move['when']}" for move in action["state"]]
            page += ["", "Guard:", "", "```python", *(action["guard"]["written"] or ["True"]), "```", ""]
            page += ["Effect:", "", "```python"]
            page += [f"{place} = {value}" for place, value in action["effect"].items()] or ["pass"]
            page += ["```", "", "Model code:", "", "```python", action["source"].rstrip(), "```", ""]
        made[f"transitions-{name}.md"] = "\n".join(page)
    return made | {"transitions.md": "\n".join([*text, "```", ""])}
