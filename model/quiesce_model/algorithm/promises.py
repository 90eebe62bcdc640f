"""What the algorithm promises, rule by rule: claims about states, claims about steps, and what must be seen.

A claim that merely never fails says little, so each *always* has a *sometimes* that shows its case to occur.
"""

from __future__ import annotations

from quiesce_model.algorithm.steps import Steps
from quiesce_model.language import every, implies, invariant, sometimes, theorem, transition
from quiesce_model.vocabulary import DrainPolicy, Gate, HotReloadState, Life, Pc, Thread, Up, Upgrader, Version

S, P = HotReloadState, DrainPolicy


class Promises(Steps):
    """What every state and every step keeps, by rule id, and what must be seen besides."""

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

    @invariant("H1")
    def state_is_handed_over_when_no_call_runs(s) -> bool:
        return all(not s.runs(t) for u in every(Upgrader) if s.up[u] == Up.HANDOVER for t in every(Thread))

    @invariant("D5")
    def the_gate_is_closed_for_a_drain_only(s) -> bool:
        """Held calls are all let go at swap, rollback and cancel."""
        return implies(
            s.gate == Gate.HELD,
            s.policy == P.HOLD
            and (
                s.state in (S.DRAINING, S.SWAPPING)
                or (
                    s.state == S.UPGRADE_COMPLETE
                    and any(s.up[u] in (Up.UNDO_SCAN, Up.UNDO_WAIT) for u in every(Upgrader))
                )
            ),
        )

    @invariant("M7")
    def few_versions_are_alive(s) -> bool:
        return s.alive() <= s.cap

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

    @invariant("B3")
    def after_a_failure_nothing_is_in_the_way(s) -> bool:
        """A new upgrade may be prepared as soon as somebody wishes and the versions alive leave room."""
        return implies(
            s.state == S.ROLLED_BACK and s.gate != Gate.SHUT,
            s.gate == Gate.OPEN
            and s.pending == 0
            and s.previous == 0
            and all(
                s.up[u] in (Up.IDLE, Up.BUILD, Up.INIT, Up.SCAN, Up.WAIT, Up.DISCARD, Up.LOOK) for u in every(Upgrader)
            )
            and all(not s.ticket[u] for u in every(Upgrader)),
        )

    @transition("R1")
    def a_call_starts_once_and_ends_once(s, after: Steps) -> bool:
        """None is dropped on its way, none ends without having run; only a plugin out of service turns one away."""
        return all(
            after.runs(t) or after.is_out(t)
            if s.runs(t)
            else not after.runs(t)
            if s.is_out(t)
            else not after.is_out(t) or s.gate == Gate.SHUT
            for t in every(Thread)
        )

    @transition("T2", "T3")
    def a_call_starts_on_the_current_version(s, after: Steps) -> bool:
        return all(
            after.code[after.epoch[t]] == s.code[s.now]
            for t in every(Thread)
            if after.pc[t] == Pc.RUN and s.pc[t] not in (Pc.RUN, Pc.NESTED)
        )

    @transition("R2")
    def a_call_keeps_its_version(s, after: Steps) -> bool:
        return all(
            after.code[after.epoch[t]] == s.code[s.epoch[t]]
            for t in every(Thread)
            if s.pc[t] in (Pc.RUN, Pc.NESTED) and after.pc[t] in (Pc.RUN, Pc.NESTED)
        )

    @transition("D1")
    def draining_opens_an_epoch(s, after: Steps) -> bool:
        return implies(s.state != S.DRAINING and after.state == S.DRAINING, after.now == s.now + 1)

    @transition("L1")
    def only_the_listed_transitions(s, after: Steps) -> bool:
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
    def only_a_swap_and_a_revert_change_the_version(s, after: Steps) -> bool:
        return (
            after.code[after.now] == s.code[s.now]
            or (s.state == S.SWAPPING and after.state == S.UPGRADE_COMPLETE)
            or (s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK and after.code[after.now] == s.previous)
        )

    @transition("H2")
    def a_failed_handover_leaves_the_old_version_behind_an_open_gate(s, after: Steps) -> bool:
        return implies(
            s.state == S.SWAPPING and after.state == S.ROLLED_BACK,
            after.code[after.now] == s.code[s.now]
            and after.gate == Gate.OPEN
            and after.life[after.code[after.now]] == Life.LIVE,
        )

    @transition("T4")
    def versions_go_back_by_a_revert_only(s, after: Steps) -> bool:
        return s.code[s.now] <= after.code[after.now] or (
            s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK and after.now == s.now + 1
        )

    @transition("V4")
    def a_retry_is_caused_by_a_publication(s, after: Steps) -> bool:
        return all(s.epoch[t] < s.now for t in every(Thread) if s.pc[t] == Pc.CONFIRM and after.pc[t] == Pc.RETRACT)

    @transition("V4")
    def a_publication_is_one_new_epoch(s, after: Steps) -> bool:
        return after.now == s.now or after.now == s.now + 1

    @transition("M1", "M3")
    def life_moves_forward(s, after: Steps) -> bool:
        return all(
            after.life[v] == s.life[v]
            or (s.life[v] == Life.UNBORN and after.life[v] == Life.CANDIDATE)
            or (s.life[v] == Life.CANDIDATE and after.life[v] in (Life.LIVE, Life.FREED))
            or (s.life[v] == Life.LIVE and after.life[v] == Life.RETIRED)
            or (s.life[v] == Life.RETIRED and after.life[v] == Life.FREED and s.unheld(v))
            for v in every(Version)
        )

    @transition("B2", "S1")
    def each_upgrade_is_counted_once(s, after: Steps) -> bool:
        return (
            after.failed == s.failed + 1 and after.succeeded == s.succeeded
            if s.state != S.ROLLED_BACK and after.state == S.ROLLED_BACK
            else after.succeeded == s.succeeded + 1 and after.failed == s.failed
            if s.state == S.UPGRADE_COMPLETE and after.state == S.ACTIVE
            else after.failed == s.failed and after.succeeded == s.succeeded
        )

    # == what must be seen, or the rest says nothing ================================================================
    @sometimes("L4")
    def active_is_reached(s) -> bool:
        """Or the plugin is out of service for good.  To be asked of every state, not of the first: none is a trap."""
        return s.state == S.ACTIVE or s.gate == Gate.SHUT

    @sometimes("R3")
    def a_call_runs_on_a_retired_version(s) -> bool:
        return any(s.runs(t) and s.life[s.code[s.epoch[t]]] == Life.RETIRED for t in every(Thread))

    @sometimes("R4")
    def a_nested_call_runs_behind_the_current_epoch(s) -> bool:
        return any(s.pc[t] == Pc.NESTED and s.inner[t] < s.now for t in every(Thread))

    @sometimes("M3")
    def the_old_version_is_freed(s) -> bool:
        return s.life[Version(0)] == Life.FREED and s.gate == Gate.OPEN

    @sometimes("M7")
    def the_bound_on_live_versions_is_reached(s) -> bool:
        return not s.room()

    @sometimes("B1")
    def a_reverted_version_is_freed_and_the_old_one_serves(s) -> bool:
        return s.state == S.ROLLED_BACK and s.code[s.now] == 0 and s.now > 1 and s.life[Version(1)] == Life.FREED

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
