"""The algorithm in a finite scope, as nodes that remember where each step leads.

A search runs thousands of schedules of one configuration, and they pass through the same few thousand model states.  So
every state is one node, a step is computed and judged once, and from then on following the code costs one look into a
dict for each operation.  The steps are those of `quiesce_model.validate.compiled`: the model's own source, compiled.

Not for several threads at once; under a controlled scheduler only one thread runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from quiesce_model.language import Model
from quiesce_model.validate.compiled import EDGE, Broken, Compiled
from quiesce_model.validate.layout import Flat

__all__ = ["Graph", "Node", "ScopeTooSmall", "graph"]

Move = tuple[str, tuple[int, ...]]
"""An action of the model and its arguments, as ordinals."""


class ScopeTooSmall(Exception):
    """A configuration uses more versions, epochs or threads than its scope has: it says nothing and must be mended."""


class Node:
    """One state of the model."""

    __slots__ = ("broken", "moves", "state")

    def __init__(self, state: Flat) -> None:
        self.state = state
        self.moves: dict[Move, Node | None] = {}
        self.broken: dict[Move, Broken] = {}
        """Moves that are enabled and break a claim of the model, which is then wrong itself."""


class Graph:
    """The states that were reached so far.

    Args:
        model: the algorithm under one drain policy, or a subclass.
        scope: how many elements and numbers of each sort there are.

    """

    def __init__(self, model: type[Model], scope: Mapping[type, int]) -> None:
        self.compiled = Compiled(model, dict(scope))
        self.nodes: dict[Flat, Node] = {}
        self.first = self.node(self.compiled.layout.first())

    def node(self, state: Flat) -> Node:
        """The node of a state."""
        found = self.nodes.get(state)
        if found is None:
            found = self.nodes[state] = Node(state)
        return found

    def after(self, node: Node, action: str, args: tuple[int, ...]) -> Node | None:
        """Where an action leads; None: it is not enabled.

        Raises:
            ScopeTooSmall: it leads out of the scope.

        """
        move = (action, args)
        try:
            return node.moves[move]
        except KeyError:
            pass
        new = self.compiled.take(action, node.state, args)
        if new is EDGE:
            raise ScopeTooSmall(f"{action}{args}: expected a scope that has room for it, got {self.compiled.scope}")
        found = node.moves[move] = None if new is None else self.node(new)
        if new is not None:
            broken = self.compiled.judge(action, node.state, new, args)
            if broken:
                node.broken[move] = broken
        return found


_MADE: Final[dict[tuple[int, tuple[tuple[int, int], ...]], Graph]] = {}


def graph(model: type[Model], scope: Mapping[type, int]) -> Graph:
    """The graph of a model in a scope; one for all configurations that ask for the same."""
    key = id(model), tuple(sorted((id(sort), n) for sort, n in scope.items()))
    if key not in _MADE:
        _MADE[key] = Graph(model, scope)
    return _MADE[key]
