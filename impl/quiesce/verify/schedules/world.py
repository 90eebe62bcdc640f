"""What one execution of a configuration is made of: a real plugin under the scheduled seam, and probes that judge.

The probes know nothing of the model and nothing of the kernel's insides.  They assert what a user of the plugin would
notice, in every schedule: that a function runs on a version that is initialised and not closed (R3, R5), from start to
end on that one (R2), that a nested call runs on the outer one's version (R4), that a version is closed exactly once
(M3), that under HOLD old and new never run at once (D5) and no call runs during a handover (H1), and that every call
ends with its own result (R1).  The refiner beside them judges each step against the model.

A probe's function and its close hook are points as well, reading and writing the version: so a search knows that their
order matters.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    Manifest,
    PluginUnregistered,
    QuiesceError,
)
from quiesce_conformance.schedules import Abandoned, Engine, Thread

from .abstraction import core_of
from .graph import Graph
from .refine import SETUP, Refiner
from .tally import Seen
from .watch import WatchedSeam

__all__ = ["FIRST", "RuleBroken", "World", "quiet_log"]

FIRST: Final = 1
"""The runtime numbers versions from here; the model from 0."""
Answer = tuple[int, object]
"""The version that a function ran on, and what it was called with."""
MANIFEST: Final = Manifest("probe", "1.0.0", ("work", "nest", "fail", "upgrade_inside"))
CAP: Final = 3
"""Versions that may be alive at once: the model's own constant, so that both refuse at the same point (M7)."""


class RuleBroken(AssertionError):
    """A probe saw what must not be."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"[{rule}] {what}")
        self.rule = rule


def quiet_log() -> logging.Logger:
    """The runtime's log, without the close hooks that are meant to fail."""
    log = logging.getLogger("quiesce")
    log.addFilter(_meant_to_fail)
    return log


def _meant_to_fail(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], (ArithmeticError, Abandoned)))


class Probe:
    """One version of the plugin."""

    def __init__(self, world: World, fails: str, number: int = 0) -> None:
        self.world, self.fails, self._number = world, fails, number
        self.running = 0
        self.ready = self.closed = False

    @property
    def number(self) -> int:
        """The version's number, which it is given after it was built."""
        if not self._number:
            book = self.world.core.book
            self._number = next(v.number for v in (*book.lives, *book.due, *book.closing) if v.instance is self)
        return self._number

    @property
    def name(self) -> str:
        """What a search calls this version."""
        return f"version:{self.number}"

    def init(self) -> None:
        self._fail("init")
        self.ready = True

    def close(self) -> None:
        world = self.world
        world.closed[self.number] += 1
        self.closed = True
        world.check("M3", world.closed[self.number] == 1, f"version {self.number} is closed twice")
        world.engine.point("close", self.name, writes=True)
        world.check("R3", not self.running, f"version {self.number} is closed under {self.running} running calls")
        world.engine.point("closed", self.name, writes=True)  # the hook has ended, and nobody has taken note of it yet
        self._fail("close")

    def export_state(self) -> int:
        self.world.nobody_runs("H1")
        self._fail("export")
        return self.number

    def import_state(self, state: int) -> None:
        self.world.nobody_runs("H1")
        self.world.check("H1", state == self.world.serving(), "the state is of the version that serves")
        self.world.saw("state was handed over")
        self._fail("import")

    def work(self, token: object) -> Answer:
        return self._inside(lambda: (self.number, token))

    def fail(self, token: object) -> None:
        def body() -> Answer:
            raise LookupError(token)

        self._inside(body)

    def nest(self, token: object) -> Answer:
        def body() -> Answer:
            self.world.saw("a call nested")
            inner = self.world.plugin.call("work", token)
            self.world.check("R4", inner == (self.number, token), f"inside {self.number}, nested call gives {inner}")
            return (self.number, token)

        return self._inside(body)

    def upgrade_inside(self, token: object) -> Answer:
        """Under OVERLAP an upgrade may be asked for from inside a call."""

        def body() -> Answer:
            self.world.upgrade(drain_timeout=0)
            return (self.number, token)

        return self._inside(body)

    def _inside(self, body: Callable[[], Answer]) -> Answer:
        world = self.world
        self.running += 1
        world.running[self.number] += 1
        try:
            world.begins(self)
            world.engine.point("run", self.name)
            result = body()
            world.check("R3", not self.closed, f"version {self.number} was closed under a running call")
            return result
        finally:
            self.running -= 1
            world.running[self.number] -= 1

    def _fail(self, where: str) -> None:
        if self.fails == where:
            raise ArithmeticError(where)


class Watching:
    """What every world has: a refiner, the first thing that a probe saw, and who runs.

    Args:
        engine: runs it.
        graph: the model that it is held against.
        names: of the threads, in the order of spawning.
        seen: counts what came up, over many executions.

    """

    def __init__(self, engine: Engine, graph: Graph, names: Sequence[str], seen: Seen) -> None:
        self.engine, self.seen = engine, seen
        self.violation: RuleBroken | None = None
        self.running_threads = False
        """Whether the threads were spawned and the end was not judged yet."""
        self.threads: dict[str, Thread] = {}
        """By name; filled in when they are spawned."""
        self.refiner = Refiner(graph, names, self.me, self.struck, seen)

    def me(self) -> str:
        """The running thread's name; empty when the execution is over and its threads are being unwound."""
        me = self.engine.me()
        return me.name if me is not None else "" if self.running_threads else SETUP

    def struck(self, name: str) -> bool:
        """Whether a thread was interrupted."""
        return name in self.threads and self.threads[name].struck > 0

    def check(self, rule: str, holds: bool, what: str) -> None:
        """Take note of the first thing that must not be.  Not raised here: the kernel would take it for a plugin's."""
        if not holds and self.violation is None and self.me():
            self.violation = RuleBroken(rule, f"{self.me()}: {what}")

    def saw(self, situation: str) -> None:
        """Count a situation."""
        self.seen.situations[situation] += 1

    def verdict(self) -> None:
        """Raise the first thing that was seen against the code, if there is any."""
        if self.refiner.failure is not None:
            raise self.refiner.failure
        if self.violation is not None:
            raise self.violation

    def nothing_is_held(self, core: Any) -> None:
        """Check that every slot that is alive is in its pool, once."""
        for record in (*core.past, core.current):
            pool = tuple(record.pool)
            once = len(pool) == len(set(map(id, pool))) == len(record.slots)
            self.check("R6", once, f"epoch {record.number} has {len(record.slots)} slots, its pool {len(pool)}")


class World(Watching):
    """Everything of one execution.

    Args:
        engine: runs it.
        policy: of the plugin.
        graph: the model that it is held against.
        names: of the threads, in the order of spawning.
        seen: counts what came up, over many executions.

    """

    def __init__(
        self,
        engine: Engine,
        policy: DrainPolicy,
        graph: Graph,
        names: Sequence[str],
        seen: Seen,
    ) -> None:
        super().__init__(engine, graph, names, seen)
        self.policy = policy
        self.running: Counter[int] = Counter()
        self.closed: Counter[int] = Counter()
        self.tokens = 0
        first = Probe(self, "", FIRST)
        first.ready = True
        self.plugin = HotReloadablePlugin(
            MANIFEST,
            first,
            drain_timeout=1.0,
            policy=policy,
            max_live_versions=CAP,
            close_failed=self._close_failed,
            seam=WatchedSeam(engine, self.refiner),
        )
        self.core = core_of(self.plugin)
        self.refiner.begin(self.core, FIRST)

    def warm_up(self) -> None:
        """Make a few slots for the first record, so that calls find one on the fast path."""
        self.plugin.call("nest", SETUP)

    # -- who and what -------------------------------------------------------------------------------------------------
    def held_epochs(self) -> list[int]:
        """Epochs that are over and have holders; looked at without a step."""
        return [r.number for r in self.core.past if len(r.slots) > len(r.pool)]

    def serving(self) -> int:
        """The number of the version that serves."""
        return self.plugin.version

    def begins(self, probe: Probe) -> None:
        """A function begins."""
        self.refiner.body(probe.number)
        self.check("R5", probe.ready, f"a call runs on version {probe.number}, which is not initialised")
        self.check("R3", not probe.closed, f"a call runs on version {probe.number}, which is closed")
        versions = [n for n, running in self.running.items() if running]
        if len(versions) > 1:
            self.saw("old and new run at once")
            self.check("D5", self.policy is not DrainPolicy.HOLD, f"versions {versions} run at once under HOLD")
        if probe.number != self.serving():
            self.saw("a call runs on a version that does not serve any more")

    def nobody_runs(self, rule: str) -> None:
        """Check that no call runs."""
        running = [n for n, count in self.running.items() if count]
        self.check(rule, not running, f"calls run on {running} during the handover")

    def _close_failed(self, _: object) -> None:
        self.saw("a close hook failed")

    # -- what threads do ----------------------------------------------------------------------------------------------
    def call(self, function: str = "work") -> None:
        """Call the plugin; the answer has to be one's own."""
        self.tokens += 1
        token = f"{self.me()}.{self.tokens}"
        try:
            answer = self.plugin.call(function, token)
        except LookupError as error:
            own = function == "fail" and error.args == (token,)
            self.check("R1", own, f"the call {token} of {function} failed with {error!r}")
            self.saw("a call raised")
        except PluginUnregistered:
            self.check("R5", self.plugin.snapshot().unregistered, "a call is turned away, and the plugin is in service")
            self.saw("a call was turned away")
        else:
            self.check("R1", answer[1] == token, f"the call {token} gives {answer!r}")
            self.saw("a call ended")

    def lease(self) -> None:
        """Hold a version for two calls."""
        with self.plugin.lease() as instance:
            assert isinstance(instance, Probe)
            for _ in range(2):
                self.tokens += 1
                token = self.tokens
                answer = self.plugin.call("work", token)
                self.check("R4", answer == (instance.number, token), f"within {instance.number}: {answer}")
        self.saw("a lease ended")

    def candidate(self, fails: str = "") -> Candidate:
        """The next version; it fails where it is told to."""

        def build() -> Probe:
            if fails == "build":
                raise ArithmeticError("build")
            return Probe(self, fails)

        return Candidate(MANIFEST, build)

    def upgrade(self, fails: str = "", **how: Any) -> bool:
        """Upgrade; say whether it came to its end."""
        health = how.pop("health", None)
        return self.ask("upgrade", lambda: self.plugin.upgrade(self.candidate(fails), health_check=health, **how))

    def prepare(self, fails: str = "") -> bool:
        """Prepare a candidate."""
        return self.ask("prepare", lambda: self.plugin.prepare_upgrade(self.candidate(fails)))

    def ask(self, what: str, operation: Callable[[], object]) -> bool:
        """Do an operation that may be refused or fail; say whether it did neither."""
        try:
            operation()
        except QuiesceError as error:
            self.saw(f"{what}: {type(error).__name__}")
            return False
        self.saw(f"{what}: done")
        return True

    # -- at the end ---------------------------------------------------------------------------------------------------
    def judge(self) -> None:
        """Look at the whole when all threads have ended.

        Raises:
            NotAStep: the code left the model.
            RuleBroken: something is not as it has to be in the end.

        """
        self.running_threads = False
        self.verdict()
        core, book = self.core, self.core.book
        shut = book.shut
        self.check("L1", book.settled() or book.probation, f"the plugin is left in {book.state.name}")
        self.check("L2", book.attempt is None and not book.building, "an upgrade is left under way")
        self.check("M4", book.pending is None, "a candidate is left pending")
        self.check("V1", not core.drains, "a drain is left waiting")
        self.check("M5", not book.due and not book.closing, "a version is freed and not closed")
        self.check("D5", (core.current.gate.name == "SHUT") == shut and core.current.gate.name != "HELD", "the gate")
        self.nothing_is_held(core)
        alive = {version.number for version in book.lives}
        for number in range(FIRST, book.newest + 1):
            freed = number not in alive
            self.check("M3", self.closed[number] == freed, f"version {number}: closed {self.closed[number]} times")
        expected = set() if shut else {book.serving.number} | ({book.previous.number} if book.previous else set())
        self.check("M5", alive == expected, f"alive are {sorted(alive)}, expected {sorted(expected)}")
        self.check("S1", book.stats.version == book.serving.number, "the statistics name another version")
        if not shut and self.violation is None:
            self.call()
        self.verdict()
