"""For every model and every known-bad protocol: what runs and what was read have equal labelled edges.

Complete in a small scope (one of each unordered sort, two or three numbers), and in random states, most of them not
reachable, of the scope in which the protocol is said to fail.
"""

from __future__ import annotations

import time

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language import Model, compare_readings
from quiesce_model.language.compare import compare_in
from quiesce_model.language.sorts import INT, Scope, is_unordered
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version
from tests.model.language_sources import states

FULL = {Thread: 2, Upgrader: 2, Version: 3, Epoch: 4, Tally: 3, INT: 3}
MODELS: list[tuple[str, type[Model], Scope]] = [
    *((f"{m.__module__}.{m.__name__}", m, FULL) for m in (*algorithm.POLICIES, *protocol.POLICIES)),
    *((k.name, k.model, {**k.scope}) for k in catalogue()),
]


def small(scope: Scope) -> Scope:
    """One of each unordered sort, three epochs, two of each other number."""
    return {s: 1 if is_unordered(s) else min(n or 3, 3 if s.__name__ == "Epoch" else 2) for s, n in scope.items()}


@pytest.mark.parametrize(("model", "scope"), [m[1:] for m in MODELS], ids=[m[0] for m in MODELS])
def test_both_readings_have_the_same_edges(model: type[Model], scope: Scope) -> None:
    found = compare_readings(model, small(scope))
    assert found.equal, found
    assert found.states > 50
    assert found.edges > found.states
    assert found.out_of_scope > 0
    deep = compare_in(model, scope, states(model, scope, 20 if scope is FULL else 6))  # a mutant overrides little
    assert not deep.found, deep
    assert deep.edges > 0


def test_reading_a_whole_model_is_quick() -> None:
    class Anew(algorithm.Hold):
        """A class of its own, so that nothing of it has been read yet."""

    started = time.perf_counter()
    actions, claims = Anew.actions(), Anew.claims()
    assert len(actions) > 25
    assert len(claims) > 25
    assert time.perf_counter() - started < 10  # takes 0.1 s on an idle machine
