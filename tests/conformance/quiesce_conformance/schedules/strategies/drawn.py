"""Schedules as data that Hypothesis draws, and shrinks towards the fewest context switches.

    @given(schedules())
    def test_calls_end(schedule):
        run_scheduled(run, schedule)

A drawn schedule is a list of *turns*: ``(wait, pick)`` lets `wait` decisions go the way that switches as little as
possible (`stay`) and takes another way at the next one, the `pick`-th.  A decision is a step in front of which there is
a choice.  The empty list is the schedule without preemptions.  So the length of the list is the number of times that
somebody interfered, and Hypothesis makes a failing list short before it makes its numbers small: what it reports has
few switches, early ones, to the first threads.

Rejected: one number for each step, 0 for staying (a list of 40 numbers of which 37 must be 0 is drawn once in an age,
and deleting one of them shifts all that follow); drawing while the scenario runs (every draw shows up in the report).

This module alone needs `hypothesis`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st

from quiesce_conformance.schedules.execution import Execution
from quiesce_conformance.schedules.limits import whole
from quiesce_conformance.schedules.points import Choice, Chooser
from quiesce_conformance.schedules.report import SearchReport, SearchVerdict
from quiesce_conformance.schedules.text import schedule_to_text

from .base import stay
from .sampling import check

__all__ = ["ScheduleFailed", "Turn", "TurnChooser", "run_scheduled", "schedules", "search_drawn"]


class Turn(NamedTuple):
    """Where the schedule does not go on as it would by itself."""

    wait: int
    """How many decisions are left alone first."""
    pick: int
    """Which of the other choices is taken, counted around."""


class TurnChooser:
    """Follows the turns, then switches as little as possible.  Every list fits every scenario."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = iter(turns)
        self._turn = next(self._turns, None)
        self._waited = 0

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        by_itself = stay(choices, last)
        turn = self._turn
        if turn is None or len(choices) == 1:
            return by_itself
        if self._waited < turn.wait:
            self._waited += 1
            return by_itself
        self._turn, self._waited = next(self._turns, None), 0
        return (by_itself + 1 + turn.pick % (len(choices) - 1)) % len(choices)


class ScheduleFailed(AssertionError):
    """A drawn schedule failed.  The text runs it again: see `replay`."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self.schedule = schedule_to_text(execution)
        super().__init__(f"{execution.ending}\nschedule: {self.schedule}")


def schedules(*, turns: int = 8, wait: int = 24) -> st.SearchStrategy[list[Turn]]:
    """Draw schedules.

    Args:
        turns: how many turns there are at most.
        wait: how many decisions lie between two turns at most; about as many as the longest thread has.

    Raises:
        BadLimit: not a whole number above 0.

    """
    whole("turns", turns)
    whole("wait", wait)
    return st.lists(st.builds(Turn, st.integers(0, wait), st.integers(0, 3)), max_size=turns)


def run_scheduled(run: Callable[[Chooser], Execution], schedule: Sequence[Turn]) -> Execution:
    """Run a drawn schedule; raise `ScheduleFailed`, from its cause, if it fails."""
    execution = run(TurnChooser(schedule))
    if execution.failed:
        raise ScheduleFailed(execution) from getattr(execution.ending, "error", None)
    return execution


def search_drawn(
    run: Callable[[Chooser], Execution], *, seed: int = 0, examples: int = 1_000, turns: int = 8, wait: int = 24
) -> SearchReport:
    """Let Hypothesis look for a failing schedule, and shrink it.

    The report counts what was run while looking, shrinking included; its failure is the shrunk one.  The same seed
    gives the same schedules with the same version of Hypothesis.

    Raises:
        BadLimit: a bound that makes no sense.
        Whatever `run` raises.

    """
    check(seed, examples)
    begin = time.monotonic()
    counts = [0, 0]

    def once(schedule: list[Turn]) -> None:
        execution = run(TurnChooser(schedule))
        counts[0] += 1
        counts[1] += len(execution.choices)
        if execution.failed:
            raise ScheduleFailed(execution)

    quiet = settings(
        max_examples=examples,
        deadline=None,  # how long a schedule takes says nothing
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        print_blob=False,
    )
    failure: Execution | None = None
    stopped = ""
    try:
        with_seed(seed)(quiet(given(schedules(turns=turns, wait=wait))(once)))()
    except ScheduleFailed as error:
        failure = error.execution
    except KeyboardInterrupt:
        stopped = "interrupted"
    if failure is not None:
        verdict = SearchVerdict.BROKEN
    else:
        verdict = SearchVerdict.UNFINISHED if stopped else SearchVerdict.HOLDS
    return SearchReport(
        verdict=verdict,
        strategy=f"drawn(seed={seed}, examples={examples}, turns={turns}, wait={wait})",
        bound=f"{examples:,} schedules drawn by Hypothesis, of at most {turns} turns",
        evidence="tested",
        schedules=counts[0],
        steps=counts[1],
        pruned=0,
        exhausted=False,
        seconds=time.monotonic() - begin,
        failure=failure,
        stopped=stopped,
    )
