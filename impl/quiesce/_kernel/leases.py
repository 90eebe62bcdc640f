"""Holding a version without calling it.

    with plugin.lease() as instance:
        instance.first()
        instance.second()       # the same version, whatever happened in between

A lease is a holder like a call: the version is not freed, and a drain waits for it.  It may be entered and left in
different threads or tasks, and it is left when the `with` block is: by return, exception, cancellation, or the closing
of the generator that it is in (rule R6).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Generic
from weakref import ref

from .candidate import P
from .errors import GateHeld, PluginUnregistered, SelfDeadlock
from .frames import opener
from .reclaim import Core
from .records import Record, Slot
from .seam import Pointer

__all__ = ["Lease"]


class Lease(Generic[P]):
    """One hold on the version that serves; see `HotReloadablePlugin.lease`.  For one `with` block.

    While the frame of the `with` block is on the stack, calls on the plugin run on the lease's version (rule R4).
    A lease that nobody keeps any more ends, so whoever enters one by hand must keep it.
    """

    __slots__ = ("__weakref__", "_core", "_enter", "_watch", "ident", "opener", "record", "slot", "started")

    record: Record | None
    """Invariant R3: not None exactly while `slot` is not, and then that slot is not in the pool of this record."""
    slot: Slot | None
    opener: FrameType | None
    started: float
    """On the seam's clock."""
    ident: int

    def __init__(self, core: Core, enter: Callable[[], tuple[Record, Slot]]) -> None:
        self._core, self._enter = core, enter
        self.slot = self.record = self.opener = None
        self._watch: ref[Slot] | None = None
        self.started, self.ident = 0.0, 0

    @property
    def epoch(self) -> int | None:
        """The number of the epoch that is held; None before and after the `with` block."""
        return None if self.record is None else self.record.number

    def holds(self, pointer: Pointer) -> tuple[Record, Slot] | None:
        """What the lease holds, if it is one on the plugin with this pointer and still open."""
        record, slot = self.record, self.slot
        return None if record is None or slot is None or self._core.pointer is not pointer else (record, slot)

    def __enter__(self) -> P:
        if self.slot is not None:
            raise RuntimeError("expected a lease that is not entered yet, got one in use: ask the plugin for another")
        seam = self._core.seam
        self.opener = opener(sys._getframe(1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see frames
        self.started, self.ident = seam.monotonic(), seam.get_ident()
        try:
            self.record, self.slot = self._enter()
            self._watch = self._core.watch(self.record, self.slot)
            self._core.leases.add(ref(self, self._core.leases.discard))
        except (PluginUnregistered, SelfDeadlock, GateHeld):
            self.opener = None
            raise  # refused before anything was held: no look is owed
        except BaseException:
            self._leave()
            for record in self._core.past:  # a slot that got lost on its way here owes a look; whose, nobody knows
                self._core.look(record)
            raise
        instance: P = self.record.version.instance
        return instance

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        core, record, slot = self._core, self.record, self.slot
        # Dropping the slot and putting it back both end the hold (see `records`), so an asynchronous exception anywhere
        # in here leaves nothing held once this frame is gone.
        self.slot = None
        if record is None or slot is None:
            return
        owed: Record | None = record
        try:
            # step: finish -- atomic because deque.append is one C function under the GIL, and takes the deque's own
            # lock on the free-threaded build.
            slot = record.pool.append(slot)
            if self._watch is not None:
                core.watches.discard(self._watch)
            # step: peek -- atomic because it is one load of one reference.
            if core.pointer.record is not record:
                core.look(record)
            owed = None
        finally:
            slot = self.record = self.opener = None
            # step: peek -- atomic because it is one load of one reference.
            if owed is not None and core.pointer.record is not owed:
                core.look(owed)
        core.leases.discard(ref(self))
