"""A failing schedule is shrunk to the fewest context switches, the same way every time, within its bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from quiesce_conformance.schedules import (
    Cell,
    Check,
    Chooser,
    Deadlock,
    Engine,
    Execution,
    Failure,
    Scenario,
    Spawner,
    replay,
    shrink,
)
from tests.schedules.engine_support import PATIENCE, Stay, Walk, every_schedule
from tests.schedules.replay_programs import PROGRAMS, crossed, lost_update
from tests.schedules.test_replay_text import failing


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(patience=PATIENCE) as engine:
        yield engine


SHRUNK = {
    "lost_update": ("a: get | c: ..", 3),
    "stale_epoch": ("reader: get | writer: get | reader: get | writer: ..", 4),
    "crossed": (None, 2),
    "impatient": ("a: event.timeout", 1),
    "struck": ("a: interrupt@set*4", 1),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_shrinks_to_the_fewest_switches(engine: Engine, name: str) -> None:
    scenario = PROGRAMS[name]
    text, switches = SHRUNK[name]
    execution = failing(engine, scenario)
    shrunk = shrink(lambda chooser: engine.run(scenario, chooser), execution)
    assert shrunk.finished
    assert shrunk.execution.switches() == switches <= execution.switches()
    assert type(shrunk.execution.ending) is type(execution.ending)
    assert text is None or shrunk.text == text
    for _ in range(10):
        assert replay(engine, scenario, shrunk.text).choices == shrunk.execution.choices
    again = shrink(lambda chooser: engine.run(scenario, chooser), execution)
    assert (again.text, again.runs) == (shrunk.text, shrunk.runs)


def test_that_there_are_none_with_fewer_is_true(engine: Engine) -> None:
    def small(spawner: Spawner) -> Check:
        cell, other = Cell(spawner.engine, 0), Cell(spawner.engine, 0)

        def add() -> None:
            cell.set(cell.get() + 1)
            other.set(cell.get())

        spawner.thread("a", add)
        spawner.thread("b", add)

        def check() -> None:
            if (cell.get(), other.get()) == (1, 1):
                raise AssertionError

        return check

    failures = [e for e in every_schedule(engine, small) if e.failed]
    for execution in failures[:: max(1, len(failures) // 20)]:
        shrunk = shrink(lambda chooser: engine.run(small, chooser), execution)
        assert shrunk.fewest
        assert shrunk.execution.switches() == min(e.switches() for e in failures)


def test_it_stays_with_the_failure_that_it_was_given(engine: Engine) -> None:
    def two_faults(spawner: Spawner) -> None:
        """A deadlock, and an error that takes no switches at all: thread d before thread e."""
        crossed(spawner)
        full: list[int] = []
        spawner.thread("d", full.append, 1)
        spawner.thread("e", full.pop)

    executions = (engine.run(two_faults, Walk(seed)) for seed in range(20_000))
    deadlock = next(e for e in executions if isinstance(e.ending, Deadlock))
    shrunk = shrink(lambda chooser: engine.run(two_faults, chooser), deadlock)
    assert isinstance(shrunk.execution.ending, Deadlock)


def test_the_judge_can_be_another_one(engine: Engine) -> None:
    execution = failing(engine, lost_update)

    def two_lost(each: Execution) -> bool:
        return each.failed and sum(c.op.point == "get" for c in each.choices[:16]) == 3

    lost_two = next(e for seed in range(10_000) if two_lost(e := engine.run(lost_update, Walk(seed))))
    shrunk = shrink(lambda chooser: engine.run(lost_update, chooser), lost_two, same=two_lost)
    assert two_lost(shrunk.execution)
    assert shrunk.execution.switches() >= shrink(lambda c: engine.run(lost_update, c), execution).execution.switches()


def test_the_bounds_hold_and_are_told(engine: Engine) -> None:
    execution = failing(engine, lost_update)
    told: list[str] = []
    shrunk = shrink(lambda chooser: engine.run(lost_update, chooser), execution, max_runs=5, progress=told.append)
    assert shrunk.runs == 5
    assert not shrunk.finished
    assert not shrunk.fewest
    assert shrunk.execution.failed
    assert told
    hasty = shrink(lambda chooser: engine.run(lost_update, chooser), execution, max_seconds=1e-9)
    assert (hasty.runs, hasty.finished) == (1, False)
    assert hasty.execution.failed


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, "1", None])
def test_bounds_that_are_none_are_refused(engine: Engine, bad: object) -> None:
    execution = failing(engine, crossed)
    with pytest.raises(ValueError, match="max_seconds: expected"):
        shrink(lambda chooser: engine.run(crossed, chooser), execution, max_seconds=bad)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="max_runs: expected"):
        shrink(lambda chooser: engine.run(crossed, chooser), execution, max_runs=bad)  # type: ignore[arg-type]  # that is the point


def test_an_execution_that_did_not_fail_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="one that ended so: finished"):
        shrink(lambda chooser: engine.run(crossed, chooser), engine.run(crossed, Stay()))


def test_a_failure_that_something_else_decides_is_refused(engine: Engine) -> None:
    left = [1]

    def once(spawner: Spawner) -> None:
        spawner.thread("a", left.pop if left else int)
        if left:
            spawner.thread("b", [].pop)

    scenario: Scenario = once

    def run(chooser: Chooser) -> Execution:
        return engine.run(scenario, chooser)

    execution = run(Stay())
    assert isinstance(execution.ending, Failure)
    with pytest.raises(ValueError, match="to fail again, got finished"):
        shrink(run, execution)
