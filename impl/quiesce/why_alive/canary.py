"""Weak references to everything that a version defines, taken while it is alive.

A module's weak reference lies: what the rest of the version needs is the module's globals, and those live as long as
any one function of it.  So a mark is put into the globals of every module of the version, and every class and every
function that exists is watched, wherever it hides: closures, decorated functions, classes made in functions.  They are
found by one pass over the collector's objects, which costs some 30 ms in a process with 200,000 of them.
"""

from __future__ import annotations

import gc
import sys
import weakref
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, Final, cast

from quiesce import InvalidArgument
from quiesce.loaders import source

__all__ = ["MARK", "Canary", "watch"]

PREFIX: Final[str] = source._PREFIX  # noqa: SLF001 - how the loader begins the private names; the same distribution
MARK: Final = "__quiesce_canary__"
"""The name of the mark in the globals of every watched module."""


class _Mark:
    """Lives as long as the globals that it is in."""

    __slots__ = ("__weakref__",)


@dataclass(frozen=True, slots=True)
class Canary:
    """What is watched of one version.  Immutable; keeps nothing alive.  Any thread."""

    version: str
    """The type of the instance, or what `watch` was told."""
    modules: frozenset[str]
    """The names of the version's modules, empty if it has none of its own."""
    watched: tuple[tuple[str, weakref.ref[Any]], ...]
    """What it is called, and the reference: the instance first, then classes, functions, globals."""

    def alive(self) -> tuple[str, ...]:
        """The names of what is alive at this instant, without a garbage collection: cycles may still be counted."""
        return tuple(name for name, reference in self.watched if reference() is not None)


def watch(instance: object, *, module: str | ModuleType | None = None) -> Canary:
    """Watch a version, while it is alive, by its instance.

    Args:
        instance: what the candidate built, such as `plugin.current()`.
        module: the top module of the version, if the instance's class does not say it: the module tree below it is
            watched.  A plugin that `quiesce.loaders` imported needs no telling, unless its instance is of a class of
            the host.  Without a module of its own, only the instance is watched.

    Raises:
        InvalidArgument: the instance allows no weak references, or the module is not in `sys.modules`.

    """
    try:
        first = weakref.ref(instance)
    except TypeError as error:
        raise InvalidArgument("instance", "an object that allows weak references", instance) from error
    top = _top(instance, module)
    tree = {} if top is None else _tree(top)
    found: list[tuple[str, weakref.ref[Any]]] = [(f"instance of {_class_name(type(instance))}", first)]
    if tree:
        found += _definitions(tree)
    for name, each in tree.items():
        mark = each.__dict__.setdefault(MARK, _Mark())
        found.append((f"globals of {name}", weakref.ref(mark)))
    return Canary(_class_name(type(instance)) if top is None else top, frozenset(tree), tuple(found))


def _top(instance: object, module: object) -> str | None:
    if module is None:
        home: object = getattr(type(instance), "__module__", None)
        if isinstance(instance, ModuleType):
            home = instance.__name__
        return home.partition(".")[0] if isinstance(home, str) and home.startswith(PREFIX) else None
    name: object = module.__name__ if isinstance(module, ModuleType) else module
    if not isinstance(name, str) or not isinstance(sys.modules.get(name), ModuleType):
        raise InvalidArgument("module", "a module that is in sys.modules, or its name", module)
    return name


def _tree(top: str) -> dict[str, ModuleType]:
    known = list(sys.modules.items())
    return {n: m for n, m in known if (n == top or n.startswith(top + ".")) and isinstance(m, ModuleType)}


def _definitions(tree: dict[str, ModuleType]) -> list[tuple[str, weakref.ref[Any]]]:
    """Find the classes and functions of these modules, classes first."""
    homes = {id(module.__dict__) for module in tree.values()}
    classes: list[tuple[str, weakref.ref[Any]]] = []
    functions: list[tuple[str, weakref.ref[Any]]] = []
    for each in gc.get_objects():
        kind = type(each)
        if kind is FunctionType:
            function = cast("FunctionType", each)
            if id(function.__globals__) in homes:
                functions.append((f"function {function.__module__}.{function.__qualname__}", weakref.ref(function)))
        elif issubclass(kind, type) and type.__getattribute__(each, "__dict__").get("__module__") in tree:
            classes.append((f"class {_class_name(each)}", weakref.ref(each)))
    return classes + functions


def _class_name(kind: type) -> str:
    """Its name, without running code of a metaclass."""
    spelled = type.__getattribute__(kind, "__dict__").get("__module__", "?")
    return f"{spelled}.{type.__dict__['__qualname__'].__get__(kind)}"
