"""What people decide about an upgrade: to cancel it, to commit it, to revert it."""

from __future__ import annotations

import threading

import pytest

from quiesce import (
    DrainPolicy,
    DrainTimeout,
    HotReloadState,
    UpgradeCancelled,
    WrongState,
)
from tests.unit.kernel_support import LONG, Doing, Plugin, candidate, inside, make, until_state
from tests.unit.upgrade_support import EVERY, WAITING, Boom, counts, serves

S = HotReloadState


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
