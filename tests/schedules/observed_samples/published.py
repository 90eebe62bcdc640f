"""Hot reload with epochs as it is often told: count the calls of an epoch, open the next one, wait, swap, close.

The reader loads the epoch in one step and counts itself in another.
"""

from __future__ import annotations

import threading


class Instance:
    def __init__(self, number: int) -> None:
        self.number = number
        self.closed = False

    def work(self) -> int:
        if self.closed:
            raise RuntimeError(f"version {self.number} is closed")
        return self.number

    def close(self) -> None:
        self.closed = True


class EpochTracker:
    def __init__(self) -> None:
        self.current = 0
        self.counts = [0] * 8
        self.changed = threading.Condition(threading.Lock())

    def enter(self) -> int:
        epoch = self.current
        with self.changed:
            self.counts[epoch % 8] += 1
        return epoch

    def leave(self, epoch: int) -> None:
        with self.changed:
            self.counts[epoch % 8] -= 1
            self.changed.notify_all()

    def advance(self) -> int:
        with self.changed:
            self.current += 1
            return self.current - 1

    def wait_drain(self, epoch: int) -> None:
        with self.changed:
            while self.counts[epoch % 8]:
                self.changed.wait()


class Plugin:
    tracker_type: type[EpochTracker] = EpochTracker

    def __init__(self) -> None:
        self.tracker = self.tracker_type()
        self.instance = Instance(1)

    def call(self) -> int:
        epoch = self.tracker.enter()
        try:
            return self.instance.work()
        finally:
            self.tracker.leave(epoch)

    def upgrade(self) -> None:
        old = self.instance
        epoch = self.tracker.advance()
        self.tracker.wait_drain(epoch)
        self.instance = Instance(old.number + 1)
        old.close()


class LockedPlugin:
    """One lock around everything: slow, and right."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.instance = Instance(1)

    def call(self) -> int:
        with self.lock:
            return self.instance.work()

    def upgrade(self) -> None:
        with self.lock:
            old = self.instance
            self.instance = Instance(old.number + 1)
            old.close()
