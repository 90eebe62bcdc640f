"""Which code is watched: the functions that belong to the given modules, classes and functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["Watched", "codes_of"]

Watched = ModuleType | FunctionType | type


def codes_of(watched: Iterable[Watched]) -> dict[CodeType, str]:
    """Every code object of the modules, classes and functions, with nested ones, and the module's name.

    The module's own body is left out: it ran when the module was imported.
    """
    found: dict[CodeType, str] = {}
    for thing in watched:
        module = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
        for function in _functions(thing, module, set()):
            for code in _nested(function.__code__):
                found.setdefault(code, module.rpartition(".")[2])
    return found


def _functions(thing: Any, module: str, seen: set[int]) -> Iterator[FunctionType]:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, FunctionType):
        if thing.__module__ == module:
            yield thing
        inner = getattr(thing, "__wrapped__", None)
        if inner is not None:
            yield from _functions(inner, module, seen)
    elif isinstance(thing, staticmethod | classmethod):
        yield from _functions(thing.__func__, module, seen)
    elif isinstance(thing, property):
        for part in (thing.fget, thing.fset, thing.fdel):
            yield from _functions(part, module, seen)
    elif isinstance(thing, ModuleType) or (isinstance(thing, type) and thing.__module__ == module):
        for part in list(vars(thing).values()):
            yield from _functions(part, module, seen)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _nested(const)
