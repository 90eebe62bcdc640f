"""Medians and ratios of candidates that take turns, so that a slow moment of the machine hits all of them.

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
    value: float
    """The median, in `unit`."""
    unit: str
    spread: float
    """(highest - lowest) / median over the rounds."""
    rounds: int
    states: int | None = None
    """How many states were reached, where that means something."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


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


def spread(values: list[float]) -> float:
    return (max(values) - min(values)) / statistics.median(values)
