"""Worker: states per second of the explorers.  Prints JSON objects, one a line.

    python -m tests.benchmarks.explorers small       ours beside minicheck and, on Python 3.12 or later, musil
    python -m tests.benchmarks.explorers algorithm   the algorithm model, generated code beside the plain run
    python -m tests.benchmarks.explorers outside     ours beside SPIN and TLC, where they are

Seconds are processor time: every candidate is one thread, and a busy machine must not decide.  What a candidate does
once per search (ours reads the model and generates code) is counted.  Every candidate of `small` must reach the same
number of states, or there is no comparison.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable

from tests.benchmarks.measure import ROUNDS, Row, in_turns

VERSION = ".".join(platform.python_version_tuple()[:2])


def say(text: str) -> None:
    print(json.dumps({"progress": text}), flush=True)


def rate(run: Callable[[], int], counts: set[int]) -> Callable[[], float]:
    def timed() -> float:
        begin = time.process_time()
        states = run()
        elapsed = time.process_time() - begin
        counts.add(states)
        return states / elapsed

    return timed


def report(what: str, figures: dict[str, list[float]], states: dict[str, int], unit: str = "states/s") -> None:
    for name, values in figures.items():
        row = Row(what, name, VERSION, values, unit, states[name])
        print(json.dumps({"row": row.to_json()}), flush=True)


def small() -> None:
    from tests.benchmarks import small_minicheck, small_ours

    runs: dict[str, Callable[[], int]] = {
        "quiesce_model": small_ours.explored,
        "minicheck, tuned": small_minicheck.tuned,
        "minicheck, idiomatic": small_minicheck.idiomatic,
    }
    if importlib.util.find_spec("musil") is not None:
        from tests.benchmarks import small_musil

        runs["musil, tuned"] = small_musil.tuned
        runs["musil, idiomatic"] = small_musil.idiomatic
    counts: set[int] = set()
    figures = in_turns({name: rate(run, counts) for name, run in runs.items()}, progress=say)
    if len(counts) != 1:
        raise SystemExit(f"expected equal state counts, got {sorted(counts)}: not the same transition system")
    (states,) = counts
    report("small protocol", figures, dict.fromkeys(runs, states))


def algorithm() -> None:
    from tests.benchmarks import algorithm as bench

    for what, runs, rounds in bench.comparisons():
        states: dict[str, set[int]] = {name: set() for name in runs}
        figures = in_turns({name: rate(run, states[name]) for name, run in runs.items()}, rounds, say)
        report(what, figures, {name: seen.pop() for name, seen in states.items()})
    what, states_wanted = bench.REDUCED
    taken: list[dict[str, float]] = []
    in_turns({bench.OURS: lambda: reduced(taken, states_wanted)}, 2, say)
    for unit in ("states/s", "bytes/state", "MB resident"):
        report(what, {bench.OURS: [one[unit] for one in taken[1:]]}, {bench.OURS: states_wanted}, unit)


def reduced(taken: list[dict[str, float]], states: int) -> float:
    """One exploration under symmetry, in a process of its own: memory is that of one run."""
    code = f"from tests.benchmarks.algorithm import reduced; reduced({states})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    one: dict[str, float] = json.loads(run.stdout)
    taken.append(one)
    return one["states/s"]


def outside() -> None:
    from tests.benchmarks import outside as bench

    for what, (model, scope) in bench.SYSTEMS.items():
        runs = bench.candidates(model, scope)
        counts: set[int] = set()

        def timed(run: Callable[[], tuple[int, float]], counts: set[int] = counts) -> Callable[[], float]:
            def measured() -> float:
                states, figure = run()
                counts.add(states)
                return figure

            return measured

        figures = in_turns({name: timed(run) for name, run in runs.items()}, bench.ROUNDS, say)
        if len(counts) != 1:
            raise SystemExit(f"{what}: expected equal state counts, got {sorted(counts)}: not the same system")
        report(what, figures, dict.fromkeys(runs, counts.pop()))
    for name, lacking in bench.missing().items():
        print(json.dumps({"note": f"{name}: skipped; not on this machine: {lacking}"}), flush=True)


if __name__ == "__main__":
    {"small": small, "algorithm": algorithm, "outside": outside}[sys.argv[1]]()
    say(f"{sys.argv[1]}: done, {ROUNDS} rounds or more each")
