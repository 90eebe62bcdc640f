"""Who holds an epoch that is over: what a drain waits for, and what keeps an old version alive."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from .frames import holds, stack
from .reclaim import Core
from .records import Record

__all__ = ["Straggler", "stragglers"]

_DEPTH: Final = 40
"""Frames of a stack that are shown, innermost first."""


@dataclass(frozen=True, slots=True)
class Straggler:
    """One call or lease that holds an epoch which is no longer the current one."""

    thread: str
    """The thread's name."""
    ident: int | None
    """The thread's number; None if the holder was not found on any stack."""
    epoch: int
    version: int
    age: float
    """Seconds.  For a lease: since it was entered.  For a call: since its epoch was superseded, a lower bound of its
    age; the exact one would cost every call a look at the clock."""
    stack: tuple[str, ...] = field(repr=False)
    """What the thread is doing, outermost first, formatted like the lines of a traceback."""

    def __str__(self) -> str:
        where = self.stack[-1].strip().splitlines()[0] if self.stack else "stack unknown"
        return f"{self.thread} on version {self.version} (epoch {self.epoch}), {self.age:.3f} s, {where}"


def stragglers(core: Core) -> list[Straggler]:
    """List the holders of earlier epochs, oldest epoch first.

    How many there are is exact, for the instant of the look.  Whose they are is read from the stacks of all threads a
    moment later: a holder that was gone by then is left out.  On a free-threaded build another thread's stack changes
    while it is read, so names and stacks are a best effort there.
    """
    # By id: a reference of ours would keep a slot alive that its holder has dropped (see `records`).
    held: dict[int, Record] = {}

    def body() -> None:
        for record in core.past:
            for slot in record.held_slots():
                held[id(slot)] = record

    core.section(body)
    if not held:
        return []
    frames, now = core.seam.frames(), core.seam.monotonic()
    found: list[Straggler] = []
    for lease in [lease for r in list(core.leases) if (lease := r()) is not None]:
        record = lease.record
        if record is not None and held.pop(id(lease.slot), None) is not None:
            found.append(_straggler(core, record, lease.ident, now - lease.started, frames.get(lease.ident)))
    for ident, frame in frames.items():
        for each in stack(frame):
            holding = holds(each, core.pointer)
            record = None if holding is None else held.pop(id(holding[1]), None)
            if record is not None:
                found.append(_straggler(core, record, ident, _since(record, now), frame))
    # Not found on any stack: gone by now, or held by a frame that nobody can see.
    found += [
        _straggler(core, record, None, _since(record, now), None)
        for key, record in held.items()
        if key in {id(slot) for slot in record.held_slots()}
    ]
    return sorted(found, key=lambda s: (s.epoch, s.ident or 0))


def _since(record: Record, now: float) -> float:
    return 0.0 if record.superseded_at is None else now - record.superseded_at


def _straggler(core: Core, record: Record, ident: int | None, age: float, frame: FrameType | None) -> Straggler:
    lines: tuple[str, ...] = ()
    if frame is not None:
        lines = tuple(traceback.StackSummary.extract(traceback.walk_stack(frame), limit=_DEPTH).format())[::-1]
    name = "unknown thread" if ident is None else core.seam.thread_name(ident)
    return Straggler(name, ident, record.number, record.version.number, age, lines)
