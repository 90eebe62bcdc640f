"""A counterexample seen without the generated code and the explorer's search: the methods of the model, run.

`replay` takes a run step by step; `first_failure` is the simplest breadth-first search there is, `can_reach` the
simplest search for a way, `goes_round` follows a cycle.  Claims are judged by calling them.  Slow (some thousand states
a second), and small enough to be checked by eye.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from quiesce_model.language import Model, Sort
from quiesce_model.language.plain import Frozen, PlainRun

__all__ = ["NotARun", "PlainFailure", "can_reach", "first_failure", "goes_round", "replay"]

Scope = Mapping[type[Sort], int]
Instance = tuple[str, tuple[Any, ...]]
"""An action and its parameters."""


@dataclass(frozen=True)
class PlainFailure:
    """Claims that are broken after ``steps`` steps: names of methods, or labels of assertions."""

    steps: int
    claims: frozenset[str]


class NotARun(Exception):
    """A step of the run that was to be replayed cannot be taken."""


def replay(model: type[Model], scope: Scope, run: Iterable[Instance], claim: str) -> int | None:
    """The number of the step of a run at which a claim is first broken; ``None`` if it is not.

    :param claim: the name of a method, or the label of an assertion.
    :raises NotARun: a step cannot be taken where the run takes it.
    """
    plain = PlainRun(model, scope)
    state, broken = plain.initial(), _false(plain, plain.initial())
    if claim in broken:
        return 0
    for n, instance in enumerate(run, 1):
        state, broken = _follow(plain, state, instance)
        if claim in broken | _false(plain, state):
            return n
    return None


def can_reach(
    model: type[Model], scope: Scope, run: Iterable[Instance], goal: Callable[[Mapping[str, Any]], bool]
) -> bool:
    """Whether the goal, or the scope's edge, can be reached from the end of a run.

    :param goal: asked of a state by names.
    :raises NotARun: a step cannot be taken where the run takes it.
    """
    plain = PlainRun(model, scope)
    state = plain.initial()
    for instance in run:
        state, _ = _follow(plain, state, instance)
    todo, seen = [state], {state}
    while todo:
        state = todo.pop()
        if goal(plain.as_dict(state)):
            return True
        for *_, outcome in plain.steps(state):
            if outcome.kind == "out of scope":
                return True
            if outcome.state is not None and outcome.state not in seen:
                seen.add(outcome.state)
                todo.append(outcome.state)
    return False


def first_failure(
    model: type[Model], scope: Scope, max_states: int, claim: str | None = None
) -> tuple[PlainFailure | None, int] | None:
    """The nearest failure by breadth-first search: all claims that fail at that depth, and the states seen.

    :param claim: judge this claim only.
    :returns: ``None`` if ``max_states`` were not enough to tell.
    """
    plain = PlainRun(model, scope)
    frontier = [plain.initial()]
    seen = set(frontier)
    failed = _false(plain, frontier[0])
    depth = 0
    while frontier and not (failed if claim is None else claim in failed):
        depth += 1
        then: list[Frozen] = []
        for state in frontier:
            for *_, outcome in plain.steps(state):
                failed |= set(outcome.broken)
                if outcome.state is None:
                    continue
                failed |= set(plain.broken_promises(state, outcome.state))
                if outcome.state not in seen:
                    seen.add(outcome.state)
                    then.append(outcome.state)
                    failed |= _false(plain, outcome.state)
            if len(seen) > max_states:
                return None
        frontier = then
    known = failed if claim is None else failed & {claim}
    return (PlainFailure(depth, known) if known else None), len(seen)


def goes_round(
    model: type[Model],
    scope: Scope,
    stem: Iterable[Instance],
    cycle: Iterable[Instance],
    goal: Callable[[Mapping[str, Any]], bool],
) -> bool:
    """Whether the run along ``cycle``, begun at the end of ``stem``, comes back to where it began without the goal.

    :raises NotARun: a step cannot be taken where the run takes it.
    """
    plain = PlainRun(model, scope)
    state = plain.initial()
    for instance in stem:
        state, _ = _follow(plain, state, instance)
    first, away = state, not goal(plain.as_dict(state))
    for instance in cycle:
        state, _ = _follow(plain, state, instance)
        away = away and not goal(plain.as_dict(state))
    return away and state == first


def _follow(plain: PlainRun, state: Frozen, instance: Instance) -> tuple[Frozen, frozenset[str]]:
    """The state after a step, and what the step breaks; a broken assertion leaves the state as it was."""
    name, args = instance
    outcome = plain.apply(state, name, *args)
    if outcome.kind not in ("step", "broken"):
        raise NotARun(plain.explain(state, name, *args))
    return (state if outcome.state is None else outcome.state), frozenset(outcome.broken)


def _false(plain: PlainRun, state: Frozen) -> frozenset[str]:
    return frozenset(name for name, holds in plain.claims(state).items() if holds is False)
