"""Mutant times engine, as `specs/kill-matrix.json`, which the docs show.

    python -m tests.schedules.mutants             all of it; some minutes on two processors
    python -m tests.schedules.mutants NAME ...    these mutants only, to look at; nothing is written

The file carries a digest of what it is about: the kernel, the model, the mutants.  A test compares it, and looks for
what must not be: a mutant that nothing kills, a kill for another rule than was said, a control that died.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from quiesce_conformance.schedules import Engine
from quiesce_model.export.digest import digest_of
from tests.schedules.mutants import MUTANTS, Mutant
from tests.schedules.mutants.engines import ENGINES
from tests.schedules.mutants.kill import Cell, hunt, scenarios_of
from tests.schedules.mutants.onmodel import SOLVER_SECONDS, explored, proved

__all__ = ["ALL", "FILE", "control_row", "digest", "findings", "matrix", "mutant_row", "write"]

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "specs" / "kill-matrix.json"
ALL = ("explorer", "prover", *ENGINES)
ABOUT = {
    "explorer": "every state of the counterpart's scope; the catalogue of known-bad protocols says claim and length",
    "prover": f"what the inductive argument needs of the counterpart alone; z3, {SOLVER_SECONDS:g} s for each question",
}
SUBSUMES = {"DPOR": tuple(name for name in ENGINES if name != "DPOR")}
"""Whoever runs one schedule of every trace, to the end, has to find what any other one finds in the same scenarios."""
Row = dict[str, Any]


def digest(root: Path = ROOT) -> str:
    """Sixteen characters that say what a matrix was made from: the kernel, the algorithm's model, the mutants."""
    package = root / "model" / "quiesce_model"
    folders = [root / "impl/quiesce/_kernel", root / "tests/schedules/mutants", package / "algorithm"]
    files = [
        *(p for folder in (*folders, package / "known_bad") for p in folder.rglob("*.py")),
        package / "vocabulary.py",
    ]
    return digest_of(sorted((p.relative_to(root).as_posix(), p) for p in files))


def mutant_row(mutant: Mutant) -> Row:
    """One row: what every engine makes of the mutant."""
    cells = {"explorer": explored(mutant), "prover": proved(mutant)}
    with Engine() as engine, scenarios_of(mutant, mutant.scenarios) as scenarios:
        for name, runs in ENGINES.items():
            cells[name] = hunt(scenarios, runs.search, mutant.breaks, engine)
    killers = [name for name, cell in cells.items() if cell.outcome == "killed"]
    row: Row = {
        "name": mutant.name,
        "story": mutant.story,
        "breaks": list(mutant.breaks),
        "scenarios": list(mutant.scenarios),
        "model": mutant.model,
        "engines": {name: _shown(cell) for name, cell in cells.items()},
        "killed_by": killers,
        "only": killers[0] if len(killers) == 1 else None,
    }
    if mutant.model is None:
        row["why_no_model"] = mutant.why_no_model
    return row


def control_row(scenario: str) -> Row:
    """The kernel as it is, through the same engines, with the same budgets."""
    cells: dict[str, Cell] = {}
    with Engine() as engine, scenarios_of(None, (scenario,)) as scenarios:
        for name, runs in ENGINES.items():
            cells[name] = hunt(scenarios, runs.search, (), engine)
    return {"scenario": scenario, "engines": {name: _shown(cell) for name, cell in cells.items()}}


def _shown(cell: Cell) -> Row:
    """Without what says nothing here; seconds to the hundredth."""
    row = {k: v for k, v in asdict(cell).items() if v not in ("", (), 0, False)}
    if cell.scenario:
        row["schedule"] = cell.schedule  # empty where nobody has to be preempted
    row["seconds"] = round(cell.seconds, 2)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}


def matrix(
    workers: int = 2, progress: Callable[[str], object] = lambda _: None, mutants: Iterable[Mutant] = MUTANTS
) -> dict[str, Any]:
    """Make all of it, in processes of their own."""
    chosen = list(mutants)
    scenarios = sorted({name for mutant in chosen for name in mutant.scenarios})
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        control_jobs = [pool.submit(control_row, name) for name in scenarios]
        jobs = [pool.submit(mutant_row, mutant) for mutant in chosen]
        controls, rows = [], []
        for name, job in zip(scenarios, control_jobs, strict=True):
            controls.append(job.result())
            progress(f"control {name}: {_line(controls[-1])}")
        for mutant, job in zip(chosen, jobs, strict=True):
            rows.append(job.result())
            progress(f"{mutant.name}: {_line(rows[-1])}")
    return {
        "digest": digest(),
        "engines": {**ABOUT, **{name: runs.about for name, runs in ENGINES.items()}},
        "summary": summary(rows),
        "mutants": rows,
        "control": controls,
    }


def _line(row: Row) -> str:
    def word(cell: Mapping[str, Any]) -> str:
        return f"{cell['outcome']} {'/'.join(cell.get('rules', ()))} {cell.get('schedules', '')}".strip()

    return "; ".join(f"{name} {word(cell)}" for name, cell in row["engines"].items())


def summary(rows: Iterable[Row]) -> dict[str, Any]:
    """How many each engine killed, and which mutants only one did."""
    all_ = list(rows)

    def count(engine: str, outcome: str) -> int:
        return sum(row["engines"][engine]["outcome"] == outcome for row in all_)

    return {
        "mutants": len(all_),
        "killed": sum(bool(row["killed_by"]) for row in all_),
        "killed_by": {name: count(name, "killed") for name in ALL},
        "not_applicable": {name: n for name in ALL if (n := count(name, "not applicable"))},
        "only_one": {row["name"]: row["only"] for row in all_ if row["only"]},
    }


def findings(made: Mapping[str, Any]) -> list[str]:
    """What must not be in a matrix."""
    found: list[str] = []
    for row in made["mutants"]:
        if not row["killed_by"]:
            found.append(f"{row['name']}: nothing kills it")
        for name, cell in row["engines"].items():
            if cell["outcome"] == "wrong":
                rules = ", ".join(cell.get("rules", ())) or "no rule"
                found.append(f"{row['name']}: {name} fails for {rules}, not for {row['breaks']}: {cell.get('why')}")
            if cell["outcome"] == "survived" and cell.get("exhausted") and name in SUBSUMES:
                found += [
                    f"{row['name']}: {name} says that it ran everything and found nothing; {other} killed it"
                    for other in SUBSUMES[name]
                    if row["engines"].get(other, {}).get("outcome") == "killed"
                ]
            if cell["outcome"] == "killed" and not set(cell["rules"]) <= set(row["breaks"]):
                found.append(f"{row['name']}: {name} names {cell['rules']}, not {row['breaks']}")
    for row in made["control"]:
        for name, cell in row["engines"].items():
            if cell["outcome"] != "survived":
                found.append(f"control {row['scenario']}: {name} says {cell['outcome']}: {cell.get('why')}")
    return found


def write(made: Mapping[str, Any], file: Path = FILE) -> None:
    """Write the file."""
    file.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
