"""One page for each rule, the coverage matrix and the kill matrix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from quiesce_model.rules import Rule
from tests.unit.evidence import Evidence, Site

README = Path(__file__).resolve().parents[2] / "README.md"


def verdicts(readme: Path) -> str:
    """The verdict table of the last run, as `make readme` wrote it."""
    return readme.read_text(encoding="utf-8").split("<!-- verdicts: begin -->")[1].split("<!-- verdicts: end -->")[0]


def _sites(title: str, sites: list[Site]) -> list[str]:
    return [f"## {title}", "", *([f"- `{s.path}:{s.line}`" for s in sorted(set(sites))] or ["None."]), ""]


def rule_page(rule: Rule, table: dict[str, Any], found: Evidence, kills: dict[str, Any], audit: dict[str, Any]) -> str:
    """The page of one rule, as Markdown."""
    text = [f"({rule.id})=", f"# {rule.id}: {rule.title}", "", rule.statement, "", "## What it does not say", ""]
    text += [rule.scope or "Nothing beyond the statement is left out.", "", "## Last run", ""]
    head, rows = [], []
    for line in verdicts(README).splitlines():
        head += [line] if line.startswith(("| rule", "|---")) else []
        rows += [line] if re.match(rf"\| {rule.id} \|", line) else []
    text += [*head, *rows, "", "An empty cell: no evidence of that kind.", "", "## Formula and model code", ""]
    seen = set()
    for model in table["models"]:
        for claim in model["claims"]:
            if rule.id in claim["rules"] and claim["source"] not in seen:
                seen.add(claim["source"])
                text += [f"`{claim['name']}` ({claim['role']}, {model['model']}):", ""]
                text += ["```python", claim["source"].rstrip(), "```", "", "Read as:", ""]
                text += ["```python", str(claim["read"]), "```", ""]
    text += [] if seen else ["No invariant or promise of the models names this rule.", ""]
    text += _sites("Claims on the models", found.claims) + _sites("Tests", found.tests)
    text += _sites("Code", found.code)
    text += ["## What breaks it", ""]
    text += [f"- `{m['name']}`: {m['story']}" for m in kills["mutants"] if rule.id in m["breaks"]] or ["No mutant."]
    caught = ", ".join(f"`{name}`" for name in audit["rules caught"].get(rule.id, []))
    text += ["", f"Faulty models that the proof of this rule refuses: {caught or 'none'}.", ""]
    return "\n".join(text)


def matrix_page(readme: Path, found: dict[str, Evidence]) -> str:
    """Rule x evidence: the last run, and the number of places that cite each rule."""
    rows = [
        f"| [](rules/{name}.md) | {len(e.claims)} | {len(e.known_bad)} | {len(e.tests)} | {len(e.code)} |"
        for name, e in found.items()
    ]
    head = ["| rule | claims | known bad | tests | code |", "|---|---|---|---|---|"]
    return "\n".join(["# Coverage matrix", "", verdicts(readme), "## Places that cite a rule", "", *head, *rows, ""])


def kill_page(kills: dict[str, Any]) -> str:
    """Mutant x engine, and what each engine was allowed to do."""
    engines = list(kills["engines"])
    text = ["# Kill matrix", "", f"{kills['summary']['killed']} of {kills['summary']['mutants']} mutants killed.", ""]
    text += [f"- **{name}**: {what}" for name, what in kills["engines"].items()]
    text += ["", f"| mutant | breaks | {' | '.join(engines)} |", "|---|---|" + "---|" * len(engines)]
    for m in kills["mutants"]:
        cells = [m["engines"].get(e, {}).get("outcome", "not run") for e in engines]
        text.append(f"| `{m['name']}` | {', '.join(m['breaks'])} | {' | '.join(cells)} |")
    return "\n".join([*text, ""])
