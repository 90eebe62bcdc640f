"""Search the schedules of a scenario: run, learn, count, until there is nothing left, something fails, or time is up.

The search knows nothing of threads: `run` is anything that maps a chooser to an execution, such as
``partial(engine.run, scenario)``.  It knows nothing of strategies either: a `Frontier` hands out parts, an `Explorer`
works on one (see `strategies.base`).  With workers, parts travel to an executor and come back after a short while with
what is left of them; so work is shared out anew all the time, and one hard part keeps nobody waiting for long.

Ctrl-C ends a search after the schedule that it is at (a second one at once).  The report says *unfinished* and what was
covered; what exit code that makes is the caller's business.

Rejected: a search that takes the engine and the scenario (then nothing but real threads could be searched); threads of
our own as workers (the interpreter runs one at a time: an executor of processes is what helps).
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

from .checkpoint import BadCheckpoint, Saved, load, save
from .errors import Nondeterminism
from .execution import Execution
from .limits import seconds as check_seconds
from .limits import whole
from .points import Choice, Chooser
from .report import Progress, SearchReport, SearchVerdict
from .strategies.base import Frontier, Part, Strategy

__all__ = ["Run", "search"]

Run = Callable[[Chooser], Execution]
"""Runs the scenario once.  Equal choices must give equal executions.  It goes to workers, so for an executor of
processes it has to be picklable: a function of a module, or `functools.partial` of one."""

PROGRESS_EVERY = 0.2
SAVE_EVERY = 10.0
SLICE_SECONDS = 0.5
SLICE_SCHEDULES = 500


def search(
    run: Run,
    strategy: Strategy,
    *,
    scenario: str = "scenario",
    max_schedules: int | None = None,
    max_seconds: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    workers: int = 1,
    executor: Executor | None = None,
) -> SearchReport:
    """Search until a schedule fails, everything within the strategy's bound was tried, or a limit is reached.

    Args:
        run: runs the scenario once, under a chooser.
        strategy: which schedules are tried, and in which order.
        scenario: its name; a checkpoint of another scenario is refused.
        max_schedules: stop after so many in this call; then the search is unfinished, if anything is left.
        max_seconds: likewise, by the clock.
        progress: called now and then, and at the end, in the calling thread.  What it raises ends the search.
        checkpoint: a file.  If it is there, the search goes on from it; what is left is written to it now and then and
            at the end, also after Ctrl-C and after a failure (the failing schedule is still to be done then).
        workers: how many parts are worked on at once.  More than 1 without an executor makes that many processes.
        executor: any `concurrent.futures.Executor`.  One of threads calls `run` in several threads at once.

    Raises:
        BadLimit: a bound that makes no sense.
        BadCheckpoint: the file is damaged, or made for another search.
        Nondeterminism: an execution did not follow the choices that it was to repeat.
        TypeError: `run` cannot be sent to a process.
        Whatever `run` and `progress` raise.

    """
    whole("max_schedules", max_schedules, optional="no limit")
    check_seconds("max_seconds", max_seconds, optional="no limit")
    whole("workers", workers)
    path = None if checkpoint is None else Path(checkpoint)
    saved = None if path is None else load(path, scenario, strategy.name)
    try:
        frontier = strategy.frontier(None if saved is None else saved.left)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if saved is None or path is None:
            raise
        raise BadCheckpoint(path, f"expected what {strategy.name} left to do, got something else: {error!r}") from error
    begin = _Search(run, strategy, frontier, scenario, max_schedules, max_seconds, progress, path, saved)
    if executor is not None:
        return begin.among(executor, workers if workers > 1 else os.cpu_count() or 1)
    if workers == 1:
        return begin.alone()
    _must_travel(run)
    with ProcessPoolExecutor(workers, get_context("spawn"), _ignore_interrupts) as processes:
        return begin.among(processes, workers)


@dataclass(slots=True)
class _Slice:
    """What a worker brings back."""

    part: Part
    schedules: int = 0
    steps: int = 0
    pruned: int = 0
    failure: tuple[int, ...] | None = None
    """The picks of a schedule that failed."""
    interrupted: bool = False


class _Search:
    def __init__(
        self,
        run: Run,
        strategy: Strategy,
        frontier: Frontier,
        scenario: str,
        max_schedules: int | None,
        max_seconds: float | None,
        progress: Callable[[Progress], None] | None,
        path: Path | None,
        saved: Saved | None,
    ) -> None:
        self.run, self.strategy, self.frontier, self.scenario = run, strategy, frontier, scenario
        self.progress, self.path = progress, path
        self.schedules, self.steps, self.pruned = (saved.schedules, saved.steps, saved.pruned) if saved else (0, 0, 0)
        self.earlier = saved.seconds if saved else 0.0
        self.begin = time.monotonic()
        self.most = None if max_schedules is None else self.schedules + max_schedules
        self.max_schedules, self.max_seconds = max_schedules, max_seconds
        self.told = self.written = self.begin
        self.interrupted = False
        self.failure: Execution | None = None
        self.torn = False
        """An interrupt struck in the middle of learning: what is left is not known any more."""

    # -- here ---------------------------------------------------------------------------------------------------------
    def alone(self) -> SearchReport:
        with self._interruptible():
            try:
                while not self._why_stop() and (part := self.frontier.take(1)) is not None:
                    self._work(part)
                    if self._is_time_to_write():
                        self._write()
            except KeyboardInterrupt:
                self.interrupted = True
        return self._report()

    def _work(self, part: Part) -> None:
        explorer = self.strategy.explorer(part)
        try:
            while not self._why_stop() and not self._is_time_to_write() and (chooser := explorer.next()) is not None:
                execution = self.run(chooser)
                if execution.failed:
                    self._count(execution, new=True)
                    self.failure = execution
                    break
                self.torn = True
                new = explorer.learn(execution)
                self.torn = False
                self._count(execution, new=new)
                self._tell(time.monotonic())
        except KeyboardInterrupt:
            self.interrupted = True
        if not self.torn:
            self.frontier.give_back(explorer.rest())

    def _count(self, execution: Execution, *, new: bool) -> None:
        if new:
            self.schedules += 1
            self.steps += len(execution.choices)
        else:
            self.pruned += 1

    # -- among workers ------------------------------------------------------------------------------------------------
    def among(self, executor: Executor, workers: int) -> SearchReport:
        """Keep so many slices under way.  What comes back is merged here, by this thread alone."""
        under_way: dict[Future[_Slice], int] = {}
        with self._interruptible():
            try:
                while True:
                    self._hand_out(executor, workers, under_way)
                    if not under_way:
                        if not self._is_time_to_write():
                            break
                        self._write()
                        continue
                    done, _ = wait(under_way, timeout=PROGRESS_EVERY, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._merge(future.result())
                        del under_way[future]
                    self._tell(time.monotonic())
            except KeyboardInterrupt:
                self.interrupted = True
                if not self.torn:
                    for future in under_way:
                        self._merge(future.result())
        return self._report()

    def _hand_out(self, executor: Executor, workers: int, under_way: dict[Future[_Slice], int]) -> None:
        while len(under_way) < workers and not self._why_stop():
            if self._is_time_to_write():
                return  # until everything has come home
            most = SLICE_SCHEDULES
            if self.most is not None:
                most = min(most, self.most - self.schedules - sum(under_way.values()))
            if most < 1:
                return
            part = self.frontier.take(2 * workers)
            if part is None:
                return
            under_way[executor.submit(_work_on, self.run, self.strategy, part, most, SLICE_SECONDS)] = most

    def _merge(self, home: _Slice) -> None:
        self.torn = True
        self.frontier.give_back(home.part)
        self.schedules += home.schedules
        self.steps += home.steps
        self.pruned += home.pruned
        self.torn = False
        self.interrupted |= home.interrupted
        if home.failure is not None and self.failure is None:
            self.failure = self.run(_Again(home.failure))
            if not self.failure.failed:
                raise Nondeterminism(
                    f"expected the schedule that failed in a worker to fail again, got {self.failure!r}; make the "
                    "scenario depend on its schedule alone"
                )
            self.schedules += 1
            self.steps += len(self.failure.choices)

    # -- both ---------------------------------------------------------------------------------------------------------
    def _why_stop(self) -> str:
        if self.failure is not None:
            return "a schedule failed"
        if self.interrupted:
            return "interrupted"
        if self.most is not None and self.schedules >= self.most:
            return f"max_schedules={self.max_schedules} were run"
        if self.max_seconds is not None and time.monotonic() - self.begin >= self.max_seconds:
            return f"max_seconds={self.max_seconds:g} are over"
        return ""

    def _seconds(self) -> float:
        return self.earlier + time.monotonic() - self.begin

    def _tell(self, now: float, *, last: bool = False) -> None:
        if self.progress is not None and (last or now - self.told >= PROGRESS_EVERY):
            self.told = now
            self.progress(Progress(self.schedules, self.steps, self.pruned, self._seconds()))

    def _is_time_to_write(self) -> bool:
        return self.path is not None and time.monotonic() - self.written > SAVE_EVERY

    def _write(self) -> None:
        if self.path is not None and not self.torn:
            done = self.schedules - (self.failure is not None)  # the failing one is still to be done
            steps = self.steps - (len(self.failure.choices) if self.failure is not None else 0)
            left = self.frontier.save()
            save(
                self.path,
                Saved(self.scenario, self.strategy.name, done, steps, self.pruned, self._seconds(), left),
            )
            self.written = time.monotonic()

    def _report(self) -> SearchReport:
        self._write()
        self._tell(time.monotonic(), last=True)
        finished = self.frontier.empty and not self.torn and self.failure is None
        if self.failure is not None:
            verdict = SearchVerdict.BROKEN
        else:
            verdict = SearchVerdict.HOLDS if finished else SearchVerdict.UNFINISHED
        return SearchReport(
            verdict=verdict,
            strategy=self.strategy.name,
            bound=self.strategy.bound,
            evidence=self.strategy.evidence,
            schedules=self.schedules,
            steps=self.steps,
            pruned=self.pruned,
            exhausted=finished and self.strategy.evidence == "explored",
            seconds=self._seconds(),
            failure=self.failure,
            stopped="" if verdict is not SearchVerdict.UNFINISHED else self._why_stop(),
            notes=tuple(self.frontier.notes),
        )

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Make the first Ctrl-C a request; the second one raises KeyboardInterrupt where it strikes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def ask(number: int, frame: FrameType | None) -> None:
            if self.interrupted:
                signal.default_int_handler(number, frame)
            self.interrupted = True

        if before is not signal.default_int_handler:  # somebody else's: leave it
            yield
            return
        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class _Again:
    """Takes the same picks once more."""

    def __init__(self, picks: tuple[int, ...]) -> None:
        self._left = iter(picks)

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        del last  # the picks decide
        pick = next(self._left, 0)
        return min(pick, len(choices) - 1)


def _work_on(run: Run, strategy: Strategy, part: Part, most: int, limit: float) -> _Slice:
    """Work on a part for a while.  Runs in a worker."""
    end = time.monotonic() + limit
    explorer = strategy.explorer(part)
    home = _Slice(None)
    try:
        while home.schedules < most and time.monotonic() < end and (chooser := explorer.next()) is not None:
            execution = run(chooser)
            if execution.failed:
                picks = zip(execution.choices, execution.enabled, strict=True)
                home.failure = tuple(enabled.index(choice) for choice, enabled in picks)
                break
            if explorer.learn(execution):
                home.schedules += 1
                home.steps += len(execution.choices)
            else:
                home.pruned += 1
    except KeyboardInterrupt:
        home.interrupted = True
    home.part = explorer.rest()
    return home


def _ignore_interrupts() -> None:
    """Ctrl-C goes to every process of a terminal; the leader alone decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _must_travel(run: Run) -> None:
    try:
        pickle.dumps(run)
    except Exception as error:
        raise TypeError(
            f"run: expected something that can be sent to a process (a function of a module, or functools.partial of "
            f"one), got {run!r}"
        ) from error
