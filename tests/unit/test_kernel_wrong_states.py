"""Each operation in each state where it is not legal, and the end of a plugin."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    HotReloadState,
    PluginUnregistered,
    UpgradeCancelled,
    UpgradeFailed,
    WrongState,
)
from tests.unit.kernel_support import LONG, Doing, Inside, Plugin, candidate, inside, make, manifest, quiet, until_state
from tests.unit.upgrade_support import WAITING, Boom, raises, serves

S = HotReloadState


def _active() -> HotReloadablePlugin:
    return make()[0]


def _prepared() -> HotReloadablePlugin:
    plugin = _active()
    plugin.prepare_upgrade(candidate(Plugin("two")))
    return plugin


def _rolled_back() -> HotReloadablePlugin:
    plugin = _active()
    with pytest.raises(UpgradeFailed):
        plugin.upgrade(Candidate(manifest(), raises(Boom())))
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
    calls: list[Callable[[], object]] = [handle, lambda: plugin.call("tag"), lambda: plugin.lease().__enter__()]
    for call in calls:
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
