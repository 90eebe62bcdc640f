"""The state graph of a model within a scope, unreduced, as a networkx graph.

Nodes are numbers in the order of discovery, 0 first.  Edges carry the ``label`` of the step, its ``action``, its
``process`` and whether it is ``fair``.  Symmetry is never used here: fairness speaks of one process, and a reduced
graph no longer knows which process took a step.

Every function leaves out what the finite scope hides: a node where an action is cut off (``edge_of_scope``) is
neither a trap nor part of a fair cycle, because nobody knows what it could do beyond.  How many there are is always
said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import networkx as nx

from quiesce_model.explore.layout import Parts
from quiesce_model.explore.machine import Machine
from quiesce_model.language.errors import ModelError
from quiesce_model.language.model import Model
from quiesce_model.language.sorts import Scope

__all__ = ["Goal", "Graph", "GraphTooLargeError", "no_trap", "nodes_where", "on_edge", "state_at", "state_graph"]

Graph = Any
"""A ``networkx.MultiDiGraph``; networkx carries no types of its own."""

Goal = Callable[[Mapping[str, Any]], bool]
"""A predicate on a state, given as in `Step.state`: variable -> value, or -> {index: value} for a map."""


class GraphTooLargeError(ModelError):
    """The graph has more states than were allowed: nothing can be said about it."""


def state_graph(model: type[Model], scope: Scope, *, max_states: int | None = 500_000) -> Graph:
    """Every reachable state and every step of the unreduced model.

    Claims are not judged (`explore` does that); a step that breaks an assert leads nowhere and is left out.

    Args:
        model: the model class.
        scope: how many elements of each sort there are.
        max_states: refuse to build a larger graph.

    Raises:
        GraphTooLargeError: there are more states than that.
    """
    machine = Machine(model, scope, claims=())
    graph: Graph = nx.MultiDiGraph(name=model.__name__, machine=machine)
    number: dict[Parts, int] = {machine.first: 0}
    order = [machine.first]
    for node, parts in enumerate(order):  # grows while it is walked
        moves, cut = machine.moves(parts)
        graph.add_node(node, parts=parts, edge_of_scope=bool(cut))
        for move in moves:
            if move.target is None:
                continue
            to = number.setdefault(move.target, len(order))
            if to == len(order):
                order.append(move.target)
                if max_states is not None and to >= max_states:
                    msg = f"{model.__name__}: more than {max_states:,} states; take a smaller scope or raise max_states"
                    raise GraphTooLargeError(msg)
            label = move.label
            graph.add_edge(node, to, label=label, action=label.action, process=label.process, fair=label.fair)
    return graph


def state_at(graph: Graph, node: int) -> dict[str, Any]:
    """The state at a node: variable -> value, or -> {index: value} for a map."""
    machine: Machine = graph.graph["machine"]
    return machine.layout.values(graph.nodes[node]["parts"])


def on_edge(graph: Graph) -> set[int]:
    """The nodes where the finite scope cuts an action off."""
    return {n for n, edge in graph.nodes(data="edge_of_scope") if edge}


def nodes_where(graph: Graph, goal: Goal) -> set[int]:
    """The nodes whose state is as wanted."""
    return {n for n in graph if goal(state_at(graph, n))}


def no_trap(graph: Graph, goal: Goal) -> list[int]:
    """The nodes from which no state as wanted can be reached, nearest to the first state first; empty: no trap.

    A node from which the scope's edge can be reached is not one of them.
    """
    able = nodes_where(graph, goal) | on_edge(graph)
    todo = deque(able)
    while todo:
        for before in graph.predecessors(todo.popleft()):
            if before not in able:
                able.add(before)
                todo.append(before)
    return [n for n in graph if n not in able]
