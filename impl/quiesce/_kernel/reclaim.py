"""The pointer, what is awaited, and who may be freed.  Every step of an upgrader is one critical section of this lock.

Why a version is freed only when nobody uses it (rules R3, M1):

    A caller takes a slot of the record (announce) and reads the pointer again (confirm).  An upgrader writes the
    pointer (publish) and later copies the pool (scan).  Both announce and copy pass through the pool's lock, so one of
    them is first.  If announce is first, the scan sees the holder.  If the scan is first, then the publication, which
    came before it, is visible to the caller's second look, which comes after: the caller backs out.  So once a record
    that is no longer current was seen without holders, it never has a confirmed holder again; and a version all of
    whose records were seen so, after it was retired, is never used again.

On the GIL build "the pool's lock" is the GIL.  On the free-threaded build it is the lock of the deque, and a release of
it happens before every later acquisition, which is what makes the publication visible.

Why a drain's end is never missed (rule V1): whoever gives a slot back reads the pointer afterwards, and looks under the
lock if its record is no longer current.  The waiter registered under the same lock after the publication and scanned in
that section.  So a holder that the scan saw reads the pointer after the publication, and looks after the scan.

Invariant: no user code runs under the lock.  A finalizer or a signal handler may still run in the middle of a section,
in the thread that is in it.  If it lets go of a version, its look is put off to the end of the section; if it asks for
an operation, that is refused (`SelfDeadlock`) instead of waiting for itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import ref

from .book import Attempt, Book, Drain
from .candidate import Version
from .errors import SelfDeadlock
from .records import NO_SLOTS, Record, Slot
from .seam import Event, Seam
from .states import Gate, Life, Up

if TYPE_CHECKING:
    from .leases import Lease

__all__ = ["Core"]

T = TypeVar("T")

_REMEMBERED: Final = 16
"""Records that are kept, before those without holders are forgotten, but for the newest half as many.  A caller that
stalls between read and announce for longer announces itself on a record that nobody looks at any more.  It backs out
like every such caller, so nothing depends on this number but what a checker sees of such a caller."""


class Core:
    """The shared state of one plugin.  Methods that say so want the lock held, that is: to run inside `section`."""

    __slots__ = (
        "_again",
        "book",
        "current",
        "drains",
        "gone",
        "leases",
        "lock",
        "owner",
        "past",
        "pointer",
        "seam",
        "watches",
    )

    def __init__(self, seam: Seam, version: Version) -> None:
        self.seam = seam
        self.lock = seam.lock()
        self.owner: int | None = None
        self.book = Book(version, newest=version.number, lives={version: Life.LIVE})
        self.current = Record(seam, 0, version, version.functions, Gate.OPEN)
        """Equal to `pointer.record`, for who holds the lock: a checker wants to tell his reads from a caller's."""
        self.past: tuple[Record, ...] = ()
        """Invariant M1: every earlier record that is held, oldest first."""
        self.drains: tuple[Drain, ...] = ()
        self.leases: set[ref[Lease]] = set()
        """Leases that are open.  Single dict operations are atomic: one C function under the GIL, the dict's own lock
        on the free-threaded build."""
        self.watches: set[ref[Slot]] = set()
        """For slots that an object of the user's keeps: if it goes without putting its slot back, that is a release,
        too, and owes a look."""
        self.gone: Event = seam.event()
        """Set when the plugin is shut and its last close hook has ended."""
        self._again: deque[Record] = deque()
        self.current.free = self.current.pool
        self.pointer = seam.pointer(self.current)

    # -- sections -----------------------------------------------------------------------------------------------------
    def section(self, body: Callable[[], T]) -> T:
        """Run `body` under the lock: one atomic step.  Then do what finalizers in the middle of it had to put off.

        Raises `SelfDeadlock` if this thread is in a section of this plugin already.
        """
        me = self.seam.get_ident()
        if self.owner == me:  # only this thread ever writes its own number, so the answer cannot change meanwhile
            raise SelfDeadlock(
                "expected to be called outside the plugin's critical sections; got a call from a finalizer or a signal "
                "handler that interrupted one in the same thread: do it later or in another thread"
            )
        try:
            # The lock's own `with`, because nothing can interrupt between its taking the lock and our holding it.
            with self.lock:
                self.owner = me
                try:
                    return body()
                finally:
                    self.owner = None
        finally:
            while self._again:
                self.look(self._again.popleft())

    def write(self, action: str, book: Book, attempt: Attempt | None = None, at: Up = Up.IDLE, **details: Any) -> None:
        """End a section that publishes nothing.  The lock is held."""
        self.seam.step(action, **details)
        # No calls from here on: an asynchronous exception comes before both stores or after both.
        self.book = book
        if attempt is not None:
            attempt.at = at

    def successor(self, version: Version, gate: Gate) -> Record:
        """Make the record that would follow the current one.  The lock is held."""
        return Record(self.seam, self.current.number + 1, version, version.functions, gate)

    def publish(
        self, action: str, record: Record, book: Book, attempt: Attempt | None = None, at: Up = Up.IDLE, **details: Any
    ) -> None:
        """End a section with its publication.  The lock is held.

        Invariant T1: epoch, version, manifest, functions and gate change together, because they change in one store.
        """
        old, now = self.current, self.seam.monotonic()
        past = (*self.past, old)
        if len(past) > _REMEMBERED:
            newest = self.past[-_REMEMBERED // 2 :]
            past = (*[r for r in self.past if r in newest or r.holders()], old)
        self.seam.step(action, publishes=True, epoch=record.number, version=record.version, gate=record.gate, **details)
        # No calls from here to the publication: an asynchronous exception comes before all of it or after all of it.
        old.superseded_at = now
        self.past = past
        self.book = book
        self.current = record
        if attempt is not None:
            attempt.at = at
        self.pointer.record = record  # the publication: one store of one reference
        # What follows may be cut short: `look` and `settle` do it again.
        self.settle()

    # -- looking ------------------------------------------------------------------------------------------------------
    def settle(self, *, drains: bool = True) -> None:
        """Wake whoever waits for what has come true.  The lock is held; doing it again does no harm.

        With `drains=False`, nobody who waits for a drain is woken: that is a step of whoever let go (`look`), and a
        section that stands for another step of the model does not take it as well.
        """
        for record in self.past:
            if record.reopened is not None:
                record.reopened.set()  # D5: held calls are let go by the publication that follows theirs
        current, waiting = self.current, self.drains if drains else ()
        shut_off = current.free is NO_SLOTS and current.gate is Gate.OPEN
        if waiting or shut_off:  # else nobody asks who holds what
            held = [record.number for record in self.past if record.holders()]  # the oldest first, as in `past`
            for drain in waiting:
                if not held or held[0] >= drain.before:
                    drain.event.set()
            if shut_off and not held:
                # No call runs on an older record, and none can start there (see the module): so whoever is inside a
                # call is inside one on this record, and nested calls need no special care (R4).
                current.free = current.pool
        for version in self.book.closing:
            if version.close_ended:
                self.book = replace(self.book, closing=self.book.closing - {version})
                # Records outlive versions, because a caller may still back out of one: but the plugin's objects go.
                version.forget()
                for record in (*self.past, current):
                    if record.version is version:
                        record.functions = version.functions
        if self.book.shut and not (self.book.lives or self.book.due or self.book.closing):
            self.gone.set()

    def drained(self, before: int) -> bool:
        """Is no epoch below `before` held?  The lock is held."""
        return not any(record.holders() for record in self.past if record.number < before)

    def reclaimed(self, book: Book, version: Version) -> Book:
        """Free `version` if it is retired and nobody holds any of its records.  The lock is held.

        Proof of M3: RETIRED becomes FREED here only, in a section, and never anything else again.
        """
        if book.lives.get(version) is not Life.RETIRED:
            return book
        if any(record.version is version and record.holders() for record in (*self.past, self.current)):
            return book
        return self.freed(book, version)

    def freed(self, book: Book, version: Version) -> Book:
        """Move `version` from the living to those whose close hook is due.  The lock is held."""
        lives = {v: life for v, life in book.lives.items() if v is not version}
        return replace(book, lives=lives, due=book.due | {version})

    def look(self, record: Record) -> None:
        """Look after a release: is it now that something can be freed, or that a drain has ended?

        Any thread, no lock.  Doing it again does no harm.
        """
        if self.owner == self.seam.get_ident():
            self._again.append(record)
            return

        def body() -> None:
            # step: look -- atomic because it is one section of the plugin's lock, on both builds.
            self.write("look", self.reclaimed(self.book, record.version), epoch=record.number)
            self.settle()

        self.section(body)
        self.close_freed()

    def leave(self, record: Record) -> None:
        """Look, and do it again if an asynchronous exception cuts it short: a release owes a look (R6)."""
        try:
            self.look(record)
        except BaseException:
            self.look(record)
            raise

    def watch(self, record: Record, slot: Slot) -> ref[Slot]:
        """Look if the slot dies without having been put back; until the watch is discarded from `watches`.

        Not a `__del__` of whoever keeps it: that would run after every ordinary release, too, and an asynchronous
        exception that strikes in a finalizer is lost.
        """

        def died(watch: ref[Slot]) -> None:
            self.watches.discard(watch)
            self.look(record)

        watch = ref(slot, died)
        self.watches.add(watch)
        return watch

    def close_freed(self) -> None:
        """Run the close hooks that are due, outside the lock (M5: promptly, by whoever saw it)."""
        while self.book.due:
            mine: list[Version] = []
            try:
                self.section(partial(self._claim, mine))
                for version in mine:
                    version.close()
            finally:
                # Struck by an asynchronous exception between the claim and the hook's first line: the hook runs now.
                for version in mine:
                    if version in self.book.closing and not version.close_begun:
                        version.close()
                try:
                    self.section(partial(self.settle, drains=False))
                except BaseException:
                    self.section(partial(self.settle, drains=False))  # a version that was closed is let go of (R6)
                    raise

    def _claim(self, mine: list[Version]) -> None:
        """Take one version out of those that are due: from here on this thread alone closes it (M3)."""
        book = self.book
        if book.due:  # if not, another thread was faster
            version = min(book.due, key=lambda v: v.number)
            book = replace(book, due=book.due - {version}, closing=book.closing | {version})
            mine.append(version)
            self.book = book
