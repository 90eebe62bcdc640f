"""How many states of the unreduced model a reduced exploration stands for, exactly.

Renaming the elements of the unordered sorts takes reachable states to reachable states and steps to steps, and a kept
state stands for its orbit: all states that differ from it in names only.  With interchangeable columns (see
`symmetry`) the size of the orbit is known at sight: n elements, of whose columns some are equal m, k, ... times, can be
put in n! / (m! k! ...) different orders, and the sorts are renamed independently of each other, so the sizes multiply.

So the sum over the kept states is the number of states of the unreduced model, and the same sum weighted by the steps
from each is the number of its edges.  That is no estimate: a test holds both against explorations without reduction.
It is also a check of the reduction itself, since a state too many or too few shows in the sum.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from quiesce_model.explore.codegen import compile_text
from quiesce_model.explore.loop import Group
from quiesce_model.explore.machine import Machine
from quiesce_model.explore.result import Unreduced

__all__ = ["orders", "weigh"]


def orders(columns: Iterable[Hashable]) -> int:
    """In how many different orders these columns can stand."""
    counts = Counter(columns).values()
    return math.factorial(sum(counts)) // math.prod(map(math.factorial, counts))


def weigh(machine: Machine) -> Unreduced:
    """States, edges and states on the scope's edge of the unreduced model.  The search must have come to its end."""
    local_is_reduced = machine.form.symmetric
    shared = [machine.layout.columns_of(s) for s in machine.symmetric if s is not machine.layout.local]
    numbers = machine.form.numbers
    add = _adder(machine.form.elements, numbers if machine.form.bits else None, reduced=local_is_reduced)
    states = edges = on_edge = 0
    for group in machine.groups:
        if not group.seen:
            continue
        weight = math.prod(orders(tuple(group.part[k] for k in column) for column in columns) for columns in shared)
        assert group.row is not None  # every state was expanded
        moves, *tables = group.row
        steps = _Steps(tables)
        n, e = add(group.seen, steps)
        states, edges = states + weight * n, edges + weight * (e + n * len(moves))
        if group.rare:
            on_edge += weight * add(_on_edge(machine, group), steps)[0]
        if machine.has_joint_steps:
            weighed = ((key, orders(numbers(key)) if local_is_reduced else 1) for key in group.seen)
            edges += weight * sum(w * len(machine.joint(machine.parts((group, k))).moves) for k, w in weighed)
    return Unreduced(states, edges, on_edge)


class _Steps(dict[int, int]):
    """How many steps an element takes, by its part number."""

    def __init__(self, tables: list[Any]) -> None:
        super().__init__()
        self.table = tables[0] if tables else {}

    def __missing__(self, number: int) -> int:
        count: int = self.table[number][0]
        self[number] = count
        return count


def _on_edge(machine: Machine, group: Group) -> Iterable[Any]:
    """The keys of a group's states in which the scope cuts a step off."""
    if machine.has_joint_steps:
        return [key for key in group.seen if machine.on_edge((group, key))]
    cut = {local for local, notes in group.flags.items() if notes.edge}
    if -1 in cut:
        return group.seen
    numbers = machine.form.numbers
    return [key for key in group.seen if not cut.isdisjoint(numbers(key))] if cut else ()


def _adder(
    elements: int, numbers: Callable[[Any], tuple[int, ...]] | None, *, reduced: bool
) -> Callable[[Any, Any], tuple[int, int]]:
    """``add(keys, steps)``: the sums over a group of orbit sizes, and of orbit sizes times steps of the elements.

    ``numbers`` takes a packed key apart.
    """
    names = [f"l{i}" for i in range(elements)]
    unpack = f"{', '.join(names)}, = {'numbers(K)' if numbers else 'K'}"
    same = [f"({a} == {b}) << {i}" for i, (a, b) in enumerate(itertools.pairwise(names))]
    weights = []
    for pattern in range(1 << max(elements - 1, 0)):
        row = [0]
        for i in range(elements - 1):
            row.append(row[-1] + (0 if pattern >> i & 1 else 1))  # keys are in order: equal parts are neighbours
        weights.append(orders(row[:elements]) if reduced else 1)
    lines = ["def add(keys, steps):", "    n = e = 0", "    for K in keys:"]
    if names:
        lines.append(f"        {unpack}")
    weight = f"weights[{' | '.join(same) or 0}]" if reduced else "1"
    lines += [f"        w = {weight}", "        n += w"]
    if names:
        lines.append(f"        e += w * ({' + '.join(f'steps[{x}]' for x in names)})")
    lines.append("    return n, e")
    return compile_text("\n".join(lines), "orbits", {"weights": weights, "numbers": numbers})["add"]  # type: ignore[no-any-return]  # made here
