"""What every test of an upgrade asks afterwards, and a hook that raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quiesce import DrainPolicy, HotReloadablePlugin, HotReloadState
from tests.unit.kernel_support import Plugin, candidate, quiet

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


def raises(error: BaseException) -> Callable[[], Any]:
    def hook() -> Any:
        raise error

    return hook


class Boom(Exception):
    """What a plugin raises."""


ERRORS = [Boom("boom"), KeyboardInterrupt()]
