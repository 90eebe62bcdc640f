"""Counters, right and wrong, in the ways in which Python shares things."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from threading import Lock

TOTAL = 0
GUARD = threading.Lock()


class Racy:
    """`+=` on an attribute is two operations."""

    def __init__(self) -> None:
        self.value = 0

    def add(self) -> None:
        self.value += 1


class Slotted:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self) -> None:
        self.value += 1


class Locked:
    """The same with a lock around it."""

    def __init__(self) -> None:
        self.value = 0
        self.lock = Lock()

    def add(self) -> None:
        with self.lock:
            self.value += 1


class Reentrant:
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.RLock()

    def add(self) -> None:
        with self.lock:
            self._add()

    def _add(self) -> None:
        with self.lock:
            self.value += 1


class Many:
    """A dict of counts: the get and the set are two operations."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, key: str) -> None:
        self.counts[key] = self.counts.get(key, 0) + 1


class Rows:
    """Objects in a list, told apart."""

    def __init__(self, size: int) -> None:
        self.rows = [Racy() for _ in range(size)]

    def add(self, at: int) -> None:
        self.rows[at].value += 1


def make_closure() -> tuple:  # type: ignore[type-arg]  # two functions, whose types would say nothing more
    count = 0

    def add() -> None:
        nonlocal count
        count = count + 1

    def get() -> int:
        return count

    return add, get


def add_to_global() -> None:
    global TOTAL  # noqa: PLW0603 - that is the point
    TOTAL = TOTAL + 1


def add_to_global_guarded() -> None:
    global TOTAL  # noqa: PLW0603 - as above
    with GUARD:
        TOTAL = TOTAL + 1


class OncePerName:
    """Check, then act: two threads may both make one."""

    def __init__(self) -> None:
        self.made: dict[str, object] = {}
        self.makings: list[str] = []

    def get(self, name: str) -> object:
        if name not in self.made:
            self.makings.append(name)
            self.made[name] = object()
        return self.made[name]


class Mailbox:
    """A consumer that waits, by a condition or by a queue."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.letters: deque[str] = deque()
        self.posts: queue.Queue[str] = queue.Queue()

    def send(self, letter: str) -> None:
        with self.changed:
            self.letters.append(letter)
            self.changed.notify()

    def receive(self, timeout: float | None = None) -> str | None:
        with self.changed:
            if not self.changed.wait_for(lambda: bool(self.letters), timeout):
                return None
            return self.letters.popleft()


class Forgetful:
    """Looks whether it has to wait, and then waits: the wake-up may come in between."""

    def __init__(self) -> None:
        self.ready = False
        self.wake: threading.Event | None = None

    def wait(self) -> None:
        if not self.ready:
            self.wake = threading.Event()
            self.wake.wait()

    def finish(self) -> None:
        self.ready = True
        if self.wake is not None:
            self.wake.set()


class Sleepy:
    """Bides its time."""

    def __init__(self) -> None:
        self.began = self.ended = 0.0

    def work(self) -> None:
        self.began = time.monotonic()
        time.sleep(3600)
        self.ended = time.monotonic()


class Restless:
    """Does what nobody can control."""

    def __init__(self) -> None:
        self.value = 0

    def start_thread(self) -> None:
        self.value += 1
        threading.Thread(target=self.start_thread).start()

    def run_loop(self) -> None:
        import asyncio

        self.value += 1
        asyncio.run(asyncio.sleep(0))

    def run_process(self) -> None:
        import subprocess

        self.value += 1
        subprocess.run(["true"], check=True)
