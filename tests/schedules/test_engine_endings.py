"""Every way in which an execution can end is reported as what it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from quiesce_conformance.schedules import (
    Cell,
    Check,
    Choice,
    Deadlock,
    Engine,
    EngineMisused,
    Event,
    Failure,
    Livelock,
    Lock,
    Spawner,
)
from quiesce_conformance.schedules.livelock import period
from tests.schedules.engine_support import PATIENCE, Script, Stay, Walk, every_schedule, points


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(patience=PATIENCE) as engine:
        yield engine


def crossed(spawner: Spawner) -> None:
    one, two = Lock(spawner.engine, "one"), Lock(spawner.engine, "two")

    def work(first: Lock, second: Lock) -> None:
        with first, second:
            pass

    spawner.thread("a", work, one, two)
    spawner.thread("b", work, two, one)


def test_a_deadlock_says_who_waits_for_what_and_who_has_it(engine: Engine) -> None:
    execution = engine.run(crossed, Script("a", "a", "b", "b"))
    deadlock = execution.ending
    assert isinstance(deadlock, Deadlock)
    assert [(c.thread, c.op.object) for c in deadlock.waiting] == [("a", "two"), ("b", "one")]
    assert deadlock.holders == {"one": "a", "two": "b"}
    assert "a waits at lock.acquire (two), which b has" in str(deadlock)
    assert not any(outcome.ended for outcome in execution.outcomes.values())


def test_the_deadlock_is_found_and_only_where_it_is(engine: Engine) -> None:
    endings = [execution.ending for execution in every_schedule(engine, crossed)]
    assert {type(ending) for ending in endings} == {str, Deadlock}
    assert engine.run(crossed, Stay()).ending == "finished"


def test_waiting_for_an_event_that_nobody_sets_is_a_deadlock(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        event = Event(spawner.engine)
        spawner.thread("a", event.wait)
        spawner.thread("b", event.is_set)

    ending = engine.run(scenario, Stay()).ending
    assert isinstance(ending, Deadlock)
    assert str(ending) == "deadlock: a waits at event.wait (event)"


def test_taking_a_lock_twice_is_a_deadlock_of_one(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        lock = Lock(spawner.engine)

        def work() -> None:
            with lock, lock:
                pass

        spawner.thread("a", work)

    assert "a waits at lock.acquire (lock), which a has" in str(engine.run(scenario, Stay()).ending)


def spinning(spawner: Spawner) -> None:
    flag, tries = Cell(spawner.engine, value=False), Cell(spawner.engine, 0)

    def wait() -> None:
        while not flag.get():
            tries.set(0)

    spawner.thread("a", wait)
    spawner.thread("b", flag.set, True)


def test_a_livelock_says_who_goes_round_and_who_was_never_asked(engine: Engine) -> None:
    execution = engine.run(spinning, Stay(), max_steps=200)
    livelock = execution.ending
    assert isinstance(livelock, Livelock)
    assert len(execution.choices) == livelock.bound == 200
    assert sorted(livelock.cycles["a"]) == ["get", "set"]
    assert livelock.starved == ("b",)
    assert "unfair to b" in str(livelock)
    assert engine.run(spinning, Walk(1), max_steps=200).ending == "finished"


def test_two_that_keep_giving_way_to_each_other_are_a_livelock_that_is_fair(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        turn = Cell(spawner.engine, "b")

        def work(me: str, other: str) -> None:
            while turn.get() != "nobody's":
                turn.set(other)

        spawner.thread("a", work, "a", "b")
        spawner.thread("b", work, "b", "a")

    class Alternate:
        def choose(self, choices: list[Choice], last: str | None) -> int:
            return max(range(len(choices)), key=lambda i: choices[i].thread != last)

    livelock = engine.run(scenario, Alternate(), max_steps=100).ending  # type: ignore[arg-type]  # takes lists only
    assert isinstance(livelock, Livelock)
    assert set(livelock.cycles) == {"a", "b"}
    assert livelock.starved == ()


@pytest.mark.parametrize(
    ("points", "length"),
    [("", 0), ("a", 0), ("aa", 1), ("abab", 2), ("ababa", 2), ("abcab", 0), ("abcabcabc", 3), ("xabab", 0)],
)
def test_the_length_of_a_cycle(points: str, length: int) -> None:
    assert period(points) == length


def test_what_a_thread_raises_is_the_failure_at_its_step(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        def work() -> None:
            cell.set(1)
            assert cell.get() == 2, "not two"
            cell.set(3)

        spawner.thread("a", work)
        spawner.thread("b", cell.get)

    execution = engine.run(scenario, Stay())
    failure = execution.ending
    assert isinstance(failure, Failure)
    assert (failure.thread, failure.where) == ("a", "thread")
    assert str(failure).startswith("a raised AssertionError: not two")
    assert execution.choices[failure.step].op.point == "get"
    assert points(execution) == ["a: start", "a: set", "a: get"], "the execution ends there"
    assert execution.outcomes["a"].error is failure.error
    assert not execution.outcomes["b"].ended


def test_what_a_thread_is_expected_to_raise_is_its_outcome(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", [].pop, expects=IndexError)
        spawner.thread("b", [].pop, expects=(KeyError, LookupError))

    execution = engine.run(scenario, Stay())
    assert execution.ending == "finished"
    assert all(isinstance(o.error, IndexError) for o in execution.outcomes.values())


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_thread_that_raises_what_ends_programs_is_a_failure_like_any_other(
    engine: Engine, error: type[BaseException]
) -> None:
    def work() -> None:
        raise error

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", work)

    ending = engine.run(scenario, Stay()).ending
    assert isinstance(ending, Failure)
    assert isinstance(ending.error, error)


def test_threads_that_are_left_over_are_unwound(engine: Engine) -> None:
    left: list[str] = []

    def scenario(spawner: Spawner) -> None:
        lock, cell = Lock(spawner.engine), Cell(spawner.engine, 0)

        def work() -> None:
            try:
                with lock:
                    cell.get()
            finally:
                with lock:  # on the way out, everything goes through
                    cell.set(1)
                left.append("a")

        def fails() -> None:
            raise ZeroDivisionError

        spawner.thread("a", work)
        spawner.thread("b", fails)

    idle = engine.idle_workers
    execution = engine.run(scenario, Script("a", "a", "b"))
    assert isinstance(execution.ending, Failure)
    assert left == ["a"]
    assert points(execution) == ["a: start", "a: lock.acquire", "b: start"], "unwinding takes no steps"
    assert engine.idle_workers >= max(idle, 2)


def test_one_that_never_began_is_not_begun(engine: Engine) -> None:
    began: list[str] = []

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", [].pop)
        spawner.thread("b", began.append, "b")

    assert engine.run(scenario, Stay()).failed
    assert began == []


def test_a_lock_that_is_left_locked_is_told_to_the_final_check(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        lock = Lock(spawner.engine)
        spawner.thread("a", lock.acquire)
        return lock.acquire

    ending = engine.run(scenario, Stay()).ending
    assert isinstance(ending, Failure)
    assert ending.where == "check"
    assert isinstance(ending.error, EngineMisused)
    assert "held by 'a'" in str(ending)


def test_letting_go_of_a_lock_that_nobody_has_is_an_error_as_ever(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", Lock(spawner.engine).release, expects=RuntimeError)

    assert isinstance(engine.run(scenario, Stay()).outcomes["a"].error, RuntimeError)


def test_a_lock_can_be_let_go_by_another_thread(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        lock = Lock(spawner.engine)
        lock.acquire()
        spawner.thread("a", lock.acquire)
        spawner.thread("b", lock.release)

    execution = engine.run(scenario, Stay())
    assert execution.ending == "finished"
    assert points(execution) == ["a: start", "b: start", "b: lock.release", "a: lock.acquire"]
