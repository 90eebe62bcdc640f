"""The explorer visits what the methods of the model, run one by one, visit: no more, no less."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb
from typing import Any

import pytest

from quiesce_model.algorithm import POLICIES, Continue, Hold
from quiesce_model.explore import Verdict, explore
from quiesce_model.explore.machine import Machine
from quiesce_model.explore.symmetry import column_sorter
from quiesce_model.language import Model, PlainRun
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version
from tests.model.explore_models import EndlessStairs, GoodMutex, Latch, Other, Place, Stairs, Together, Walker

FORMS: list[dict[str, Any]] = [{}, {"packed": True}]


def small(callers: int, upgraders: int, versions: int = 2, epochs: int = 3) -> dict[type, int]:
    return {Thread: callers, Upgrader: upgraders, Version: versions, Epoch: epochs, Tally: 2}


CASES: list[tuple[type[Model], dict[type, int]]] = [
    (Stairs, {Walker: 2, Place: 4}),
    (EndlessStairs, {Walker: 2, Place: 3}),
    (GoodMutex, {Walker: 2, Place: 3, Other: 2}),
    (Latch, {Walker: 2}),
    (Together, {Walker: 2, Place: 4}),
    *((policy, small(1, 1)) for policy in POLICIES),
    (Hold, small(1, 2, 2, 2)),
]


def case_name(value: object) -> str:
    return value.__name__ if isinstance(value, type) else "x".join(map(str, value.values()))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("model", "scope"), CASES, ids=case_name)
def test_every_state_and_every_labelled_step_are_those_of_the_plain_run(
    model: type[Model], scope: Mapping[type, int]
) -> None:
    run, machine = PlainRun(model, scope), Machine(model, scope)
    plain = run.reachable()
    sorts = model.state_sorts()
    seen, todo = {machine.first}, [machine.first]
    steps = cut_off = on_edge = 0
    for parts in todo:
        values = machine.layout.values(parts)
        frozen = tuple(tuple(values[n].values()) if isinstance(values[n], dict) else values[n] for n in sorts)
        moves, cut = machine.moves(parts)
        ours = {(m.label.action, m.label.args): "broken" if m.target is None else "step" for m in moves}
        ours |= {(c.action, c.args): "out of scope" for c in cut}
        theirs = {(name, args): outcome.kind for name, args, outcome in plain[frozen]}
        assert ours == theirs
        targets = {(name, args): outcome.state for name, args, outcome in plain[frozen]}
        for m in moves:
            if m.target is not None:
                after = machine.layout.values(m.target)
                got = tuple(tuple(after[n].values()) if isinstance(after[n], dict) else after[n] for n in sorts)
                assert got == targets[m.label.action, m.label.args]
                steps += 1
                if m.target not in seen:
                    seen.add(m.target)
                    todo.append(m.target)
        cut_off += len(cut)
        on_edge += bool(cut)
    assert len(seen) == len(plain)
    for form in FORMS:
        found = explore(model, scope, **form)
        assert (found.states, found.edges, found.edge_of_scope) == (len(plain), steps, on_edge)


@pytest.mark.parametrize(("model", "scope"), CASES, ids=case_name)
def test_symmetry_keeps_exactly_one_state_of_those_that_differ_in_names_only(
    model: type[Model], scope: Mapping[type, int]
) -> None:
    machine = Machine(model, scope)
    fill(machine)
    columns = [machine.layout.columns_of(s) for s in scope if s is not machine.layout.local and s in {Upgrader, Other}]
    sort = column_sorter(columns)
    classes = set()
    for group in machine.groups:
        for key in group.seen:
            shared, *local = machine.parts((group, key))
            classes.add((sort(shared), tuple(sorted(local))))
    for form in FORMS:
        assert explore(model, scope, symmetric=True, **form).states == len(classes)


def fill(machine: Machine) -> None:
    """All reachable states, unreduced, by the machine's tables."""
    todo = [machine.state(machine.first)]
    todo[0][0].seen[todo[0][1]] = 0
    for state in todo:
        for group, key in machine.successors(state):
            if key not in group.seen:
                group.seen[key] = 0
                todo.append((group, key))


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("form", FORMS, ids=["tuples", "packed"])
@pytest.mark.parametrize("walkers", [1, 2, 3, 4])
def test_counts_that_can_be_written_down(walkers: int, form: dict[str, Any], symmetric: bool) -> None:
    """n walkers on k steps: (k+1)^n states; up to names, the multisets of n out of k+1."""
    k = Stairs.top
    found = explore(Stairs, {Walker: walkers, Place: k + 1}, symmetric=True if symmetric else (), **form)
    assert found.verdict is Verdict.HOLDS
    assert found.states == (comb(walkers + k, walkers) if symmetric else (k + 1) ** walkers)
    assert found.edges == walkers * found.states  # each walker climbs or rests
    assert found.depth == walkers * k
    assert found.sometimes == {"all_are_up": walkers * k}
    assert sum(found.levels) == found.states
    assert found.levels[0] == 1


def test_a_packed_field_that_is_too_narrow_is_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quiesce_model.explore.search.FIRST_BITS", 1)
    found = explore(Stairs, {Walker: 3, Place: 4}, packed=True)
    assert found.states == 64


def test_policies_agree_on_more_than_one_scope() -> None:
    """Tuples, packed and reduced: one set of states; the shortest ways to what must be seen are as short."""
    for scope in (small(2, 1, 2, 2), small(1, 2, 2, 2)):
        plain, packed = (explore(Continue, scope, **form) for form in FORMS)
        reduced = explore(Continue, scope, symmetric=True)
        assert (plain.states, plain.edges, plain.levels) == (packed.states, packed.edges, packed.levels)
        assert plain.sometimes == packed.sometimes == reduced.sometimes
        assert reduced.states < plain.states
        assert reduced.depth == plain.depth
