"""The argument: invariants that nobody asked for, and without which the promises could not be proved step by step.

Read it as five small tables: what callers hold, what upgraders have in hand, what the state says about them, what a
closed gate and a woken waiter mean, and who is left to notice and to clean up.  What happens without each of them is
tried by ``prove.vacuity``: nearly all are needed to show that some step keeps some other one, the rest (that a freed
version has no call, that an upgrade under way is somebody's) are worth saying, or carry the liveness argument.
"""

from __future__ import annotations

from quiesce_model.algorithm.promises import Promises
from quiesce_model.language import every, implies, invariant
from quiesce_model.vocabulary import DrainPolicy, Epoch, Gate, HotReloadState, Life, Pc, Thread, Up, Upgrader, Version

S, P = HotReloadState, DrainPolicy


class Argument(Promises):
    """Why the promises hold: what ties callers, records, versions and upgraders to each other."""

    # == callers and records ========================================================================================
    @invariant("M1", "R3")
    def holders_are_counted(s) -> bool:
        return all(s.holders[e] == sum(s.holds(t, e) for t in every(Thread)) for e in every(Epoch))

    @invariant
    def callers_hold_published_records(s) -> bool:
        return all(s.epoch[t] <= s.now and s.inner[t] <= s.now for t in every(Thread))

    @invariant("M1", "M3")
    def a_freed_version_has_no_call(s) -> bool:
        return all(s.nobody_runs(v) for v in every(Version) if s.life[v] == Life.FREED)

    @invariant("D3", "D5")
    def behind_a_closed_gate_nobody_starts(s) -> bool:
        """Whoever read the pointer read an earlier one: the second look will fail."""
        return implies(s.gate != Gate.OPEN, all(s.epoch[t] < s.now for t in every(Thread)))

    # == versions and upgraders =====================================================================================
    @invariant
    def unborn_means_beyond_the_newest(s) -> bool:
        return all((s.life[v] == Life.UNBORN) == (v > s.newest) for v in every(Version))

    @invariant("M4")
    def what_is_to_be_published_or_discarded_is_a_candidate(s) -> bool:
        return all(
            s.life[s.mine[u]] == Life.CANDIDATE and s.mine[u] != s.pending
            for u in every(Upgrader)
            if s.has_a_candidate(u)
        )

    @invariant("M4")
    def a_candidate_belongs_to_one_upgrade(s) -> bool:
        return all(
            u == w or s.mine[u] != s.mine[w] for u in every(Upgrader) for w in every(Upgrader) if s.has_a_candidate(u)
        )

    @invariant("M4")
    def what_is_pending_is_a_candidate(s) -> bool:
        return implies(s.pending != 0, s.life[s.pending] == Life.CANDIDATE and s.state == S.PREPARING_UPGRADE)

    def has_a_candidate(s, u: Upgrader) -> bool:
        return s.up[u] in (Up.INIT, Up.SCAN, Up.WAIT, Up.HANDOVER, Up.SWAP, Up.DISCARD)

    @invariant
    def zero_means_none(s) -> bool:
        """The version that was registered never was a candidate, so 0 can stand for no candidate."""
        return s.life[Version(0)] != Life.CANDIDATE

    @invariant("M3")
    def who_has_no_candidate_has_nothing_or_what_is_retired(s) -> bool:
        return all(
            s.life[s.mine[u]] in (Life.RETIRED, Life.FREED) if s.up[u] == Up.LOOK else s.mine[u] == 0
            for u in every(Upgrader)
            if not s.has_a_candidate(u)
        )

    @invariant("T4")
    def what_will_be_published_is_newer(s) -> bool:
        return implies(s.pending != 0, s.code[s.now] < s.pending) and all(
            s.code[s.now] < s.mine[u]
            for u in every(Upgrader)
            if s.up[u] in (Up.HANDOVER, Up.SWAP) or (s.ticket[u] and s.up[u] in (Up.INIT, Up.SCAN, Up.WAIT))
        )

    @invariant("M7")
    def those_under_construction_have_room(s) -> bool:
        return s.alive() + sum(s.up[u] == Up.BUILD for u in every(Upgrader)) <= s.cap

    # == the state and the upgrade under way ========================================================================
    @invariant("L2")
    def one_attempt_at_a_time(s) -> bool:
        return all(u == w for u in every(Upgrader) for w in every(Upgrader) if s.drives(u) and s.drives(w))

    def drives(s, u: Upgrader) -> bool:
        return s.ticket[u] or s.up[u] in (Up.HANDOVER, Up.SWAP, Up.DECIDE, Up.UNDO_SCAN, Up.UNDO_WAIT)

    @invariant("L2")
    def what_waits_for_a_decision_is_in_nobodys_hands(s) -> bool:
        return implies(s.pending != 0 or s.probation, all(not s.drives(u) for u in every(Upgrader)))

    @invariant("L1", "L5")
    def the_state_tells_where_the_upgrade_is(s) -> bool:
        return all(
            (s.state == S.PREPARING_UPGRADE and s.pending == 0 and s.up[u] in (Up.BUILD, Up.INIT))
            or (s.state == S.DRAINING and s.up[u] in (Up.SCAN, Up.WAIT))
            if s.ticket[u]
            else s.state == S.SWAPPING
            if s.up[u] in (Up.HANDOVER, Up.SWAP)
            else s.state == S.UPGRADE_COMPLETE
            if s.up[u] in (Up.DECIDE, Up.UNDO_SCAN, Up.UNDO_WAIT)
            else True
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

    @invariant("B1", "L2")
    def no_probation_means_no_way_back(s) -> bool:
        return implies(s.previous != 0 or s.probation, s.state == S.UPGRADE_COMPLETE)

    @invariant("G2")
    def out_of_service_is_for_good(s) -> bool:
        return implies(s.gate == Gate.SHUT, s.settled())

    # == drains =====================================================================================================
    @invariant("D5")
    def hold_closes_the_gate_for_every_drain(s) -> bool:
        return implies(
            s.policy == P.HOLD
            and (
                s.state in (S.DRAINING, S.SWAPPING)
                or any(s.up[u] in (Up.UNDO_SCAN, Up.UNDO_WAIT) for u in every(Upgrader))
            ),
            s.gate == Gate.HELD,
        )

    @invariant("D5", "H1")
    def only_hold_hands_over_and_drains_for_a_revert(s) -> bool:
        return s.policy == P.HOLD or all(
            s.up[u] not in (Up.HANDOVER, Up.UNDO_SCAN, Up.UNDO_WAIT) for u in every(Upgrader)
        )

    @invariant("D2", "D3")
    def who_was_woken_may_go_on(s) -> bool:
        """No call from before the drain runs any more.  Doomed holders may still come and go."""
        return all(
            s.policy == P.OVERLAP or all(s.epoch[t] == s.now for t in every(Thread) if s.runs(t))
            for u in every(Upgrader)
            if s.woken[u] and (s.up[u] == Up.UNDO_WAIT or (s.up[u] == Up.WAIT and s.ticket[u]))
        )

    # == nothing is forgotten =======================================================================================
    @invariant("V1", "V2")
    def who_need_not_wait_is_woken(s) -> bool:
        """Nobody waits for the drain of an upgrade that was cancelled, nor under a policy without a drain."""
        return all(s.woken[u] for u in every(Upgrader) if s.up[u] == Up.WAIT and not (s.ticket[u] and s.may_wait()))

    def may_wait(s) -> bool:
        return s.policy != P.OVERLAP

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

    @invariant("M4")
    def no_candidate_is_forgotten(s) -> bool:
        return all(
            v == s.pending or any(s.mine[u] == v and s.has_a_candidate(u) for u in every(Upgrader))
            for v in every(Version)
            if s.life[v] == Life.CANDIDATE
        )
