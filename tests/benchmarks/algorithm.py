"""The algorithm model: generated code beside the methods run as they are, and a run of 1.6 million states.

Every run judges every claim: invariants, theorems, two-state promises, asserts, sometimes, deadlock.  No symmetry.
The plain run takes minutes for what the generated code does in a second, so it is stopped after `PLAIN_STATES` states
of the same scope, breadth first as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from quiesce_model.algorithm import Continue
from quiesce_model.explore import explore
from quiesce_model.language.plain import PlainRun
from quiesce_model.language.sorts import Scope
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version

OURS, PLAIN = "quiesce_model", "methods run as they are"
SCOPE: Scope = {Thread: 3, Upgrader: 1, Version: 2, Epoch: 3, Tally: 2}
LARGE: Scope = {Thread: 3, Upgrader: 1, Version: 3, Epoch: 5, Tally: 3}
LARGE_STATES = 1_600_000
PLAIN_STATES = 2_000
ROUNDS = 5


def explored(scope: Scope, max_states: int | None = None) -> int:
    """States visited; raises if a claim is broken, which would make the run shorter than it looks."""
    result = explore(Continue, scope, symmetric=(), max_states=max_states)
    if result.violation is not None:
        raise AssertionError(f"expected every claim to hold in {scope}, got:\n{result.violation}")
    return result.states


def plain() -> int:
    """The methods of the model themselves, with every claim judged in every state and on every step."""
    run = PlainRun(Continue, SCOPE)
    first = run.initial()
    seen, frontier, visited = {first}, [first], 0
    while frontier:
        following = []
        for state in frontier:
            if not all(holds is not False for holds in run.claims(state).values()):
                raise AssertionError(f"expected every claim to hold, got {run.claims(state)}")
            for name, args, outcome in run.steps(state):
                after = outcome.state
                if outcome.kind == "broken" or (after is not None and run.broken_promises(state, after)):
                    raise AssertionError(f"expected every step to keep its promises, {name}{args} does not")
                if after is not None and after not in seen:
                    seen.add(after)
                    following.append(after)
            visited += 1
            if visited == PLAIN_STATES:
                return visited
        frontier = following
    return visited


def comparisons() -> Iterator[tuple[str, dict[str, Callable[[], int]], int]]:
    """Name, candidates, rounds."""
    yield "algorithm, 3 callers", {OURS: lambda: explored(SCOPE), PLAIN: plain}, ROUNDS
    yield "algorithm, 1.6 million states", {OURS: lambda: explored(LARGE, LARGE_STATES)}, ROUNDS
