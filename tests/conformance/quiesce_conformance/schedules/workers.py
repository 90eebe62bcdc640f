"""Real threads, reused, each parked on a lock of its own.

Why reuse: starting a thread costs some 50 times as much as letting a parked one go on (measured: 500 against more than
10,000 schedules a second).  Why raw locks: ``_thread.allocate_lock`` is one C call to park and one to let go, without
the Python code of `threading.Condition`.

Why one processor: exactly one thread goes on at a time, so a second processor cannot help; waking a thread on another
one costs an interrupt there and a fight for the GIL (measured on 3.11 with two processors: 26 µs per hand-over, 5.7 µs
when both threads stay on one).  Where the system lets a thread choose its processor (Linux), all threads of a crew
stay on the one on which the controlling thread is found, and move with it.

The threads are daemons and parked while idle, so a process ends without asking them; `Crew.dismiss` ends them.
"""

from __future__ import annotations

import ctypes
import os
import threading
from _thread import LockType, allocate_lock
from collections.abc import Callable
from typing import Final
from weakref import finalize

__all__ = ["Crew", "Processor", "Worker", "parked_lock"]


def parked_lock() -> LockType:
    """Make a lock that whoever acquires it waits for."""
    lock = allocate_lock()
    lock.acquire()
    return lock


class Worker:
    """One thread.  Invariant: `lock` is free only between a hand-over to this thread and its waking up."""

    __slots__ = ("ident", "job", "leaving", "lock")

    job: Callable[[], None] | None
    """What to do when let go.  None: end."""
    leaving: bool
    """It was left to itself, and ends when it comes back."""

    def __init__(self, processor: Processor, name: str) -> None:
        self.lock = parked_lock()
        self.job, self.leaving = None, False
        started = parked_lock()
        threading.Thread(target=self._work, args=(processor, started), name=name, daemon=True).start()
        started.acquire()

    def _work(self, processor: Processor, started: LockType) -> None:
        self.ident = threading.get_ident()
        park = self.lock.acquire
        here: int | None = None
        started.release()
        while True:
            park()
            if here != processor.number:
                here = processor.number
                processor.stay()
            job, self.job = self.job, None
            if job is None:
                return
            job()
            if self.leaving:
                return
            del job  # nothing of an execution outlives it here


class Processor:
    """The processor on which everybody stays."""

    __slots__ = ("_all", "number")

    EVERY: Final = 1000
    """Executions after which the system is asked again which processor is best."""

    def __init__(self, *, stay: bool = True) -> None:
        self.number: int | None = None
        self._all = frozenset(os.sched_getaffinity(0)) if stay and _current_processor() is not None else frozenset()
        if len(self._all) < 2:
            self._all = frozenset()

    def choose(self) -> None:
        """Stay where the system has put the calling thread; it decides anew if it stayed somewhere."""
        if self._all:
            if self.number is not None:
                self.leave()
                os.sched_yield()
            self.number = _current_processor()
            self.stay()

    def stay(self) -> None:
        """Keep the calling thread on it."""
        if self.number is not None:
            _keep(frozenset({self.number}))

    def leave(self) -> None:
        """Let the calling thread go anywhere that it could before."""
        if self._all:
            _keep(self._all)


class Crew:
    """Workers that have nothing to do, and the making of more."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._idle: list[Worker] = []
        self._made = 0
        self._process = os.getpid()
        self._last_order = finalize(self, _dismiss, self._idle)

    def hire(self) -> Worker:
        """Give a worker that has nothing to do."""
        if self._process != os.getpid():  # the parent's threads did not come along
            self._process = os.getpid()
            self._idle.clear()
        if self._idle:
            return self._idle.pop()
        self._made += 1
        return Worker(self._processor, f"schedule worker {self._made}")

    def release(self, worker: Worker) -> None:
        """Take a worker back.  One that is lost is not: it is left to itself."""
        self._idle.append(worker)

    def idle(self) -> int:
        """Count those who have nothing to do."""
        return len(self._idle)

    def dismiss(self) -> None:
        """End all of them."""
        _dismiss(self._idle)


def _dismiss(idle: list[Worker]) -> None:
    while idle:
        worker = idle.pop()
        worker.job = None
        worker.lock.release()


def _keep(processors: frozenset[int]) -> None:
    try:
        os.sched_setaffinity(0, processors)
    except OSError:
        return  # taken away from us meanwhile: slower, not wrong


def _find_current_processor() -> Callable[[], int] | None:
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        current: Callable[[], int] = ctypes.CDLL(None).sched_getcpu
    except (OSError, AttributeError):
        return None
    return current if current() >= 0 else None


_CURRENT: Final = _find_current_processor()


def _current_processor() -> int | None:
    return None if _CURRENT is None else _CURRENT()
