"""Each defect of the published code on its own: `Style` with one question answered as published.

The number in front of each docstring is that of the defect in the list of what the published code does not keep.
`entries` says which rule each one breaks, after how many steps, and tells the run.
"""

from __future__ import annotations

from typing import ClassVar

from quiesce_model.known_bad.published.style import S, Step, Style
from quiesce_model.language import action, require
from quiesce_model.vocabulary import Epoch, Thread, Upgrader, Version


class EnterInTwoSteps(Style):
    """1: the epoch is loaded, then its counter is incremented, and "drained" fits in between."""

    def epoch_to_count(s, t: Thread) -> Epoch:
        return s.held[t]


class FailedPrepareStays(Style):
    """2: validation, construction or ``init`` fails, and the state stays PREPARING_UPGRADE."""

    def after_failed_prepare(s) -> None:
        pass


class ManifestAtPrepare(Style):
    """3: the manifest is replaced when the candidate is ready, not when it is published."""

    def show_manifest_early(s) -> None:
        s.manifest = s.pending


class RolledBackIsATrap(Style):
    """4: an upgrade may begin from ACTIVE only, and nothing leads from ROLLED_BACK back to it."""

    def may_prepare(s) -> bool:
        return s.state == S.ACTIVE and not s.shut


class InstanceReadApart(Style):
    """5, the caller's half: the epoch comes from the tracker, the instance from a cell of its own."""

    def version_to_run(s, t: Thread) -> Version:  # noqa: ARG002 - this answer needs less than others do
        return s.current


class SwapOpensNoEpoch(Style):
    """5, the upgrader's half: the instance is replaced under an epoch that already has calls."""

    def publish_swap(s, u: Upgrader) -> None:  # noqa: ARG002 - this answer needs less than others do
        s.code[s.epoch] = s.current


class NothingWaitsAfterTheSwap(Style):
    """5, the consequence: who came in while the drain was on runs the old version, and nothing waits for it."""

    def old_is_quiet(s, u: Upgrader) -> bool:  # noqa: ARG002 - this answer needs less than others do
        return True


class CheckedThenSet(Style):
    """6: the state is checked in one step and set in another."""

    @action(fair=False)
    def check_state(s, u: Upgrader) -> None:
        require(s.up[u] == Step.IDLE, s.may_prepare())
        s.up[u] = Step.CHECKED

    @action
    def prepare_upgrade(s, u: Upgrader) -> None:
        require(s.up[u] == Step.CHECKED)
        s.state = S.PREPARING_UPGRADE
        s.up[u] = Step.BUILD


class RingOfCounters(Style):
    """7: eight counters in a ring, so that an epoch shares its counter with the one eight before it."""

    ring: ClassVar[int] = 8

    def cell(s, e: Epoch) -> Epoch:
        return Epoch(e % s.ring)


class RingOfTwo(RingOfCounters):
    """7 at a scope that can be searched to its end: a ring of two."""

    ring = 2


class WaitsForTheTargetOnly(Style):
    """8: the drain looks at the counter of its target epoch and at no earlier one."""

    def is_drained(s, u: Upgrader) -> bool:
        return s.refs[s.cell(s.target[u])] == 0


class NoCleanupHook(Style):
    """9: nothing is called on the old instance when it is dropped."""

    def closes_old(s) -> bool:
        return False


class UnregisterDoesNotDrain(Style):
    """9: unregistering returns while calls run."""

    def may_be_gone(s, u: Upgrader) -> bool:  # noqa: ARG002 - this answer needs less than others do
        return True


class FailedPrepareUncounted(Style):
    """9: a failed prepare does not show in the statistics."""

    def count_failed_prepare(s) -> None:
        s.uncounted = True


class AsFound(
    EnterInTwoSteps,
    FailedPrepareStays,
    ManifestAtPrepare,
    RolledBackIsATrap,
    InstanceReadApart,
    SwapOpensNoEpoch,
    NothingWaitsAfterTheSwap,
    CheckedThenSet,
    RingOfCounters,
    WaitsForTheTargetOnly,
    NoCleanupHook,
    UnregisterDoesNotDrain,
    FailedPrepareUncounted,
):
    """The published protocol: the sum of its defects, and nothing else."""


class AsFoundRingOfTwo(AsFound):
    """The published protocol with two counters instead of eight, so that aliasing shows at a small scope."""

    ring = 2
