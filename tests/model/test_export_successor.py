"""What was read from the model's source, held against the same algorithm written by hand: equal labelled edges."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from quiesce_model.algorithm import POLICIES, Algorithm, Continue
from quiesce_model.known_bad.mutants import calls, drain
from quiesce_model.language import edges_read
from quiesce_model.language.compare import Edges
from quiesce_model.language.expr import FALSE
from quiesce_model.vocabulary import scope
from tests.model.successor import BEYOND, Sizes, first, successors

SCOPES = [scope(1, 1, 2, 5, 2), scope(1, 2, 2, 2, 2), scope(2, 1, 2, 2, 2)]
Plain = dict[Any, dict[tuple[str, tuple[int, ...]], Any]]


def bare(value: Any) -> Any:
    """A value as the hand-written function has it."""
    if isinstance(value, tuple):
        return tuple(bare(v) for v in value)
    return value.name if isinstance(value, enum.Enum) else value


def by_hand(policy: str, n: Sizes) -> Plain:
    """All states and steps, each state as the tuple of its values."""
    names = list(first(n))
    todo = [first(n)]
    found: Plain = {}
    seen = {tuple(todo[0].values())}
    for state in todo:  # grows while it is walked
        steps = found[tuple(state.values())] = {}
        for name, who, then in successors(state, policy, n):
            steps[name, who] = then if then is BEYOND else tuple(then[k] for k in names)
            if then is not BEYOND and steps[name, who] not in seen:
                seen.add(steps[name, who])
                todo.append({k: then[k] for k in names})
    return found


def as_read(edges: Edges) -> Plain:
    return {
        bare(state): {
            (name, args): bare(to) if kind == "step" else BEYOND if kind == "out of scope" else kind
            for (name, args), (kind, to) in steps.items()
        }
        for state, steps in edges.items()
    }


def sizes(within: dict[Any, int]) -> Sizes:
    return {sort.__name__: n for sort, n in within.items()}


@pytest.mark.parametrize("model", POLICIES, ids=lambda m: m.__name__)
def test_the_reader_and_a_function_written_by_hand_have_the_same_edges(model: type[Algorithm]) -> None:
    """In several scopes, which together show every action of the policy, and the scope's edge."""
    taken: set[str] = set()
    for within in SCOPES:
        n = sizes(within)
        assert list(first(n)) == list(model.state_sorts())
        hand, read = by_hand(model.policy.name, n), as_read(edges_read(model, within))
        assert hand.keys() == read.keys()
        assert hand == read
        assert len(read) > 300
        assert any(to is BEYOND for steps in read.values() for to in steps.values())
        taken |= {name for steps in read.values() for (name, _), to in steps.items() if to is not BEYOND}
    assert taken == {a.name for a in model.actions() if a.guard is not FALSE}


@pytest.mark.parametrize("mutant", [calls.NoSecondLook, drain.DrainsNothing], ids=lambda m: m.__name__)
def test_a_mutant_differs_from_the_function_written_by_hand(mutant: type[Algorithm]) -> None:
    within = scope(1, 1, 2, 4, 2)
    n = sizes(within)
    policy = mutant.policy.name
    assert by_hand(policy, n) == as_read(edges_read(Continue, within))
    assert by_hand(policy, n) != as_read(edges_read(mutant, within))
