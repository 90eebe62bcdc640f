"""Symmetry is sound: what is kept, each state times the states that it stands for, is the whole model exactly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from quiesce_model import protocol
from quiesce_model.algorithm import POLICIES, Continue, Hold, Overlap
from quiesce_model.explore import Result, Verdict, explore
from quiesce_model.explore.orbits import orders
from quiesce_model.explore.symmetry import column_sorter
from quiesce_model.language import Model, Sort
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version
from tests.model.explore_models import EndlessStairs, GoodMutex, Latch, Mutex, Other, Place, Stairs, Together, Walker


def algorithm(callers: int, upgraders: int, versions: int = 2, epochs: int = 3) -> dict[type, int]:
    return {Thread: callers, Upgrader: upgraders, Version: versions, Epoch: epochs, Tally: 2}


CASES: list[tuple[type[Model], dict[type, int]]] = [
    (Stairs, {Walker: 5, Place: 4}),
    (EndlessStairs, {Walker: 4, Place: 3}),
    (GoodMutex, {Walker: 3, Place: 3, Other: 4}),
    (GoodMutex, {Walker: 1, Place: 3, Other: 1}),
    (Latch, {Walker: 5}),
    (Together, {Walker: 4, Place: 4}),
    (Continue, algorithm(3, 1, 2, 3)),
    *((policy, algorithm(2, 2, 2, 2)) for policy in POLICIES),
    (Overlap, algorithm(1, 3, 2, 2)),
    (protocol.Hold, {Thread: 2, Version: 2, Epoch: 4, Tally: 2}),
]


def case_name(value: object) -> str:
    return value.__name__ if isinstance(value, type) else "x".join(map(str, value.values()))  # type: ignore[attr-defined]


KNOWN: dict[str, Result] = {}


def unreduced(model: type[Model], scope: Mapping[type, int]) -> Result:
    """The whole model, explored once for all tests."""
    name = f"{model.__module__}.{model.__name__} {scope}"
    if name not in KNOWN:
        KNOWN[name] = explore(model, scope, deadlock=False)
    return KNOWN[name]


@pytest.mark.parametrize(("model", "scope"), CASES, ids=case_name)
def test_kept_states_times_what_they_stand_for_are_all_states(model: type[Model], scope: Mapping[type, int]) -> None:
    whole = unreduced(model, scope)
    packed = Walker in scope  # of small models, both forms
    for form in (False, True)[: 1 + packed]:
        found = explore(model, scope, symmetric=True, unreduced=True, deadlock=False, packed=form)
        check(found, whole, scope)


def check(reduced: Result, whole: Result, scope: Mapping[type, int]) -> None:
    assert reduced.unreduced is not None
    assert reduced.unreduced.states == whole.states
    assert reduced.unreduced.edges == whole.edges
    assert reduced.unreduced.edge_of_scope == whole.edge_of_scope
    assert (reduced.depth, reduced.sometimes) == (whole.depth, whole.sometimes)
    unordered = [n for s, n in scope.items() if s in {Walker, Other, Thread, Upgrader}]
    assert reduced.states < whole.states or max(unordered) == 1


@pytest.mark.parametrize("sorts", [[Thread], [Upgrader], []], ids=lambda s: str(len(s)))
def test_any_choice_of_sorts_stands_for_the_same(sorts: list[type[Sort]]) -> None:
    found = explore(Hold, algorithm(2, 2, 2, 2), symmetric=sorts, unreduced=True)
    whole = unreduced(Hold, algorithm(2, 2, 2, 2))
    assert found.unreduced is not None
    assert (found.unreduced.states, found.unreduced.edges) == (whole.states, whole.edges)


def test_a_reduction_that_keeps_too_much_shows_in_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail: with columns that are not sorted, states stand for others that are kept as well."""
    monkeypatch.setattr("quiesce_model.explore.machine.column_sorter", lambda _: column_sorter([]))
    scope = algorithm(1, 2, 2, 2)
    found = explore(Continue, scope, symmetric=True, unreduced=True)
    assert found.unreduced is not None
    assert found.unreduced.states > explore(Continue, scope).states


def test_a_search_that_was_stopped_stands_for_nothing() -> None:
    found = explore(Stairs, {Walker: 8, Place: 4}, symmetric=True, unreduced=True, max_seconds=1e-6)
    assert (found.verdict, found.unreduced) == (Verdict.UNFINISHED, None)
    assert explore(Mutex, {Walker: 2, Place: 3, Other: 1}, symmetric=True, unreduced=True).unreduced is None


@pytest.mark.parametrize("columns", ["", "a", "ab", "aab", "aabb", "abcd", "aaaa", "abac"])
def test_orders_are_those_that_permutations_give(columns: str) -> None:
    assert orders(columns) == len(set(itertools.permutations(columns)))


def test_traces_under_symmetry_are_runs_of_the_model_with_its_own_names() -> None:
    """Two walkers, told apart in the trace; the plain run takes every step of it (`replay` sees to that)."""
    found = explore(Mutex, {Walker: 3, Place: 3, Other: 2}, symmetric=True)
    assert found.violation is not None
    steps = [str(step.label) for step in found.violation.trace]
    walkers = {step.label.args for step in found.violation.trace}
    assert len(steps) == 4
    assert len(walkers) == 2
    for before, step in itertools.pairwise(found.violation.trace):
        (walker,) = step.label.args
        changed = {name for name, (a, b) in step.changed.items() if a != b}
        assert f"here[{walker}]" in changed
        assert before.state["here"][walker] != step.state["here"][walker]


def test_what_a_result_says_of_memory_is_no_less_than_the_states_take() -> None:
    found = explore(Stairs, {Walker: 7, Place: 4})
    assert found.states == 4**7
    assert found.bytes >= found.states * 50
    assert 50 <= found.bytes_per_state < 5_000
    assert "bytes/state" in str(found)
    assert "stands for" not in str(found)
    assert "stands for 16,384 states" in str(explore(Stairs, {Walker: 7, Place: 4}, symmetric=True, unreduced=True))
