"""Correct subjects, each with a protocol of its own for how calls and swaps meet.

`Counted`: a count per version under one condition.  `Locked`: a readers-writer lock around every call.  `Pinned`: pins
on the published record, which are looked at again.  `Grace`: each thread says in which period it reads, and a version
is freed after a grace period.  `Looped`: one asyncio loop decides who enters and when to swap.
"""

from __future__ import annotations

import asyncio
import operator
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .base import Base, left

__all__ = ["ALL_CORRECT", "Counted", "Grace", "Locked", "Looped", "Pinned"]


class Counted(Base):
    """Counts the calls of each version; the swap is the step that sees none."""

    def start(self, instance: Any) -> None:
        self.changed = threading.Condition(self.guard)
        self.current, self.busy = instance, {instance: 0}

    def enter(self) -> tuple[Any, Any]:
        with self.changed:
            self.busy[self.current] += 1
            return self.current, self.current

    def leave(self, hold: Any) -> None:
        with self.changed:
            self.busy[hold] -= 1
            self.changed.notify_all()

    def drained(self) -> bool:
        """Nobody runs on the current version."""
        return not self.busy[self.current]

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        with self.changed:
            if not self.changed.wait_for(self.drained, left(deadline)):
                return False
            old, self.current = self.current, instance
            self.busy[instance] = 0
            self.published(manifest)
        self.free(old)
        return True


class Locked(Base):
    """A semaphore of many seats: a call takes one, a swap takes all of them, one after the other."""

    SEATS = 64

    def start(self, instance: Any) -> None:
        self.current = instance
        self.seats = threading.Semaphore(self.SEATS)

    def enter(self) -> tuple[Any, Any]:
        self.seats.acquire()
        return self.current, None

    def leave(self, hold: Any) -> None:
        self.seats.release()

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        taken = 0
        try:
            while taken < self.SEATS:
                if not self.seats.acquire(timeout=left(deadline)):
                    return False
                taken += 1
            with self.guard:
                old, self.current = self.current, instance
                self.published(manifest)
        finally:
            if taken:
                self.seats.release(taken)
        self.free(old)
        return True


class Record:
    """A published version and the pins on it."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance
        self.pins: set[object] = set()
        self.empty = threading.Condition()


class Pinned(Base):
    """Pins the record that it read, and goes ahead only if that is still the published one."""

    def start(self, instance: Any) -> None:
        self.record = Record(instance)
        self.before: list[Record] = []

    def enter(self) -> tuple[Any, Any]:
        while True:
            record, pin = self.record, object()
            with record.empty:
                record.pins.add(pin)
            if self.record is record:
                return record.instance, (record, pin)
            self.leave((record, pin))

    def leave(self, hold: Any) -> None:
        record, pin = hold
        with record.empty:
            record.pins.remove(pin)
            record.empty.notify_all()

    def drained(self, deadline: float | None) -> bool:
        """Wait for every record of this version but the current one."""
        for record in self.before:
            with record.empty:
                if not record.empty.wait_for(partial(operator.not_, record.pins), left(deadline)):
                    return False
        self.before.clear()
        return True

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        old = self.record
        self.before.append(old)
        self.record = Record(old.instance)
        if not self.drained(deadline):
            return False
        with self.guard:
            self.before.append(self.record)
            self.record = Record(instance)
            self.published(manifest)
        self.drained(None)
        self.free(old.instance)
        return True


class Grace(Base):
    """Each reading thread announces its period; the old version is freed when no announcement is older."""

    def start(self, instance: Any) -> None:
        self.changed = threading.Condition(self.guard)
        self.period, self.current = 0, instance
        self.readers: dict[int, int] = {}

    def enter(self) -> tuple[Any, Any]:
        me = threading.get_ident()
        with self.changed:
            self.readers[me] = self.period
            return self.current, me

    def leave(self, hold: Any) -> None:
        with self.changed:
            del self.readers[hold]
            self.changed.notify_all()

    def quiet(self, period: int) -> Callable[[], bool]:
        return lambda: all(reader > period for reader in self.readers.values())

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        with self.changed:
            before = self.period
            self.period += 1
            if not self.changed.wait_for(self.quiet(before), left(deadline)):
                return False
            old, self.current = self.current, instance
            self.published(manifest)
            before = self.period
            self.period += 1
            self.changed.wait_for(self.quiet(before))
        self.free(old)
        return True


class Looped(Base):
    """One event loop on a thread of its own decides everything; callers ask it and run their call themselves."""

    def start(self, instance: Any) -> None:
        self.current, self.running = instance, 0
        self.loop = asyncio.new_event_loop()
        self.idle = asyncio.Event()
        self.idle.set()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def _enter(self) -> Any:
        self.running += 1
        self.idle.clear()
        return self.current

    async def _leave(self) -> None:
        self.running -= 1
        if not self.running:
            self.idle.set()

    async def _swap(self, instance: Any, manifest: Mapping[str, Any], seconds: float | None) -> Any:
        try:
            async with asyncio.timeout(seconds):
                while self.running:
                    await self.idle.wait()
        except TimeoutError:
            return None
        with self.guard:
            old, self.current = self.current, instance
            self.published(manifest)
        return old

    def enter(self) -> tuple[Any, Any]:
        return asyncio.run_coroutine_threadsafe(self._enter(), self.loop).result(), None

    def leave(self, hold: Any) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self.loop).result()

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        work = self._swap(instance, manifest, left(deadline))
        old = asyncio.run_coroutine_threadsafe(work, self.loop).result()
        if old is not None:
            self.free(old)
        return old is not None

    def shutdown(self) -> None:
        """End the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


ALL_CORRECT: Mapping[str, type[Base]] = {one.__name__: one for one in (Counted, Locked, Pinned, Grace, Looped)}
