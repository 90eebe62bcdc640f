"""Mutants of the drain: what it waits for, who wakes it, the gate, and the time."""

# ruff: noqa: E501 - lines of the kernel are quoted as they stand there
from __future__ import annotations

from tests.schedules.mutants.mutant import Mutant, Patch

__all__ = ["MUTANTS"]

_WAKE = "                if not held or held[0] >= drain.before:\n                    drain.event.set()\n"
_DRAINED = "return not any(record.holders() for record in self.past if record.number < before)"

MUTANTS = [
    Mutant(
        name="waits_for_the_last_epoch_only",
        story="The drain asks the epoch that was current when it began, and forgets stragglers of earlier ones.",
        patches=(
            Patch("reclaim", _DRAINED, _DRAINED.replace("< before", "== before - 1")),
            Patch(
                "reclaim", _WAKE, _WAKE.replace("not held or held[0] >= drain.before", "drain.before - 1 not in held")
            ),
        ),
        breaks=("D2", "D3"),
        scenarios=(
            "continue/straggler",
            "hold/straggler",
        ),
        model="DrainsTheLastEpochOnly",
    ),
    Mutant(
        name="waits_for_nobody",
        story="The scan finds the drain at its end, whoever is inside.",
        patches=(Patch("reclaim", _DRAINED, "return bool(before)"),),
        breaks=("D2", "D3", "D5", "H1"),
        scenarios=(
            "continue/swap",
            "hold/swap",
        ),
        model="DrainsNothing",
    ),
    Mutant(
        name="nobody_wakes_the_drain",
        story="The last call of the old epochs looks, and sets no event.",
        patches=(Patch("reclaim", _WAKE, "                continue\n"),),
        breaks=("V1",),
        scenarios=("continue/swap",),
        model="NobodyWakesTheDrain",
    ),
    Mutant(
        name="waits_without_scanning",
        story="The drain does not look before it waits: if nobody is inside, nobody will wake it.",
        patches=(
            Patch(
                "upgrade",
                "book.attempt is not attempt or core.drained(drain.before)\n",
                "book.attempt is not attempt\n",
            ),
        ),
        breaks=("V1",),
        scenarios=("continue/swap",),
        model="WaitsWithoutScanning",
    ),
    Mutant(
        name="drain_opens_no_epoch",
        story="Draining begins in the epoch that calls are in, and newcomers join them.",
        patches=(
            Patch(
                "upgrade",
                '        core.publish("drain_in_flight", record, book, attempt, Up.SCAN)\n',
                '        core.write("drain_in_flight", book, attempt, Up.SCAN)\n',
            ),
        ),
        breaks=(
            "D1",
            "D5",
            "D3",
            "T1",
        ),
        scenarios=("continue/swap",),
        model="DrainOpensNoEpoch",
    ),
    Mutant(
        name="epochs_in_a_ring",
        story="Epoch numbers come round again, so two epochs are taken for each other.",
        patches=(
            Patch(
                "reclaim",
                "return Record(self.seam, self.current.number + 1, version,",
                "return Record(self.seam, (self.current.number + 1) % 2, version,",
            ),
        ),
        breaks=("T1", "D1", "D2", "D3"),
        scenarios=("continue/swap",),
        why_no_model="the published protocol has it (RingOfTwo); the algorithm has no counters that could alias",
    ),
    Mutant(
        name="gate_beside_the_pointer",
        story="Under HOLD the gate is closed a section later than the epoch is opened: calls slip in between.",
        patches=(
            Patch(
                "upgrade",
                "        gate = Gate.HELD if attempt.policy is DrainPolicy.HOLD else Gate.OPEN\n        record =",
                "        gate = Gate.OPEN\n        record =",
            ),
            Patch(
                "upgrade",
                '        core.write("scan", book, attempt, Up.WAIT)\n',
                '        core.write("scan", book, attempt, Up.WAIT)\n'
                "        if attempt.policy is DrainPolicy.HOLD:\n"
                "            from .records import NO_SLOTS\n\n"
                "            now = core.current\n"
                "            now.free, now.reopened, now.gate = NO_SLOTS, core.seam.event(), Gate.HELD\n",
            ),
        ),
        breaks=("D5", "D3", "H1"),
        scenarios=("hold/swap",),
        model="GateBesideThePointer",
    ),
    Mutant(
        name="held_calls_are_not_let_go",
        story="The gate opens, and nobody tells the calls that wait at it.",
        patches=(
            Patch(
                "reclaim",
                "                record.reopened.set()  # D5: held calls are let go by the publication that follows theirs\n",
                "                continue\n",
            ),
        ),
        breaks=("D5", "V3", "R1"),
        scenarios=("hold/swap",),
        why_no_model="a held call of the model is one whose read is not enabled; it needs no waking",
    ),
    Mutant(
        name="rollback_keeps_the_gate",
        story="A drain that times out or is cancelled rolls back, and the gate stays closed.",
        patches=(
            Patch(
                "decide",
                "        if core.current.gate is Gate.HELD:\n            core.publish(action,",
                "        if False:\n            core.publish(action,",
            ),
        ),
        breaks=("D5", "V3"),
        scenarios=(
            "hold/timeout",
            "hold/cancel",
        ),
        model="TimeOutKeepsTheGate",
    ),
    Mutant(
        name="timeout_by_the_wall_clock",
        story="The drain's limit is reckoned on the wall clock: when that is set forward, a drain ends early.",
        patches=(
            Patch(
                "upgrade",
                "        if timeout != 0:\n            drain.event.wait(timeout)\n",
                "        if timeout != 0:\n"
                "            import time\n\n"
                "            left = None if timeout is None else max(0.0, drain.started + timeout - time.time())\n"
                "            if left != 0:\n                drain.event.wait(left)\n",
            ),
        ),
        breaks=("D4",),
        scenarios=("extra/drain_time_out",),
        why_no_model="the model has no clock: a time-out is a step that may come at any time",
    ),
    Mutant(
        name="drain_time_by_the_wall_clock",
        story="How long a drain took is reckoned on the wall clock.",
        patches=(
            Patch(
                "decide",
                "spent = max(0, round((self.core.seam.monotonic() - drain.started) * 1_000_000))",
                "import time\n\n        spent = max(0, round((time.time() - drain.started) * 1_000_000))",
            ),
        ),
        breaks=("S1", "D4"),
        scenarios=("extra/drain_time_out",),
        why_no_model="the model has no clock and no times",
    ),
    Mutant(
        name="stragglers_are_not_listed",
        story="The error of a drain that timed out names nobody.",
        patches=(Patch("upgrade", "late = () if drain.event.is_set() else tuple(stragglers(core))", "late = ()"),),
        breaks=("D4",),
        scenarios=("extra/drain_time_out",),
        why_no_model="the model has no errors that say anything",
    ),
    Mutant(
        name="no_self_deadlock_check",
        story="An upgrade asked for from inside a call waits for that call.",
        patches=(
            Patch(
                "plugin",
                "        if inside(self._pointer, self._core.leases) is not None or held(self._core):\n"
                "            raise SelfDeadlock(",
                "        if False:\n            raise SelfDeadlock(",
            ),
        ),
        breaks=("D6",),
        scenarios=(
            "extra/inside_continue",
            "extra/inside_hold",
        ),
        why_no_model="callers and upgraders of the model are different threads",
    ),
    Mutant(
        name="cancel_wakes_nobody",
        story="A drain is cancelled, and the thread that waits for its end is not told.",
        patches=(Patch("decide", "                victim.drain.event.set()\n", "                continue\n"),),
        breaks=(
            "V1",
            "V2",
        ),
        scenarios=("extra/cancel_ends_the_wait",),
        model="ScanForgetsACancel",
    ),
]
