"""The scheduled seam, telling a refiner of every operation right after it was done.

The scheduled seam parks a thread *before* each operation.  Between the operation and the telling there is no point at
which a thread could stop, so the two are one step.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Final

from quiesce.scheduled import ScheduledSeam
from quiesce_conformance.schedules import Engine, Event

from .refine import Refiner

__all__ = ["WatchedSeam"]


class WatchedSeam(ScheduledSeam):
    """For one plugin in one execution.

    Args:
        engine: the one that runs it.
        refiner: told from `Refiner.begin` on.

    """

    def __init__(self, engine: Engine, refiner: Refiner) -> None:
        super().__init__(engine)
        self.refiner: Final = refiner
        self._records: dict[int, Any] = {}
        """By the address of their pools, which live as long as they do."""
        self._returning: dict[int, Any] = {}
        """Address of a slot -> record whose pool it is being put into."""

    def pointer(self, record: Any) -> Any:
        """Make a pointer; the first record is known from here on."""
        self._records[id(record.pool)] = record
        return super().pointer(record)

    def lock(self) -> Any:
        """Make a lock whose sections are told."""
        return _Lock(super().lock(), self.refiner)

    def event(self) -> Any:
        """Make an event that can be looked at without a step."""
        return _Event(self.engine)

    def step(self, action: str, *, publishes: bool = False, **details: Any) -> None:
        """Tell whose attempt it is as well: the frame that calls this knows."""
        super().step(action, publishes=publishes, **details)
        attempt = sys._getframe(1).f_locals.get("attempt")  # noqa: SLF001 - the seam is not told, and need not be
        self.refiner.section(action, publishes, attempt, details)

    def read(self, pointer: Any) -> Any:
        """Read the pointer."""
        record = super().read(pointer)
        self.refiner.read(record)
        return record

    def write(self, pointer: Any, record: Any) -> None:
        """Write the pointer."""
        self._records[id(record.pool)] = record
        me = self.engine.me()
        if me is None or not me.interrupts:
            super().write(pointer, record)
        else:  # in the kernel this is a store, before which no interrupt can strike since the section began to write
            kept = me.interrupts, me.offers
            me.interrupts, me.offers = 0, {}
            try:
                super().write(pointer, record)
            finally:
                me.interrupts, me.offers = kept
        self.refiner.wrote(record)

    def taken(self, me: str, pool: Any, slot: Any, *, late: bool) -> None:
        """A slot was taken out of a pool, or registered."""
        super().taken(me, pool, slot, late=late)
        self.refiner.took(self._records[id(pool)], slot)

    def giving_back(self, pool: Any, key: int) -> bool:
        """A slot is about to be put into a pool."""
        self._returning[key] = self._records[id(pool)]
        return super().giving_back(pool, key)

    def given_back(self, key: int) -> None:
        """A slot was put into a pool."""
        super().given_back(key)
        self.refiner.gave(self._returning.pop(key), key)


class _Lock:
    __slots__ = ("_inside", "_refiner")

    def __init__(self, inside: Any, refiner: Refiner) -> None:
        self._inside, self._refiner = inside, refiner

    def acquire(self, blocking: bool = True, timeout: float = -1, /) -> bool:
        taken: bool = self._inside.acquire(blocking, timeout)
        if taken:
            self._refiner.acquired()
        return taken

    def release(self) -> None:
        self._refiner.releases()
        self._inside.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.release()


class _Event(Event):
    """An event whose state can be looked at without a step."""

    __slots__ = ()

    @property
    def happened(self) -> bool:
        return self._flag
