"""What a plugin under test reports about itself, and the gates that it can be made to wait at.

A plugin that is to be checked carries a probe and tells it when it is built, initialised and closed.  Each call's own
stamps travel back in its answer, so recording a call takes no lock and disturbs no interleaving.

A gate stops a call inside the plugin until the driver opens it: "reached, may I go?".  That is how a hanging call is
made without a sleep, and how a driver knows that a call *is* inside before it goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import NamedTuple

from .history import Handover, Life

__all__ = ["Answer", "Gate", "Probe", "ProbeError"]


class ProbeError(Exception):
    """An exception that a plugin was asked to raise; `answer` says by which call."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"asked for by call {answer.number}")
        self.answer = answer


class Answer(NamedTuple):
    """What a plugin function under test gives back."""

    number: int
    """The number that the call was made with: shows that the answer is the call's own."""
    started: int
    ended: int
    versions: tuple[int, ...]
    """Every version that the call met inside the plugin: code and data, at its start and at its end."""
    value: object = None


class Gate:
    """A place where calls wait until the driver opens it.  Safe from any thread.

    `limit` seconds bound the wait, so that a driver that died never leaves a thread behind.
    """

    def __init__(self, limit: float = 60.0) -> None:
        self._opened = threading.Event()
        self._reached = threading.Event()
        self._limit = limit

    def wait(self) -> None:
        """Called by the plugin: say that a call is here, and wait."""
        self._reached.set()
        if not self._opened.wait(self._limit):
            raise TimeoutError(f"expected the driver to open the gate within {self._limit} s")

    def open(self) -> None:
        """Let everyone go on, from now on."""
        self._opened.set()

    def leave(self) -> None:
        """Say that no call will come any more: the one that was to come has ended."""
        self._reached.set()

    def reached(self, timeout: float | None = None) -> bool:
        """Wait until a call is at the gate, or will not come any more."""
        return self._reached.wait(timeout)


@dataclass
class Probe:
    """Collects what the instances of one plugin report.  Safe from any thread.

    `clock` gives the stamps; it must never run backwards for any pair of threads.
    """

    clock: Callable[[], int] = monotonic_ns
    lives: dict[int, Life] = field(default_factory=dict)
    handovers: list[Handover] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _exported: dict[int, int] = field(default_factory=dict)

    def built(self, version: int) -> None:
        """An instance of `version` came into being."""
        with self._lock:
            self.lives[version] = Life(version, self.clock())

    def initialised(self, version: int) -> None:
        """Its `init` is about to return without an error."""
        with self._lock:
            self.lives[version].initialised = self.clock()

    def closed(self, version: int) -> None:
        """Its `close` was called; called first thing, also when it was called before."""
        with self._lock:
            self.lives[version].closed.append(self.clock())

    def exported(self, version: int) -> None:
        """Its `export_state` was called."""
        with self._lock:
            self._exported[version] = self.clock()

    def imported(self, old: int, version: int) -> None:
        """`version` has taken over the state that `old` exported."""
        with self._lock:
            self.handovers.append(Handover(old, version, self._exported[old], self.clock()))

    def open_versions(self) -> list[int]:
        """The versions that were built and not closed."""
        with self._lock:
            return [life.version for life in self.lives.values() if not life.closed]
