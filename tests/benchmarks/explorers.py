"""Worker: states per second of the explorers.  Prints JSON objects, one a line.

    python -m tests.benchmarks.explorers small       ours beside minicheck and, on Python 3.12 or later, musil
    python -m tests.benchmarks.explorers algorithm   the algorithm model, generated code beside the plain run

Seconds are processor time: every candidate is one thread, and a busy machine must not decide.  What a candidate does
once per search (ours reads the model and generates code) is counted.  Every candidate of `small` must reach the same
number of states, or there is no comparison.
"""

from __future__ import annotations

import importlib.util
import json
import platform
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


def report(what: str, figures: dict[str, list[float]], states: dict[str, int]) -> None:
    for name, values in figures.items():
        row = Row(what, name, VERSION, values, "states/s", states[name])
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


if __name__ == "__main__":
    {"small": small, "algorithm": algorithm}[sys.argv[1]]()
    say(f"{sys.argv[1]}: done, {ROUNDS} rounds or more each")
