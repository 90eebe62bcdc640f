"""The algorithm model: generated code beside the methods run as they are, and a run of 1.6 million states.

Every run judges every claim: invariants, theorems, two-state promises, asserts, sometimes, deadlock.  No symmetry, but
in `reduced`: four callers, all alike, and how much memory that takes.
The plain run takes minutes for what the generated code does in a second, so it is stopped after `PLAIN_STATES` states
of the same scope, breadth first as well.
"""

from __future__ import annotations

import json
import resource
import time
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
FOUR: Scope = {Thread: 4, Upgrader: 1, Version: 3, Epoch: 5, Tally: 3}
REDUCED = ("algorithm, 4 callers, symmetry", 2_400_000)
"""The first so many states of that scope, of 13 million; each stands for up to 24."""
PLAIN_STATES = 2_000
ROUNDS = 5


def explored(scope: Scope, max_states: int | None = None) -> int:
    """States visited; raises if a claim is broken, which would make the run shorter than it looks."""
    result = explore(Continue, scope, symmetric=(), max_states=max_states)
    if result.violation is not None:
        raise AssertionError(f"expected every claim to hold in {scope}, got:\n{result.violation}")
    return result.states


def reduced(max_states: int) -> None:
    """Print states per second of processor time, bytes per state, and the most memory that this process held."""
    begin = time.process_time()
    found = explore(Continue, FOUR, symmetric=True, max_states=max_states)
    seconds = time.process_time() - begin
    if found.violation is not None or found.states < max_states:
        raise AssertionError(f"expected {max_states:,} states and every claim to hold, got:\n{found}")
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"states/s": found.states / seconds, "bytes/state": found.bytes_per_state, "MB resident": resident}
    print(json.dumps(figures))


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
