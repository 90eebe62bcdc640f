"""Worker: how long each strategy takes to the bug that needs three preemptions.  Prints JSON objects, one a line.

    PYTHONPATH=.:tests/conformance python -m tests.benchmarks.search [FOLDER WITH THE PEERS' COMMANDS]

The program is `tests/schedules/stale_epoch.py`, on real threads.  Each round of a strategy that draws has a seed of its
own, so its figures say how lucky one can be; the others do the same every time.  A strategy that does not find the bug
within its bound has no figure and is an error.  Milliseconds are processor time, the making of the strategy and of the
report included; the engine and its threads are there already, as they are when a suite runs.

A peer runs in a process of its own, on the same program with plain attributes, and its figure leaves out what it takes
to import it.  One that does not find the bug is not shown.

The other rows are schedules a second, three threads that write the same cell ten times each: what a strategy costs.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from quiesce_conformance.schedules import Cell, Engine, Spawner
from quiesce_conformance.schedules.report import SearchReport, SearchVerdict
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct, Strategy, Walk
from tests.benchmarks.measure import Row, in_turns
from tests.schedules.stale_epoch import stale_epoch

TIME = "time to the three-preemption bug"
SCHEDULES = "schedules to the three-preemption bug"
RATES = "3 threads x 10 points, by strategy"
OURS = "quiesce_conformance"
ROUNDS = 5
EACH = 600


def bug(find: Callable[[int], SearchReport], schedules: list[float]) -> Callable[[], float]:
    """Look for the bug, with the next seed; give milliseconds, and take down the schedules."""
    seeds = count()

    def once() -> float:
        begin = time.process_time()
        report = find(next(seeds))
        end = time.process_time()
        if report.verdict is not SearchVerdict.BROKEN:
            raise RuntimeError(f"expected {report.strategy} to find the bug, got: {report}")
        schedules.append(report.schedules)
        return (end - begin) * 1e3

    return once


def peer(folder: Path, schedules: list[float], *what: str, seeded: bool = False) -> Callable[[], float]:
    """Let a peer look for it."""
    seeds = count()
    python = [str(folder / "python")]
    command = [str(folder / "frontrun"), *python] if what[0] == "frontrun" else python

    def once() -> float:
        how = [*what, str(next(seeds))] if seeded else what
        module = [*command, "-m", "tests.benchmarks.search_peers", *how]
        run = subprocess.run(module, capture_output=True, text=True, check=True)
        milliseconds, found = map(float, run.stdout.split()[-2:])
        schedules.append(found)
        return milliseconds

    return once


def writers(spawner: Spawner) -> None:
    cell = Cell(spawner.engine, 0)

    def write() -> None:
        for _ in range(10):
            cell.set(1)

    for name in "abc":
        spawner.thread(name, write)


def rate(engine: Engine, strategy: Strategy) -> float:
    begin = time.process_time()
    report = search(partial(engine.run, writers), strategy, max_schedules=EACH)
    assert report.schedules == EACH, "expected more schedules than are measured"
    return EACH / (time.process_time() - begin)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    version = ".".join(platform.python_version_tuple()[:2])

    def progress(text: str) -> None:
        print(json.dumps({"progress": text}), flush=True)

    def show(what: str, name: str, values: list[float], unit: str) -> None:
        print(json.dumps({"row": Row(what, name, version, values, unit).to_json()}), flush=True)

    with Engine() as engine:
        run = partial(engine.run, stale_epoch(engine))
        found: dict[str, list[float]] = {}
        finders: dict[str, Callable[[int], SearchReport]] = {
            OURS: lambda _: search(run, Dpor()),
            "exhaustive, 3 preemptions": lambda _: search(run, Exhaustive(3)),
            "exhaustive, no bound": lambda _: search(run, Exhaustive()),
            "PCT, depth 5": lambda seed: search(run, Pct(depth=5, seed=seed, schedules=100_000)),
            "random walk": lambda seed: search(run, Walk(seed=seed, schedules=100_000)),
        }
        if importlib.util.find_spec("hypothesis") is not None:
            from quiesce_conformance.schedules.strategies.drawn import search_drawn

            finders["Hypothesis, shrunk"] = lambda seed: search_drawn(run, seed=seed, examples=20_000, wait=13)
        candidates = {name: bug(find, found.setdefault(name, [])) for name, find in finders.items()}
        if folder is not None:
            candidates["frontrun, DPOR"] = peer(folder, found.setdefault("frontrun, DPOR", []), "frontrun")
            name = "interleave-test, PCT"
            candidates[name] = peer(folder, found.setdefault(name, []), "interleave", seeded=True)
        for name, values in in_turns(candidates, ROUNDS, progress).items():
            if all(found[name]):
                show(TIME, name, values, "ms")
                show(SCHEDULES, name, found[name][1:], "schedules")
        strategies: dict[str, Strategy] = {
            "exhaustive, 2 preemptions": Exhaustive(2),
            "DPOR": Dpor(),
            "PCT, depth 5": Pct(depth=5, schedules=EACH + 1),
            "random walk": Walk(schedules=EACH + 1),
        }
        rates = {name: partial(rate, engine, strategy) for name, strategy in strategies.items()}
        for name, values in in_turns(rates, progress=progress).items():
            show(RATES, name, values, "schedules/s")


if __name__ == "__main__":
    main()
