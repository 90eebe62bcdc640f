"""Shortest runs of the unreduced model, and runs as lists of steps that JSON can hold.

The explorer keeps no parents and may stand on reduced states; what is written down for others to replay is found here,
by the plainest search there is over its labelled steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quiesce_model.explore import Label
from quiesce_model.explore.layout import Parts
from quiesce_model.explore.machine import Machine, Move
from quiesce_model.explore.trace import changes
from quiesce_model.export.values import plain
from quiesce_model.language import PlainRun
from quiesce_model.language.sorts import AnySort, size

__all__ = ["NotARunError", "Run", "Search", "follow", "written"]

Step = tuple[Label, Parts | None]


class NotARunError(Exception):
    """A written run is none of the model's: which step, what was expected, what was got."""


@dataclass(frozen=True)
class Run:
    """A run from the first state: steps, each with the state after it (``None``: the step breaks an assertion)."""

    steps: tuple[Step, ...]

    def __len__(self) -> int:
        return len(self.steps)


class Search:
    """Breadth-first search from the first state, which goes on from where the last question left it.

    :param machine: an unreduced machine.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.came: dict[Parts, tuple[Parts, Label] | None] = {machine.first: None}
        self.order: list[Parts] = [machine.first]

    def moves(self) -> Iterator[tuple[Parts, Move]]:
        """Every step from every state, nearest first."""
        for parts in self.order:  # grows while it is walked
            for move in self.machine.moves(parts)[0]:
                if move.target is not None and move.target not in self.came:
                    self.came[move.target] = (parts, move.label)
                    self.order.append(move.target)
                yield parts, move

    def run_to(self, parts: Parts) -> Run:
        """A shortest run to a state that was reached."""
        steps: list[Step] = []
        at: Parts | None = parts
        while at is not None and (came := self.came[at]) is not None:
            steps.insert(0, (came[1], at))
            at = came[0]
        return Run(tuple(steps))

    def first(self, state: Callable[[Parts], bool], step: Callable[[Move], bool] = lambda _: False) -> Run | None:
        """A shortest run to a state, or by a step, as wanted; ``None``: there is none."""
        if state(self.machine.first):
            return Run(())
        for before, move in self.moves():
            if step(move):
                return Run((*self.run_to(before).steps, (move.label, move.target)))
            if move.target is not None and self.came[move.target] == (before, move.label) and state(move.target):
                return self.run_to(move.target)
        return None


def written(machine: Machine, steps: Sequence[Step], start: Parts | None = None) -> list[dict[str, Any]]:
    """The steps of a run as JSON has them: what was done by whom, and what each of them changed."""
    out = []
    before = machine.layout.values(start or machine.first)
    for n, (label, parts) in enumerate(steps, 1):
        after = before if parts is None else machine.layout.values(parts)
        changed = {k: plain(v) for k, (_, v) in changes(before, after).items()}
        out.append({"step": n, "action": label.action, "args": [plain(x) for x in label.args], "changes": changed})
        before = after
    return out


def follow(run: PlainRun, steps: Sequence[Mapping[str, Any]], state: Any = None) -> list[tuple[Any, tuple[str, ...]]]:
    """Take written steps by calling the methods of the model.

    :param run: the model in its scope.
    :param state: where to start; ``None``: the first state.

    Returns:
        After each step: the frozen state (that before it if the step breaks an assertion), and what the step breaks.

    Raises:
        NotARunError: a step cannot be taken, or changes something else than is written.

    """
    at = run.initial() if state is None else state
    out = []
    for n, step in enumerate(steps, 1):
        where = f"step {step.get('step', n)}"
        if step.get("step") != n:
            raise NotARunError(f"{where}: expected step {n}")
        name, args = step.get("action"), tuple(step.get("args", ()))
        if name not in run.params or len(run.params[name]) != len(args):
            raise NotARunError(f"{where}: {run.model.__name__} has no action {name}{args}")
        if not all(_exists(run, sort, x) for x, (_, sort) in zip(args, run.params[name], strict=True)):
            raise NotARunError(f"{where}: {name}{args} is about something that the scope does not have")
        outcome = run.apply(at, name, *args)
        if outcome.kind not in {"step", "broken"}:
            raise NotARunError(f"{where}: {run.explain(at, name, *args)}")
        after = at if outcome.state is None else outcome.state
        got = {k: plain(v) for k, (_, v) in changes(run.as_dict(at), run.as_dict(after)).items()}
        if got != step.get("changes"):
            raise NotARunError(f"{where}, {name}{args}: expected the changes {step.get('changes')}, got {got}")
        at = after
        out.append((at, outcome.broken))
    return out


def _exists(run: PlainRun, sort: AnySort, x: object) -> bool:
    n = size(sort, run.scope)
    return isinstance(x, int) and not isinstance(x, bool) and x >= 0 and (n is None or x < n)
