"""Runs every benchmark, prints the ratios, writes build/bench.json.

make bench                                   everything, about five minutes on 2 cores
python -m tests.benchmarks calls explorers   only some of it
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks import interpreters
from tests.benchmarks.interpreters import BUILD, ROOT, worker
from tests.benchmarks.measure import Row
from tests.benchmarks.ratios import Ratio, ratios

OUT = BUILD.parent / "bench.json"
Part = tuple[list[Row], list[str]]
"""Rows, and notes on what could not be measured."""


def collect(
    console: Console, title: str, messages: Iterable[dict[str, Any]], notes: list[str] | None = None
) -> list[Row]:
    """Take a worker's rows; show where it stands, live on a terminal, one line at the end in a pipe."""
    rows = []
    notes = [] if notes is None else notes
    begin = time.monotonic()
    with console.status(title) as status:
        for message in messages:
            if "progress" in message:
                status.update(f"{title}: {message['progress']} ({time.monotonic() - begin:.0f} s)")
            elif "note" in message:
                notes.append(message["note"])
            else:
                rows.append(Row.from_json(message["row"]))
    console.print(f"{title}: done in {time.monotonic() - begin:.0f} s", highlight=False)
    return rows


def explorers(console: Console) -> Part:
    """Ours beside minicheck and musil, generated code beside the plain run."""
    rows: list[Row] = []
    notes = []
    path = [ROOT, ROOT / "model"]
    mine = platform.python_version()
    messages = worker(interpreters.running(), "tests.benchmarks.explorers", "small", path=path)
    rows += collect(console, f"small protocol beside minicheck, Python {mine}", messages)
    environment = interpreters.musil_environment(interpreters.found())
    if environment is None:
        notes.append("musil: not measured; it needs Python 3.12 or later and there is none on this machine")
    else:
        version, python = environment
        messages = worker(python, "tests.benchmarks.explorers", "small", path=path)
        rows += collect(console, f"small protocol beside minicheck and musil, Python {version}", messages)
    messages = worker(interpreters.running(), "tests.benchmarks.explorers", "algorithm", path=path)
    rows += collect(console, f"algorithm, Python {mine}", messages)
    messages = worker(interpreters.running(), "tests.benchmarks.explorers", "outside", path=path)
    rows += collect(console, f"beside SPIN and TLC, Python {mine}", messages, notes)
    return rows, notes


def calls(console: Console) -> Part:
    """A guarded call, on every interpreter that there is."""
    rows: list[Row] = []
    notes = []
    path = [ROOT, ROOT / "impl", interpreters.peers_anywhere()]
    for version, python in interpreters.found().items():
        try:
            rows += collect(console, f"call, Python {version}", worker(python, "tests.benchmarks.calls", path=path))
        except RuntimeError as error:
            notes.append(f"calls on Python {version}: not measured; {error}")
    return rows, notes


def schedules(console: Console) -> Part:
    """Schedules of real threads, beside frontrun and interleave-test, and what the seam costs in production."""
    rows: list[Row] = []
    notes = []
    path = [ROOT, ROOT / "impl", ROOT / "tests" / "conformance"]
    environment = interpreters.schedule_environment(interpreters.found())
    if environment is None:
        notes.append("frontrun, interleave-test: not measured; they need Python 3.12 or later and there is none here")
    else:
        version, commands = environment
        messages = worker(commands / "python", "tests.benchmarks.schedules", str(commands), path=path)
        rows += collect(console, f"schedules beside frontrun and interleave-test, Python {version}", messages)
    messages = worker(interpreters.running(), "tests.benchmarks.schedules", path=path)
    rows += collect(console, f"schedules, Python {platform.python_version()}", messages)
    return rows, notes


def search(console: Console) -> Part:
    """How long each strategy takes to the bug that needs three preemptions, beside frontrun and interleave-test."""
    rows: list[Row] = []
    notes = []
    path = [ROOT, ROOT / "tests" / "conformance"]
    environment = interpreters.schedule_environment(interpreters.found())
    if environment is None:
        notes.append("frontrun, interleave-test: not measured; they need Python 3.12 or later and there is none here")
    else:
        version, commands = environment
        messages = worker(commands / "python", "tests.benchmarks.search", str(commands), path=path)
        rows += collect(
            console, f"three-preemption bug beside frontrun and interleave-test, Python {version}", messages
        )
    messages = worker(interpreters.running(), "tests.benchmarks.search", path=path)
    rows += collect(console, f"three-preemption bug, Python {platform.python_version()}", messages)
    return rows, notes


def histories(console: Console) -> Part:
    """Histories and traces: calls and events a second, beside detangle and simloom."""
    rows: list[Row] = []
    notes = []
    path = [ROOT, ROOT / "impl", ROOT / "model", ROOT / "tests" / "conformance"]
    environment = interpreters.history_environment(interpreters.found())
    if environment is None:
        notes.append("detangle, simloom: not measured; they need Python 3.12 or later and there is none here")
    else:
        version, python = environment
        messages = worker(python, "tests.benchmarks.histories", "peers", path=path)
        rows += collect(console, f"histories beside detangle and simloom, Python {version}", messages)
    messages = worker(interpreters.running(), "tests.benchmarks.histories", path=path)
    rows += collect(console, f"histories and traces, Python {platform.python_version()}", messages)
    return rows, notes


PARTS = {"explorers": explorers, "calls": calls, "schedules": schedules, "search": search, "histories": histories}


def medians_table(rows: Iterable[Row]) -> Table:
    table = Table(title="Medians", title_justify="left")
    for column in ("comparison", "candidate", "Python", "median", "unit", "spread", "rounds", "states"):
        table.add_column(column, justify="left" if column in {"comparison", "candidate", "unit"} else "right")
    for row in rows:
        figures = (f"{row.median:,.0f}", row.unit, f"{row.spread:.0%}", str(len(row.values)))
        states = "" if row.states is None else f"{row.states:,}"
        table.add_row(row.what, row.candidate, row.interpreter, *figures, states)
    return table


def ratios_table(found: Iterable[Ratio]) -> Table:
    table = Table(title="How many times better ours is", title_justify="left")
    for column in ("comparison", "ours", "beside", "Python", "ratio", "wanted", ""):
        table.add_column(column, justify="right" if column in {"Python", "ratio", "wanted"} else "left")
    for entry in found:
        wanted = "" if entry.wanted is None else f">= {entry.wanted:g}"
        verdict = {None: "", True: "met", False: "[red]NOT MET[/red]"}[entry.met]
        row = (entry.what, entry.ours, entry.peer, entry.interpreter, f"{entry.ratio:.2f}", wanted, verdict)
        table.add_row(*row)
    return table


def main() -> int:
    """Exit code 0: every wanted ratio is met; 1: one is not; 2: something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Ratios against named peers.")
    parser.add_argument("parts", nargs="*", help=f"what to measure, of {', '.join(PARTS)}; everything unless said")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in chosen if part not in PARTS]:
        parser.error(f"expected some of {', '.join(PARTS)}, got {', '.join(unknown)}")
    console = Console(width=None if sys.stdout.isatty() else 140)
    rows: list[Row] = []
    notes: list[str] = []
    for part in chosen:
        more, remarks = PARTS[part](console)
        rows += more
        notes += remarks
    found = list(ratios(rows))
    console.print(medians_table(rows), ratios_table(found))
    for note in notes:
        console.print(f"note: {note}", highlight=False)
    result = {
        "rows": [row.to_json() for row in rows],
        "ratios": [entry.to_json() for entry in found],
        "notes": notes,
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    console.print(f"written: {OUT.relative_to(ROOT)}", highlight=False)
    if any(entry.met is False for entry in found):
        return 1
    return 2 if notes else 0


if __name__ == "__main__":
    sys.exit(main())
