"""The vocabulary: operations, choices, and the two protocols that a search plugs in.

An *operation* (`Op`) is what a parked thread will do when it is let go: one atomic step on one shared object.  A
*choice* is an operation of a thread that could be next.  A *schedule* is a sequence of choices, and an execution is
determined by it: the engine adds no freedom of its own.

Why named points and not program counters: a name such as ``confirm`` survives edits of the code around it, means
something to a reader of the model, and is the same on every interpreter.  (The opcode schedules of the tools measured
differ between 3.10 and 3.13, so none of them can be committed as a regression test.)

Both are named tuples, made once per engine and shared, because a search hashes and compares them at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

__all__ = ["CUT", "INTERRUPT", "UNASKED", "Choice", "Chooser", "Observer", "Op", "Step", "dependent", "disturbs"]

CUT: Final = -1
"""What a chooser answers to end an execution that is not worth going on with, such as one that a sleep set covers."""

INTERRUPT: Final = "interrupt"
"""Points whose name begins so are asynchronous exceptions: ``interrupt@confirm`` raises KeyboardInterrupt instead of
doing ``confirm``, ``interrupt-after@announce`` raises it when ``announce`` is done and its result is not yet stored."""

UNASKED: Final = frozenset({"lock.release", "drop", "plain.read", "plain.write"})
"""Points of steps that leave no choice: they are done whenever the one before them is.

``plain.read`` and ``plain.write`` declare what a step does with memory that is shared and that no primitive guards."""


class Op(NamedTuple):
    """One atomic operation on one shared object."""

    point: str
    """A stable name: the model's action for a step of the kernel (``confirm``), else the kind (``lock.acquire``)."""
    object: str
    """A stable name, the same in every execution that creates it at the same place: ``pointer``, ``pool:3``,
    ``event:b.1`` for the first event that thread ``b`` created."""
    writes: bool
    """Whether it changes the object.  Taking and letting go of a lock do."""
    blocks: bool = False
    """Whether its thread may have to wait before it until others have acted, with no way out of its own: taking a lock
    and waiting for an event do, unless there is a timeout.  A search that turns the order of two steps around needs to
    know: an operation that blocks cannot come before the one that enables it."""

    def __str__(self) -> str:
        return f"{self.point} ({self.object})"


class Choice(NamedTuple):
    """One operation that could be next."""

    thread: str
    op: Op

    def __str__(self) -> str:
        return f"{self.thread}: {self.op.point}"


class Step(NamedTuple):
    """One operation that was done, and what else could have been."""

    choice: Choice
    enabled: tuple[Choice, ...]
    """In the order in which the threads were spawned; more than one of a thread that has alternatives, such as to be
    set or to time out.  A step that leaves no choice, such as letting go of a lock, has only itself here."""


class Chooser(Protocol):
    """Decides an execution.  Made anew for each."""

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        """Give the index of what is next, or `CUT` to end the execution here.

        Called before every step, also where there is only one choice, by whichever thread has come to its point: it
        must not use the engine's objects, must not change `choices`, and may keep it.

        Args:
            choices: what is enabled, at least one, in a deterministic order.
            last: the thread that made the last step; None before the first.

        """
        ...


class Observer(Protocol):
    """Looks at the state between the steps, for refinement checks.  What it raises is the execution's failure.

    While it looks, every thread is parked at a point or has ended, so it sees one consistent state.  It may use the
    engine's objects: its own operations are no steps.
    """

    def before(self, choice: Choice, /) -> None:
        """The step was chosen and not yet done."""
        ...

    def after(self, choice: Choice, /) -> None:
        """The step was done, and its thread ran to its next point, or to its end."""
        ...


def dependent(one: Choice, other: Choice) -> bool:
    """Say whether the order of two steps matters: same thread, or same object and one of them writes it.

    This is Mazurkiewicz's relation over the objects that go through the engine.  What a thread does to other shared
    memory between its points counts as part of the step before, and is not known here: see the package's limits.
    """
    if one.thread == other.thread:
        return True
    a, b = one.op, other.op
    return a.object == b.object and (a.writes or b.writes)


def disturbs(point: str) -> bool:
    """Say whether it is a time-out or an interrupt: what happens to a thread, and not what it does by itself."""
    return point.startswith(INTERRUPT) or point.endswith(".timeout")
