"""What a search came to.

Three verdicts, and none of them is a word for "it did not fail while I looked": a search that was stopped is
*unfinished*, whatever it has covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from .execution import Execution
from .strategies.base import Evidence
from .text import schedule_to_text

__all__ = ["Progress", "SearchReport", "SearchVerdict"]


class SearchVerdict(Enum):
    """What may be said of the scenario."""

    HOLDS = "holds"
    """Everything that the strategy set out to try was tried, and nothing failed.  `SearchReport.bound` says what that
    is."""
    BROKEN = "broken"
    """A schedule failed."""
    UNFINISHED = "unfinished"
    """The search was stopped first.  Nothing may be concluded."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is."""

    schedules: int
    steps: int
    pruned: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SearchReport:
    """What a search came to.  Counts and seconds include what a checkpoint brought along."""

    verdict: SearchVerdict
    strategy: str
    """Name and parameters."""
    bound: str
    """What the strategy covers when it is finished, in words."""
    evidence: Evidence
    """``explored``: all of the bound; ``tested``: so many schedules."""
    schedules: int
    """How many schedules were run to their end, the failing one included."""
    steps: int
    """How many steps they had together."""
    pruned: int
    """Executions that were stopped under way, because nothing in them was new.  Not among the schedules."""
    exhausted: bool
    """Every schedule within the bound was tried.  Never so where schedules are drawn."""
    seconds: float
    failure: Execution | None = None
    """The first one."""
    stopped: str = ""
    """Why it is unfinished; empty if it is not."""
    notes: Sequence[str] = ()
    """What else there is to say of what was covered."""

    @property
    def schedule(self) -> str | None:
        """The failing schedule as text, for `replay`."""
        return None if self.failure is None else schedule_to_text(self.failure)

    def __str__(self) -> str:
        counts = f"{self.schedules:,} schedules, {self.steps:,} steps"
        if self.pruned:
            counts += f", {self.pruned:,} stopped because nothing in them was new"
        counts += f", {self.seconds:.1f} s, {self.strategy}"
        if self.failure is not None:
            text = f"broken: {self.failure.ending}\nschedule: {self.schedule}\nafter {counts}"
        elif self.verdict is SearchVerdict.UNFINISHED:
            text = f"unfinished: {self.stopped}; nothing failed in {counts}; it takes {self.bound}"
        elif self.exhausted:
            text = f"holds: explored {self.bound}: {counts}"
        else:
            text = f"holds: tested {self.bound}, which is not all of them: {counts}"
        return "\n".join([text, *self.notes])
