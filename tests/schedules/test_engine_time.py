"""Time is virtual: it passes when the chooser says so, and nobody waits for it.  Interrupts are choices as well."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from quiesce_conformance.schedules import (
    Cell,
    Check,
    Deadlock,
    Engine,
    Event,
    Execution,
    Failure,
    Lock,
    Pool,
    Scenario,
    Spawner,
)
from tests.schedules.engine_support import PATIENCE, Script, Stay, every_schedule, points


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(patience=PATIENCE) as engine:
        yield engine


def waiting(seconds: float | None) -> Scenario:
    def scenario(spawner: Spawner) -> None:
        event = Event(spawner.engine)
        spawner.thread("a", event.wait, seconds)
        spawner.thread("b", event.set)

    return scenario


def outcomes(executions: Iterator[Execution]) -> set[tuple[object, float]]:
    return {(e.outcomes["a"].result, e.seconds) for e in executions if not e.failed}


def test_a_wait_is_either_set_or_times_out(engine: Engine) -> None:
    begin = time.monotonic()
    found = outcomes(every_schedule(engine, waiting(3600.0)))
    assert found == {(True, 0.0), (False, 3600.0)}
    assert time.monotonic() - begin < 600, "nobody waits for an hour"


def test_a_wait_without_a_timeout_does_not_time_out(engine: Engine) -> None:
    assert outcomes(every_schedule(engine, waiting(None))) == {(True, 0.0)}


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_wait_of_no_time_only_looks(engine: Engine, seconds: float) -> None:
    assert outcomes(every_schedule(engine, waiting(seconds))) == {
        (True, 0.0),
        (False, 0.0),
    }


def test_a_time_out_is_offered_only_while_the_event_is_not_set(engine: Engine) -> None:
    script = Script("a", "b")
    engine.run(waiting(5.0), script)
    assert [str(c) for c in script.seen[2]] == ["a: event.timeout", "b: event.set"]
    assert [str(c) for c in script.seen[3]] == ["a: event.wait"]


def test_time_never_goes_back(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        event, seen = Event(spawner.engine), list[float]()

        def work(seconds: float) -> None:
            event.wait(seconds)
            seen.append(spawner.engine.now)

        spawner.thread("a", work, 1.0)
        spawner.thread("b", work, 2.0)

        def check() -> None:
            assert seen == sorted(seen)
            assert seen[-1] in {2.0, 3.0}, "3: the second wait began when the first one's time was up"

        return check

    assert all(not e.failed for e in every_schedule(engine, scenario))


def test_an_event_that_is_cleared_makes_those_wait_who_have_not_gone_on(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        event = Event(spawner.engine)
        event.set()
        spawner.thread("a", event.wait, 1.0)
        spawner.thread("b", event.clear)

    assert outcomes(every_schedule(engine, scenario)) == {(True, 0.0), (False, 1.0)}


def test_a_lock_can_time_out_or_be_tried(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        lock, cell = Lock(spawner.engine), Cell(spawner.engine, 0)

        def hold() -> None:
            with lock:
                cell.get()

        def take(*how: float) -> bool:
            taken = lock.acquire(*how)  # type: ignore[arg-type]  # blocking, timeout
            if taken:
                lock.release()
            return taken

        spawner.thread("h", hold)
        spawner.thread("t", take, True, 2.0)
        spawner.thread("n", take, False)

    executions = list(every_schedule(engine, scenario))
    assert {tuple(e.outcomes[name].result for name in "tn") for e in executions} == {
        (x, y) for x in (True, False) for y in (True, False)
    }
    assert {e.ending for e in executions} == {"finished"}


@pytest.mark.parametrize("how", [(False, 1.0), (True, -2.0)])
def test_a_lock_refuses_what_a_lock_refuses(engine: Engine, how: tuple[bool, float]) -> None:
    with pytest.raises(ValueError, match="timeout"):
        Lock(engine).acquire(*how)


def strikes(interrupts: int) -> Scenario:
    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        def work() -> None:
            for _ in range(2):
                cell.get()
            try:
                cell.get()
            except KeyboardInterrupt:
                cell.set(1)

        spawner.thread("a", work, interrupts=interrupts)

    return scenario


def test_an_interrupt_may_strike_at_each_point_once(engine: Engine) -> None:
    found = {tuple(points(e))[1:] for e in every_schedule(engine, strikes(1))}
    get, strike = "a: get", "a: interrupt@get"
    assert found == {(get,) * 3, (strike,), (get, strike), (get, get, strike, "a: set")}


def test_interrupts_are_counted(engine: Engine) -> None:
    executions = list(every_schedule(engine, strikes(2)))
    struck = {tuple(points(e))[-2:]: e.outcomes["a"] for e in executions}
    twice = struck["a: interrupt@get", "a: interrupt@set"]
    assert isinstance(twice.error, KeyboardInterrupt)
    assert twice.struck == 2
    assert all(not e.failed for e in executions), "an interrupt that was asked for is no failure"
    assert max(o.struck for o in struck.values()) == 2


def test_no_interrupts_are_offered_unless_they_are_allowed(engine: Engine) -> None:
    assert len(list(every_schedule(engine, strikes(0)))) == 1
    with pytest.raises(ValueError, match="interrupts: expected"):
        engine.run(strikes(-1), Stay())


@pytest.mark.parametrize("blocked", ["lock", "event"])
def test_a_thread_that_waits_can_be_interrupted(engine: Engine, blocked: str) -> None:
    def scenario(spawner: Spawner) -> None:
        lock, event = Lock(spawner.engine), Event(spawner.engine)
        lock.acquire()
        spawner.thread("a", lock.acquire if blocked == "lock" else event.wait, interrupts=1)
        spawner.thread("b", lock.release if blocked == "lock" else event.set)

    endings = {(e.ending, type(e.outcomes["a"].error)) for e in every_schedule(engine, scenario)}
    assert endings == {("finished", type(None)), ("finished", KeyboardInterrupt)}


def test_a_deadlock_that_an_interrupt_would_end_is_one(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", Event(spawner.engine).wait, interrupts=1)

    assert isinstance(engine.run(scenario, Stay()).ending, Deadlock)


def test_an_interrupt_can_strike_when_it_is_done_and_not_yet_stored(engine: Engine) -> None:
    left: set[tuple[int, ...]] = set()

    def scenario(spawner: Spawner) -> Check:
        pool = Pool(spawner.engine, [1])
        taken: list[int] = []
        spawner.thread("a", lambda: taken.append(pool.pop()), interrupts=1)
        return lambda: left.add((len(pool), len(taken)))

    assert all(not isinstance(e.ending, Failure) for e in every_schedule(engine, scenario))
    assert left == {(0, 1), (1, 0), (0, 0)}, "done, struck before, struck after"
