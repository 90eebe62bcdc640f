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
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks import interpreters
from tests.benchmarks.interpreters import BUILD, ROOT, worker

OUT = BUILD.parent / "bench.json"
OURS, LOCK, PLAIN = "quiesce_model", "with threading.Lock()", "methods run as they are"

MINE = {OURS, "plugin.function handle", "plugin.call"}


@dataclass(frozen=True)
class Ratio:
    """One of our medians beside a peer's, on one interpreter."""

    what: str
    ours: str
    peer: str
    interpreter: str
    ratio: float
    """How many times better ours is: rates divided, or times divided the other way round."""
    wanted: float | None
    """The least that it should be, where somebody said so."""

    @property
    def met(self) -> bool | None:
        return None if self.wanted is None else self.ratio >= self.wanted


WANTED = {
    ("small protocol", "minicheck, idiomatic"): 5.0,
    ("small protocol", "musil, idiomatic"): 5.0,
    ("algorithm, 3 callers", PLAIN): 30.0,
    ("call", LOCK): 1.0,
}
RATES = {
    "algorithm, 3 callers": 150_000,
    "algorithm, 1.6 million states": 1_600_000 / 20,
}
"""The least states per second of processor time that our explorer is to reach, every claim judged, no symmetry."""


def run(console: Console, title: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Collect a worker's rows; show where it stands, on one line in a terminal and every so often in a pipe."""
    collected = []
    begin = time.monotonic()
    console.print(f"[bold]{title}[/bold]")
    with console.status(title) as status:
        for message in rows:
            if "progress" in message:
                status.update(f"{title}: {message['progress']} ({time.monotonic() - begin:.0f} s)")
            else:
                collected.append(message["row"])
    console.print(f"  done in {time.monotonic() - begin:.0f} s")
    return collected


def ratios(rows: list[dict[str, Any]]) -> list[Ratio]:
    """Ours beside every peer of the same comparison and interpreter."""
    found = []
    for mine in rows:
        what, interpreter = mine["what"], mine["interpreter"]
        if mine["candidate"] not in MINE:
            continue
        for peer in rows:
            same = peer["what"] == what and peer["interpreter"] == interpreter
            if not same or peer["candidate"] in {*MINE, "with plugin.lease()"}:
                continue
            faster = mine["unit"].endswith("/s")
            ratio = mine["value"] / peer["value"] if faster else peer["value"] / mine["value"]
            wanted = WANTED.get((what, peer["candidate"]))
            found.append(Ratio(what, mine["candidate"], peer["candidate"], interpreter, ratio, wanted))
        if what in RATES:
            bound = RATES[what]
            found.append(Ratio(what, OURS, f"{bound:,.0f} states/s", interpreter, mine["value"] / bound, 1.0))
    return found


def show(console: Console, rows: list[dict[str, Any]], found: list[Ratio]) -> None:
    medians = Table(title="Medians", title_justify="left")
    for column in ("comparison", "candidate", "Python", "median", "unit", "spread", "rounds", "states"):
        medians.add_column(column, justify="left" if column in {"comparison", "candidate", "unit"} else "right")
    for row in rows:
        states = "" if row["states"] is None else f"{row['states']:,}"
        medians.add_row(
            row["what"], row["candidate"], row["interpreter"], f"{row['value']:,.0f}", row["unit"],
            f"{row['spread']:.0%}", str(row["rounds"]), states,
        )  # fmt: skip
    console.print(medians)
    table = Table(title="Ratios: how many times better ours is", title_justify="left")
    for column in ("comparison", "ours", "beside", "Python", "ratio", "wanted", ""):
        table.add_column(column, justify="right" if column in {"Python", "ratio", "wanted"} else "left")
    for entry in found:
        wanted = "" if entry.wanted is None else f">= {entry.wanted:g}"
        verdict = {None: "", True: "met", False: "[red]NOT MET[/red]"}[entry.met]
        table.add_row(
            entry.what, entry.ours, entry.peer, entry.interpreter, f"{entry.ratio:.2f}", wanted, verdict
        )  # fmt: skip
    console.print(table)


def explorers(console: Console) -> tuple[list[dict[str, Any]], list[str]]:
    rows, notes = [], []
    here = [ROOT, ROOT / "model"]
    python = interpreters.found()
    mine = platform.python_version()
    rows += run(
        console,
        f"explorers on the small protocol, Python {mine}",
        worker(interpreters.running(), "tests.benchmarks.explorers", "small", path=here),
    )
    environment = interpreters.musil_environment(python)
    if environment is None:
        notes.append("musil: not measured; it needs Python 3.12 or later and there is none on this machine")
    else:
        version, path = environment
        rows += run(
            console,
            f"explorers on the small protocol, musil among them, Python {version}",
            worker(path, "tests.benchmarks.explorers", "small", path=here),
        )
    rows += run(
        console,
        f"explorer on the algorithm, Python {mine}",
        worker(interpreters.running(), "tests.benchmarks.explorers", "algorithm", path=here),
    )
    return rows, notes


def calls(console: Console) -> tuple[list[dict[str, Any]], list[str]]:
    rows, notes = [], []
    peers = interpreters.peers_anywhere()
    for version, path in interpreters.found().items():
        try:
            rows += run(
                console,
                f"guarded call, Python {version}",
                worker(path, "tests.benchmarks.calls", path=[ROOT, ROOT / "impl", peers]),
            )
        except RuntimeError as error:
            notes.append(f"calls on Python {version}: not measured; {error}")
    return rows, notes


PARTS = {"explorers": explorers, "calls": calls}


def main() -> int:
    """Exit code 0: every wanted ratio is met; 1: one is not, or something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"what to measure, of {', '.join(PARTS)}; everything unless said")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in chosen if part not in PARTS]:
        parser.error(f"expected some of {', '.join(PARTS)}, got {', '.join(unknown)}")
    console = Console(width=None if sys.stdout.isatty() else 140)
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for part in chosen:
        more, remarks = PARTS[part](console)
        rows += more
        notes += remarks
    found = ratios(rows)
    show(console, rows, found)
    for note in notes:
        console.print(f"[yellow]note[/yellow]: {note}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(
        json.dumps(
            {"rows": rows, "ratios": [{**vars(entry), "met": entry.met} for entry in found], "notes": notes}, indent=2
        )
        + "\n",
        encoding="utf-8",
    )
    console.print(f"written to {OUT.relative_to(ROOT)}")
    return 1 if notes or any(entry.met is False for entry in found) else 0


if __name__ == "__main__":
    sys.exit(main())
