"""Do steps that are said to be independent commute?  The reduced search believes what `Op` says; this asks.

Each step of an execution is moved forward past every step of other threads that is independent of it by
`points.dependent`, and the schedule is run that way.  If they commute, as they should, everything else is the same step
by step.  If it is not, there is something that two of them use and that the engine does not see: a *hidden dependence*,
and a reduced search over this scenario leaves out schedules that differ.

It finds what shows in the points that a thread goes through, not what shows in values alone; and only what is within
reach of the executions that it is given.  A few hundred random walks are a good start:

    for chooser in ...:
        for hidden in hidden_dependences(run, run(chooser)):
            print(hidden)

The idea is the diamond property of labelled transition systems, asked of the code instead of assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .execution import Execution
from .points import CUT, UNASKED, Choice, Chooser, dependent

__all__ = ["Hidden", "hidden_dependences"]

Block = list[Choice]
"""A step, and those that leave no choice after it."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Two steps that are said to be independent, and are not."""

    first: Choice
    second: Choice
    at: int
    """The index of the step that is not the same after they were turned round."""
    expected: Choice
    got: tuple[Choice, ...]
    """What could be done there instead; empty: the execution was over."""

    def __str__(self) -> str:
        offered = ", ".join(f"{choice.thread}: {choice.op}" for choice in self.got) or "nothing"
        return (
            f"{self.first.thread}: {self.first.op} and {self.second.thread}: {self.second.op} are said to be "
            f"independent; turned round, step {self.at + 1} is not {self.expected.thread}: {self.expected.op} "
            f"but one of: {offered}"
        )


def hidden_dependences(run: Callable[[Chooser], Execution], execution: Execution) -> Iterator[Hidden]:
    """Move each step of an execution as far to the front as it is free to go; yield what does not let it pass.

    It takes one execution for each step that can be moved, and a few more for each that is found.  `run` is as in
    `search`.
    """
    blocks = _blocks(execution)
    for index, (_, block) in enumerate(blocks):
        target = index
        while target > 0 and _lets_pass(blocks[target - 1][1], block):
            target -= 1
        while target < index and block[0] not in execution.enabled[blocks[target][0]]:
            target += 1  # it was not there yet
        if target == index or _moved(run, blocks, index, target) is None:
            continue
        for place in range(index - 1, target - 1, -1):
            lost = _moved(run, blocks, index, place)
            if lost is not None:
                yield Hidden(blocks[place][1][0], block[0], *lost)
                break


def _lets_pass(first: Block, second: Block) -> bool:
    return not any(dependent(a, b) for a in first for b in second)


def _moved(
    run: Callable[[Chooser], Execution], blocks: Sequence[tuple[int, Block]], index: int, target: int
) -> tuple[int, Choice, tuple[Choice, ...]] | None:
    """Run with one block moved to the front; say what was not the same, and where."""
    order = [block for _, block in blocks]
    order.insert(target, order.pop(index))
    follow = _Follow([choice for block in order for choice in block])
    run(follow)
    if follow.lost is None and follow.step < len(follow.order):
        return follow.step, follow.order[follow.step], ()
    return follow.lost


def _blocks(execution: Execution) -> list[tuple[int, Block]]:
    blocks: list[tuple[int, Block]] = []
    for index, choice in enumerate(execution.choices):
        glued = blocks and choice.op.point in UNASKED and len(execution.enabled[index]) == 1
        if glued and blocks[-1][1][0].thread == choice.thread:
            blocks[-1][1].append(choice)
        else:
            blocks.append((index, [choice]))
    return blocks


class _Follow:
    """Follows a schedule by its choices; remembers where it could not."""

    def __init__(self, order: Sequence[Choice]) -> None:
        self.order = order
        self.step = 0
        self.lost: tuple[int, Choice, tuple[Choice, ...]] | None = None

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        del last  # the schedule decides
        if self.step >= len(self.order):
            return CUT
        wanted = self.order[self.step]
        if wanted not in choices:
            self.lost = (self.step, wanted, tuple(choices))
            return CUT
        self.step += 1
        return choices.index(wanted)
