"""What the code under test gets instead of `threading` and `time`, and what it must not do at all.

While an execution is on, and for the scenario's own threads alone, `threading.Lock` and its kin make the engine's
primitives, and time is virtual.  RLock, Condition, Semaphore, Barrier and the queues are the standard library's own
Python code on top of those locks.  Names that the watched modules imported (``from threading import Lock``) are
replaced in those modules, and so are locks that were made when they were imported.

What would let something else decide what comes next is refused and named, by an audit hook: starting a thread or a
process, opening a socket (so: an asyncio loop), really sleeping.  The execution then ends as one that left the seam.
A call into C that blocks in another way is found by the engine's watchdog, which names the thread and where it stands.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from _thread import LockType, get_ident
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from quiesce_conformance.schedules.engine import Engine
from quiesce_conformance.schedules.errors import EngineMisused
from quiesce_conformance.schedules.execution import LeftTheSeam
from quiesce_conformance.schedules.primitives import Event, Lock

__all__ = ["Outside", "here", "stack_text"]

_RLOCK: Final = type(threading.RLock())
EPOCH: Final = 1_000_000_000.0
"""What `time.time` says at the beginning of an execution."""
_FORBIDDEN: Final = (
    "_thread.start_new_thread",
    "_thread.start_joinable_thread",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "socket.",
    "subprocess.",
    "time.sleep",
)
"""Audit events, or what they begin with."""


class TwinLock(Lock):
    """A lock that can say whether it is the caller's; `threading.Condition` would try to take it to find out."""

    __slots__ = ()

    def _is_owned(self) -> bool:
        me = self._engine.me()
        return self.owner == ("" if me is None else me.name)


class Outside:
    """Puts the engine's twins in place, and takes them away again.

    :param engine: whose primitives.
    :param modules: the watched modules, in whose namespaces names and locks are replaced.
    """

    def __init__(self, engine: Engine, modules: Iterable[ModuleType]) -> None:
        self._engine = engine
        self._modules = [m for m in modules if m is not threading]
        self._ours: set[int] = set()
        self._put: list[tuple[ModuleType, str, Any]] = []

    def welcome(self, ident: int) -> None:
        """The thread with that number is the scenario's."""
        self._ours.add(ident)

    def mine(self) -> bool:
        """Is the running thread one that gets twins?"""
        return get_ident() in self._ours

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Twins are in place while the block runs."""
        self._ours = {get_ident()}
        self._replace()
        _watching.append(self)
        try:
            yield
        finally:
            _watching.remove(self)
            self._restore()
            self._ours = set()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """The originals are in place while the block runs: for the engine's own needs."""
        self._restore()
        _watching.remove(self)
        try:
            yield
        finally:
            self._replace()
            _watching.append(self)

    # -- replacing ----------------------------------------------------------------------------------------------------
    def _replace(self) -> None:
        twins = self._twins()
        for module, name, twin in twins:
            self._set(module, name, twin)
        by_original = {id(original): (original, getattr(m, name)) for m, name, original in self._put}
        for module in self._modules:
            for name, value in list(vars(module).items()):
                found = by_original.get(id(value))
                if found is not None and found[0] is value:
                    self._set(module, name, found[1])
                elif isinstance(value, LockType):
                    self._set(module, name, TwinLock(self._engine, f"{module.__name__.rpartition('.')[2]}.{name}"))
                elif isinstance(value, _RLOCK):
                    self._set(module, name, threading._PyRLock())  # type: ignore[attr-defined]  # noqa: SLF001 - the library's own in Python

    def _set(self, module: ModuleType, name: str, twin: Any) -> None:
        self._put.append((module, name, getattr(module, name)))
        setattr(module, name, twin)

    def _restore(self) -> None:
        while self._put:
            module, name, original = self._put.pop()
            setattr(module, name, original)

    def _twins(self) -> list[tuple[ModuleType, str, Any]]:
        engine = self._engine
        library: Any = threading

        def now() -> float:
            return 1_000.0 + engine.now

        def wall() -> float:
            return EPOCH + engine.now

        def sleep(seconds: float) -> None:
            if seconds < 0:
                raise ValueError("sleep length must be non-negative")
            me = engine.me()
            Event(engine, "sleep" if me is None else f"sleep:{me.name}").wait(seconds)

        def lock() -> Lock:
            return TwinLock(engine)

        def waiter() -> Lock:
            owner = sys._getframe(2).f_locals.get("self")  # noqa: SLF001 - who waits: past `pick`
            if isinstance(owner, threading.Condition) and isinstance(vars(owner).get("_lock"), (LockType, _RLOCK)):
                self.refuse("it waits at", "a Condition, Event, Semaphore or Queue made before the execution began")
            return lock()

        def event() -> Event:
            return Event(engine)

        def pick(twin: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *args, **how: (twin if self.mine() else original)(*args, **how)

        twins: list[tuple[ModuleType, str, Any]] = [
            (threading, "Lock", pick(lock, threading.Lock)),
            (threading, "_allocate_lock", pick(waiter, library._allocate_lock)),  # noqa: SLF001 - what Condition waits on
            (threading, "RLock", pick(library._PyRLock, threading.RLock)),  # noqa: SLF001 - the library's own in Python
            (threading, "Event", pick(event, threading.Event)),
            (threading, "_time", pick(now, time.monotonic)),
            (queue, "time", pick(now, time.monotonic)),
            (queue, "SimpleQueue", queue._PySimpleQueue),  # type: ignore[attr-defined]  # noqa: SLF001 - as above
            (time, "sleep", pick(sleep, time.sleep)),
            (time, "time", pick(wall, time.time)),
        ]
        starters = ("_start_new_thread", "_start_joinable_thread")  # the audit event came with 3.12
        twins += [
            (threading, name, pick(self._no_thread, getattr(threading, name)))
            for name in starters
            if hasattr(threading, name)
        ]
        twins += [(time, name, pick(now, getattr(time, name))) for name in ("monotonic", "perf_counter")]
        return twins

    def _no_thread(self, function: Callable[..., Any], *_: Any, **__: Any) -> None:
        self.refuse("_thread.start_new_thread", _told((function,)))
        raise EngineMisused(
            "expected the scenario's own threads, got one that is started in the set-up: use its spawner"
        )

    # -- refusing -----------------------------------------------------------------------------------------------------
    def refuse(self, event: str, what: str) -> None:
        """End the execution: the running thread did what the engine does not control.

        Raises `EngineMisused` in that thread; does nothing in the set-up.
        """
        me = self._engine.me()
        if me is None:
            return
        text = stack_text(sys._getframe(3))  # noqa: SLF001 - whoever raised the audit event
        self._engine.fail(LeftTheSeam(me.name, f"{event} {what}".strip(), text))
        raise EngineMisused(f"{me.name}: expected operations that the engine controls, got {event} {what}".strip())


def stack_text(frame: Any) -> tuple[str, ...]:
    """Give the stack of a frame, outermost first, like the lines of a traceback."""
    import traceback

    return tuple(traceback.StackSummary.extract(traceback.walk_stack(frame), limit=40).format())[::-1]


_watching: list[Outside] = []
_hooked: list[bool] = []


def here() -> None:
    """Install the audit hook, once for the process: it cannot be removed.  Idle, it costs a look at an empty list."""
    if _hooked:
        return
    _hooked.append(True)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if _watching and event.startswith(_FORBIDDEN) and _watching[-1].mine():
            _watching[-1].refuse(event, _told(args))

    sys.addaudithook(hook)


def _told(args: tuple[Any, ...]) -> str:
    first = args[0] if args else None
    name = getattr(first, "__qualname__", None)
    return str(name) if name is not None else repr(first)[:80] if isinstance(first, str | bytes | int | float) else ""
