"""The models' part of the evidence: both are explored under each policy, and each known-bad protocol is caught.

The jobs are independent and take a core each, so they go to worker processes; a job says what came of it in plain data.
What could not be run (an explorer that is not installed, a bound that was hit, an interrupt) is unfinished.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any

from .evidence import Finding, Standing

__all__ = ["Job", "JobResult", "explorations", "known_bad", "run_jobs"]


PLURALS = {"Thread": "callers", "Upgrader": "upgraders", "Version": "versions", "Epoch": "epochs"}


@dataclass(frozen=True, slots=True)
class Job:
    """One exploration, or one known-bad protocol to be caught."""

    kind: str
    """`explore`, `ends` (what happens in the end) or `known_bad`."""
    name: str
    bounds: tuple[tuple[str, int], ...] = ()
    """How many of each kind there are, in an exploration."""
    thorough: bool = True
    """Whether the plain run has to look for a known-bad protocol's counterexample, too: most of the time."""

    def __str__(self) -> str:
        sizes = ", ".join(f"{size} {PLURALS[name]}" for name, size in self.bounds if name in PLURALS)
        return f"{self.name} ({sizes})" if sizes else self.name


@dataclass(slots=True)
class JobResult:
    """What came of a job."""

    job: Job
    standing: Standing
    seconds: float
    states: int = 0
    claims: Mapping[str, int] = field(default_factory=dict)
    """Rule id to the number of claims about it that held (explore), or that was seen to break (known-bad)."""
    seen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rule id to the situations that must be reachable, with the depth at which each was first met."""
    line: str = ""
    counterexample: str = ""
    breaks: tuple[str, ...] = ()

    def findings(self) -> Iterator[Finding]:
        """The same, as evidence about rules."""
        if self.job.kind == "known_bad":
            return
        for rule, count in self.claims.items():
            standing = self.standing
            if standing is Standing.BROKEN and self.breaks and rule not in self.breaks:
                # A search stops at the first counterexample; the questions of the end are asked one by one.
                standing = Standing.UNFINISHED if self.job.kind == "explore" else Standing.HOLDS
            yield Finding(
                rule,
                "explored",
                standing,
                self.states,
                "states",
                f"{self.job}: {count} claim{'s' if count > 1 else ''}",
                self.seconds,
                seen=dict(self.seen.get(rule, {})),
                counterexamples=(self.counterexample,) if standing is Standing.BROKEN else (),
                why="" if standing is Standing.HOLDS else self.line,
            )


# -- what there is to do ------------------------------------------------------------------------------------------
def _callers(threads: int, upgraders: int, versions: int, epochs: int, tallies: int) -> tuple[tuple[str, int], ...]:
    names = ("Thread", "Upgrader", "Version", "Epoch", "Tally")
    return tuple(zip(names, (threads, upgraders, versions, epochs, tallies), strict=True))


ALL = ("Continue", "Hold", "Overlap")
# HOLD needs one epoch more: a revert drains, too.
BOUNDS = (
    ("algorithm", ("Continue", "Overlap"), _callers(3, 1, 3, 4, 3)),
    ("algorithm", ("Hold",), _callers(3, 1, 3, 5, 3)),
    ("algorithm", ("Continue", "Overlap"), _callers(2, 2, 3, 4, 2)),
    ("algorithm", ("Hold",), _callers(2, 2, 3, 5, 2)),
    ("protocol", ALL, (("Thread", 2), ("Version", 4), ("Epoch", 7), ("Tally", 4))),
)
"""Model, policies, and how many of each kind there are, by default; those that take longest first."""
QUICK = (
    ("algorithm", ("Continue", "Overlap"), _callers(2, 1, 3, 4, 2)),
    ("algorithm", ("Hold",), _callers(2, 1, 3, 5, 2)),
    ("protocol", ALL, (("Thread", 2), ("Version", 3), ("Epoch", 6), ("Tally", 3))),
)
ENDS = (("algorithm", ALL, _callers(1, 2, 2, 6, 2)),)
ENDS_QUICK = (("algorithm", ALL, _callers(1, 1, 2, 5, 2)),)
"""Two upgraders that get in each other's way.  Two callers take a minute: `tests/model/test_endings.py`."""


def explorations(*, quick: bool) -> list[Job]:
    """Both models under each policy, within each of the bounds; then what happens in the end."""
    wanted = (("explore", QUICK if quick else BOUNDS), ("ends", ENDS_QUICK if quick else ENDS))
    return [
        Job(kind, f"{module}.{policy}", bounds)
        for kind, several in wanted
        for module, policies, bounds in several
        for policy in policies
    ]


def known_bad(*, quick: bool) -> list[Job]:
    """Every entry of the catalogue; quick leaves out those whose counterexample is long."""
    entries = _module("known_bad.catalogue").catalogue()
    return [
        Job("known_bad", entry.name, thorough=not quick) for entry in entries if not quick or (entry.steps or 99) <= 5
    ]


def _module(name: str) -> Any:
    return importlib.import_module(f"quiesce_model.{name}")


# -- one job, in a worker -----------------------------------------------------------------------------------------
Tell = Callable[[str], None]


def run_job(job: Job, tell: Tell, max_seconds: float) -> JobResult:
    """Do one job here."""
    began = time.monotonic()
    try:
        result = {"explore": _explore, "ends": _ends, "known_bad": _catch}[job.kind](job, tell, max_seconds)
    except Exception as error:  # noqa: BLE001 - a job that cannot be run is unfinished, and the others go on
        return JobResult(job, Standing.UNFINISHED, time.monotonic() - began, line=f"{job.name}: {error!r}")
    result.seconds = time.monotonic() - began
    return result


def _explore(job: Job, tell: Tell, max_seconds: float) -> JobResult:
    module, name = job.name.split(".")
    model = getattr(_module(module), name)

    def progress(now: Any) -> None:
        tell(f"{job}: {now.states:,} states, {now.rate:,.0f}/s, frontier {now.frontier:,}")

    found = _module("explore").explore(model, _scope(job), max_seconds=max_seconds, progress=progress)
    claims: dict[str, int] = {}
    seen: dict[str, dict[str, int]] = {}
    for kind in ("invariant", "theorem", "transition"):
        for claim in model.claims(kind).values():
            for rule in claim.rules:
                claims[rule] = claims.get(rule, 0) + 1
    for action in model.actions():
        for obligation in action.asserts:
            for rule in obligation.rules:
                claims[rule] = claims.get(rule, 0) + 1
    for claim in model.claims("sometimes").values():
        depth = found.sometimes.get(claim.name)
        for rule in claim.rules:
            claims.setdefault(rule, 1)
            if depth is not None:
                seen.setdefault(rule, {})[claim.name] = depth
    return JobResult(
        job,
        Standing(found.exit_code),
        found.seconds,
        found.states,
        claims,
        seen,
        f"{job.name.partition('.')[0]} {found}",
        str(found.violation or ""),
        tuple(found.violation.rules) if found.violation else (),
    )


def _ends(job: Job, tell: Tell, max_seconds: float) -> JobResult:
    from .liveness import questions

    del max_seconds  # the bounds are small: seconds
    tell(f"{job}: what happens in the end")
    module, name = job.name.split(".")
    answers = list(questions(getattr(_module(module), name), _scope(job)))
    broken = [answer for answer in answers if not answer.holds]
    claims = dict(Counter(answer.rule for answer in answers))
    bad = {answer.rule for answer in broken}
    line = f"{job}: in the end: " + ", ".join(f"{rule} {'BROKEN' if rule in bad else 'holds'}" for rule in claims)
    return JobResult(
        job,
        Standing.BROKEN if broken else Standing.HOLDS,
        0.0,
        answers[0].states,
        claims,
        line=line,
        counterexample="\n".join(f"{answer.rule}: {answer.text}" for answer in broken),
        breaks=tuple(answer.rule for answer in broken),
    )


def _scope(job: Job) -> dict[Any, int]:
    words = _module("vocabulary")
    return {getattr(words, sort): size for sort, size in job.bounds}


def _catch(job: Job, tell: Tell, max_seconds: float) -> JobResult:
    del max_seconds  # a known-bad protocol fails within seconds; the whole run's bound is the executor's
    catalogue = _module("known_bad.catalogue")
    entry = next(entry for entry in catalogue.catalogue() if entry.name == job.name)
    tell(f"{job.name}: looking for the counterexample that is said to be there")
    found = catalogue.check(entry) if job.thorough else catalogue.check(entry, plain_states=0)
    standing = Standing.HOLDS if found else Standing.BROKEN
    return JobResult(
        job,
        standing,
        0.0,
        getattr(found, "states", 0),
        {entry.breaks: 1},
        line=str(found),
        counterexample="" if found else str(found),
        breaks=(entry.breaks,),
    )


# -- all of them --------------------------------------------------------------------------------------------------
_queue: Queue[str] | None = None


def _begin_worker(queue: Queue[str]) -> None:
    global _queue  # noqa: PLW0603 - a worker process has one queue, given when it starts
    _queue = queue


def _in_worker(job: Job, max_seconds: float) -> JobResult:
    def tell(line: str) -> None:
        if _queue is not None:
            _queue.put(line)

    return run_job(job, tell, max_seconds)


def run_jobs(
    jobs: Sequence[Job],
    done: Callable[[JobResult], None],
    tell: Tell,
    *,
    workers: int | None = None,
    max_seconds: float = 300.0,
) -> None:
    """Run all jobs, `done` with each result as it comes, `tell` with lines of progress, both on this thread.

    Args:
        jobs: what to do, longest first.
        done: takes each result.
        tell: takes each line.
        workers: processes; one per core if not given, 1 runs everything in this process.
        max_seconds: bound on each exploration.

    """
    count = workers or os.cpu_count() or 1
    if count == 1:
        for job in jobs:
            done(run_job(job, tell, max_seconds))
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks, not the threads
    queue: Queue[str] = context.Queue()
    with ProcessPoolExecutor(count, context, _begin_worker, (queue,)) as pool:
        waiting: set[Future[JobResult]] = {pool.submit(_in_worker, job, max_seconds) for job in jobs}
        try:
            while waiting:
                ready, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for line in _latest(queue):
                    tell(line)
                for future in ready:
                    done(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _latest(queue: Queue[str]) -> Iterable[str]:
    """The last line that is there, if there is one."""
    lines: list[str] = []
    with contextlib.suppress(Empty):
        while True:
            lines.append(queue.get_nowait())
    return lines[-1:]
