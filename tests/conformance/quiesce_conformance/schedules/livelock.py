"""Who goes round, when an execution does not come to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .execution import Livelock
from .points import Choice

__all__ = ["describe", "period"]

_LONGEST: Final = 64
"""Points of a cycle that are recognised as one; also how many are shown of a thread that is in none."""


def describe(bound: int, choices: Sequence[Choice], enabled: Sequence[Sequence[Choice]]) -> Livelock:
    """Describe the second half of the steps: by then, whoever goes round has begun to."""
    begin = len(choices) // 2
    window = choices[begin:]
    cycles: dict[str, tuple[str, ...]] = {}
    for thread in dict.fromkeys(choice.thread for choice in window):
        points = [choice.op.point for choice in window if choice.thread == thread]
        cycles[thread] = tuple(points[: period(points)]) if period(points) else tuple(points[-8:])
    always = {choice.thread for choice in enabled[-1]} if enabled else set[str]()
    for each in enabled[begin:]:
        always &= {choice.thread for choice in each}
    return Livelock(bound, cycles, tuple(sorted(always - set(cycles))))


def period(points: Sequence[str]) -> int:
    """Give the length of the shortest cycle that makes up all the points, gone through at least twice; else 0."""
    for length in range(1, min(_LONGEST, len(points) // 2) + 1):
        if all(a == b for a, b in zip(points, points[length:], strict=False)):
            return length
    return 0
