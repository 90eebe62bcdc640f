"""What is said to be independent is asked to commute; a variable that the engine does not see is found by that."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from quiesce_conformance.schedules import Cell, Chooser, Engine, Execution, Spawner
from quiesce_conformance.schedules.independence import Hidden, hidden_dependences
from quiesce_conformance.schedules.strategies import Walk
from tests.schedules.litmus import program, random_code, run
from tests.schedules.stale_epoch import run_confirmed


def found(run_it: Callable[[Chooser], Execution], walks: int) -> list[Hidden]:
    strategy = Walk(seed=1, schedules=walks)
    part = strategy.frontier().take(1)
    assert part is not None
    explorer = strategy.explorer(part)
    result: list[Hidden] = []
    while (chooser := explorer.next()) is not None:
        execution = run_it(chooser)
        explorer.learn(execution)
        result += hidden_dependences(run_it, execution)
    return result


def test_a_variable_that_the_engine_does_not_see_is_named_by_the_steps_around_it() -> None:
    engine = Engine()

    def scenario(spawner: Spawner) -> None:
        left, right, extra = (Cell(engine, 0, name) for name in ("left", "right", "extra"))
        hidden: list[int] = []

        def write() -> None:
            left.set(1)
            hidden.append(1)  # in the same step, and nobody is told

        def read() -> None:
            right.get()
            if hidden:
                extra.get()

        spawner.thread("a", write)
        spawner.thread("b", read)

    pairs = {(h.first.op.object, h.second.op.object) for h in found(partial(engine.run, scenario), 20)}
    assert ("left", "right") in pairs
    assert pairs <= {("left", "right"), ("right", "left")}


def test_the_message_says_which_steps_and_what_differs() -> None:
    engine = Engine()

    def scenario(spawner: Spawner) -> None:
        left, right, extra = (Cell(engine, 0, name) for name in ("left", "right", "extra"))
        hidden: list[int] = []

        def write() -> None:
            left.set(1)
            hidden.append(1)

        def read() -> None:
            right.get()
            if hidden:
                extra.get()

        spawner.thread("a", write)
        spawner.thread("b", read)

    texts = [str(h) for h in found(partial(engine.run, scenario), 20)]
    assert any("a: set (left) and b: get (right) are said to be independent" in text for text in texts)


def test_where_everything_goes_through_the_engine_nothing_is_found() -> None:
    assert not found(run_confirmed, 30)
    for seed in range(60):
        body = program(random_code(Random(seed)))
        assert not found(partial(run, body), 3)
