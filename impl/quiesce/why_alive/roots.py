"""Which objects are roots, and what they are called.

A root is where the search stops: an object of the host that lives as long as the process, or as long as something that
has a name.  What belongs to the version itself is never a root: its own `lru_cache` goes with it.

No code of the version or the host is run: no `repr`, no `==`, no property.
"""

from __future__ import annotations

import functools
import logging
import sys
import threading
import typing
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from types import FrameType, FunctionType, ModuleType, TracebackType
from typing import Any, Final, cast

from quiesce import HotReloadablePlugin

from .report import RootKind

__all__ = ["Roots", "describe"]

K = RootKind
_LRU: Final[type] = type(functools.lru_cache(lambda: None))
_DISPATCH: Final = functools.singledispatch(lambda _: None).__code__  # type: ignore[attr-defined]  # a plain function
_GLOBALS: Final[Mapping[tuple[str, str], RootKind]] = {
    ("sys", "last_exc"): K.EXCEPTION,
    ("sys", "last_value"): K.EXCEPTION,
    ("sys", "last_traceback"): K.EXCEPTION,
    ("sys", "last_type"): K.EXCEPTION,
    ("warnings", "filters"): K.WARNING_FILTER,
    ("copyreg", "dispatch_table"): K.COPYREG,
    ("gc", "callbacks"): K.GC_CALLBACK,
    ("typing", "_overload_registry"): K.TYPING_CACHE,
    ("logging", "_handlerList"): K.LOGGING_HANDLER,
}
"""Globals of the standard library that are well known to keep what is given to them."""


class Roots:
    """The roots of the process as it is when this is made.

    Args:
        own: the names of the version's modules: nothing of theirs is a root.
        instance_alive: the loader keeps the modules in `sys.modules` as long as the instance lives, so that is no
            reason for anything then.

    """

    def __init__(self, own: frozenset[str], instance_alive: bool) -> None:
        loaded = list(cast("dict[str, object]", sys.modules).items())  # anybody may put anything there
        known = [(n, m) for n, m in loaded if isinstance(m, ModuleType)]
        # By the module's own name, too: the version's module under another name is not a module of the host.
        modules = [(n, m) for n, m in known if n not in own and m.__name__ not in own]
        self._globals = {id(m.__dict__): n for n, m in reversed(modules)}
        self._own, self._instance_alive = own, instance_alive
        cleanups: Sequence[Any] = getattr(typing, "_cleanups", ())
        self._typing = {id(getattr(clear, "__self__", None)) for clear in cleanups}
        self._finalizers = id(getattr(weakref.finalize, "_registry", None))

    def ignored(self, holder: object, child: object) -> bool:
        """The holder is no reason: the loader put it there, and takes it away with the instance."""
        if holder is not sys.modules or not self._instance_alive:
            return False
        return all(name in self._own for name, module in list(sys.modules.items()) if module is child)

    def name(self, holder: object, path: Sequence[object]) -> tuple[RootKind, str] | None:
        """Name the root that `holder` is, or None if it is none.

        Args:
            holder: the object in question.
            path: what it keeps: from the survivor to the object that it refers to.

        """
        child = path[-1]
        if holder is sys.modules:
            names = [name for name, module in list(sys.modules.items()) if module is child]
            return K.SYS_MODULES, f"sys.modules[{', '.join(map(repr, names)) or '?'}]"
        if id(holder) == self._finalizers:
            return K.FINALIZER, "the registry of weakref.finalize"
        kind = type(holder)
        if kind is dict and id(holder) in self._globals:
            return self._global(cast("dict[str, object]", holder), path)
        if kind is _LRU:
            return self._lru(holder)
        for known, named in _KINDS:
            if issubclass(kind, known):
                return named(self, holder, path)
        if kind.__module__ == "quiesce._kernel.candidate" and kind.__name__ == "Version":
            return K.PLUGIN, f"the runtime: {holder!r} is not freed"
        if kind.__module__ == "_asyncio" and kind.__name__ == "Task":
            task = cast("Any", holder)
            return None if task.done() else (K.TASK, f"the pending asyncio task {task.get_name()!r}")
        return None

    def _global(self, home: dict[str, object], path: Sequence[object]) -> tuple[RootKind, str]:
        module = self._globals[id(home)]
        # Two of one identity: `warnings` and `_warnings` have one list of filters.
        key = next((name for name, value in list(home.items()) if value is path[-1]), "?")
        name = f"{module}.{key}"
        if key == "__warningregistry__":
            return K.WARNING_FILTER, f"the warnings that were shown in module {module} ({name})"
        if key in {"filters", "_filters"} and module in {"warnings", "_warnings", "_py_warnings"}:
            return K.WARNING_FILTER, name
        kept = any(isinstance(each, TracebackType | BaseException) for each in path)
        usual = K.EXCEPTION if kept else K.MODULE
        return _GLOBALS.get((module, key), usual), name + (", which keeps an exception" if kept else "")

    def _lru(self, cache: object) -> tuple[RootKind, str] | None:
        function = cast("Any", cache)
        module: object = getattr(function, "__module__", "?")
        if module in self._own:
            return None
        name = f"functools.lru_cache of {module}.{getattr(function, '__qualname__', '?')}"
        if id(cache) in self._typing or module == "typing":
            return K.TYPING_CACHE, f"typing's cache: {name}"
        return K.LRU_CACHE, name

    def _module(self, module: object, path: Sequence[object]) -> tuple[RootKind, str] | None:
        del path
        name = cast("ModuleType", module).__name__
        if name in self._own or id(cast("ModuleType", module).__dict__) not in self._globals:
            return None
        # Not by way of its globals, which are a root before it: by its own C table.
        return (K.ATEXIT, "atexit") if name == "atexit" else (K.MODULE, f"C code of the module {name}")

    def _function(self, function: object, path: Sequence[object]) -> tuple[RootKind, str] | None:
        del path
        made = cast("FunctionType", function)
        if made.__code__ is not _DISPATCH or made.__module__ in self._own:
            return None
        return K.SINGLEDISPATCH, f"the registry of functools.singledispatch {made.__module__}.{made.__qualname__}"

    def _thread(self, thread: object, path: Sequence[object]) -> tuple[RootKind, str] | None:
        del path
        running = cast("threading.Thread", thread)
        return (K.THREAD, f"thread {running.name!r}") if threading.Thread.is_alive(running) else None

    def _context(self, context: object, path: Sequence[object]) -> tuple[RootKind, str] | None:
        values = {id(each) for each in path}
        names = [var.name for var, value in cast("Context", context).items() if id(value) in values]
        return (K.CONTEXTVAR, f"the ContextVar {', '.join(map(repr, names))}, left set") if names else None

    def _logger(self, logger: object, path: Sequence[object]) -> tuple[RootKind, str] | None:
        del path
        return K.LOGGING_HANDLER, f"a handler or filter of the logger {cast('logging.Logger', logger).name!r}"

    def _plugin(self, plugin: object, path: Sequence[object]) -> tuple[RootKind, str] | None:
        del path
        return K.PLUGIN, f"the plugin {cast('HotReloadablePlugin', plugin).name!r}"


Namer = Callable[[Roots, object, Sequence[object]], "tuple[RootKind, str] | None"]
_KINDS: Final[Sequence[tuple[type, Namer]]] = (
    (ModuleType, Roots._module),  # noqa: SLF001 - the table of the class above
    (FunctionType, Roots._function),  # noqa: SLF001 - as above
    (threading.Thread, Roots._thread),  # noqa: SLF001 - as above
    (Context, Roots._context),  # noqa: SLF001 - as above
    (logging.Logger, Roots._logger),  # noqa: SLF001 - as above
    (HotReloadablePlugin, Roots._plugin),  # noqa: SLF001 - as above
)


def describe(holder: object, child: object) -> str:
    """Say how `holder` holds `child`, in a few words and without running anybody's code."""
    kind = type(holder)
    if kind is dict:
        table = cast("dict[object, object]", holder)
        for key, value in list(table.items()):
            if value is child:
                return f"value of {key!r} in a dict" if type(key) is str else f"a value in a dict of {len(table)}"
        return f"a key in a dict of {len(table)}"
    if kind in {list, tuple}:
        places = [place for place, each in enumerate(cast("Sequence[object]", holder)) if each is child]
        return f"[{places[0]}] of a {kind.__name__}" if places else f"in a {kind.__name__}"
    if kind is FunctionType:
        made = cast("FunctionType", holder)
        return f"the function {made.__module__}.{made.__qualname__}" + (
            " (its globals)" if made.__globals__ is child else ""
        )
    if issubclass(kind, type):
        return f"the class {type.__dict__['__qualname__'].__get__(holder)}"
    if kind is FrameType:
        frame = cast("FrameType", holder)
        return f"the frame of {frame.f_code.co_qualname}, line {frame.f_lineno}"
    if kind is ModuleType:
        return f"the module {cast('ModuleType', holder).__name__}"
    return f"an object of {kind.__module__}.{kind.__qualname__}"
