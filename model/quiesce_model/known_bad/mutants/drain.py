"""Mutants of the drain: it waits for the wrong calls, is not told of its end, or does not let go."""

from __future__ import annotations

from quiesce_model.algorithm import Continue, Hold
from quiesce_model.endings import ContinueWithTimeOut
from quiesce_model.language import action, every, require
from quiesce_model.vocabulary import Epoch, Gate, HotReloadState, Pc, Thread, Up, Upgrader, Version

S = HotReloadState


class DrainsTheWrongEpoch(Continue):
    """Waits for the epoch that the drain opened, not for those before it."""

    def drained(s) -> bool:
        return s.holders[s.now] == 0


class DrainsTheLastEpochOnly(Continue):
    """Waits for the epoch that was current when the drain began, and forgets stragglers of an earlier rollback."""

    def drained(s) -> bool:
        return all(s.holders[e] == 0 for e in every(Epoch) if e + 1 == s.now)


class DrainsEverything(Continue):
    """Waits for all calls, those that arrive during the drain included: newcomers starve the upgrade."""

    def drained(s) -> bool:
        return all(s.holders[e] == 0 for e in every(Epoch) if e <= s.now)


class DrainsNothing(Continue):
    """Swaps without waiting, under a policy that promises to wait."""

    def drained(s) -> bool:
        return True


class GateBesideThePointer(Hold):
    """The gate is a flag of its own: closing it publishes no epoch, so the second look sees nothing."""

    @action(fair=False)
    def drain_in_flight(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.state == S.PREPARING_UPGRADE, s.pending != 0)
        s.state = S.DRAINING
        s.ticket[u] = True
        s.mine[u] = s.pending
        s.pending = Version(0)
        s.gate = Gate.HELD
        s.up[u] = Up.SCAN

    def drained(s) -> bool:
        return all(s.holders[e] == 0 for e in every(Epoch) if e <= s.now)


class NobodyWakesTheDrain(Continue):
    """The last release frees, but does not set the event that the drain waits on: a lost wake-up."""

    @action
    def look(s, t: Thread) -> None:
        require(s.pc[t] in (Pc.LOOK, Pc.LOOK_AGAIN))
        s.reclaim(s.code[s.epoch[t]])
        s.pc[t] = Pc.IDLE if s.pc[t] == Pc.LOOK else Pc.READ
        s.epoch[t] = Epoch(0)


class WaitsWithoutScanning(Continue):
    """The drain waits for the event at once: if nobody is left to release, nobody sets it."""

    @action
    def scan(s, u: Upgrader) -> None:
        require(s.up[u] == Up.SCAN)
        s.up[u] = Up.WAIT


class ScanForgetsACancel(ContinueWithTimeOut):
    """The scan forgets a cancel that came before it: the cancelled upgrader waits for calls, and no timeout is left."""

    @action
    def scan(s, u: Upgrader) -> None:
        require(s.up[u] == Up.SCAN)
        s.woken[u] = s.drained()
        s.up[u] = Up.WAIT


class TimeOutKeepsTheGate(Hold):
    """A drain that times out rolls back and forgets to let the held calls go."""

    @action(fair=False)
    def time_out(s, u: Upgrader) -> None:
        require(s.up[u] == Up.WAIT, not s.woken[u])
        s.roll_back(u)
        s.up[u] = Up.DISCARD


class CancelKeepsTheGate(Hold):
    """A cancel in Draining forgets to let the held calls go."""

    @action(fair=False)
    def cancel_upgrade(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.state == S.DRAINING)
        s.state = S.ROLLED_BACK
        s.failed += 1
        for w in every(Upgrader):
            s.woken[w] = s.woken[w] or s.up[w] == Up.WAIT
        for w in every(Upgrader):
            s.ticket[w] = False


class HandsOverWhileCallsRun(Hold):
    """The state is exported before the drain has ended."""

    @action
    def scan(s, u: Upgrader) -> None:
        require(s.up[u] == Up.SCAN)
        if s.ticket[u]:
            s.ticket[u] = False
            s.state = S.SWAPPING
            s.up[u] = Up.HANDOVER
        else:
            s.up[u] = Up.DISCARD


class RevertUnderHoldWithoutDraining(Hold):
    """Publishes the old version again while calls still run on the new one."""

    @action
    def revert(s, u: Upgrader) -> None:
        require(s.may_decide(u))
        s.reinstate(u)


class TimesOutAfterTheEnd(Continue):
    """The time-out does not ask whether the drain has ended meanwhile; it rolls back an upgrade that is cancelled."""

    @action(fair=False)
    def time_out(s, u: Upgrader) -> None:
        require(s.up[u] == Up.WAIT)
        s.roll_back(u)
        s.reopen()
        s.woken[u] = False
        s.up[u] = Up.DISCARD
