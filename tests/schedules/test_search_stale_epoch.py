"""The bug that takes three preemptions, on real threads: who finds it, and what is said when it is not found."""

from __future__ import annotations

import pytest

from quiesce_conformance.schedules import Engine, Failure, replay
from quiesce_conformance.schedules.report import SearchVerdict
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct, Strategy, Walk
from quiesce_conformance.schedules.strategies.drawn import search_drawn
from tests.schedules.stale_epoch import run_confirmed, run_once_upgraded, run_stale, stale_epoch

BROKEN, HOLDS = SearchVerdict.BROKEN, SearchVerdict.HOLDS


def test_two_preemptions_are_not_enough_and_the_report_says_how_far_it_looked() -> None:
    report = search(run_stale, Exhaustive(preemptions=2))
    assert (report.verdict, report.exhausted) == (HOLDS, True)
    assert "at most 2 preemptions" in str(report)


def test_three_preemptions_are() -> None:
    report = search(run_stale, Exhaustive(preemptions=3))
    assert report.verdict is BROKEN
    assert report.failure is not None
    assert report.failure.preemptions() == 3
    assert isinstance(report.failure.ending, Failure)
    assert "version 1, which is freed" in str(report.failure.ending)


def test_one_upgrade_is_safe() -> None:
    for strategy in (Exhaustive(), Dpor()):
        report = search(run_once_upgraded, strategy)
        assert (report.verdict, report.exhausted) == (HOLDS, True)


def test_the_reduced_search_finds_it_within_40_schedules() -> None:
    report = search(run_stale, Dpor())
    assert report.verdict is BROKEN
    assert report.schedules <= 40


@pytest.mark.parametrize("strategy", [Pct(depth=5, seed=1, schedules=10_000), Walk(seed=1, schedules=10_000)])
def test_so_do_random_schedules(strategy: Strategy) -> None:
    report = search(run_stale, strategy)
    assert report.verdict is BROKEN
    assert not report.exhausted


def test_a_drawn_schedule_shrinks_to_the_three_preemptions() -> None:
    report = search_drawn(run_stale, seed=0, examples=3_000)
    assert report.verdict is BROKEN
    assert report.failure is not None
    assert report.failure.preemptions() == 3
    assert report.failure.switches() == 4, "three preemptions, and back again when the upgrader has ended"


def test_the_schedule_of_the_report_runs_it_again() -> None:
    report = search(run_stale, Dpor())
    assert report.schedule is not None
    engine = Engine()
    for _ in range(10):
        again = replay(engine, stale_epoch(engine), report.schedule)
        assert str(again.ending) == str(report.failure.ending if report.failure else None)


def test_the_repair_holds_under_every_schedule() -> None:
    reduced, every = search(run_confirmed, Dpor()), search(run_confirmed, Exhaustive(preemptions=4))
    assert (reduced.verdict, reduced.exhausted, reduced.pruned) == (HOLDS, True, 0)
    assert every.verdict is HOLDS
    assert reduced.schedules < every.schedules
