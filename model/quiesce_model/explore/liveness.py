"""Does something always happen?  A fair run in which it never does, if there is one.

Weak fairness, per process: a process that could take a fair step from some point on for ever takes one infinitely
often. Steps that are not fair (calls that begin, operators who cancel) may happen or not.  An action without a
process is one of the environment and is a process by itself.

The states in which the goal does not hold, without those on the scope's edge, are split into strongly connected
components.  A component carries a fair run exactly if every process either takes a fair step in it or is unable to in
one of its states: the run that visits all of it again and again is then fair.  Weak fairness makes smaller cycles
unnecessary: what is possible throughout a component is possible throughout each part of it.

Rejected: liveness on a symmetry-reduced graph (unsound), and a ranking function alone (a proof, but no
counterexample). Source: Lichtenstein and Pnueli, "Checking that finite state concurrent programs satisfy their linear
specification" (1985).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import networkx as nx

from quiesce_model.explore.graph import Goal, Graph, nodes_where, on_edge, state_at
from quiesce_model.explore.render import show
from quiesce_model.explore.result import Label
from quiesce_model.explore.trace import changes

__all__ = ["Lasso", "Liveness", "fair_cycle"]

Hop = tuple[int, Label, int]  # from, step, to
Arrived = Callable[[int, Hop | None], bool]  # asked of a node and the step that led there


@dataclass(frozen=True)
class Lasso:
    """A fair run in which the goal never holds again: the way in, and the way round (empty: nothing need happen)."""

    stem: tuple[Hop, ...]
    cycle: tuple[Hop, ...]
    component: frozenset[int]

    def __len__(self) -> int:
        return len(self.component)

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Liveness:
    """What `fair_cycle` found.

    ``excluded`` counts the states on the scope's edge, which were left out: the answer is about the others.
    """

    lasso: Lasso | None
    states: int
    excluded: int
    text: str

    @property
    def holds(self) -> bool:
        """Whether the goal holds again and again on every fair run that stays off the scope's edge."""
        return self.lasso is None

    def __str__(self) -> str:
        return self.text


def fair_cycle(graph: Graph, goal: Goal, *, finitely: Collection[str] = ()) -> Liveness:
    """A fair lasso in which ``goal`` never holds, or the word that there is none.

    Args:
        graph: an unreduced graph from `state_graph`.
        goal: what has to happen: from every state, on every fair run, sooner or later.
        finitely: actions that are assumed to be taken only finitely often.  Such an assumption is part of what is
            claimed ("calls end" is ``finitely=("nest",)``: a call may not nest for ever), so say it with the result.
    """
    edge = on_edge(graph)
    waiting = set(graph) - edge - nodes_where(graph, goal)
    rounds = graph.subgraph(waiting)  # what may be taken for ever
    if finitely:
        rounds = rounds.copy()
        ended = [(a, b, k) for a, b, k, action in rounds.edges(keys=True, data="action") if action in finitely]
        rounds.remove_edges_from(ended)
    excluded = f"{len(edge):,} states on the scope's edge left out"
    if finitely:
        excluded += f", assuming that {', '.join(sorted(finitely))} is taken finitely often"
    for component in nx.strongly_connected_components(rounds):
        needs = _fair_needs(graph, component, finitely)
        if needs is not None:
            lasso = _lasso(graph, rounds, frozenset(component), needs)
            return Liveness(lasso, len(graph), len(edge), f"a fair cycle, {excluded}:\n{_text(graph, lasso)}")
    return Liveness(None, len(graph), len(edge), f"no fair cycle in {len(graph):,} states, {excluded}")


def _agent(data: dict[str, Any]) -> Any:
    """Who takes a step, for fairness."""
    return data["process"] if data["process"] is not None else data["action"]


def _fair_needs(graph: Graph, component: Collection[int], finitely: Collection[str]) -> list[Arrived] | None:
    """What a run round the component must show to be fair; ``None`` if it cannot be."""
    able: dict[int, set[Any]] = {}
    taken: set[Any] = set()
    moves = False
    for node in component:
        able[node] = set()
        for _, to, data in graph.out_edges(node, data=True):
            inside = to in component and data["action"] not in finitely
            moves = moves or inside
            if data["fair"]:
                able[node].add(_agent(data))
                if inside:
                    taken.add(_agent(data))
    everybody = set().union(*able.values())
    if not moves and everybody:
        return None
    needs: list[Arrived] = []
    for agent in sorted(everybody, key=str):
        rests = {n for n in component if agent not in able[n]}
        if not rests and agent not in taken:
            return None
        needs.append(_need(agent, rests))
    return needs


def _need(agent: Any, rests: set[int]) -> Arrived:
    def shown(node: int, hop: Hop | None) -> bool:
        if node in rests:
            return True
        label = hop[1] if hop is not None else None
        return (
            label is not None and label.fair and (label.process if label.process is not None else label.action) == agent
        )

    return shown


def _hops(graph: Graph, node: int, within: Collection[int]) -> Iterator[Hop]:
    for _, to, label in graph.out_edges(node, data="label"):
        if to in within:
            yield node, label, to


def walk_to(graph: Graph, start: int, within: Collection[int], arrived: Arrived) -> list[Hop]:
    """A shortest walk from ``start`` whose end, or last step, is as wanted."""
    if arrived(start, None):
        return []
    came: dict[int, Hop] = {}
    todo, seen = deque([start]), {start}
    while todo:
        for hop in _hops(graph, todo.popleft(), within):
            if arrived(hop[2], hop):
                walk = [hop]
                while walk[0][0] != start:
                    walk.insert(0, came[walk[0][0]])
                return walk
            if hop[2] not in seen:
                seen.add(hop[2])
                came[hop[2]] = hop
                todo.append(hop[2])
    msg = f"no walk from node {start} to what was wanted"
    raise LookupError(msg)


def _lasso(graph: Graph, rounds: Graph, component: frozenset[int], needs: list[Arrived]) -> Lasso:
    stem = walk_to(graph, 0, graph.nodes, lambda node, _: node in component)
    knot = at = stem[-1][2] if stem else 0
    cycle: list[Hop] = []
    for need in needs:
        way = walk_to(rounds, at, component, need)
        cycle += way
        at = way[-1][2] if way else at
    if at != knot or not cycle:
        first = next(iter(_hops(rounds, at, component)), None)
        if at != knot:
            cycle += walk_to(rounds, at, component, lambda node, _: node == knot)
        elif first is not None:
            cycle += [first, *walk_to(rounds, first[2], component, lambda node, _: node == knot)]
    return Lasso(tuple(stem), tuple(cycle), component)


def _text(graph: Graph, lasso: Lasso) -> str:
    lines = []
    for n, hop in enumerate(lasso.stem, 1):
        lines.append(f"{n:4}  {_line(graph, hop)}")
    lines.append("      then for ever:" if lasso.cycle else "      then nothing that must happen can")
    for n, hop in enumerate(lasso.cycle, len(lasso.stem) + 1):
        lines.append(f"{n:4}  {_line(graph, hop)}")
    return "\n".join(lines)


def _line(graph: Graph, hop: Hop) -> str:
    before, label, after = hop
    differs = changes(state_at(graph, before), state_at(graph, after))
    return f"{label}  " + (", ".join(f"{k}: {show(a)} -> {show(b)}" for k, (a, b) in differs.items()) or "no change")
