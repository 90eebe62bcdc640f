"""What the published protocol and each of its defects break, after how many steps, and what removes it.

Lengths count steps of `style`.  In large steps (entering is one, preparing one, opening the drain one) the same runs
are shorter: five for the open door, eight for the forgotten straggler; `large_steps` is that model.  For a ring of
counters it is the number of epochs that counts: nine for eight counters, however many steps it takes to open them.

================================================  =====  ===========
defect                                            steps  large steps
================================================  =====  ===========
1 enter in two steps                                  8
2 a failed prepare stays                              2
3 manifest at prepare, then cancel                    3
4 ROLLED_BACK is a trap                               7
5 new epoch, old version, nothing waits               9            5
6 state checked, then set                             4
7 counters in a ring of eight                        29     9 epochs
8 waits for the target only                          13            8
================================================  =====  ===========
"""

from __future__ import annotations

from quiesce_model.known_bad.entry import KnownBad
from quiesce_model.known_bad.published import defects, large_steps, repairs, style
from quiesce_model.language import Model, Sort
from quiesce_model.vocabulary import scope

SMALL = scope(2, 2, 3, 5)

AS_FOUND = [
    KnownBad(
        name="published: as found",
        model=defects.AsFound,
        scope=SMALL,
        breaks="B3",
        claim="a_failed_upgrade_is_over",
        steps=3,
        kind="safety",
        defect=None,
        story=(
            "All defects together, with the real ring of eight. An upgrader sees ACTIVE, sets PREPARING_UPGRADE, and "
            "the candidate does not validate. It returns an error and leaves the state as it is: the next upgrade is "
            "refused, and the failure is not counted either. One step more than the defect alone, because as found "
            "the state is checked in a step of its own."
        ),
        removed_by=("build_fails", "init_fails"),
    ),
    KnownBad(
        name="published: as found, no way back",
        model=defects.AsFoundRingOfTwo,
        scope=scope(1, 1, 3, 3),
        breaks="L4",
        claim="ACTIVE can be reached from every state",
        steps=4,
        kind="trap",
        defect=None,
        story=(
            "All defects together, with a ring of two. A prepare fails (checked, set, failed) and leaves "
            "PREPARING_UPGRADE behind; somebody executes the upgrade, although nothing was prepared. The drain ends in "
            "SWAPPING with nothing to swap, or times out into ROLLED_BACK, and no operation is legal in either."
        ),
        removed_by=("build_fails", "init_fails", "drain_in_flight", "prepare_upgrade"),
    ),
]

ALONE = [
    KnownBad(
        name="published: enter in two steps",
        model=defects.EnterInTwoSteps,
        scope=SMALL,
        breaks="D3",
        claim="drained_means_that_no_such_call_runs",
        steps=8,
        kind="safety",
        defect=1,
        story=(
            "A call loads the epoch and is interrupted. An upgrade is prepared, opens its drain, finds every counter "
            "at zero and goes on to swap. Now the call counts itself under the epoch that has just been declared "
            "empty, and runs. The drain's answer was true of the counter and false of the call."
        ),
        removed_by=("announce", "confirm", "retract"),
    ),
    KnownBad(
        name="published: a failed prepare stays",
        model=defects.FailedPrepareStays,
        scope=SMALL,
        breaks="B3",
        claim="a_failed_upgrade_is_over",
        steps=2,
        kind="safety",
        defect=2,
        story=(
            "An upgrade begins and its candidate does not validate. The error is returned from the middle, after the "
            "state was set: the plugin says PREPARING_UPGRADE though nobody prepares, and refuses every upgrade until "
            "somebody thinks of cancelling one that has already failed."
        ),
        removed_by=("build_fails", "init_fails"),
    ),
    KnownBad(
        name="published: a failed prepare is executed",
        model=defects.FailedPrepareStays,
        scope=scope(1, 1, 3, 4),
        breaks="L4",
        claim="ACTIVE can be reached from every state",
        steps=4,
        kind="trap",
        defect=2,
        story=(
            "The same failure, and then the upgrade is executed, which looks at the state only. It drains, comes to "
            "SWAPPING with nothing to swap, and returns an error from there. Neither preparing nor cancelling is legal "
            "in SWAPPING: from the opened drain on, with no call to time it out, ACTIVE is out of reach."
        ),
        removed_by=("build_fails", "init_fails", "drain_in_flight"),
    ),
    KnownBad(
        name="published: manifest at prepare",
        model=defects.ManifestAtPrepare,
        scope=SMALL,
        breaks="B1",
        claim="the_manifest_is_that_of_the_version_that_serves",
        steps=3,
        kind="safety",
        defect=3,
        story=(
            "A candidate is prepared, and the plugin shows its manifest at once. The upgrade is cancelled. The old "
            "code goes on serving under the new manifest: its exports, hooks and limits are those of a version that "
            "was never published."
        ),
        removed_by=("atomic_swap",),
    ),
    KnownBad(
        name="published: rolled back is a trap",
        model=defects.RolledBackIsATrap,
        scope=scope(1, 1, 3, 4),
        breaks="L4",
        claim="ACTIVE can be reached from every state",
        steps=7,
        kind="trap",
        defect=4,
        story=(
            "A call is counted, an upgrade is prepared and drains, and the call outlives the drain: the time-out rolls "
            "back. Preparing wants ACTIVE, cancelling wants PREPARING_UPGRADE, and nothing else sets the state: after "
            "one slow call the plugin can never be upgraded again."
        ),
        removed_by=("prepare_upgrade", "acknowledge"),
    ),
    KnownBad(
        name="published: instance read apart",
        model=defects.InstanceReadApart,
        scope=SMALL,
        breaks="T1",
        claim="an_epoch_stands_for_one_version",
        steps=9,
        kind="safety",
        defect=5,
        story=(
            "A call is counted under the epoch that the drain opened, whose version is the old one. Before it fetches "
            "the instance the swap happens, and it fetches the new one. Its epoch says old and it runs new: what is "
            "waited for, reported and freed by epoch is about the wrong version."
        ),
        removed_by=("read", "confirm"),
    ),
    KnownBad(
        name="published: swap opens no epoch",
        model=defects.SwapOpensNoEpoch,
        scope=SMALL,
        breaks="T1",
        claim="an_epoch_stands_for_one_version",
        steps=9,
        kind="safety",
        defect=5,
        story=(
            "The drain opens an epoch, a call enters it and runs the old version, the drain ends (it waits for the "
            "epoch before), and the new version is put in place under the same epoch. The epoch now has calls of both "
            "versions, so no wait for epochs can tell when the old version is quiet. Five large steps are nine here: "
            "preparing is two, opening the drain two, and entering three."
        ),
        removed_by=("atomic_swap",),
    ),
    KnownBad(
        name="published: nothing waits after the swap",
        model=defects.NothingWaitsAfterTheSwap,
        scope=SMALL,
        breaks="R3",
        claim="a_running_call_has_its_version",
        steps=10,
        kind="safety",
        defect=5,
        story=(
            "A call comes in while the drain is on and runs the old version. The drain is over as soon as the calls "
            "from before it have ended; the swap follows, and the old version is freed at once, under the call."
        ),
        removed_by=("commit", "peek", "look", "cleanup_old"),
    ),
    KnownBad(
        name="published: open door, in large steps",
        model=large_steps.OpenDoor,
        scope=scope(2, 1, 3, 5),
        breaks="D5",
        claim="complete_means_that_no_call_runs_an_older_version",
        steps=5,
        kind="safety",
        defect=5,
        story=(
            "Prepare; open the drain; a call enters, in one step, under the new epoch and gets the old version; the "
            "drain finds the epoch before it empty; swap. The upgrade is complete while a call runs the old version, "
            "although entering was atomic: the order is at fault. Either the door is closed while draining (HOLD), or "
            "the old version is kept for such calls (CONTINUE)."
        ),
        removed_by=("drain_in_flight", "read", "commit"),
    ),
    KnownBad(
        name="published: checked, then set",
        model=defects.CheckedThenSet,
        scope=SMALL,
        breaks="L2",
        claim="one_upgrade_at_a_time",
        steps=4,
        kind="safety",
        defect=6,
        story=(
            "Two upgraders look at the state, and both see ACTIVE. Both set PREPARING_UPGRADE and go on to build. "
            "Whichever finishes last overwrites the other's candidate, which nobody frees."
        ),
        removed_by=("prepare_upgrade",),
    ),
    KnownBad(
        name="published: a ring of eight counters",
        model=defects.RingOfCounters,
        scope=scope(1, 1, 5, 9),
        breaks="D2",
        claim="a_counter_is_that_of_its_epoch",
        steps=29,
        kind="safety",
        defect=7,
        story=(
            "Three upgrades and the drain and swap of a fourth use up epochs 0 to 7; the ninth epoch counts where the "
            "first did. One call enters it, and the tracker reports a reference to epoch 0, whose calls have all "
            "ended. An upgrade that waits for epoch 0 waits for a newcomer. Nine epochs take four upgrades of two "
            "epochs each, hence the twenty-nine steps."
        ),
        removed_by=("drain_in_flight", "atomic_swap"),
    ),
    KnownBad(
        name="published: a ring of two counters",
        model=defects.RingOfTwo,
        scope=SMALL,
        breaks="D2",
        claim="a_counter_is_that_of_its_epoch",
        steps=8,
        kind="safety",
        defect=7,
        story=(
            "The same with two counters instead of eight: after one upgrade, which opens two epochs, a call of the "
            "third epoch is reported as a call of the first."
        ),
        removed_by=("drain_in_flight", "atomic_swap"),
    ),
    KnownBad(
        name="published: newcomers in an old counter",
        model=defects.RingOfTwo,
        scope=scope(2, 1, 2, 3),
        breaks="V1",
        claim="every upgrade ends",
        steps=None,
        kind="liveness",
        defect=7,
        story=(
            "What aliasing does to an upgrade, with a ring of two. After the swap the old version's epochs are waited "
            "for; calls of the new epoch count in one of their counters. Two callers that take turns keep it above "
            "zero for ever, although each of their calls ends: the upgrade never does. Aliasing errs on the side of "
            "waiting (a shared counter at zero means that both epochs are empty), so it frees nothing too early."
        ),
        removed_by=("drain_in_flight", "atomic_swap"),
    ),
    KnownBad(
        name="published: waits for the target only",
        model=defects.WaitsForTheTargetOnly,
        scope=SMALL,
        breaks="D2",
        claim="drained_means_that_no_such_call_runs",
        steps=13,
        kind="safety",
        defect=8,
        story=(
            "A call is running when an upgrade drains; the drain times out and rolls back. The next upgrade's target "
            "is the epoch that the first one opened, which is empty: drained, while the call from before both still "
            "runs. Eight large steps, of which the last is the swap, are thirteen here without the swap: entering is "
            "three, preparing two and opening the drain two, the latter both twice."
        ),
        removed_by=("scan", "drained_in_time"),
    ),
    KnownBad(
        name="published: waits for the target only, in large steps",
        model=large_steps.ClosedDoor,
        scope=scope(2, 1, 3, 5),
        breaks="D2",
        claim="complete_means_that_no_call_runs_an_older_version",
        steps=8,
        kind="safety",
        defect=8,
        story=(
            "The same with the door closed while draining and with large steps: enter; prepare, drain, time out; "
            "prepare, drain, drained, swap. The first call is still inside, on the old version."
        ),
        removed_by=("scan", "drained_in_time"),
    ),
    KnownBad(
        name="published: no cleanup hook",
        model=defects.NoCleanupHook,
        scope=SMALL,
        breaks="M3",
        claim="a_freed_version_was_closed",
        steps=7,
        kind="safety",
        defect=9,
        story=(
            "One upgrade, from beginning to end, with no call in the way. The old instance is dropped and nobody tells "
            "it: what it opened in its ``init`` stays open."
        ),
        removed_by=("look", "cleanup_old", "discard"),
    ),
    KnownBad(
        name="published: unregister does not drain",
        model=defects.UnregisterDoesNotDrain,
        scope=SMALL,
        breaks="G2",
        claim="unregistered_means_that_no_call_runs",
        steps=5,
        kind="safety",
        defect=9,
        story=(
            "A call runs; the plugin is taken off the list, and unregistering returns. Its caller believes that the "
            "plugin is out of use and takes away what the plugin stands on, under the running call."
        ),
        removed_by=("unregister", "look", "cleanup_old"),
    ),
    KnownBad(
        name="published: a failed prepare is not counted",
        model=defects.FailedPrepareUncounted,
        scope=SMALL,
        breaks="B2",
        claim="each_failure_is_counted",
        steps=2,
        kind="safety",
        defect=9,
        story=(
            "An upgrade begins and its candidate does not validate. The caller gets an error, and the statistics show "
            "no failed upgrade: whoever watches them sees a plugin that nobody has tried to upgrade."
        ),
        removed_by=("build_fails", "init_fails"),
    ),
]

REPAIRED = [
    KnownBad(
        name="published, repaired: manifest at swap",
        model=repairs.ManifestAtSwap,
        scope=scope(2, 2, 3, 6),
        breaks="R3",
        claim="a_running_call_has_its_version",
        steps=9,
        kind="safety",
        defect=None,
        story=(
            "The upgrader is repaired, the caller is not. A call reads the epoch; the upgrade drains past it; the call "
            "counts itself under the epoch that is already declared empty, fetches the old version, and the swap frees "
            "that version under it."
        ),
        removed_by=("announce", "confirm", "retract"),
    ),
    KnownBad(
        name="published, repaired: second wait for the epoch that the swap closes",
        model=repairs.SecondWait,
        scope=scope(2, 2, 3, 6),
        breaks="R3",
        claim="a_running_call_has_its_version",
        steps=10,
        kind="safety",
        defect=None,
        story=(
            "After the swap one more epoch is opened and the one before it is waited for. The late call of the run "
            "before is counted under the epoch before that one: the first wait looked there too early, the second "
            "looks elsewhere, and the old version is freed under the call."
        ),
        removed_by=("announce", "confirm", "look"),
    ),
    KnownBad(
        name="published, repaired: second wait for every counter",
        model=repairs.SecondWaitForAll,
        scope=scope(2, 1, 2, 3),
        breaks="V1",
        claim="every upgrade ends",
        steps=None,
        kind="liveness",
        defect=None,
        story=(
            "After the swap all counters are waited for, those of the current epoch too. No running call loses its "
            "version any more. But two callers that take turns keep the current counter above zero for ever, although "
            "each of their calls ends, and the upgrade never does."
        ),
        removed_by=("confirm", "look", "cleanup_old"),
    ),
]

PUBLISHED: list[KnownBad] = [*AS_FOUND, *ALONE, *REPAIRED]

AS_FOUND_STEPS: dict[str, int] = {
    "a_failed_upgrade_is_over": 3,
    "each_failure_is_counted": 3,
    "one_upgrade_at_a_time": 4,
    "the_manifest_is_that_of_the_version_that_serves": 4,
    "unregistered_means_that_no_call_runs": 5,
    "a_running_call_has_its_version": 6,
    "a_freed_version_was_closed": 8,
    "drained_means_that_no_such_call_runs": 9,
    "an_epoch_stands_for_one_version": 10,
    "a_counter_is_that_of_its_epoch": 12,
}
"""As found, with a ring of two: each claim that a defect alone breaks, and the shortest run that breaks it there."""

CONTROLS: list[tuple[type[Model], dict[type[Sort], int]]] = [
    (style.Style, SMALL),
    (repairs.SecondWaitForAll, scope(2, 2, 3, 6)),
    (large_steps.ClosedDoorEveryEpoch, scope(2, 1, 3, 5)),
]
"""Positive controls: the same models without the defect.  Every claim of theirs holds (safety)."""
