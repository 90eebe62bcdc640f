"""How far a search may go, and the signs of life that it gives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quiesce_model.explore.result import Progress

__all__ = ["Bounds", "Watch", "resident_bytes"]

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """The memory that this process holds now, in bytes; where the system does not say, the most that it ever held."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(frozen=True)
class Bounds:
    """Where to stop: states, seconds, bytes of resident memory; ``None``: no limit."""

    states: int | None = None
    seconds: float | None = None
    bytes: int | None = None

    def __post_init__(self) -> None:
        for name in ("states", "seconds", "bytes"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (number and value > 0):  # also refuses NaN
                msg = f"max_{name}: expected a number above 0 or None, got {value!r}"
                raise ValueError(msg)


class Watch:
    """Looks at the bounds between two pieces of work, and calls ``progress`` at most ten times a second."""

    INTERVAL = 0.1

    def __init__(self, bounds: Bounds, progress: Callable[[Progress], object] | None) -> None:
        if progress is not None and not callable(progress):
            raise TypeError(f"progress: expected something to call with a Progress, got {progress!r}")
        self.bounds, self.progress = bounds, progress
        self.began = time.perf_counter()
        self._next = self.began + self.INTERVAL
        self.earlier = 0.0
        """Seconds that runs before this one took, whose work it goes on with; the bound does not count them."""

    @property
    def seconds(self) -> float:
        """Seconds that the search took so far."""
        return time.perf_counter() - self.began + self.earlier

    def due(self, states: int) -> bool:
        """Whether it is time to look: ``states`` is as many as there can be by now, or more."""
        most, seconds = self.bounds.states, self.bounds.seconds
        now = time.perf_counter()
        return (
            now >= self._next
            or (most is not None and states > most)
            or (seconds is not None and now - self.began > seconds)
        )

    def stop(self, states: int, edges: int, depth: int, frontier: int) -> str:
        """Why to stop here; empty if there is no reason to."""
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + self.INTERVAL
            if self.progress is not None:
                self.progress(Progress(states, edges, depth, frontier, self.seconds))
            limit = self.bounds.bytes
            if limit is not None and (used := resident_bytes()) > limit:
                return f"out of bounds: {used:,} bytes of memory are more than {limit:,}"
        if self.bounds.states is not None and states > self.bounds.states:
            return f"out of bounds: more than {self.bounds.states:,} states"
        if self.bounds.seconds is not None and now - self.began > self.bounds.seconds:
            return f"out of bounds: more than {self.bounds.seconds:g} seconds"
        return ""
