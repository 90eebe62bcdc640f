"""Every step of the algorithm is a step of the protocol or invisible to it: checked on every step within a bound.

The tables of ``meaning`` say what is to be seen; here they are run, with the plain methods of both models, on each step
that the algorithm takes within a scope (*explored*).  ``prove.refinement`` asks the same of any step (*proved*).

Rejected: checking histories instead of steps (finds the same, says less about where).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.algorithm import Algorithm
from quiesce_model.language import Model, ModelError, PlainRun, Scope
from quiesce_model.language.plain import Frozen
from quiesce_model.language.sorts import AnySort, MapSort, domain
from quiesce_model.language.values import current_bounds
from quiesce_model.meaning import INVISIBLE, MEANING, STEPS, Step, singles_out
from quiesce_model.protocol import Protocol

__all__ = ["Deviation", "RefinementResult", "deviation", "refines"]


@dataclass(frozen=True)
class Deviation:
    """A step of the algorithm that is not the step of the protocol that it should be.

    ``expected`` is that step ("-": none, it should be invisible); ``before``, ``after``: what the two states mean.
    """

    action: str
    args: tuple[Any, ...]
    expected: str
    before: dict[str, Any]
    after: dict[str, Any]

    def __str__(self) -> str:
        changed = [n for n in self.before if self.before[n] != self.after[n]]
        lines = [f"{n}: {self.before[n]} -> {self.after[n]}" for n in changed] or ["nothing changes"]
        should = "it should be invisible" if self.expected == "-" else f"it should be {self.expected}"
        return f"{self.action}{self.args} is no step of the protocol, {should}: " + "; ".join(lines)


@dataclass
class RefinementResult:
    """What the check saw.

    ``steps`` counts, for each action of the algorithm, what its steps were to the protocol ("-": invisible).
    """

    states: int = 0
    edges: int = 0
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether there was something to check, and every step was the step of the protocol that it should be."""
        return self.edges > 0 and not self.deviations


class _Reading:
    """The tables, run on states of the algorithm within a scope."""

    def __init__(self, concrete: PlainRun, abstract: PlainRun) -> None:
        self.concrete, self.abstract = concrete, abstract

    @contextmanager
    def within(self, frozen: Frozen) -> Iterator[Model]:
        """A state whose words can be used."""
        s = self.concrete.thaw(frozen)
        token = current_bounds.set(lambda sort: self.concrete.bound(sort, s))
        try:
            yield s
        finally:
            current_bounds.reset(token)

    def meaning(self, frozen: Frozen) -> Frozen:
        """The protocol's state."""
        with self.within(frozen) as s:
            return tuple(self._variable(s, name, sort) for name, sort in self.abstract.sorts.items())

    def _variable(self, s: Model, name: str, sort: AnySort) -> Any:
        function = MEANING[name]
        if isinstance(sort, MapSort):
            return tuple(function(s, i) for i in range(domain(sort.key, self.concrete.scope)))
        if not singles_out(name):
            return function(s)
        found = [v for v in range(domain(sort, self.concrete.scope)) if function(s, v)]
        if len(found) != 1:
            raise ModelError(f"{name}: expected one value to be singled out, got {found}; mend its line in meaning.py")
        return found[0]

    def step(self, frozen: Frozen, action: str, args: tuple[Any, ...]) -> tuple[Step, tuple[Any, ...]]:
        """The step of the protocol that a step of the algorithm should be, and its parameters."""
        with self.within(frozen) as s:
            for case in STEPS.get(action, (INVISIBLE,)):
                if case.when is None or case.when(s, *args):
                    return case, tuple(of(s, *args) for of in case.of)
        return INVISIBLE, ()


def deviation(
    algorithm: type[Model],
    protocol: type[Model],
    scope: Scope,
    step: tuple[Frozen, str, tuple[Any, ...], Frozen],
) -> Deviation | None:
    """How one step of the algorithm, from any state, differs from the step of the protocol that it should be.

    :param step: the state before, the action, its parameters, the state after.
    :raises ModelError: a meaning that should single out one value does not.
    """
    reading = _Reading(PlainRun(algorithm, scope), PlainRun(protocol, scope))
    return _deviation(reading, reading.meaning, step)[1]


def _deviation(
    reading: _Reading, meaning: Callable[[Frozen], Frozen], step: tuple[Frozen, str, tuple[Any, ...], Frozen]
) -> tuple[Step, Deviation | None]:
    frozen, action, args, following = step
    before, after = meaning(frozen), meaning(following)
    case, of = reading.step(frozen, action, args)
    due: Frozen | None = before
    if case.name is not None:
        due = reading.abstract.apply(before, case.name, *of, why=False, promises=False).state
    if due == after:
        return case, None
    seen = reading.abstract.as_dict(before), reading.abstract.as_dict(after)
    return case, Deviation(action, args, str(case), *seen)


def refines(algorithm: type[Algorithm], protocol: type[Protocol], scope: Scope) -> RefinementResult:
    """Check every step of the algorithm within the scope against the protocol.

    Runs the plain methods, not the compiled ones: small scopes, and nothing in common with the explorer.

    :raises ModelError: a meaning that should single out one value does not.
    """
    concrete, abstract = PlainRun(algorithm, scope), PlainRun(protocol, scope)
    reading = _Reading(concrete, abstract)
    meaning = _remembered(reading.meaning)
    result = RefinementResult()
    if meaning(concrete.initial()) != abstract.initial():
        first = abstract.as_dict(abstract.initial())
        read = abstract.as_dict(meaning(concrete.initial()))
        result.deviations.append(Deviation("the first state", (), "the protocol's", first, read))
    for frozen, steps in concrete.reachable().items():
        result.states += 1
        for action, args, outcome in steps:
            if outcome.state is None:
                continue
            result.edges += 1
            case, wrong = _deviation(reading, meaning, (frozen, action, args, outcome.state))
            if wrong is not None:
                result.deviations.append(wrong)
            else:
                result.steps.setdefault(action, Counter())[str(case)] += 1
    return result


def _remembered(function: Callable[[Frozen], Frozen]) -> Callable[[Frozen], Frozen]:
    known: dict[Frozen, Frozen] = {}

    def look_up(frozen: Frozen) -> Frozen:
        found = known.get(frozen)
        if found is None:
            found = known[frozen] = function(frozen)
        return found

    return look_up
