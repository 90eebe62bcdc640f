"""A random load on one plugin: threads that call it in every way, threads that upgrade it in every way.

Everything is bounded by counts, nothing by the clock; whoever waits, waits for an event.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    Manifest,
    PluginUnregistered,
    QuiesceError,
    UpgradeCancelled,
    WrongState,
)
from quiesce.recording import RecordingSeam

PATIENCE = 30.0
"""Seconds after which a test that hangs is a failure."""

MANIFEST = Manifest("load", "1.0.0", ("plain", "outer", "fails", "stays"))


class Dawdling(RecordingSeam):
    """Callers dawdle between their steps now and then, until something is published: so that steps come between.

    The wait is bounded, because there may be no further publication; nothing depends on its length.
    """

    def __init__(self, seed: int, share: float = 0.04) -> None:
        super().__init__()
        self._rng, self._share = random.Random(seed), share
        self._published_since = threading.Event()

    def read(self, pointer: Any) -> Any:
        record = super().read(pointer)
        self._dawdle()
        return record

    def take(self, pool: Any) -> Any:
        slot = super().take(pool)
        self._dawdle()
        return slot

    def give_back(self, pool: Any, slot: Any) -> None:
        super().give_back(pool, slot)
        self._dawdle()

    def write(self, pointer: Any, record: Any) -> None:
        super().write(pointer, record)
        old, self._published_since = self._published_since, threading.Event()
        old.set()

    def _dawdle(self) -> None:
        if self._rng.random() < self._share:
            self._published_since.wait(timeout=0.003)  # the bound of a wait that may be in vain


class Held:
    """Calls that stay inside the plugin until somebody lets them all go."""

    def __init__(self) -> None:
        self._event, self._lock, self._over = threading.Event(), threading.Lock(), False

    def stay(self) -> None:
        event = self._event
        assert event.wait(PATIENCE), "nobody lets the held calls go"

    def let_go(self) -> None:
        with self._lock:
            if not self._over:
                self._event.set()
                self._event = threading.Event()

    def let_go_for_good(self) -> None:
        """From now on no call stays."""
        with self._lock:
            self._over = True
            self._event.set()


class Instance:
    """One version of the plugin."""

    def __init__(self, load: Load, fails_in: str = "") -> None:
        self.load, self.fails_in = load, fails_in

    def init(self) -> None:
        self.fail("init")

    def close(self) -> None:
        self.fail("close")

    def export_state(self) -> int:
        return 1

    def import_state(self, _state: int) -> None:
        self.fail("import_state")

    def plain(self) -> int:
        return 1

    def outer(self, depth: int) -> int:
        return depth and int(self.load.plugin.call("outer", depth - 1)) + 1

    def fails(self) -> None:
        raise LookupError("as it should")

    def stays(self) -> None:
        self.load.held.stay()

    def fail(self, where: str) -> None:
        if self.fails_in == where:
            raise ArithmeticError(where)


class Load:
    """One plugin under one policy, and what can be done to it.

    :param seam: where its operations are recorded.
    """

    def __init__(self, policy: DrainPolicy, seam: RecordingSeam, kind: type[HotReloadablePlugin]) -> None:
        self.policy, self.seam = policy, seam
        self.held = Held()
        self.plugin = kind(self.candidate(), policy=policy, max_live_versions=3, seam=seam)
        self.refused = 0

    def candidate(self, fails_in: str = "") -> Candidate:
        def build() -> object:
            if fails_in == "build":
                raise ArithmeticError(fails_in)
            return Instance(self, fails_in)

        return Candidate(Manifest("other", "1.0.0", ("plain",)) if fails_in == "validate" else MANIFEST, build)

    # -- callers ------------------------------------------------------------------------------------------------------
    def one_call(self, rng: random.Random) -> None:
        kind = rng.randrange(10)
        if kind < 5:
            assert self.plugin.call("plain") == 1
        elif kind == 5:
            assert self.plugin.call("outer", 2) == 2
        elif kind == 6:
            with self.plugin.lease():
                self.plugin.call("plain")
                with self.plugin.lease():
                    self.plugin.call("outer", 1)
        elif kind == 7:
            with contextlib.suppress(LookupError):
                self.plugin.call("fails")
        elif kind == 8:
            self.observe()
        else:
            self.plugin.call("stays")

    def observe(self) -> None:
        self.seam.note("observed", self._seen)

    def _seen(self) -> Mapping[str, Any]:
        seen, epoch = self.plugin.snapshot(), self.plugin.epoch
        return {
            "state": seen.state.value,
            "version": seen.version,
            "now": epoch,
            "succeeded": seen.stats.successful_upgrades,
            "failed": seen.stats.failed_upgrades,
            "on_probation": seen.on_probation,
        }

    # -- upgraders ----------------------------------------------------------------------------------------------------
    def one_move(self, rng: random.Random) -> None:
        """Anything, legal or not in the state that the plugin happens to be in; then held calls are let go."""
        moves = self.moves(rng)
        move = rng.choice(moves)
        try:
            move()
        except QuiesceError:
            self.refused += 1
        finally:
            self.held.let_go()

    def moves(self, rng: random.Random) -> list[Callable[[], object]]:
        p, soon = self.plugin, rng.choice([0, 0.002, 0.01])
        return [
            self.patient_upgrade,
            self.patient_upgrade,
            lambda: p.upgrade(self.candidate(), drain_timeout=soon),
            lambda: p.upgrade(self.candidate("close"), drain_timeout=soon, probation=True),
            lambda: p.upgrade(self.candidate(rng.choice(["validate", "build", "init"]))),
            lambda: p.upgrade(self.candidate("import_state"), drain_timeout=soon),
            lambda: p.upgrade(self.candidate(), drain_timeout=soon, health_check=lambda _: False),
            lambda: p.prepare_upgrade(self.candidate()),
            lambda: p.execute_upgrade(drain_timeout=soon, probation=True),
            p.cancel_upgrade,
            p.commit,
            lambda: p.revert(drain_timeout=soon),
            lambda: p.revert(drain_timeout=0),
            p.acknowledge,
        ]

    def patient_upgrade(self) -> None:
        """Waits for calls in flight, which are let go as soon as it drains."""
        self.held.let_go()
        letting_go = threading.Timer(0.005, self.held.let_go)
        letting_go.start()
        try:
            self.plugin.upgrade(self.candidate(), drain_timeout=1.0)
        finally:
            letting_go.join()


def run(
    policy: DrainPolicy,
    *,
    seed: int,
    callers: int = 6,
    upgraders: int = 2,
    moves: int = 60,
    seam: RecordingSeam | None = None,
    kind: type[HotReloadablePlugin] = HotReloadablePlugin,
) -> RecordingSeam:
    """The load, to its end: unregistered, every call ended, the end mark written.  Give the seam with the trace.

    :raises ExceptionGroup: what went wrong in the threads.
    """
    seam = Dawdling(seed) if seam is None else seam
    load, rng = Load(policy, seam, kind), random.Random(seed)
    over, problems = threading.Event(), list[Exception]()

    def guarded(work: Callable[[random.Random], None], own: random.Random) -> Callable[[], None]:
        def body() -> None:
            try:
                work(own)
            except Exception as error:  # noqa: BLE001 - collected, and raised by the thread that runs the test
                problems.append(error)

        return body

    def call(own: random.Random) -> None:
        with contextlib.suppress(PluginUnregistered):  # it is the end
            while not over.is_set():
                load.one_call(own)

    def upgrade(own: random.Random) -> None:
        for _ in range(moves):
            load.one_move(own)

    def start(work: Callable[[random.Random], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=guarded(work, random.Random(rng.random())), name=name, daemon=True)
        thread.start()
        return thread

    calling = [start(call, f"caller-{i}") for i in range(callers)]
    upgrading = [start(upgrade, f"upgrader-{i}") for i in range(upgraders)]
    join(upgrading)
    over.set()
    settle(load)
    join(calling)
    turned_away(load)
    seam.end()
    if problems:
        raise ExceptionGroup("the load went wrong", problems)
    return seam


def settle(load: Load) -> None:
    """Bring the plugin to where it can be unregistered, and do that."""
    for step in (load.plugin.cancel_upgrade, load.plugin.commit):
        with contextlib.suppress(WrongState, UpgradeCancelled):
            step()
    load.held.let_go_for_good()
    load.plugin.unregister(timeout=0)


def turned_away(load: Load) -> None:
    """A call after the end: it is refused by a typed error."""
    load.observe()
    try:
        load.plugin.call("plain")
    except QuiesceError:
        return
    raise AssertionError("expected PluginUnregistered")


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} hangs"
