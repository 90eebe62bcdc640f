"""Many explorations on any executor: threads, processes, a Dask cluster; and what becomes of those that fail there."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from quiesce_model.algorithm import Continue
from quiesce_model.explore import Answer, Job, SymmetryError, Verdict, explore, explore_many
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version
from tests.model.explore_models import GoodMutex, Mutex, Other, Place, Stairs, Walker

ROOM: dict[type, int] = {Walker: 2, Place: 3, Other: 2}
JOBS = [
    Job(Continue, {Thread: 1, Upgrader: 1, Version: 2, Epoch: 3, Tally: 2}, {"symmetric": True, "unreduced": True}),
    Job(Stairs, {Walker: 3, Place: 4}),
    Job(Stairs, {Walker: 2, Place: 4}, {"symmetric": [Place]}),  # there is no such symmetry: it fails
    Job(Mutex, ROOM),
    Job(Stairs, {Walker: 8, Place: 4}, {"max_states": 100}),
    Job(GoodMutex, ROOM, {"packed": True}),
]
VERDICTS = ["unfinished", "holds", "unfinished", "broken", "unfinished", "holds"]


class Deadly:
    """Whoever unpickles it dies: it crosses to a worker, and the worker is not there any more."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


@contextmanager
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@contextmanager
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@contextmanager
def nobody() -> Iterator[None]:
    yield None


@contextmanager
def dask() -> Iterator[Executor]:
    """A real cluster: scheduler, worker and client talk as they do on several machines, in threads of this process."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'quiesce[dask]'")
    address: dict[str, Any] = {"dashboard_address": None, "worker_dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **address) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        yield executor


@pytest.mark.parametrize("where", [nobody, threads, processes, dask])
def test_answers_come_in_order_and_are_those_of_one_after_the_other(where: Any) -> None:
    seen: list[tuple[int, int, str]] = []
    with where() as executor:
        answers = explore_many(
            JOBS, executor=executor, progress=lambda done, of, answer: seen.append((done, of, str(answer.job)))
        )
    assert [a.job for a in answers] == JOBS
    assert [a.verdict.value for a in answers] == VERDICTS
    assert [(done, of) for done, of, _ in seen] == [(n + 1, len(JOBS)) for n in range(len(JOBS))]
    assert sorted(name for *_, name in seen) == sorted(map(str, JOBS))
    for job, answer in zip(JOBS, answers, strict=True):
        if answer.result is not None:
            here = explore(job.model, job.scope, **job.options)
            assert (answer.result.states, answer.result.edges) == (here.states, here.edges)
            assert answer.result.unreduced == here.unreduced
            assert str(answer.result.violation) == str(here.violation)
    assert Verdict.worst(a.verdict for a in answers) is Verdict.BROKEN


def test_a_job_that_fails_is_named_and_the_others_are_answered() -> None:
    failed = explore_many(JOBS)[2]
    assert isinstance(failed.error, SymmetryError)
    assert str(failed).startswith(
        "Stairs (Walker 2, Place 4): unfinished: could not be explored: SymmetryError: Stairs: the elements of Place"
    )


class Stubborn(Exception):
    """It cannot be made again from its arguments, so it does not survive the way back from a process."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


class Raises:
    def __iter__(self) -> Iterator[str]:
        raise Stubborn(1, 2)

    def __contains__(self, name: object) -> bool:
        raise Stubborn(1, 2)


def test_an_error_that_cannot_be_pickled_does_not_break_the_others() -> None:
    with processes() as executor:
        answers = explore_many([Job(Mutex, ROOM, {"claims": Raises()}), JOBS[1]], executor=executor)
    assert [a.verdict for a in answers] == [Verdict.UNFINISHED, Verdict.HOLDS]
    assert str(answers[0]).endswith("could not be explored: ModelError: Stubborn: 1 and 2")


def test_a_worker_that_dies_leaves_its_jobs_unfinished() -> None:
    with processes() as executor:
        answers = explore_many([Job(Mutex, ROOM, {"claims": [Deadly()]})] * 2, executor=executor)
    assert [a.verdict for a in answers] == [Verdict.UNFINISHED] * 2
    assert all("Other 2): unfinished: could not be explored: BrokenProcessPool" in str(a) for a in answers)


def test_a_job_that_cannot_be_sent_is_named() -> None:
    class Local(Stairs):
        """Not at the top of a module: nobody else can import it."""

    with processes() as executor:
        answers = explore_many([Job(Local, {Walker: 1, Place: 4}), JOBS[1]], executor=executor)
    assert [a.verdict for a in answers] == [Verdict.UNFINISHED, Verdict.HOLDS]
    assert "Local (Walker 1, Place 4): unfinished: could not be explored: " in str(answers[0])


def test_an_executor_that_was_shut_down_answers_nothing() -> None:
    with threads() as executor:
        pass
    answers = explore_many(JOBS[:2], executor=executor)
    assert [a.verdict for a in answers] == [Verdict.UNFINISHED] * 2
    assert "cannot schedule new futures after shutdown" in str(answers[0])


def test_what_is_cancelled_is_unfinished() -> None:
    class Gate(Executor):
        """Takes everything, does the first thing, and is called off for the rest."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if args[0] is JOBS[1]:
                future.set_result(fn(*args, **kwargs))
            else:
                future.cancel()
                future.set_running_or_notify_cancel()
            return future

    answers = explore_many(JOBS[1:4], executor=Gate())
    assert [a.verdict for a in answers] == [Verdict.HOLDS, Verdict.UNFINISHED, Verdict.UNFINISHED]
    assert str(answers[2]) == "Mutex (Walker 2, Place 3, Other 2): unfinished: cancelled"


def test_ctrl_c_keeps_what_was_answered_and_cancels_the_rest() -> None:
    """The first answer is in when it strikes; the others have not begun, because a thread stands in their way."""
    go_on = threading.Event()

    def progress(*_: Any) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        jobs = [JOBS[1], JOBS[3], JOBS[5]]
        blocked = ThreadPoolExecutor(1)
        first = executor.submit(lambda: None)
        first.result(timeout=60)

        class OneThenWait(Executor):
            count = 0

            def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
                self.count += 1
                if self.count == 2:
                    blocked.submit(go_on.wait, 60)
                return (executor if self.count == 1 else blocked).submit(fn, *args, **kwargs)

        answers = explore_many(jobs, executor=OneThenWait(), progress=progress)
        go_on.set()
        blocked.shutdown()
    assert [a.verdict.value for a in answers] == ["holds", "unfinished", "unfinished"]
    assert str(answers[1]).endswith("unfinished: cancelled")


def test_ctrl_c_within_an_exploration_stops_those_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quiesce_model.explore.bounds.Watch.INTERVAL", 0.0)

    def strike(_: Any) -> None:
        raise KeyboardInterrupt

    jobs = [JOBS[1], Job(Stairs, {Walker: 3, Place: 4}, {"progress": strike}), JOBS[3]]
    answers = explore_many(jobs)
    assert [a.verdict.value for a in answers] == ["holds", "unfinished", "unfinished"]
    assert answers[1].result is not None
    assert answers[1].result.interrupted
    assert str(answers[2]).endswith("unfinished: cancelled")


def test_nothing_to_do_is_not_green() -> None:
    assert explore_many([]) == []
    assert Verdict.worst([]) is Verdict.UNFINISHED
    assert Verdict.worst([Verdict.HOLDS, Verdict.UNFINISHED]) is Verdict.UNFINISHED


def test_jobs_and_answers_are_plain_data() -> None:
    for answer in explore_many(JOBS):
        again: Answer = pickle.loads(pickle.dumps(answer))
        assert str(again) == str(answer)
        assert again.job == answer.job
