"""A plugin that keeps account of what is done to it, and threads that can be stopped inside a call."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from quiesce import Candidate, HotReloadablePlugin, Manifest

LONG = 20.0
"""Seconds that nothing here should ever take."""
EXPORTS = ("tag", "run", "fail", "numbers")


class Plugin:
    """One version.  `used_after_close` counts calls that should have been impossible."""

    def __init__(self, tag: str = "one") -> None:
        self.tag_text = tag
        self.inits = self.closes = self.exports = self.used_after_close = 0
        self.imported: object = None
        self.on: dict[str, Callable[[], object]] = {}

    def _hook(self, name: str) -> None:
        if name in self.on:
            self.on[name]()

    def init(self) -> None:
        self.inits += 1
        self._hook("init")

    def close(self) -> None:
        self.closes += 1
        self._hook("close")

    def export_state(self) -> object:
        self.exports += 1
        self._hook("export_state")
        return self.tag_text

    def import_state(self, state: object) -> None:
        self._hook("import_state")
        self.imported = state

    def _use(self) -> None:
        self.used_after_close += self.closes > 0 or self.inits == 0

    def tag(self, *args: object, **kwargs: object) -> Any:
        """The version's name, with the arguments where there are any."""
        self._use()
        return (self.tag_text, args, kwargs) if args or kwargs else self.tag_text

    def run(self, what: Callable[[], Any]) -> tuple[str, Any]:
        """Run something inside the call."""
        self._use()
        result = what()
        self._use()
        return self.tag_text, result

    def fail(self, error: BaseException) -> None:
        raise error

    def numbers(self, n: int) -> Iterator[int]:
        yield from range(n)


def manifest(name: str = "sample", exports: tuple[str, ...] = EXPORTS, **more: Any) -> Manifest:
    return Manifest(name, "1.0.0", exports, **more)


def candidate(instance: object, **more: Any) -> Candidate:
    return Candidate(manifest(**more), lambda: instance)


def make(**options: Any) -> tuple[HotReloadablePlugin, Plugin]:
    first = Plugin("one")
    return HotReloadablePlugin(candidate(first), **options), first


class Inside(threading.Thread):
    """A thread that is inside a call until it is let go."""

    def __init__(self, plugin: HotReloadablePlugin, then: Callable[[], object] = lambda: None) -> None:
        super().__init__(name="inside", daemon=True)
        self.plugin, self.then = plugin, then
        self.entered, self.go = threading.Event(), threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.start()
        assert self.entered.wait(LONG)

    def run(self) -> None:
        try:
            self.result = self.plugin.call("run", self._inside)
        except BaseException as error:  # noqa: BLE001 - a thread has no caller: `leave` gives it
            self.error = error

    def _inside(self) -> object:
        self.entered.set()
        assert self.go.wait(LONG)
        return self.then()

    def leave(self) -> Any:
        self.go.set()
        self.join(LONG)
        assert not self.is_alive()
        return self.result


class Doing(threading.Thread):
    """A thread that does something once; `end` gives what came of it."""

    def __init__(self, what: Callable[[], object]) -> None:
        super().__init__(name="doing", daemon=True)
        self.what = what
        self.result: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.what()
        except BaseException as error:  # noqa: BLE001 - a thread has no caller: `end` gives it
            self.error = error

    def end(self) -> Any:
        self.join(LONG)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.result


@contextmanager
def inside(plugin: HotReloadablePlugin) -> Iterator[Inside]:
    thread = Inside(plugin)
    try:
        yield thread
    finally:
        thread.leave()


def until_state(plugin: HotReloadablePlugin, name: str) -> None:
    """Wait until the plugin gets there.  A state is all that a plugin shows, so it has to be asked again."""
    pause = threading.Event()
    for _ in range(int(LONG / 0.001)):
        if plugin.state.name == name:
            return
        pause.wait(0.001)
    raise AssertionError(f"expected {name} within {LONG} s, got {plugin.state.name}")


@contextmanager
def switching_often(interval: float = 0.0001) -> Iterator[None]:
    """Let the interpreter change threads more often: more interleavings in less time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def quiet(plugin: HotReloadablePlugin) -> bool:
    """Nobody holds any epoch, and nobody waits: what every test should end with."""
    core = plugin._core  # noqa: SLF001 - tests of the kernel look inside
    return (
        not any(record.holders() for record in (*core.past, core.current))
        and not core.drains
        and not core.leases
        and not core.book.due
        and not core.book.closing
        and core.owner is None
        and core.book.stats.version == core.book.serving.number
        and core.pointer.record is core.current
        and [r.number for r in core.past] == sorted({r.number for r in core.past})
    )
