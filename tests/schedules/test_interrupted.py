"""An upgrader that is interrupted takes the model's way out, wherever the exception strikes.

`tests/unit/test_kernel_interrupts.py` strikes at every point and looks at what is left; here a few of those runs are
recorded, and every event of them has to be a step of the algorithm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quiesce import DrainPolicy, HotReloadablePlugin, HotReloadState
from quiesce.recording import RecordingSeam
from quiesce.verify.recorded import checked
from quiesce.verify.recorded_load import Load


class Striking(RecordingSeam):
    """Raises KeyboardInterrupt when it is asked for the time and `strikes` says so."""

    def __init__(self) -> None:
        super().__init__()
        self.strikes: Callable[[], bool] = lambda: False

    def monotonic(self) -> float:
        if self.strikes():
            self.strikes = lambda: False
            raise KeyboardInterrupt
        return super().monotonic()


def interrupted(policy: DrainPolicy, state: HotReloadState) -> list[dict[str, Any]]:
    """The record of an upgrade that is struck in the given state."""
    seam = Striking()
    load = Load(policy, seam, HotReloadablePlugin)
    load.plugin.call("plain")
    seam.strikes = lambda: load.plugin.state is state
    with pytest.raises(KeyboardInterrupt):
        load.plugin.upgrade(load.candidate(), drain_timeout=1.0)
    assert load.plugin.state is HotReloadState.ROLLED_BACK
    assert load.plugin.stats.failed_upgrades == 1
    load.plugin.call("plain")
    load.plugin.upgrade(load.candidate())
    load.plugin.call("plain")
    seam.end()
    return seam.events


@pytest.mark.rule("B1", "B2", "D5", "R6")
@pytest.mark.parametrize("policy", DrainPolicy, ids=lambda p: p.name)
@pytest.mark.parametrize("state", [HotReloadState.DRAINING, HotReloadState.SWAPPING], ids=lambda s: s.name)
def test_an_interrupted_upgrade_takes_the_way_out_of_the_model(policy: DrainPolicy, state: HotReloadState) -> None:
    events = interrupted(policy, state)
    assert any(event["op"] in {"interrupted", "handover_fails"} for event in events)
    assert checked(policy, events).events == len(events) - 1, "all but the end mark"


@pytest.mark.rule("B1", "R6")
@pytest.mark.parametrize("policy", DrainPolicy, ids=lambda p: p.name)
def test_an_interrupt_while_a_failed_health_check_is_undone_is_not_swallowed(policy: DrainPolicy) -> None:
    """The upgrade is undone all the same, and the caller gets the interrupt, not only the failed check."""
    seam = Striking()
    load = Load(policy, seam, HotReloadablePlugin)

    def unhealthy(_: object) -> bool:
        seam.strikes = lambda: True
        return False

    with pytest.raises(KeyboardInterrupt):
        load.plugin.upgrade(load.candidate(), health_check=unhealthy)
    assert load.plugin.state is HotReloadState.ROLLED_BACK
    assert load.plugin.stats.failed_upgrades == 1
    load.plugin.call("plain")
    seam.end()
    assert checked(policy, seam.events).events == len(seam.events) - 1
