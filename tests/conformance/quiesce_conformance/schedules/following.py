"""Choosers that follow what is given: a schedule as it was read, or an execution step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from .errors import DoesNotFit, Nondeterminism
from .execution import Execution
from .grammar import Segment, Target
from .points import INTERRUPT, UNASKED, Choice, disturbs

__all__ = ["Again", "Replay", "rest"]


def rest(choices: Sequence[Choice], last: str | None) -> int:
    """Choose when nothing is said: the last thread as long as it can, then the first that can.

    Only if nobody can go on by himself does somebody time out; only if nobody can do that is somebody interrupted.
    """
    for rank in range(3):
        able = [i for i, choice in enumerate(choices) if _rank(choice) == rank]
        if able:
            return next((i for i in able if choices[i].thread == last), able[0])
    return 0


def _rank(choice: Choice) -> int:
    return (1 if choice.op.point.endswith(".timeout") else 2) if disturbs(choice.op.point) else 0


class Replay:
    """A chooser that follows a schedule.

    Args:
        segments: what to follow.
        text: what they were read from, for messages.
        state: says of a thread why it cannot go on, for messages: `Engine.state_of`.

    """

    def __init__(self, segments: Sequence[Segment], text: str = "", state: Callable[[str], str] | None = None) -> None:
        self._segments, self._text, self._state = list(segments), text, state
        self._at = self._target = self._count = 0
        self._seen: dict[str, None] = {}
        self._passed: list[str] = []

    @property
    def left_over(self) -> Segment | None:
        """The segment that it has not come to the end of; None: all is done."""
        return self._segments[self._at] if self._at < len(self._segments) else None

    @property
    def undone(self) -> Segment | None:
        """The first segment with a point that was not come to; None: there is none."""
        for at, segment in enumerate(self._segments[self._at :]):
            if any(target.point is not None for target in segment.targets[0 if at else self._target :]):
                return segment
        return None

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        """Follow the schedule.

        Raises:
            DoesNotFit: the thread that is to go on cannot, or has come to its end without the point.

        """
        for choice in choices:
            self._seen.setdefault(choice.thread)
        if len(choices) == 1 and choices[0].op.point in UNASKED:
            self._take(choices[0])
            return 0
        while (segment := self.left_over) is not None:
            index = self._of(segment, choices)
            if index is not None:
                self._take(choices[index])
                return index
            if segment.targets[self._target].point is not None:
                raise self._wrong(segment, choices)
            self._next_target()
        return rest(choices, last)

    def _of(self, segment: Segment, choices: Sequence[Choice]) -> int | None:
        """What the segment's thread does now; None: it cannot go on as it is to."""
        wanted, plain = segment.targets[self._target].point, None
        for index, choice in enumerate(choices):
            if choice.thread == segment.thread:
                if choice.op.point == wanted and self._is_time(segment.targets[self._target]):
                    return index
                if plain is None and not disturbs(choice.op.point):
                    plain = index
        return plain

    def _is_time(self, target: Target) -> bool:
        """Is this the occasion that is meant?  Asked once for each step of the segment's thread."""
        if target.point is None or not target.point.startswith(INTERRUPT):
            return True
        self._count += 1
        return self._count == target.count

    def _take(self, choice: Choice) -> None:
        segment = self.left_over
        if segment is None or segment.thread != choice.thread:
            return
        target = segment.targets[self._target]
        self._passed.append(choice.op.point)
        if target.point == choice.op.point:
            self._count += not target.point.startswith(INTERRUPT)
            if self._count == target.count:
                self._next_target()

    def _next_target(self) -> None:
        self._target, self._count = self._target + 1, 0
        if self._target == len(self._segments[self._at].targets):
            self._at, self._target = self._at + 1, 0
            self._passed = []

    def _wrong(self, segment: Segment, choices: Sequence[Choice]) -> DoesNotFit:
        target, thread = segment.targets[self._target], segment.thread
        own = [choice.op.point for choice in choices if choice.thread == thread]
        if own:
            why = f"it waits and could only be: {', '.join(own)}"
        elif self._state is not None:
            why = self._state(thread)
        elif thread not in self._seen:
            why = f"there is no such thread so far; there are {', '.join(self._seen)}"
        else:
            why = "it has ended, or is blocked"
        passed = f", after {' > '.join(self._passed[-8:])}" if self._passed else ""
        near = get_close_matches(target.point or "", self._passed, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        where = f"column {target.column}" if target.column else f"segment {self._at + 1}"
        pointer = (
            f"\n  {' '.join(self._text.split(chr(10)))}\n  {' ' * (target.column - 1)}^"
            if self._text and target.column
            else ""
        )
        return DoesNotFit(f"{where}: {thread} does not come to {target}: {why}{passed}{hint}{pointer}")


class Again:
    """A chooser that repeats an execution, and sees to it that it is the same one.

    A search that takes up a schedule where it left off, or says of a failure that it comes back, depends on this: equal
    choices give equal steps.

    Args:
        execution: what is repeated.

    """

    def __init__(self, execution: Execution) -> None:
        self._execution, self._at = execution, 0

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        """Choose what was chosen.

        Raises:
            Nondeterminism: something else could be done at this step than the first time, or the execution was over.

        """
        at, was = self._at, self._execution
        self._at += 1
        over = at >= len(was.choices)
        if over or list(choices) != list(was.enabled[at]):
            expected = "the end" if over else _list(was.enabled[at])
            raise Nondeterminism(
                f"step {at + 1}: expected {expected}, as after the same choices before, got {_list(choices)}: "
                "something that is not the engine's decides, such as the clock, random numbers, the order of a set, or "
                "what an earlier execution left behind"
            )
        return choices.index(was.choices[at])


def _list(choices: Sequence[Choice]) -> str:
    return " or ".join(f"{choice.thread}: {choice.op}" for choice in choices)
