"""`EpochTracker.enter` that was struck before its second look left its guard to the exception's traceback.

Whoever kept the exception, such as a future, kept the epoch from being drained for ever.  Found by `quiesce schedules`
in ``continue/struck-tracker``: a deadlock after ``a: interrupt@confirm``.
"""

from __future__ import annotations

from typing import Any

import pytest

from quiesce import EpochTracker, Seam


class Pointer:
    """Raises KeyboardInterrupt at a read, the how-many-th time that it is told."""

    def __init__(self, record: Any) -> None:
        self.shown, self.left = record, 0

    @property
    def record(self) -> Any:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.shown

    @record.setter
    def record(self, record: Any) -> None:
        self.shown = record


class Striking(Seam):
    def __init__(self) -> None:
        self.made: Any = None

    def pointer(self, record: Any) -> Any:
        self.made = Pointer(record)
        return self.made


@pytest.mark.rule("R6", "D2", "V1")
@pytest.mark.parametrize("read", [1, 2])
def test_an_exception_that_is_kept_keeps_no_epoch(read: int) -> None:
    seam = Striking()
    tracker: EpochTracker[None] = EpochTracker(seam=seam)
    seam.made.left = read
    with pytest.raises(KeyboardInterrupt) as kept:
        tracker.enter()
    assert kept.value.__traceback__ is not None
    assert tracker.refs_for_epoch(0) == 0
    tracker.advance()
    assert tracker.wait_drain(0, 0)
    with tracker.enter() as guard:
        assert guard.epoch == 1
