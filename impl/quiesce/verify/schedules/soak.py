"""Larger scopes, for a night: bounded in time, on several processes, and gone on with from a checkpoint.

Every configuration gets a slice of time after the other, smaller ones first; what its search has left to do is kept in
the checkpoint together with what it has counted, and the next round, or the next night, goes on there.  The checkpoint
is replaced as a whole after every slice, so an interrupt loses one slice at most.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from quiesce.verify.evidence import Standing
from quiesce_conformance import files
from quiesce_conformance.schedules import Nondeterminism, schedule_to_text
from quiesce_conformance.schedules.limits import seconds as check_seconds
from quiesce_conformance.schedules.limits import whole

from .configurations import configurations, find, larger
from .runs import default_strategy, run
from .tally import Seen
from .world import quiet_log

__all__ = ["BadCheckpoint", "Progress", "Soak", "soak"]

FORMAT: Final = "quiesce soak 1"
KEYS: Final = {"schedules": int, "pruned": int, "steps": int, "seconds": (int, float), "ended": bool, "seen": dict}
Say = Callable[[str], None]


class BadCheckpoint(ValueError):
    """The file is no checkpoint of a soak.  Nothing was run, and the file was left as it was."""


@dataclass(slots=True)
class Progress:
    """How far one configuration is, over all slices."""

    schedules: int = 0
    pruned: int = 0
    steps: int = 0
    seconds: float = 0.0
    ended: bool = False
    seen: dict[str, Any] = field(default_factory=dict[str, Any])
    left: Any = None
    failure: str = ""
    schedule: str = ""
    """Of the failure."""

    def add(self, slice_: Mapping[str, Any]) -> None:
        """Take in what a slice did."""
        for name in ("schedules", "pruned", "steps", "seconds"):
            setattr(self, name, getattr(self, name) + slice_[name])
        seen = Seen.from_json(self.seen)
        seen.add(Seen.from_json(slice_["seen"]))
        self.seen = seen.as_json()
        self.ended, self.left = slice_["ended"], slice_["left"]
        self.failure, self.schedule = slice_["failure"], slice_["schedule"]

    @property
    def over(self) -> bool:
        """There is nothing left to do."""
        return self.ended or bool(self.failure)


@dataclass(slots=True)
class Soak:
    """What came of it so far."""

    progress: dict[str, Progress]
    stopped: str = ""

    @property
    def standing(self) -> Standing:
        """BROKEN if anything failed; HOLDS only if everything came to its end."""
        if any(p.failure for p in self.progress.values()):
            return Standing.BROKEN
        return Standing.HOLDS if all(p.ended for p in self.progress.values()) else Standing.UNFINISHED

    def lines(self) -> list[str]:
        """One for each configuration."""
        out = []
        for name, p in self.progress.items():
            state = "BROKEN" if p.failure else "exhausted" if p.ended else "unfinished" if p.schedules else "not begun"
            out.append(f"{name:<28} {p.schedules:>10,} schedules {p.steps:>12,} steps {p.seconds:8.1f} s  {state}")
        return out

    def save(self, path: Path) -> None:
        """Write the checkpoint, in one step."""
        data = {"format": FORMAT, "configurations": {n: _plain(p) for n, p in self.progress.items()}}
        files.write(path, json.dumps(data, separators=(",", ":")))

    @classmethod
    def load(cls, path: Path) -> Soak:
        """Read a checkpoint.

        Raises:
            BadCheckpoint: it is none, or names a configuration that there is not.

        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadCheckpoint(f"{path}: expected a checkpoint of `quiesce soak`, got {error}") from error
        if (
            not isinstance(data, dict)
            or data.get("format") != FORMAT
            or not isinstance(data.get("configurations"), dict)
        ):
            raise BadCheckpoint(f"{path}: expected a checkpoint that begins with {FORMAT!r}; delete it to begin anew")
        return cls({name: _progress(path, name, each) for name, each in data["configurations"].items()})


def _plain(p: Progress) -> dict[str, Any]:
    return {name: getattr(p, name) for name in Progress.__slots__}


def _progress(path: Path, name: str, data: Any) -> Progress:
    where = f"{path}: configuration {name!r}"
    try:
        configuration = find(name)
    except LookupError as error:
        raise BadCheckpoint(f"{where}: {error}") from error
    if not isinstance(data, dict) or set(data) != set(Progress.__slots__):
        raise BadCheckpoint(f"{where}: expected the fields {', '.join(Progress.__slots__)}")
    for key, kind in KEYS.items():
        if not isinstance(data[key], kind):  # type: ignore[arg-type]  # a type or a tuple of them
            raise BadCheckpoint(f"{where}: {key}: expected {kind}, got {data[key]!r}")
    try:
        if data["left"] is not None:
            default_strategy(configuration).frontier(data["left"])
        Seen.from_json(data["seen"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadCheckpoint(f"{where}: what is left to do cannot be read: {error!r}") from error
    return Progress(**data)


def work(name: str, left: Any, limit: float) -> dict[str, Any]:
    """One slice, in a process of its own.  What was left by other code may not fit: then it says so, and no more."""
    quiet_log()
    try:
        report = run(find(name), max_seconds=limit, saved=left)
    except Nondeterminism:
        if left is None:
            raise
        return {"stale": True}
    failure = report.failure
    return {
        "schedules": report.schedules,
        "pruned": report.pruned,
        "steps": report.steps,
        "seconds": report.seconds,
        "ended": report.ended,
        "seen": report.seen.as_json(),
        "left": report.left,
        "failure": "" if failure is None else str(failure.ending),
        "schedule": "" if failure is None else schedule_to_text(failure),
    }


def soak(
    checkpoint: Path,
    *,
    max_seconds: float,
    workers: int | None = None,
    slice_seconds: float = 20.0,
    names: list[str] | None = None,
    say: Say = print,
) -> Soak:
    """Search the larger configurations for that long, or go on where the checkpoint ends.

    Args:
        checkpoint: the file; it is made if it is not there.
        max_seconds: how long, in all; slices that are under way then are finished.
        workers: processes; one per core if not given.
        slice_seconds: how long a configuration is worked on at a time.
        names: which configurations; the suite's and the larger ones if not given.
        say: is given a line of progress after each slice.

    Raises:
        BadLimit, BadCheckpoint, UnknownConfiguration: nothing was run.

    """
    check_seconds("max_seconds", max_seconds)
    check_seconds("slice_seconds", slice_seconds)
    whole("workers", workers, optional="one per core")
    wanted = [find(name).name for name in names] if names is not None else [*configurations(), *larger()]
    state = Soak.load(checkpoint) if checkpoint.exists() else Soak({})
    state.progress = {name: state.progress.get(name, Progress()) for name in wanted} | state.progress
    deadline = time.monotonic() + max_seconds
    # Spawned, not forked: an engine's threads do not come along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=context) as pool:
        running: dict[Future[dict[str, Any]], str] = {}
        try:
            _rounds(state, pool, running, workers or os.cpu_count() or 1, deadline, slice_seconds, checkpoint, say)
        except KeyboardInterrupt:
            state.stopped = "interrupted"
            for future in running:
                future.cancel()
    state.save(checkpoint)
    return state


def _rounds(
    state: Soak,
    pool: ProcessPoolExecutor,
    running: dict[Future[dict[str, Any]], str],
    workers: int,
    deadline: float,
    slice_seconds: float,
    checkpoint: Path,
    say: Say,
) -> None:
    while True:
        idle = [n for n, p in state.progress.items() if not p.over and n not in running.values()]
        idle.sort(key=lambda n: state.progress[n].seconds)  # who had least so far is next
        left = deadline - time.monotonic()
        while idle and len(running) < workers and left > 0:
            name = idle.pop(0)
            limit = min(slice_seconds, max(left, 0.1))
            running[pool.submit(work, name, state.progress[name].left, limit)] = name
        if not running:
            state.stopped = "" if all(p.over for p in state.progress.values()) else "the time was up"
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            name = running.pop(future)
            did = future.result()
            if did.get("stale"):
                say(f"{name}: what was left to do does not fit the code any more; it begins anew")
                state.progress[name] = Progress()
                continue
            p = state.progress[name]
            p.add(did)
            state.save(checkpoint)
            what = "BROKEN" if p.failure else "exhausted" if p.ended else "goes on"
            over = sum(each.over for each in state.progress.values())
            say(f"{name}: {p.schedules:,} schedules so far, {what} ({over} of {len(state.progress)} are done)")
