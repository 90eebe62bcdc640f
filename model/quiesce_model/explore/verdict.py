"""From a search that is over to what it says: verdict, counts, memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from quiesce_model.explore.bounds import resident_bytes
from quiesce_model.explore.machine import Machine
from quiesce_model.explore.orbits import weigh
from quiesce_model.explore.result import Result, Verdict, Violation

if TYPE_CHECKING:
    from quiesce_model.explore.breadth import Search

__all__ = ["INTERRUPTED", "conclude", "held_bytes"]

INTERRUPTED = "interrupted"


def conclude(search: Search, found: Violation | None, why: str) -> Result:
    """What a search that has come to its end, or was stopped, says.

    ``why``: why it was stopped; empty if it was not.
    """
    machine = search.machine
    unreduced = weigh(machine) if search.unreduced and not why and found is None else None
    expanded = sum(search.mark.levels) if why and search.mark is not None else search.states
    taken = dict.fromkeys(machine.actions, 0)
    for step, n in zip(machine.generated.steps, machine.taken, strict=True):
        taken[step.instance.action] += n
    verdict = Verdict.BROKEN if found is not None else Verdict.UNFINISHED if why else Verdict.HOLDS
    missing = [n for n, d in search.met.items() if d is None] + [a for a, n in taken.items() if not n]
    if verdict is Verdict.HOLDS and search.vacuity and missing:
        named = ", ".join(missing)
        if search.on_edge:
            verdict, why = Verdict.UNFINISHED, f"not seen in this scope, which cuts steps off: {named}"
        else:
            verdict, why = Verdict.BROKEN, f"never seen: {named}"
            initial = machine.layout.values(machine.first)
            rules = machine.rules_of(missing[0])
            found = Violation("never", missing[0], rules, initial, (), tuple(missing[1:]))
    if verdict is Verdict.BROKEN and not why and found is not None:
        why = f"{found.claim}, after {len(found)} steps"
    return Result(
        model=machine.model.__name__,
        verdict=verdict,
        why=why,
        states=search.states,
        edges=search.edges,
        depth=search.depth,
        seconds=search.watch.seconds,
        edge_of_scope=search.on_edge,
        violation=found,
        sometimes=search.met,
        actions_taken=taken,
        deadlocks=search.deadlocks,
        parts=(len(machine.groups), len(machine.local)),
        levels=tuple(search.levels),
        expanded=expanded,
        bytes=max(resident_bytes() - search.resident, held_bytes(machine)),
        interrupted=why.startswith(INTERRUPTED),
        unreduced=unreduced,
    )


def held_bytes(machine: Machine) -> int:
    """The memory that the states themselves take, counted: their keys and the dicts that hold them.

    Tables are not counted; what the process grew by shows them, too, but may be hidden by memory that was free before.
    """
    total = 0
    for group in machine.groups:
        total += sys.getsizeof(group.seen)
        key = next(iter(group.seen), None)
        if key is not None:
            total += len(group.seen) * (sys.getsizeof(key))
    return total
