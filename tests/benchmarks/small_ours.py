"""The small protocol in our modelling language: written once, as anybody would write it."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from quiesce_model.explore import Verdict, explore
from quiesce_model.language import (
    Map,
    Model,
    Numbered,
    Sort,
    action,
    each,
    every,
    invariant,
    require,
)
from tests.benchmarks.small import CALLERS, UPGRADES


class Caller(Sort):
    pass


class Version(Numbered):
    pass


class Place(Enum):
    IDLE = 0
    READ = 1
    ANNOUNCED = 2
    RUN = 3


class Announce(Model):
    last: ClassVar[int] = UPGRADES

    now: Version = Version(0)
    freed: Version = Version(0)
    waits: bool = False
    holders: Map[Version, int] = each(0)
    pc: Map[Caller, Place] = each(Place.IDLE)
    held: Map[Caller, Version] = each(0)

    @action
    def read(s, t: Caller) -> None:
        require(s.pc[t] == Place.IDLE)
        s.held[t] = s.now
        s.pc[t] = Place.READ

    @action
    def announce(s, t: Caller) -> None:
        require(s.pc[t] == Place.READ)
        s.holders[s.held[t]] += 1
        s.pc[t] = Place.ANNOUNCED

    @action
    def confirm(s, t: Caller) -> None:
        require(s.pc[t] == Place.ANNOUNCED, s.held[t] == s.now)
        s.pc[t] = Place.RUN

    @action
    def retract(s, t: Caller) -> None:
        require(s.pc[t] == Place.ANNOUNCED, s.held[t] != s.now)
        s.let_go(t)

    @action
    def finish(s, t: Caller) -> None:
        require(s.pc[t] == Place.RUN)
        s.let_go(t)

    @action
    def swap(s) -> None:
        require(not s.waits, s.now < s.last)
        s.now += 1
        s.waits = True

    @action
    def free(s) -> None:
        require(s.waits, s.holders[s.now - 1] == 0)
        s.freed = s.now
        s.waits = False

    def let_go(s, t: Caller) -> None:
        s.holders[s.held[t]] -= 1
        s.held[t] = Version(0)
        s.pc[t] = Place.IDLE

    @invariant
    def alive(s) -> bool:
        return all(s.held[t] >= s.freed for t in every(Caller) if s.pc[t] == Place.RUN)

    @invariant
    def counted(s) -> bool:
        return all(
            s.holders[v] == sum(s.held[t] == v and s.pc[t] in (Place.ANNOUNCED, Place.RUN) for t in every(Caller))
            for v in every(Version)
        )

    @invariant
    def behind(s) -> bool:
        return s.freed <= s.now


def explored() -> int:
    """States reached, each one once: no symmetry, since the peers are given none."""
    result = explore(Announce, {Caller: CALLERS, Version: UPGRADES + 1}, symmetric=())
    if result.verdict is not Verdict.HOLDS:
        raise AssertionError(f"expected every claim to hold, got {result.verdict}")
    return result.states
