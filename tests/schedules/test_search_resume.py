"""Checkpoints and workers: however the work is cut up, exactly the same schedules are run."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from quiesce_conformance.schedules import Choice, Chooser, Execution
from quiesce_conformance.schedules import search as searching
from quiesce_conformance.schedules.checkpoint import BadCheckpoint
from quiesce_conformance.schedules.report import SearchVerdict
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct, Strategy, Walk
from tests.schedules.litmus import Code, canonical, program, random_code, run_code, tally
from tests.schedules.litmus import run as run_program
from tests.schedules.stale_epoch import run_stale

CODE: Code = {name: [("+", "L"), ("w", "x"), ("-", "L"), ("w", "y")] for name in "abc"}
run = partial(run_code, CODE)
EVERY = [Exhaustive(), Exhaustive(2), Dpor(), Pct(schedules=40), Walk(schedules=40)]
named = pytest.mark.parametrize("strategy", EVERY, ids=lambda strategy: strategy.name)
HOLDS, UNFINISHED, BROKEN = SearchVerdict.HOLDS, SearchVerdict.UNFINISHED, SearchVerdict.BROKEN


class Inline(Executor):
    """Does it at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is the future's
            future.set_exception(error)
        return future


class Seen:
    """Runs, and counts each schedule that came to its end."""

    def __init__(self, body: Callable[[Chooser], Execution] = run) -> None:
        self.body = body
        self.schedules: Counter[tuple[Choice, ...]] = Counter()

    def __call__(self, chooser: Chooser) -> Execution:
        execution = self.body(chooser)
        if execution.ending != "cut":
            self.schedules[tuple(execution.choices)] += 1
        return execution


@named
@pytest.mark.parametrize("each", [1, 7])
def test_a_resumed_search_runs_exactly_the_rest(strategy: Strategy, each: int, tmp_path: Path) -> None:
    whole = Seen()
    expected = search(whole, strategy)
    pieces, file, rounds = Seen(), tmp_path / "search.json", 0
    while True:
        rounds += 1
        report = search(pieces, strategy, checkpoint=file, max_schedules=each)
        if report.verdict is not UNFINISHED:
            break
        assert report.schedules == each * rounds
    assert rounds > 1
    assert (report.verdict, report.exhausted, report.notes) == (HOLDS, expected.exhausted, expected.notes)
    assert (report.schedules, report.steps) == (expected.schedules, expected.steps)
    assert pieces.schedules == whole.schedules


def test_a_finished_search_runs_nothing_again(tmp_path: Path) -> None:
    file = tmp_path / "search.json"
    before = search(run, Dpor(), checkpoint=file)
    seen = Seen()
    after = search(seen, Dpor(), checkpoint=file)
    assert not seen.schedules
    assert (after.verdict, after.schedules, after.exhausted) == (before.verdict, before.schedules, True)


@pytest.mark.parametrize("strategy", [Exhaustive(3), Dpor(), Walk(seed=1, schedules=10_000)])
def test_a_search_that_failed_fails_again_at_once(strategy: Strategy, tmp_path: Path) -> None:
    file = tmp_path / "search.json"
    first = search(run_stale, strategy, checkpoint=file)
    again = search(run_stale, strategy, checkpoint=file)
    assert first.verdict is again.verdict is BROKEN
    assert (first.schedule, first.schedules) == (again.schedule, again.schedules)


def test_after_ctrl_c_the_rest_is_on_disk(tmp_path: Path) -> None:
    file, runs = tmp_path / "search.json", iter([None] * 10)

    def interrupted(chooser: Chooser) -> Execution:
        if next(runs, "over") == "over":
            raise KeyboardInterrupt
        return run(chooser)

    first = search(interrupted, Dpor(), checkpoint=file)
    assert (first.verdict, first.schedules) == (UNFINISHED, 10)
    assert search(run, Dpor(), checkpoint=file).schedules == search(run, Dpor()).schedules


# --- files that are no good -----------------------------------------------------------------------------------------


def test_a_file_that_is_no_good_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "search.json"
    search(run, Dpor(), checkpoint=file, max_schedules=3, scenario="three sections")
    good = file.read_text(encoding="utf-8")
    data = json.loads(good)
    bad: dict[str, str | bytes] = {
        "line 1, column": good[: len(good) // 2],
        "expected JSON": "",
        "something else": "[1, 2]",
        "got something else": json.dumps(data | {"format": "PNG"}),
        "expected version 1, got 2": json.dumps(data | {"version": 2}),
        "its digest does not fit": json.dumps(data | {"schedules": 4}),
        "got one of 'three sections'": good,
        "byte 0: expected UTF-8": b"\xff\xfe\x00",
    }
    for problem, text in bad.items():
        content = text if isinstance(text, bytes) else text.encode()
        file.write_bytes(content)
        seen = Seen()
        with pytest.raises(BadCheckpoint) as error:
            search(seen, Dpor(), checkpoint=file, scenario="other")
        assert problem in str(error.value)
        assert str(file) in str(error.value)
        assert not seen.schedules
        assert file.read_bytes() == content


def test_a_checkpoint_of_another_strategy_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search.json"
    search(run, Walk(seed=1, schedules=20), checkpoint=file, max_schedules=3)
    with pytest.raises(BadCheckpoint, match=r"strategy 'walk\(seed=2, schedules=20\)', got one of 'walk\(seed=1"):
        search(run, Walk(seed=2, schedules=20), checkpoint=file)


@named
def test_junk_with_a_digest_that_fits_is_refused(
    strategy: Strategy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "search.json"
    frontier = strategy.frontier()
    for junk in (
        [1],
        {"a": 1},
        {"left": "x"},
        "x",
        {"0": ["zz"]},
        {"tries": 0, "shares": [[1]], "stacks": [], "spines": []},
    ):
        with monkeypatch.context() as patch:
            patch.setattr(type(frontier), "save", lambda self, junk=junk: junk)
            search(run, strategy, checkpoint=file, max_schedules=1)
        with pytest.raises(BadCheckpoint, match="left to do, got something else"):
            search(run, strategy, checkpoint=file)
        file.unlink()


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "search.json"
    search(run, Dpor(), checkpoint=file, max_schedules=3)
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space left"):
            search(run, Dpor(), checkpoint=file, max_schedules=3)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["search.json"]


# --- workers --------------------------------------------------------------------------------------------------------


@named
def test_workers_run_the_same_schedules(strategy: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SLICE_SCHEDULES", 5)
    serial, shared = Seen(), Seen()
    expected, report = search(serial, strategy), search(shared, strategy, workers=3, executor=Inline())
    assert (report.verdict, report.schedules, report.steps) == (HOLDS, expected.schedules, expected.steps)
    if isinstance(strategy, Dpor):
        assert {canonical(c) for c in shared.schedules} == {canonical(c) for c in serial.schedules}
        assert shared.schedules.total() == serial.schedules.total()
    else:
        assert shared.schedules == serial.schedules


@named
def test_threads_will_do(strategy: Strategy) -> None:
    with ThreadPoolExecutor(2) as threads:
        report = search(run, strategy, workers=2, executor=threads)
    assert (report.verdict, report.schedules) == (HOLDS, search(run, strategy).schedules)


def test_processes_find_the_bug_and_the_report_is_the_same() -> None:
    report = search(run_stale, Exhaustive(3), workers=2)
    assert report.verdict is BROKEN
    assert report.failure is not None
    assert report.failure.preemptions() == 3


def test_processes_add_up(tmp_path: Path) -> None:
    code: Code = {name: [("w", "x")] * 2 for name in "abcd"}
    file = tmp_path / "search.json"
    first = search(partial(run_code, code), Dpor(), workers=2, max_schedules=500, checkpoint=file)
    assert (first.verdict, first.schedules) == (UNFINISHED, 500)
    report = search(partial(run_code, code), Dpor(), workers=2, checkpoint=file)
    assert (report.verdict, report.exhausted, report.schedules) == (HOLDS, True, 2_520)


def test_what_cannot_travel_to_a_process_is_refused() -> None:
    with pytest.raises(TypeError, match="run: expected something that can be sent to a process"):
        search(lambda chooser: run(chooser), Dpor(), workers=2)


def test_interrupts_are_resumed_as_well(tmp_path: Path) -> None:
    body = program({"a": [("+", "L"), ("w", "x"), ("-", "L")], "b": [("w", "x"), ("wait?", "e")], "c": [("set", "e")]})

    def interrupted(chooser: Chooser) -> Execution:
        return run_program(body, chooser, interrupts=1)

    whole, pieces, file = Seen(interrupted), Seen(interrupted), tmp_path / "search.json"
    expected = search(whole, Dpor())
    while (report := search(pieces, Dpor(), checkpoint=file, max_schedules=5)).verdict is UNFINISHED:
        pass
    assert pieces.schedules == whole.schedules
    assert (report.schedules, report.pruned) == (expected.schedules, expected.pruned)


@pytest.mark.parametrize("interrupts", [0, 1])
def test_random_programs_in_small_pieces(interrupts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SLICE_SCHEDULES", 2)
    pruned = twice = 0
    for seed in range(100):
        body = program(random_code(Random(seed), threads=2 if interrupts else 3, most=7))
        every = tally(body, Dpor(), interrupts=interrupts)
        assert every is not None
        if every.deadlocks:
            continue
        seen = Seen(lambda chooser, body=body: run_program(body, chooser, interrupts=interrupts))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        report = search(seen, Dpor(), workers=2, executor=Inline())
        assert {canonical(choices) for choices in seen.schedules} == every.traces, f"seed {seed}"
        pruned += report.pruned
        twice += report.schedules - every.schedules
    assert pruned < 200, "a race cannot steer what is already out, but mostly it need not"
    if not interrupts:
        assert twice == 0, "only what nobody has done yet is run twice: what comes of an interrupt"
