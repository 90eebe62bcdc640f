"""An upgrade that succeeds, what its drain waits for, how many versions may live, and how the first one starts."""

from __future__ import annotations

import gc
import logging
import threading
import weakref

import pytest

from quiesce import (
    Candidate,
    CloseFailure,
    DrainPolicy,
    DrainTimeout,
    HotReloadablePlugin,
    HotReloadState,
    TooManyVersions,
    UpgradeCancelled,
    UpgradeInProgress,
)
from tests.unit.kernel_support import LONG, Doing, Inside, Plugin, candidate, inside, make, manifest, quiet, until_state
from tests.unit.upgrade_support import EVERY, WAITING, Boom, raises, serves

S = HotReloadState


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
    first.on["close"] = raises(error)
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
    bad.on["init"] = raises(Boom())
    with pytest.raises(Boom):
        HotReloadablePlugin(candidate(bad))
    assert bad.closes == 1


def test_a_manifest_and_an_instance_make_a_plugin_as_they_are() -> None:
    ready = Plugin("ready")
    plugin = HotReloadablePlugin(manifest(), ready)
    assert (plugin.call("tag"), ready.inits) == ("ready", 0)
