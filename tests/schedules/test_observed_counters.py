"""Code that was not written for a checker, under the engine as it is: what is racy is found, what is right exhausted.

Each search ends in well under a second; numbers of schedules are those of the reduced search, so they also say which
operations it takes to depend on each other.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest

from quiesce_conformance.schedules import Deadlock, Spawner
from quiesce_conformance.schedules.observed import Observed
from quiesce_conformance.schedules.report import SearchReport
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct
from quiesce_conformance.schedules.text import chooser_from_text, schedule_to_text
from tests.schedules.observed_samples import counters

Scenario = Callable[[Spawner], Callable[[], object] | None]


def searched(
    scenario: Scenario, watched: Iterable[ModuleType] = (counters,), strategy: Any = None, limit: int = 5_000
) -> SearchReport:
    return Observed(watched, scenario).search(Dpor() if strategy is None else strategy, max_schedules=limit)


def twice(make: Callable[[], Any], value: Callable[[Any], int]) -> Scenario:
    def scenario(spawner: Spawner) -> Callable[[], object]:
        counter = make()
        spawner.thread("a", counter.add)
        spawner.thread("b", counter.add)

        def check() -> None:
            assert value(counter) == 2

        return check

    return scenario


def by_name(function: Callable[[], None]) -> Scenario:
    def scenario(spawner: Spawner) -> Callable[[], object]:
        counters.TOTAL = 0
        spawner.thread("a", function)
        spawner.thread("b", function)

        def check() -> None:
            assert counters.TOTAL == 2

        return check

    return scenario


def closure(spawner: Spawner) -> Callable[[], object]:
    add, get = counters.make_closure()
    spawner.thread("a", add)
    spawner.thread("b", add)

    def check() -> None:
        assert get() == 2

    return check


def many(spawner: Spawner) -> Callable[[], object]:
    counts = counters.Many()
    spawner.thread("a", counts.add, "x")
    spawner.thread("b", counts.add, "x")

    def check() -> None:
        assert counts.counts == {"x": 2}

    return check


def once(spawner: Spawner) -> Callable[[], object]:
    cache = counters.OncePerName()
    spawner.thread("a", cache.get, "x")
    spawner.thread("b", cache.get, "x")

    def check() -> None:
        assert cache.makings == ["x"]

    return check


RACY = {
    "attribute": twice(counters.Racy, lambda c: c.value),
    "slot": twice(counters.Slotted, lambda c: c.value),
    "global": by_name(counters.add_to_global),
    "closure": closure,
    "dict": many,
    "check then act": once,
}
RIGHT = {
    "lock": (twice(counters.Locked, lambda c: c.value), 2),
    "reentrant lock": (twice(counters.Reentrant, lambda c: c.value), 2),
    "lock of the module": (by_name(counters.add_to_global_guarded), 2),
}


@pytest.mark.parametrize("name", RACY)
@pytest.mark.parametrize("strategy", [Dpor(), Exhaustive(1), Pct(depth=3, schedules=50)], ids=lambda s: s.name)
def test_a_lost_update_is_found(name: str, strategy: Any) -> None:
    found = searched(RACY[name], strategy=strategy)
    assert found.failure is not None
    assert "final check" in str(found.failure.ending)
    assert found.schedules <= 50


@pytest.mark.parametrize("name", RACY)
def test_the_same_code_in_turn_is_fine(name: str) -> None:
    """The control: without a preemption there is nothing to find, so it is the schedule that breaks it."""

    class InTurn:
        def choose(self, choices: Any, last: str | None) -> int:
            return next((i for i, c in enumerate(choices) if c.thread == last), 0)

    with Observed([counters], RACY[name]) as observed:
        assert observed.run(InTurn()).ending == "finished"
        assert observed.points >= 4


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_exhausted_without_an_alarm(name: str) -> None:
    scenario, orders = RIGHT[name]
    done = searched(scenario)
    assert done.failure is None
    assert done.exhausted
    assert done.schedules == orders, "one for each order of the lock's owners"
    plain = searched(scenario, strategy=Exhaustive())
    assert plain.exhausted
    assert plain.schedules > orders


def test_objects_of_one_type_are_told_apart() -> None:
    def apart(spawner: Spawner) -> None:
        rows = counters.Rows(3)
        for i, name in enumerate("abc"):
            spawner.thread(name, rows.add, i)

    done = searched(apart)
    assert done.exhausted
    assert done.schedules == 1, "three threads on three objects: every order is the same"


def test_a_wake_up_that_is_lost_is_a_deadlock() -> None:
    def scenario(spawner: Spawner) -> None:
        forgetful = counters.Forgetful()
        spawner.thread("w", forgetful.wait)
        spawner.thread("f", forgetful.finish)

    found = searched(scenario)
    assert found.failure is not None
    assert isinstance(found.failure.ending, Deadlock)
    assert "w waits at event.wait" in str(found.failure.ending)


def test_conditions_and_queues_work_and_time_outs_are_choices() -> None:
    letters: set[str | None] = set()

    def mail(spawner: Spawner) -> Callable[[], object]:
        box, got = counters.Mailbox(), []
        spawner.thread("r", lambda: got.append(box.receive(3600.0)))
        spawner.thread("s", box.send, "letter")
        return lambda: letters.update(got)

    done = searched(mail)
    assert done.exhausted
    assert letters == {"letter", None}, "an hour passes, or it does not, and nobody waited"

    def post(spawner: Spawner) -> Callable[[], object]:
        box, got = counters.Mailbox(), []
        spawner.thread("r", lambda: got.append(box.posts.get()))
        spawner.thread("s", lambda: box.posts.put("post"))

        def check() -> None:
            assert got == ["post"]

        return check

    done = searched(post, [counters, queue])
    assert done.exhausted
    assert done.failure is None


def test_nobody_sleeps() -> None:
    def scenario(spawner: Spawner) -> Callable[[], object]:
        sleepy = counters.Sleepy()
        spawner.thread("a", sleepy.work)

        def check() -> None:
            assert sleepy.ended - sleepy.began == 3600

        return check

    done = searched(scenario)
    assert done.exhausted
    assert done.failure is None


def test_a_failure_can_be_had_again() -> None:
    """As text, with the names of the points alone."""
    with Observed([counters], RACY["dict"]) as observed:
        found = search(observed.run, Dpor(), max_schedules=100).failure
        assert found is not None
        for _ in range(10):
            again = observed.run(chooser_from_text(schedule_to_text(found)))
            assert [str(c) for c in again.choices] == [str(c) for c in found.choices]
            assert str(again.ending) == str(found.ending)
