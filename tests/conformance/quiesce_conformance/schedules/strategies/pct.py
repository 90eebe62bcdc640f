"""Probabilistic concurrency testing: random priorities that change a few times, with a guarantee.

A bug has *depth* d if d ordering constraints between steps are enough to bring it about.  Each thread has a random
priority, the highest one that can go on goes on, and at d - 1 random steps whoever is about to go on drops below
everybody else.  So one schedule finds a bug of depth d with a probability of at least 1 / (n k^(d-1)), n being the
threads and k the steps of an execution (Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler
with probabilistic guarantees of finding bugs", ASPLOS 2010).

What is different here: a timeout and an interrupt of a thread have priorities of their own, as if each were one more
thread, and are counted among the n.  k is measured in a first schedule without preemption unless it is given.  If a
later one has more steps, the guarantee is withdrawn, and the notes say so.  (Counting only steps in front of which
there is a choice would make k smaller; but how many these are depends on the schedule, and the first one has the
fewest.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from quiesce_conformance.schedules.limits import whole
from quiesce_conformance.schedules.points import INTERRUPT, Choice

from .base import Evidence, stay
from .sampling import Drawn, Draws, Part, Sampler, check, dice

__all__ = ["Pct"]


@dataclass(frozen=True, slots=True)
class Pct:
    """`schedules` schedules with `depth` - 1 changes of priority each.

    Raises `BadLimit` unless depth, schedules and length are whole numbers above 0 and the seed is one of 0 or more.

    Args:
        depth: the depth of the bugs that the guarantee is for.  Three preemptions ask for 5: a bug that takes p of them
            has depth p + 2 at most, one constraint for each and two for who comes first and last.
        seed: of the dice.
        schedules: how many.
        length: how many steps an execution has; None: measured first.

    """

    depth: int = 5
    seed: int = 0
    schedules: int = 1_000
    length: int | None = None
    evidence: ClassVar[Evidence] = "tested"

    def __post_init__(self) -> None:
        check(self.seed, self.schedules)
        whole("depth", self.depth)
        whole("length", self.length, optional="measure it")

    @property
    def name(self) -> str:
        length = "" if self.length is None else f", length={self.length}"
        return f"pct(depth={self.depth}, seed={self.seed}, schedules={self.schedules}{length})"

    @property
    def bound(self) -> str:
        return f"{self.schedules:,} schedules of PCT with depth {self.depth}"

    def frontier(self, saved: Any = None) -> Draws:
        return Draws(self.schedules, length=self.length or 0, notes=self._notes, saved=saved)

    def explorer(self, part: Part) -> Sampler:
        return Sampler(part, self._draw)

    def chance(self, threads: int, length: int) -> float:
        """The least probability that one schedule finds a bug of this depth."""
        return 1.0 / (max(1, threads) * float(max(1, length)) ** (self.depth - 1))

    def _notes(self, seen: Part, done: int) -> Sequence[str]:
        if not seen.length or not seen.names:
            return ()
        n, k, d = len(seen.names), seen.length, self.depth
        if seen.longest > k:
            return (
                f"no guarantee: an execution had {seen.longest} steps, {k} were reckoned with; "
                f"Pct(length={seen.longest}) would have one",
            )
        chance = self.chance(n, k)
        least = -math.expm1(done * math.log1p(-chance)) if chance < 1 else 1.0
        return (
            f"a bug of depth {d} is found by one schedule with a probability of at least 1/(n k^(d-1)) = "
            f"1/({n} * {k}^{d - 1}) = {chance:.2g}; by {done:,} schedules, {least:.2g}",
        )

    def _draw(self, index: int, length: int) -> Drawn:
        return _Chooser(dice(self.seed, index), self.depth, length) if length else _Pilot()


def _who(choice: Choice) -> str:
    """Whose priority counts."""
    point = choice.op.point
    if point.startswith(INTERRUPT):
        return f"{choice.thread} {point.partition('@')[0]}"
    return f"{choice.thread} timeout" if point.endswith(".timeout") else choice.thread


class _Pilot(Drawn):
    """Measures an execution."""

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        self.names.update(map(_who, choices))
        self.steps += 1
        return stay(choices, last)


class _Chooser(Drawn):
    def __init__(self, draw: Random, depth: int, length: int) -> None:
        super().__init__()
        self.draw = draw
        self.changes = {draw.randint(1, length): -change for change in range(1, depth)}
        """Step -> the priority, below everybody's, of whoever would have gone on there."""
        self.priority: dict[str, float] = {}

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        del last  # priorities decide
        self.steps += 1
        pick = self._highest(choices)
        change = self.changes.get(self.steps)
        if change is not None:
            self.priority[_who(choices[pick])] = change
            pick = self._highest(choices)
        return pick

    def _highest(self, choices: Sequence[Choice]) -> int:
        best, highest = 0, -math.inf
        for index, choice in enumerate(choices):
            who = _who(choice)
            priority = self.priority.get(who)
            if priority is None:
                priority = self.priority[who] = self.draw.random()
                self.names.add(who)
            if priority > highest:
                best, highest = index, priority
        return best
