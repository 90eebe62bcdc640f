"""One counter under one lock: everything that happens in a session gets its sequence number here.

An event is stamped and appended in one critical section, so the list is in the order of the numbers, and a number that
was taken before another is smaller: what a check concludes from two numbers did happen in that order.

Rejected: `itertools.count` without a lock (the number and the append would be two steps), and a clock (two threads can
read the same instant).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic

from quiesce_conformance.session import Event

__all__ = ["Journal"]


class Journal:
    """The events of one session.  Safe from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._last = 0
        self._events: list[Event] = []
        self._over = False

    def stamp(self) -> int:
        """Take the next number."""
        with self._changed:
            self._last += 1
            return self._last

    def note(self, kind: str, version: int, call: int | None = None, gate: str | None = None) -> None:
        """Add an event; after `end` nothing is added any more."""
        with self._changed:
            if self._over:
                return
            self._last += 1
            self._events.append(Event(self._last, kind, version, call, gate))
            self._changed.notify_all()

    def settle(self, done: Callable[[int], None]) -> None:
        """Take the next number and hand it to `done`, in one step, and wake whoever waits."""
        with self._changed:
            self._last += 1
            done(self._last)
            self._changed.notify_all()

    def wait(self, condition: Callable[[Sequence[Event]], bool], timeout: float) -> bool:
        """Wait until `condition` holds of the events, at most `timeout` seconds; say whether it does."""
        deadline = monotonic() + timeout
        with self._changed:
            while not condition(self._events):
                left = deadline - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def events(self) -> tuple[Event, ...]:
        """Everything so far, in the order of the numbers."""
        with self._changed:
            return tuple(self._events)

    def end(self) -> None:
        """Add nothing any more."""
        with self._changed:
            self._over = True
