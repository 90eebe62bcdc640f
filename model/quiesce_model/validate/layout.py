"""A state of a finite scope as one flat tuple of numbers, and back.

Values are kept as ordinals (an enum member's place in its class, a bool as 0 or 1), so a state is cheap to copy, to
hash and to compare.  The parts of a map lie side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from quiesce_model.language import Model, Scope
from quiesce_model.language.expr import Expr, const, read
from quiesce_model.language.sorts import AnySort, MapSort, domain, is_enum, members, ordinal

__all__ = ["Flat", "Layout", "value_of"]

Flat = tuple[int, ...]
"""A state, cell by cell."""


def value_of(sort: AnySort, number: int) -> Any:
    """The model value of an ordinal."""
    if is_enum(sort):
        return list(members(sort))[number]
    return bool(number) if sort is bool else number


class Layout:
    """Where each variable's cells are in a scope."""

    def __init__(self, model: type[Model], scope: Scope) -> None:
        self.model, self.scope = model, dict(scope)
        self.sorts = model.state_sorts()
        self.offset: dict[str, int] = {}
        self.width: dict[str, int] = {}
        at = 0
        for name, sort in self.sorts.items():
            self.offset[name] = at
            self.width[name] = domain(sort.key, scope) if isinstance(sort, MapSort) else 1
            at += self.width[name]
        self.size = at
        maps = {n: s for n, s in self.sorts.items() if isinstance(s, MapSort)}
        self._values: dict[str, AnySort] = {n: maps[n].value if n in maps else s for n, s in self.sorts.items()}
        self._keys = {n: maps[n].key if n in maps else None for n in self.sorts}
        self._default: dict[tuple[str, int], int] = {}

    def value_sort(self, name: str) -> AnySort:
        """The sort of a variable's values."""
        return self._values[name]

    def key_sort(self, name: str) -> type | None:
        """The sort of a map's keys; ``None`` for a variable that is no map."""
        return self._keys[name]

    def cells(self, sort: type) -> Iterator[int]:
        """The places of all cells that hold a value of a sort."""
        for name in self.sorts:
            if self.value_sort(name) is sort:
                yield from range(self.offset[name], self.offset[name] + self.width[name])

    def maps_over(self, sort: type) -> list[str]:
        """The maps whose keys are of a sort."""
        return [n for n in self.sorts if self.key_sort(n) is sort]

    def default(self, name: str, index: int) -> int:
        """The first value of a variable, or of a map's entry."""
        found = self._default.get((name, index))
        if found is None:
            e: Expr = self.model.initial()[name]
            sort = self.sorts[name]
            if isinstance(sort, MapSort):
                e = read(e, const(value_of(sort.key, index), sort.key))
            found = self._default[name, index] = ordinal(e.args[0])
        return found

    def first(self) -> Flat:
        """The first state."""
        return tuple(self.default(n, i) for n in self.sorts for i in range(self.width[n]))

    def widened(self, other: Layout, state: Flat) -> Flat:
        """A state of this layout in another one with a larger scope."""
        out: list[int] = []
        for name in self.sorts:
            at, n = self.offset[name], self.width[name]
            out += state[at : at + n]
            out += [other.default(name, i) for i in range(n, other.width[name])]
        return tuple(out)

    def show_cell(self, state: Flat, name: str, index: int = 0) -> Any:
        """One value: of a variable, or of a map at the key with an ordinal."""
        return value_of(self._values[name], state[self.offset[name] + index])

    def show(self, state: Flat) -> dict[str, Any]:
        """A state as its reader knows it: variable -> value, or -> {key: value} for a map."""
        out: dict[str, Any] = {}
        for name, sort in self.sorts.items():
            at, value = self.offset[name], self.value_sort(name)
            if isinstance(sort, MapSort):
                cells = range(self.width[name])
                out[name] = {value_of(sort.key, i): value_of(value, state[at + i]) for i in cells}
            else:
                out[name] = value_of(value, state[at])
        return out


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What two shown states do not agree on, cell by cell."""
    out: dict[str, tuple[Any, Any]] = {}
    for name, old in before.items():
        new = after[name]
        if isinstance(old, dict):
            keys = dict.fromkeys([*old, *new])
            out |= {f"{name}[{k}]": (old.get(k), new.get(k)) for k in keys if old.get(k) != new.get(k)}
        elif old != new:
            out[name] = (old, new)
    return out
