"""`EpochTracker` and `EpochGuard` under every schedule.

A reader's way in and out is a caller's, so it is held against the same algorithm, with one more action: a writer opens
an epoch whenever it likes.  What waiting for a drain promises is no step of that model, and is the probes' business:
when `wait_drain(e)` says that epochs up to ``e`` are drained, no guard of those epochs lives, and none comes to life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from quiesce import DrainPolicy, EpochTracker
from quiesce_conformance.schedules import Engine
from quiesce_model.algorithm import Continue
from quiesce_model.language import action
from quiesce_model.vocabulary import Gate

from .abstraction import core_of
from .configuration import Script, Scripts, Size
from .graph import Graph
from .tally import Seen
from .watch import WatchedSeam
from .world import Watching

__all__ = ["Tracker", "TrackerWorld", "entering"]


class Tracker(Continue):
    """The algorithm of a tracker: calls, and a writer that opens epochs."""

    @action(fair=False)
    def advance(s) -> None:  # noqa: N805 - a formula about a state
        """One publication; the payload is the version, which stays."""
        s.publish(s.code[s.now], Gate.OPEN)


class TrackerWorld(Watching):
    """A tracker, and who is inside which epoch.  See `Watching` for the parameters."""

    def __init__(self, engine: Engine, policy: DrainPolicy, graph: Graph, names: Sequence[str], seen: Seen) -> None:
        super().__init__(engine, graph, names, seen)
        del policy
        self.inside: Counter[int] = Counter()
        self.drained = -1
        """Every epoch up to this one was said to be drained."""
        self.tracker: EpochTracker[str] = EpochTracker("payload", seam=WatchedSeam(engine, self.refiner))
        self.core = core_of(self.tracker)
        self.refiner.begin(self.core, 0)

    def warm_up(self) -> None:
        """Make two slots for the first epoch."""
        with self.tracker.enter(), self.tracker.enter():
            pass

    def read(self) -> None:
        """Enter, be inside for a step, release; releasing twice does nothing."""
        with self.tracker.enter() as guard:
            epoch = guard.epoch
            self.check("D3", epoch > self.drained, f"epoch {epoch} is entered, and up to {self.drained} it was drained")
            self.check("R2", guard.payload == "payload", f"the payload is {guard.payload!r}")
            self.inside[epoch] += 1
            try:
                self.engine.point("inside", f"epoch:{epoch}")
            finally:
                self.inside[epoch] -= 1
            if epoch != self.core.current.number:
                self.saw("a guard of an epoch that is over")
        guard.release()

    def write(self, timeout: float | None) -> None:
        """Open an epoch and wait for the ones before it."""
        before = self.tracker.current
        now = self.tracker.advance()
        self.check("D1", now > before, f"advance() gives {now} after {before}")
        if self.tracker.wait_drain(now - 1, timeout):
            self.engine.point("drained", f"epoch:{now - 1}", writes=True)
            alive = [epoch for epoch, n in self.inside.items() if n and epoch < now]
            self.check("D2", not alive, f"epochs up to {now - 1} are drained, and there are guards of {alive}")
            self.drained = max(self.drained, now - 1)
            self.saw("drained")
        else:
            self.saw("not drained in time")

    def judge(self) -> None:
        """Look at the whole when all threads have ended."""
        self.running_threads = False
        self.verdict()
        self.nothing_is_held(self.core)
        self.check("V1", not self.core.drains, "a drain is left waiting")
        now = self.tracker.current
        self.check("D2", now == 0 or self.tracker.wait_drain(now - 1, 0), "nobody is inside, and it is not drained")
        self.verdict()


def _world(world: Watching) -> TrackerWorld:
    assert isinstance(world, TrackerWorld), "a configuration of a tracker"
    return world


def entering(timeout: float | None, *, interrupts: int = 0, writers: int = 1) -> Scripts:
    """Readers against writers, with a limit for each drain."""

    def scripts(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
        def write(w: Watching) -> None:
            for _ in range(size.upgrades):
                _world(w).write(timeout)

        readers = [
            Script(n, lambda w: _world(w).read(), caller=True, interrupts=interrupts if n == "a" else 0)
            for n in "abcd"[: size.callers]
        ]
        return (*readers, *(Script(n, write) for n in "uxyz"[:writers]))

    return scripts
