"""Mutants of a call's path: how it becomes a holder, runs, and lets go."""

# ruff: noqa: E501 - lines of the kernel are quoted as they stand there
from __future__ import annotations

from tests.schedules.mutants.mutant import Mutant, Patch

__all__ = ["MUTANTS"]

_CONFIRM_CALL = """                # whoever supersedes it will see this slot missing (see `reclaim`).  The call starts here.
                if pointer.record is record:
"""
_CONFIRM_SLOW = """            if pointer.record is record:  # step: confirm -- atomic as in `call`.
                result = target(*args, **kwargs)
"""
_ANNOUNCE_CALL = """                # lock on the free-threaded build.
                slot = record.free.pop()
"""
_ANNOUNCE_SLOW = """            slot = record.take()  # step: announce -- atomic as `take` says.
            if pointer.record is record:  # step: confirm -- atomic as in `call`.
                result"""
_HANDLER_CALL = """                    if slot is not None:  # pyright: ignore[reportPossiblyUnboundVariable] - that is the question
                        # step: finish -- atomic as above.
                        slot = record.free.append(slot)  # pyright: ignore[reportPossiblyUnboundVariable]
"""
_HANDLER_SLOW = """                if slot is not None:
                    slot = record.pool.append(slot)  # step: finish -- atomic as in `call`.
"""

MUTANTS = [
    Mutant(
        name="no_second_look",
        story="A call starts on what it read, whatever was published since.",
        patches=(
            Patch("calls", _CONFIRM_CALL, _CONFIRM_CALL.replace("pointer.record is record", "True")),
            Patch("calls", _CONFIRM_SLOW, _CONFIRM_SLOW.replace("pointer.record is record", "True")),
        ),
        breaks=("T2", "T3", "D3", "R3", "R5", "D5"),
        scenarios=(
            "continue/swap",
            "hold/swap",
        ),
        model="NoSecondLook",
    ),
    Mutant(
        name="looks_before_it_announces",
        story="The second look comes before the slot is taken, so a drain may end between the two.",
        patches=(
            Patch(
                "calls",
                _ANNOUNCE_CALL,
                _ANNOUNCE_CALL.replace("slot = ", "current = pointer.record is record\n                slot = "),
            ),
            Patch("calls", _CONFIRM_CALL, _CONFIRM_CALL.replace("pointer.record is record", "current")),
            Patch(
                "calls",
                _ANNOUNCE_SLOW,
                "            current = pointer.record is record\n            slot = record.take()\n"
                "            if current:\n                result",
            ),
        ),
        breaks=("D3", "T2", "R3", "R5", "D2", "D5"),
        scenarios=(
            "continue/swap",
            "hold/swap",
        ),
        model="LooksThenAnnounces",
    ),
    Mutant(
        name="lets_go_before_it_runs",
        story="The slot goes back as soon as the call starts: a running call holds nothing.",
        patches=(
            Patch(
                "calls",
                _CONFIRM_CALL,
                _CONFIRM_CALL + "                    record.free.append(slot)\n                    slot = None\n",
            ),
            Patch(
                "calls",
                "                    slot = record.free.append(slot)\n"
                "                    # step: peek -- atomic because it is one load of one reference.\n"
                "                    if pointer.record is record:\n                        return result\n"
                "                    self._core.look(record)\n",
                "                    if pointer.record is record:\n                        return result\n"
                "                    self._core.look(record)\n",
            ),
        ),
        breaks=("R3", "D3", "M2", "D2", "M1", "D5", "R2", "R6"),
        scenarios=("continue/swap",),
        model="ReleasesBeforeTheRun",
    ),
    Mutant(
        name="backs_out_without_looking",
        story="A caller that backs out of a record does not look whether somebody waited for it.",
        patches=(
            Patch(
                "calls",
                "                # step: retract -- atomic like finish.\n                slot = record.free.append(slot)\n"
                "                self._core.look(record)\n",
                "                slot = record.free.append(slot)\n",
            ),
            Patch(
                "calls",
                "            slot = record.pool.append(slot)  # step: retract -- atomic as in `call`.\n"
                "            core.look(record)\n            del result\n",
                "            slot = record.pool.append(slot)\n            del result\n",
            ),
        ),
        breaks=("M5", "V1", "D2", "V4"),
        scenarios=(
            "continue/swap",
            "overlap/swap",
        ),
        model="RetractsWithoutLooking",
    ),
    Mutant(
        name="finishes_without_peeking",
        story="A call that ends on a record which is over tells nobody.",
        patches=(
            Patch(
                "calls",
                "                    if pointer.record is record:\n                        return result\n"
                "                    self._core.look(record)\n                    return result\n",
                "                    return result\n",
            ),
        ),
        breaks=("M5", "V1"),
        scenarios=("continue/swap",),
        model="FinishesWithoutPeeking",
    ),
    Mutant(
        name="holds_on_after_an_exception",
        story="When the function raises, the slot is not put back before the look: the look still counts the call.",
        patches=(
            Patch("calls", _HANDLER_CALL, "                    slot  # pyright: ignore\n"),
            Patch("calls", _HANDLER_SLOW, "                pass\n"),
        ),
        breaks=("R6", "V1", "M5", "M1"),
        scenarios=(
            "continue/raises",
            "hold/raises",
        ),
        why_no_model="a call of the model has one way to end; the exception is below its level",
    ),
    Mutant(
        name="interrupted_call_owes_no_look",
        story="A call that ends by an exception lets go and does not look.",
        patches=(
            Patch(
                "calls",
                "            if pointer.record is not record:\n                self._core.leave(record)\n            raise\n",
                "            raise\n",
            ),
        ),
        breaks=("R6", "V1", "M5"),
        scenarios=("continue/raises",),
        model="FinishesWithoutPeeking",
    ),
    Mutant(
        name="nested_call_waits_at_the_gate",
        story="A call from inside a call asks the gate like any other; under HOLD it waits for its own outer call.",
        patches=(
            Patch(
                "calls",
                "            if outer is not None:\n                return _call_nested(core, outer, function, args, kwargs)\n",
                "            if outer is not None and record.gate is not Gate.HELD:\n"
                "                return _call_nested(core, outer, function, args, kwargs)\n",
            ),
        ),
        breaks=("R4", "V1", "V3"),
        scenarios=("hold/nested",),
        model="NestedWaitsAtTheGate",
    ),
    Mutant(
        name="nested_call_reads_the_pointer",
        story="A call from inside a call runs on the version that serves, not on that of the outer call.",
        patches=(
            Patch(
                "calls", "    target = find(outer, function)\n", "    target = find(core.pointer.record, function)\n"
            ),
        ),
        breaks=("R4", "R2"),
        scenarios=(
            "continue/nested",
            "overlap/nested",
        ),
        model="NestedReadsThePointer",
    ),
    Mutant(
        name="fast_path_over_old_holders",
        story="The fast path is open though older records are held, so a nested call takes it on to the new version.",
        patches=(
            Patch(
                "reclaim",
                "            if shut_off and not held:\n",
                "            if shut_off:\n",
            ),
        ),
        breaks=("R4", "R2"),
        scenarios=(
            "overlap/nested",
            "continue/nested",
        ),
        model="NestedReadsThePointer",
    ),
    Mutant(
        name="tracker_enters_without_looking_again",
        story="`EpochTracker.enter` gives out a guard for the epoch that it read, drained or not.",
        patches=(
            Patch(
                "epochs",
                "                if core.pointer.record is record:\n                    return guard\n",
                "                return guard\n",
            ),
        ),
        breaks=("D3", "T2", "D2"),
        scenarios=("extra/tracker",),
        model="NoSecondLook",
    ),
]
