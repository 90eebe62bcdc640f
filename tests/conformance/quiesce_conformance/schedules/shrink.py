"""Makes a failing schedule as simple as it gets.

Fewest context switches first, then preemptions, time-outs and interrupts, steps, letters.

A schedule is taken as a list of *turns*, each a number of steps of one thread, and is followed loosely: a turn of a
thread that cannot go on is skipped, and when the list is used up, nobody is preempted any more.  So every list is a
schedule, and deleting from it always gives one.  What is kept is what still fails in the same way and is simpler;
then the list is read off the execution anew, so turns that have become neighbours are one.

In order: the shortest beginning that still fails; delta debugging over the turns (Zeller and Hildebrandt, TSE 2002);
turns made to last until their thread cannot go on; turns moved next to another of the same thread; time-outs and
interrupts left out.  Again, until nothing changes.  Then every schedule with fewer switches is tried, fewest first
(iterative context bounding: Musuvathi and Qadeer, PLDI 2007); if none fails, the result says so.

It is deterministic, and bounded by a number of executions and by time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from .execution import Execution, Failure
from .limits import seconds, whole
from .points import UNASKED, Choice, Chooser, disturbs
from .text import rest, schedule_to_text

__all__ = ["Shrunk", "same_ending", "shrink"]

Run = Callable[[Chooser], Execution]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left of a failing schedule."""

    execution: Execution
    text: str
    """The schedule, as `text.schedule_to_text` writes it."""
    runs: int
    """Executions that it took."""
    fewest: bool
    """Every schedule with fewer switches, and with no time-outs and interrupts but forced ones, was tried: none fails.
    False: the bounds did not allow that, or the failure needs a time-out or an interrupt."""
    finished: bool
    """False: the bounds ended the shrinking before nothing changed any more."""


@dataclass(frozen=True, slots=True)
class _Turn:
    thread: str
    steps: int | None
    """None: as long as it can."""
    disturbed: tuple[tuple[int, str], ...] = ()
    """Which steps are a time-out or an interrupt, and which one."""


class _Loosely:
    """Follows turns as far as that is possible."""

    def __init__(self, turns: Sequence[_Turn]) -> None:
        self._turns, self._at, self._done = turns, 0, 0

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        if len(choices) == 1 and choices[0].op.point in UNASKED:
            return 0
        while self._at < len(self._turns):
            turn = self._turns[self._at]
            if turn.steps is None or self._done < turn.steps:
                index = self._of(turn, choices)
                if index is not None:
                    self._done += 1
                    return index
            self._at, self._done = self._at + 1, 0
        return rest(choices, last)

    def _of(self, turn: _Turn, choices: Sequence[Choice]) -> int | None:
        plain = None
        wanted = next((point for step, point in turn.disturbed if step == self._done), None)
        for index, choice in enumerate(choices):
            if choice.thread == turn.thread:
                if choice.op.point == wanted:
                    return index
                if plain is None and not disturbs(choice.op.point):
                    plain = index
        return plain


def _turns_of(execution: Execution) -> list[_Turn]:
    """Read the turns off an execution, without those that nobody needs to be told."""
    turns: list[_Turn] = []
    last = None
    for i, choice in enumerate(execution.choices):
        if choice.op.point in UNASKED:
            continue
        if choice.thread != last:
            turns.append(_Turn(choice.thread, 0))
            last = choice.thread
        turn = turns[-1]
        count = turn.steps or 0
        more = ((count, choice.op.point),) if disturbs(choice.op.point) else ()
        end = i + 1 == len(execution.choices)
        turns[-1] = replace(turn, steps=None if end else count + 1, disturbed=turn.disturbed + more)
    return turns


def same_ending(execution: Execution) -> Callable[[Execution], bool]:
    """Judge whether another execution fails in the same way: the same kind of ending, and of error."""

    def kind(each: Execution) -> tuple[object, ...]:
        ending = each.ending
        if isinstance(ending, Failure):
            return Failure, ending.where, type(ending.error)
        return (type(ending),)

    mine = kind(execution)
    return lambda other: other.failed and kind(other) == mine


def _cost(execution: Execution) -> tuple[int, ...]:
    disturbances = sum(disturbs(choice.op.point) for choice in execution.choices)
    text = schedule_to_text(execution)
    return execution.switches(), execution.preemptions(), disturbances, len(execution.choices), len(text)


class _Enough(Exception):
    pass


@dataclass(slots=True)
class _Shrinking:
    run: Run
    same: Callable[[Execution], bool]
    best: Execution
    max_runs: int
    deadline: float
    progress: Callable[[str], None]
    runs: int = 0
    tried: set[tuple[_Turn, ...]] = field(default_factory=set)

    def execute(self, chooser: Chooser) -> Execution:
        if self.runs >= self.max_runs or time.monotonic() > self.deadline:
            raise _Enough
        self.runs += 1
        if self.runs % 100 == 0:
            self.progress(f"{self.runs} executions, {self.best.switches()} switches")
        return self.run(chooser)

    def attempt(self, turns: Sequence[_Turn]) -> bool:
        """Keep it if it fails in the same way and is simpler."""
        key = tuple(turns)
        if key in self.tried:
            return False
        self.tried.add(key)
        return self.keep(self.execute(_Loosely(turns)))

    def keep(self, execution: Execution) -> bool:
        if not self.same(execution) or _cost(execution) >= _cost(self.best):
            return False
        self.best = execution
        self.progress(f"{execution.switches()} switches, {len(execution.choices)} steps")
        return True

    def shrink(self) -> None:
        while any(self.attempt(turns) for turns in self.simpler()):
            continue  # from the beginning, with what is best now

    def simpler(self) -> Iterator[Sequence[_Turn]]:
        turns = _turns_of(self.best)
        n = len(turns)
        for length in range(n):
            yield turns[:length]
        size = n // 2
        while size:
            for begin in range(0, n, size):
                yield turns[:begin] + turns[begin + size :]
            size //= 2
        for i, turn in enumerate(turns):
            if turn.steps is not None:
                yield [*turns[:i], replace(turn, steps=None), *turns[i + 1 :]]
        for i in range(n):
            for j in range(i + 2, n):
                if turns[i].thread == turns[j].thread:
                    yield [*turns[: i + 1], turns[j], *turns[i + 1 : j], *turns[j + 1 :]]
                    yield [*turns[:i], *turns[i + 1 : j], turns[i], *turns[j:]]
        for i, turn in enumerate(turns):
            for k in range(len(turn.disturbed)):
                fewer = turn.disturbed[:k] + turn.disturbed[k + 1 :]
                yield [*turns[:i], replace(turn, disturbed=fewer), *turns[i + 1 :]]
        for i, turn in enumerate(turns):
            if turn.steps is not None and turn.steps > 1:
                yield [*turns[:i], replace(turn, steps=turn.steps - 1), *turns[i + 1 :]]

    def none_with_fewer(self) -> bool:
        """Try every schedule with fewer switches; say whether none of them fails."""
        if any(disturbs(choice.op.point) for choice in self.best.choices):
            return False
        bound = 0
        while bound < self.best.switches():
            if not self.with_switches(bound):
                bound += 1
        return True

    def with_switches(self, bound: int) -> bool:
        """Try every schedule with that many switches; say whether one was kept."""
        waiting: list[list[int]] = [[]]
        while waiting:
            prefix = waiting.pop()
            following = _Prefix(prefix)
            execution = self.execute(following)
            if self.keep(execution):
                return True
            for i in range(len(prefix), len(execution.choices)):
                before = execution.choices[i - 1].thread if i else None
                for index, choice in enumerate(execution.enabled[i]):
                    if choice == execution.choices[i] or disturbs(choice.op.point):
                        continue
                    used = sum(a.thread != b.thread for a, b in pairwise(execution.choices[:i]))
                    if used + (before not in {None, choice.thread}) <= bound:
                        waiting.append([*following.taken[:i], index])
        return False


class _Prefix:
    """Those choices, and nobody is preempted afterwards."""

    def __init__(self, indices: Sequence[int]) -> None:
        self._indices, self.taken = indices, list[int]()

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        at = len(self.taken)
        index = self._indices[at] if at < len(self._indices) else rest(choices, last)
        self.taken.append(index)
        return index


QUIET: Final[Callable[[str], None]] = lambda _: None  # noqa: E731 - a default


def shrink(
    run: Run,
    execution: Execution,
    *,
    same: Callable[[Execution], bool] | None = None,
    max_runs: int = 5_000,
    max_seconds: float = 60.0,
    progress: Callable[[str], None] = QUIET,
) -> Shrunk:
    """Shrink a failing execution.

    Args:
        run: runs the scenario once under a chooser: ``lambda chooser: engine.run(scenario, chooser)``.
        execution: one that failed.
        same: judges whether another one fails in the same way; `same_ending` unless given.
        max_runs: how many executions it may take.
        max_seconds: how long it may take; an execution that is under way then is finished.
        progress: told what has been reached, in words.

    Raises:
        BadLimit: a bound that is none.
        ValueError: the execution did not fail, or does not fail again: something else than the schedule decides.

    """
    whole("max_runs", max_runs)
    seconds("max_seconds", max_seconds)
    judge = same_ending(execution) if same is None else same
    if not judge(execution):
        raise ValueError(f"expected an execution that failed, got one that ended so: {execution.ending}")
    again = run(_Loosely(_turns_of(execution)))
    if not judge(again):
        raise ValueError(
            f"expected the execution to fail again, got {again.ending}: its choices do not decide it alone"
        )
    work = _Shrinking(run, judge, again, max_runs, time.monotonic() + max_seconds, progress, runs=1)
    fewest = finished = False
    progress(f"{again.switches()} switches, {len(again.choices)} steps")
    try:
        work.shrink()
        finished = True
        fewest = work.none_with_fewer()
        work.shrink()
    except _Enough:
        fewest = False
    return Shrunk(work.best, schedule_to_text(work.best), work.runs, fewest, finished)
