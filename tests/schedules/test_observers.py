"""What somebody sees who only looks on: snapshots (L5), statistics (S1), retries (V4).

Bound: four observers beside one upgrader that does 120 upgrades, a third of which fail; the retry is brought about at
the one place where it can happen, between a caller's announcement and its second look.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    HotReloadState,
    HotReloadStats,
    Manifest,
    PluginSnapshot,
    Seam,
    UpgradeFailed,
)
from tests.unit.kernel_support import LONG, Doing

if TYPE_CHECKING:
    from quiesce._kernel.records import Record
    from quiesce._kernel.seam import Pool

State = HotReloadState
UPGRADES = 120


class Numbered:
    """A version that knows its name; every third one refuses to start."""

    def __init__(self, n: int) -> None:
        self.n = n

    def init(self) -> None:
        if self.n % 3 == 0:
            raise RuntimeError("this version cannot start")

    def name(self) -> str:
        return f"{self.n}.0.0"


def numbered(n: int) -> Candidate:
    return Candidate(Manifest("numbered", f"{n}.0.0", ("name",)), lambda: Numbered(n))


def add_up(seen: PluginSnapshot) -> bool:
    """What holds in every state that the plugin can be in."""
    stats = seen.stats
    under_way = seen.state in (State.PREPARING_UPGRADE, State.DRAINING, State.SWAPPING, State.UPGRADE_COMPLETE)
    return (
        seen.version == stats.version
        and 0 <= stats.max_drain_time_us <= stats.total_drain_time_us
        # Version numbers are given in order, one for each candidate: so this ties the version to the manifest.
        and seen.manifest.version == f"{seen.version}.0.0"
        and (seen.pending is None or under_way)
        and (not seen.on_probation or seen.state is State.UPGRADE_COMPLETE)
        and (seen.state is not State.ROLLED_BACK or stats.failed_upgrades > 0)
        and 1 <= seen.live_versions <= 4
    )


def test_the_check_of_a_snapshot_can_fail() -> None:
    seen = HotReloadablePlugin(numbered(1)).snapshot()
    assert add_up(seen)
    mixed = Manifest("numbered", "2.0.0", ("name",))
    fields = {name: getattr(seen, name) for name in type(seen).__slots__}
    assert not add_up(PluginSnapshot(**{**fields, "manifest": mixed}))
    assert not add_up(PluginSnapshot(**{**fields, "stats": HotReloadStats(version=2)}))
    assert not add_up(PluginSnapshot(**{**fields, "stats": HotReloadStats(max_drain_time_us=2, total_drain_time_us=1)}))


@pytest.mark.rule("L5", "S1", "B2")
@pytest.mark.parametrize("policy", DrainPolicy)
def test_no_snapshot_shows_what_never_was(policy: DrainPolicy) -> None:
    plugin = HotReloadablePlugin(numbered(1), policy=policy)
    done = threading.Event()

    def observe() -> tuple[int, list[PluginSnapshot]]:
        looks, wrong, last = 0, [], plugin.stats
        while not done.is_set():
            seen = plugin.snapshot()
            now = seen.stats
            looks += 1
            forward = (
                now.successful_upgrades >= last.successful_upgrades
                and now.failed_upgrades >= last.failed_upgrades
                and now.total_drain_time_us >= last.total_drain_time_us
                and now.version >= last.version
            )
            if not (add_up(seen) and forward):
                wrong.append(seen)
            last = now
        return looks, wrong

    observers = [Doing(observe) for _ in range(4)]
    failed = 0
    try:
        for n in range(2, UPGRADES + 2):
            try:
                plugin.upgrade(numbered(n))
            except UpgradeFailed:
                failed += 1
    finally:
        done.set()
    results = [observer.end() for observer in observers]
    assert all(looks for looks, _ in results)
    assert not [wrong for _, wrong in results if wrong]
    assert failed == UPGRADES // 3
    stats = plugin.stats
    assert (stats.successful_upgrades, stats.failed_upgrades) == (UPGRADES - failed, failed)
    assert f"{stats.version}.0.0" == plugin.call("name") == plugin.manifest.version


class Twin(Seam):
    """Counts announcements and hands each second look over to a test."""

    def __init__(self) -> None:
        self.announced: list[int] = []
        self.between: Any = None
        """Run once, in a thread of its own, between a caller's announcement and its second look."""

    def pool(self) -> deque[Any]:
        announced = self.announced

        class Pool(deque[Any]):
            def pop(self) -> Any:  # type: ignore[override] # deque's stub says positional only, which nobody uses
                slot = super().pop()
                announced.append(threading.get_ident())
                return slot

        return Pool()

    def register(self, pool: Pool) -> set[Any]:  # a slot that is made is announced by being registered
        announced = self.announced

        class Register(set[Any]):
            def add(self, reference: Any) -> None:
                super().add(reference)
                announced.append(threading.get_ident())

        return Register()

    def pointer(self, record: Record) -> Any:
        twin = self

        class Pointer:
            def __init__(self) -> None:
                self._record = record

            @property
            def record(self) -> Record:
                if twin.announced and twin.announced[-1] == threading.get_ident() and twin.between is not None:
                    between, twin.between = twin.between, None
                    Doing(between).end()
                return self._record

            @record.setter
            def record(self, new: Record) -> None:
                self._record = new

        return Pointer()


@pytest.mark.rule("V4")
def test_without_a_publication_every_call_announces_itself_once() -> None:
    twin = Twin()
    plugin = HotReloadablePlugin(numbered(1), seam=twin)
    callers = [Doing(lambda: [plugin.call("name") for _ in range(500)]) for _ in range(4)]
    assert all(set(caller.end()) == {"1.0.0"} for caller in callers)
    assert len(twin.announced) == 4 * 500


@pytest.mark.rule("V4", "T2", "T3")
def test_a_publication_in_between_causes_one_retry_and_the_call_runs_on_the_new_version() -> None:
    twin = Twin()
    plugin = HotReloadablePlugin(numbered(1), seam=twin, drain_timeout=LONG)
    twin.between = lambda: plugin.upgrade(numbered(2), policy=DrainPolicy.OVERLAP)
    assert plugin.call("name") == "2.0.0"
    assert twin.between is None, "expected the upgrade to have happened"
    assert len([who for who in twin.announced if who == threading.get_ident()]) == 2
    assert plugin.call("name") == "2.0.0"
    assert len([who for who in twin.announced if who == threading.get_ident()]) == 3
    assert plugin.snapshot().live_versions == 1
