"""What came out, as JSON keyed by rule id and as a table; progress on the way.

On a terminal the table and the progress are rich's; in a pipe they are plain lines that a log keeps well.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from .evidence import Evidence, Finding, Standing, Table, Word

__all__ = ["as_json", "print_table", "write_json"]

_STYLE = {Standing.HOLDS: "green", Standing.BROKEN: "bold red", Standing.UNFINISHED: "yellow"}
_WORDS: tuple[Word, ...] = ("proved", "explored", "tested", "observed")


def print_table(table: Table, console: Console) -> None:
    """Rule by evidence: what was proved, explored, tested and observed, how much of it, and what follows."""
    if console.is_terminal:
        rich = RichTable(title="rule x evidence", title_justify="left", pad_edge=False)
        rich.add_column("rule", no_wrap=True)
        rich.add_column("promise")
        for word in _WORDS:
            rich.add_column(word)
        rich.add_column("known-bad caught", justify="right")
        rich.add_column("verdict", no_wrap=True)
        for row in table.rows.values():
            cells = [_cell(row, word) for word in _WORDS]
            verdict = f"[{_STYLE[row.standing]}]{row.standing.name.lower()}[/]"
            rich.add_row(row.rule, row.title, *cells, str(len(row.caught) or ""), verdict)
        console.print(rich)
    else:
        widths = (4, 48, 15, 32, 22, 32, 7)
        head = ("rule", "promise", *_WORDS, "caught")
        lines = [(*head, "verdict")]
        for row in table.rows.values():
            cells = [_cell(row, word) for word in _WORDS]
            lines.append((row.rule, row.title, *cells, str(len(row.caught) or ""), row.standing.name.lower()))
        for line in lines:
            cells = [f"{text:{width}}" for text, width in zip(line, (*widths, 0), strict=True)]
            console.print("  ".join(cells).rstrip(), highlight=False, markup=False, soft_wrap=True)
    for row in table.rows.values():
        if row.standing is Standing.UNFINISHED:
            console.print(f"{row.rule} unfinished: {_why(row)}", highlight=False, soft_wrap=True)


def _why(row: Evidence) -> str:
    reasons = [f"{f.source}: {f.why}" for f in row.findings if f.standing is Standing.UNFINISHED]
    reasons += [f"nothing was {word} in this run" for word in row.missing()]
    return "; ".join(reasons)


def _cell(row: Evidence, word: Word) -> str:
    findings = row.of(word)
    if not findings:
        return "not run" if word in row.missing() else "-"
    standing = Standing.worst(finding.standing for finding in findings)
    mark = {Standing.HOLDS: "", Standing.BROKEN: "BROKEN ", Standing.UNFINISHED: "unfinished "}[standing]
    return mark + ", ".join(f"{count:,} {unit}" for unit, count in _totals(findings).items())


def _totals(findings: Sequence[Finding]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for finding in findings:
        totals[finding.unit] = totals.get(finding.unit, 0) + finding.count
    return totals


def as_json(table: Table, stages: Sequence[Mapping[str, Any]], seconds: float, standing: Standing) -> dict[str, Any]:
    """The whole result, keyed by rule id."""
    return {
        "verdict": standing.name.lower(),
        "exit_code": standing.value,
        "seconds": round(seconds, 3),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "stages": list(stages),
        "rules": {
            row.rule: {
                "title": row.title,
                "verdict": row.standing.name.lower(),
                "meant": sorted(row.meant),
                "missing": row.missing(),
                "known_bad_caught": row.caught,
                **{word: [_finding(finding) for finding in row.of(word)] for word in _WORDS},
            }
            for row in table.rows.values()
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.standing.name.lower(),
        "count": finding.count,
        "unit": finding.unit,
        "source": finding.source,
        "seconds": round(finding.seconds, 3),
        "seen": dict(finding.seen),
        "counterexamples": list(finding.counterexamples),
        "why": finding.why,
    }


def write_json(path: Path, result: Mapping[str, Any]) -> None:
    """Write it; the directory is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
