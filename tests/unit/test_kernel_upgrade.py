"""Upgrades: the states, the policies, every way to fail, probation, the end of a plugin."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from quiesce import (
    Candidate,
    CloseFailure,
    DrainPolicy,
    DrainTimeout,
    HandoverFailed,
    HealthCheckFailed,
    HotReloadablePlugin,
    HotReloadState,
    InvalidManifest,
    Phase,
    PluginUnregistered,
    TooManyVersions,
    UpgradeCancelled,
    UpgradeFailed,
    UpgradeInProgress,
    WrongState,
)
from tests.unit.kernel_support import LONG, Doing, Inside, Plugin, candidate, inside, make, manifest, quiet, until_state

S = HotReloadState
EVERY = list(DrainPolicy)
WAITING = [DrainPolicy.CONTINUE, DrainPolicy.HOLD]


def counts(plugin: HotReloadablePlugin) -> tuple[int, int]:
    return plugin.stats.successful_upgrades, plugin.stats.failed_upgrades


def serves(plugin: HotReloadablePlugin, tag: str, state: HotReloadState, succeeded: int, failed: int) -> None:
    """What must hold after every upgrade, however it ended; and that a new one can begin (B3)."""
    snapshot = plugin.snapshot()
    assert plugin.call("tag") == tag
    assert (snapshot.state, counts(plugin)) == (state, (succeeded, failed))
    assert snapshot.live_versions == 1
    assert snapshot.stats.max_drain_time_us <= snapshot.stats.total_drain_time_us
    assert quiet(plugin)
    after = Plugin("after")
    plugin.upgrade(candidate(after))
    assert plugin.call("tag") == "after"
    assert counts(plugin) == (succeeded + 1, failed)


# -- the plain case ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("L1", "T1", "M1", "M3")
@pytest.mark.parametrize("policy", EVERY)
def test_an_upgrade(policy: DrainPolicy) -> None:
    plugin, first = make()
    second = Plugin("two")
    assert (plugin.name, plugin.version, plugin.epoch, plugin.state) == ("sample", 1, 0, S.ACTIVE)
    assert plugin.prepare_upgrade(candidate(second)) == 2
    assert (plugin.state, plugin.call("tag"), second.inits) == (S.PREPARING_UPGRADE, "one", 1)
    assert plugin.execute_upgrade(policy=policy) == 2
    assert (first.closes, second.closes, plugin.epoch) == (1, 0, 2)
    assert plugin.current() is second
    assert second.imported == ("one" if policy is DrainPolicy.HOLD else None), "H1: state is handed over under HOLD"
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("D1", "D2", "D5")
@pytest.mark.parametrize("policy", WAITING)
def test_a_drain_waits_for_the_calls_before_it(policy: DrainPolicy) -> None:
    plugin, first = make()
    early = Inside(plugin)
    upgrade = Doing(lambda: plugin.upgrade(candidate(Plugin("two")), policy=policy, drain_timeout=LONG))
    until_state(plugin, "DRAINING")
    later = Doing(lambda: plugin.call("tag"))
    if policy is DrainPolicy.CONTINUE:
        assert later.end() == "one", "a call that arrives in DRAINING runs on the old version"
    assert plugin.state is S.DRAINING
    early.leave()
    assert upgrade.end() == 2
    assert later.end() == ("one" if policy is DrainPolicy.CONTINUE else "two")
    assert first.closes == 1
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("D2")
def test_a_drain_waits_for_stragglers_of_an_earlier_failed_upgrade() -> None:
    plugin, _ = make()
    with inside(plugin) as straggler:
        with pytest.raises(DrainTimeout):
            plugin.upgrade(candidate(Plugin("x")), drain_timeout=0)
        with inside(plugin):  # of the epoch that the failed upgrade opened
            pass
        with pytest.raises(DrainTimeout) as caught:
            plugin.upgrade(candidate(Plugin("y")), drain_timeout=0)
        assert [s.epoch for s in caught.value.stragglers] == [0]
        straggler.leave()
    serves(plugin, "one", S.ROLLED_BACK, 0, 2)


@pytest.mark.rule("D5", "V3")
def test_under_overlap_nothing_is_awaited() -> None:
    plugin, first = make()
    with inside(plugin):
        plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP, drain_timeout=0)
        assert (plugin.call("tag"), first.closes) == ("two", 0)
        assert plugin.snapshot().live_versions == 2
    assert first.closes == 1
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("M5")
@pytest.mark.parametrize("policy", EVERY)
def test_a_freed_version_is_gone(policy: DrainPolicy) -> None:
    plugin = HotReloadablePlugin(candidate(Plugin("zero")))
    for k in range(5):
        instance = weakref.ref(plugin.current())
        plugin.call("tag")
        plugin.upgrade(Candidate(manifest(), lambda k=k: Plugin(f"v{k}")), policy=policy)  # type: ignore[misc]  # a default
        gc.collect()
        assert instance() is None
    instance = weakref.ref(plugin.current())
    plugin.unregister()
    gc.collect()
    assert instance() is None


# -- every way to fail ------------------------------------------------------------------------------------------------


def _raises(error: BaseException) -> Callable[[], Any]:
    def hook() -> Any:
        raise error

    return hook


class Boom(Exception):
    """What a plugin raises."""


ERRORS = [Boom("boom"), KeyboardInterrupt()]


@pytest.mark.rule("B1", "B2", "B3", "B4")
@pytest.mark.parametrize("error", ERRORS)
def test_a_failing_build(error: BaseException) -> None:
    plugin, _ = make()
    bad = Candidate(manifest(), _raises(error))
    if isinstance(error, Boom):
        with pytest.raises(UpgradeFailed, match=r"phase build: Boom: boom") as caught:
            plugin.upgrade(bad)
        assert caught.value.phase is Phase.BUILD
        assert caught.value.__cause__ is error
    else:
        with pytest.raises(KeyboardInterrupt):
            plugin.prepare_upgrade(bad)
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("B1", "B2", "B4", "M4")
@pytest.mark.parametrize("error", ERRORS)
def test_a_failing_init(error: BaseException) -> None:
    plugin, _ = make()
    bad = Plugin("bad")
    bad.on["init"] = _raises(error)
    with pytest.raises(UpgradeFailed if isinstance(error, Boom) else KeyboardInterrupt) as caught:
        plugin.upgrade(candidate(bad))
    if isinstance(error, Boom):
        assert isinstance(caught.value, UpgradeFailed)
        assert (caught.value.phase, caught.value.__cause__) == (Phase.INIT, error)
    assert bad.closes == 1
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("B1", "B4")
@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (Candidate(manifest("other"), Plugin), "expected 'sample'"),
        (Candidate(manifest(exports=("tag",)), Plugin), "before_update hook"),
        (Candidate(manifest(exports=("tag", "run", "missing")), Plugin), "function 'missing' of the instance"),
        (Candidate(manifest(exports=("tag", "run", "tag_text")), Plugin), "'tag_text' of the instance"),
        (Candidate(_raises(InvalidManifest("unreadable")), Plugin), "unreadable"),
    ],
)
def test_a_candidate_that_does_not_fit(bad: Candidate, match: str) -> None:
    first = Plugin("one")
    plugin = HotReloadablePlugin(candidate(first, hooks={"before_update": "run"}))
    with pytest.raises(UpgradeFailed, match=match) as caught:
        plugin.upgrade(bad)
    assert caught.value.phase in {Phase.VALIDATE, Phase.BUILD}
    assert isinstance(caught.value.__cause__, InvalidManifest)
    assert (plugin.manifest.exports, counts(plugin)) == (manifest().exports, (0, 1))
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("B1", "B2", "D4", "D5")
@pytest.mark.parametrize("policy", WAITING)
def test_a_drain_that_times_out(policy: DrainPolicy) -> None:
    plugin, _ = make()
    bad = Plugin("bad")
    with inside(plugin):
        with pytest.raises(DrainTimeout, match=r"not drained within 0\.01 s; still running: inside on") as caught:
            plugin.upgrade(candidate(bad), policy=policy, drain_timeout=0.01)
        assert (caught.value.phase, [s.thread for s in caught.value.stragglers]) == (Phase.DRAIN, ["inside"])
        assert plugin.call("tag") == "one", "the gate is open again"
        assert bad.closes == 1
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("D5", "V3")
def test_held_calls_are_let_go_when_the_drain_times_out() -> None:
    plugin, _ = make()
    with inside(plugin):
        held: list[Doing] = []
        upgrade = Doing(lambda: plugin.upgrade(candidate(Plugin("bad")), policy=DrainPolicy.HOLD, drain_timeout=0.3))
        until_state(plugin, "DRAINING")
        held += [Doing(lambda: plugin.call("tag")) for _ in range(3)]
        with pytest.raises(DrainTimeout):
            upgrade.end()
        assert [one.end() for one in held] == ["one"] * 3


@pytest.mark.rule("D4")
def test_zero_means_only_if_already_quiescent() -> None:
    plugin, _ = make(drain_timeout=0)
    plugin.upgrade(candidate(Plugin("two")))
    with inside(plugin), pytest.raises(DrainTimeout):
        plugin.upgrade(candidate(Plugin("three")))
    serves(plugin, "two", S.ROLLED_BACK, 1, 1)


@pytest.mark.rule("B1", "B2")
@pytest.mark.parametrize("policy", WAITING)
def test_an_interrupt_while_a_drain_waits(policy: DrainPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin, _ = make()
    bad = Plugin("bad")
    with inside(plugin):
        plugin.prepare_upgrade(candidate(bad))
        real = threading.Event.wait

        def wait(event: threading.Event, timeout: float | None = None) -> bool:
            if threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt
            return real(event, timeout)

        monkeypatch.setattr(threading.Event, "wait", wait)
        with pytest.raises(KeyboardInterrupt):
            plugin.execute_upgrade(policy=policy)
        monkeypatch.undo()
        assert (plugin.call("tag"), bad.closes) == ("one", 1)
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("H2", "B1", "B4")
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("hook", ["export_state", "import_state"])
def test_a_failing_handover(hook: str, error: BaseException) -> None:
    plugin, first = make()
    bad = Plugin("bad")
    (first if hook == "export_state" else bad).on[hook] = _raises(error)
    with pytest.raises(HandoverFailed if isinstance(error, Boom) else KeyboardInterrupt) as caught:
        plugin.upgrade(candidate(bad), policy=DrainPolicy.HOLD)
    if isinstance(error, Boom):
        assert caught.value.__cause__ is error
    assert (bad.closes, first.closes, first.imported) == (1, 0, None)
    first.on.clear()
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("B1", "B2", "B4", "M3")
@pytest.mark.parametrize("policy", EVERY)
@pytest.mark.parametrize("error", [*ERRORS, None])
def test_a_failing_health_check(policy: DrainPolicy, error: BaseException | None) -> None:
    plugin, first = make()
    bad = Plugin("bad")
    seen: list[object] = []

    def check(instance: object) -> bool:
        seen.append((instance is bad, plugin.call("tag"), plugin.state))
        if error is not None:
            raise error
        return False

    with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else HealthCheckFailed) as caught:
        plugin.upgrade(candidate(bad), policy=policy, health_check=check)
    if not isinstance(error, KeyboardInterrupt):
        assert caught.value.__cause__ is error
    assert seen == [(True, "bad", S.UPGRADE_COMPLETE)]
    assert (bad.closes, first.closes) == (1, 0)
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("B1")
def test_a_health_check_that_says_nothing_is_content() -> None:
    plugin, _ = make()
    plugin.upgrade(candidate(Plugin("two")), health_check=lambda _: None)
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("D5")
def test_a_failed_health_check_under_hold_that_cannot_be_undone_stays_on_probation() -> None:
    plugin, _ = make()
    calls: list[Inside] = []

    def check(_: object) -> bool:
        calls.append(Inside(plugin))
        return False

    with pytest.raises(DrainTimeout) as caught:
        plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.HOLD, drain_timeout=0.01, health_check=check)
    assert caught.value.phase is Phase.PROBATION
    assert (plugin.call("tag"), plugin.state, plugin.snapshot().on_probation) == ("two", S.UPGRADE_COMPLETE, True)
    calls[0].leave()
    plugin.revert()
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


# -- cancelling -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("M4", "B2")
def test_cancelling_what_is_prepared_is_a_decision() -> None:
    plugin, _ = make()
    bad = Plugin("bad")
    plugin.prepare_upgrade(candidate(bad))
    plugin.cancel_upgrade()
    assert bad.closes == 1
    serves(plugin, "one", S.ACTIVE, 0, 0)


@pytest.mark.rule("M4", "L2")
@pytest.mark.parametrize("fails", [False, True])
def test_cancelling_while_it_is_initialised(*, fails: bool) -> None:
    plugin, _ = make()
    bad = Plugin("bad")
    begun, go = threading.Event(), threading.Event()

    def init() -> None:
        begun.set()
        assert go.wait(LONG)
        if fails:
            raise Boom

    bad.on["init"] = init
    preparing = Doing(lambda: plugin.prepare_upgrade(candidate(bad)))
    assert begun.wait(LONG)
    plugin.cancel_upgrade()
    assert plugin.state is S.ACTIVE
    second = Plugin("two")
    plugin.upgrade(candidate(second))  # does not wait for the one that was cancelled
    go.set()
    with pytest.raises(UpgradeCancelled) as caught:
        preparing.end()
    assert isinstance(caught.value.__cause__, Boom if fails else type(None))
    assert (bad.closes, second.closes) == (1, 0)
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("D5", "B2", "M4")
@pytest.mark.parametrize("policy", WAITING)
def test_cancelling_a_drain(policy: DrainPolicy) -> None:
    plugin, _ = make()
    bad = Plugin("bad")
    with inside(plugin):
        upgrade = Doing(lambda: plugin.upgrade(candidate(bad), policy=policy, drain_timeout=None))
        until_state(plugin, "DRAINING")
        held = Doing(lambda: plugin.call("tag"))
        plugin.cancel_upgrade()
        with pytest.raises(UpgradeCancelled):
            upgrade.end()
        assert held.end() == "one"
    assert bad.closes == 1
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


# -- probation --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("M2")
@pytest.mark.parametrize("policy", EVERY)
def test_probation_kept(policy: DrainPolicy) -> None:
    plugin, first = make()
    plugin.upgrade(candidate(Plugin("two")), policy=policy, probation=True)
    snapshot = plugin.snapshot()
    assert (snapshot.state, snapshot.on_probation, snapshot.live_versions) == (S.UPGRADE_COMPLETE, True, 2)
    assert (plugin.call("tag"), first.closes, counts(plugin)) == ("two", 0, (0, 0))
    plugin.commit()
    assert first.closes == 1
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("B1", "T4", "M3")
@pytest.mark.parametrize("policy", EVERY)
def test_probation_reverted(policy: DrainPolicy) -> None:
    plugin, first = make()
    second = Plugin("two")
    plugin.upgrade(candidate(second), policy=policy, probation=True)
    epoch = plugin.epoch
    plugin.revert()
    assert plugin.epoch > epoch, "a revert is a publication of its own"
    assert (first.closes, second.closes, plugin.version) == (0, 1, 1)
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("R3", "M1")
@pytest.mark.parametrize("policy", [DrainPolicy.CONTINUE, DrainPolicy.OVERLAP])
def test_a_call_in_flight_outlives_a_revert(policy: DrainPolicy) -> None:
    plugin, first = make()
    second = Plugin("two")
    plugin.upgrade(candidate(second), policy=policy, probation=True)
    with inside(plugin) as thread:
        plugin.revert()
        assert (plugin.call("tag"), second.closes) == ("one", 0)
        assert thread.leave()[0] == "two"
    assert (second.closes, second.used_after_close, first.closes) == (1, 0, 0)
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("D5")
def test_under_hold_a_revert_drains_the_new_version_first() -> None:
    plugin, _ = make()
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.HOLD, probation=True)
    with inside(plugin):
        with pytest.raises(DrainTimeout):
            plugin.revert(0.01)
        assert (plugin.call("tag"), plugin.snapshot().on_probation) == ("two", True)
        with pytest.raises(DrainTimeout):
            plugin.revert(0)
    plugin.revert(None)
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


@pytest.mark.rule("L3")
def test_while_a_revert_drains_nobody_else_decides() -> None:
    plugin, _ = make()
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.HOLD, probation=True)
    with inside(plugin) as thread:
        revert = Doing(lambda: plugin.revert(LONG))
        for _ in range(20_000):
            if not plugin.snapshot().on_probation:
                break
        for operation in (plugin.commit, plugin.revert, plugin.cancel_upgrade):
            with pytest.raises(WrongState):
                operation()
        thread.leave()
        revert.end()
    serves(plugin, "one", S.ROLLED_BACK, 0, 1)


# -- wrong states -----------------------------------------------------------------------------------------------------


def _active() -> HotReloadablePlugin:
    return make()[0]


def _prepared() -> HotReloadablePlugin:
    plugin = _active()
    plugin.prepare_upgrade(candidate(Plugin("two")))
    return plugin


def _rolled_back() -> HotReloadablePlugin:
    plugin = _active()
    with pytest.raises(UpgradeFailed):
        plugin.upgrade(Candidate(manifest(), _raises(Boom())))
    return plugin


def _on_probation() -> HotReloadablePlugin:
    plugin = _active()
    plugin.upgrade(candidate(Plugin("two")), probation=True)
    return plugin


OPERATIONS: dict[str, Callable[[HotReloadablePlugin], object]] = {
    "prepare_upgrade": lambda plugin: plugin.prepare_upgrade(candidate(Plugin("x"))),
    "upgrade": lambda plugin: plugin.upgrade(candidate(Plugin("x"))),
    "execute_upgrade": lambda plugin: plugin.execute_upgrade(),
    "cancel_upgrade": lambda plugin: plugin.cancel_upgrade(),
    "commit": lambda plugin: plugin.commit(),
    "revert": lambda plugin: plugin.revert(),
    "acknowledge": lambda plugin: plugin.acknowledge(),
    "unregister": lambda plugin: plugin.unregister(),
}
LEGAL = {
    _active: {"prepare_upgrade", "upgrade", "unregister"},
    _prepared: {"execute_upgrade", "cancel_upgrade"},
    _rolled_back: {"prepare_upgrade", "upgrade", "acknowledge", "unregister"},
    _on_probation: {"commit", "revert"},
}


@pytest.mark.rule("L3")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("make_it", LEGAL, ids=lambda f: f.__name__)
def test_every_operation_in_every_resting_state(make_it: Callable[[], HotReloadablePlugin], operation: str) -> None:
    plugin = make_it()
    before, epoch = plugin.snapshot(), plugin.epoch
    if operation in LEGAL[make_it]:
        OPERATIONS[operation](plugin)
        assert plugin.snapshot() != before
    else:
        with pytest.raises(WrongState, match=rf"is legal in .*, got {before.state.name}") as caught:
            OPERATIONS[operation](plugin)
        assert caught.value.state is before.state
        assert before.state not in caught.value.legal
        assert (plugin.snapshot(), plugin.epoch) == (before, epoch), "nothing has changed"
    assert quiet(plugin)


@pytest.mark.rule("L2", "L3")
@pytest.mark.parametrize("policy", WAITING)
@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"cancel_upgrade"}))
def test_while_draining_everything_but_cancel_is_refused(operation: str, policy: DrainPolicy) -> None:
    plugin, _ = make()
    with inside(plugin):
        upgrade = Doing(lambda: plugin.upgrade(candidate(Plugin("two")), policy=policy, drain_timeout=None))
        until_state(plugin, "DRAINING")
        before = plugin.snapshot()
        with pytest.raises(WrongState):
            OPERATIONS[operation](plugin)
        assert plugin.snapshot() == before
    upgrade.end()


@pytest.mark.rule("L2", "L3")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_hooks_that_operate_on_their_own_plugin_are_refused(operation: str) -> None:
    """In INIT, in HANDOVER, and while the health check runs; never a deadlock, never a change."""
    refused: list[str] = []

    def operate(where: str) -> None:
        try:
            OPERATIONS[operation](plugin)
        except WrongState:
            refused.append(where)

    plugin, first = make()
    second = Plugin("two")
    if operation != "cancel_upgrade":  # from inside init it is legal, and cancels
        second.on["init"] = lambda: operate("init")
    first.on["export_state"] = lambda: operate("export")
    second.on["import_state"] = lambda: operate("import")

    plugin.upgrade(candidate(second), policy=DrainPolicy.HOLD, health_check=lambda _: operate("health"))
    assert refused == ["init"] * (operation != "cancel_upgrade") + ["export", "import", "health"]
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("L2", "L3")
def test_an_init_hook_may_cancel_its_own_upgrade() -> None:
    plugin, _ = make()
    second = Plugin("two")
    second.on["init"] = plugin.cancel_upgrade
    with pytest.raises(UpgradeCancelled):
        plugin.upgrade(candidate(second))
    assert second.closes == 1
    serves(plugin, "one", S.ACTIVE, 0, 0)


@pytest.mark.rule("G2")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_after_unregistering_every_operation_is_refused(operation: str) -> None:
    plugin, first = make()
    handle = plugin.function("tag")
    assert plugin.unregister() is True
    assert first.closes == 1
    before = plugin.snapshot()
    with pytest.raises(PluginUnregistered, match="'sample' was unregistered"):
        OPERATIONS[operation](plugin)
    for call in (handle, lambda: plugin.call("tag"), lambda: plugin.lease().__enter__()):
        with pytest.raises(PluginUnregistered):
            call()
    assert plugin.snapshot() == before
    assert first.closes == 1


@pytest.mark.rule("G2", "M5")
def test_unregistering_lets_calls_complete() -> None:
    plugin, first = make()
    with inside(plugin) as thread:
        assert plugin.unregister(0) is False, "a call is in flight"
        with pytest.raises(PluginUnregistered):
            plugin.call("tag")
        thread.then = lambda: plugin.call("tag")
        assert first.closes == 0
        assert thread.leave() == ("one", "one"), "R4: nested calls of a call in flight go on"
    assert (first.closes, first.used_after_close) == (1, 0)
    assert plugin.snapshot().live_versions == 0


@pytest.mark.rule("G2")
def test_unregistering_waits_for_the_close_hook() -> None:
    plugin, first = make()
    closing, go = threading.Event(), threading.Event()

    def close() -> None:
        closing.set()
        assert go.wait(LONG)

    first.on["close"] = close
    thread = Inside(plugin)
    unregister = Doing(lambda: plugin.unregister(LONG))
    thread.go.set()
    assert closing.wait(LONG)
    assert unregister.is_alive()
    go.set()
    assert unregister.end() is True
    thread.leave()


# -- M6, M7 -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("M6")
@pytest.mark.parametrize("error", [Boom("boom"), SystemExit(3)])
def test_a_failing_close_hook_is_reported_and_changes_nothing(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    reported: list[CloseFailure] = []

    def observer(failure: CloseFailure) -> None:
        reported.append(failure)
        raise Boom("the observer, too")

    plugin, first = make(close_failed=observer)
    first.on["close"] = _raises(error)
    with caplog.at_level(logging.ERROR, "quiesce"), inside(plugin):
        plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
    assert [(f.plugin, f.version, f.error) for f in reported] == [("sample", 1, error)]
    assert "close() of version 1 failed" in caplog.text
    assert first.closes == 1, "not tried again"
    serves(plugin, "two", S.ACTIVE, 1, 0)


@pytest.mark.rule("M7")
def test_live_versions_are_bounded() -> None:
    plugin, _ = make(max_live_versions=3, policy=DrainPolicy.OVERLAP)
    calls = []
    for k in range(2):
        calls.append(Inside(plugin))
        plugin.upgrade(candidate(Plugin(f"v{k}")))
    before = plugin.snapshot()
    with pytest.raises(TooManyVersions, match="expected fewer than 3 live versions, got 3"):
        plugin.upgrade(candidate(Plugin("x")))
    assert plugin.snapshot() == before
    calls[0].leave()
    plugin.upgrade(candidate(Plugin("v2")))
    calls[1].leave()
    serves(plugin, "v2", S.ACTIVE, 3, 0)


@pytest.mark.rule("M7")
def test_candidates_that_are_being_built_count() -> None:
    plugin, _ = make(max_live_versions=2)
    begun, go = threading.Event(), threading.Event()

    def build() -> Plugin:
        begun.set()
        assert go.wait(LONG)
        return Plugin("late")

    preparing = Doing(lambda: plugin.prepare_upgrade(Candidate(manifest(), build)))
    assert begun.wait(LONG)
    with pytest.raises(UpgradeInProgress):
        plugin.upgrade(candidate(Plugin("x")))
    plugin.cancel_upgrade()
    with pytest.raises(TooManyVersions):
        plugin.upgrade(candidate(Plugin("x")))
    go.set()
    with pytest.raises(UpgradeCancelled):
        preparing.end()
    serves(plugin, "one", S.ACTIVE, 0, 0)


@pytest.mark.rule("L2", "L3")
def test_two_upgraders_at_once() -> None:
    plugin, _ = make()
    ready = threading.Barrier(8)
    outcomes: list[str] = []

    def go(k: int) -> None:
        ready.wait(LONG)
        for n in range(20):
            try:
                plugin.upgrade(candidate(Plugin(f"{k}.{n}")))
                outcomes.append("done")
            except UpgradeInProgress:
                outcomes.append("refused")

    for thread in [Doing(lambda k=k: go(k)) for k in range(8)]:  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        thread.end()
    assert len(outcomes) == 160
    assert plugin.stats.successful_upgrades == outcomes.count("done") > 0
    assert plugin.stats.failed_upgrades == 0
    assert plugin.snapshot().live_versions == 1
    assert quiet(plugin)


def test_the_first_version_that_fails_to_start_is_closed() -> None:
    bad = Plugin("bad")
    bad.on["init"] = _raises(Boom())
    with pytest.raises(Boom):
        HotReloadablePlugin(candidate(bad))
    assert bad.closes == 1


def test_a_manifest_and_an_instance_make_a_plugin_as_they_are() -> None:
    ready = Plugin("ready")
    plugin = HotReloadablePlugin(manifest(), ready)
    assert (plugin.call("tag"), ready.inits) == ("ready", 0)
