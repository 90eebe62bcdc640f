"""Every atomic step of every thread.  Read the package's docstring first."""

from __future__ import annotations

from typing import ClassVar

from quiesce_model.language import Map, Model, action, each, every, require
from quiesce_model.vocabulary import (
    DrainPolicy,
    Epoch,
    Gate,
    HotReloadState,
    Life,
    Pc,
    Tally,
    Thread,
    Up,
    Upgrader,
    Version,
)

S, P = HotReloadState, DrainPolicy


class Steps(Model):
    """The state, the actions, and the words that they are written in."""

    policy: ClassVar[DrainPolicy] = P.CONTINUE
    cap: ClassVar[int] = 3  # M7: versions that may be alive at once, candidates included

    # -- the plugin -------------------------------------------------------------------------------------------------
    state: HotReloadState = S.ACTIVE
    now: Epoch = Epoch(0)  # the published pointer ...
    code: Map[Epoch, Version] = each(0)  # ... the version behind each record
    gate: Gate = Gate.OPEN  # ... and the gate of the current one
    holders: Map[Epoch, int] = each(0)
    newest: Version = Version(0)
    life: Map[Version, Life] = each(Life.UNBORN, {0: Life.LIVE})
    pending: Version = Version(0)  # the candidate that was prepared and waits to be executed; 0: none
    previous: Version = Version(0)  # the version that a revert would bring back, while nobody has decided; 0 else
    probation: bool = False  # anybody may commit or revert
    succeeded: Tally = Tally(0)
    failed: Tally = Tally(0)
    # -- each caller ------------------------------------------------------------------------------------------------
    pc: Map[Thread, Pc] = each(Pc.IDLE)
    epoch: Map[Thread, Epoch] = each(0)  # the record that it read
    inner: Map[Thread, Epoch] = each(0)  # the record of its nested call
    # -- each upgrader ----------------------------------------------------------------------------------------------
    up: Map[Upgrader, Up] = each(Up.IDLE)
    mine: Map[Upgrader, Version] = each(0)  # the version that it must publish, discard or see freed
    ticket: Map[Upgrader, bool] = each(False)  # its attempt is the plugin's current one: nobody has cancelled it
    woken: Map[Upgrader, bool] = each(False)  # the event that it waits on is set

    # == a call =====================================================================================================
    @action(fair=False)
    def invoke(s, t: Thread) -> None:
        require(s.pc[t] == Pc.IDLE)
        s.pc[t] = Pc.READ

    @action
    def read(s, t: Thread) -> None:
        require(s.pc[t] == Pc.READ, s.gate != Gate.HELD)
        if s.gate == Gate.SHUT:
            s.pc[t] = Pc.IDLE  # G2: turned away with a typed error
        else:
            s.epoch[t] = s.now
            s.pc[t] = Pc.ANNOUNCE

    @action
    def announce(s, t: Thread) -> None:
        require(s.pc[t] == Pc.ANNOUNCE)
        s.holders[s.epoch[t]] += 1
        s.pc[t] = Pc.CONFIRM

    @action
    def confirm(s, t: Thread) -> None:
        """The second look; a call's start is its success."""
        require(s.pc[t] == Pc.CONFIRM)
        if s.epoch[t] == s.now:
            assert s.life[s.code[s.epoch[t]]] == Life.LIVE, "R5: a call starts on a version that is initialised"
            s.pc[t] = Pc.RUN
        else:
            s.pc[t] = Pc.RETRACT

    @action
    def retract(s, t: Thread) -> None:
        require(s.pc[t] == Pc.RETRACT)
        s.holders[s.epoch[t]] -= 1
        s.pc[t] = Pc.LOOK_AGAIN

    @action(fair=False)
    def nest(s, t: Thread) -> None:
        """A call from inside the call: no pointer is read, no gate is asked."""
        require(s.pc[t] == Pc.RUN)
        s.inner[t] = s.epoch[t]
        s.pc[t] = Pc.NESTED

    @action
    def unnest(s, t: Thread) -> None:
        require(s.pc[t] == Pc.NESTED)
        s.inner[t] = Epoch(0)
        s.pc[t] = Pc.RUN

    @action
    def finish(s, t: Thread) -> None:
        require(s.pc[t] == Pc.RUN)
        s.holders[s.epoch[t]] -= 1
        s.pc[t] = Pc.PEEK

    @action
    def peek(s, t: Thread) -> None:
        """Whoever leaves a record that is no longer current may be the one whom others wait for."""
        require(s.pc[t] == Pc.PEEK)
        if s.epoch[t] == s.now:
            s.pc[t] = Pc.IDLE
            s.epoch[t] = Epoch(0)
        else:
            s.pc[t] = Pc.LOOK

    @action
    def look(s, t: Thread) -> None:
        require(s.pc[t] in (Pc.LOOK, Pc.LOOK_AGAIN))
        s.reclaim(s.code[s.epoch[t]])
        s.wake()
        s.pc[t] = Pc.IDLE if s.pc[t] == Pc.LOOK else Pc.READ
        s.epoch[t] = Epoch(0)

    # == an upgrade: prepare ========================================================================================
    @action(fair=False)
    def prepare_upgrade(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.settled(), s.gate != Gate.SHUT, s.room())
        s.state = S.PREPARING_UPGRADE
        s.ticket[u] = True
        s.up[u] = Up.BUILD

    @action
    def build_fails(s, u: Upgrader) -> None:
        """Validation or construction fails: there is no candidate to discard."""
        require(s.up[u] == Up.BUILD)
        if s.ticket[u]:
            s.roll_back(u)
        s.leave(u)

    @action
    def build(s, u: Upgrader) -> None:
        require(s.up[u] == Up.BUILD)
        s.newest += 1
        s.life[s.newest] = Life.CANDIDATE
        s.mine[u] = s.newest
        s.up[u] = Up.INIT

    @action
    def init_fails(s, u: Upgrader) -> None:
        require(s.up[u] == Up.INIT)
        if s.ticket[u]:
            s.roll_back(u)
        s.up[u] = Up.DISCARD

    @action
    def prepared(s, u: Upgrader) -> None:
        require(s.up[u] == Up.INIT)
        if s.ticket[u]:
            s.pending = s.mine[u]
            s.leave(u)
        else:
            s.up[u] = Up.DISCARD

    # == an upgrade: execute ========================================================================================
    @action(fair=False)
    def drain_in_flight(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.state == S.PREPARING_UPGRADE, s.pending != 0)
        s.state = S.DRAINING
        s.ticket[u] = True
        s.mine[u] = s.pending
        s.pending = Version(0)
        s.publish(s.code[s.now], Gate.HELD if s.policy == P.HOLD else Gate.OPEN)
        s.up[u] = Up.SCAN

    @action
    def scan(s, u: Upgrader) -> None:
        """Look once for what the drain waits for; from here on, whoever releases looks."""
        require(s.up[u] == Up.SCAN)
        s.woken[u] = s.drained() or not s.ticket[u]
        s.up[u] = Up.WAIT

    @action
    def drained_in_time(s, u: Upgrader) -> None:
        """The event is set: the point of no return, unless somebody cancelled."""
        require(s.up[u] == Up.WAIT, s.woken[u])
        s.woken[u] = False
        if s.ticket[u]:
            s.ticket[u] = False
            s.state = S.SWAPPING
            s.up[u] = Up.HANDOVER if s.policy == P.HOLD else Up.SWAP
        else:
            s.up[u] = Up.DISCARD

    @action(fair=False)
    def time_out(s, u: Upgrader) -> None:
        require(s.policy != P.OVERLAP, s.up[u] == Up.WAIT, s.ticket[u], not s.woken[u])
        s.roll_back(u)
        s.reopen()
        s.up[u] = Up.DISCARD

    @action(fair=False)
    def interrupted(s, u: Upgrader) -> None:
        """An asynchronous exception strikes the thread that upgrades: the way out, from wherever it is."""
        require(s.up[u] in (Up.SCAN, Up.WAIT, Up.HANDOVER, Up.SWAP))
        s.woken[u] = False
        if s.ticket[u] or s.up[u] in (Up.HANDOVER, Up.SWAP):
            s.roll_back(u)
            s.reopen()
        s.up[u] = Up.DISCARD

    @action
    def hand_over(s, u: Upgrader) -> None:
        require(s.policy == P.HOLD, s.up[u] == Up.HANDOVER)
        s.up[u] = Up.SWAP

    @action
    def handover_fails(s, u: Upgrader) -> None:
        require(s.policy == P.HOLD, s.up[u] == Up.HANDOVER)
        s.roll_back(u)
        s.reopen()
        s.up[u] = Up.DISCARD

    @action
    def atomic_swap(s, u: Upgrader) -> None:
        require(s.up[u] == Up.SWAP)
        s.previous = s.code[s.now]
        s.publish(s.mine[u], Gate.OPEN)
        s.life[s.mine[u]] = Life.LIVE
        s.state = S.UPGRADE_COMPLETE
        s.mine[u] = Version(0)
        s.up[u] = Up.DECIDE

    # == an upgrade: probation, commit, revert ======================================================================
    @action
    def begin_probation(s, u: Upgrader) -> None:
        require(s.up[u] == Up.DECIDE)
        s.probation = True
        s.up[u] = Up.IDLE

    @action
    def commit(s, u: Upgrader) -> None:
        """Retire strictly after publishing: from here on the old version only loses holders."""
        require(s.may_decide(u))
        s.state = S.ACTIVE
        s.succeeded += 1
        s.retire(u, s.previous)

    @action
    def revert(s, u: Upgrader) -> None:
        """A publication of its own; under HOLD the new version is drained first, behind a closed gate."""
        require(s.may_decide(u))
        if s.policy == P.HOLD:
            s.publish(s.code[s.now], Gate.HELD)
            s.probation = False
            s.up[u] = Up.UNDO_SCAN
        else:
            s.reinstate(u)

    @action
    def undo_scan(s, u: Upgrader) -> None:
        require(s.policy == P.HOLD, s.up[u] == Up.UNDO_SCAN)
        s.woken[u] = s.drained()
        s.up[u] = Up.UNDO_WAIT

    @action
    def undo(s, u: Upgrader) -> None:
        require(s.policy == P.HOLD, s.up[u] == Up.UNDO_WAIT, s.woken[u])
        s.woken[u] = False
        s.reinstate(u)

    @action(fair=False)
    def undo_times_out(s, u: Upgrader) -> None:
        """The new version cannot be drained: it goes on serving, on probation."""
        require(s.policy == P.HOLD, s.up[u] == Up.UNDO_WAIT, not s.woken[u])
        s.publish(s.code[s.now], Gate.OPEN)
        s.probation = True
        s.up[u] = Up.IDLE

    @action
    def cleanup_old(s, u: Upgrader) -> None:
        require(s.up[u] == Up.LOOK)
        s.reclaim(s.mine[u])
        s.leave(u)

    # == giving up ==================================================================================================
    @action(fair=False)
    def cancel_upgrade(s, u: Upgrader) -> None:
        """Wins or loses against the drain's end, never both: both are sections of one lock."""
        require(s.up[u] == Up.IDLE, s.state in (S.PREPARING_UPGRADE, S.DRAINING))
        if s.state == S.DRAINING:
            s.state = S.ROLLED_BACK
            s.failed += 1
            s.reopen()
            for w in every(Upgrader):
                s.woken[w] = s.woken[w] or s.up[w] == Up.WAIT
        else:
            s.state = S.ACTIVE
            if s.pending != 0:
                s.mine[u] = s.pending
                s.pending = Version(0)
                s.up[u] = Up.DISCARD
        for w in every(Upgrader):
            s.ticket[w] = False

    @action
    def discard(s, u: Upgrader) -> None:
        require(s.up[u] == Up.DISCARD)
        assert s.life[s.mine[u]] == Life.CANDIDATE, "M4: a candidate that never became current is freed exactly once"
        s.life[s.mine[u]] = Life.FREED
        s.leave(u)

    @action(fair=False)
    def acknowledge(s) -> None:
        require(s.state == S.ROLLED_BACK, s.gate != Gate.SHUT)
        s.state = S.ACTIVE

    @action(fair=False)
    def unregister(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.settled(), s.gate != Gate.SHUT)
        s.publish(s.code[s.now], Gate.SHUT)
        s.retire(u, s.code[s.now])

    # == words ======================================================================================================
    def settled(s) -> bool:
        return s.state in (S.ACTIVE, S.ROLLED_BACK)

    def alive(s) -> int:
        return sum(s.life[v] in (Life.CANDIDATE, Life.LIVE, Life.RETIRED) for v in every(Version))

    def room(s) -> bool:
        return s.alive() + sum(s.up[u] == Up.BUILD for u in every(Upgrader)) < s.cap

    def publish(s, v: Version, gate: Gate) -> None:
        s.now += 1
        s.code[s.now] = v
        s.gate = gate

    def reopen(s) -> None:
        if s.gate == Gate.HELD:
            s.publish(s.code[s.now], Gate.OPEN)

    def roll_back(s, u: Upgrader) -> None:
        s.state = S.ROLLED_BACK
        s.failed += 1
        s.ticket[u] = False

    def may_decide(s, u: Upgrader) -> bool:
        return s.up[u] == Up.DECIDE or (s.up[u] == Up.IDLE and s.probation)

    def reinstate(s, u: Upgrader) -> None:
        reverted = s.code[s.now]
        s.publish(s.previous, Gate.OPEN)
        s.state = S.ROLLED_BACK
        s.failed += 1
        s.retire(u, reverted)

    def retire(s, u: Upgrader, v: Version) -> None:
        s.life[v] = Life.RETIRED
        s.mine[u] = v
        s.previous = Version(0)
        s.probation = False
        s.up[u] = Up.LOOK

    def leave(s, u: Upgrader) -> None:
        s.up[u] = Up.IDLE
        s.mine[u] = Version(0)
        s.ticket[u] = False

    def runs(s, t: Thread) -> bool:
        return s.pc[t] in (Pc.RUN, Pc.NESTED)

    def is_out(s, t: Thread) -> bool:
        """It has no call under way, though it may still have to look whom it leaves behind."""
        return s.pc[t] in (Pc.IDLE, Pc.PEEK, Pc.LOOK)

    def holds(s, t: Thread, e: Epoch) -> bool:
        return s.pc[t] in (Pc.CONFIRM, Pc.RETRACT, Pc.RUN, Pc.NESTED) and s.epoch[t] == e

    def drained(s) -> bool:
        return s.policy == P.OVERLAP or all(s.holders[e] == 0 for e in every(Epoch) if e < s.now)

    def unheld(s, v: Version) -> bool:
        return all(s.holders[e] == 0 for e in every(Epoch) if e <= s.now and s.code[e] == v)

    def reclaim(s, v: Version) -> None:
        """Retired and unheld: whoever sees that first frees it, once."""
        if s.life[v] == Life.RETIRED and s.unheld(v):
            assert v != s.code[s.now] or s.gate == Gate.SHUT, "M2: the current version is never freed"
            assert s.nobody_runs(v), "R3: no running call loses its version"
            s.life[v] = Life.FREED

    def wake(s) -> None:
        """Set the event of whoever waits for a drain that has come to its end."""
        if s.drained():
            for u in every(Upgrader):
                s.woken[u] = s.woken[u] or s.up[u] in (Up.WAIT, Up.UNDO_WAIT)

    def nobody_runs(s, v: Version) -> bool:
        return all(s.code[s.epoch[t]] != v for t in every(Thread) if s.runs(t))
