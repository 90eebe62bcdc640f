"""The published order in large steps: entering, preparing, and opening a drain are one step each.

Nothing is lost by a step that is too small here; what fails is the order itself.  With the door left open while
draining, a call enters after the drain has begun, runs the old version, and nothing waits for it: five steps, and no
care in ``enter`` helps.  With the door closed, a drain that waits for its own epoch only forgets who outlived an
earlier, rolled-back upgrade: eight steps.  With the door closed and every epoch waited for, it holds: that is HOLD.

What is asked is the published reading of "drained": once the upgrade is complete, no call runs an older version.
"""

from __future__ import annotations

from quiesce_model.known_bad.published.style import S
from quiesce_model.language import (
    Map,
    Model,
    action,
    each,
    every,
    invariant,
    require,
    sometimes,
)
from quiesce_model.vocabulary import Epoch, HotReloadState, Thread, Version


class OpenDoor(Model):
    """Drain, then swap, and let calls in all the while; the drain waits for its own epoch."""

    state: HotReloadState = S.ACTIVE
    epoch: Epoch = Epoch(0)
    target: Epoch = Epoch(0)
    refs: Map[Epoch, int] = each(0)
    current: Version = Version(0)
    inside: Map[Thread, bool] = each(False)
    held: Map[Thread, Epoch] = each(0)
    runs: Map[Thread, Version] = each(0)

    @action(fair=False)
    def enter(s, t: Thread) -> None:
        """Epoch, counter and instance in one step."""
        require(not s.inside[t], s.door_is_open())
        s.inside[t] = True
        s.held[t] = s.epoch
        s.refs[s.epoch] += 1
        s.runs[t] = s.current

    @action
    def finish(s, t: Thread) -> None:
        require(s.inside[t])
        s.inside[t] = False
        s.refs[s.held[t]] -= 1
        s.held[t] = Epoch(0)
        s.runs[t] = Version(0)

    @action(fair=False)
    def prepare_upgrade(s) -> None:
        require(s.state in (S.ACTIVE, S.ROLLED_BACK))
        s.state = S.PREPARING_UPGRADE

    @action(fair=False)
    def cancel_upgrade(s) -> None:
        require(s.state == S.PREPARING_UPGRADE)
        s.state = S.ACTIVE

    @action
    def drain_in_flight(s) -> None:
        require(s.state == S.PREPARING_UPGRADE)
        s.state = S.DRAINING
        s.target = s.epoch
        s.epoch += 1

    @action
    def drained(s) -> None:
        require(s.state == S.DRAINING, s.is_drained())
        s.state = S.SWAPPING

    @action(fair=False)
    def time_out(s) -> None:
        require(s.state == S.DRAINING, not s.is_drained())
        s.state = S.ROLLED_BACK

    @action
    def atomic_swap(s) -> None:
        require(s.state == S.SWAPPING)
        s.current += 1
        s.state = S.UPGRADE_COMPLETE

    @action
    def complete(s) -> None:
        require(s.state == S.UPGRADE_COMPLETE)
        s.state = S.ACTIVE

    def door_is_open(s) -> bool:
        return True

    def is_drained(s) -> bool:
        return s.refs[s.target] == 0

    @invariant("D2", "D5")
    def complete_means_that_no_call_runs_an_older_version(s) -> bool:
        return s.state != S.UPGRADE_COMPLETE or all(s.runs[t] == s.current for t in every(Thread) if s.inside[t])

    @invariant("D2")
    def counters_count_the_calls(s) -> bool:
        return all(s.refs[e] == sum(s.inside[t] and s.held[t] == e for t in every(Thread)) for e in every(Epoch))

    @sometimes("D4")
    def a_drain_times_out(s) -> bool:
        return s.state == S.ROLLED_BACK

    @sometimes("B3")
    def an_upgrade_follows_a_rollback(s) -> bool:
        return s.state == S.UPGRADE_COMPLETE and s.current == 1 and s.epoch == 2


class ClosedDoor(OpenDoor):
    """No call comes in from the drain to the swap; the drain still waits for its own epoch only."""

    def door_is_open(s) -> bool:
        return s.state not in (S.DRAINING, S.SWAPPING)


class ClosedDoorEveryEpoch(ClosedDoor):
    """No call comes in, and every epoch up to the target is waited for."""

    def is_drained(s) -> bool:
        return all(s.refs[e] == 0 for e in every(Epoch) if e <= s.target)
