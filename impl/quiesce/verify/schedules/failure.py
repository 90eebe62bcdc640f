"""The first step of the code that is no step of the model: what it was, what forbids it, and both states.

The rules at stake are found in this order: what the step would break were its guard not there; else what the variables
that differ stand for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .abstraction import side_by_side

__all__ = ["NotAStep", "Row"]

Row = tuple[str, str, str, bool]
"""Variable, what the model has, what the code has, whether they differ."""

RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "state": ("L1",),
    "now": ("T1",),
    "code": ("T1", "R2"),
    "gate": ("D5",),
    "holders": ("R6", "M1"),
    "newest": ("M7",),
    "life": ("M1", "M3", "M5"),
    "pending": ("M4",),
    "previous": ("M2",),
    "probation": ("L3",),
    "succeeded": ("S1",),
    "failed": ("B2", "S1"),
    "pc": ("T2", "R3"),
    "epoch": ("R2",),
    "inner": ("R4",),
    "up": ("L3",),
    "mine": ("M4",),
    "ticket": ("L2",),
    "woken": ("D2", "V1"),
}
"""What a variable of the model stands for: the rules that a difference in it speaks against."""


@dataclass
class NotAStep(AssertionError):
    """The code did what the model does not allow.

    Attributes:
        step: the how-many-th operation of the execution it was, from 1.
        thread: who did it.
        did: what it did, in the seam's words.
        action: the model action that it should have been; empty: it should have changed nothing.
        guards: the conditions of the action that do not hold, as they stand in the model, each with its place.
        rules: ids of the rules at stake.
        differs: the variables whose values differ.
        broken: claims of the model that the step breaks.
        rows: both states side by side.

    """

    step: int
    thread: str
    did: str
    action: str
    guards: tuple[str, ...]
    rules: tuple[str, ...]
    differs: tuple[str, ...]
    broken: tuple[str, ...]
    rows: Sequence[Row]

    __hash__ = AssertionError.__hash__

    @property
    def headline(self) -> str:
        """All in one sentence."""
        why = []
        if self.guards:
            why.append("the guard does not hold: " + "; ".join(self.guards))
        if self.differs:
            why.append("the states differ in " + ", ".join(self.differs))
        if self.broken:
            why.append("it breaks " + ", ".join(self.broken))
        what = f"{self.action} of the model" if self.action else "no step of the model"
        rules = ", ".join(self.rules) or "-"
        return f"[{rules}] step {self.step}, {self.thread}: {self.did}, as {what}: {' and '.join(why)}"

    def __str__(self) -> str:
        wide = max((len(row[1]) for row in self.rows), default=5)
        name = max((len(row[0]) for row in self.rows), default=8)
        lines = [self.headline, f"    {'':<{name}}  {'model':<{wide}}  code"]
        lines += [f" {'=>' if d else '  '} {n:<{name}}  {m:<{wide}}  {c}" for n, m, c, d in self.rows]
        return "\n".join(lines)


def rules_of(differs: Sequence[str]) -> tuple[str, ...]:
    """The rules that the variables stand for."""
    return tuple(dict.fromkeys(rule for name in differs for rule in RULES.get(name, ())))


def rows_of(model: Mapping[str, Any], code: Mapping[str, Any]) -> list[Row]:
    """Both states side by side."""
    return side_by_side(model, code)
