"""The defects of the published design that this project starts from: one test each, showing that the kernel has none.

"Published" is a plugin kernel with zero-downtime upgrades by "atomic swapping and epoch-based draining".  Numbers and
wording are those of the known-bad catalogue; the models of the defects are in `quiesce_model.known_bad`.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from quiesce import (
    Candidate,
    DrainPolicy,
    DrainTimeout,
    EpochTracker,
    Hook,
    HotReloadablePlugin,
    HotReloadManager,
    HotReloadState,
    InvalidManifest,
    Manifest,
    PluginUnregistered,
    Seam,
    UpgradeCancelled,
    UpgradeFailed,
    UpgradeInProgress,
)
from quiesce._kernel.seam import Pointer
from tests.unit.kernel_support import LONG, Doing, Plugin, candidate, inside, make, manifest, quiet, until_state


class Stopping(Seam):
    """Stops one thread after its n-th read of the pointer, until it is let go."""

    def __init__(self, reads: int) -> None:
        self.reads, self.seen = reads, 0
        self.victim: threading.Thread | None = None
        self.stopped, self.go = threading.Event(), threading.Event()

    def pointer(self, record: Any) -> Pointer:
        seam = self

        class Stops(Pointer):
            __slots__ = ("inner",)

            @property
            def record(self) -> Any:
                found = self.inner
                if threading.current_thread() is seam.victim:
                    seam.seen += 1
                    if seam.seen == seam.reads:
                        seam.stopped.set()
                        assert seam.go.wait(LONG)
                return found

            @record.setter
            def record(self, value: Any) -> None:
                self.inner = value

        return Stops(record)


def stalled(plugin: HotReloadablePlugin, seam: Stopping) -> Doing:
    """A call that stalls where the seam says."""

    def what() -> object:
        seam.victim = threading.current_thread()
        return plugin.call("tag")

    plugin.call("tag")  # so that there is a slot to take
    doing = Doing(what)
    assert seam.stopped.wait(LONG)
    return doing


@pytest.mark.rule("D3", "R3", "T2")
@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize("policy", list(DrainPolicy))
def test_1_epoch_loaded_then_counted(policy: DrainPolicy, reads: int) -> None:
    """`enter` loads the epoch and then counts itself in: "drained" fits in between.

    Here a caller that stalls between read and announce backs out and runs on the new version (1); one that stalls after
    its second look is a holder, and the drain waits for it (2).
    """
    seam = Stopping(reads)
    plugin = HotReloadablePlugin(candidate(first := Plugin("one")), seam=seam)
    call = stalled(plugin, seam)
    if reads == 1:
        plugin.upgrade(candidate(Plugin("two")), policy=policy, drain_timeout=0)
        assert first.closes == 1
        seam.go.set()
        assert call.end() == "two"
    else:
        if policy is DrainPolicy.OVERLAP:
            plugin.upgrade(candidate(Plugin("two")), policy=policy)
        else:
            with pytest.raises(DrainTimeout):
                plugin.upgrade(candidate(Plugin("two")), policy=policy, drain_timeout=0)
        assert first.closes == 0
        seam.go.set()
        assert call.end() == "one"
    assert first.used_after_close == 0
    assert quiet(plugin)


@pytest.mark.rule("B1", "B3", "L4")
@pytest.mark.parametrize("phase", ["validate", "build", "init"])
def test_2_stuck_in_preparing_for_ever(phase: str) -> None:
    plugin, _ = make()
    bad = Plugin("bad")
    bad.on["init"] = lambda: 1 / 0
    failures: dict[str, Candidate] = {
        "validate": Candidate(manifest("another"), Plugin),
        "build": Candidate(manifest(), lambda: 1 / 0),
        "init": candidate(bad),
    }
    failing = failures[phase]
    for k in range(3):
        with pytest.raises(UpgradeFailed, match=f"phase {phase}"):
            plugin.upgrade(failing)
        assert plugin.state is HotReloadState.ROLLED_BACK
        assert plugin.stats.failed_upgrades == k + 1
    plugin.upgrade(candidate(Plugin("two")))
    assert plugin.call("tag") == "two"


@pytest.mark.rule("T1", "B1")
@pytest.mark.parametrize("ending", ["cancel", "timeout"])
def test_3_manifest_replaced_at_prepare(ending: str) -> None:
    plugin, _ = make()
    new = Candidate(Manifest("sample", "2.0.0", ("tag", "run")), lambda: Plugin("two"))
    with inside(plugin):
        plugin.prepare_upgrade(new)
        assert plugin.manifest.version == "1.0.0"
        if ending == "cancel":
            plugin.cancel_upgrade()
        else:
            with pytest.raises(DrainTimeout):
                plugin.execute_upgrade(drain_timeout=0)
    assert (plugin.manifest.version, plugin.call("tag")) == ("1.0.0", "one")
    plugin.upgrade(new)
    assert (plugin.manifest.version, plugin.call("tag")) == ("2.0.0", "two")


@pytest.mark.rule("L4", "B3")
def test_4_rolled_back_is_a_trap() -> None:
    plugin, _ = make()
    with inside(plugin), pytest.raises(DrainTimeout):
        plugin.upgrade(candidate(Plugin("x")), drain_timeout=0)
    assert plugin.state is HotReloadState.ROLLED_BACK
    plugin.upgrade(candidate(Plugin("two")))
    assert (plugin.state, plugin.call("tag")) == (HotReloadState.ACTIVE, "two")


@pytest.mark.rule("T1", "R2", "D3")
def test_5_epoch_and_instance_read_separately() -> None:
    """A call's epoch and its version come from one read: whatever it runs on is what a drain waits for."""
    plugin, _ = make()
    for k in range(20):
        with plugin.lease() as instance:
            held = plugin._core.current  # noqa: SLF001 - tests of the kernel look inside
            assert held.version.instance is instance
            assert held.holders() == 1
        plugin.upgrade(candidate(Plugin(str(k))), policy=list(DrainPolicy)[k % 3])


@pytest.mark.rule("L1", "L2")
def test_6_state_checked_then_set() -> None:
    """Sixteen upgraders at once: exactly one passes."""
    plugin, _ = make()
    ready, go = threading.Barrier(17), threading.Event()
    refused = threading.Semaphore(0)
    two = Plugin("two")

    def build() -> Plugin:
        assert go.wait(LONG)
        return two

    def upgrade() -> str:
        ready.wait(LONG)
        try:
            plugin.upgrade(Candidate(manifest(), build))
        except UpgradeInProgress:
            refused.release()
            return "refused"
        return "passed"

    upgraders = [Doing(upgrade) for _ in range(16)]
    ready.wait(LONG)
    for _ in range(15):
        assert refused.acquire(timeout=LONG)
    go.set()
    assert sorted(upgrader.end() for upgrader in upgraders) == ["passed"] + ["refused"] * 15
    assert two.inits == 1


@pytest.mark.rule("D2", "M1")
@pytest.mark.parametrize("distance", [7, 8, 9, 16, 100])
def test_7_epochs_alias_in_a_ring(distance: int) -> None:
    tracker: EpochTracker[None] = EpochTracker()
    old = tracker.enter()
    for _ in range(distance):
        tracker.advance()
    with tracker.enter():
        assert (tracker.refs_for_epoch(0), tracker.refs_for_epoch(distance)) == (1, 1)
        old.release()
        assert (tracker.refs_for_epoch(0), tracker.refs_for_epoch(distance)) == (0, 1)
        assert tracker.wait_drain(0, 0)


@pytest.mark.rule("D2")
@pytest.mark.parametrize("policy", [DrainPolicy.CONTINUE, DrainPolicy.HOLD])
def test_8_stragglers_of_an_earlier_upgrade_forgotten(policy: DrainPolicy) -> None:
    plugin, first = make()
    with inside(plugin):
        for _ in range(40):  # more than the kernel remembers of records without holders
            with pytest.raises(DrainTimeout):
                plugin.upgrade(candidate(Plugin("x")), policy=policy, drain_timeout=0)
        upgrade = Doing(lambda: plugin.upgrade(candidate(Plugin("y")), policy=policy, drain_timeout=None))
        until_state(plugin, "DRAINING")
        plugin.cancel_upgrade()
        with pytest.raises(UpgradeCancelled):
            upgrade.end()
        assert first.closes == 0
    plugin.upgrade(candidate(Plugin("two")), policy=policy, drain_timeout=0)
    assert (first.closes, first.used_after_close) == (1, 0)


@pytest.mark.rule("M3", "M5")
def test_9a_the_old_instance_never_gets_a_cleanup_hook() -> None:
    plugin, first = make()
    plugin.upgrade(candidate(Plugin("two")))
    assert first.closes == 1


@pytest.mark.rule("G2")
def test_9b_unregister_does_not_drain() -> None:
    manager = HotReloadManager()
    first = Plugin("one")
    plugin = manager.register(candidate(first))
    with inside(plugin) as call:
        unregister = Doing(lambda: manager.unregister("sample", LONG))
        while not plugin.snapshot().unregistered:
            threading.Event().wait(0.001)
        with pytest.raises(PluginUnregistered):
            plugin.call("tag")
        assert first.closes == 0
        assert unregister.is_alive()
        call.leave()
        assert unregister.end() is True
    assert (first.closes, first.used_after_close) == (1, 0)


@pytest.mark.rule("B2", "S1")
def test_9c_failed_prepares_are_not_counted() -> None:
    plugin, _ = make()
    with pytest.raises(UpgradeFailed):
        plugin.prepare_upgrade(Candidate(manifest("another"), Plugin))
    assert plugin.stats.failed_upgrades == 1


@pytest.mark.rule("B1")
@pytest.mark.parametrize("hook", list(Hook))
def test_9d_only_one_kind_of_hook_is_compared(hook: Hook) -> None:
    first = Plugin("one")
    plugin = HotReloadablePlugin(Candidate(manifest(hooks={hook: "run"}), lambda: first))
    with pytest.raises(UpgradeFailed, match=f"the {hook.value} hook") as caught:
        plugin.upgrade(Candidate(manifest(exports=("tag",)), lambda: Plugin("two")))
    assert isinstance(caught.value.__cause__, InvalidManifest)


@pytest.mark.rule("D4")
def test_9e_a_drain_timeout_cannot_be_set_once_shared() -> None:
    plugin, _ = make(drain_timeout=None)
    with inside(plugin):
        for timeout in (0, 0.001):
            with pytest.raises(DrainTimeout):
                plugin.upgrade(candidate(Plugin("x")), drain_timeout=timeout)
