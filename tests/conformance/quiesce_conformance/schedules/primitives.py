"""Shared objects whose operations are points: a cell, a deque, a lock, an event.

For scenarios and litmus programs as they are; a twin of a program's own objects is made of the same parts.  Used by the
set-up, by a final check or by an observer, their operations are done at once and are no steps.

Letting a lock go is a step that leaves no choice: it is in the execution, because what the next owner does depends on
it, but nobody is asked to go on before it.  That loses no behaviour: it commutes with everything that others can do in
front of it (a left mover; Lipton, CACM 1975).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Generic, TypeVar

from .engine import Engine, Thread
from .errors import EngineMisused
from .points import Choice

__all__ = ["Cell", "Event", "Lock", "Pool"]

T = TypeVar("T")


class Cell(Generic[T]):
    """One atomic variable."""

    __slots__ = ("_engine", "name", "value")

    def __init__(self, engine: Engine, value: T, name: str | None = None) -> None:
        self._engine, self.value = engine, value
        self.name = engine.name_object("cell") if name is None else name

    def get(self) -> T:
        """Read it."""
        self._engine.point("get", self.name)
        return self.value

    def set(self, value: T) -> None:
        """Write it."""
        self._engine.point("set", self.name, writes=True)
        self.value = value

    def update(self, change: Callable[[T], T]) -> T:
        """Read and write it in one step; give what was written."""
        self._engine.point("update", self.name, writes=True)
        self.value = change(self.value)
        return self.value

    def compare_and_set(self, expected: T, value: T) -> bool:
        """Write it if it is what was expected (the very object), in one step; say whether it was."""
        self._engine.point("compare_and_set", self.name, writes=True)
        if self.value is not expected:
            return False
        self.value = value
        return True


class Pool(deque[T]):
    """A deque of which three operations are steps: pop, append, copy."""

    def __init__(self, engine: Engine, items: Iterable[T] = (), name: str | None = None) -> None:
        super().__init__(items)
        self._engine = engine
        self.name = engine.name_object("pool") if name is None else name

    def pop(self) -> T:  # type: ignore[override]  # a pool is taken from at one end only
        """Take the last."""
        late = self._engine.point("pop", self.name, writes=True, late=True)
        item = super().pop()
        if late:
            raise KeyboardInterrupt
        return item

    def append(self, item: T, /) -> None:
        """Put one at the end."""
        late = self._engine.point("append", self.name, writes=True, late=True)
        super().append(item)
        if late:
            raise KeyboardInterrupt

    def copy(self) -> deque[T]:  # type: ignore[override]  # a plain one, of which nobody else knows
        """What is in it, as a plain deque."""
        self._engine.point("copy", self.name)
        return deque(self)


class _Waitable:
    """What threads can be blocked at.  Whoever changes it changes what those who wait can do."""

    __slots__ = ("_engine", "_waiting", "name")

    def __init__(self, engine: Engine, kind: str, name: str | None) -> None:
        self._engine = engine
        self.name = engine.name_object(kind) if name is None else name
        self._waiting: list[tuple[Thread, tuple[Choice, ...], tuple[Choice, ...]]] = []
        """Thread, what it can do if it need not wait, what it can do while it must."""

    def _park(self, me: Thread, kind: str, blocked: bool, timeout: float | None, *, writes: bool) -> bool:
        """Wait, at most `timeout` seconds of virtual time; say whether it was not for the time that it ended."""
        engine = self._engine
        ready = engine.offer(me, kind, self.name, writes=writes, blocks=timeout is None)
        if timeout is None:
            others = ready[1:]
        else:
            others = engine.offer(me, f"{kind.partition('.')[0]}.timeout", self.name, writes=False)
        entry = (me, ready, others)
        self._waiting.append(entry)
        me.choices, me.waits_for = (others if blocked else ready), ready[0]
        deadline = engine.now + (timeout or 0.0)
        taken = None
        try:
            taken = engine.wait(me)
        finally:
            self._waiting.remove(entry)
        if taken is ready[0]:
            return True
        engine.advance(deadline)
        return False

    def _all_may_go(self) -> None:
        for thread, ready, _ in self._waiting:
            thread.choices = ready

    def _all_must_wait(self) -> None:
        for thread, _, blocked in self._waiting:
            thread.choices = blocked


class Lock(_Waitable):
    """Mutual exclusion, like `threading.Lock`: any thread may let it go, and its owner cannot take it again."""

    __slots__ = ("owner",)

    def __init__(self, engine: Engine, name: str | None = None) -> None:
        super().__init__(engine, "lock", name)
        self.owner: str | None = None
        """The name of the thread that has it; empty for the set-up."""

    def acquire(self, blocking: bool = True, timeout: float = -1, /) -> bool:
        """Take it.  Whoever must wait is not enabled, or can only time out."""
        if timeout != -1 and (not blocking or timeout < 0):
            raise ValueError(f"expected a timeout of -1, or of 0 or more together with blocking, got {timeout!r}")
        engine = self._engine
        me = engine.me()
        if me is None:
            if self.owner is not None and not engine.over():
                raise EngineMisused(f"expected {self.name} to be free, got it held by {self.owner!r}: it never ends")
            self.owner = ""
            return True
        if not blocking or timeout == 0:
            engine.point("lock.try", self.name, writes=True)
            if self.owner is not None:
                return False
        elif not self._park(me, "lock.acquire", self.owner is not None, timeout if timeout >= 0 else None, writes=True):
            return False
        self.owner = engine.holders[self.name] = me.name
        self._all_must_wait()
        return True

    def release(self) -> None:
        """Let it go."""
        engine = self._engine
        me = engine.me()
        if self.owner is None:
            if me is None and engine.over():
                return
            raise RuntimeError("release unlocked lock")
        if me is not None:
            engine.forced(me, "lock.release", self.name)
        self.owner = None
        engine.holders.pop(self.name, None)
        self._all_may_go()

    def locked(self) -> bool:
        """Look whether somebody has it."""
        self._engine.point("lock.locked", self.name)
        return self.owner is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.release()


class Event(_Waitable):
    """Once set, whoever waits goes on, like `threading.Event`."""

    __slots__ = ("_flag",)

    def __init__(self, engine: Engine, name: str | None = None) -> None:
        super().__init__(engine, "event", name)
        self._flag = False

    def set(self) -> None:
        """Let everybody go on."""
        self._engine.point("event.set", self.name, writes=True)
        self._flag = True
        self._all_may_go()

    def clear(self) -> None:
        """Let everybody wait who comes from now on, and who has not gone on yet."""
        self._engine.point("event.clear", self.name, writes=True)
        self._flag = False
        self._all_must_wait()

    def is_set(self) -> bool:
        """Is it set?"""
        self._engine.point("event.is_set", self.name)
        return self._flag

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or until the chooser says that `timeout` seconds of virtual time are over."""
        engine = self._engine
        me = engine.me()
        if me is None:
            if not self._flag and timeout is None:
                engine.unwind_or("expected a wait that ends, got one for an event that nobody can set any more")
            if not self._flag and timeout is not None:
                engine.advance(engine.now + max(0.0, timeout))
            return self._flag
        if timeout is not None and timeout <= 0:
            engine.point("event.wait", self.name)
            return self._flag
        return self._park(me, "event.wait", not self._flag, timeout, writes=False)
