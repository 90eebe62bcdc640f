"""The seam: the kernel's only way to locks, clocks and threads.

Why: the code that ships is the code that is checked.  A checker passes a subclass of `Seam` whose objects have the same
duck type; the kernel cannot tell.  In production the seam costs nothing, because the kernel asks it for *objects*
(a pointer, a pool, a lock, an event) once and then uses them directly.

What a twin sees, and what each operation means:

- ``pointer(record)``: an object with one attribute, ``record``.
  Only callers *read* it: in this order ``read``, ``confirm`` (after a slot was taken), ``peek`` (after it was given
  back).  Only a critical section *writes* it, at most once per section: that write is the publication.  A twin makes
  ``record`` a property.  Upgraders never read it.
- ``pool()``: a deque of free slots, one per record.  ``pool.pop()`` is ``announce`` by the thread that runs it (an
  ``IndexError`` is no step: no slot was free).  ``pool.append(slot)`` is ``finish`` (after a ``confirm`` that
  succeeded) or ``retract`` (after one that did not) of the holder that took that very slot; for a lease this may be
  another thread than the one that took it.
  ``pool.copy()`` is how a critical section looks at the holders.  A twin subclasses `collections.deque`.
  A thread that announces while it already holds a slot of the same record makes a nested call (``nest``): the model
  counts the thread once.
- ``register(pool)``: a set of weak references to the slots of that pool's record that are alive.  ``add`` is
  ``announce``, too, with a slot that was just made because the pool had none: right after a ``pop`` that found none.  A
  section looks at it right after the ``copy`` of the pool.  A twin subclasses `set`.
- ``lock()``: a lock with ``acquire``, ``release`` and ``with``.  One per plugin.  No user code runs under it.
- ``event()``: ``set()``, ``wait(timeout) -> bool``, ``is_set()``.  The only thing that anybody ever waits on.
- ``step(action, *, publishes=False, **details)``: called in a critical section, after everything was checked and before
  anything is written; ``action`` is the model's name.  With ``publishes=True`` the section goes on to write the
  pointer, and the section counts as happening at that write.  Without, it counts as happening here.  Also called,
  outside any section, for ``nest`` and ``unnest`` on the slow path, and for ``finish`` with ``lost=True`` when an
  asynchronous exception left it open whether a slot had been given back (see `calls`).
- ``monotonic()``, ``get_ident()``, ``thread_name(ident)``, ``frames()``: facts about time and threads.

Rejected: a global that tests monkeypatch (two plugins under two checkers at once; hidden from the type checker), and
hooks in the fast path (they cost as much as the protection).
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ref

if TYPE_CHECKING:
    from .records import Record, Slot

__all__ = ["PRODUCTION", "Event", "Lock", "Pointer", "Pool", "Seam", "context_variable"]


class Lock(Protocol):
    """Mutual exclusion.  What a section wrote before `release` is seen after the next `acquire`."""

    def acquire(self, blocking: bool = ..., timeout: float = ..., /) -> bool:
        """Take the lock."""
        ...

    def release(self) -> None:
        """Let it go."""
        ...

    def __enter__(self) -> bool: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Event(Protocol):
    """Once set, it stays set, and whoever waits or will wait goes on."""

    def set(self) -> None:
        """Let everybody go on.  Doing it twice does nothing."""
        ...

    def is_set(self) -> bool:
        """Is it set?"""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds; say whether it is."""
        ...


class Pool(Protocol):
    """Free slots.  Each operation is one atomic step; `collections.deque` fits as it is."""

    def pop(self) -> Slot:
        """Take one.  Raises `IndexError` if there is none."""
        ...

    def append(self, slot: Slot, /) -> Slot | None:
        """Put one back.  Gives None: what the caller has from now on."""
        ...

    def copy(self) -> Iterable[Slot]:
        """What is in it, at one instant."""
        ...


class Pointer:
    """The one published pointer.

    ``record`` is loaded and stored whole.  On the GIL build a slot load and a slot store are single bytecodes; on the
    free-threaded build they are atomic loads and stores of an object reference (slots are read with a try-incref).
    """

    __slots__ = ("record",)

    def __init__(self, record: Record) -> None:
        self.record = record


class Seam:
    """What production uses.  A twin overrides any of this; see the module for what it may rely on."""

    def pointer(self, record: Record) -> Pointer:
        """Make the pointer of one plugin."""
        return Pointer(record)

    def pool(self) -> Pool:
        """Make the pool of free slots of one record."""
        empty: deque[Slot] = deque()
        return empty

    def register(self, pool: Pool) -> set[ref[Slot]]:  # noqa: ARG002 - for twins: they must know which record's it is
        """Make the register of all slots of the record whose pool that is."""
        empty: set[ref[Slot]] = set()
        return empty

    def lock(self) -> Lock:
        """Make a lock."""
        return threading.Lock()

    def event(self) -> Event:
        """Make an event that is not set."""
        return threading.Event()

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back (rule D4)."""
        return time.monotonic()

    def get_ident(self) -> int:
        """Name the running thread by its number."""
        return threading.get_ident()

    def thread_name(self, ident: int) -> str:
        """Name a thread for people; its number where it has none."""
        for thread in threading.enumerate():
            if thread.ident == ident:
                return thread.name
        return f"thread {ident}"

    def frames(self) -> dict[int, FrameType]:
        """Give the innermost frame of every thread, by thread."""
        return sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the only way

    def step(self, action: str, *, publishes: bool = False, **details: Any) -> None:
        """Take note that the model's `action` is about to be done.  Production takes no notes."""


def context_variable(name: str) -> ContextVar[Any]:
    """Make a variable of the running context (PEP 567), None where nobody has set it."""
    return ContextVar(name, default=None)


PRODUCTION = Seam()
