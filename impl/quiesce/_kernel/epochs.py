"""The mechanism on its own: epochs that are entered, advanced and waited for.

    tracker = EpochTracker()
    with tracker.enter() as guard:          # a reader
        ...
    old = tracker.current                   # a writer
    tracker.advance()
    tracker.wait_drain(old, timeout=5.0)    # every reader of `old` and of earlier epochs has left

`HotReloadablePlugin` stands on the same core.  Unlike epochs that are counted in a ring, numbers here are never reused,
so two epochs cannot be taken for each other; and `enter` announces itself and looks again, so "drained" means that
nobody is in the epoch and that nobody can get in any more (rule D3).
"""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Final, Generic, TypeVar

from .arguments import checked, checked_integer, checked_timeout
from .book import Drain
from .candidate import Version
from .errors import InvalidEpoch
from .manifest import Manifest
from .reclaim import Core
from .records import Record, Slot
from .seam import PRODUCTION, Seam
from .states import Gate

__all__ = ["EpochGuard", "EpochTracker"]

T = TypeVar("T")
_MANIFEST: Final = Manifest("epochs", "0.0.0", ())


class EpochGuard(Generic[T]):
    """A reference to one epoch.  Ends with its `with` block or with `release()`, whichever comes first.

    May be released by another thread than the one that entered.  A guard that nobody keeps any more releases itself.
    """

    __slots__ = ("_core", "_record", "_slot", "_watch")

    def __init__(self, core: Core, record: Record, slot: Slot) -> None:
        self._core, self._record = core, record
        self._slot: Slot | None = slot
        self._watch = core.watch(record, slot)

    @property
    def epoch(self) -> int:
        """The number of the epoch.  Stays readable after the release."""
        return self._record.number

    @property
    def payload(self) -> T:
        """What was published with the epoch."""
        payload: T = self._record.version.instance
        return payload

    def release(self) -> None:
        """Let the epoch go.  Doing it twice does nothing."""
        core, record = self._core, self._record
        slot, self._slot = self._slot, None
        if slot is None:
            return
        owed: Record | None = record
        try:
            # step: finish -- atomic because deque.append is one C function under the GIL, and takes the deque's own
            # lock on the free-threaded build.
            slot = record.pool.append(slot)
            core.watches.discard(self._watch)
            # step: peek -- atomic because it is one load of one reference.
            if core.pointer.record is not record:
                core.look(record)
            owed = None
        finally:
            slot = None
            # step: peek -- atomic because it is one load of one reference.
            if owed is not None and core.pointer.record is not owed:
                core.look(owed)

    def __enter__(self) -> EpochGuard[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class EpochTracker(Generic[T]):
    """Readers enter the current epoch; writers open the next one and wait until the earlier ones are empty.

    `payload` is published with every epoch, in the same store.  Everything may be called from any thread.
    """

    __slots__ = ("_core",)

    def __init__(self, payload: T | None = None, *, seam: Seam = PRODUCTION) -> None:
        self._core = Core(checked("seam", seam, Seam), Version(0, _MANIFEST, payload, {}))

    @property
    def current(self) -> int:
        """The number of the current epoch.  The first is 0."""
        return self._core.current.number

    def enter(self) -> EpochGuard[T]:
        """Become a holder of the current epoch.  Waits for nothing; tries again only if an epoch was opened."""
        core = self._core
        while True:
            # step: read -- atomic because it is one load of one reference.
            record = core.pointer.record
            guard: EpochGuard[T] | None = None
            slot: Slot | None = None
            try:
                slot = record.take()  # step: announce -- atomic as `take` says.
                guard = EpochGuard(core, record, slot)
                slot = None
                # step: confirm -- atomic because it is one load of one reference.
                if core.pointer.record is record:
                    return guard
                guard.release()
            except BaseException:
                # Put back and not only dropped: whoever keeps the exception keeps this frame, and with it the guard.
                if guard is not None:
                    guard.release()
                elif slot is not None:
                    slot = record.pool.append(slot)
                # step: peek -- atomic because it is one load of one reference.
                if core.pointer.record is not record:
                    core.look(record)
                raise

    def advance(self, payload: T | None = None) -> int:
        """Open the next epoch and give its number.  With `payload`, publish that from now on."""
        core = self._core

        def body() -> int:
            book = core.book
            if payload is not None:
                book = replace(book, serving=Version(0, _MANIFEST, payload, {}))
            record = core.successor(book.serving, Gate.OPEN)
            core.publish("advance", record, book)
            return record.number

        return core.section(body)

    def wait_drain(self, epoch: int, timeout: float | None = None) -> bool:
        """Wait until nobody holds `epoch` or an earlier one (rule D2); say whether that came in time.

        Args:
            epoch: an epoch that is over.  The current one has no end: `advance()` first.
            timeout: seconds; 0 only looks, None waits without limit.

        Raises:
            InvalidEpoch: there is no such epoch, or it is still the current one.
            InvalidTimeout: the timeout is NaN, negative, or no number.

        """
        limit = checked_timeout("timeout", timeout)
        core, seam = self._core, self._core.seam
        checked_integer("epoch", epoch, 0)
        drain = Drain(seam.event(), epoch + 1, seam.monotonic())

        def register() -> bool:
            if epoch >= core.current.number:
                raise InvalidEpoch(f"expected an epoch before {core.current.number}, the current one, got {epoch}")
            core.drains = (*core.drains, drain)
            return core.drained(drain.before)

        def leave() -> bool:
            core.drains = tuple(d for d in core.drains if d is not drain)
            return drain.event.is_set() or core.drained(drain.before)

        try:
            if core.section(register):
                return True
            if limit != 0:
                drain.event.wait(limit)
        finally:
            drained = core.section(leave)
        return drained

    def refs_for_epoch(self, epoch: int) -> int:
        """How many holders the epoch has at this instant.

        Raises:
            InvalidEpoch: there has been no such epoch yet.

        """
        core = self._core
        checked_integer("epoch", epoch, 0)

        def body() -> int:
            if epoch > core.current.number:
                raise InvalidEpoch(f"expected an epoch up to {core.current.number}, the current one, got {epoch}")
            return sum(r.holders() for r in (*core.past, core.current) if r.number == epoch)

        return core.section(body)
