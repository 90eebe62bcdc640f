"""Small worlds for what the configurations of `quiesce.verify.schedules` leave out: errors, times, hooks, trackers.

Each has the `run` of a configuration, and raises `RuleBroken` with the rule that it is about.  Imported afresh beside
each copy of the runtime (see `load`), so the names here are the copy's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quiesce import (
    Candidate,
    DrainPolicy,
    DrainTimeout,
    EpochTracker,
    HandoverFailed,
    HotReloadablePlugin,
    Manifest,
    QuiesceError,
    SelfDeadlock,
    TooManyVersions,
    UpgradeCancelled,
    UpgradeFailed,
)
from quiesce.scheduled import ScheduledSeam
from quiesce.verify.schedules.configuration import Configuration, Kind, Script, Size
from quiesce.verify.schedules.world import RuleBroken, World
from quiesce_conformance.schedules import Chooser, Engine, Event, Execution, Spawner

__all__ = ["EXTRAS", "Extra"]

CONTINUE, HOLD, OVERLAP = DrainPolicy.CONTINUE, DrainPolicy.HOLD, DrainPolicy.OVERLAP
MANIFEST = Manifest("extra", "1.0.0", ("run", "stay", "upgrade"))
LIMIT = 10.0


def must(holds: bool, rule: str, what: str) -> None:
    if not holds:
        raise RuleBroken(rule, what)


class Subject:
    """An instance whose functions and hooks do what the world says."""

    def __init__(self, world: Extras, close: Callable[[], None] | None = None, init: Exception | None = None) -> None:
        self.world, self._close, self._init = world, close, init
        self.closed = 0

    def init(self) -> None:
        live = self.world.plugin.snapshot().live_versions
        must(live <= self.world.cap, "M7", f"expected at most {self.world.cap} live versions, got {live}")
        if self._init is not None:
            raise self._init

    def export_state(self) -> None:
        """There is nothing to hand over; `import_state` says that it cannot."""

    def import_state(self, state: None) -> None:
        raise ArithmeticError("import")

    def close(self) -> None:
        self.closed += 1
        if self._close is not None:
            self._close()

    def run(self) -> None:
        self.world.engine.point("run", "instance")

    def stay(self) -> None:
        self.world.inside = True
        self.world.go.wait()
        self.world.inside = False

    def upgrade(self) -> None:
        self.world.inner()


class Extras:
    """One execution."""

    def __init__(self, engine: Engine, policy: DrainPolicy, **how: Any) -> None:
        self.engine = engine
        self.go, self.inside = Event(engine, "go"), False
        self.cap = how.get("max_live_versions", 8)
        self.seam = ScheduledSeam(engine)
        self.first = Subject(self)
        self.failures: list[object] = []
        self.inner: Callable[[], None] = lambda: None
        self.plugin = HotReloadablePlugin(
            MANIFEST,
            self.first,
            policy=policy,
            drain_timeout=how.pop("drain_timeout", None),
            close_failed=self.failures.append,
            seam=self.seam,
            **how,
        )

    def candidate(self, **how: Any) -> Candidate:
        return Candidate(MANIFEST, lambda: Subject(self, **how))


def drain_time_out(spawner: Spawner) -> Callable[[], None]:
    """A call stays inside until the drain's time is up.  The error says who was inside."""
    world = Extras(spawner.engine, CONTINUE, drain_timeout=LIMIT)

    def upgrade() -> None:
        inside = world.inside  # and so until it is told to go
        try:
            world.plugin.upgrade(world.candidate())
        except DrainTimeout as error:
            must(world.engine.now >= LIMIT, "D4", f"expected {LIMIT} s of patience, got {world.engine.now}")
            names = [straggler.thread for straggler in error.stragglers]
            must(not inside or names == ["a"], "D4", f"expected the straggler a, got {names}")
        world.go.set()

    spawner.thread("a", world.plugin.call, "stay")
    spawner.thread("u", upgrade)

    def check() -> None:
        spent = world.plugin.stats.total_drain_time_us
        must(spent <= world.engine.now * 1_000_000, "S1", f"{spent} us of draining, in {world.engine.now} s")

    return check


def asks_from_inside(policy: DrainPolicy) -> Callable[[Spawner], Callable[[], None]]:
    """A call asks for an upgrade that would wait for that call."""

    def scenario(spawner: Spawner) -> Callable[[], None]:
        world = Extras(spawner.engine, policy, drain_timeout=LIMIT)
        refused: list[bool] = []

        def ask() -> None:
            try:
                world.plugin.upgrade(world.candidate())
            except QuiesceError as error:
                refused.append(isinstance(error, SelfDeadlock))
            else:
                refused.append(False)

        world.inner = ask
        spawner.thread("a", world.plugin.call, "upgrade")

        def check() -> None:
            must(refused == [True], "D6", "expected a refusal, got a drain that waits for its own call")

        return check

    return scenario


def init_fails(spawner: Spawner) -> Callable[[], None]:
    """The error names the cause, and another upgrade can begin."""
    world = Extras(spawner.engine, CONTINUE)
    cause = ArithmeticError("init")

    def upgrade() -> None:
        try:
            world.plugin.upgrade(world.candidate(init=cause))
        except UpgradeFailed as error:
            must(error.__cause__ is cause, "B4", f"expected the cause to be chained, got {error.__cause__!r}")
        must(world.plugin.manifest is MANIFEST, "B1", "the manifest that is shown belongs to nobody")
        try:
            world.plugin.upgrade(world.candidate())
        except QuiesceError as error:
            must(isinstance(error, UpgradeCancelled), "B3", f"a new upgrade cannot begin: {error}")

    spawner.thread("a", world.plugin.call, "run")
    spawner.thread("u", upgrade)
    return lambda: must(world.plugin.version == 3, "B3", "the second upgrade came to nothing")


def close_hook(spawner: Spawner) -> Callable[[], None]:
    """A close hook that asks the plugin, and one that fails: both are called once, and nobody else suffers."""
    world = Extras(spawner.engine, CONTINUE)
    asked: list[object] = []

    def ask() -> None:
        try:
            asked.append(world.plugin.stragglers())
        except SelfDeadlock as error:
            asked.append(error)
        raise ArithmeticError("close")

    world.first._close = ask  # noqa: SLF001 - of this module

    def unharmed(work: Callable[[], object], who: str) -> None:
        try:
            work()
        except ArithmeticError:
            raise RuleBroken("M6", f"{who} got the close hook's failure") from None

    spawner.thread("a", unharmed, lambda: world.plugin.call("run"), "the caller")
    spawner.thread("u", unharmed, lambda: world.plugin.upgrade(world.candidate()), "the upgrader")

    def check() -> None:
        must(world.first.closed == 1, "M6", f"the close hook was run {world.first.closed} times")
        must(isinstance(asked[0], list), "M6", f"the close hook ran under the lock: {asked[0]}")
        must(len(world.failures) == 1, "M6", f"expected one report of the failure, got {len(world.failures)}")

    return check


def bound(spawner: Spawner) -> Callable[[], None]:
    """A call keeps the first version alive; two versions may live, and the third is refused."""
    world = Extras(spawner.engine, OVERLAP, max_live_versions=2)

    def upgrade() -> None:
        for _ in range(2):
            try:
                world.plugin.upgrade(world.candidate())
            except TooManyVersions:
                continue
            except UpgradeFailed as error:
                if isinstance(error.__cause__, RuleBroken):
                    raise error.__cause__ from error
                raise
        world.go.set()

    spawner.thread("a", world.plugin.call, "stay")
    spawner.thread("u", upgrade)
    return lambda: must(world.plugin.snapshot().live_versions == 1, "M5", "more than one version is left")


def cancel_ends_the_wait(spawner: Spawner) -> Callable[[], None]:
    """A call stays inside until the upgrade is over; only the cancellation can end that."""
    world = Extras(spawner.engine, CONTINUE)
    ready = Event(world.engine, "ready")
    ended: list[bool] = []

    def candidate() -> Subject:
        ready.set()
        return Subject(world)

    def upgrade() -> None:
        try:
            world.plugin.upgrade(Candidate(MANIFEST, candidate))
        except UpgradeCancelled:
            ended.append(True)
        world.go.set()

    def cancel() -> None:
        ready.wait()
        try:
            world.plugin.cancel_upgrade()
        except QuiesceError:  # nobody was inside, so it is too late
            ended.append(False)

    spawner.thread("a", world.plugin.call, "stay")
    spawner.thread("u", upgrade)
    spawner.thread("x", cancel)
    return lambda: must(len(ended) == 1, "L2", f"expected either a cancelled upgrade or a refused cancel, got {ended}")


def handover_fails(spawner: Spawner) -> Callable[[], None]:
    """The new version cannot take the state over: the old one goes on serving, and the error says so."""
    world = Extras(spawner.engine, HOLD)

    def upgrade() -> None:
        try:
            world.plugin.upgrade(world.candidate())
        except HandoverFailed as error:
            must(isinstance(error.__cause__, ArithmeticError), "B4", f"the cause is {error.__cause__!r}")
        else:
            raise RuleBroken("H2", "the handover failed, and the upgrade says that it is done")

    spawner.thread("a", world.plugin.call, "run")
    spawner.thread("u", upgrade)
    return lambda: must(world.plugin.version == 1, "H2", f"version {world.plugin.version} serves, without its state")


def tracker(spawner: Spawner) -> Callable[[], None]:
    """A reader enters while a writer opens the next epoch and waits: drained means that nobody can join any more."""
    engine = spawner.engine
    epochs: EpochTracker[None] = EpochTracker(seam=ScheduledSeam(engine))
    drained: list[int] = []
    inside: list[int] = []

    def read() -> None:
        with epochs.enter() as guard:
            inside.append(guard.epoch)
            must(guard.epoch not in drained, "D3", f"epoch {guard.epoch} is drained, and somebody enters it")
            engine.point("inside", "epochs")
            inside.remove(guard.epoch)

    def write() -> None:
        old = epochs.current
        epochs.advance()
        if epochs.wait_drain(old, LIMIT):
            drained.append(old)
            must(old not in inside, "D2", f"epoch {old} is drained, and somebody is inside")
            engine.point("drained", "epochs", writes=True)

    spawner.thread("a", read)
    spawner.thread("w", write)
    return lambda: must(epochs.refs_for_epoch(0) == 0, "R6", "somebody is left inside")


@dataclass(frozen=True)
class Extra:
    """A world with the `run` of a configuration."""

    name: str
    scenario: Callable[[Spawner], Callable[[], None]]

    def run(self, engine: Engine, chooser: Chooser, seen: object) -> Execution:
        return engine.run(self.scenario, chooser)


def _prepares(world: World) -> None:
    if world.prepare():
        world.ask("cancel", world.plugin.cancel_upgrade)


def _cancels_and_prepares(world: World) -> None:
    world.ask("cancel", world.plugin.cancel_upgrade)
    _prepares(world)


CANCEL_AND_AGAIN = Configuration(
    "extra/cancel_and_again",
    CONTINUE,
    Kind("whoever cancels an upgrade begins one", ("L5",), lambda *_: (), {}),
    Size(0, 2),
    (Script("u", _prepares), Script("x", _cancels_and_prepares)),
)

TWO_UPGRADERS = Configuration(
    "extra/two_upgraders",
    CONTINUE,
    Kind("two upgrades at once, and no calls", ("L2",), lambda *_: (), {}),
    Size(0, 2),
    tuple(Script(name, lambda w: w.upgrade(drain_timeout=None)) for name in "ux"),
)

EXTRAS: dict[str, Extra | Configuration] = {
    extra.name: extra
    for extra in (
        Extra("extra/drain_time_out", drain_time_out),
        Extra("extra/inside_continue", asks_from_inside(CONTINUE)),
        Extra("extra/inside_hold", asks_from_inside(HOLD)),
        Extra("extra/init_fails", init_fails),
        Extra("extra/close_hook", close_hook),
        Extra("extra/bound", bound),
        Extra("extra/cancel_ends_the_wait", cancel_ends_the_wait),
        Extra("extra/handover_fails", handover_fails),
        Extra("extra/tracker", tracker),
        CANCEL_AND_AGAIN,
        TWO_UPGRADERS,
    )
}
