"""The part of an execution that led to its end: the steps that happen before it.

Happens-before is the transitive closure of *same thread, earlier* and *same object, earlier, one of the two writes*
(Lamport, CACM 1978; over Mazurkiewicz's dependence, as in `points.dependent`).  What is not before the end could have
been done later, or not at all, and the end would be the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from .execution import Deadlock, Execution, Failure
from .points import dependent

__all__ = ["arrows", "causal_slice", "ends"]


def ends(execution: Execution) -> list[int]:
    """The steps at which it shows how the execution ended.

    A failure's step; of a deadlock, the last step of each thread that waits, and of those that have what it waits for;
    where the final check failed, the last write to each object, because the check looks at what is left.
    """
    ending, choices = execution.ending, execution.choices
    if isinstance(ending, Failure) and ending.where != "check":
        return [ending.step] if ending.step >= 0 else []
    last: dict[str, int] = {}
    if isinstance(ending, Failure):
        for i, choice in enumerate(choices):
            if choice.op.writes:
                last[choice.op.object] = i
    elif isinstance(ending, Deadlock):
        threads = {choice.thread for choice in ending.waiting} | set(ending.holders.values())
        for i, choice in enumerate(choices):
            if choice.thread in threads:
                last[choice.thread] = i
    return sorted(set(last.values())) or ([len(choices) - 1] if choices else [])


def causal_slice(execution: Execution, steps: Iterable[int] | None = None) -> list[int]:
    """The indices of all steps that happen before one of `steps`, and these; of the `ends` unless given.

    Raises:
        IndexError: there is no such step.

    """
    choices = execution.choices
    wanted = set(ends(execution) if steps is None else steps)
    if any(not 0 <= step < len(choices) for step in wanted):
        raise IndexError(f"expected steps from 0 to {len(choices) - 1}, got {sorted(wanted)}")
    kept: list[int] = []
    for i in range(len(choices) - 1, -1, -1):
        if i in wanted or any(dependent(choices[i], choices[j]) for j in kept):
            kept.append(i)
    return kept[::-1]


def arrows(execution: Execution, steps: Iterable[int]) -> list[tuple[int, int]]:
    """Which step passes something on to which of another thread: each with the nearest it depends on, per thread."""
    choices, order = execution.choices, sorted(steps)
    found: list[tuple[int, int]] = []
    for at, j in enumerate(order):
        seen = {choices[j].thread}
        for i in reversed(order[:at]):
            if choices[i].thread not in seen and dependent(choices[i], choices[j]):
                seen.add(choices[i].thread)
                found.append((i, j))
    return sorted(found)
