"""Hot reload as it is often told, in plain Python with `threading`: a call runs on a closed version; a fix holds."""

from __future__ import annotations

import pytest

from quiesce_conformance.schedules import Failure, Spawner
from quiesce_conformance.schedules.observed import Observed
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct
from tests.schedules.observed_samples import published

CALL, WORK = "published:Plugin.call", "published:Instance.work"


def one_call_one_upgrade(spawner: Spawner) -> None:
    plugin = published.Plugin()
    spawner.thread("c", plugin.call)
    spawner.thread("u", plugin.upgrade)


def two_calls_two_upgrades_under_a_lock(spawner: Spawner) -> None:
    plugin = published.LockedPlugin()
    for name in ("c", "d"):
        spawner.thread(name, plugin.call)
    for name in ("u", "v"):
        spawner.thread(name, plugin.upgrade)


@pytest.mark.parametrize("strategy", [Dpor(), Exhaustive(2), Pct(depth=4, schedules=500)], ids=lambda s: s.name)
def test_a_call_runs_on_a_closed_version(strategy: Dpor | Exhaustive | Pct) -> None:
    with Observed([published], one_call_one_upgrade) as observed:
        found = search(observed.run, strategy, max_schedules=1_000).failure
    assert found is not None
    assert isinstance(found.ending, Failure)
    assert found.ending.thread == "c"
    assert "version 1 is closed" in str(found.ending)
    points = [str(choice) for choice in found.choices]
    got, swapped = (points.index(p) for p in (f"c: {CALL}:load instance", "u: published:Plugin.upgrade:store instance"))
    closed, used = points.index("u: published:Instance.close:store closed"), points.index(f"c: {WORK}:load closed")
    assert got < swapped < closed < used, "it is on the old version, which is closed before it begins to work"


def test_one_lock_around_everything_is_right() -> None:
    with Observed([published], two_calls_two_upgrades_under_a_lock) as observed:
        done = search(observed.run, Dpor(), max_schedules=1_000)
    assert done.failure is None
    assert done.exhausted
    assert done.schedules == 24, "4! orders of the lock's owners"
