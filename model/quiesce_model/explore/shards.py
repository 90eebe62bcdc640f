"""Many explorations, shared out to any `concurrent.futures.Executor`.

One scope is explored by one process: sharing out a search was measured, and gained little (see `loop`).  But a model is
mostly explored in many scopes, policies and mutants, which have nothing to do with each other.  So they are what is
shared out: to processes of this machine, or with ``client.get_executor()`` to a Dask cluster.

A job is plain data that can be pickled: the model is named by its class, which the other side imports.  Threads are
accepted, too, but explorations in threads of one interpreter take turns.

What cannot be answered is never green: a job that raises, whose worker dies, or that was cancelled is an `Answer`
without a result, UNFINISHED, with the reason; the others go on.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Executor, Future, as_completed
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.explore.result import Result, Verdict
from quiesce_model.explore.search import explore
from quiesce_model.language.errors import ModelError
from quiesce_model.language.model import Model
from quiesce_model.language.sorts import Scope

__all__ = ["Answer", "Job", "explore_many"]


@dataclass(frozen=True)
class Job:
    """One exploration to be done, perhaps elsewhere: the model must be a class at the top of a module.

    :param options: further arguments of `explore`; what is called (``progress``) only works in this process.
    """

    model: type[Model]
    scope: Scope
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        sizes = ", ".join(f"{getattr(s, '__name__', s)} {n}" for s, n in self.scope.items())
        return f"{getattr(self.model, '__name__', self.model)} ({sizes})"


@dataclass(frozen=True)
class Answer:
    """What came of a job: a result, or the reason why there is none."""

    job: Job
    result: Result | None = None
    error: BaseException | None = None

    @property
    def verdict(self) -> Verdict:
        """The result's; UNFINISHED without one."""
        return Verdict.UNFINISHED if self.result is None else self.result.verdict

    def __str__(self) -> str:
        if self.result is not None:
            return f"{self.job}: {self.result}"
        cancelled = isinstance(self.error, CancelledError | KeyboardInterrupt)
        why = "cancelled" if cancelled else f"could not be explored: {type(self.error).__name__}: {self.error}"
        return f"{self.job}: {Verdict.UNFINISHED.value}: {why}"


def explore_many(
    jobs: Iterable[Job],
    *,
    executor: Executor | None = None,
    progress: Callable[[int, int, Answer], object] | None = None,
) -> list[Answer]:
    """Explore every job; the answers, in the order of the jobs.

    The executor stays the caller's: it is neither made nor shut down here.  Ctrl-C cancels what has not begun; what was
    answered by then is kept.

    Args:
        jobs: what to explore, longest first.
        executor: where to; ``None`` for one after the other, in this thread.
        progress: called with how many are answered, of how many, and the latest answer, in this thread.

    Returns:
        One answer for each job.  The verdict of all is `Verdict.worst` of theirs.
    """
    todo = list(jobs)
    answers: dict[int, Answer] = {}
    futures: dict[Future[Result | Exception], int] = {}

    def answered(n: int, answer: Answer) -> None:
        answers[n] = answer
        if progress is not None:
            progress(len(answers), len(todo), answer)

    try:
        if executor is None:
            for n, job in enumerate(todo):
                answer = _given(job, _here(job))
                answered(n, answer)
                if answer.result is not None and answer.result.interrupted:
                    raise KeyboardInterrupt
        else:
            for n, job in enumerate(todo):
                future = _submitted(executor, job)
                if isinstance(future, Future):
                    futures[future] = n
                else:
                    answered(n, Answer(job, error=future))
            for future in as_completed(futures):
                answered(futures[future], _answer(todo[futures[future]], future))
    except KeyboardInterrupt as interrupt:
        for future in futures:
            future.cancel()
        for n, job in enumerate(todo):
            answers.setdefault(n, Answer(job, error=interrupt))
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [answers[n] for n in range(len(todo))]


def _here(job: Job) -> Result | Exception:
    """What a worker does.  An error is returned, not raised: one that cannot be pickled would break the whole pool."""
    try:
        return explore(job.model, job.scope, **job.options)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer of this job, and the others go on
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # noqa: BLE001 - an exception may do anything there
            return ModelError(f"{type(error).__name__}: {error}")
        return error


def _given(job: Job, found: Result | Exception) -> Answer:
    return Answer(job, found) if isinstance(found, Result) else Answer(job, error=found)


def _submitted(executor: Executor, job: Job) -> Future[Result | Exception] | Exception:
    try:
        return executor.submit(_here, job)
    except Exception as error:  # noqa: BLE001 - the executor was shut down, or its processes died: said of this job
        return error


def _answer(job: Job, future: Future[Result | Exception]) -> Answer:
    try:
        return _given(job, future.result())
    except (Exception, CancelledError) as error:  # noqa: BLE001 - its worker died, or it cannot be sent there: said of this job
        return Answer(job, error=error)
