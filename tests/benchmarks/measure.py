"""Medians and ratios of candidates that take turns, so that a slow moment of the machine hits all of them.

A ratio is the median of the ratios of each round, not the ratio of two medians: what is near in time is compared.

Standard library only, and nothing newer than Python 3.11: every worker runs this in whatever interpreter it is given.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Progress = Callable[[str], None]
ROUNDS = 5


@dataclass(frozen=True)
class Row:
    """One candidate's medians."""

    what: str
    """The comparison that the row belongs to."""
    candidate: str
    interpreter: str
    values: list[float]
    """One figure per round, in `unit`."""
    unit: str
    states: int | None = None
    """How many states were reached, where that means something."""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """(highest - lowest) / median over the rounds."""
        return (max(self.values) - min(self.values)) / self.median

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"median": self.median, "spread": self.spread}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Row:
        return cls(**{name: value for name, value in data.items() if name not in {"median", "spread"}})

    def times_better_than(self, peer: Row) -> float:
        """The median over the rounds of this one's figure beside the peer's of the same round; more is better."""
        if self.unit.endswith("/s"):
            pairs = zip(self.values, peer.values, strict=True)
        else:
            pairs = zip(peer.values, self.values, strict=True)
        return statistics.median(mine / its for mine, its in pairs)


def in_turns(
    candidates: Mapping[str, Callable[[], float]], rounds: int = ROUNDS, progress: Progress = lambda _: None
) -> dict[str, list[float]]:
    """Run every candidate once per round, in order; each returns its own figure.  The first round only warms up."""
    figures: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + 1):
        for name, run in candidates.items():
            progress(f"{name}: warm-up" if turn == 0 else f"{name}: round {turn} of {rounds}")
            gc.collect()
            figure = run()
            if turn:
                figures[name].append(figure)
    return figures
