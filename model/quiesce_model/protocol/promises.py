"""What is promised, rule by rule: claims about states, claims about steps, and what must be seen."""

from __future__ import annotations

from quiesce_model.language import every, implies, invariant, sometimes, transition
from quiesce_model.protocol.steps import Steps
from quiesce_model.vocabulary import DrainPolicy, Gate, HotReloadState, Life, Phase, Thread, Version

S, P = HotReloadState, DrainPolicy


class Promises(Steps):
    """What every state and every step keeps, by rule id, and what must be seen besides."""

    @invariant("R3", "M1", "M3")
    def a_running_call_has_its_version(s) -> bool:
        return all(s.life[s.runs[t]] in (Life.LIVE, Life.RETIRED) for t in every(Thread) if s.running(t))

    @invariant("R4")
    def a_nested_call_runs_on_the_version_of_the_outer_one(s) -> bool:
        return all(s.inner[t] == s.runs[t] for t in every(Thread) if s.phase[t] == Phase.NESTED)

    @invariant("T1")
    def the_manifest_is_that_of_the_current_version(s) -> bool:
        return s.manifest == s.current

    @invariant("M2")
    def the_current_version_is_live(s) -> bool:
        return s.gate == Gate.SHUT or s.life[s.current] == Life.LIVE

    @invariant("M2")
    def what_a_revert_would_bring_back_is_live(s) -> bool:
        return implies(s.state == S.UPGRADE_COMPLETE, s.life[s.previous] == Life.LIVE and s.previous != s.current)

    @invariant("M2", "L1")
    def live_means_current_or_on_probation(s) -> bool:
        return all(
            v == s.current or (s.state == S.UPGRADE_COMPLETE and v == s.previous)
            for v in every(Version)
            if s.life[v] == Life.LIVE
        )

    @invariant("M4")
    def the_candidate_is_one(s) -> bool:
        return implies(s.candidate != 0, s.life[s.candidate] == Life.CANDIDATE) and implies(
            s.state in (S.DRAINING, S.SWAPPING), s.candidate != 0
        )

    @invariant("B1", "L2")
    def no_upgrade_means_nothing_pending(s) -> bool:
        """A candidate, its readiness, a version to go back to: each belongs to the stage of an upgrade."""
        return (
            implies(s.candidate != 0, s.state in (S.PREPARING_UPGRADE, S.DRAINING, S.SWAPPING))
            and implies(s.ready, s.state == S.PREPARING_UPGRADE and s.candidate != 0)
            and implies(s.previous != 0 or s.undecided, s.state == S.UPGRADE_COMPLETE)
        )

    @invariant("T4")
    def the_candidate_is_newer(s) -> bool:
        return implies(s.candidate != 0, s.current < s.candidate)

    @invariant("G2")
    def out_of_service_is_for_good(s) -> bool:
        return implies(s.gate == Gate.SHUT, s.settled())

    @invariant("M7")
    def few_versions_are_alive(s) -> bool:
        return s.alive() + s.building <= s.cap

    @invariant("D3")
    def the_swap_follows_the_drain(s) -> bool:
        return implies(s.state == S.SWAPPING, not s.somebody_is_awaited())

    @invariant("D5")
    def hold_never_runs_old_and_new_at_once(s) -> bool:
        return s.policy != P.HOLD or all(s.runs[t] == s.current for t in every(Thread) if s.running(t))

    @invariant("H1")
    def state_is_handed_over_when_no_call_runs(s) -> bool:
        return s.policy != P.HOLD or implies(s.state == S.SWAPPING, all(not s.running(t) for t in every(Thread)))

    @invariant("D5")
    def the_gate_is_closed_for_a_drain_only(s) -> bool:
        return implies(
            s.gate == Gate.HELD, s.policy == P.HOLD and (s.state in (S.DRAINING, S.SWAPPING) or s.reverting())
        )

    @invariant("D5")
    def hold_closes_the_gate_for_every_drain(s) -> bool:
        return implies(
            s.policy == P.HOLD and (s.state in (S.DRAINING, S.SWAPPING) or s.reverting()), s.gate == Gate.HELD
        )

    @invariant("D2")
    def behind_a_closed_gate_all_calls_are_awaited(s) -> bool:
        return implies(s.gate == Gate.HELD, all(s.awaited[t] == s.running(t) for t in every(Thread)))

    @invariant
    def unborn_means_beyond_the_newest(s) -> bool:
        return all((s.life[v] == Life.UNBORN) == (v > s.newest) for v in every(Version))

    @invariant("B3")
    def after_a_failure_nothing_is_in_the_way(s) -> bool:
        """A new upgrade may be prepared as soon as somebody wishes and the versions alive leave room."""
        return implies(
            s.state == S.ROLLED_BACK and s.gate != Gate.SHUT,
            s.gate == Gate.OPEN and s.candidate == 0 and s.previous == 0 and not s.undecided,
        )

    @transition("R1")
    def a_call_starts_once_and_ends_once(s, after: Steps) -> bool:
        """None is dropped on its way, none ends without having run; only a plugin out of service turns one away."""
        return all(
            after.running(t) or after.phase[t] == Phase.IDLE
            if s.running(t)
            else not after.running(t)
            if s.phase[t] == Phase.IDLE
            else after.phase[t] != Phase.IDLE or s.gate == Gate.SHUT
            for t in every(Thread)
        )

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

    @transition("R2")
    def a_call_keeps_its_version(s, after: Steps) -> bool:
        return all(
            after.runs[t] == s.runs[t]
            for t in every(Thread)
            if s.running(t) and after.phase[t] in (Phase.RUNNING, Phase.NESTED)
        )

    @transition("D1")
    def draining_opens_an_epoch(s, after: Steps) -> bool:
        return implies(s.state != S.DRAINING and after.state == S.DRAINING, after.epoch == s.epoch + 1)

    @transition("T1", "B1")
    def a_new_version_is_a_new_epoch(s, after: Steps) -> bool:
        return after.current == s.current or (
            after.epoch == s.epoch + 1
            and (
                (s.state == S.SWAPPING and after.current == s.candidate)
                or (s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK and after.current == s.previous)
            )
        )

    @transition("H2")
    def a_failed_handover_leaves_the_old_version_behind_an_open_gate(s, after: Steps) -> bool:
        return implies(
            s.state == S.SWAPPING and after.state == S.ROLLED_BACK,
            after.current == s.current and after.gate == Gate.OPEN and after.life[after.current] == Life.LIVE,
        )

    @transition("T4")
    def versions_go_back_by_a_revert_only(s, after: Steps) -> bool:
        return s.current <= after.current or (s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK)

    @transition("M1", "M3")
    def life_moves_forward(s, after: Steps) -> bool:
        return all(
            after.life[v] == s.life[v]
            or (s.life[v] == Life.UNBORN and after.life[v] == Life.CANDIDATE)
            or (s.life[v] == Life.CANDIDATE and after.life[v] in (Life.LIVE, Life.FREED))
            or (s.life[v] == Life.LIVE and after.life[v] == Life.RETIRED)
            or (s.life[v] == Life.RETIRED and after.life[v] == Life.FREED)
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
        return any(s.running(t) and s.life[s.runs[t]] == Life.RETIRED for t in every(Thread))

    @sometimes("R4")
    def a_nested_call_spans_an_epoch(s) -> bool:
        return any(
            s.phase[t] == Phase.NESTED and (s.inner[t] != s.current if s.policy == P.OVERLAP else s.awaited[t])
            for t in every(Thread)
        )

    @sometimes("M3")
    def the_old_version_is_freed(s) -> bool:
        return s.life[Version(0)] == Life.FREED and s.gate == Gate.OPEN

    @sometimes("M7")
    def the_bound_on_live_versions_is_reached(s) -> bool:
        return s.alive() + s.building == s.cap

    @sometimes("B1")
    def a_reverted_version_is_freed_and_the_old_one_serves(s) -> bool:
        return s.state == S.ROLLED_BACK and s.current == 0 and s.epoch > 1 and s.life[Version(1)] == Life.FREED

    @sometimes("G2")
    def an_unregistered_version_is_freed(s) -> bool:
        return s.gate == Gate.SHUT and s.life[s.current] == Life.FREED
