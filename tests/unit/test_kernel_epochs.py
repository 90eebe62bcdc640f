"""`EpochTracker`, `EpochGuard`, and how holders are counted."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from quiesce import EpochGuard, EpochTracker, InvalidArgument, InvalidEpoch
from quiesce._kernel.records import Record
from quiesce._kernel.seam import PRODUCTION
from quiesce._kernel.states import Gate
from tests.unit.kernel_support import LONG, Doing, switching_often


@pytest.fixture
def switching() -> Iterator[None]:
    with switching_often():
        yield


@pytest.mark.rule("D1", "D3")
def test_enter_advance_and_drain() -> None:
    tracker: EpochTracker[str] = EpochTracker("first")
    guard = tracker.enter()
    assert (tracker.current, guard.epoch, guard.payload, tracker.refs_for_epoch(0)) == (0, 0, "first", 1)
    assert tracker.advance("second") == 1
    with tracker.enter() as later:
        assert (later.epoch, later.payload) == (1, "second")
    assert tracker.wait_drain(0, 0) is False
    assert tracker.wait_drain(0, 0.01) is False
    guard.release()
    guard.release()
    assert guard.epoch == 0
    assert tracker.refs_for_epoch(0) == 0
    assert tracker.wait_drain(0, 0) is True


@pytest.mark.rule("D2")
def test_a_drain_waits_for_earlier_epochs_too() -> None:
    tracker: EpochTracker[None] = EpochTracker()
    early = tracker.enter()
    tracker.advance()
    tracker.advance()
    assert tracker.refs_for_epoch(1) == 0
    waiting = Doing(lambda: tracker.wait_drain(1, LONG))
    while not tracker._core.drains:  # noqa: SLF001 - until it waits
        threading.Event().wait(0.001)
    early.release()
    assert waiting.end() is True


@pytest.mark.rule("D2")
def test_epochs_never_alias() -> None:
    tracker: EpochTracker[None] = EpochTracker()
    with tracker.enter():
        for epoch in range(1, 70):
            assert tracker.advance() == epoch
            assert tracker.refs_for_epoch(epoch) == 0
            assert tracker.wait_drain(epoch - 1, 0) is False
        assert tracker.refs_for_epoch(0) == 1
    assert tracker.wait_drain(68, 0) is True
    assert len(tracker._core.past) <= 17, "records without holders are forgotten in the end"  # noqa: SLF001


@pytest.mark.rule("D2")
def test_records_that_are_held_are_never_forgotten() -> None:
    """Every fifth of 60 epochs stays held; whatever is forgotten meanwhile, drains wait for exactly those."""
    tracker: EpochTracker[None] = EpochTracker()
    guards = {}
    for epoch in range(60):
        if epoch % 5 == 0:
            guards[epoch] = tracker.enter()
        tracker.advance()
    past = [record.number for record in tracker._core.past]  # noqa: SLF001
    assert past == sorted(past)
    for epoch in range(60):
        if epoch in guards:
            assert tracker.wait_drain(epoch, 0) is False
            guards.pop(epoch).release()
        assert tracker.wait_drain(epoch, 0) is True


@pytest.mark.rule("R6")
def test_a_guard_that_nobody_keeps_releases_itself() -> None:
    tracker: EpochTracker[None] = EpochTracker()
    guard = tracker.enter()
    tracker.advance()
    waiting = Doing(lambda: tracker.wait_drain(0, LONG))
    while not tracker._core.drains:  # noqa: SLF001 - until it waits
        threading.Event().wait(0.001)
    del guard
    gc.collect()
    assert waiting.end() is True


@pytest.mark.parametrize("epoch", [True, 1.0, "0", None])
def test_an_epoch_that_is_no_number(epoch: Any) -> None:
    tracker: EpochTracker[None] = EpochTracker()
    for operation in (tracker.wait_drain, tracker.refs_for_epoch):
        with pytest.raises(InvalidArgument):
            operation(epoch)
    with pytest.raises(InvalidArgument):
        tracker.wait_drain(-1)


def test_an_epoch_that_is_not_over() -> None:
    tracker: EpochTracker[None] = EpochTracker()
    with pytest.raises(InvalidEpoch, match="expected an epoch before 0, the current one, got 0"):
        tracker.wait_drain(0)
    with pytest.raises(InvalidEpoch, match="expected an epoch up to 0, the current one, got 1"):
        tracker.refs_for_epoch(1)
    assert not tracker._core.drains  # noqa: SLF001 - nobody is left waiting


@pytest.mark.rule("M1", "D3")
def test_readers_and_writers_under_load(switching: None) -> None:
    """4 readers, 2 writers; a payload is retired when its epoch is drained, and no reader sees a retired one."""
    tracker: EpochTracker[list[int]] = EpochTracker([0])
    halt = threading.Event()
    bad: list[object] = []

    def read() -> int:
        n = 0
        while not halt.is_set():
            with tracker.enter() as guard:
                payload = guard.payload
                n += 1
                if payload[0] < 0:
                    bad.append(payload)
        return n

    lock = threading.Lock()

    def write() -> None:
        for k in range(100):
            with lock:
                with tracker.enter() as guard:
                    old, before = guard.payload, guard.epoch
                tracker.advance([k])
            if not tracker.wait_drain(before, LONG):
                bad.append("not drained")
            old[0] = -1

    readers = [Doing(read) for _ in range(4)]
    for writer in [Doing(write) for _ in range(2)]:
        writer.end()
    halt.set()
    assert all(reader.end() > 0 for reader in readers)
    assert not bad


# -- slots ------------------------------------------------------------------------------------------------------------


def test_a_slot_that_is_dropped_is_not_held() -> None:
    record = Record(PRODUCTION, 0, None, {}, Gate.OPEN)
    kept, dropped = record.take(), record.take()
    assert record.holders() == 2
    assert record.held_slots() == [kept, dropped] or record.held_slots() == [dropped, kept]
    del dropped
    assert (record.holders(), len(record.slots)) == (1, 1)
    record.pool.append(kept)
    assert record.holders() == 0
    assert record.take() is kept


def test_guards_are_released_by_anybody() -> None:
    tracker: EpochTracker[None] = EpochTracker()
    guards: list[EpochGuard[None]] = [tracker.enter() for _ in range(5)]
    tracker.advance()
    for guard in guards:
        Doing(guard.release).end()
    assert tracker.wait_drain(0, 0)
