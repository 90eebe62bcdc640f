"""The closed forms once more, on real threads and the engine's own objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from quiesce_conformance.schedules import Cell, Deadlock, Engine, Event, Lock, Pool, Spawner
from quiesce_conformance.schedules.report import SearchReport, SearchVerdict
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Strategy

Build = Callable[[Engine, list[str]], Callable[[str], None]]
"""Makes the objects; gives what each thread does, by its name, writing what happens to the log."""


def outcomes(build: Build, threads: int, strategy: Strategy) -> tuple[SearchReport, set[str]]:
    """Search; collect what every schedule left in the log."""
    engine = Engine()
    logs: set[str] = set()

    def scenario(spawner: Spawner) -> Callable[[], None]:
        log: list[str] = []
        work = build(engine, log)
        for name in "abcd"[:threads]:
            spawner.thread(name, work, name)
        return lambda: logs.add("".join(log))

    with engine:
        report = search(partial(engine.run, scenario), strategy)
    assert (report.verdict, report.exhausted, report.pruned) == (SearchVerdict.HOLDS, True, 0)
    return report, logs


def sections(times: int) -> Build:
    def build(engine: Engine, log: list[str]) -> Callable[[str], None]:
        lock = Lock(engine)

        def work(name: str) -> None:
            for _ in range(times):
                with lock:
                    log.append(name)

        return work

    return build


def writes(times: int) -> Build:
    def build(engine: Engine, log: list[str]) -> Callable[[str], None]:
        cell = Cell(engine, "")

        def work(name: str) -> None:
            for _ in range(times):
                cell.set(name)
                log.append(name)

        return work

    return build


@pytest.mark.parametrize(("threads", "times", "expected"), [(3, 1, 6), (4, 1, 24), (2, 2, 6), (3, 2, 90)])
@pytest.mark.parametrize("what", [sections, writes])
def test_every_order_is_tried_once(what: Callable[[int], Build], threads: int, times: int, expected: int) -> None:
    report, logs = outcomes(what(times), threads, Dpor())
    assert report.schedules == len(logs) == expected


@pytest.mark.parametrize("what", [sections, writes])
def test_the_outcomes_are_those_of_every_schedule(what: Callable[[int], Build]) -> None:
    every, all_logs = outcomes(what(1), 3, Exhaustive())
    reduced, logs = outcomes(what(1), 3, Dpor())
    assert logs == all_logs
    assert reduced.schedules == 6 < every.schedules


def test_reading_does_not_count_as_a_conflict() -> None:
    def build(engine: Engine, log: list[str]) -> Callable[[str], None]:
        cell, pool = Cell(engine, 0), Pool[int](engine, [1, 2])

        def work(name: str) -> None:
            log.append(str(cell.get() + len(pool.copy())))

        return work

    report, logs = outcomes(build, 4, Dpor())
    assert (report.schedules, logs) == (1, {"2222"})


def test_a_timeout_comes_before_and_after_the_event() -> None:
    def build(engine: Engine, log: list[str]) -> Callable[[str], None]:
        event = Event(engine)

        def work(name: str) -> None:
            if name == "a":
                log.append(str(event.wait(1.0)))
            else:
                event.set()

        return work

    report, logs = outcomes(build, 2, Dpor())
    assert (report.schedules, logs) == (2, {"True", "False"})


@pytest.mark.parametrize("interrupts", [0, 1])
def test_a_deadlock_is_found(interrupts: int) -> None:
    """It is one as well if Ctrl-C would end it."""
    engine = Engine()

    def scenario(spawner: Spawner) -> None:
        locks = [Lock(engine, "left"), Lock(engine, "right")]

        def work(first: Lock, second: Lock) -> None:
            with first, second:
                pass

        spawner.thread("a", work, *locks, interrupts=interrupts)
        spawner.thread("b", work, *reversed(locks))

    report = search(partial(engine.run, scenario), Dpor())
    assert report.verdict is SearchVerdict.BROKEN
    assert report.failure is not None
    assert isinstance(report.failure.ending, Deadlock)
    assert report.schedules <= 3 + 6 * interrupts
