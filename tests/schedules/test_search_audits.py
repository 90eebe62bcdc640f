"""The reduced search is held against every schedule: as many executions as there are traces, and the same outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial
from random import Random

import pytest

from quiesce_conformance.schedules.strategies import Dpor, Exhaustive
from tests.schedules.litmus import Code, Tally, program, random_code, tally


def conflicting(threads: int, steps: int) -> Code:
    return {name: [("w", "x")] * steps for name in "abcdef"[:threads]}


def independent(threads: int, steps: int) -> Code:
    return {name: [("w", name)] * steps for name in "abcdef"[:threads]}


def readers(threads: int, steps: int) -> Code:
    return {name: [("r", "x")] * steps for name in "abcdef"[:threads]}


def sections(threads: int, times: int) -> Code:
    """Each thread takes the lock, so many times, and changes something inside."""
    return {name: [("+", "L"), ("w", "x"), ("-", "L")] * times for name in "abcdef"[:threads]}


def interleavings(threads: int, steps: int) -> int:
    return factorial(threads * steps) // int(factorial(steps) ** threads)


def searched(code: Code, strategy: Dpor | Exhaustive, **limits: int) -> Tally:
    result = tally(program(code), strategy, **limits)
    assert result is not None
    return result


SHAPES = [(3, 1, 6), (3, 2, 90), (2, 4, 70), (3, 3, 1_680), (4, 2, 2_520)]


@pytest.mark.parametrize(("threads", "steps", "expected"), SHAPES)
def test_every_interleaving_is_run_once(threads: int, steps: int, expected: int) -> None:
    assert interleavings(threads, steps) == expected
    found = searched(conflicting(threads, steps), Exhaustive())
    assert found.schedules == len(found.traces) == expected


@pytest.mark.parametrize(("threads", "steps", "expected"), SHAPES)
def test_where_every_order_matters_every_order_is_tried(threads: int, steps: int, expected: int) -> None:
    found = searched(conflicting(threads, steps), Dpor())
    assert (found.schedules, len(found.traces), found.stopped) == (expected, expected, 0)


@pytest.mark.parametrize(("threads", "steps", "_"), SHAPES)
def test_where_no_order_matters_one_is_tried(threads: int, steps: int, _: int) -> None:
    assert searched(independent(threads, steps), Dpor()).schedules == 1
    assert searched(readers(threads, steps), Dpor()).schedules == 1


@pytest.mark.parametrize(("threads", "times", "expected"), [(2, 1, 2), (3, 1, 6), (4, 1, 24), (2, 2, 6), (3, 2, 90)])
def test_sections_under_a_lock_come_in_every_order(threads: int, times: int, expected: int) -> None:
    found = searched(sections(threads, times), Dpor())
    assert (found.schedules, found.stopped) == (expected, 0)
    assert len(found.outcomes) == expected, "each order leaves something else behind"


def test_both_orders_of_a_deadlock_are_seen() -> None:
    found = searched(
        {
            "a": [("+", "L"), ("+", "M"), ("-", "M"), ("-", "L")],
            "b": [("+", "M"), ("+", "L"), ("-", "L"), ("-", "M")],
        },
        Dpor(),
    )
    every = searched(
        {
            "a": [("+", "L"), ("+", "M"), ("-", "M"), ("-", "L")],
            "b": [("+", "M"), ("+", "L"), ("-", "L"), ("-", "M")],
        },
        Exhaustive(),
    )
    assert (found.schedules, found.traces) == (3, every.traces)


def test_a_lock_that_is_never_let_go_blocks_either_thread() -> None:
    found = searched({"a": [("+", "L"), ("w", "x")], "b": [("+", "L"), ("w", "y")]}, Dpor())
    assert found.schedules == 2


def test_a_wait_that_times_out_is_tried_before_and_after_the_event() -> None:
    found = searched({"a": [("wait?", "e")], "b": [("set", "e")]}, Dpor())
    assert found.schedules == 2
    assert searched({"a": [("wait", "e")], "b": [("set", "e")]}, Dpor()).schedules == 1


def test_an_interrupt_is_tried_at_every_step() -> None:
    found = searched({"a": [("w", "x")] * 3, "b": [("w", "y")]}, Dpor(), interrupts=1)
    assert found.schedules == len(found.traces) == 4 * 2


# --- random programs ------------------------------------------------------------------------------------------------


def agree(
    seeds: range,
    *,
    interrupts: int = 0,
    threads: int = 3,
    length: int = 4,
    most: int = 9,
    takes: Sequence[str] = ("+",),
) -> tuple[int, int, int]:
    """Hold the reduced search against every schedule; give traces, schedules and stopped executions of all programs."""
    traces = schedules = stopped = 0
    for seed in seeds:
        code = random_code(Random(seed), threads=threads, length=length, most=most, takes=takes)
        every = tally(program(code), Exhaustive(), interrupts=interrupts, most=800)
        if every is None:
            continue
        found = searched(code, Dpor(), interrupts=interrupts)
        if interrupts and every.deadlocks:
            assert found.deadlocks, f"seed {seed}: a deadlock was missed in {code}"
            continue
        assert found.traces == every.traces, f"seed {seed}: {code}"
        assert found.schedules == len(found.traces), f"seed {seed}: a trace was run twice in {code}"
        assert found.outcomes == every.outcomes, f"seed {seed}: {code}"
        traces += len(found.traces)
        schedules += every.schedules
        stopped += found.stopped
    return traces, schedules, stopped


def test_random_programs_with_locks_and_waits() -> None:
    traces, schedules, stopped = agree(range(140))
    assert stopped == 0
    assert schedules > 10 * traces > 3_000, "expected something to reduce"


def test_random_programs_with_interrupts() -> None:
    traces, schedules, stopped = agree(range(140), interrupts=1, threads=2, most=8)
    assert stopped == 0
    assert schedules > traces > 500
    _, _, stopped = agree(range(40), interrupts=1, threads=3, length=3, most=6)
    assert stopped == 0


def test_random_programs_with_locks_that_are_taken_with_a_timeout() -> None:
    _, _, stopped = agree(range(100), most=8, takes=("+", "+?"))
    assert stopped == 0
