"""What an exploration found."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.language.sorts import AnySort, show_sort

__all__ = ["Label", "Progress", "Result", "Step", "Unreduced", "Verdict", "Violation"]

MANY = 10_000
"""From so many states on, memory per state says something about states."""


class Verdict(enum.Enum):
    """The three ends of a check.  An unfinished one is never green."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNFINISHED = "unfinished"

    @property
    def exit_code(self) -> int:
        """The exit code that a command line gives for it: 0, 1, 2."""
        return list(Verdict).index(self)

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The verdict of several together: one that is broken breaks all; of nothing at all nothing is known."""
        found = set(verdicts)
        for verdict in (cls.BROKEN, cls.UNFINISHED, cls.HOLDS):
            if verdict in found:
                return verdict
        return cls.UNFINISHED


@dataclass(frozen=True, slots=True)
class Label:
    """An action instance: the action and which elements its parameters are."""

    action: str
    params: tuple[tuple[str, AnySort, Any], ...] = ()
    process: tuple[AnySort, Any] | None = None
    fair: bool = True

    @property
    def args(self) -> tuple[Any, ...]:
        """The values of the parameters, as the plain run takes them."""
        return tuple(value for _, _, value in self.params)

    def __str__(self) -> str:
        return f"{self.action}({', '.join(f'{show_sort(sort)} {_name(value)}' for _, sort, value in self.params)})"


def _name(value: Any) -> str:
    return value.name if isinstance(value, enum.Enum) else str(value)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run: what was done, the state after it, what changed."""

    label: Label
    state: Mapping[str, Any]
    changed: Mapping[str, tuple[Any, Any]]  # "pc[0]" -> (before, after)


@dataclass(frozen=True)
class Violation:
    """A broken claim and a shortest run that breaks it.

    ``kind`` is ``claim`` (an invariant or theorem is false in the last state), ``step`` (the last step breaks an
    assert or a transition), ``deadlock`` (nothing can be done in the last state), ``trap`` (the goal cannot be reached
    from it), ``never`` (what must be seen was not, or an action was never taken; there is no run to show).
    """

    kind: str
    claim: str
    rules: tuple[str, ...]
    initial: Mapping[str, Any]
    trace: tuple[Step, ...] = ()
    also: tuple[str, ...] = ()  # other claims that the same state or step breaks

    def __len__(self) -> int:
        return len(self.trace)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        from quiesce_model.explore.render import render

        return render(self)


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life: counts so far."""

    states: int
    edges: int
    depth: int
    frontier: int
    seconds: float

    @property
    def rate(self) -> float:
        """States per second so far."""
        return self.states / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Unreduced:
    """What an exploration under symmetry stands for: exact counts of the model without it."""

    states: int
    edges: int
    edge_of_scope: int


@dataclass
class Result:
    """The result of `explore`.

    ``edges`` counts the steps from each state that was visited; under symmetry, from the one state that stands for
    its like.  ``edge_of_scope`` counts the states in which the finite scope cuts an action off.  ``actions_taken``
    counts, for each action, the distinct situations (parts of states that it looks at) in which it was taken; 0: never.
    ``expanded`` counts the states of which every successor is known: all of them, unless the search was stopped.
    ``seconds`` counts the runs before, too, that a checkpoint handed over.
    """

    model: str
    verdict: Verdict
    why: str
    states: int
    edges: int
    depth: int
    seconds: float
    edge_of_scope: int
    violation: Violation | None
    sometimes: dict[str, int | None]
    actions_taken: dict[str, int]
    deadlocks: int
    parts: tuple[int, int] = (0, 0)  # distinct shared and local parts
    levels: tuple[int, ...] = field(default=(), repr=False)  # new states at each depth
    expanded: int = 0
    bytes: int = 0  # memory that the process grew by; at least what the states themselves take
    interrupted: bool = False  # by Ctrl-C
    unreduced: Unreduced | None = None  # if it was asked for, and the search came to its end

    @property
    def bytes_per_state(self) -> float:
        """Bytes of memory per state, tables included; of small explorations it is the tables that take them."""
        return self.bytes / self.states if self.states else 0.0

    @property
    def rate(self) -> float:
        """States per second."""
        return self.states / self.seconds if self.seconds > 0 else 0.0

    @property
    def exit_code(self) -> int:
        """0 holds, 1 broken, 2 unfinished."""
        return self.verdict.exit_code

    def __str__(self) -> str:
        line = (
            f"{self.model}: {self.verdict.value}: {self.states:,} states, {self.edges:,} edges, depth {self.depth}, "
            f"{self.seconds:.2f} s, {self.rate:,.0f} states/s, {self.edge_of_scope:,} on the scope's edge"
        )
        if self.states >= MANY:
            line += f", {self.bytes_per_state:,.0f} bytes/state"
        if self.unreduced is not None:
            line += f"; stands for {self.unreduced.states:,} states, {self.unreduced.edges:,} edges without symmetry"
        if self.verdict is Verdict.UNFINISHED and self.expanded < self.states:
            line += f"; {self.expanded:,} states expanded"
        return f"{line} ({self.why})" if self.why else line
