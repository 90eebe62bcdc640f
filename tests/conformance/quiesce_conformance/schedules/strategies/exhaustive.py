"""Every schedule, or every schedule with at most so many preemptions, fewest preemptions first.

The search keeps prefixes: the picks that lead to a branch that nobody has taken yet.  A prefix is run to its end with
as few switches as possible (`stay`), and each alternative that was passed by on the way is a new prefix.  So every
schedule comes out of exactly one prefix, and the prefixes that are left *are* the rest of the search: saving,
resuming and sharing it out among workers need no more than dealing them out.

With a bound, prefixes that cost one more preemption wait until all the cheaper ones are done.  So the first failure has
as few preemptions as any (Musuvathi and Qadeer, PLDI 2007), and no schedule is run twice, which rounds of depth-first
search with a growing bound would do.  The price is memory: a byte per step for each prefix that waits.

There is no reduction here on purpose: this is the yardstick that the reduced search is measured by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from quiesce_conformance.schedules.errors import Nondeterminism
from quiesce_conformance.schedules.execution import Execution
from quiesce_conformance.schedules.limits import whole
from quiesce_conformance.schedules.points import Choice

from .base import Evidence, Part, is_preemption, lost, stay

__all__ = ["Exhaustive"]

Piles = dict[int, list[bytes]]
"""Prefixes by the preemptions that they cost.  A prefix is a byte per step: which of the alternatives was taken."""


@dataclass(frozen=True, slots=True)
class Exhaustive:
    """Every schedule with at most `preemptions` preemptions; None: every schedule.

    Raises `BadLimit` unless `preemptions` is None or a whole number, 1 or more.  A switch away from a thread that
    cannot go on by itself (blocked, finished, waiting with a timeout) costs nothing, neither does a timeout or an
    interrupt.
    """

    preemptions: int | None = None
    evidence: ClassVar[Evidence] = "explored"

    def __post_init__(self) -> None:
        whole("preemptions", self.preemptions, optional="no bound")

    @property
    def name(self) -> str:
        return f"exhaustive({'' if self.preemptions is None else f'preemptions={self.preemptions}'})"

    @property
    def bound(self) -> str:
        if self.preemptions is None:
            return "every schedule"
        return f"every schedule with at most {self.preemptions} preemption{'s' if self.preemptions > 1 else ''}"

    def frontier(self, saved: Any = None) -> _Frontier:
        if saved is None:
            return _Frontier({0: [b""]})
        return _Frontier({int(cost): [bytes.fromhex(prefix) for prefix in pile] for cost, pile in saved.items()})

    def explorer(self, part: Part) -> _Explorer:
        return _Explorer(self.preemptions, part)


class _Frontier:
    notes: Sequence[str] = ()

    def __init__(self, piles: Piles) -> None:
        self.piles = {cost: pile for cost, pile in piles.items() if pile}

    @property
    def empty(self) -> bool:
        return not self.piles

    def take(self, share: int) -> Piles | None:
        """Only the cheapest pile is handed out.  Every `share`-th prefix: near ones have subtrees of like size."""
        if not self.piles:
            return None
        cost = min(self.piles)
        pile = self.piles.pop(cost)
        taken = pile[::share]
        if share > 1:
            del pile[::share]
            if pile:
                self.piles[cost] = pile
        return {cost: taken}

    def give_back(self, part: Piles) -> None:
        for cost, pile in part.items():
            if pile:
                self.piles.setdefault(cost, []).extend(pile)

    def save(self) -> dict[str, list[str]]:
        return {str(cost): [prefix.hex() for prefix in pile] for cost, pile in sorted(self.piles.items())}


class _Chooser:
    """Repeats a prefix, then switches as little as possible; remembers what else there was."""

    __slots__ = ("lasts", "lost", "offers", "picks", "prefix")

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.picks = bytearray()
        self.offers: list[Sequence[Choice]] = []
        self.lasts: list[str | None] = []
        self.lost: Nondeterminism | None = None

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        step = len(self.picks)
        if step < len(self.prefix):
            pick = self.prefix[step]
            if pick >= len(choices):
                self.lost = self.lost or lost(step, f"at least {pick + 1} alternatives", choices)
                pick = 0
        else:
            pick = stay(choices, last)
        self.picks.append(pick)
        self.offers.append(choices)
        self.lasts.append(last)
        return pick


class _Explorer:
    def __init__(self, bound: int | None, piles: Piles) -> None:
        self.bound = bound
        self.piles = piles
        self.cost = 0
        self.chooser: _Chooser | None = None

    def next(self) -> _Chooser | None:
        if not self.piles:
            return None
        self.cost = min(self.piles)
        pile = self.piles[self.cost]
        self.chooser = _Chooser(pile.pop())
        if not pile:
            del self.piles[self.cost]
        return self.chooser

    def learn(self, execution: Execution) -> bool:
        del execution  # the chooser has seen all there is to know
        done, self.chooser = self.chooser, None
        assert done is not None, "learn() comes after next()"
        if done.lost is None and len(done.picks) < len(done.prefix):
            done.lost = lost(len(done.picks), f"{len(done.prefix)} steps", ())
        if done.lost is not None:
            raise done.lost
        for step in range(len(done.prefix), len(done.picks)):
            choices = done.offers[step]
            if len(choices) == 1:
                continue
            taken, last = done.picks[step], done.lasts[step]
            for pick in range(len(choices) - 1, -1, -1):
                if pick == taken:
                    continue
                cost = self.cost
                if self.bound is not None and is_preemption(choices, last, pick):
                    cost += 1
                    if cost > self.bound:
                        continue
                self.piles.setdefault(cost, []).append(bytes(done.picks[:step]) + bytes((pick,)))
        return True

    def rest(self) -> Piles:
        if self.chooser is not None:  # given up under way: it is still to be done
            self.piles.setdefault(self.cost, []).append(self.chooser.prefix)
            self.chooser = None
        return self.piles
