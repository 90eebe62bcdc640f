"""Every way in which an upgrade fails: each leaves the old version serving and lets a new one begin."""

from __future__ import annotations

import threading

import pytest

from quiesce import (
    Candidate,
    DrainPolicy,
    DrainTimeout,
    HandoverFailed,
    HealthCheckFailed,
    HotReloadablePlugin,
    HotReloadState,
    InvalidManifest,
    Phase,
    UpgradeFailed,
)
from tests.unit.kernel_support import Doing, Inside, Plugin, candidate, inside, make, manifest, until_state
from tests.unit.upgrade_support import ERRORS, EVERY, WAITING, Boom, counts, raises, serves

S = HotReloadState


@pytest.mark.rule("B1", "B2", "B3", "B4")
@pytest.mark.parametrize("error", ERRORS)
def test_a_failing_build(error: BaseException) -> None:
    plugin, _ = make()
    bad = Candidate(manifest(), raises(error))
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
    bad.on["init"] = raises(error)
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
        (Candidate(raises(InvalidManifest("unreadable")), Plugin), "unreadable"),
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
    (first if hook == "export_state" else bad).on[hook] = raises(error)
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
