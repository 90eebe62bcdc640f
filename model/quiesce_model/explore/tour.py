"""Walks that take every step of a graph at least once: what a test has to do to have done everything.

As a rule the graph is looked at through a ``view`` that forgets what does not matter (all but the plugin's state and
the callers' steps, say); a step is then known by its view before, its action and its view after.  The walks themselves
are genuine runs of the model, from its first state.

Greedy: from where it stands, the walk goes the shortest way to a step that was not taken yet; where there is none to
reach, a new walk begins.  Rejected: the true Chinese postman tour, which is shorter but needs a matching that takes
cubic time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from quiesce_model.explore.graph import Graph, state_at
from quiesce_model.explore.liveness import Hop, walk_to

__all__ = ["transition_tour"]

View = Callable[[Mapping[str, Any]], Hashable]


def transition_tour(graph: Graph, view: View | None = None) -> list[list[Hop]]:
    """Runs from the first state that together take every step of the graph, as seen through ``view``.

    Args:
        graph: a graph from `state_graph`.
        view: what of a state is looked at; ``None``: all of it.

    Returns:
        Runs; each is a list of (node, `Label`, node).
    """
    seen_as: dict[int, Hashable] = {n: n if view is None else view(state_at(graph, n)) for n in graph}

    def kind(hop: Hop) -> Hashable:
        args = hop[1].args if view is None else ()
        return seen_as[hop[0]], hop[1].action, args, seen_as[hop[2]]

    def untaken(_: int, hop: Hop | None) -> bool:
        return hop is not None and kind(hop) in left

    left = {kind((a, label, b)) for a, b, label in graph.edges(data="label")}
    tour: list[list[Hop]] = []
    while left:
        run: list[Hop] = []
        at = 0
        while left:
            try:
                way = walk_to(graph, at, graph.nodes, untaken)
            except LookupError:
                break
            left -= {kind(hop) for hop in way}
            run += way
            at = way[-1][2]
        tour.append(run)
    return tour
