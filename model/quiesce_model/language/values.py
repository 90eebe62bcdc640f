"""What a running model is made of: maps, ``every``, ``require``, ``implies``.

This is the reference reading.  It is kept so small that it can be checked by eye: a map is a list of
cells that refuses an index that the scope does not have (a Python list would take -1 for the last
cell), ``every`` counts up, ``require`` raises.

The scope in which ``every`` counts is a context variable: runs in several threads do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from quiesce_model.language.errors import Disabled, ModelError, OutOfScope
from quiesce_model.language.sorts import INT, AnySort, is_enum, is_numbered, members, ordinal

K = TypeVar("K")
V = TypeVar("V")


class Map(Generic[K, V]):
    """A total function that is part of the state.

    Made by a running model, never by its author: annotate ``code: Map[Epoch, Version] = each(Epoch(0))``.

    :param name: the state variable, for messages.
    :param cells: the values, in the order of the keys.
    :param key: the sort of the keys; :param value: that of the values.
    :param limit: the size of the values' sort in scope, where they are numbered; else ``None``.
    :param beyond: for a map without upper bound: the first value of the cell at an index.
    :param journal: where the name is noted when a cell is assigned to.
    """

    __slots__ = ("beyond", "cells", "journal", "key", "limit", "name", "value")

    def __init__(
        self,
        name: str,
        cells: list[Any],
        key: type,
        value: AnySort,
        limit: int | None,
        beyond: Callable[[int], Any] | None,
        journal: list[str],
    ) -> None:
        self.name, self.cells, self.key, self.value = name, cells, key, value
        self.limit, self.beyond, self.journal = limit, beyond, journal

    def __getitem__(self, key: K) -> V:
        i = ordinal(key)
        value: V
        if 0 <= i < len(self.cells):
            value = self.cells[i]
        elif i < 0 or self.beyond is None:
            raise OutOfScope(self.name, i, self.key)
        else:
            value = self.beyond(i)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        i = ordinal(key)
        check_within(self.name, value, self.value, self.limit)
        if i < 0 or (i >= len(self.cells) and self.beyond is None):
            raise OutOfScope(self.name, i, self.key)
        self.journal.append(self.name)
        while len(self.cells) <= i:
            assert self.beyond is not None
            self.cells.append(self.beyond(len(self.cells)))
        self.cells[i] = value


def check_within(name: str, value: Any, sort: AnySort, limit: int | None) -> None:
    """Refuse a number that the scope of its sort does not have.

    :raises OutOfScope: it does not.
    """
    if is_numbered(sort) and (value < 0 or (limit is not None and value >= limit)):
        assert isinstance(sort, type)
        raise OutOfScope(name, value, sort)


class Each:
    """The initial value of a map: the same everywhere, but for a few exceptions."""

    __slots__ = ("but", "default")

    def __init__(self, default: Any, but: Mapping[Any, Any]) -> None:
        self.default, self.but = default, but

    def at(self, key: Any) -> Any:
        """The value at a key."""
        return self.but.get(key, self.default)


def each(default: object, but: Mapping[Any, Any] | None = None) -> Any:
    """The initial value of a ``Map`` of the state.

    Typed ``Any``, so that ``life: Map[Version, Life] = each(Life.UNBORN, {0: Life.LIVE})`` type-checks: the class
    attribute is the description, the attribute of a state is the map.

    :param default: the value at every key ...
    :param but: ... except at these.
    """
    return Each(default, dict(but or {}))


Bounds = Callable[[type], int]
current_bounds: ContextVar[Bounds | None] = ContextVar("current_bounds", default=None)
"""How many elements of a sort ``every`` counts; set by a run."""


def every(sort: type[V]) -> Iterator[V]:
    """All elements of a sort in scope, in order.

    :param sort: a ``Sort``, a ``Numbered`` or an enum class.
    :raises ModelError: outside a run.
    """
    if is_enum(sort):
        return members(sort)
    bounds = current_bounds.get()
    if bounds is None or sort is INT:
        raise ModelError(f"every({sort.__name__}) has a meaning only while a model runs in a scope")
    elements: Any = iter(range(bounds(sort)))
    return elements  # type: ignore[no-any-return]  # plain integers stand for elements at run time, see sorts


def require(*conditions: bool) -> None:
    """The guard of an action: where a condition is false, the action takes no step.

    :raises Disabled: a condition is false; the explorer catches it.
    """
    for i, condition in enumerate(conditions):
        if not condition:
            raise Disabled(i)


def implies(a: bool, b: bool) -> bool:
    """Whether b holds or a does not.  Both are evaluated: write ``not a or b`` where b needs a."""
    return b or not a
