"""The seam's twin under the controlled scheduler: the code that ships, driven step by step.

    def scenario(spawner):
        seam = ScheduledSeam(spawner.engine)
        plugin = HotReloadablePlugin(candidate, seam=seam)
        spawner.thread("a", plugin.call, "f")
        spawner.thread("b", plugin.upgrade, new_candidate)

    engine.run(scenario, chooser)

Each operation of a plugin is a point, named after the algorithm's action where it is one:

    read, confirm, peek           a caller reads the pointer: for the first time, after it took a slot, after it gave
                                  one back
    announce                      takes a slot out of a pool, or registers one that it has made; from an empty pool it
                                  takes nothing and is no step of the model
    finish, retract               puts a slot back, after a confirm that succeeded, or not
    drop                          a holder's slot died without having been put back, which ends the hold as well
    lock.acquire, lock.release    the bounds of a section
    look.copy, look.list, ...     a section looks at a pool and at the register of its slots; ``pool.copy`` and
                                  ``pool.list`` before the section has said what it is
    drain_in_flight, ...          the section's own step: its write of the pointer if it publishes, else `Seam.step`
    nest, unnest                  on the slow path; touches nothing shared
    event.set, event.is_set, event.wait, event.timeout
    plain.read, plain.write       what a step does with memory that is shared and not locked: a record's ``free`` and
                                  ``functions``, a version's ``close_ended``, the slots that other threads' frames hold.
                                  Not scheduled by themselves, but declared, because a reduced search has to know that
                                  two such steps depend on each other

So races *inside* a section are seen, which `recording` cannot.  Time is virtual: it stands still but for
``event.timeout``.  Thread numbers are small and the same in every execution.

What is not seen: an operation that does not go through the seam, such as a read of the book without the lock.  It
counts as part of the step before it, so it is interleaved with the others' steps, but not by itself.  Of the book not
even that is declared: it is read without the lock right after a section, or by observers.  Whether a reduced search
misses anything by that is asked by sampling (``tests/schedules/test_reduction_of_the_kernel.py``).

One seam serves any number of plugins of one execution.  Rejected: naming pools by the order of their creation, which
differs with the schedule; a pool is called after the epoch of its record, which nobody else reaches before it is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final
from weakref import ref

from quiesce import Seam
from quiesce_conformance.schedules import Engine, Event, Lock

__all__ = ["Hold", "ScheduledSeam"]


@dataclass(slots=True)
class Hold:
    """One slot that is out of its pool."""

    thread: str
    """Who took it; empty for the set-up."""
    pool: str
    slot: ref[Any]
    """Weak: a slot that we kept alive would be held for ever."""
    confirmed: bool = False
    """Whether its holder's second look found the record still current."""


Steps = Callable[[str, str, bool, dict[str, Any]], None]


class ScheduledSeam(Seam):
    """The kernel's seam under an engine.  For one execution: make a new one in each set-up.

    Args:
        engine: the one that runs the scenario.
        on_step: called with thread, action, publishes and details of each `Seam.step`, by the thread that takes it,
            before its point.  It must do no operation of the engine.

    """

    def __init__(self, engine: Engine, on_step: Steps | None = None) -> None:
        self.engine: Final = engine
        self._on_step = on_step
        self._plugins = 0
        self._holds: dict[int, Hold] = {}
        """By the slot's id, which is not used again before its hold is gone from here."""
        self._read: dict[str, Any] = {}
        """Thread -> the record that it read last."""
        self._next_read: dict[str, str] = {}
        """Thread -> what its next read of the pointer is, where it is not ``read``."""
        self._announced: dict[str, Hold] = {}
        """Thread -> the hold that its next ``confirm`` is about."""
        self._section: dict[str, str] = {}
        """Thread -> what the section is in which it is."""
        self._publishing: set[str] = set()
        self._inside: set[str] = set()
        """Threads that have the lock of a plugin."""
        self._pools: list[str] = []
        """Where slots are taken and given back: the pools and registers of all records that were published."""
        self._twins: dict[type, type] = {}
        """A class of the kernel -> its subclass that declares accesses.  Of this seam's own, because a version does
        not know its seam."""

    # -- objects ------------------------------------------------------------------------------------------------------
    def pointer(self, record: Any) -> Any:
        """Make a pointer whose reads and writes are points."""
        self._plugins += 1
        return _Pointer(self, record, self._plugins)

    def pool(self) -> Any:
        """Make a pool of free slots whose operations are points."""
        return _Pool(self)

    def register(self, pool: Any) -> Any:
        """Make a register of slots: an announce with a new slot, and a section's look at it, are points."""
        return _Register(self, pool)

    def lock(self) -> Any:
        """Make a lock."""
        return _SectionLock(self)

    def event(self) -> Any:
        """Make an event that is not set."""
        return Event(self.engine)

    # -- facts --------------------------------------------------------------------------------------------------------
    def monotonic(self) -> float:
        """Virtual time: it begins at 0, and only a time-out moves it."""
        return self.engine.now

    def get_ident(self) -> int:
        """Number the running thread, in the order of spawning; the set-up is 0."""
        return self.engine.ident()

    def thread_name(self, ident: int) -> str:
        """Give the name that the thread was spawned with."""
        return self.engine.thread_name(ident)

    def frames(self) -> dict[int, FrameType]:
        """Give the innermost frame of every thread of the scenario.  Those that are parked are in the engine.

        What a frame holds changes with every slot that is taken or given back, so this looks at all of them.
        """
        for name in self._pools:
            self.plain("plain.read", name, writes=False)
        return self.engine.frames()

    def step(self, action: str, *, publishes: bool = False, **details: Any) -> None:
        """Be the section's point, or take note that its write of the pointer will be."""
        me = self.engine.me()
        if me is None:
            return
        if "version" in details:
            self.watch(details["version"], "close_ended", guarded=False)
        if self._on_step is not None:
            self._on_step(me.name, action, publishes, details)
        if action in {"nest", "unnest"} or details.get("lost"):
            self.engine.point(action, f"thread:{me.name}")
            return
        self._section[me.name] = action
        if publishes:
            self._publishing.add(me.name)
        else:
            self.engine.point(action, "book", writes=True)

    # -- what an observer asks ----------------------------------------------------------------------------------------
    def holds(self) -> list[Hold]:
        """Who holds what, in the order of taking, as the steps say it."""
        return list(self._holds.values())

    def in_section(self, thread: str) -> str | None:
        """Say what the section is in which a thread is, once it has said so."""
        return self._section.get(thread)

    # -- what its objects tell ----------------------------------------------------------------------------------------
    def read(self, pointer: _Pointer) -> Any:
        """Read the pointer."""
        me = self.me()
        name = self._next_read.pop(me, "read")
        self.engine.point(name, pointer.name)
        self._read[me] = record = pointer.published
        if name == "confirm":
            hold = self._announced.pop(me)
            hold.confirmed = hold.pool == record.pool.name
        return record

    def write(self, pointer: _Pointer, record: Any) -> None:
        """Write the pointer: the instant of the section that publishes."""
        me = self.me()
        record.pool.name = f"pool:{record.number}{pointer.suffix}"
        self.known(record)
        self.engine.point(self._section[me] if me in self._publishing else "publish", pointer.name, writes=True)
        self._publishing.discard(me)
        pointer.published = record

    def take(self, pool: _Pool) -> Any:
        """Take a slot out of a pool."""
        me = self.me()
        late = self.engine.point("announce", pool.name, writes=True, late=True)
        try:
            slot = deque.pop(pool)
        except IndexError:
            if late:
                raise KeyboardInterrupt from None  # it strikes instead: what was found is not known to anybody yet
            raise
        self.taken(me, pool, slot, late=late)
        if late:
            del slot  # a traceback keeps this frame, which must not keep the slot
            raise KeyboardInterrupt
        return slot

    def taken(self, me: str, pool: _Pool, slot: Any, *, late: bool) -> None:
        """A hold has begun; an interrupt that strikes now finds it already taken."""
        hold = self._holds[id(slot)] = Hold(me, pool.name, self._watched(slot, id(slot)))
        if not late and not self._joins(me, pool):
            self._next_read[me] = "confirm"
            self._announced[me] = hold

    def _joins(self, me: str, pool: _Pool) -> bool:
        """Is it a lease inside a call, which takes a slot of the outer call's record and needs no second look?"""
        record = self._read.get(me)
        if record is None or record.pool is not pool:
            return True
        holds = any(h.thread == me and h.pool == pool.name and h.confirmed for h in self._holds.values())
        return holds and record.free is not pool

    def giving_back(self, pool: _Pool, key: int) -> bool:
        """A slot is about to be put into a pool, and its hold to end; say whether an interrupt strikes after that."""
        hold = self._holds.get(key)
        confirmed = hold is not None and hold.confirmed
        return self.engine.point("finish" if confirmed else "retract", pool.name, writes=True, late=True)

    def given_back(self, key: int) -> None:
        """A slot was put into a pool."""
        hold = self._holds.pop(key, None)
        if hold is not None:
            me = self.me()
            if self._announced.get(me) is hold:
                del self._announced[me]
            self._next_read[me] = "peek"

    def look(self, what: str, name: str) -> None:
        """Look at a pool or at a register."""
        section = self._section.get(self.me())
        self.engine.point(f"pool.{what}" if section is None else f"{section}.{what}", name)

    def known(self, record: Any) -> None:
        """A record is about to be published."""
        self._pools += (record.pool.name, record.slots.name)
        self.watch(record, "free", "functions", guarded=True)
        self.watch(record.version, "close_ended", guarded=False)

    def watch(self, thing: Any, *fields: str, guarded: bool) -> None:
        """From here on, declare who reads and who writes these fields of a record or of a version."""
        kind = type(thing)
        if kind in self._twins.values():
            return
        twin = self._twins.get(kind)
        if twin is None:
            found: dict[str, Any] = {name: _Plain(self, getattr(kind, name), guarded=guarded) for name in fields}
            twin = self._twins[kind] = type(f"Watched{kind.__name__}", (kind,), {"__slots__": (), **found})
        thing.__class__ = twin

    def plain(self, point: str, name: str, *, writes: bool, guarded: bool = False) -> None:
        """Declare an access to memory that is shared and that callers do not lock."""
        me = self.engine.me()
        if me is not None and not (guarded and me.name in self._inside):
            self.engine.forced(me, point, name, writes=writes)

    def entered(self) -> None:
        """The lock was taken."""
        self._inside.add(self.me())

    def entering(self) -> None:
        """A section begins: the next read of the pointer is no second look; slots that have died are seen before it."""
        self._next_read.pop(self.me(), None)
        for key, hold in list(self._holds.items()):
            if hold.slot() is None:
                self._died(key)

    def leaving(self) -> None:
        """A section ends."""
        me = self.me()
        self._section.pop(me, None)
        self._publishing.discard(me)
        self._inside.discard(me)

    def me(self) -> str:
        """Name the running thread; the set-up has no name."""
        me = self.engine.me()
        return "" if me is None else me.name

    def _watched(self, slot: Any, key: int) -> ref[Any]:
        seam = ref(self)

        def died(_: object) -> None:
            this = seam()
            if this is not None:
                this._died(key)  # noqa: SLF001 - its own

        return ref(slot, died)

    def _died(self, key: int) -> None:
        """A hold ended because its slot died; that may be told twice."""
        hold = self._holds.pop(key, None)
        me = self.engine.me() if hold is not None else None
        if hold is not None and me is not None:
            self.engine.forced(me, "drop", hold.pool)


class _Pointer:
    """The published pointer under the engine."""

    __slots__ = ("_seam", "name", "published", "suffix")

    def __init__(self, seam: ScheduledSeam, record: Any, number: int) -> None:
        self._seam, self.published = seam, record
        self.suffix = "" if number == 1 else f"@{number}"
        self.name = f"pointer{self.suffix}"
        record.pool.name = f"pool:{record.number}{self.suffix}"
        seam.known(record)

    @property
    def record(self) -> Any:
        return self._seam.read(self)

    @record.setter
    def record(self, record: Any) -> None:
        self._seam.write(self, record)


class _Plain:
    """A field of a record or a version that changes after others can reach it: each access is declared.

    In place of the slot of that name, in a subclass of the same layout that things are moved to when they become known.
    """

    def __init__(self, seam: ScheduledSeam, slot: Any, *, guarded: bool) -> None:
        self._seam, self._slot = seam, slot
        self._guarded = guarded
        """It is written under the lock alone, so a read under the lock is ordered with every write."""

    def _name(self, thing: Any) -> str:
        pool = getattr(thing, "pool", None)
        name: str = self._slot.__name__
        return f"{name}:{thing.number}" if pool is None else pool.name.replace("pool", name, 1)

    def __get__(self, thing: Any, kind: type) -> Any:
        self._seam.plain("plain.read", self._name(thing), writes=False, guarded=self._guarded)
        return self._slot.__get__(thing, kind)

    def __set__(self, thing: Any, value: Any) -> None:
        self._seam.plain("plain.write", self._name(thing), writes=True)
        self._slot.__set__(thing, value)


class _Pool(deque[Any]):
    """The free slots of one record under the engine."""

    __slots__ = ("_seam", "name")

    def __init__(self, seam: ScheduledSeam) -> None:
        super().__init__()
        self._seam = seam
        self.name = "pool"

    def pop(self) -> Any:  # type: ignore[override]  # a pool is taken from at one end only
        return self._seam.take(self)

    def append(self, slot: Any, /) -> None:
        key, late = id(slot), False
        try:
            late = self._seam.giving_back(self, key)
            deque.append(self, slot)
        finally:
            del slot  # as in `ScheduledSeam.take`
        self._seam.given_back(key)
        if late:
            raise KeyboardInterrupt

    def copy(self) -> Any:
        self._seam.look("copy", self.name)
        return list(self)


class _Register(set[Any]):
    """All slots of one record under the engine."""

    __slots__ = ("_seam", "pool")

    def __init__(self, seam: ScheduledSeam, pool: _Pool) -> None:
        super().__init__()
        self._seam, self.pool = seam, pool

    @property
    def name(self) -> str:
        return self.pool.name.replace("pool", "slots", 1)

    def add(self, reference: Any, /) -> None:
        seam, late = self._seam, False
        try:
            late = seam.engine.point("announce", self.name, writes=True, late=True)
            set.add(self, reference)
            seam.taken(seam.me(), self.pool, reference(), late=late)
        finally:
            del reference  # as in `ScheduledSeam.take`: the callback of a reference that lives on would be called
        if late:
            raise KeyboardInterrupt

    def __iter__(self) -> Any:
        seam = self._seam
        seam.look("list", self.name)
        if seam.engine.may_strike:
            # Whoever has copied the pool keeps those slots alive until it has listed the register as well: if one is
            # taken meanwhile, and its taker is struck and drops it, then it dies here.
            seam.plain("plain.read", self.pool.name, writes=False)
        return super().__iter__()


class _SectionLock(Lock):
    """The plugin's lock under the engine."""

    __slots__ = ("_seam",)

    def __init__(self, seam: ScheduledSeam) -> None:
        super().__init__(seam.engine)
        self._seam = seam

    def acquire(self, blocking: bool = True, timeout: float = -1, /) -> bool:
        """Take it."""
        self._seam.entering()
        taken = super().acquire(blocking, timeout)
        if taken:
            self._seam.entered()
        return taken

    def release(self) -> None:
        """Let it go."""
        self._seam.leaving()
        super().release()
