"""Limits, progress, Ctrl-C: a search that was stopped is unfinished; bad bounds are refused before anything runs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import pytest

from quiesce_conformance.schedules import Choice, Chooser, Execution, Nondeterminism
from quiesce_conformance.schedules.limits import BadLimit
from quiesce_conformance.schedules.report import Progress, SearchVerdict
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct, Strategy, Walk
from quiesce_conformance.schedules.strategies.drawn import schedules, search_drawn
from tests.schedules.litmus import Code, run_code

NINETY: Code = {name: [("w", "x")] * 2 for name in "abc"}
run_ninety = partial(run_code, NINETY)
EVERY = [Exhaustive(), Exhaustive(3), Dpor(), Pct(schedules=50), Walk(schedules=50)]
NO_COUNTS = [0, -1, True, 1.5, "3", float("nan"), float("inf"), [1]]


def never(chooser: Chooser) -> Execution:
    raise AssertionError("expected nothing to be run")


@pytest.mark.parametrize("strategy", EVERY, ids=lambda strategy: strategy.name)
def test_a_search_that_comes_to_its_end_holds(strategy: Strategy) -> None:
    report = search(run_ninety, strategy)
    assert report.verdict is SearchVerdict.HOLDS
    assert report.exhausted == (strategy.evidence == "explored")
    assert report.steps == 6 * report.schedules
    assert strategy.bound in str(report)


@pytest.mark.parametrize("strategy", EVERY, ids=lambda strategy: strategy.name)
def test_a_search_that_reaches_a_limit_is_unfinished(strategy: Strategy) -> None:
    report = search(run_ninety, strategy, max_schedules=10)
    assert (report.verdict, report.exhausted, report.schedules) == (SearchVerdict.UNFINISHED, False, 10)
    assert report.stopped == "max_schedules=10 were run"
    assert str(report).startswith("unfinished: max_schedules=10")


def test_a_limit_that_is_just_enough_is_no_reason_to_stop() -> None:
    assert search(run_ninety, Dpor(), max_schedules=90).verdict is SearchVerdict.HOLDS
    assert search(run_ninety, Dpor(), max_schedules=89).verdict is SearchVerdict.UNFINISHED


def test_time_is_up() -> None:
    report = search(partial(run_code, {name: [("w", "x")] * 9 for name in "abc"}), Exhaustive(), max_seconds=0.05)
    assert report.verdict is SearchVerdict.UNFINISHED
    assert "max_seconds=0.05" in report.stopped
    assert report.schedules > 0


@pytest.mark.parametrize("bad", NO_COUNTS)
@pytest.mark.parametrize(
    "use",
    [
        lambda bad: search(never, Dpor(), max_schedules=bad),
        lambda bad: search(never, Dpor(), workers=bad),
        lambda bad: Exhaustive(bad),
        lambda bad: Pct(depth=bad),
        lambda bad: Pct(schedules=bad),
        lambda bad: Pct(length=bad),
        lambda bad: Walk(schedules=bad),
        lambda bad: schedules(turns=bad),
        lambda bad: schedules(wait=bad),
        lambda bad: search_drawn(never, examples=bad),
    ],
)
def test_what_is_no_count_is_refused(use: Callable[[Any], object], bad: object) -> None:
    with pytest.raises(BadLimit, match="expected a whole number, 1 or more") as error:
        use(bad)
    assert repr(bad) in str(error.value)


@pytest.mark.parametrize("bad", [0, -1, True, "3", float("nan"), float("inf"), -0.0])
def test_what_is_no_time_is_refused(bad: Any) -> None:
    with pytest.raises(BadLimit, match="max_seconds: expected a finite number of seconds above 0"):
        search(never, Dpor(), max_seconds=bad)


@pytest.mark.parametrize("bad", [-1, True, 1.0, None, "x"])
def test_what_is_no_seed_is_refused(bad: Any) -> None:
    for use in (lambda: Walk(seed=bad), lambda: Pct(seed=bad), lambda: search_drawn(never, seed=bad)):
        with pytest.raises(BadLimit, match="seed: expected a whole number, 0 or more"):
            use()


def test_progress_is_told_and_the_last_word_is_the_report() -> None:
    told: list[Progress] = []
    report = search(run_ninety, Dpor(), progress=told.append)
    assert (told[-1].schedules, told[-1].steps, told[-1].pruned) == (report.schedules, report.steps, report.pruned)


def test_ctrl_c_lets_the_schedule_end_and_reports_what_was_covered() -> None:
    runs = count(1)

    def run(chooser: Chooser) -> Execution:
        if next(runs) == 20:
            signal.raise_signal(signal.SIGINT)
        return run_ninety(chooser)

    report = search(run, Dpor())
    assert (report.verdict, report.stopped, report.schedules) == (SearchVerdict.UNFINISHED, "interrupted", 20)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_in_the_middle_of_a_schedule_does_not_count_it() -> None:
    runs = count(1)

    def run(chooser: Chooser) -> Execution:
        if next(runs) == 20:
            raise KeyboardInterrupt
        return run_ninety(chooser)

    report = search(run, Dpor())
    assert (report.verdict, report.stopped, report.schedules) == (SearchVerdict.UNFINISHED, "interrupted", 19)


@pytest.mark.parametrize("strategy", [Exhaustive(), Dpor()])
def test_a_scenario_that_depends_on_more_than_its_schedule_is_refused(strategy: Strategy) -> None:
    runs = count()

    def run(chooser: Chooser) -> Execution:
        steps = 2 if next(runs) % 3 else 1
        return run_code({"a": [("w", "x")] * steps, "b": [("w", "x")] * steps}, chooser)

    with pytest.raises(Nondeterminism, match=r"step \d+: expected .*fresh objects"):
        search(run, strategy)


def test_an_error_of_the_scenario_is_not_swallowed() -> None:
    def run(chooser: Chooser) -> Execution:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        search(run, Dpor())


def test_the_guarantee_is_withdrawn_when_the_estimate_was_too_low() -> None:
    report = search(run_ninety, Pct(depth=3, schedules=20))
    assert "1/(3 * 6^2)" in report.notes[0]
    report = search(run_ninety, Pct(depth=3, schedules=20, length=4))
    assert "no guarantee" in report.notes[0]


def test_the_guarantee_is_kept() -> None:
    """Each order of three single writes has depth 3 at most; each is found at least as often as promised."""

    class Watch:
        def __init__(self, chooser: Chooser) -> None:
            self.chooser, self.order = chooser, ""

        def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
            pick = self.chooser.choose(choices, last)
            self.order += choices[pick].thread
            return pick

    found: dict[str, int] = {}

    def run(chooser: Chooser) -> Execution:
        watch = Watch(chooser)
        execution = run_code({"a": [("w", "x")] * 2, "b": [("w", "x")] * 2}, watch)
        found[watch.order] = found.get(watch.order, 0) + 1
        return execution

    strategy = Pct(depth=4, schedules=4_000, seed=3)
    search(run, strategy)
    assert len(found) == 6
    assert min(found.values()) >= 4_000 * strategy.chance(2, 4) / 2, "half of what is promised, for the dice"
