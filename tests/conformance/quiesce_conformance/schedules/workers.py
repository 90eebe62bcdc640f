"""Real threads, reused, each parked on a lock of its own.

Why reuse: starting a thread costs some 50 times as much as letting a parked one go on (measured: 500 against more than
10,000 schedules a second).  Why raw locks: ``_thread.allocate_lock`` is one C call to park and one to let go, without
the Python code of `threading.Condition`.

Why one processor: exactly one thread goes on at a time, so a second processor cannot help; waking a thread on another
one costs an interrupt there and a fight for the GIL.  Why ``SCHED_BATCH``: a thread that is woken on the same processor
would be let in at once, find that the one who woke it still has the GIL, and be sent back.  A batch thread is let in
when the other one has parked.  Measured on Linux, Python 3.11, two processors, per hand-over: 26 µs as it comes, 6 to
9 µs on one processor, 3 to 4 µs on one processor as batch threads.  So, where the system offers both, the threads of a
crew stay on the processor on which the controlling thread is found.  Both are undone for the controlling thread when it
gets back to its own work.

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

    __slots__ = ("_all", "_ordinary", "number")

    EVERY: Final = 1000
    """Executions after which the system is asked again which processor is best."""

    def __init__(self, *, stay: bool = True) -> None:
        self.number: int | None = None
        self._all = frozenset(os.sched_getaffinity(0)) if stay and _current_processor() is not None else frozenset()
        if len(self._all) < 2:
            self._all = frozenset()
        self._ordinary = bool(self._all) and os.sched_getscheduler(0) == os.SCHED_OTHER

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
            _keep(frozenset({self.number}), os.SCHED_BATCH if self._ordinary else None)

    def leave(self) -> None:
        """Let the calling thread go anywhere that it could before."""
        if self._all:
            _keep(self._all, os.SCHED_OTHER if self._ordinary else None)


class Crew:
    """Workers that have nothing to do, and the making of more."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._idle: list[Worker] = []
        self._made = 0
        self._process = os.getpid()
        self._last_order = finalize(self, _dismiss, self._idle)

    def muster(self) -> None:
        """Forget the parent's threads, which did not come along, if this is the child of a fork."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._idle.clear()

    def hire(self) -> Worker:
        """Give a worker that has nothing to do."""
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


def _keep(processors: frozenset[int], policy: int | None) -> None:
    try:
        os.sched_setaffinity(0, processors)
        if policy is not None and _NO_PRIORITY is not None:
            os.sched_setscheduler(0, policy, _NO_PRIORITY)
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


_NO_PRIORITY: Final = os.sched_param(0) if hasattr(os, "sched_param") else None
_CURRENT: Final = _find_current_processor()


def _current_processor() -> int | None:
    return None if _CURRENT is None else _CURRENT()
