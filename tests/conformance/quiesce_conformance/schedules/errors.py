"""What can go wrong with the engine itself, and with those who use it.  How an *execution* ends is in `execution`."""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "Abandoned",
    "DoesNotFit",
    "EngineBusy",
    "EngineMisused",
    "Nondeterminism",
    "ScheduleError",
    "ScheduleSyntaxError",
]


_LINES: Final = re.compile(r"\s")


class ScheduleError(Exception):
    """Everything that this package raises on purpose."""


class EngineBusy(ScheduleError):
    """An engine runs one execution at a time, and it is on one."""


class EngineMisused(ScheduleError):
    """The scenario, the chooser or the observer did what the engine cannot make sense of."""


class Nondeterminism(ScheduleError):
    """The same choices did not lead to the same step.

    Something that the engine does not control decides: the clock, `random`, the order of a set, an `id`, state that was
    left over from an earlier execution, a thread that the engine does not know.
    """


class ScheduleSyntaxError(ScheduleError):
    """The text is no schedule.  Nothing was run."""

    def __init__(self, text: str, column: int, problem: str) -> None:
        self.text, self.column = text, column
        pointer = " " * (column - 1) + "^"
        super().__init__(f"column {column}: {problem}\n  {_LINES.sub(' ', text)}\n  {pointer}")


class DoesNotFit(ScheduleError):
    """The schedule asks for what the scenario does not do.  The execution was ended there, and counts for nothing."""


class Abandoned(BaseException):
    """Raised in a thread whose execution is over, to unwind it.  No error of the code that it runs through."""
