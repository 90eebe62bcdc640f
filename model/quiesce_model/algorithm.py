"""How hot reload is done: every atomic step of every thread is an action.

One pointer is published: ``now``, the number of an epoch record, which stands for a version (``code[now]``) and carries
the gate.  A caller reads the pointer, becomes a holder of that record, and reads the pointer again: only if it has not
moved does the call start.  Everything else follows from that second look, because a record that is no longer current
can never gain a call.

Callers take no lock.  What an upgrader does between two waits is one critical section of the plugin's lock and so one
action; callers see of it only the write of the pointer, which is why a section may publish at most once.

Rejected: a counter per epoch with the instance behind a pointer of its own (epoch and version disagree, see
``known_bad``); a gate beside the pointer (old and new run at once); freeing in two steps, look and then free (needs a
compare-and-swap that the critical section makes superfluous); publishing a retired version again (frees it under a
running call).

Sources: hazard pointers (Michael 2004), arc-swap and crossbeam-epoch for announce and confirm; RCU for the grace period.
"""

from __future__ import annotations

from typing import ClassVar

from quiesce_model.language import (
    Map,
    Model,
    action,
    each,
    every,
    implies,
    invariant,
    require,
    sometimes,
    theorem,
    transition,
)
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


class Algorithm(Model):
    """The algorithm, whatever the drain policy; `Continue`, `Hold` and `Overlap` differ in that constant only."""

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
        require(s.policy != P.OVERLAP, s.up[u] == Up.WAIT, not s.woken[u])
        s.roll_back(u)
        s.reopen()
        s.up[u] = Up.DISCARD

    @action
    def hand_over(s, u: Upgrader) -> None:
        require(s.policy == P.HOLD, s.up[u] == Up.HANDOVER)
        assert not any(s.runs(t) for t in every(Thread)), "H1: state is handed over when no call runs"
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
        require(s.state == S.ROLLED_BACK)
        s.state = S.ACTIVE

    @action(fair=False)
    def unregister(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.settled(), s.gate != Gate.SHUT)
        s.publish(s.code[s.now], Gate.SHUT)
        s.retire(u, s.code[s.now])

    # == words ======================================================================================================
    def settled(s) -> bool:
        return s.state in (S.ACTIVE, S.ROLLED_BACK)

    def room(s) -> bool:
        alive = sum(s.life[v] in (Life.CANDIDATE, Life.LIVE, Life.RETIRED) for v in every(Version))
        return alive + sum(s.up[u] == Up.BUILD for u in every(Upgrader)) < s.cap

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
        return s.up[u] == Up.DECIDE or s.up[u] == Up.IDLE and s.probation

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

    # == what is promised ===========================================================================================
    @invariant("R3", "R5")
    def a_running_call_has_its_version(s) -> bool:
        return all(s.life[s.code[s.epoch[t]]] in (Life.LIVE, Life.RETIRED) for t in every(Thread) if s.runs(t))

    @invariant("R4")
    def a_nested_call_runs_on_the_version_of_the_outer_one(s) -> bool:
        return all(s.code[s.inner[t]] == s.code[s.epoch[t]] for t in every(Thread) if s.pc[t] == Pc.NESTED)

    @invariant("M2")
    def the_current_version_is_live(s) -> bool:
        return s.gate == Gate.SHUT or s.life[s.code[s.now]] == Life.LIVE

    @invariant("M2")
    def what_a_revert_would_bring_back_is_live(s) -> bool:
        return implies(s.state == S.UPGRADE_COMPLETE, s.life[s.previous] == Life.LIVE and s.previous != s.code[s.now])

    @invariant("D5")
    def hold_never_runs_old_and_new_at_once(s) -> bool:
        if s.policy != P.HOLD:
            return True
        return all(s.code[s.epoch[t]] == s.code[s.now] for t in every(Thread) if s.runs(t))

    @invariant("D2", "D3")
    def the_swap_follows_the_drain(s) -> bool:
        """No call that began before the drain still runs when the version is swapped."""
        return s.policy == P.OVERLAP or all(
            s.epoch[t] == s.now
            for u in every(Upgrader)
            if s.up[u] in (Up.HANDOVER, Up.SWAP)
            for t in every(Thread)
            if s.runs(t)
        )

    @invariant("D5")
    def the_gate_is_closed_for_a_drain_only(s) -> bool:
        """Held calls are all let go at swap, rollback and cancel."""
        return implies(
            s.gate == Gate.HELD,
            s.policy == P.HOLD
            and (
                s.state in (S.DRAINING, S.SWAPPING)
                or s.state == S.UPGRADE_COMPLETE
                and any(s.up[u] in (Up.UNDO_SCAN, Up.UNDO_WAIT) for u in every(Upgrader))
            ),
        )

    @invariant("M7")
    def few_versions_are_alive(s) -> bool:
        return sum(s.life[v] in (Life.CANDIDATE, Life.LIVE, Life.RETIRED) for v in every(Version)) <= s.cap

    @theorem("M5")
    def nothing_leaks(s) -> bool:
        """When all is quiet, a retired version has been freed."""
        return all(
            s.life[v] != Life.RETIRED
            for v in every(Version)
            if all(s.pc[t] in (Pc.IDLE, Pc.READ, Pc.ANNOUNCE) for t in every(Thread))
            and all(s.up[u] == Up.IDLE for u in every(Upgrader))
        )

    @theorem("M4", "B1")
    def no_candidate_is_left_behind(s) -> bool:
        return all(
            s.life[v] != Life.CANDIDATE
            for v in every(Version)
            if s.settled() and all(s.up[u] == Up.IDLE for u in every(Upgrader))
        )

    @transition("T2", "T3")
    def a_call_starts_on_the_current_version(s, after: Algorithm) -> bool:
        return all(
            after.code[after.epoch[t]] == s.code[s.now]
            for t in every(Thread)
            if after.pc[t] == Pc.RUN and s.pc[t] not in (Pc.RUN, Pc.NESTED)
        )

    @transition("R2")
    def a_call_keeps_its_version(s, after: Algorithm) -> bool:
        return all(
            after.code[after.epoch[t]] == s.code[s.epoch[t]]
            for t in every(Thread)
            if s.pc[t] in (Pc.RUN, Pc.NESTED) and after.pc[t] in (Pc.RUN, Pc.NESTED)
        )

    @transition("D1")
    def draining_opens_an_epoch(s, after: Algorithm) -> bool:
        return implies(s.state != S.DRAINING and after.state == S.DRAINING, after.now == s.now + 1)

    @transition("L1")
    def only_the_listed_transitions(s, after: Algorithm) -> bool:
        return (
            after.state == s.state
            or (s.state == S.ACTIVE and after.state == S.PREPARING_UPGRADE)
            or (s.state == S.PREPARING_UPGRADE and after.state in (S.DRAINING, S.ROLLED_BACK, S.ACTIVE))
            or (s.state == S.DRAINING and after.state in (S.SWAPPING, S.ROLLED_BACK))
            or (s.state == S.SWAPPING and after.state in (S.UPGRADE_COMPLETE, S.ROLLED_BACK))
            or (s.state == S.UPGRADE_COMPLETE and after.state in (S.ACTIVE, S.ROLLED_BACK))
            or (s.state == S.ROLLED_BACK and after.state in (S.ACTIVE, S.PREPARING_UPGRADE))
        )

    @transition("T1", "B1")
    def only_a_swap_and_a_revert_change_the_version(s, after: Algorithm) -> bool:
        return (
            after.code[after.now] == s.code[s.now]
            or (s.state == S.SWAPPING and after.state == S.UPGRADE_COMPLETE)
            or (s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK and after.code[after.now] == s.previous)
        )

    @transition("T4")
    def versions_go_back_by_a_revert_only(s, after: Algorithm) -> bool:
        return s.code[s.now] <= after.code[after.now] or (
            s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK and after.now == s.now + 1
        )

    @transition("V4")
    def a_publication_is_one_new_epoch(s, after: Algorithm) -> bool:
        return after.now == s.now or after.now == s.now + 1

    @transition("M1", "M3")
    def life_moves_forward(s, after: Algorithm) -> bool:
        return all(
            after.life[v] == s.life[v]
            or (s.life[v] == Life.UNBORN and after.life[v] == Life.CANDIDATE)
            or (s.life[v] == Life.CANDIDATE and after.life[v] in (Life.LIVE, Life.FREED))
            or (s.life[v] == Life.LIVE and after.life[v] == Life.RETIRED)
            or (s.life[v] == Life.RETIRED and after.life[v] == Life.FREED and s.unheld(v))
            for v in every(Version)
        )

    @transition("B2", "S1")
    def each_upgrade_is_counted_once(s, after: Algorithm) -> bool:
        return (
            after.failed == s.failed + 1 and after.succeeded == s.succeeded
            if s.state != S.ROLLED_BACK and after.state == S.ROLLED_BACK
            else after.succeeded == s.succeeded + 1 and after.failed == s.failed
            if s.state == S.UPGRADE_COMPLETE and after.state == S.ACTIVE
            else after.failed == s.failed and after.succeeded == s.succeeded
        )

    # == the argument ===============================================================================================
    @invariant("M1")
    def holders_are_counted(s) -> bool:
        return all(s.holders[e] == sum(s.holds(t, e) for t in every(Thread)) for e in every(Epoch))

    @invariant
    def callers_hold_published_records(s) -> bool:
        return all(s.epoch[t] <= s.now for t in every(Thread))

    @invariant("L2")
    def one_attempt_at_a_time(s) -> bool:
        return all(u == w for u in every(Upgrader) for w in every(Upgrader) if s.drives(u) and s.drives(w))

    def drives(s, u: Upgrader) -> bool:
        return s.ticket[u] or s.up[u] in (Up.HANDOVER, Up.SWAP, Up.DECIDE, Up.UNDO_SCAN, Up.UNDO_WAIT)

    @invariant("L1", "L5")
    def the_state_tells_where_the_upgrade_is(s) -> bool:
        return all(
            s.state == S.PREPARING_UPGRADE and s.pending == 0
            if s.ticket[u] and s.up[u] in (Up.BUILD, Up.INIT)
            else s.state == S.DRAINING
            if s.ticket[u] and s.up[u] in (Up.SCAN, Up.WAIT)
            else s.state == S.SWAPPING
            if s.up[u] in (Up.HANDOVER, Up.SWAP)
            else s.state == S.UPGRADE_COMPLETE
            if s.up[u] in (Up.DECIDE, Up.UNDO_SCAN, Up.UNDO_WAIT)
            else not s.ticket[u]
            for u in every(Upgrader)
        )

    @invariant("L4")
    def an_upgrade_under_way_is_somebodys(s) -> bool:
        return (
            s.settled()
            or (s.state == S.PREPARING_UPGRADE and s.pending != 0)
            or (s.state == S.UPGRADE_COMPLETE and s.probation)
            or any(s.drives(u) for u in every(Upgrader))
        )

    @invariant
    def unborn_means_beyond_the_newest(s) -> bool:
        return all((s.life[v] == Life.UNBORN) == (v > s.newest) for v in every(Version))

    @invariant("M4")
    def a_candidate_belongs_to_one_upgrade(s) -> bool:
        return all(
            s.life[s.mine[u]] == Life.CANDIDATE
            and all(w == u or s.mine[w] != s.mine[u] for w in every(Upgrader))
            and s.mine[u] != s.pending
            for u in every(Upgrader)
            if s.up[u] in (Up.INIT, Up.SCAN, Up.WAIT, Up.HANDOVER, Up.SWAP, Up.DISCARD)
        ) and implies(s.pending != 0, s.life[s.pending] == Life.CANDIDATE and s.state == S.PREPARING_UPGRADE)

    @invariant("M1", "M3")
    def a_freed_version_has_no_call(s) -> bool:
        return all(s.nobody_runs(v) for v in every(Version) if s.life[v] == Life.FREED)

    @invariant("D3")
    def behind_a_closed_gate_nobody_starts(s) -> bool:
        return implies(s.gate != Gate.OPEN, all(s.epoch[t] < s.now or s.epoch[t] == 0 for t in every(Thread)))

    @invariant("V1")
    def a_drain_that_has_ended_is_noticed(s) -> bool:
        """Whoever waits has been woken, or something that it waits for is held, or somebody is about to look."""
        return all(
            s.woken[u]
            or any(s.epoch[t] < s.now and s.pc[t] not in (Pc.IDLE, Pc.READ, Pc.ANNOUNCE) for t in every(Thread))
            for u in every(Upgrader)
            if s.up[u] in (Up.WAIT, Up.UNDO_WAIT)
        )

    @invariant("M5")
    def somebody_cleans_up(s) -> bool:
        """Each retired version is held, or somebody is about to look."""
        return all(
            any(s.code[s.epoch[t]] == v and s.pc[t] not in (Pc.IDLE, Pc.READ, Pc.ANNOUNCE) for t in every(Thread))
            or any(s.mine[u] == v and s.up[u] == Up.LOOK for u in every(Upgrader))
            for v in every(Version)
            if s.life[v] == Life.RETIRED
        )

    # == what must be seen, or the rest says nothing ================================================================
    @sometimes("R3")
    def a_call_runs_on_a_retired_version(s) -> bool:
        return any(s.runs(t) and s.life[s.code[s.epoch[t]]] == Life.RETIRED for t in every(Thread))

    @sometimes("R4")
    def a_nested_call_runs_behind_the_current_epoch(s) -> bool:
        return any(s.pc[t] == Pc.NESTED and s.inner[t] < s.now for t in every(Thread))

    @sometimes("M3")
    def the_old_version_is_freed(s) -> bool:
        return s.life[0] == Life.FREED and s.gate == Gate.OPEN

    @sometimes("B1")
    def a_reverted_version_is_freed_and_the_old_one_serves(s) -> bool:
        return s.state == S.ROLLED_BACK and s.code[s.now] == 0 and s.now > 1 and s.life[1] == Life.FREED

    @sometimes("G2")
    def an_unregistered_version_is_freed(s) -> bool:
        return s.gate == Gate.SHUT and s.life[s.code[s.now]] == Life.FREED

    def old_and_new_run(s) -> bool:
        return any(
            s.runs(t) and s.runs(x) and s.code[s.epoch[t]] != s.code[s.epoch[x]]
            for t in every(Thread)
            for x in every(Thread)
        )

    def a_call_is_awaited(s) -> bool:
        return any(s.up[u] == Up.WAIT and not s.woken[u] and s.runs(t) for u in every(Upgrader) for t in every(Thread))


class Continue(Algorithm):
    """The default: a call that arrives in Draining runs on the old version; the swap waits for those before it."""

    policy = P.CONTINUE

    @sometimes("D2")
    def a_drain_waits(s) -> bool:
        return s.a_call_is_awaited()

    @sometimes("D5")
    def two_versions_run_at_once(s) -> bool:
        """Calls that arrived during the drain finish beside those that arrived after the swap."""
        return s.old_and_new_run()


class Hold(Algorithm):
    """Old and new never run at once: a call that arrives in Draining waits at the gate."""

    policy = P.HOLD

    @sometimes("D2")
    def a_drain_waits(s) -> bool:
        return s.a_call_is_awaited()

    @sometimes("D5")
    def a_call_waits_at_the_gate(s) -> bool:
        return s.gate == Gate.HELD and any(s.pc[t] == Pc.READ for t in every(Thread))

    @sometimes("H1")
    def state_is_handed_over(s) -> bool:
        return any(s.up[u] == Up.SWAP for u in every(Upgrader))


class Overlap(Algorithm):
    """An upgrade never waits: it swaps at once, and the old version finishes its calls afterwards."""

    policy = P.OVERLAP

    @sometimes("D5")
    def two_versions_run_at_once(s) -> bool:
        return s.old_and_new_run()


POLICIES: tuple[type[Algorithm], ...] = (Continue, Hold, Overlap)
