"""The sorts of a model: what kinds of things its state is made of.

A sort is named by the Python type that a model is annotated with, so that a type checker sees the
same sorts as the reader: ``bool``, ``int``, an ``enum.Enum`` class, a subclass of ``Sort`` or of
``Numbered``.  Only maps need a class of their own, ``MapSort``.

* ``Sort``: an unordered, interchangeable kind of thing, a caller for instance.  It has no order and
  no constants: a model cannot tell one element from another but by the state.  That is what makes
  symmetry reduction by sorting exact, so it is not possible to hold an element in the state either
  (use a ``Map[Thread, bool]``).
* ``Numbered``: handed out in order: 0, 1, 2, ...  Constants, ``+``, ``-`` and ``<`` are allowed.

A *scope* says how many of each there are in a finite search.  Numbered values beyond it are out of
scope, which is not the same as forbidden (see ``errors``).

Rejected: integers for everything, which lets an epoch be used as a version; strings for the built-in
sorts, which a type checker cannot see.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from quiesce_model.language.errors import ScopeError

BOOL: type = bool
INT: type = int


class Sort(int):
    """An unordered, interchangeable kind of thing: a caller, an upgrader.  Subclass it to name one."""


class Numbered(Sort):
    """A kind of thing handed out in order: 0, 1, 2, ...  Subclass it to name one.

    For a type checker a number plus a whole number is a number of the same sort.  At run time plain
    integers do, for speed: sorts are checked by the reader, before any run.
    """

    if TYPE_CHECKING:

        def __add__(self, other: int) -> Self: ...
        def __sub__(self, other: int) -> Self: ...


@dataclass(frozen=True)
class MapSort:
    """The sort of a map: total, from every element of ``key`` to a ``value``."""

    key: type
    value: type

    def __repr__(self) -> str:
        return f"Map[{self.key.__name__}, {self.value.__name__}]"


AnySort = type | MapSort
Scope = Mapping[type, int | None]
"""Sizes by sort.  ``None`` for a ``Numbered`` sort: no upper bound (plain run only)."""


def is_enum(sort: object) -> bool:
    """Whether the sort is an enumeration."""
    return inspect.isclass(sort) and issubclass(sort, enum.Enum)


def is_numbered(sort: object) -> bool:
    """Whether the sort is handed out in order."""
    return inspect.isclass(sort) and issubclass(sort, Numbered)


def is_unordered(sort: object) -> bool:
    """Whether the sort's elements are interchangeable."""
    return inspect.isclass(sort) and issubclass(sort, Sort) and not issubclass(sort, Numbered)


def is_number(sort: object) -> bool:
    """Whether values of the sort are numbers: ``int`` itself or a ``Numbered``."""
    return sort is INT or is_numbered(sort)


def show_sort(sort: AnySort) -> str:
    """The sort in model words."""
    return repr(sort) if isinstance(sort, MapSort) else sort.__name__


def size(sort: AnySort, scope: Scope) -> int | None:
    """How many values the sort has in the scope; ``None``: no upper bound.

    :raises ScopeError: the scope does not say, or says something that is no size.
    """
    if isinstance(sort, MapSort):
        raise ScopeError(f"{sort} is not a sort that is counted")
    if sort is BOOL:
        return 2
    if is_enum(sort):
        return len(list(members(sort)))
    if sort is INT:
        return scope.get(INT)
    if sort not in scope:
        raise ScopeError(f"the scope does not say how many {sort.__name__} there are: add {{{sort.__name__}: n}}")
    n = scope[sort]
    if n is None and is_numbered(sort):
        return None
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ScopeError(f"{sort.__name__}: expected a size of 1 or more, got {n!r}")
    return n


def domain(sort: AnySort, scope: Scope) -> int:
    """How many values the sort has in a finite scope.

    :raises ScopeError: it has no finite number of them.
    """
    n = size(sort, scope)
    if n is None:
        raise ScopeError(f"{show_sort(sort)} is not bounded in this scope: add {{{show_sort(sort)}: n}}")
    return n


def members(sort: AnySort) -> Iterator[Any]:
    """The members of an enum sort, in the order of definition."""
    assert isinstance(sort, type)
    assert issubclass(sort, enum.Enum)
    return iter(sort)


def ordinal(value: Any) -> int:
    """The number of a value within its sort, from 0: a cell's index, a packed value."""
    if isinstance(value, enum.Enum):
        return _ordinals(type(value))[value]
    return int(value)


_ORDINALS: dict[type, dict[Any, int]] = {}


def _ordinals(sort: type) -> dict[Any, int]:
    found = _ORDINALS.get(sort)
    if found is None:
        found = _ORDINALS[sort] = {m: i for i, m in enumerate(members(sort))}
    return found
