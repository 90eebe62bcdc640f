"""What strategies that draw schedules have in common: a number of draws, each from its own seed.

Draw number i depends on the seed and on i alone, so workers can share the draws out, a stopped search goes on where it
stood, and any one schedule can be drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from quiesce_conformance.schedules.execution import Execution
from quiesce_conformance.schedules.limits import BadLimit, whole
from quiesce_conformance.schedules.points import Chooser

__all__ = ["Drawn", "Draws", "Part", "check", "dice"]


@dataclass(slots=True)
class Part:
    """Draws `first` to `end`, the latter not included, and what was seen in those that are done."""

    first: int
    end: int
    length: int
    """How many steps an execution is taken to have; 0: not known yet."""
    longest: int = 0
    """How many steps the longest execution had."""
    names: frozenset[str] = frozenset()
    """Everybody who had a priority."""


def check(seed: object, schedules: object) -> None:
    """Raise `BadLimit` for what is no seed, or no number of schedules."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise BadLimit("seed", "a whole number, 0 or more", seed)
    whole("schedules", schedules)


def dice(seed: int, index: int) -> Random:
    """Make the dice of one draw."""
    return Random(seed << 64 | index)


class Draws:
    """The frontier: which draws are still to be made."""

    def __init__(
        self, schedules: int, *, length: int | None, notes: Callable[[Part, int], Sequence[str]], saved: Any = None
    ) -> None:
        self._schedules = schedules
        self._notes = notes
        self._pilot = length == 0
        """One execution has to be seen before the others can be drawn."""
        self._seen = Part(0, schedules, length or 0)
        self._ranges = [(0, schedules)]
        if saved is not None:
            self._ranges = [(int(first), int(end)) for first, end in saved["left"]]
            self._seen.length, self._seen.longest = int(saved["length"]), int(saved["longest"])
            self._seen.names = frozenset(map(str, saved["names"]))
            self._pilot = bool(saved["pilot"])
        self._pilot_is_out = False

    @property
    def empty(self) -> bool:
        return not self._ranges

    @property
    def notes(self) -> Sequence[str]:
        """What may be said, after that many draws."""
        return self._notes(self._seen, self._schedules - sum(end - first for first, end in self._ranges))

    def take(self, share: int) -> Part | None:
        if not self._ranges or self._pilot_is_out:
            return None
        first, end = self._ranges.pop()
        size = 1 if self._pilot else -(-(end - first) // share)
        if first + size < end:
            self._ranges.append((first + size, end))
        self._pilot_is_out = self._pilot
        return Part(first, first + size, self._seen.length)

    def give_back(self, part: Part) -> None:
        seen = self._seen
        seen.longest = max(seen.longest, part.longest)
        seen.names |= part.names
        if part.first < part.end:
            self._ranges.append((part.first, part.end))
        elif self._pilot_is_out:
            self._pilot, seen.length = False, max(1, part.longest)
        self._pilot_is_out = False

    def save(self) -> dict[str, Any]:
        seen = self._seen
        return {
            "left": self._ranges,
            "length": seen.length,
            "longest": seen.longest,
            "names": sorted(seen.names),
            "pilot": self._pilot,
        }


class Drawn(Chooser):
    """A chooser that was drawn; counts the steps, and who could have been chosen."""

    def __init__(self) -> None:
        self.steps = 0
        self.names: set[str] = set()


class Sampler:
    """The explorer: makes the draws of one part."""

    def __init__(self, part: Part, draw: Callable[[int, int], Drawn]) -> None:
        self.part = part
        self.draw = draw
        self.chooser: Drawn | None = None

    def next(self) -> Drawn | None:
        if self.part.first >= self.part.end:
            return None
        self.chooser = self.draw(self.part.first, self.part.length)
        return self.chooser

    def learn(self, execution: Execution) -> bool:
        del execution  # the chooser has seen all there is to know
        done, self.chooser = self.chooser, None
        assert done is not None, "learn() comes after next()"
        self.part.first += 1
        self.part.longest = max(self.part.longest, done.steps)
        self.part.names |= done.names
        return True

    def rest(self) -> Part:
        return self.part
