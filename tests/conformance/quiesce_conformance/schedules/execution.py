"""What an execution was: its steps, how it ended, and what became of each thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

from .points import Choice, Step, disturbs

__all__ = ["Deadlock", "Ending", "Execution", "Failure", "LeftTheSeam", "Livelock", "Outcome"]


@dataclass(frozen=True, slots=True)
class Deadlock:
    """Nobody can go on, and not everybody has ended."""

    waiting: tuple[Choice, ...]
    """Who waits for what."""
    holders: Mapping[str, str] = field(default_factory=dict[str, str])
    """Who has the locks that are waited for."""

    def __str__(self) -> str:
        def line(choice: Choice) -> str:
            holder = self.holders.get(choice.op.object)
            return f"{choice.thread} waits at {choice.op}" + (f", which {holder} has" if holder else "")

        return "deadlock: " + "; ".join(map(line, self.waiting))


@dataclass(frozen=True, slots=True)
class Livelock:
    """The bound on steps was exceeded.  Says who goes round, and where."""

    bound: int
    cycles: Mapping[str, tuple[str, ...]]
    """Thread -> the points that it goes through over and over, or that it went through last."""
    starved: tuple[str, ...]
    """Threads that could have gone on all the while and were not chosen: then the schedule is unfair, and the program
    may well be right."""

    def __str__(self) -> str:
        rounds = "; ".join(f"{thread} goes round {' > '.join(points)}" for thread, points in self.cycles.items())
        unfair = f"; unfair to {', '.join(self.starved)}, never chosen meanwhile" if self.starved else ""
        return f"livelock: not over after {self.bound:,} steps: {rounds}{unfair}"


@dataclass(frozen=True, slots=True)
class LeftTheSeam:
    """A thread did something that the engine does not see: it waits for something else, or is none of the engine's."""

    thread: str
    why: str
    stack: tuple[str, ...] = field(repr=False)
    """Where it was, outermost first, formatted like the lines of a traceback."""

    def __str__(self) -> str:
        where = self.stack[-1].strip().splitlines()[0] if self.stack else "nobody knows where"
        return f"{self.thread} left the seam: {self.why}; {where}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Somebody raised what was not expected."""

    error: BaseException
    thread: str | None
    """None: the final check."""
    step: int
    """The index of the step in or after which it was raised."""
    where: Literal["thread", "observer", "check"] = "thread"

    def __str__(self) -> str:
        who = {"thread": f"{self.thread} raised", "observer": "the observer raised", "check": "the final check raised"}
        text = str(self.error)
        return f"{who[self.where]} {type(self.error).__name__}" + (f": {text}" if text else "")


Ending = Literal["finished", "cut"] | Deadlock | Livelock | LeftTheSeam | Failure
"""``finished``: every thread ended as expected and the final check passed.  ``cut``: the chooser ended it."""


class Outcome(NamedTuple):
    """What became of a thread."""

    result: Any = None
    error: BaseException | None = None
    """What it raised, expected or not."""
    ended: bool = False
    """False: the execution was over first."""
    struck: int = 0
    """How many interrupts it was given."""


class Execution:
    """One run of a scenario.  Equal choices give equal executions.

    ``choices`` and ``enabled`` are parallel; `steps` pairs them.
    """

    __slots__ = ("choices", "enabled", "ending", "outcomes", "seconds")

    def __init__(
        self,
        choices: Sequence[Choice],
        enabled: Sequence[Sequence[Choice]],
        ending: Ending,
        outcomes: Mapping[str, Outcome],
        seconds: float = 0.0,
    ) -> None:
        self.choices: Final = choices
        """What was done, in order."""
        self.enabled: Final = enabled
        """For each step, what could have been done."""
        self.ending: Final = ending
        self.outcomes: Final = outcomes
        """By thread, in the order in which they were spawned."""
        self.seconds: Final = seconds
        """Virtual time at the end."""

    @property
    def steps(self) -> list[Step]:
        """Every step with its alternatives."""
        return [Step(choice, tuple(enabled)) for choice, enabled in zip(self.choices, self.enabled, strict=True)]

    @property
    def failed(self) -> bool:
        """It ended in another way than it should have.  One that was cut says nothing."""
        return self.ending not in ("finished", "cut")

    def switches(self) -> int:
        """Count the steps that another thread made than the one before."""
        return sum(a.thread != b.thread for a, b in pairwise(self.choices))

    def preemptions(self) -> int:
        """Count the switches away from a thread that could have gone on by itself."""
        return sum(
            self.choices[i].thread != (last := self.choices[i - 1].thread)
            and any(c.thread == last and not disturbs(c.op.point) for c in self.enabled[i])
            for i in range(1, len(self.choices))
        )

    def __repr__(self) -> str:
        ending = self.ending if isinstance(self.ending, str) else str(self.ending)
        return f"<{len(self.choices)} steps, {ending}>"
