"""The argument: invariants that nobody asked for, and without which the promises could not be proved step by step."""

from __future__ import annotations

from quiesce_model.algorithm.promises import Promises
from quiesce_model.language import every, implies, invariant
from quiesce_model.vocabulary import Epoch, Gate, HotReloadState, Life, Pc, Thread, Up, Upgrader, Version

S = HotReloadState


class Argument(Promises):
    """Why the promises hold: what ties callers, records, versions and upgraders to each other."""

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
