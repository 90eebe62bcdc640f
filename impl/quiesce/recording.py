"""A seam that writes down every atomic operation of a plugin, in the one order in which they happened.

    seam = RecordingSeam()
    plugin = HotReloadablePlugin(candidate, seam=seam)
    ...                                     # any load, any number of threads
    seam.end()
    for event in seam.events: ...           # or RecordingSeam(sink=write_line) for a long run

Each event is written under one lock, the trace lock, together with the operation itself, so the order of the events is
the order of the operations.  A critical section holds the trace lock from beginning to end: it is one step for those
who look at the trace, as it is for the plugin.  (Rejected: stamping events with a clock and sorting them, which orders
operations that took place in the other order.)

An event is a dict that fits into a line of JSON:

    seq, op, thread        always; `op` is ``read``, ``announce``, ``release``, ``nest``, ``unnest``, ``look``, ``end``,
                           what a critical section did, such as ``drain_in_flight``, or what was given to `note`
    now, version, gate     what the pointer says: that was read, or after the section
    epoch                  of the record that is held, given back or looked at
    depth                  how many holds the thread has on this plugin, this one included: 1 is a call, 2 a nested one
    built                  the number of the version that was built
    lost                   a hold that ended with an asynchronous exception

One seam per plugin.  A recorded call takes some 50 times as long (measured: 17 µs instead of 0.33 µs): it is for
checking and not for production.  It changes timing, not behaviour; but because sections are atomic here, races *within*
a section are not seen.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from quiesce import Seam

__all__ = ["RecordingSeam", "json_lines"]

Event = dict[str, Any]


def json_lines(write: Callable[[str], object]) -> Callable[[Event], None]:
    """Make a sink that writes a line of JSON for each event: ``RecordingSeam(json_lines(file.write))``."""

    def sink(event: Event) -> None:
        write(json.dumps(event, separators=(",", ":")) + "\n")

    return sink


class RecordingSeam(Seam):
    """The seam of one plugin under observation.

    Args:
        sink: called with each event, under the trace lock; `events` is the list of them if no sink is given.

    """

    def __init__(self, sink: Callable[[Event], None] | None = None) -> None:
        self.events: list[Event] = []
        """What was recorded so far, if no sink was given."""
        self.lost_count: int = 0
        """Holds that ended with an asynchronous exception."""
        self._sink: Final = sink if sink is not None else self.events.append
        self._lock: Final = threading.RLock()
        self._seq = 0
        self._taken: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        """Slot -> the thread that took it.  Weak: a slot that we kept alive would be held for ever."""
        self._slots: Counter[int] = Counter()
        self._nests: Counter[int] = Counter()
        self._names: dict[int, str] = {}
        self._acting: dict[int, tuple[int, int | None]] = {}
        """Thread that ended a hold of another one -> whose it was, and its epoch: the look that follows is for that."""
        self._publishing: dict[int, str] = {}
        self._current: Any = None

    def end(self) -> None:
        """Write the end mark: a trace without it counts as cut off."""
        with self._lock:
            self._write("end")

    # -- what the kernel asks for -------------------------------------------------------------------------------------
    def pointer(self, record: Any) -> Any:
        """Make a pointer whose reads and writes are events."""
        self._current = record
        return _Pointer(self, record)

    def pool(self) -> Any:
        """Make a pool of free slots that says who takes and returns them."""
        return _Pool(self)

    def register(self, pool: Any) -> Any:
        """Make a register of slots that says who takes a new one."""
        return _Register(self, pool)

    def lock(self) -> Any:
        """Make a lock whose sections are atomic in the trace."""
        return _SectionLock(super().lock(), self._lock)

    def step(self, action: str, *, publishes: bool = False, **details: Any) -> None:
        """Take down what a section does; if it publishes, that is when the pointer is written."""
        me = self._me()
        with self._lock:
            if action in {"nest", "unnest"}:
                self._nests[me] += action == "nest"
                self._write(action, me, epoch=details["epoch"], depth=self._depth(me))
                self._nests[me] -= action == "unnest"
            elif details.get("lost"):
                self._lose(me)
            elif publishes:
                self._publishing[me] = action
            elif action == "look":
                self._write(action, self._actor(me, done=True), epoch=details["epoch"], **self._published())
            elif action == "build":
                self._write(action, me, built=details["version"].number, **self._published())
            else:
                self._write(action, me, **self._published())

    def note(self, op: str, details: Callable[[], Mapping[str, Any]] = dict) -> None:
        """Write an event of your own, such as what an observer sees.

        Args:
            op: its kind.
            details: called under the trace lock, so that no section is half-way: what it reads belongs to this place
                in the order.  It must wait for nothing and must not call the plugin.

        """
        me = self._me()
        with self._lock:
            self._write(op, me, **details())

    # -- what its objects tell ----------------------------------------------------------------------------------------
    def read(self, pointer: _Pointer) -> Any:
        """Read the pointer."""
        me = self._me()
        with self._lock:
            record = pointer.published
            acting = self._acting.get(me)
            actor = self._actor(me, done=acting is not None and acting[1] == record.number)
            self._write("read", actor, **self._published())
            return record

    def write(self, pointer: _Pointer, record: Any) -> None:
        """Write the pointer: the instant of the section that publishes."""
        me = self._me()
        with self._lock:
            record.pool.epoch = record.number
            self._current = pointer.published = record
            self._write(self._publishing.pop(me, "publish"), me, **self._published())

    def take(self, pool: _Pool) -> Any:
        """Take a slot out of a pool."""
        me = self._me()
        with self._lock:
            slot = deque.pop(pool)
            self._announced(me, pool, slot)
            return slot

    def take_new(self, register: _Register, reference: Any) -> None:
        """Register a slot that was just made, and is held."""
        me, slot = self._me(), reference()
        with self._lock:
            set.add(register, reference)
            self._announced(me, register.pool, slot)

    def _announced(self, me: int, pool: _Pool, slot: Any) -> None:
        self._taken[slot] = me
        self._slots[me] += 1
        self._write("announce", me, epoch=pool.epoch, depth=self._depth(me))

    def give_back(self, pool: _Pool, slot: Any) -> None:
        """Put a slot into a pool: the end of a hold."""
        me = self._me()
        with self._lock:
            deque.append(pool, slot)
            owner = self._taken.pop(slot, None)
            if owner is None:
                return
            if owner != me:
                self._acting[me] = (owner, pool.epoch)
            self._write("release", owner, epoch=pool.epoch, depth=self._depth(owner))
            self._slots[owner] -= 1

    # -- inside -------------------------------------------------------------------------------------------------------
    def _me(self) -> int:
        me = self.get_ident()
        name = threading.current_thread().name
        if self._names.get(me) != name:
            self._names[me] = name
        return me

    def _published(self) -> Event:
        record = self._current
        return {"now": record.number, "version": record.version.number, "gate": record.gate.value}

    def _depth(self, thread: int) -> int:
        return self._slots[thread] + self._nests[thread]

    def _actor(self, me: int, *, done: bool) -> int:
        acting = self._acting.pop(me, None) if done else self._acting.get(me)
        return me if acting is None else acting[0]

    def _lose(self, me: int) -> None:
        """A hold ended, or not, and nobody knows: ask which slots of the thread are still alive."""
        alive = sum(owner == me for owner in self._taken.values())
        while self._slots[me] > alive:
            self.lost_count += 1
            self._write("release", me, depth=self._depth(me), lost=True)
            self._slots[me] -= 1

    def _write(self, op: str, thread: int | None = None, **details: Any) -> None:
        self._seq += 1
        event: Event = {"seq": self._seq, "op": op}
        if thread is not None:
            event["thread"] = self._names.get(thread, str(thread))
        event.update(details)
        self._sink(event)


class _Pointer:
    """The published pointer, observed."""

    __slots__ = ("_seam", "published")

    def __init__(self, seam: RecordingSeam, record: Any) -> None:
        self._seam, self.published = seam, record
        record.pool.epoch = record.number

    @property
    def record(self) -> Any:
        return self._seam.read(self)

    @record.setter
    def record(self, record: Any) -> None:
        self._seam.write(self, record)


class _Pool(deque[Any]):
    """The free slots of one record, observed."""

    __slots__ = ("epoch", "seam")

    def __init__(self, seam: RecordingSeam) -> None:
        super().__init__()
        self.seam = seam
        self.epoch: int | None = None

    def pop(self) -> Any:  # type: ignore[override]  # a pool is taken from at one end only
        return self.seam.take(self)

    def append(self, slot: Any, /) -> None:
        self.seam.give_back(self, slot)

    def copy(self) -> Any:
        return list(self)


class _Register(set[Any]):
    """All slots of one record, observed."""

    __slots__ = ("pool", "seam")

    def __init__(self, seam: RecordingSeam, pool: _Pool) -> None:
        super().__init__()
        self.seam, self.pool = seam, pool

    def add(self, reference: Any, /) -> None:
        self.seam.take_new(self, reference)


class _SectionLock:
    """The plugin's lock; whoever has it has the trace lock as well."""

    __slots__ = ("_lock", "_trace")

    def __init__(self, lock: Any, trace: Any) -> None:
        self._lock, self._trace = lock, trace

    def acquire(self, blocking: bool = True, timeout: float = -1, /) -> bool:
        if not self._lock.acquire(blocking, timeout):
            return False
        self._trace.acquire()
        return True

    def release(self) -> None:
        self._trace.release()
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()
