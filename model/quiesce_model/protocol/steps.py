"""Everything that an observer could see happen.  Read the package's docstring first."""

from __future__ import annotations

from typing import ClassVar

from quiesce_model.language import Map, Model, action, each, every, require
from quiesce_model.vocabulary import DrainPolicy, Epoch, Gate, HotReloadState, Life, Phase, Tally, Thread, Version

S, P = HotReloadState, DrainPolicy


class Steps(Model):
    """The state, the actions, and the words that they are written in."""

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

    @action(fair=False)
    def interrupted(s) -> None:
        """The upgrade is given up where it is; later there is no way back but a revert."""
        require(s.state in (S.DRAINING, S.SWAPPING))
        s.roll_back()

    @action
    def handover_fails(s) -> None:
        require(s.policy == P.HOLD, s.state == S.SWAPPING)
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
        require(s.state == S.ROLLED_BACK, s.gate != Gate.SHUT)
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
