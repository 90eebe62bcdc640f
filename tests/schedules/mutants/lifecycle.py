"""Mutants of the upgrade itself: states, tickets, publication, rollback, statistics, errors."""

# ruff: noqa: E501 - lines of the kernel are quoted as they stand there
from __future__ import annotations

from tests.schedules.mutants.mutant import Mutant, Patch

__all__ = ["MUTANTS"]

_BEGIN = "        serving = core.section(lambda: self._begin(attempt))\n"
_SETTLED = """        if not book.settled():
            raise UpgradeInProgress("prepare_upgrade", book.state, (S.ACTIVE, S.ROLLED_BACK), "an upgrade is under way")
"""

MUTANTS = [
    Mutant(
        name="state_checked_then_set",
        story="The state is checked in one section and set in another, and two upgraders both pass.",
        patches=(
            Patch("upgrade", _SETTLED, ""),
            Patch(
                "upgrade",
                _BEGIN,
                "        book = core.section(self.in_service)\n" + _SETTLED + _BEGIN,
            ),
        ),
        breaks=("L2", "L1"),
        scenarios=("extra/two_upgraders",),
        model="StateCheckedThenSet",
    ),
    Mutant(
        name="prepares_while_preparing",
        story="An upgrade may begin while another one is prepared.",
        patches=(
            Patch(
                "book",
                "return self.state in {HotReloadState.ACTIVE, HotReloadState.ROLLED_BACK}",
                "return self.state in {\n"
                "            HotReloadState.ACTIVE, HotReloadState.ROLLED_BACK, HotReloadState.PREPARING_UPGRADE\n        }",
            ),
        ),
        breaks=("L2", "L1", "L3"),
        scenarios=("continue/two-upgraders",),
        model="StateCheckedThenSet",
    ),
    Mutant(
        name="cancel_is_ignored",
        story="The end of the drain does not ask whether somebody has taken the ticket away.",
        patches=(
            Patch(
                "upgrade",
                "        if book.attempt is not attempt:\n            # step: drained_in_time",
                "        if False:\n            # step: drained_in_time",
            ),
        ),
        breaks=("L1", "L2", "D5", "B2"),
        scenarios=(
            "continue/cancel",
            "hold/cancel",
        ),
        model="IgnoresCancel",
    ),
    Mutant(
        name="cancelled_builder_comes_back",
        story="A builder that was cancelled puts its candidate into whatever upgrade is prepared by now.",
        patches=(
            Patch(
                "upgrade",
                "        book, mine = self.core.book, self.core.book.attempt is attempt\n",
                "        book = self.core.book\n        mine = book.state is S.PREPARING_UPGRADE\n",
            ),
        ),
        breaks=("L5", "L2", "L1", "M4"),
        scenarios=("extra/cancel_and_again",),
        model="ComparesTheStateNotTheAttempt",
    ),
    Mutant(
        name="manifest_at_prepare",
        story="As soon as a candidate is ready its manifest is shown, over the old code.",
        patches=(
            Patch(
                "upgrade",
                "replace(book, attempt=None, pending=version), attempt, Up.IDLE)",
                "replace(book, attempt=None, pending=version, serving=version), attempt, Up.IDLE)",
            ),
        ),
        breaks=("T1", "B1", "L5", "S1"),
        scenarios=("continue/swap",),
        model="ManifestAtPrepare",
    ),
    Mutant(
        name="version_then_epoch",
        story="The new version is put behind the current epoch, and the epoch is changed a moment later.",
        patches=(
            Patch(
                "upgrade",
                '        core.publish("atomic_swap", core.successor(version, Gate.OPEN), book, attempt, Up.DECIDE)\n',
                "        core.current.version, core.current.functions = version, version.functions\n"
                '        core.publish("atomic_swap", core.successor(version, Gate.OPEN), book, attempt, Up.DECIDE)\n',
            ),
        ),
        breaks=("R2", "T1", "R3", "T2"),
        scenarios=("continue/swap",),
        model="PublishesVersionThenEpoch",
    ),
    Mutant(
        name="revert_is_no_publication",
        story="The pointer is turned back to a record that was published before.",
        patches=(
            Patch(
                "decide",
                "        core.publish(action, core.successor(old, Gate.OPEN), book, attempt, Up.LOOK)\n",
                "        again = [r for r in core.past if r.version is old and r.gate is Gate.OPEN][-1]\n"
                "        core.publish(action, again, book, attempt, Up.LOOK)\n",
            ),
        ),
        breaks=("T4", "T1", "D1"),
        scenarios=("continue/revert",),
        model="RevertIsNoPublication",
    ),
    Mutant(
        name="failed_init_keeps_the_state",
        story="A failing init goes up as an error, and the plugin stays in PREPARING_UPGRADE.",
        patches=(
            Patch(
                "decide",
                "            book = self._failed(book, core.book.stats)\n",
                "            book = replace(self._failed(book, core.book.stats), state=S.PREPARING_UPGRADE)\n",
            ),
        ),
        breaks=("L4", "B3", "L1", "B1"),
        scenarios=("continue/failing-init",),
        model="BuildFailureIsForgotten",
    ),
    Mutant(
        name="rolled_back_for_ever",
        story="After one failed upgrade no other can begin.",
        patches=(
            Patch(
                "book",
                "return self.state in {HotReloadState.ACTIVE, HotReloadState.ROLLED_BACK}",
                "return self.state is HotReloadState.ACTIVE",
            ),
        ),
        breaks=("L4", "B3", "L3"),
        scenarios=("extra/init_fails",),
        model="RolledBackForEver",
    ),
    Mutant(
        name="failure_counted_twice",
        story="A failed upgrade is counted twice.",
        patches=(
            Patch(
                "decide",
                "        stats = replace(stats, failed_upgrades=stats.failed_upgrades + 1)\n",
                "        stats = replace(stats, failed_upgrades=stats.failed_upgrades + 2)\n",
            ),
        ),
        breaks=("B2", "S1"),
        scenarios=("continue/failing-init",),
        model="CancelCountsTwice",
    ),
    Mutant(
        name="failure_not_counted",
        story="The plugin rolls back, and the statistics say that nothing failed.",
        patches=(
            Patch(
                "decide",
                "        stats = replace(stats, failed_upgrades=stats.failed_upgrades + 1)\n",
                "",
            ),
        ),
        breaks=("B2", "S1"),
        scenarios=("continue/failing-init",),
        model="RollbackIsNotCounted",
    ),
    Mutant(
        name="interrupt_leaves_it_half_done",
        story="A KeyboardInterrupt that strikes an upgrade goes up, and nobody takes the way out.",
        patches=(
            Patch(
                "decide",
                "            if attempt.at is not Up.IDLE or self.core.book.due:\n                self.give_up(attempt)\n",
                "            pass\n",
            ),
            Patch(
                "decide",
                "            if attempt.at is not Up.IDLE:  # struck before it could begin\n                self.give_up(attempt)\n",
                "            pass\n",
            ),
        ),
        breaks=(
            "L4",
            "L1",
            "B1",
            "D5",
            "R6",
            "B2",
            "V1",
            "M4",
            "V3",
            "M5",
        ),
        scenarios=("continue/struck-upgrade",),
        model="BuildFailureIsForgotten",
    ),
    Mutant(
        name="two_may_decide",
        story="Whether the plugin is on probation is not asked: a second commit retires what is gone.",
        patches=(Patch("decide", "        if operation and not book.probation:\n", "        if False:\n"),),
        breaks=("L3", "M2", "L1", "M3"),
        scenarios=("continue/decide",),
        why_no_model="the action's guard is the check; a mutant without it would be another model",
    ),
    Mutant(
        name="revert_without_draining",
        story="Under HOLD a revert publishes the old version while calls run on the new one.",
        patches=(
            Patch(
                "decide",
                "        if book.policy is not DrainPolicy.HOLD:\n            # step: revert",
                "        if True:\n            # step: revert",
            ),
        ),
        breaks=("D5",),
        scenarios=("hold/revert",),
        model="RevertUnderHoldWithoutDraining",
    ),
    Mutant(
        name="cause_is_not_chained",
        story="The error of a failed upgrade does not say what caused it.",
        patches=(
            Patch(
                "upgrade",
                '            raise UpgradeFailed(self.name, phase, f"{type(error).__name__}: {error}") from error\n',
                '            raise UpgradeFailed(self.name, phase, f"{type(error).__name__}: {error}") from None\n',
            ),
        ),
        breaks=("B4",),
        scenarios=("extra/init_fails",),
        why_no_model="the model has no errors that say anything",
    ),
    Mutant(
        name="handover_failure_goes_on",
        story="A handover that fails is overlooked, and the new version is published without its state.",
        patches=(
            Patch(
                "upgrade",
                "        except Exception as error:\n            self.give_up(attempt)\n            raise HandoverFailed",
                "        except Exception as error:\n            return\n            raise HandoverFailed",
            ),
        ),
        breaks=("H2", "B1"),
        scenarios=("extra/handover_fails",),
        why_no_model="handover_fails is an action of the model; one that did nothing would be hand_over",
    ),
]
