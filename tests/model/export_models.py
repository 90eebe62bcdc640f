"""Small models that use what the protocol does not: exporters must not lean on the protocol's habits."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from quiesce_model.language import (
    Map,
    Model,
    Numbered,
    Sort,
    action,
    each,
    every,
    implies,
    invariant,
    require,
    transition,
)


class Walker(Sort):
    """Somebody."""


class Place(Numbered):
    """Somewhere."""


class Color(Enum):
    """A key of a map, and a parameter."""

    RED = "red"
    BLUE = "blue"


class Corners(Model):
    """Swaps, loops, cases in cases, negative numbers, remainders, sums, parameters of every sort, names of C."""

    step: ClassVar[int] = 2

    a: Place = Place(0)
    b: Place = Place(1)
    now: int = 0
    switch: bool = False
    marked: Map[Walker, bool] = each(False)
    held: Map[Walker, int] = each(0)
    paint: Map[Color, Place] = each(0, {Color.BLUE: 1})
    at: Map[Place, Color] = each(Color.RED)

    @action(fair=False)
    def swap(s) -> None:
        s.a, s.b = s.b, s.a

    @action
    def swap_cells(s) -> None:
        s.paint[Color.RED], s.paint[Color.BLUE] = s.paint[Color.BLUE], s.paint[Color.RED]
        s.switch = s.paint[Color.RED] != 0

    @action
    def everybody(s, w: Walker) -> None:
        """A loop, and a cell of the same map before it."""
        s.marked[w] = not s.marked[w]
        for x in every(Walker):
            s.held[x] = s.held[x] if s.marked[x] else 0

    @action
    def take(s, w: Walker, other: Walker) -> None:
        require(w != other, s.held[w] < 1)
        if s.switch:
            s.held[w] += 1
            if s.held[other] > 0:
                s.held[other] -= 1
                s.marked[other] = True
            else:
                s.now = (s.now - 1) % 3 - 1
        else:
            s.marked[w] = s.switch

    @action
    def climb(s, c: Color, up: bool) -> None:
        require(s.held_in_all() + (1 if up else 0) < 3)
        s.at[s.a] = c
        if up:
            s.a += 1
        assert s.held_in_all() >= 0, "X1: nobody holds less than nothing"

    @action
    def follow(s, p: Place) -> None:
        require(s.at[p] == Color.BLUE, any(s.at[q] == Color.BLUE and q != p for q in every(Place)))
        s.b = p

    def held_in_all(s) -> int:
        return sum(s.held[w] for w in every(Walker))

    @invariant("X1")
    def nobody_holds_more_than_one(s) -> bool:
        return all(s.held[w] <= 1 for w in every(Walker)) and -1 <= s.now < s.step

    @transition("X2")
    def only_one_climbs(s, after: Corners) -> bool:
        return after.a <= s.a + 1 or implies(s.a == after.b, s.b == after.a)


class FallsShort(Corners):
    """Breaks the invariant: the bound on what is held is one too many."""

    @action
    def take(s, w: Walker, other: Walker) -> None:
        require(w != other, s.held[w] < 2)
        s.held[w] += 1
        s.switch = not s.switch


SCOPE: dict[type[Sort], int] = {Walker: 2, Place: 3}
