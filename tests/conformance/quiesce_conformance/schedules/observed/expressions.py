"""Expressions: what an entry of the value stack stands for, as far as the bytecode tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "FRESH",
    "OPAQUE",
    "Attr",
    "Const",
    "Expr",
    "Item",
    "Iter",
    "Method",
    "Name",
    "Opaque",
    "Sum",
    "loads",
    "mentions",
]


@dataclass(frozen=True, slots=True)
class Opaque:
    """Nothing is known about it."""


@dataclass(frozen=True, slots=True)
class Const:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable: ``scope`` is ``local`` (closure variables included) or ``global``."""

    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class Attr:
    """An attribute, loaded by the instruction at ``offset``."""

    base: Expr
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Item:
    """An item, loaded by the instruction at ``offset``."""

    base: Expr
    key: Expr
    offset: int


@dataclass(frozen=True, slots=True)
class Iter:
    """An iterator over what ``base`` is."""

    base: Expr


@dataclass(frozen=True, slots=True)
class Method:
    """A method that is about to be called."""

    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Arithmetic of two values: ``sign`` is ``+``, ``%`` and so on."""

    sign: str
    left: Expr
    right: Expr


Expr = Opaque | Const | Name | Attr | Item | Iter | Method | Sum

OPAQUE: Final = Opaque()
FRESH: Final = Const(("made just now, nobody else has it",))


def mentions(expr: Expr, variable: str) -> bool:
    """Is it made of that local variable?"""
    match expr:
        case Name("local", name):
            return name == variable
        case Attr(base) | Iter(base) | Method(base):
            return mentions(base, variable)
        case Item(base, key):
            return mentions(base, variable) or mentions(key, variable)
        case Sum(_, left, right):
            return mentions(left, variable) or mentions(right, variable)
        case _:
            return False


def loads(expr: Expr) -> Iterator[int]:
    """Give the offsets of the loads that it is made of."""
    match expr:
        case Attr(base, _, offset):
            yield offset
            yield from loads(base)
        case Item(base, key, offset):
            yield offset
            yield from loads(base)
            yield from loads(key)
        case Iter(base) | Method(base):
            yield from loads(base)
        case Sum(_, left, right):
            yield from loads(left)
            yield from loads(right)
        case _:
            return
