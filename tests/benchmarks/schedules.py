"""Worker: schedules per second of processor time, 3 threads x 10 points.  Prints JSON objects, one a line.

    PYTHONPATH=tests/conformance:impl python -m tests.benchmarks.schedules [FOLDER WITH THE PEERS' COMMANDS]

Every tool runs the same test: three threads write the same attribute ten times each, in a loop.  Ours parks before each
write, and before the first line; interleave-test before every bytecode, which is its default, or before every line;
frontrun at every bytecode that touches the attribute.  Nothing is wrong with the test, so nobody stops.  The systematic
searches allow two preemptions, as both peers do unless told otherwise; the depth-first row is without a bound.

The peers run in processes of their own, because frontrun replaces the locks of the one that it is in.  Seconds are
processor time, of all threads: a busy machine must not decide.

The other rows show what the seam costs in production: a handle beside the same lines written out without a seam, and
the same handle after schedules were run in the process.
"""

from __future__ import annotations

import json
import platform
import random
import subprocess
import sys
import time
import timeit
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from quiesce import Candidate, HotReloadablePlugin, Manifest
from quiesce_conformance.schedules import Cell, Choice, Engine, Execution, Spawner
from tests.benchmarks.measure import Row, in_turns

EXHAUSTIVE = "3 threads x 10 points, 2 preemptions"
UNBOUNDED = "3 threads x 10 points, unbounded"
RANDOM = "3 threads x 10 points, random"
PRODUCTION = "the seam in production"
SCHEDULES = 1_000
CALLS = 50_000
PEERS = {
    EXHAUSTIVE: (
        ("frontrun, DPOR", "frontrun", "dpor"),
        ("interleave-test, DFS", "interleave", "dfs", "opcode"),
        ("interleave-test, DFS, by line", "interleave", "dfs", "line"),
    ),
    RANDOM: (
        ("frontrun, random", "frontrun", "random"),
        ("interleave-test, random", "interleave", "random", "opcode"),
        ("interleave-test, random, by line", "interleave", "random", "line"),
    ),
}


def writers(spawner: Spawner) -> None:
    cell = Cell(spawner.engine, 0)

    def write() -> None:
        put = cell.set
        for _ in range(10):
            put(1)

    for name in "abc":
        spawner.thread(name, write)


class Walk:
    """Uniformly at random."""

    def __init__(self, dice: Callable[[], float]) -> None:
        self.dice = dice

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        return int(self.dice() * len(choices))


class Bounded:
    """Every schedule with at most two preemptions: a prefix that was passed by, and then nobody is preempted."""

    def __init__(self) -> None:
        self.open: list[Iterator[tuple[list[int], int]]] = [iter([([], 0)])]

    def run(self, engine: Engine) -> None:
        while (following := next(self.open[-1], None)) is None:
            self.open.pop()
            if not self.open:  # that was every one: once more
                self.open.append(iter([([], 0)]))
        prefix, preemptions = following
        stay = Stay(prefix)
        self.open.append(passed_by(engine.run(writers, stay), stay.taken, len(prefix), preemptions))


def passed_by(execution: Execution, taken: list[int], length: int, preemptions: int) -> Iterator[tuple[list[int], int]]:
    """Prefixes that differ from an execution after so many steps, with their preemptions."""
    choices = execution.choices
    for at in range(length, len(taken)):
        enabled = execution.enabled[at]
        if len(enabled) > 1:
            mine = taken[at]
            cost = preemptions + (at > 0 and enabled[mine][0] == choices[at - 1][0])
            if cost <= 2:
                for i in range(len(enabled)):
                    if i != mine:
                        yield [*taken[:at], i], cost


class Stay:
    """Those indices, then whoever went last as long as it can."""

    def __init__(self, prefix: Sequence[int]) -> None:
        self.prefix, self.length, self.taken, self.here = prefix, len(prefix), list[int](), 0

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        taken = self.taken
        if len(taken) < self.length:
            self.here = index = self.prefix[len(taken)]
        else:
            index = self.here
            if index >= len(choices) or choices[index][0] != last:
                self.here = index = next((i for i, choice in enumerate(choices) if choice[0] == last), 0)
        taken.append(index)
        return index


class Prefix:
    """Those indices, then the first."""

    def __init__(self, indices: Sequence[int]) -> None:
        self.indices, self.length, self.widths = indices, len(indices), list[int]()

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        widths = self.widths
        at = len(widths)
        widths.append(len(choices))
        return self.indices[at] if at < self.length else 0


class DepthFirst:
    """Every schedule, one after the other, as far as it gets."""

    def __init__(self) -> None:
        self.indices: list[int] = []

    def run(self, engine: Engine) -> None:
        chooser = Prefix(self.indices)
        engine.run(writers, chooser)
        indices, widths = self.indices, chooser.widths
        indices += [0] * (len(widths) - len(indices))
        while indices and indices[-1] + 1 >= widths[len(indices) - 1]:
            indices.pop()
        if indices:
            indices[-1] += 1


def rate(run: Callable[[], object], times: int = SCHEDULES) -> float:
    begin = time.process_time()
    for _ in range(times):
        run()
    return times / (time.process_time() - begin)


def peer(folder: Path, *what: str) -> float:
    """The rate of a peer, in a process of its own."""
    python = [str(folder / "python")]
    command = [str(folder / "frontrun"), *python] if what[0] == "frontrun" else python
    run = subprocess.run(
        [*command, "-m", "tests.benchmarks.schedule_peers", *what], capture_output=True, text=True, check=True
    )
    return float(run.stdout.split()[-1])


class Box:
    """A pointer without a seam."""

    __slots__ = ("record",)
    record: Any


class Bare:
    """A record without a seam."""

    __slots__ = ("free", "functions")
    free: Any
    functions: dict[str, Callable[..., Any]]


def written_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """The fast path of a handle, line by line, over plain objects."""
    pointer, absent = Box(), object()
    pointer.record = Bare()
    pointer.record.free, pointer.record.functions = deque([object()]), {"look_up": function}

    def handle(a: Any = absent, /, *rest: Any, **kwargs: Any) -> Any:
        record = pointer.record
        try:
            try:
                target = record.functions["look_up"]
                slot = record.free.pop()
            except LookupError:
                slot = None
            else:
                if pointer.record is record:
                    if kwargs:
                        result = target(*rest, **kwargs) if a is absent else target(a, *rest, **kwargs)
                    elif rest:
                        result = target(a, rest[0]) if len(rest) == 1 else target(a, *rest)
                    elif a is absent:
                        result = target()
                    else:
                        result = target(a)
                    slot = record.free.append(slot)
                    if pointer.record is record:
                        return result
        except BaseException:
            record.free.append(slot)
            raise
        raise LookupError

    return handle


class Index:
    def look_up(self, key: int) -> int:
        return key


def handle() -> Callable[..., Any]:
    return HotReloadablePlugin(Candidate(Manifest("index", "1.0.0", ("look_up",)), Index)).function("look_up")


def price(function: Callable[..., Any]) -> Callable[[], float]:
    clock = timeit.Timer("f(1)", timer=time.process_time, globals={"f": function})
    return lambda: clock.timeit(CALLS) / CALLS * 1e9


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    version = ".".join(platform.python_version_tuple()[:2])

    def progress(text: str) -> None:
        print(json.dumps({"progress": text}), flush=True)

    def show(what: str, figures: dict[str, list[float]], unit: str) -> None:
        for name, values in figures.items():
            print(json.dumps({"row": Row(what, name, version, values, unit).to_json()}), flush=True)

    before = handle()
    with Engine() as engine:
        bounded, search, dice = Bounded(), DepthFirst(), random.Random(1).random
        ours: dict[str, Callable[[], object]] = {
            EXHAUSTIVE: lambda: bounded.run(engine),
            UNBOUNDED: lambda: search.run(engine),
            RANDOM: lambda: engine.run(writers, Walk(dice)),
        }
        for what, run in ours.items():
            rates: dict[str, Callable[[], float]] = {"quiesce_conformance": partial(rate, run)}
            if folder is not None:
                rates |= {name: partial(peer, folder, *of) for name, *of in PEERS.get(what, ())}
            show(what, in_turns(rates, progress=progress), "schedules/s")
    prices = {
        "plugin.function handle": price(before),
        "the same lines without a seam": price(written_out(Index().look_up)),
        "a handle made after schedules were run": price(handle()),
    }
    show(PRODUCTION, in_turns(prices, 15, progress), "ns/call")


if __name__ == "__main__":
    main()
