"""A call was struck when it had put its slot back because it was too late, and put it back a second time.

Then the pool had the same slot twice: whoever took one of them was not seen as a holder, because the other was still
there.  Found by `quiesce schedules` in ``continue/struck-call``, at ``interrupt-after@retract``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from quiesce import Candidate, DrainPolicy, HotReloadablePlugin, Manifest, Seam

MANIFEST = Manifest("sample", "1.0.0", ("f",))


class Sample:
    def f(self) -> None:
        return None


class Pool(deque[Any]):
    seam: Striking

    def append(self, slot: Any, /) -> None:
        super().append(slot)
        if self.seam.armed:
            self.seam.armed = False
            raise KeyboardInterrupt


class Pointer:
    def __init__(self, seam: Striking, record: Any) -> None:
        self.seam, self.shown = seam, record

    @property
    def record(self) -> Any:
        between, self.seam.between = self.seam.between, None
        if self.seam.reads == 1 and between is not None:
            between()
        elif between is not None:
            self.seam.between = between
            self.seam.reads += 1
        return self.shown

    @record.setter
    def record(self, record: Any) -> None:
        self.shown = record


class Striking(Seam):
    """Does something between a call's two looks, and strikes when the slot has been put back."""

    def __init__(self) -> None:
        self.armed = False
        self.reads = 0
        self.between: Callable[[], None] | None = None

    def pool(self) -> Any:
        pool = Pool()
        pool.seam = self
        return pool

    def pointer(self, record: Any) -> Any:
        return Pointer(self, record)


@pytest.mark.rule("R6", "M1")
@pytest.mark.parametrize("way", ["call", "handle", "slow"])
def test_a_slot_is_put_back_once(way: str) -> None:
    seam = Striking()
    plugin = HotReloadablePlugin(MANIFEST, Sample(), seam=seam)
    handle = plugin.function("f")
    if way != "slow":
        plugin.call("f")  # now there is a slot for the fast path
    core: Any = plugin._core  # noqa: SLF001 - that is where the slots are
    old = core.current

    def between() -> None:
        plugin.upgrade(Candidate(MANIFEST, Sample), policy=DrainPolicy.OVERLAP)
        seam.armed = True

    # On the slow path the first of the two looks is the second read of the call.
    seam.between, seam.reads = between, -1 if way == "slow" else 0
    with pytest.raises(KeyboardInterrupt):
        handle() if way == "handle" else plugin.call("f")
    assert not seam.armed, "it was struck"
    assert len(old.pool) == len({id(slot) for slot in old.pool}) == len(old.slots)
    assert plugin.call("f") is None
