"""The loop over a piece of the frontier, generated for a number of elements and a form of state.

States that have their shared part in common form a `Group`.  A group keeps its states as keys of a dict: a tuple of the
elements' part numbers or, packed, one integer of them.  A table entry names, for each step, the dict of the group where
the step leads, so the loop makes the successor's key, asks that dict, and is done: no Python call, no look at a cell,
and a small dict instead of one of millions.

Under symmetry the part numbers are kept in order: a step replaces one of them, so the new one is put in its place by
comparisons.  Sorting is exact because equal parts have equal numbers and the elements are interchangeable; no
permutation is ever tried.

Measured on a model of 1.6 million states with three callers: with one dict for all states 8.0 s, with a dict for each
group 4.7 s, all else equal.  Tuples and packed integers are about equally fast here; packed ones take less memory (90
and 128 bytes a state, tables included, for 5.7 million states of the algorithm model).

Two other ways were built and measured on that model with four callers under symmetry (5,674,507 states, 31,187,517
edges, equal counts in all three; processor time, CPython 3.11, 2 cores), and neither is shipped:

* this loop: 15.8 s, 743 MB;
* vectorised with NumPy, a depth at once, states as sorted arrays of 64-bit integers: 42.5 s, 598 MB.  Sorting a depth's
  edges costs more than asking a small dict for each of them;
* shared out to two processes by group, successors sent in batches: 9.8 s in each, 12.1 s for one process under the same
  favourable conditions (tables full beforehand, nothing judged), so 1.2 times as fast at best, for twice the memory.
  Two scopes in two processes (`shards`) are twice as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quiesce_model.explore.codegen import compile_text
from quiesce_model.explore.steps import Outcome

__all__ = ["Form", "Group", "Notes"]


class Notes:
    """What was noted at one entry of a group, for the search to look at beside the loop."""

    __slots__ = ("edge", "misfits", "out", "pairs", "urgent")

    def __init__(self, out: Outcome) -> None:
        self.out = out
        self.edge = bool(out.edge)
        self.urgent = bool(out.false or out.broken or out.doubtful)
        self.pairs: dict[int, str | None] = {}  # local number of another element -> the pair assert that it breaks
        self.misfits: set[int] = set()  # the other elements' numbers that break one


class Group:
    """The states that share one shared part.

    ``seen``: the states that were reached, with the depth at which they were.  ``new``: those of the next depth; the
    list object never changes, because table entries hold its ``append``.  ``row``: the table entries, made when the
    group is first expanded.  ``rare``: whether anything was noted at its parts that the loop does not see to.
    """

    __slots__ = ("flags", "leads_to", "new", "number", "part", "rare", "row", "seen")

    def __init__(self, number: int, part: tuple[int, ...]) -> None:
        self.number, self.part = number, part
        self.seen: dict[Any, int] = {}
        self.new: list[Any] = []
        self.row: tuple[Any, ...] | None = None
        self.rare = False
        self.flags: dict[int, Notes] = {}  # local part number, or -1 for the shared part
        self.leads_to: dict[int, Group] = {}


class Form:
    """How the local part numbers of a state become a key, and the loop over keys of that form.

    Args:
        elements: how many local parts a state has.
        bits: the width of a part number in a packed key; 0 for tuples.
        symmetric: whether the elements are interchangeable.
    """

    def __init__(self, elements: int, *, bits: int = 0, symmetric: bool = False) -> None:
        self.elements, self.bits, self.symmetric = elements, bits, symmetric and elements > 1
        self.names = [f"l{i}" for i in range(elements)]
        # A packed key changes by a difference that depends on the element's place: each place has its own table.
        self.tables = elements if bits > 0 and not self.symmetric else min(elements, 1)
        self.differs = bits > 0 and not self.symmetric  # an entry holds how the key changes
        self.text = "\n".join(self._loop())
        self.expand: Callable[..., int] = compile_text(self.text, "loop")["expand"]
        mask = (1 << bits) - 1
        fields = "".join(f"K >> {i * bits} & {mask}, " for i in range(elements))
        text = f"def numbers(K):\n    return ({fields})" if bits else "def numbers(K):\n    return K"
        self.numbers: Callable[[Any], tuple[int, ...]] = compile_text(text, "numbers")["numbers"]

    def entry(self, moves: list[tuple[Any, ...]]) -> tuple[Any, ...]:
        """A table entry: how many steps there are, the first one, and the others (there are seldom any)."""
        return (len(moves), *moves[0], tuple(moves[1:])) if moves else (0, None, 0, None, ())

    @staticmethod
    def steps(entry: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The steps of a table entry: the dict of the group that it leads to, the change, how a new state is noted."""
        return [entry[1:4], *entry[4]] if entry[0] else []

    def key(self, local: list[int]) -> Any:
        """The key of these local parts; in any order under symmetry."""
        if self.symmetric:
            local = sorted(local)
        if not self.bits:
            return tuple(local)
        return sum(x << i * self.bits for i, x in enumerate(local))

    def change(self, place: int, before: int, then: int) -> int:
        """What a table entry holds for a step of the element at ``place``: its new part number, or the key's change."""
        return (then - before) << place * self.bits if self.differs else then

    def _text(self, local: list[str]) -> str:
        if not self.bits:
            return f"({', '.join(local)}{',' if len(local) == 1 else ''})"
        return " | ".join(f"{x} << {i * self.bits}" if i else x for i, x in enumerate(local))

    def _then(self, at: int) -> str:
        """The key after a step of the element at a place, where ``m`` is what the entry holds."""
        rest = [x for i, x in enumerate(self.names) if i != at]
        if self.symmetric:
            out = [f"{self._text([*rest[:k], 'm', *rest[k:]])} if m <= {x} else" for k, x in enumerate(rest)]
            return " ".join([*out, self._text([*rest, "m"])])
        return "K + m" if self.bits else self._text([*self.names[:at], "m", *self.names[at + 1 :]])

    def _loop(self) -> list[str]:
        names, mask, n = self.names, (1 << self.bits) - 1, self.elements
        tables = [f"T{i}" for i in range(self.tables)]
        out = [
            "def expand(batch, depth, prepare, slow, dead):",
            "    edges = 0",
            "    for group, keys in batch:",
            "        if group.row is None:",
            "            prepare(group)",
            f"        moves, {''.join(f'{t}, ' for t in tables)} = group.row",
            "        for K in keys:",
        ]
        if self.bits:
            last = n - 1
            out += [f"            {x} = K >> {i * self.bits}" + f" & {mask}" * (i < last) for i, x in enumerate(names)]
        elif names:
            out.append(f"            {', '.join(names)}, = K")
        first = "count, seen, m, push, more"
        for i, x in enumerate(names):
            pad = " " * 12
            table = tables[min(i, len(tables) - 1)]
            if self.symmetric and i:  # the same part again: the same successors, to be counted but not looked at
                out += [f"{pad}{first} = {table}[{x}]", f"{pad}n += count", f"{pad}if count and {x} != {names[i - 1]}:"]
            else:
                out += [f"{pad}{first} = {table}[{x}]", f"{pad}n {'+' * (i > 0)}= count", f"{pad}if count:"]
            out += [f"{pad}    {line}" for line in self._visit(i)]
            out += [f"{pad}    if more:", f"{pad}        for seen, m, push in more:"]
            out += [f"{pad}            {line}" for line in self._visit(i)]
        if not names:
            out.append("            n = 0")
        out += [
            "            edges += n",
            "            if not n and not moves:",
            "                dead(group, K)",
            "        edges += len(moves) * len(keys)",
            "        for seen, push in moves:",
            "            for K in keys:",
            "                if K not in seen:",
            "                    seen[K] = depth",
            "                    push(K)",
            "        if group.rare:",
            "            slow(group, keys)",
            "    return edges",
            "",
        ]
        return out

    def _visit(self, place: int) -> list[str]:
        return [f"t = {self._then(place)}", "if t not in seen:", "    seen[t] = depth", "    push(t)"]
