"""Where each part of a state lives: one shared part, and one part for each element of one unordered sort.

A state is kept as ``(shared, local of element 0, local of element 1, ...)``, each part an interned number.  The parts
are far fewer than the states, because a caller's program counter says nothing about another caller's: 4.2 million
states of the algorithm with three callers are built of 9,194 shared and 31 local parts.  So what an action does is
worked out once for each pair of a shared part and a local part, and looked up ever after.

Rejected: one flat tuple of cells per state (some forty cells are copied, hashed and compared for each edge: an
earlier explorer of that kind took about 300 bytes and 5 microseconds a state, this one 100 bytes and 1.5
microseconds); one packed integer of cells (less memory, but slower still in CPython, because each field costs a shift
and a mask).  SPIN calls the same idea collapse compression (Holzmann, "State compression in SPIN", 1997); here it
also carries the transitions, which SPIN recomputes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quiesce_model.language.expr import Expr
from quiesce_model.language.reader import Action
from quiesce_model.language.sorts import BOOL, AnySort, MapSort, Scope, Sort, domain, is_enum, members

__all__ = ["Cell", "Layout", "Parts", "choose_local", "decode"]

Parts = tuple[tuple[int, ...], ...]
"""A state: the shared cells, then the cells of each element of the local sort.  Values as ordinals."""


def decode(sort: AnySort, number: int) -> Any:
    """The model value of an ordinal."""
    if is_enum(sort):
        assert isinstance(sort, type)
        return list(members(sort))[number]
    return bool(number) if sort is BOOL else int(number)


@dataclass(frozen=True, slots=True)
class Cell:
    """One variable, or one entry of a map."""

    var: str
    index: int | None
    sort: AnySort


class Layout:
    """The shared cells, and the columns of the local sort (``None``: everything is shared)."""

    def __init__(self, sorts: Mapping[str, AnySort], scope: Scope, local: type[Sort] | None) -> None:
        self.sorts, self.scope, self.local = dict(sorts), scope, local
        self.shared: list[Cell] = []
        self.columns: list[Cell] = []  # of one element; the index is filled in by `flat`
        self.maps = {n for n, s in self.sorts.items() if isinstance(s, MapSort)}
        self.elements = domain(local, scope) if local is not None else 0
        self.place: dict[tuple[str, int | None], tuple[int | None, int]] = {}  # -> (element or None, position)
        for name, sort in self.sorts.items():
            if not isinstance(sort, MapSort):
                self._share(Cell(name, None, sort))
            elif local is not None and sort.key is local:
                for element in range(self.elements):
                    self.place[name, element] = (element, len(self.columns))
                self.columns.append(Cell(name, None, sort.value))
            else:
                for i in range(domain(sort.key, scope)):
                    self._share(Cell(name, i, sort.value))

    def _share(self, cell: Cell) -> None:
        self.place[cell.var, cell.index] = (None, len(self.shared))
        self.shared.append(cell)

    def key(self, name: str, index: int) -> Any:
        """The key of a map's entry, as a model value."""
        sort = self.sorts[name]
        assert isinstance(sort, MapSort)
        return decode(sort.key, index)

    def split(self, values: Mapping[tuple[str, int | None], int]) -> Parts:
        """The parts of a state that is given cell by cell."""
        parts = [tuple(values[c.var, c.index] for c in self.shared)]
        parts += [tuple(values[c.var, e] for c in self.columns) for e in range(self.elements)]
        return tuple(parts)

    def values(self, parts: Parts) -> dict[str, Any]:
        """A state as its reader knows it: variable -> value, or -> {index: value} for a map."""
        flat = {(c.var, c.index): decode(c.sort, v) for c, v in zip(self.shared, parts[0], strict=True)}
        for element, part in enumerate(parts[1:]):
            flat |= {(c.var, element): decode(c.sort, v) for c, v in zip(self.columns, part, strict=True)}
        out: dict[str, Any] = {}
        for name, sort in self.sorts.items():
            if isinstance(sort, MapSort):
                key = sort.key
                out[name] = {decode(key, i): flat[name, i] for i in range(domain(key, self.scope))}
            else:
                out[name] = flat[name, None]
        return out

    def columns_of(self, sort: type[Sort]) -> list[list[int]]:
        """For each element of a shared unordered sort, the positions of its cells in the shared part."""
        names = [n for n, s in self.sorts.items() if isinstance(s, MapSort) and s.key is sort]
        return [[self.place[n, e][1] for n in names] for e in range(domain(sort, self.scope))]


def choose_local(
    sorts: Mapping[str, AnySort], scope: Scope, candidates: Iterable[type[Sort]], actions: Iterable[Action]
) -> type[Sort] | None:
    """The unordered sort whose elements become parts of their own: the one with the most cells.

    A sort that a step ranges over is taken only if there is no other: such a step looks at several parts at once.
    """
    steps = list(actions)
    formulas = [e for a in steps for e in (a.guard, *a.in_scope, *a.post.values())]
    ranged = {v.sort for e in formulas for v in _bound(e, set())}
    ranged |= {s for a in steps for _, s in a.params if sum(x is s for _, x in a.params) > 1}

    def weight(sort: type[Sort]) -> tuple[bool, int]:
        columns = sum(isinstance(s, MapSort) and s.key is sort for s in sorts.values())
        return sort not in ranged, domain(sort, scope) * columns

    best = max(candidates, key=weight, default=None)
    return best if best is not None and weight(best)[1] > 0 else None


def _bound(e: Expr, seen: set[Expr]) -> Iterator[Expr]:
    if e not in seen:
        seen.add(e)
        yield from e.binds()
        for c in e.children():
            yield from _bound(c, seen)
