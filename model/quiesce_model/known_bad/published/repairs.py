"""Three repairs of the published protocol, in the order in which one would try them; the third holds, at a price.

The caller is left as published: it reads the epoch, counts itself under it, and then fetches the instance, in three
steps.  Only the upgrader is repaired: state checked and set in one step, an upgrade possible from ROLLED_BACK, the
manifest replaced at the swap.  What is asked is no more than that no running call loses its version.  "Drained means
that no such call runs" (D3) cannot be asked of these callers, who may count themselves under an epoch long after it.

* `ManifestAtSwap` frees the old version after one wait: a call that was late is freed under.
* `SecondWait` opens one more epoch after the swap and waits for the epoch that it closed: a call that was late counts
  under an epoch that neither wait looks at again.
* `SecondWaitForAll` waits after the swap until every counter is zero.  That is sound: a call counts before it fetches,
  so who fetched the old version is seen.  The price is that newcomers are waited for, too: `cleanup_old` may never end.

The counters are a ring of two.
"""

from __future__ import annotations

from typing import ClassVar

from quiesce_model.known_bad.published.style import Call, S, Step
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


class ManifestAtSwap(Model):
    """Free the old version after one wait."""

    ring: ClassVar[int] = 2
    after_swap: ClassVar[Step] = Step.CLEAN

    state: HotReloadState = S.ACTIVE
    epoch: Epoch = Epoch(0)
    refs: Map[Epoch, int] = each(0)  # a ring: the first cells only
    current: Version = Version(0)
    manifest: Version = Version(0)
    newest: Version = Version(0)
    life: Map[Version, Life] = each(Life.UNBORN, {0: Life.LIVE})
    pc: Map[Thread, Call] = each(Call.IDLE)
    cell: Map[Thread, Epoch] = each(0)  # the counter that the call's guard counts in
    runs: Map[Thread, Version] = each(0)
    up: Map[Upgrader, Step] = each(Step.IDLE)
    target: Map[Upgrader, Epoch] = each(0)

    # == a call =====================================================================================================
    @action(fair=False)
    def invoke(s, t: Thread) -> None:
        require(s.pc[t] == Call.IDLE)
        s.cell[t] = Epoch(s.epoch % s.ring)
        s.pc[t] = Call.COUNT

    @action
    def count(s, t: Thread) -> None:
        require(s.pc[t] == Call.COUNT)
        s.refs[s.cell[t]] += 1
        s.pc[t] = Call.LOAD

    @action
    def load(s, t: Thread) -> None:
        require(s.pc[t] == Call.LOAD)
        s.runs[t] = s.current
        s.pc[t] = Call.RUN

    @action
    def finish(s, t: Thread) -> None:
        require(s.pc[t] == Call.RUN)
        s.refs[s.cell[t]] -= 1
        s.cell[t] = Epoch(0)
        s.runs[t] = Version(0)
        s.pc[t] = Call.IDLE

    # == an upgrade =================================================================================================
    @action(fair=False)
    def prepare_upgrade(s, u: Upgrader) -> None:
        require(s.up[u] == Step.IDLE, s.state in (S.ACTIVE, S.ROLLED_BACK))
        s.state = S.PREPARING_UPGRADE
        s.up[u] = Step.BUILD

    @action
    def prepare_fails(s, u: Upgrader) -> None:
        require(s.up[u] == Step.BUILD)
        s.state = S.ROLLED_BACK
        s.up[u] = Step.IDLE

    @action
    def prepared(s, u: Upgrader) -> None:
        """Built and initialised; this upgrader goes on to drain."""
        require(s.up[u] == Step.BUILD)
        s.newest += 1
        s.life[s.newest] = Life.CANDIDATE
        s.state = S.DRAINING
        s.up[u] = Step.ADVANCE

    @action
    def advance(s, u: Upgrader) -> None:
        require(s.up[u] == Step.ADVANCE)
        s.open_epoch(u)
        s.up[u] = Step.WAIT

    @action
    def drained(s, u: Upgrader) -> None:
        require(s.up[u] == Step.WAIT, s.target_is_quiet(u))
        s.state = S.SWAPPING
        s.up[u] = Step.SWAP

    @action(fair=False)
    def time_out(s, u: Upgrader) -> None:
        require(s.up[u] == Step.WAIT, not s.target_is_quiet(u))
        s.life[s.newest] = Life.FREED
        s.state = S.ROLLED_BACK
        s.leave(u)

    @action
    def atomic_swap(s, u: Upgrader) -> None:
        require(s.up[u] == Step.SWAP)
        s.life[s.current] = Life.RETIRED
        s.life[s.newest] = Life.LIVE
        s.current = s.newest
        s.manifest = s.newest
        s.state = S.UPGRADE_COMPLETE
        s.up[u] = s.after_swap

    @action
    def cleanup_old(s, u: Upgrader) -> None:
        require(s.up[u] == Step.CLEAN, s.old_is_quiet(u))
        for v in every(Version):
            s.life[v] = Life.FREED if s.life[v] == Life.RETIRED else s.life[v]
        s.state = S.ACTIVE
        s.leave(u)

    # == words ======================================================================================================
    def old_is_quiet(s, u: Upgrader) -> bool:  # noqa: ARG002 - this answer needs less than others do
        return True

    def target_is_quiet(s, u: Upgrader) -> bool:
        return s.refs[Epoch(s.target[u] % s.ring)] == 0

    def open_epoch(s, u: Upgrader) -> None:
        s.target[u] = s.epoch
        s.epoch += 1

    def leave(s, u: Upgrader) -> None:
        s.up[u] = Step.IDLE
        s.target[u] = Epoch(0)

    # == what is promised ===========================================================================================
    @invariant("R3", "M1")
    def a_running_call_has_its_version(s) -> bool:
        return all(s.life[s.runs[t]] in (Life.LIVE, Life.RETIRED) for t in every(Thread) if s.pc[t] == Call.RUN)

    @invariant("M2")
    def the_current_version_is_live(s) -> bool:
        return s.life[s.current] == Life.LIVE

    @invariant("B1")
    def the_manifest_is_that_of_the_version_that_serves(s) -> bool:
        return s.manifest == s.current

    @invariant("L2")
    def one_upgrade_at_a_time(s) -> bool:
        return sum(s.up[u] != Step.IDLE for u in every(Upgrader)) <= 1

    @invariant("L4")
    def an_upgrade_under_way_is_somebodys(s) -> bool:
        return implies(s.state not in (S.ACTIVE, S.ROLLED_BACK), any(s.up[u] != Step.IDLE for u in every(Upgrader)))

    @transition("M3")
    def freed_is_for_ever(s, after: ManifestAtSwap) -> bool:
        return all(after.life[v] == Life.FREED for v in every(Version) if s.life[v] == Life.FREED)

    @sometimes("R2")
    def a_call_runs_on_a_retired_version(s) -> bool:
        return any(s.pc[t] == Call.RUN and s.life[s.runs[t]] == Life.RETIRED for t in every(Thread))

    @sometimes("M1")
    def two_old_versions_are_freed(s) -> bool:
        return s.life[Version(0)] == Life.FREED and s.life[Version(1)] == Life.FREED and s.current == 2


class SecondWait(ManifestAtSwap):
    """A second wait after the swap, for the epoch that the swap closes."""

    after_swap: ClassVar[Step] = Step.ADVANCE_AGAIN

    @action
    def advance_again(s, u: Upgrader) -> None:
        require(s.up[u] == Step.ADVANCE_AGAIN)
        s.open_epoch(u)
        s.up[u] = Step.CLEAN

    def old_is_quiet(s, u: Upgrader) -> bool:
        return s.target_is_quiet(u)


class SecondWaitForAll(SecondWait):
    """A second wait after the swap, for every counter there is."""

    def old_is_quiet(s, u: Upgrader) -> bool:  # noqa: ARG002 - this answer needs less than others do
        return all(s.refs[e] == 0 for e in every(Epoch) if e < s.ring)
