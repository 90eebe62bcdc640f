"""Uniform random walk: at each step, any of the choices, each as likely as the others.

The yardstick of the random strategies.  It is bad at bugs that need one thread to be left alone for long: a thread that
has 20 steps to go is left alone in one walk of a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from quiesce_conformance.schedules.points import Choice

from .base import Evidence
from .sampling import Drawn, Draws, Part, Sampler, check, dice

__all__ = ["Walk"]


@dataclass(frozen=True, slots=True)
class Walk:
    """`schedules` random walks.  Raises `BadLimit` for a seed below 0, or fewer schedules than one."""

    seed: int = 0
    schedules: int = 1_000
    evidence: ClassVar[Evidence] = "tested"

    def __post_init__(self) -> None:
        check(self.seed, self.schedules)

    @property
    def name(self) -> str:
        return f"walk(seed={self.seed}, schedules={self.schedules})"

    @property
    def bound(self) -> str:
        return f"{self.schedules:,} random walks"

    def frontier(self, saved: Any = None) -> Draws:
        return Draws(self.schedules, length=None, notes=lambda _, __: (), saved=saved)

    def explorer(self, part: Part) -> Sampler:
        return Sampler(part, lambda index, _: _Chooser(dice(self.seed, index)))


class _Chooser(Drawn):
    def __init__(self, draw: Random) -> None:
        super().__init__()
        self.draw = draw

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        del last  # it has no better chance than anybody
        return 0 if len(choices) == 1 else self.draw.randrange(len(choices))
