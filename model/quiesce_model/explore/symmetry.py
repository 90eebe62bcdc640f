"""Exact symmetry reduction by sorting: when it may be used, and the sorting of shared cells.

The elements of an unordered sort are interchangeable, so of all states that differ only in who is who one is enough.
The one is found by sorting the elements' columns: two states are the same but for names exactly if their sorted columns
are equal.  That is exact as long as an element's whole state is its column, that is, as long as no cell *holds* an
element, no map is keyed by more than the one element, and nothing tells an element from the others by its name.
`why_not` says what stands in the way; nothing is reduced then.

Rejected: trying all permutations (n! per state), and heuristics that reduce what they can (they are not exact, and the
counts of a run would mean nothing).  Liveness is never judged on a reduced graph: fairness speaks of one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from quiesce_model.language.errors import ModelError
from quiesce_model.language.expr import BINDERS, LEAVES, Expr
from quiesce_model.language.sorts import AnySort, MapSort, Sort

__all__ = ["SymmetryError", "column_sorter", "why_not"]

Part = tuple[int, ...]


class SymmetryError(ModelError):
    """Sorting would not be exact for a sort of this model."""

    def __init__(self, model: str, sort: type[Sort], reason: str) -> None:
        self.sort, self.reason = sort, reason
        super().__init__(
            f"{model}: the elements of {sort.__name__} are not interchangeable: {reason}. "
            f"Explore without symmetry over {sort.__name__}, or keep that fact in a Map[{sort.__name__}, ...]"
        )
        self.model = model

    def __reduce__(self) -> tuple[type[SymmetryError], tuple[str, type[Sort], str]]:
        return SymmetryError, (self.model, self.sort, self.reason)


def why_not(sort: type[Sort], sorts: Mapping[str, AnySort], formulas: Iterable[tuple[str, Expr]]) -> str | None:
    """What makes sorting inexact for ``sort``; ``None`` if nothing does.

    ``formulas``: everything the model says, with the name of the action or claim that says it.
    """
    for name, s in sorts.items():
        if isinstance(s, MapSort):
            if s.value is sort or isinstance(s.value, MapSort):
                return f"the map {name} holds them, or is keyed by more than one element"
            keys = getattr(s.key, "__args__", ())
            if sort in keys:
                return f"the map {name} is keyed by more than one element"
        elif s is sort:
            return f"the state variable {name} holds one"
    seen: set[Expr] = set()
    for name, e in formulas:
        reason = _named(e, sort, seen)
        if reason is not None:
            return f"{name} {reason}"
    return None


def _named(e: Expr, sort: type[Sort], seen: set[Expr]) -> str | None:
    if e in seen:
        return None
    seen.add(e)
    if e.op == "const" and e.sort is sort:
        return f"names the element {e.args[0]}"
    if e.op in LEAVES:
        return None
    children = e.children()
    if e.op in {"<", "<=", "+", "-", "mod"} and any(c.sort is sort for c in children):
        return f"compares or computes with them as numbers: {e!r}"
    if e.op in {"read", "store"} and _keyed(children[0], sort) and children[1].op == "const":
        return f"names the element {children[1].args[0]}"
    if e.op == "=" and any(c.sort is sort for c in children) and any(c.op == "const" for c in children):
        return f"names an element: {e!r}"
    if e.op in BINDERS:
        return _named(e.args[1], sort, seen)
    return next((reason for c in children if (reason := _named(c, sort, seen)) is not None), None)


def _keyed(arr: Expr, sort: type[Sort]) -> bool:
    return isinstance(arr.sort, MapSort) and arr.sort.key is sort


def column_sorter(columns: Sequence[Sequence[Sequence[int]]]) -> Callable[[Part], Part]:
    """Sorts the columns of the shared part.  ``columns``: for each sort, for each element, its positions."""
    work = [c for c in columns if len(c) > 1 and c[0]]

    def sort(part: Part) -> Part:
        for positions in work:
            rows = [tuple(part[k] for k in column) for column in positions]
            ordered = sorted(rows)
            if ordered != rows:
                cells = list(part)
                for column, row in zip(positions, ordered, strict=True):
                    for k, value in zip(column, row, strict=True):
                        cells[k] = value
                part = tuple(cells)
        return part

    return sort
