"""Every root that keeps a freed version is named; what frees itself is not blamed."""

from __future__ import annotations

import atexit
import contextvars
import copyreg
import functools
import gc
import itertools
import logging
import signal
import sys
import threading
import typing
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quiesce import HotReloadablePlugin, InvalidArgument
from quiesce.loaders import load
from quiesce.why_alive import RootKind, watch, why_alive

SOURCE = """
import abc, collections, dataclasses, enum, functools

MANIFEST = {"name": "leaky", "version": "1.0.0", "exports": ["get"]}


@dataclasses.dataclass
class Row:
    a: int


class Colour(enum.Enum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


@functools.lru_cache
def squared(n):
    return n * n


class Leaky:
    def __init__(self):
        self.me = self
        self.row = Row(squared(2))

    def get(self):
        return self.row.a

    def make(self):
        def inner():
            return Leaky
        return inner

    def fail(self):
        raise LookupError("kept")


def build():
    return Leaky()
"""


@functools.lru_cache
def remembers(_: object) -> int:
    return 1


@functools.singledispatch
def dispatches(_: object) -> int:
    return 1


kept: list[Any] = []
"""A name of the host that somebody forgot a plugin's object under."""
variable: contextvars.ContextVar[Any] = contextvars.ContextVar("left_set")
serial = itertools.count()

Leak = Callable[[Any], Callable[[], object]]
"""Takes the instance, leaks something of it, and gives the way to undo that."""


def _list(instance: Any) -> Callable[[], object]:
    kept.append(instance.make())
    return kept.clear


def _lru(instance: Any) -> Callable[[], object]:
    cls: Any = type(instance)
    remembers(cls)
    return remembers.cache_clear


def _typing(instance: Any) -> Callable[[], object]:
    cls: Any = type(instance)
    _ = typing.Optional.__getitem__(cls)
    return lambda: [clear() for clear in typing._cleanups]  # type: ignore[attr-defined]  # noqa: SLF001 - the only way


def _atexit(instance: Any) -> Callable[[], object]:
    inner = instance.make()
    atexit.register(inner)
    weakly = weakref.ref(inner)
    return lambda: atexit.unregister(weakly())  # type: ignore[arg-type]  # alive: atexit keeps it


def _logging(instance: Any) -> Callable[[], object]:
    logger, test = logging.getLogger("host.of.leaky"), instance.make()
    logger.addFilter(test)
    return lambda: logger.filters.clear()


def _variable(instance: Any) -> Callable[[], object]:
    token = variable.set(instance)
    return lambda: variable.reset(token)


def _exception(instance: Any) -> Callable[[], object]:
    try:
        instance.fail()
    except LookupError as error:
        kept.append(error)
    return kept.clear


def _warning(instance: Any) -> Callable[[], object]:
    category = type("Leaked", (Warning,), {"what": instance})
    before = list(warnings.filters)
    warnings.filterwarnings("ignore", category=category)

    def undo() -> None:
        warnings.filters[:] = before  # type: ignore[index]  # a list, whatever the stub says

    return undo


def _copyreg(instance: Any) -> Callable[[], object]:
    cls = type(instance)
    copyreg.pickle(cls, lambda _: "")
    return lambda: copyreg.dispatch_table.pop(cls)


def _signal(instance: Any) -> Callable[[], object]:
    inner = instance.make()
    before = signal.signal(signal.SIGUSR2, lambda *_, held=inner: held)
    return lambda: signal.signal(signal.SIGUSR2, before)


def _modules(instance: Any) -> Callable[[], object]:
    module = sys.modules[type(instance).__module__]
    sys.modules["alias_of_leaky"] = module
    return lambda: sys.modules.pop("alias_of_leaky")


def _collector(instance: Any) -> Callable[[], object]:
    inner = instance.make()
    gc.callbacks.append(lambda *_, held=inner: held)
    return gc.callbacks.pop


def _thread(instance: Any) -> Callable[[], object]:
    go_on, started = threading.Event(), threading.Event()

    def run(held: object) -> None:
        started.set()
        go_on.wait(60)
        del held

    thread = threading.Thread(target=run, args=(instance.make(),), name="leaky thread")
    thread.start()
    started.wait(60)

    def undo() -> None:
        go_on.set()
        thread.join()

    return undo


def _finalizer(instance: Any) -> Callable[[], object]:
    class Host:
        pass

    host = Host()
    kept.append(host)
    finalizer = weakref.finalize(host, instance.make())

    def undo() -> None:
        finalizer.detach()
        kept.clear()

    return undo


LEAKS: dict[Leak, set[RootKind]] = {
    _list: {RootKind.MODULE},
    _lru: {RootKind.LRU_CACHE},
    _typing: {RootKind.TYPING_CACHE},
    _atexit: {RootKind.ATEXIT, RootKind.UNKNOWN},  # 3.12 and later keep the functions where nobody can look
    _logging: {RootKind.LOGGING_HANDLER},
    _variable: {RootKind.CONTEXTVAR},
    _exception: {RootKind.EXCEPTION},
    _warning: {RootKind.WARNING_FILTER},
    _copyreg: {RootKind.COPYREG},
    _signal: {RootKind.SIGNAL},
    _modules: {RootKind.SYS_MODULES},
    _collector: {RootKind.GC_CALLBACK},
    _thread: {RootKind.THREAD},
    _finalizer: {RootKind.FINALIZER},
}


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[HotReloadablePlugin]:
    path = tmp_path / f"leaky_{next(serial)}.py"
    path.write_text(SOURCE, encoding="utf-8")
    yield HotReloadablePlugin(load(path))
    kept.clear()


def upgrade(plugin: HotReloadablePlugin, tmp_path: Path) -> None:
    path = tmp_path / f"leaky_{next(serial)}.py"
    path.write_text(SOURCE, encoding="utf-8")
    plugin.upgrade(load(path))


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__[1:])
def test_a_leak_is_named_and_gone_when_it_is_mended(leak: Leak, plugin: HotReloadablePlugin, tmp_path: Path) -> None:
    canary = watch(plugin.current())
    undo = leak(plugin.current())
    upgrade(plugin, tmp_path)
    report = why_alive(canary)
    named = {root.kind for root in report.roots}
    try:
        assert named & LEAKS[leak], str(report)
        assert not report.freed
        assert report.survivors
    finally:
        undo()
        del undo
    report = why_alive(canary)
    assert report.freed, str(report)


def test_a_version_without_leaks_is_gone(plugin: HotReloadablePlugin, tmp_path: Path) -> None:
    """Cycles, dataclasses, enums, named tuples and a cache of its own go by themselves."""
    canary = watch(plugin.current())
    assert canary.alive()
    upgrade(plugin, tmp_path)
    report = why_alive(canary)
    assert (report.freed, report.roots, report.complete) == (True, (), True), str(report)
    assert "nothing is left" in str(report)


def test_what_serves_is_kept_by_the_runtime(plugin: HotReloadablePlugin) -> None:
    report = why_alive(watch(plugin.current()))
    assert RootKind.PLUGIN in {root.kind for root in report.roots}, str(report)


def test_typing_s_caches_are_emptied_when_asked(plugin: HotReloadablePlugin, tmp_path: Path) -> None:
    canary = watch(plugin.current())
    _typing(plugin.current())
    upgrade(plugin, tmp_path)
    assert not why_alive(canary).freed
    assert why_alive(canary, flush_caches=True).freed


def test_a_search_that_ends_at_its_bounds_says_so(plugin: HotReloadablePlugin) -> None:
    report = why_alive(watch(plugin.current()), max_objects=1)
    assert not report.complete
    assert "may be more roots" in str(report)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: watch(3),
        lambda: watch(threading.Event(), module="no.such.module"),
        lambda: why_alive("canary"),  # type: ignore[arg-type]  # that is the test
        lambda: why_alive(watch(threading.Event()), max_depth=0),
        lambda: why_alive(watch(threading.Event()), max_roots=True),
    ],
)
def test_bad_arguments_are_refused(bad: Callable[[], object]) -> None:
    with pytest.raises(InvalidArgument):
        bad()
