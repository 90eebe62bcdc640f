"""Small models for the explorer's tests: ones whose counts can be written down, and ones that fail in a known way."""

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
    sometimes,
    transition,
)


class Walker(Sort):
    """Any number of them, all alike."""


class Other(Sort):
    """Another unordered sort."""


class Place(Numbered):
    """0, 1, 2, ..."""


class Light(Enum):
    RED = "red"
    GREEN = "green"


class Stairs(Model):
    """n walkers climb k steps, each at its own pace: (k+1)^n states, n k (k+1)^(n-1) edges."""

    at: Map[Walker, Place] = each(Place(0))
    top: ClassVar[int] = 3

    @action
    def climb(s, w: Walker) -> None:
        require(s.at[w] < s.top)
        s.at[w] += 1

    @action
    def rest(s, w: Walker) -> None:
        require(s.at[w] == s.top)
        s.at[w] = s.at[w]

    @sometimes("X1")
    def all_are_up(s) -> bool:
        return all(s.at[w] == s.top for w in every(Walker))


class EndlessStairs(Stairs):
    """The scope ends where the stairs do not."""

    top: ClassVar[int] = 1_000

    @action
    def rest(s, w: Walker) -> None:
        require(s.at[w] == 0)
        s.at[w] = s.at[w]

    @sometimes("X1")
    def all_are_up(s) -> bool:
        return all(s.at[w] == 2 for w in every(Walker))


class Mutex(Model):
    """A flag, seen and set in two steps: two walkers get in (rule X2), four steps from the start."""

    light: Light = Light.GREEN
    here: Map[Walker, Place] = each(Place(0))  # 0 outside, 1 saw green, 2 inside
    guests: Map[Other, bool] = each(False)

    @action(fair=False)
    def look(s, w: Walker) -> None:
        require(s.here[w] == 0, s.light == Light.GREEN)
        s.here[w] = Place(1)

    @action
    def enter(s, w: Walker) -> None:
        require(s.here[w] == 1)
        s.light = Light.RED
        s.here[w] = Place(2)

    @action
    def leave(s, w: Walker) -> None:
        require(s.here[w] == 2)
        assert s.light == Light.RED, "X3: whoever leaves finds the light red"
        s.light = Light.GREEN
        s.here[w] = Place(0)

    @action(fair=False)
    def visit(s, o: Other) -> None:
        require(not s.guests[o])
        s.guests[o] = True

    @action
    def part(s, o: Other) -> None:
        require(s.guests[o])
        s.guests[o] = False

    @invariant("X2")
    def one_at_a_time(s) -> bool:
        return sum(s.here[w] == 2 for w in every(Walker)) <= 1

    @invariant
    def nobody_inside_means_green(s) -> bool:
        return implies(s.light == Light.RED, any(s.here[w] == 2 for w in every(Walker)))

    @sometimes
    def somebody_is_inside(s) -> bool:
        return any(s.here[w] == 2 for w in every(Walker))


class GoodMutex(Mutex):
    """Seen and set in one step."""

    @action
    def enter(s, w: Walker) -> None:
        require(s.here[w] == 1, s.light == Light.GREEN)
        s.light = Light.RED
        s.here[w] = Place(2)

    @action
    def step_back(s, w: Walker) -> None:
        require(s.here[w] == 1, s.light == Light.RED)
        s.here[w] = Place(0)


class Jam(GoodMutex):
    """Nobody ever leaves, and whoever saw green too late cannot go back: a deadlock, two steps from the start."""

    step_back = None  # type: ignore[assignment]  # a subclass without that step
    leave = None  # type: ignore[assignment]  # the same
    visit = None  # type: ignore[assignment]  # the same
    part = None  # type: ignore[assignment]  # the same


class Latch(Model):
    """Once latched it never opens again: a trap, two steps from the start."""

    latched: bool = False
    opened: Map[Walker, bool] = each(False)

    @action
    def toggle(s, w: Walker) -> None:
        require(not s.latched)
        s.opened[w] = not s.opened[w]

    @action(fair=False)
    def latch(s, w: Walker) -> None:
        require(s.opened[w], not s.latched)
        s.latched = True

    @action
    def rattle(s) -> None:
        require(s.latched)
        s.latched = True

    @sometimes
    def all_closed(s) -> bool:
        return not s.latched and all(not s.opened[w] for w in every(Walker))


class Together(Model):
    """Steps that look at several elements: everybody moves at once, or one waits for all."""

    at: Map[Walker, Place] = each(Place(0))
    rounds: Place = Place(0)

    @action
    def step(s, w: Walker) -> None:
        require(s.at[w] == 0)
        s.at[w] = Place(1)

    @action
    def turn(s) -> None:
        require(all(s.at[w] == 1 for w in every(Walker)), s.rounds < 2)
        for w in every(Walker):
            s.at[w] = Place(0)
        s.rounds += 1

    @action
    def stay(s) -> None:
        require(s.rounds == 2)
        s.rounds = s.rounds

    @transition("X4")
    def rounds_never_fall(s, after: Together) -> bool:
        return s.rounds <= after.rounds

    @invariant
    def nobody_is_further_than_one(s) -> bool:
        return all(s.at[w] <= 1 for w in every(Walker))


class Never(Stairs):
    """An action that nothing leads to, and a `sometimes` that no state shows."""

    @action
    def fly(s, w: Walker) -> None:
        require(s.at[w] > s.top)
        s.at[w] = Place(0)

    @sometimes("X5")
    def somebody_flies(s) -> bool:
        return any(s.at[w] > s.top for w in every(Walker))
