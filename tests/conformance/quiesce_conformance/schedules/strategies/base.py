"""What a search strategy is: who runs next is its decision, and it knows what it has not tried yet.

Three roles, because a search must be able to stop, to be saved and to be shared out:

- a `Strategy` is a description: immutable, picklable, with its bound in words.  It travels to workers.
- a `Frontier` is all that is left of one search.  It hands out *parts* and takes back what a part left over.  It lives
  with whoever leads the search, and is what a checkpoint file holds.
- an `Explorer` works on one part: it gives one chooser per schedule and learns from the execution that came of it.

Rejected: a generator that yields choosers (it cannot be saved or split), and a strategy that calls the engine itself
(limits, progress, interruption and workers would be written once per strategy).

A chooser never raises in the middle of an execution: it would leave threads behind.  What it has to complain about, it
remembers, and `Explorer.learn` raises it when the execution is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, Protocol

from quiesce_conformance.schedules.errors import Nondeterminism
from quiesce_conformance.schedules.execution import Execution
from quiesce_conformance.schedules.points import INTERRUPT, Choice, Chooser, disturbs

__all__ = [
    "Evidence",
    "Explorer",
    "Frontier",
    "Part",
    "Strategy",
    "goes_on",
    "is_preemption",
    "lost",
    "stay",
]

Part = Any
"""A piece of work: plain data that can be pickled.  Only its own strategy looks inside."""
Evidence = Literal["explored", "tested"]


def lost(step: int, expected: str, got: Iterable[Choice]) -> Nondeterminism:
    """Make the error for an execution that did not go the way of an earlier one with the same choices."""
    offered = ", ".join(map(str, got)) or "nothing"
    return Nondeterminism(
        f"step {step + 1}: expected {expected}, as in an earlier execution with the same choices, got {offered}; "
        "make the scenario depend on its schedule alone (fresh objects, seeded dice, no clock, no order by address)"
    )


class Explorer(Protocol):
    """Works on one part.  Calls alternate: `next`, one execution under its chooser, `learn`."""

    def next(self) -> Chooser | None:
        """Give the chooser of the next schedule; None when the part is done."""
        ...

    def learn(self, execution: Execution) -> bool:
        """Take note of how that execution went; say whether it counts as a schedule of its own.

        False means pruned: nothing in it was new, and it was known only when it was under way.

        Raises `Nondeterminism` if the execution did not follow the choices that it was to repeat.
        """
        ...

    def rest(self) -> Part:
        """What this part has left over.  To be called between `learn` and `next`, or after an execution was given
        up."""
        ...


class Frontier(Protocol):
    """All that is left of one search.  Not thread-safe: one leader uses it."""

    def take(self, share: int) -> Part | None:
        """Take out about one `share`-th of what is left; None if nothing can be handed out now."""
        ...

    def give_back(self, part: Part) -> None:
        """Take back the rest of a part that was handed out."""
        ...

    def save(self) -> Any:
        """What is left, as JSON-able data, parts that are handed out not included."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What else there is to say of what has been covered."""
        ...

    @property
    def empty(self) -> bool:
        """Nothing is left, apart from what parts that are handed out may bring back."""
        ...


class Strategy(Protocol):
    """Which schedules are tried, and in which order."""

    evidence: ClassVar[Evidence]
    """``explored``: every schedule within the bound; ``tested``: a stated number of them."""

    @property
    def name(self) -> str:
        """Name and parameters, in one line; two strategies with the same name try the same schedules."""
        ...

    @property
    def bound(self) -> str:
        """What a search that found nothing has covered, in words."""
        ...

    def frontier(self, saved: Any = None) -> Frontier:
        """Everything there is to do, or what `Frontier.save` left.  Raises ValueError, KeyError or TypeError on
        junk."""
        ...

    def explorer(self, part: Part) -> Explorer:
        """Someone to work on a part."""
        ...


def goes_on(choices: Sequence[Choice], thread: str) -> int | None:
    """The alternative with which `thread` goes on by itself; None if it is blocked, finished or waits for time to
    pass."""
    for index, choice in enumerate(choices):
        if choice.thread == thread and not disturbs(choice.op.point):
            return index
    return None


def stay(choices: Sequence[Choice], last: str | None) -> int:
    """The alternative that switches as little as possible.

    The thread that ran last goes on; if it cannot, the first thread that can; if nobody can, time passes (a timeout).
    An interrupt is never taken by itself, unless there is nothing else.
    """
    if len(choices) == 1:
        return 0
    if last is not None and (index := goes_on(choices, last)) is not None:
        return index
    for index, choice in enumerate(choices):
        if not disturbs(choice.op.point):
            return index
    for index, choice in enumerate(choices):
        if not choice.op.point.startswith(INTERRUPT):
            return index
    return 0


def is_preemption(choices: Sequence[Choice], last: str | None, pick: int) -> bool:
    """Does this pick take the turn away from a thread that could go on?

    A switch is free of charge if the last thread is blocked, finished or waits with a timeout.  A timeout or an
    interrupt of the last thread itself is no switch.  (Musuvathi and Qadeer, "Iterative context bounding for
    systematic testing of multithreaded programs", PLDI 2007.)
    """
    return last is not None and choices[pick].thread != last and goes_on(choices, last) is not None
