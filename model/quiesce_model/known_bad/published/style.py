"""The published style of hot reload, made as sound as that style can be made: the ground that each defect is put on.

The published kernel upgrades a plugin by ``prepare_upgrade``, ``drain_in_flight``, ``atomic_swap`` and ``cleanup_old``:
a counter of references per epoch, the instance in a cell of its own, the state behind a lock.  `Style` keeps that shape
and answers every question rightly; where the published answer differs, the question is a method of its own below
("where the defects go"), and a defect is one such method answered as published.  `AsFound` is the sum of the defects.

What had to change to make it sound: an epoch is read and counted in one step; a swap opens an epoch, so that an epoch
stands for one version; the drain waits for every epoch up to its target; the old version is freed after a second wait;
unregistering drains.  That price (a lock around each ``enter``, and UPGRADE_COMPLETE held until the last old call has
ended) is what the algorithm of this package does not pay.

Restated from a description of behaviour.  Two things that the description leaves open are taken in the published
code's favour: `cancel_upgrade` comes only before draining and never while another thread is in `prepare_upgrade`, and
a time-out happens only while the counter that is waited for is not zero.  Not modelled: drain times in the
statistics, the comparison of hooks, and that a time-out cannot be set once the plugin is shared.
"""

from __future__ import annotations

from enum import Enum

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
from quiesce_model.vocabulary import Epoch, HotReloadState, Life, Thread, Upgrader, Version

S = HotReloadState


class Call(Enum):
    """Where a caller is: the name of the step that it takes next."""

    IDLE = "idle"
    COUNT = "count"
    LOAD = "load"
    RUN = "run"


class Step(Enum):
    """Where an upgrader is: the name of the step that it takes next."""

    IDLE = "idle"
    CHECKED = "checked"
    BUILD = "build"
    ADVANCE = "advance"
    WAIT = "wait"
    SWAP = "swap"
    CLEAN = "clean"
    ADVANCE_AGAIN = "advance again"
    LEAVE = "leave"


class Style(Model):
    """Counters per epoch, drain before swap, an open door: the published order with every known defect repaired."""

    # -- the plugin -------------------------------------------------------------------------------------------------
    state: HotReloadState = S.ACTIVE
    epoch: Epoch = Epoch(0)  # what the epoch tracker calls current
    refs: Map[Epoch, int] = each(0)  # its counters
    code: Map[Epoch, Version] = each(0)  # the version that was current when the epoch was opened
    current: Version = Version(0)  # the instance that a call gets
    manifest: Version = Version(0)  # the version whose manifest the plugin shows
    newest: Version = Version(0)
    life: Map[Version, Life] = each(Life.UNBORN, {0: Life.LIVE})
    pending: Version = Version(0)  # prepared, and waits to be executed; 0: none
    shut: bool = False  # the manager has taken the plugin off its list
    gone: bool = False  # unregister has returned
    uncounted: bool = False  # an upgrade failed, and the statistics do not say so
    unclosed: bool = False  # a version that had served was freed without its cleanup hook
    # -- each caller ------------------------------------------------------------------------------------------------
    pc: Map[Thread, Call] = each(Call.IDLE)
    held: Map[Thread, Epoch] = each(0)  # the epoch that it read and that its guard counts
    runs: Map[Thread, Version] = each(0)
    # -- each upgrader ----------------------------------------------------------------------------------------------
    up: Map[Upgrader, Step] = each(Step.IDLE)
    target: Map[Upgrader, Epoch] = each(0)  # it waits for the calls of the epochs up to this one
    old: Map[Upgrader, Version] = each(0)  # the version that it must free

    # == a call =====================================================================================================
    @action(fair=False)
    def invoke(s, t: Thread) -> None:
        """``enter``, first half: the epoch is read."""
        require(s.pc[t] == Call.IDLE, not s.shut)
        s.held[t] = s.epoch
        s.pc[t] = Call.COUNT

    @action(fair=False)
    def refuse(s, t: Thread) -> None:
        """A call on an unregistered plugin: turned away, nothing changes."""
        require(s.pc[t] == Call.IDLE, s.shut)

    @action
    def count(s, t: Thread) -> None:
        """``enter``, second half: the call is counted."""
        require(s.pc[t] == Call.COUNT)
        if s.shut:
            s.held[t] = Epoch(0)
            s.pc[t] = Call.IDLE
        else:
            s.held[t] = s.epoch_to_count(t)
            s.refs[s.cell(s.held[t])] += 1
            s.pc[t] = Call.LOAD

    @action
    def load(s, t: Thread) -> None:
        """The instance is fetched, and the call runs."""
        require(s.pc[t] == Call.LOAD)
        s.runs[t] = s.version_to_run(t)
        s.pc[t] = Call.RUN

    @action
    def finish(s, t: Thread) -> None:
        require(s.pc[t] == Call.RUN)
        s.refs[s.cell(s.held[t])] -= 1
        s.held[t] = Epoch(0)
        s.runs[t] = Version(0)
        s.pc[t] = Call.IDLE

    # == an upgrade: prepare ========================================================================================
    @action(fair=False)
    def prepare_upgrade(s, u: Upgrader) -> None:
        """The state is checked and set in one step."""
        require(s.up[u] == Step.IDLE, s.may_prepare())
        s.state = S.PREPARING_UPGRADE
        s.up[u] = Step.BUILD

    @action
    def validation_fails(s, u: Upgrader) -> None:
        require(s.up[u] == Step.BUILD)
        s.prepare_fails(u)

    @action
    def build_fails(s, u: Upgrader) -> None:
        require(s.up[u] == Step.BUILD)
        s.prepare_fails(u)

    @action
    def init_fails(s, u: Upgrader) -> None:
        """There was an instance for a moment: it is discarded."""
        require(s.up[u] == Step.BUILD)
        s.newest += 1
        s.life[s.newest] = Life.FREED
        s.prepare_fails(u)

    @action
    def prepared(s, u: Upgrader) -> None:
        """Validated, built and initialised."""
        require(s.up[u] == Step.BUILD)
        s.newest += 1
        s.life[s.newest] = Life.CANDIDATE
        s.pending = s.newest
        s.show_manifest_early()
        s.up[u] = Step.IDLE

    # == an upgrade: execute ========================================================================================
    @action(fair=False)
    def drain_in_flight(s, u: Upgrader) -> None:
        require(s.up[u] == Step.IDLE, s.state == S.PREPARING_UPGRADE, not s.preparing())
        s.state = S.DRAINING
        s.up[u] = Step.ADVANCE

    @action
    def advance(s, u: Upgrader) -> None:
        require(s.up[u] == Step.ADVANCE)
        s.open_epoch(u)
        s.up[u] = Step.WAIT

    @action
    def drained(s, u: Upgrader) -> None:
        require(s.up[u] == Step.WAIT, s.is_drained(u))
        s.state = S.SWAPPING
        s.up[u] = Step.SWAP

    @action(fair=False)
    def time_out(s, u: Upgrader) -> None:
        require(s.up[u] == Step.WAIT, not s.is_drained(u))
        s.state = S.ROLLED_BACK
        s.discard_candidate()
        s.leave(u)

    @action
    def atomic_swap(s, u: Upgrader) -> None:
        require(s.up[u] == Step.SWAP)
        if s.pending == 0:
            s.leave(u)  # nothing was prepared: an error, and the state stays as it is
        else:
            s.old[u] = s.current
            s.life[s.current] = Life.RETIRED
            s.current = s.pending
            s.life[s.pending] = Life.LIVE
            s.manifest = s.pending
            s.pending = Version(0)
            s.publish_swap(u)
            s.state = S.UPGRADE_COMPLETE
            s.up[u] = Step.CLEAN

    @action
    def cleanup_old(s, u: Upgrader) -> None:
        require(s.up[u] == Step.CLEAN, s.old_is_quiet(u))
        s.life[s.old[u]] = Life.FREED
        if not s.gone:
            s.unclosed = not s.closes_old()
            s.state = S.ACTIVE
        s.leave(u)

    # == giving up ==================================================================================================
    @action(fair=False)
    def cancel_upgrade(s, u: Upgrader) -> None:
        require(s.up[u] == Step.IDLE, s.state == S.PREPARING_UPGRADE, not s.preparing())
        s.state = S.ACTIVE
        s.discard_candidate()

    @action(fair=False)
    def unregister(s, u: Upgrader) -> None:
        """No epoch need be opened: nobody is counted any more."""
        require(s.up[u] == Step.IDLE, s.state == S.ACTIVE, not s.shut)
        s.shut = True
        s.target[u] = s.epoch
        s.up[u] = Step.LEAVE

    @action
    def unregistered(s, u: Upgrader) -> None:
        require(s.up[u] == Step.LEAVE, s.may_be_gone(u))
        s.gone = True
        s.old[u] = s.current
        s.life[s.current] = Life.RETIRED
        s.up[u] = Step.CLEAN

    # == where the defects go =======================================================================================
    def epoch_to_count(s, t: Thread) -> Epoch:  # noqa: ARG002 - this answer needs less than others do
        """Counted under the epoch of this very step: reading it and counting is one critical section."""
        return s.epoch

    def version_to_run(s, t: Thread) -> Version:
        """The version that the call's epoch stands for."""
        return s.code[s.held[t]]

    def may_prepare(s) -> bool:
        """ROLLED_BACK is a settled state: an upgrade may begin from it."""
        return s.state in (S.ACTIVE, S.ROLLED_BACK) and not s.shut

    def after_failed_prepare(s) -> None:
        """Nothing was touched: ACTIVE again.  (Not ROLLED_BACK, so that defects 2 and 4 stay apart.)"""
        s.state = S.ACTIVE

    def count_failed_prepare(s) -> None:
        """The statistics show the failure."""

    def show_manifest_early(s) -> None:
        """The manifest changes at the swap and not before."""

    def cell(s, e: Epoch) -> Epoch:
        """Each epoch has a counter of its own."""
        return e

    def is_drained(s, u: Upgrader) -> bool:
        """No call is counted under any epoch up to the target."""
        return s.is_quiet(u)

    def publish_swap(s, u: Upgrader) -> None:
        """The new version is published under an epoch of its own."""
        s.open_epoch(u)

    def old_is_quiet(s, u: Upgrader) -> bool:
        """The second wait: calls that came in while the first was on still run the old version."""
        return s.is_quiet(u)

    def closes_old(s) -> bool:
        """The old instance's cleanup hook is called before it is freed."""
        return True

    def may_be_gone(s, u: Upgrader) -> bool:
        return s.is_quiet(u)

    # == words ======================================================================================================
    def open_epoch(s, u: Upgrader) -> None:
        s.target[u] = s.epoch
        s.epoch += 1
        s.code[s.epoch] = s.current

    def is_quiet(s, u: Upgrader) -> bool:
        return all(s.refs[s.cell(e)] == 0 for e in every(Epoch) if e <= s.target[u])

    def prepare_fails(s, u: Upgrader) -> None:
        s.after_failed_prepare()
        s.count_failed_prepare()
        s.leave(u)

    def discard_candidate(s) -> None:
        if s.pending != 0:
            s.life[s.pending] = Life.FREED
        s.pending = Version(0)

    def leave(s, u: Upgrader) -> None:
        s.up[u] = Step.IDLE
        s.target[u] = Epoch(0)
        s.old[u] = Version(0)

    def preparing(s) -> bool:
        return any(s.up[u] == Step.BUILD for u in every(Upgrader))

    def is_counted(s, t: Thread) -> bool:
        return s.pc[t] in (Call.LOAD, Call.RUN)

    # == what is promised ===========================================================================================
    @invariant("R3", "M1")
    def a_running_call_has_its_version(s) -> bool:
        return all(s.life[s.runs[t]] in (Life.LIVE, Life.RETIRED) for t in every(Thread) if s.pc[t] == Call.RUN)

    @invariant("T1")
    def an_epoch_stands_for_one_version(s) -> bool:
        """A call runs the version that its epoch stands for."""
        return all(s.runs[t] == s.code[s.held[t]] for t in every(Thread) if s.pc[t] == Call.RUN)

    @invariant("D2", "D3")
    def drained_means_that_no_such_call_runs(s) -> bool:
        """None of the calls that the drain was for runs when the drain has ended."""
        return all(
            s.held[t] > s.target[u]
            for u in every(Upgrader)
            if s.up[u] == Step.SWAP
            for t in every(Thread)
            if s.pc[t] == Call.RUN
        )

    @invariant("D2")
    def a_counter_is_that_of_its_epoch(s) -> bool:
        """What the tracker says of an epoch is the number of its calls, and of no other's."""
        return all(
            s.refs[s.cell(e)] == sum(s.is_counted(t) and s.held[t] == e for t in every(Thread))
            for e in every(Epoch)
            if e <= s.epoch
        )

    @invariant("L2")
    def one_upgrade_at_a_time(s) -> bool:
        return sum(s.up[u] in (Step.BUILD, Step.ADVANCE, Step.WAIT, Step.SWAP) for u in every(Upgrader)) <= 1

    @invariant("B3")
    def a_failed_upgrade_is_over(s) -> bool:
        """PREPARING_UPGRADE says that something is prepared, or that somebody is at it."""
        return implies(s.state == S.PREPARING_UPGRADE, s.pending != 0 or s.preparing())

    @invariant("B1")
    def the_manifest_is_that_of_the_version_that_serves(s) -> bool:
        return implies(s.state in (S.ACTIVE, S.ROLLED_BACK), s.manifest == s.current)

    @invariant("B2")
    def each_failure_is_counted(s) -> bool:
        return not s.uncounted

    @invariant("M2")
    def the_current_version_is_live(s) -> bool:
        return s.gone or s.life[s.current] == Life.LIVE

    @invariant("M3")
    def a_freed_version_was_closed(s) -> bool:
        return not s.unclosed

    @invariant("M4")
    def a_candidate_is_pending(s) -> bool:
        return all(v == s.pending for v in every(Version) if s.life[v] == Life.CANDIDATE)

    @invariant("G2")
    def unregistered_means_that_no_call_runs(s) -> bool:
        return implies(s.gone, all(s.pc[t] != Call.RUN for t in every(Thread)))

    @transition("L1")
    def only_the_listed_transitions(s, after: Style) -> bool:
        return (
            after.state == s.state
            or (s.state == S.ACTIVE and after.state == S.PREPARING_UPGRADE)
            or (s.state == S.PREPARING_UPGRADE and after.state in (S.DRAINING, S.ROLLED_BACK, S.ACTIVE))
            or (s.state == S.DRAINING and after.state in (S.SWAPPING, S.ROLLED_BACK))
            or (s.state == S.SWAPPING and after.state in (S.UPGRADE_COMPLETE, S.ROLLED_BACK))
            or (s.state == S.UPGRADE_COMPLETE and after.state == S.ACTIVE)
            or (s.state == S.ROLLED_BACK and after.state in (S.ACTIVE, S.PREPARING_UPGRADE))
        )

    @transition("M3")
    def freed_is_for_ever(s, after: Style) -> bool:
        return all(after.life[v] == Life.FREED for v in every(Version) if s.life[v] == Life.FREED)

    # == what must be seen, or the rest says nothing ================================================================
    @sometimes("R2")
    def a_call_runs_on_a_retired_version(s) -> bool:
        return any(s.pc[t] == Call.RUN and s.life[s.runs[t]] == Life.RETIRED for t in every(Thread))

    @sometimes("L4")
    def an_upgrade_follows_a_rollback(s) -> bool:
        return s.state == S.UPGRADE_COMPLETE and s.current == 2 and s.epoch == 3

    @sometimes("M1")
    def the_old_version_is_freed(s) -> bool:
        return s.life[Version(0)] == Life.FREED and not s.gone

    @sometimes("G2")
    def the_plugin_is_gone(s) -> bool:
        return s.gone and s.life[s.current] == Life.FREED
