"""What hot reload promises, with no word on how it is done.

Read this first.  A call is invoked, starts, and finishes on the version on which it started; an upgrade walks the six
states; a version is born, lives, retires and is freed.  There is no pointer here, no holder, no lock and no upgrader
thread: each action is one thing that an observer of the whole plugin could see happen.  ``algorithm`` says how it is
done; every one of its steps is a step of this model or invisible to it.

Rejected: one machine per upgrade (hides that a cancelled candidate may still be under construction while the next
upgrade is under way); a promise per state only ("a cancelled upgrade never swaps" is visible in no single state, so
there are promises about steps, too).
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
    transition,
)
from quiesce_model.vocabulary import (
    DrainPolicy,
    Epoch,
    Gate,
    HotReloadState,
    Life,
    Phase,
    Tally,
    Thread,
    Version,
)

S, P = HotReloadState, DrainPolicy


class Protocol(Model):
    """The protocol, whatever the drain policy; the three subclasses differ in that constant only."""

    policy: ClassVar[DrainPolicy] = P.CONTINUE
    cap: ClassVar[int] = 3  # M7

    # -- the plugin -------------------------------------------------------------------------------------------------
    state: HotReloadState = S.ACTIVE
    current: Version = Version(0)  # the version that a call gets when it starts
    manifest: Version = Version(0)  # whose manifest is shown
    epoch: Epoch = Epoch(0)  # how many publications there were
    gate: Gate = Gate.OPEN
    newest: Version = Version(0)
    life: Map[Version, Life] = each(Life.UNBORN, {0: Life.LIVE})
    building: int = 0  # candidates under construction, those of cancelled upgrades included
    candidate: Version = Version(0)  # what the upgrade under way would publish; 0: nothing yet
    ready: bool = False  # the candidate is initialised and waits to be executed
    previous: Version = Version(0)  # what a revert would bring back
    undecided: bool = False  # the new version serves, and nobody has committed or reverted
    succeeded: Tally = Tally(0)
    failed: Tally = Tally(0)
    # -- each caller ------------------------------------------------------------------------------------------------
    phase: Map[Thread, Phase] = each(Phase.IDLE)
    runs: Map[Thread, Version] = each(0)  # the version of its call
    inner: Map[Thread, Version] = each(0)  # the version of its nested call
    awaited: Map[Thread, bool] = each(False)  # the drain under way waits for it

    # == a call =====================================================================================================
    @action(fair=False)
    def invoke(s, t: Thread) -> None:
        require(s.phase[t] == Phase.IDLE)
        s.phase[t] = Phase.INVOKED

    @action
    def start(s, t: Thread) -> None:
        """T2, by definition: the version is the current one at this instant."""
        require(s.phase[t] == Phase.INVOKED, s.gate == Gate.OPEN)
        assert s.life[s.current] == Life.LIVE, "R5: a call starts on a version that is initialised"
        s.phase[t] = Phase.RUNNING
        s.runs[t] = s.current

    @action
    def turned_away(s, t: Thread) -> None:
        require(s.phase[t] == Phase.INVOKED, s.gate == Gate.SHUT)
        s.phase[t] = Phase.IDLE

    @action(fair=False)
    def nest(s, t: Thread) -> None:
        require(s.phase[t] == Phase.RUNNING)
        s.inner[t] = s.runs[t]
        s.phase[t] = Phase.NESTED

    @action
    def unnest(s, t: Thread) -> None:
        require(s.phase[t] == Phase.NESTED)
        s.inner[t] = Version(0)
        s.phase[t] = Phase.RUNNING

    @action
    def finish(s, t: Thread) -> None:
        require(s.phase[t] == Phase.RUNNING)
        s.phase[t] = Phase.IDLE
        s.runs[t] = Version(0)
        s.awaited[t] = False

    # == an upgrade =================================================================================================
    @action(fair=False)
    def prepare_upgrade(s) -> None:
        require(s.settled(), s.gate != Gate.SHUT, s.alive() + s.building < s.cap)
        s.state = S.PREPARING_UPGRADE
        s.building += 1

    @action
    def build(s) -> None:
        require(s.preparing())
        s.candidate = s.construct()

    @action
    def build_fails(s) -> None:
        require(s.preparing())
        s.building -= 1
        s.roll_back()

    @action
    def build_of_a_cancelled_upgrade(s) -> None:
        """Construction cannot be interrupted: what comes of it is discarded."""
        require(s.somebody_builds_in_vain())
        s.construct()

    @action
    def build_of_a_cancelled_upgrade_fails(s) -> None:
        require(s.somebody_builds_in_vain())
        s.building -= 1

    @action
    def prepared(s) -> None:
        require(s.state == S.PREPARING_UPGRADE, s.candidate != 0, not s.ready)
        s.ready = True

    @action
    def init_fails(s) -> None:
        require(s.state == S.PREPARING_UPGRADE, s.candidate != 0, not s.ready)
        s.roll_back()

    @action(fair=False)
    def drain_in_flight(s) -> None:
        """D1: a new epoch; what runs now belongs to the old ones."""
        require(s.state == S.PREPARING_UPGRADE, s.ready)
        s.state = S.DRAINING
        s.ready = False
        s.epoch += 1
        s.gate = Gate.HELD if s.policy == P.HOLD else Gate.OPEN
        for t in every(Thread):
            s.awaited[t] = s.policy != P.OVERLAP and s.running(t)

    @action
    def drained(s) -> None:
        require(s.state == S.DRAINING, not s.somebody_is_awaited())
        s.state = S.SWAPPING

    @action(fair=False)
    def time_out(s) -> None:
        require(s.policy != P.OVERLAP, s.state == S.DRAINING)
        s.roll_back()

    @action
    def handover_fails(s) -> None:
        require(s.policy == P.HOLD, s.state == S.SWAPPING)
        assert not any(s.running(t) for t in every(Thread)), "H1: state is handed over when no call runs"
        s.roll_back()

    @action
    def atomic_swap(s) -> None:
        """T1: one publication; version, manifest and epoch change together."""
        require(s.state == S.SWAPPING)
        s.state = S.UPGRADE_COMPLETE
        s.previous = s.current
        s.current = s.candidate
        s.manifest = s.candidate
        s.life[s.candidate] = Life.LIVE
        s.candidate = Version(0)
        s.undecided = True
        s.epoch += 1
        s.gate = Gate.OPEN

    @action
    def commit(s) -> None:
        require(s.undecided)
        s.state = S.ACTIVE
        s.succeeded += 1
        s.retire(s.previous)

    @action
    def revert(s) -> None:
        """The old version is published again; under HOLD only when no call runs on the new one."""
        require(s.undecided if s.policy != P.HOLD else s.reverting() and not s.somebody_is_awaited())
        s.retire(s.current)
        s.current = s.previous
        s.manifest = s.previous
        s.previous = Version(0)
        s.state = S.ROLLED_BACK
        s.failed += 1
        s.epoch += 1
        s.gate = Gate.OPEN

    @action
    def drain_for_revert(s) -> None:
        require(s.policy == P.HOLD, s.undecided)
        s.undecided = False
        s.epoch += 1
        s.gate = Gate.HELD
        for t in every(Thread):
            s.awaited[t] = s.running(t)

    @action(fair=False)
    def revert_times_out(s) -> None:
        require(s.policy == P.HOLD, s.reverting())
        s.undecided = True
        s.reopen()

    @action(fair=False)
    def cancel_upgrade(s) -> None:
        require(s.state in (S.PREPARING_UPGRADE, S.DRAINING))
        if s.state == S.DRAINING:
            s.roll_back()
        else:
            s.state = S.ACTIVE
            s.candidate = Version(0)
            s.ready = False

    @action(fair=False)
    def acknowledge(s) -> None:
        require(s.state == S.ROLLED_BACK)
        s.state = S.ACTIVE

    @action(fair=False)
    def unregister(s) -> None:
        require(s.settled(), s.gate != Gate.SHUT)
        s.epoch += 1
        s.gate = Gate.SHUT
        s.retire(s.current)

    # == reclamation ================================================================================================
    @action
    def discard(s, v: Version) -> None:
        require(s.abandoned(v))
        s.life[v] = Life.FREED

    @action
    def cleanup_old(s, v: Version) -> None:
        require(s.life[v] == Life.RETIRED, not any(s.running(t) and s.runs[t] == v for t in every(Thread)))
        s.life[v] = Life.FREED

    # == words ======================================================================================================
    def settled(s) -> bool:
        return s.state in (S.ACTIVE, S.ROLLED_BACK)

    def preparing(s) -> bool:
        return s.state == S.PREPARING_UPGRADE and s.candidate == 0

    def somebody_builds_in_vain(s) -> bool:
        return s.building > (1 if s.preparing() else 0)

    def construct(s) -> Version:
        s.building -= 1
        s.newest += 1
        s.life[s.newest] = Life.CANDIDATE
        return s.newest

    def reverting(s) -> bool:
        return s.state == S.UPGRADE_COMPLETE and not s.undecided

    def running(s, t: Thread) -> bool:
        return s.phase[t] in (Phase.RUNNING, Phase.NESTED)

    def abandoned(s, v: Version) -> bool:
        return s.life[v] == Life.CANDIDATE and v != s.candidate

    def alive(s) -> int:
        return sum(s.life[v] in (Life.CANDIDATE, Life.LIVE, Life.RETIRED) for v in every(Version))

    def somebody_is_awaited(s) -> bool:
        return any(s.awaited[t] for t in every(Thread))

    def reopen(s) -> None:
        if s.gate == Gate.HELD:
            s.epoch += 1
            s.gate = Gate.OPEN
        for t in every(Thread):
            s.awaited[t] = False

    def roll_back(s) -> None:
        s.state = S.ROLLED_BACK
        s.failed += 1
        s.candidate = Version(0)
        s.reopen()

    def retire(s, v: Version) -> None:
        s.life[v] = Life.RETIRED
        s.undecided = False
        if v == s.previous:
            s.previous = Version(0)

    # == what is promised ===========================================================================================
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
        return implies(s.settled(), s.candidate == 0 and not s.ready and s.previous == 0 and not s.undecided)

    @invariant("M7")
    def few_versions_are_alive(s) -> bool:
        return s.alive() + s.building <= s.cap

    @invariant("D3")
    def the_swap_follows_the_drain(s) -> bool:
        return implies(s.state == S.SWAPPING, not s.somebody_is_awaited())

    @invariant("D5")
    def hold_never_runs_old_and_new_at_once(s) -> bool:
        return s.policy != P.HOLD or all(s.runs[t] == s.current for t in every(Thread) if s.running(t))

    @invariant("D5")
    def the_gate_is_closed_for_a_drain_only(s) -> bool:
        return implies(s.gate == Gate.HELD, s.policy == P.HOLD and (s.state in (S.DRAINING, S.SWAPPING) or s.reverting()))

    @invariant("D2")
    def behind_a_closed_gate_all_calls_are_awaited(s) -> bool:
        return implies(s.gate == Gate.HELD, all(s.awaited[t] == s.running(t) for t in every(Thread)))

    @invariant
    def unborn_means_beyond_the_newest(s) -> bool:
        return all((s.life[v] == Life.UNBORN) == (v > s.newest) for v in every(Version))

    @transition("L1")
    def only_the_listed_transitions(s, after: Protocol) -> bool:
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
    def a_call_keeps_its_version(s, after: Protocol) -> bool:
        return all(
            after.runs[t] == s.runs[t]
            for t in every(Thread)
            if s.running(t) and after.phase[t] in (Phase.RUNNING, Phase.NESTED)
        )

    @transition("D1")
    def draining_opens_an_epoch(s, after: Protocol) -> bool:
        return implies(s.state != S.DRAINING and after.state == S.DRAINING, after.epoch == s.epoch + 1)

    @transition("T1", "B1")
    def a_new_version_is_a_new_epoch(s, after: Protocol) -> bool:
        return after.current == s.current or (
            after.epoch == s.epoch + 1
            and (
                (s.state == S.SWAPPING and after.current == s.candidate)
                or (s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK and after.current == s.previous)
            )
        )

    @transition("T4")
    def versions_go_back_by_a_revert_only(s, after: Protocol) -> bool:
        return s.current <= after.current or (s.state == S.UPGRADE_COMPLETE and after.state == S.ROLLED_BACK)

    @transition("M1", "M3")
    def life_moves_forward(s, after: Protocol) -> bool:
        return all(
            after.life[v] == s.life[v]
            or (s.life[v] == Life.UNBORN and after.life[v] == Life.CANDIDATE)
            or (s.life[v] == Life.CANDIDATE and after.life[v] in (Life.LIVE, Life.FREED))
            or (s.life[v] == Life.LIVE and after.life[v] == Life.RETIRED)
            or (s.life[v] == Life.RETIRED and after.life[v] == Life.FREED)
            for v in every(Version)
        )

    @transition("B2", "S1")
    def each_upgrade_is_counted_once(s, after: Protocol) -> bool:
        return (
            after.failed == s.failed + 1 and after.succeeded == s.succeeded
            if s.state != S.ROLLED_BACK and after.state == S.ROLLED_BACK
            else after.succeeded == s.succeeded + 1 and after.failed == s.failed
            if s.state == S.UPGRADE_COMPLETE and after.state == S.ACTIVE
            else after.failed == s.failed and after.succeeded == s.succeeded
        )

    # == what must be seen, or the rest says nothing ================================================================
    @sometimes("R3")
    def a_call_runs_on_a_retired_version(s) -> bool:
        return any(s.running(t) and s.life[s.runs[t]] == Life.RETIRED for t in every(Thread))

    @sometimes("R4")
    def a_nested_call_spans_an_epoch(s) -> bool:
        return any(s.phase[t] == Phase.NESTED and s.awaited[t] for t in every(Thread)) or s.policy == P.OVERLAP and any(
            s.phase[t] == Phase.NESTED and s.inner[t] != s.current for t in every(Thread)
        )

    @sometimes("M3")
    def the_old_version_is_freed(s) -> bool:
        return s.life[0] == Life.FREED and s.gate == Gate.OPEN

    @sometimes("B1")
    def a_reverted_version_is_freed_and_the_old_one_serves(s) -> bool:
        return s.state == S.ROLLED_BACK and s.current == 0 and s.epoch > 1 and s.life[1] == Life.FREED

    @sometimes("G2")
    def an_unregistered_version_is_freed(s) -> bool:
        return s.gate == Gate.SHUT and s.life[s.current] == Life.FREED


class Continue(Protocol):
    """The default: a call that arrives in Draining runs on the old version; the swap waits for those before it."""

    policy = P.CONTINUE


class Hold(Protocol):
    """Old and new never run at once: a call that arrives in Draining waits."""

    policy = P.HOLD


class Overlap(Protocol):
    """An upgrade never waits: it swaps at once, and the old version finishes its calls afterwards."""

    policy = P.OVERLAP


POLICIES: tuple[type[Protocol], ...] = (Continue, Hold, Overlap)
