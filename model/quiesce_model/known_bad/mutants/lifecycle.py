"""Mutants of the upgrade's life: claims that are not atomic, outcomes that are not counted, states with no way out."""

from __future__ import annotations

from quiesce_model.algorithm import Continue
from quiesce_model.language import Map, action, each, invariant, require
from quiesce_model.vocabulary import Gate, HotReloadState, Life, Up, Upgrader, Version

S = HotReloadState


class StateCheckedThenSet(Continue):
    """The state is looked at in one step and set in the next: two upgraders both pass."""

    saw: Map[Upgrader, bool] = each(False)

    @action
    def see_active(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.settled(), s.gate != Gate.SHUT, s.room(), not s.saw[u])
        s.saw[u] = True

    @action(fair=False)
    def prepare_upgrade(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.saw[u])
        s.saw[u] = False
        s.state = S.PREPARING_UPGRADE
        s.ticket[u] = True
        s.up[u] = Up.BUILD


class IgnoresCancel(Continue):
    """Whoever has drained swaps, although the upgrade was cancelled meanwhile."""

    @action
    def drained_in_time(s, u: Upgrader) -> None:
        require(s.up[u] == Up.WAIT, s.woken[u])
        s.woken[u] = False
        s.ticket[u] = False
        s.state = S.SWAPPING
        s.up[u] = Up.SWAP


class ComparesTheStateNotTheAttempt(Continue):
    """A cancelled builder asks whether *an* upgrade is being prepared, and delivers into somebody else's."""

    @action
    def prepared(s, u: Upgrader) -> None:
        require(s.up[u] == Up.INIT)
        if s.state == S.PREPARING_UPGRADE:
            s.pending = s.mine[u]
            s.leave(u)
        else:
            s.up[u] = Up.DISCARD


class BuildFailureIsForgotten(Continue):
    """A failing build leaves the plugin in PreparingUpgrade, and nobody is there to end it."""

    @action
    def build_fails(s, u: Upgrader) -> None:
        require(s.up[u] == Up.BUILD)
        s.leave(u)


class RolledBackForEver(Continue):
    """An upgrade may begin in ACTIVE only, and nothing leads back to it."""

    def settled(s) -> bool:
        return s.state == S.ACTIVE

    @action(fair=False)
    def acknowledge(s) -> None:
        require(s.state == S.ROLLED_BACK, s.gate == Gate.SHUT)
        s.state = S.ACTIVE


class ManifestAtPrepare(Continue):
    """The manifest is shown from the moment at which it was validated."""

    shown: Version = Version(0)

    @action
    def build(s, u: Upgrader) -> None:
        require(s.up[u] == Up.BUILD)
        s.newest += 1
        s.life[s.newest] = Life.CANDIDATE
        s.shown = s.newest
        s.mine[u] = s.newest
        s.up[u] = Up.INIT

    @action
    def atomic_swap(s, u: Upgrader) -> None:
        require(s.up[u] == Up.SWAP)
        s.previous = s.code[s.now]
        s.shown = s.mine[u]
        s.publish(s.mine[u], Gate.OPEN)
        s.life[s.mine[u]] = Life.LIVE
        s.state = S.UPGRADE_COMPLETE
        s.mine[u] = Version(0)
        s.up[u] = Up.DECIDE

    @action
    def revert(s, u: Upgrader) -> None:
        require(s.may_decide(u))
        s.shown = s.previous
        s.reinstate(u)

    @invariant("T1", "B1")
    def the_manifest_shown_is_that_of_the_current_version(s) -> bool:
        return s.shown == s.code[s.now]


class PublishesVersionThenEpoch(Continue):
    """The swap changes the version behind the current epoch; the new epoch comes too late, or not at all."""

    @action
    def atomic_swap(s, u: Upgrader) -> None:
        require(s.up[u] == Up.SWAP)
        s.previous = s.code[s.now]
        s.code[s.now] = s.mine[u]
        s.life[s.mine[u]] = Life.LIVE
        s.state = S.UPGRADE_COMPLETE
        s.mine[u] = Version(0)
        s.up[u] = Up.DECIDE


class RevertIsNoPublication(Continue):
    """A revert turns the pointer back to the old record, instead of publishing a new one."""

    @action
    def revert(s, u: Upgrader) -> None:
        require(s.may_decide(u))
        reverted = s.code[s.now]
        s.now -= 1
        s.state = S.ROLLED_BACK
        s.failed += 1
        s.retire(u, reverted)


class RollbackIsNotCounted(Continue):
    """A failed build is forgotten by the statistics."""

    @action
    def build_fails(s, u: Upgrader) -> None:
        require(s.up[u] == Up.BUILD)
        if s.ticket[u]:
            s.state = S.ROLLED_BACK
        s.leave(u)


class CancelCountsTwice(Continue):
    """Both the canceller and the upgrader that notices count the failure."""

    @action
    def drained_in_time(s, u: Upgrader) -> None:
        require(s.up[u] == Up.WAIT, s.woken[u])
        s.woken[u] = False
        if s.ticket[u]:
            s.ticket[u] = False
            s.state = S.SWAPPING
            s.up[u] = Up.SWAP
        else:
            s.failed += 1
            s.up[u] = Up.DISCARD


class DrainOpensNoEpoch(Continue):
    """Draining goes on in the old epoch: later calls join those that it waits for."""

    @action(fair=False)
    def drain_in_flight(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.state == S.PREPARING_UPGRADE, s.pending != 0)
        s.state = S.DRAINING
        s.ticket[u] = True
        s.mine[u] = s.pending
        s.pending = Version(0)
        s.up[u] = Up.SCAN
