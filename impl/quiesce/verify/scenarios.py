"""Directed runs: one short story each, on a plugin of its own, for rules that a busy load does not single out.

No clients, no chance: each story has one outcome, and a rule is broken if it ends otherwise.
"""

from __future__ import annotations

import math
import tempfile
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from quiesce import (
    Candidate,
    DrainPolicy,
    DrainTimeout,
    DuplicatePlugin,
    HotReloadablePlugin,
    HotReloadManager,
    HotReloadState,
    InvalidTimeout,
    PluginUnregistered,
    TooManyVersions,
    UnknownFunction,
    UnknownPlugin,
    UpgradeCancelled,
    UpgradeFailed,
    WrongState,
)
from quiesce.loaders import python
from quiesce_conformance import Ending, Gate, Probe

from .clients import Caller, Numbers, hang
from .files import Flavour, VersionFiles
from .ledger import Ledger

__all__ = ["SCENARIOS", "Stage", "play"]

LONG = 10.0
S, P = HotReloadState, DrainPolicy


class Stage:
    """What a story needs: a manager with one plugin, version files, a ledger."""

    def __init__(self, directory: Path, ledger: Ledger) -> None:
        self.ledger, self.probe = ledger, Probe()
        self.check = ledger.check
        self._directory, self._files = directory, VersionFiles(directory)
        self._numbers = Numbers(0, 1)
        self.manager = HotReloadManager()
        self.plugin = self.manager.register(self.candidate())

    def candidate(self, flavour: Flavour = Flavour.GOOD) -> Candidate:
        """The next version."""
        return python.load(self._files.write(flavour)[1], args=(self.probe, self._directory))

    def hanging(self, plugin: HotReloadablePlugin | None = None) -> tuple[Gate, Caller]:
        """A call that is inside the plugin until its gate is opened."""
        gate = Gate()
        return gate, hang(plugin or self.plugin, 0, self._numbers.take(), gate)

    def call(self, function: str = "search", args: tuple[object, ...] = (("lease",),)) -> Caller:
        """Start a call on a thread of its own."""
        caller = Caller(self.plugin, 0, self._numbers.take(), function, args)
        caller.start()
        return caller

    def raises(self, rule: str, kind: type[BaseException], operation: Callable[[], object]) -> None:
        """The operation must raise exactly this."""
        got: object = "nothing"
        try:
            operation()
        except BaseException as error:  # noqa: BLE001 - any other error is the finding
            got = error
        self.check(rule, isinstance(got, kind), f"expected {kind.__name__}, got {got!r}")

    def ended_well(self, rule: str, caller: Caller) -> None:
        """The call ends, and with its own result."""
        caller.join(LONG)
        ended = not caller.is_alive() and caller.calls[-1].ending is Ending.RESULT
        self.check(rule, ended, "expected a call to end with its own result", *caller.calls)


def names_are_unique(stage: Stage) -> None:
    """G1, and what is not there."""
    serving = stage.plugin.version
    stage.raises("G1", DuplicatePlugin, lambda: stage.manager.register(stage.candidate()))
    stage.check("G1", stage.manager.list() == ["search"], "a refused registration changed the names")
    stage.check("G1", stage.plugin.version == serving, "a refused registration changed the plugin")
    stage.raises("G1", UnknownPlugin, lambda: stage.manager.get("another"))


def plugins_do_not_affect_each_other(stage: Stage) -> None:
    """G3: one plugin drains for ever, the other one is upgraded and called meanwhile."""
    other = HotReloadablePlugin(stage.candidate())
    gate, caller = stage.hanging()
    stage.plugin.prepare_upgrade(stage.candidate())
    thread = threading.Thread(target=_quietly(lambda: stage.plugin.execute_upgrade(policy=P.HOLD, drain_timeout=LONG)))
    thread.start()
    before = other.stats
    other.upgrade(stage.candidate(), policy=P.HOLD, drain_timeout=LONG)
    stage.check(
        "G3", other.stats.successful_upgrades == before.successful_upgrades + 1, "another plugin's drain delayed it"
    )
    stage.check("G3", other.call("search", 0, ("lease",)).number == 0, "a call on the other plugin failed")
    stage.check("G3", thread.is_alive(), "the first plugin's drain ended while its call was running")
    gate.open()
    caller.join(LONG)
    thread.join(LONG)
    stage.check("G3", stage.plugin.stats.successful_upgrades == 1, "the first plugin's upgrade did not end well")
    other.unregister(LONG)


def unregister_drains(stage: Stage) -> None:
    """G2: the call in flight completes, the version is closed after it, later calls get a typed error."""
    gate, caller = stage.hanging()
    in_time = stage.manager.unregister("search", timeout=0)
    stage.check("G2", not in_time, "unregister said that it had drained while a call was running")
    stage.check("G2", stage.probe.open_versions() != [], "unregister closed a version under a running call")
    stage.raises("G2", PluginUnregistered, lambda: stage.plugin.call("search", 0, ("lease",)))
    gate.open()
    stage.ended_well("G2", caller)
    stage.check("G2", stage.probe.open_versions() == [], "the version was not closed after its last call")
    stage.check("G2", stage.manager.list() == [], "the name was not given back")


def held_calls_go_on(stage: Stage) -> None:
    """V3 and D5: a call that arrives while the gate is closed waits, and goes on after time-out, cancel and swap."""
    for ending in ("time-out", "cancel", "swap"):
        gate, caller = stage.hanging()
        stage.plugin.prepare_upgrade(stage.candidate())
        timeout = 0.05 if ending == "time-out" else LONG
        execute = partial(stage.plugin.execute_upgrade, policy=P.HOLD, drain_timeout=timeout)
        thread = threading.Thread(target=_quietly(execute))
        thread.start()
        held = stage.call()
        if ending == "cancel":
            _when_draining(stage.plugin)
            stage.plugin.cancel_upgrade()
        elif ending == "swap":
            _when_draining(stage.plugin)
            gate.open()
        thread.join(LONG)
        stage.check("V2", not thread.is_alive(), f"an upgrade did not end by {ending}")
        stage.ended_well("V3", held)
        stage.ended_well("D5", held)
        gate.open()
        stage.ended_well("R5", caller)


def a_drain_opens_an_epoch(stage: Stage) -> None:
    """D1: later calls belong to a later epoch than those before the drain, also when it is given up."""
    gate, caller = stage.hanging()
    before = stage.plugin.epoch
    stage.plugin.prepare_upgrade(stage.candidate())
    with suppress(DrainTimeout):
        stage.plugin.execute_upgrade(drain_timeout=0)
    with stage.plugin.lease() as _:
        stage.check("D1", stage.plugin.epoch > before, f"expected an epoch after {before}, got {stage.plugin.epoch}")
    old = [straggler.epoch for straggler in stage.plugin.stragglers()]
    stage.check("D1", old == [before], f"expected one straggler in epoch {before}, got {old}")
    gate.open()
    stage.ended_well("D1", caller)


def timeouts_are_checked(stage: Stage) -> None:
    """D4: 0 means only if quiescent; what is no number of seconds is refused and changes nothing."""
    stage.plugin.prepare_upgrade(stage.candidate())
    for bad in (math.nan, -1, -math.inf, "5", True):
        bad_timeout: Any = bad  # wrong on purpose
        stage.raises("D4", InvalidTimeout, partial(stage.plugin.execute_upgrade, drain_timeout=bad_timeout))
        stage.check("D4", stage.plugin.state is S.PREPARING_UPGRADE, f"a refused timeout {bad!r} changed the state")
    stage.plugin.execute_upgrade(drain_timeout=0)
    stage.check("D4", stage.plugin.state is S.ACTIVE, "0 must do when nobody is inside")
    gate, caller = stage.hanging()
    stage.plugin.prepare_upgrade(stage.candidate())
    stage.raises("D4", DrainTimeout, lambda: stage.plugin.execute_upgrade(drain_timeout=0))
    gate.open()
    stage.ended_well("D4", caller)


def holds_are_released(stage: Stage) -> None:
    """R6: after each way out nobody holds anything, and a drain with time-out 0 succeeds."""

    def generator() -> Generator[object, None, None]:
        with stage.plugin.lease() as instance:
            yield instance

    def raising() -> None:
        with stage.plugin.lease():
            raise KeyboardInterrupt

    ways: tuple[Callable[[], object], ...] = (
        lambda: stage.plugin.call("search", 0, ("lease",)),
        lambda: _swallow(lambda: stage.plugin.call("fail", 0)),
        lambda: _swallow(raising),
        lambda: _close(generator()),
        lambda: _swallow(lambda: stage.plugin.call("reenter", 0, _interrupted)),
    )
    for way in ways:
        way()
        got: object = stage.plugin.upgrade(stage.candidate(), drain_timeout=0)
        stage.check("R6", isinstance(got, int), "a hold was left behind")
        stage.check("R6", stage.plugin.stragglers() == [], "a hold was left behind", *stage.plugin.stragglers())


def versions_are_bounded(stage: Stage) -> None:
    """M7: calls keep old versions alive; past the bound an upgrade is refused, and possible again afterwards."""
    plugin = HotReloadablePlugin(stage.candidate(), max_live_versions=3)
    inside = [stage.hanging(plugin)]
    plugin.upgrade(stage.candidate(), policy=P.OVERLAP)
    inside.append(stage.hanging(plugin))
    plugin.upgrade(stage.candidate(), policy=P.OVERLAP)
    before = plugin.snapshot()
    stage.check("M7", before.live_versions == 3, f"expected 3 live versions, got {before.live_versions}")
    stage.raises("M7", TooManyVersions, lambda: plugin.upgrade(stage.candidate(), policy=P.OVERLAP))
    stage.check("M7", plugin.snapshot() == before, "a refused upgrade changed something")
    for gate, caller in inside:
        gate.open()
        stage.ended_well("M7", caller)
    plugin.upgrade(stage.candidate())
    stage.check("M7", plugin.snapshot().live_versions == 1, "old versions were not freed")
    plugin.unregister(LONG)


def back_to_active(stage: Stage) -> None:
    """L4: after every kind of failure ACTIVE is reached again, by an acknowledgement and by an upgrade."""
    for flavour in (Flavour.SYNTAX, Flavour.IMPORT, Flavour.BUILD, Flavour.INIT, Flavour.HANDOVER):
        for acknowledge in (True, False):
            with suppress(UpgradeFailed):
                stage.plugin.upgrade(stage.candidate(flavour), policy=P.HOLD)
            stage.check("L4", stage.plugin.state is S.ROLLED_BACK, f"{flavour} did not roll back")
            if acknowledge:
                stage.plugin.acknowledge()
            else:
                stage.plugin.upgrade(stage.candidate())
            stage.check("L4", stage.plugin.state is S.ACTIVE, f"no way back to ACTIVE after {flavour}")


def operations_know_their_states(stage: Stage) -> None:
    """L3: in ACTIVE, PREPARING_UPGRADE, UPGRADE_COMPLETE and ROLLED_BACK what is not legal is refused."""
    plugin = stage.plugin
    operations: dict[str, Callable[[], object]] = {
        "execute_upgrade": plugin.execute_upgrade,
        "cancel_upgrade": plugin.cancel_upgrade,
        "commit": plugin.commit,
        "revert": plugin.revert,
        "acknowledge": plugin.acknowledge,
        "prepare_upgrade": lambda: plugin.prepare_upgrade(stage.candidate()),
        "unregister": plugin.unregister,
    }

    def refused(*names: str) -> None:
        before = plugin.snapshot()
        for name in names:
            stage.raises("L3", WrongState, operations[name])
            stage.check(
                "L3", plugin.snapshot() == before, f"{name} was refused in {before.state} and changed something"
            )

    refused("execute_upgrade", "cancel_upgrade", "commit", "revert", "acknowledge")
    plugin.prepare_upgrade(stage.candidate())
    refused("prepare_upgrade", "commit", "revert", "acknowledge", "unregister")
    plugin.execute_upgrade(probation=True)
    refused("prepare_upgrade", "execute_upgrade", "cancel_upgrade", "acknowledge", "unregister")
    plugin.revert()
    refused("execute_upgrade", "cancel_upgrade", "commit", "revert")
    stage.raises("L3", UnknownFunction, lambda: plugin.call("no_such_function"))


SCENARIOS: tuple[Callable[[Stage], None], ...] = (
    names_are_unique,
    plugins_do_not_affect_each_other,
    unregister_drains,
    held_calls_go_on,
    a_drain_opens_an_epoch,
    timeouts_are_checked,
    holds_are_released,
    versions_are_bounded,
    back_to_active,
    operations_know_their_states,
)


def play(scenarios: tuple[Callable[[Stage], None], ...] = SCENARIOS) -> Ledger:
    """Play each story on a stage of its own; what one of them raises is a finding against L3."""
    ledger = Ledger()
    for scenario in scenarios:
        with tempfile.TemporaryDirectory(prefix="quiesce-") as directory:
            try:
                scenario(Stage(Path(directory), ledger))
            except Exception as error:  # noqa: BLE001 - no operation of a story may raise what the story does not expect
                story = f"{scenario.__name__} ended with {error!r}"
                ledger.check("L3", False, story, "".join(traceback.format_exception(error)[-3:]))
    return ledger


# -- small change -------------------------------------------------------------------------------------------------
def _quietly(body: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with suppress(UpgradeCancelled, DrainTimeout):
            body()

    return run


def _swallow(body: Callable[[], object]) -> None:
    with suppress(BaseException):
        body()


def _interrupted() -> None:
    raise KeyboardInterrupt


def _close(generator: Generator[object, None, None]) -> None:
    next(generator)
    generator.close()


def _when_draining(plugin: HotReloadablePlugin) -> None:
    """Wait for the other thread to get there: a state is all that the plugin shows, so it has to be asked again."""
    pause = threading.Event()
    for _ in range(int(LONG / 0.0005)):
        if plugin.state is S.DRAINING:
            return
        pause.wait(0.0005)
    raise TimeoutError("expected DRAINING within 10 s")
