"""The path of a call: read, announce, confirm, run, finish, peek.

The fast path takes no lock, asks no thread for its number, and writes nothing down but a slot that leaves the pool and
comes back.  It serves a call if the pointer's record has a free slot to give, which says at once that the gate is open
and that no older record is held (see `records.Record.free`).  Whatever else may be the case, from an unknown function
to a nested call behind a closed gate, is the slow path's business.

Asynchronous exceptions (KeyboardInterrupt, `PyThreadState_SetAsyncExc`) may strike between any two bytecodes (rule R6):

- before the slot is stored in ``slot``, it dies with the interpreter's stack: not held;
- from there until the function's result is stored in ``result``, the slot has surely not been put back: the handler at
  the bottom puts it back.  This is also the way of every exception that the function itself raises;
- from there to the end, the slot may have been put back or not: the handler drops it.  If it had been put back, then
  dropping this reference changes nothing; if not, it dies: not held.  Nothing is ever put back twice.  Who retracts has
  no result, and binds the name all the same before the slot is put back, so that the handler knows;
- the look that a release owes is owed by the handler too.

The handler finds out which of the two names are bound, so that the fast path need not initialise them.  There is one
`try` around it all, because the compiler leaves the first bytecode of a nested `try` without a handler.

Why ``a=ABSENT, /, *rest`` and not ``*args``: with no or one positional argument, the function is called directly,
without packing and unpacking a tuple; measured, that is what makes `call` cheaper than a lock.  Why three copies of the
same lines (`call`, `make_handle`, `call_slowly`) and not one function: each further Python call costs as much as the
protection.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from .errors import GateHeld, PluginUnregistered, SelfDeadlock, UnknownFunction
from .frames import HOLDING, inside
from .reclaim import Core
from .records import NO_SLOTS, Record, Slot
from .scopes import OPEN, Enter
from .scopes import find as find_lease
from .states import Gate

__all__ = ["ABSENT", "CallPath", "call_slowly", "check_gate", "enter", "enter_at_once", "find", "join", "make_handle"]

ABSENT: Final = object()
"""Stands for a positional argument that was not given."""


class CallPath:
    """The part of a plugin that takes calls."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._pointer = core.pointer

    def has(self, core: Core) -> bool:
        """Is this the plugin of that core?  For the kernel."""
        return self._core is core

    def call(self, function: str, a: Any = ABSENT, /, *rest: Any, **kwargs: Any) -> Any:
        """Call a function of the version that serves: `plugin.call("search", "word", limit=3)`.

        The call runs from start to end on one version, which is not freed before it has ended, whatever upgrades do
        meanwhile.  What the function returns or raises is returned or raised unchanged.  Waits for nothing, except
        while a drain under `DrainPolicy.HOLD` is on, and there at most as long as the drain may last.  From inside a
        call on the same plugin it runs on the version of the outer call.  Any thread.

        The call ends when the function returns.  What generator, coroutine and asynchronous generator functions return
        holds the version until it ends itself (`held_open`); for anything else that outlives a call, hold a `lease()`.

        Raises:
            UnknownFunction: the version that serves does not export `function`.
            PluginUnregistered: the plugin was taken out of service.
            SelfDeadlock: a handover hook or a signal handler of the thread that closed the gate calls the plugin.

        """
        if OPEN:  # there is a scope, perhaps the caller's: see `scopes`
            return call_slowly(self._core, function, rest if a is ABSENT else (a, *rest), kwargs)
        # step: invoke -- atomic because it touches nothing shared.
        pointer = self._pointer
        # step: read -- atomic because it is one load of one reference, on both builds.
        record = pointer.record
        slot: Any  # a Slot or None; a check to please the type checker would cost as much as a step
        try:
            try:
                target = record.functions[function]
                # step: announce -- atomic because deque.pop is one C function under the GIL, and takes the deque's own
                # lock on the free-threaded build.
                slot = record.free.pop()
            except (LookupError, TypeError):
                slot = None  # no such function, or no slot to take: the slow path says which
            else:
                # step: confirm -- atomic because it is one load of one reference.  If the record is still current, then
                # whoever supersedes it will see this slot missing (see `reclaim`).  The call starts here.
                if pointer.record is record:
                    if kwargs:
                        result = target(*rest, **kwargs) if a is ABSENT else target(a, *rest, **kwargs)
                    elif rest:
                        result = target(a, rest[0]) if len(rest) == 1 else target(a, *rest)
                    elif a is ABSENT:
                        result = target()
                    else:
                        result = target(a)
                    # step: finish -- atomic because deque.append is one C function under the GIL, and takes the deque's
                    # own lock on the free-threaded build.
                    slot = record.free.append(slot)
                    # step: peek -- atomic because it is one load of one reference.
                    if pointer.record is record:
                        return result
                    self._core.look(record)
                    return result
                result = None
                # step: retract -- atomic like finish.
                slot = record.free.append(slot)
                self._core.look(record)
        except BaseException:
            # What is bound says how far it got (see the module).  No call before the slot is put back: it may be
            # struck.
            try:
                _ = result  # pyright: ignore[reportPossiblyUnboundVariable] - that is the question
            except UnboundLocalError:
                try:
                    if slot is not None:  # pyright: ignore[reportPossiblyUnboundVariable] - that is the question
                        # step: finish -- atomic as above.
                        slot = record.free.append(slot)  # pyright: ignore[reportPossiblyUnboundVariable]
                except UnboundLocalError:
                    slot = None
            else:
                slot = None
                slot_is_dropped(self._core)
            # step: peek -- atomic because it is one load of one reference.
            if pointer.record is not record:
                self._core.leave(record)
            raise
        return call_slowly(self._core, function, rest if a is ABSENT else (a, *rest), kwargs)


def make_handle(core: Core, function: str) -> Callable[..., Any]:
    """Make the function that calls `function` on whatever version serves: `CallPath.call` with the name bound."""
    pointer = core.pointer

    def handle(a: Any = ABSENT, /, *rest: Any, **kwargs: Any) -> Any:
        if OPEN:
            return call_slowly(core, function, rest if a is ABSENT else (a, *rest), kwargs)
        record = pointer.record  # step: read -- atomic as in `call`, like all that follows.
        slot: Any
        try:
            try:
                target = record.functions[function]
                slot = record.free.pop()  # step: announce -- atomic as in `call`.
            except LookupError:
                slot = None
            else:
                if pointer.record is record:  # step: confirm -- atomic as in `call`.
                    if kwargs:
                        result = target(*rest, **kwargs) if a is ABSENT else target(a, *rest, **kwargs)
                    elif rest:
                        result = target(a, rest[0]) if len(rest) == 1 else target(a, *rest)
                    elif a is ABSENT:
                        result = target()
                    else:
                        result = target(a)
                    slot = record.free.append(slot)  # step: finish -- atomic as in `call`.
                    if pointer.record is record:  # step: peek -- atomic as in `call`.
                        return result
                    core.look(record)
                    return result
                result = None
                slot = record.free.append(slot)  # step: retract -- atomic as in `call`.
                core.look(record)
        except BaseException:
            try:
                _ = result  # pyright: ignore[reportPossiblyUnboundVariable] - as in `call`
            except UnboundLocalError:
                try:
                    if slot is not None:  # pyright: ignore[reportPossiblyUnboundVariable] - as in `call`
                        # step: finish -- atomic as in `call`.
                        slot = record.free.append(slot)  # pyright: ignore[reportPossiblyUnboundVariable]
                except UnboundLocalError:
                    slot = None
            else:
                slot = None
                slot_is_dropped(core)
            if pointer.record is not record:  # step: peek -- atomic as in `call`.
                core.leave(record)
            raise
        return call_slowly(core, function, rest if a is ABSENT else (a, *rest), kwargs)

    handle.__name__ = handle.__qualname__ = function
    return handle


def call_slowly(core: Core, function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Do the same with everything that may be the case."""
    if OPEN and (result := _call_in_scope(core, function, args, kwargs)) is not ABSENT:
        return result
    pointer = core.pointer
    slot: Slot | None
    while True:
        # step: read -- atomic because it is one load of one reference.  A held gate blocks it.
        record = pointer.record
        if record.free is NO_SLOTS:
            outer = inside(pointer, core.leases)
            if outer is not None:
                return _call_nested(core, outer, function, args, kwargs)
        if record.gate is not Gate.OPEN:
            wait_at_gate(core, record)
            continue
        try:
            target = find(record, function)
        except UnknownFunction:
            if pointer.record is not record:
                continue  # superseded since the read, perhaps freed and emptied: what it lacks says nothing (R5)
            raise
        slot = None
        try:
            slot = record.take()  # step: announce -- atomic as `take` says.
            if pointer.record is record:  # step: confirm -- atomic as in `call`.
                result = target(*args, **kwargs)
                slot = record.pool.append(slot)  # step: finish -- atomic as in `call`.
                if pointer.record is not record:  # step: peek -- atomic as in `call`.
                    core.look(record)
                return result
            result = None
            slot = record.pool.append(slot)  # step: retract -- atomic as in `call`.
            core.look(record)
            del result
        except BaseException:
            try:
                _ = result  # pyright: ignore[reportPossiblyUnboundVariable] - as in `call`
            except UnboundLocalError:
                if slot is not None:
                    slot = record.pool.append(slot)  # step: finish -- atomic as in `call`.
            else:
                slot = None
                slot_is_dropped(core)
            if pointer.record is not record:  # step: peek -- atomic as in `call`.
                core.leave(record)
            raise


def _call_in_scope(core: Core, function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Run on the version that the caller's scope holds (see `scopes`); `ABSENT` if he is in none."""
    pointer = core.pointer
    slot: Slot | None
    while (lease := find_lease(core, enter)) is not None:
        record = lease.record
        if record is None:
            continue  # it ended just now, and will not be found again
        slot = None
        try:
            slot = record.take()  # step: announce -- atomic as `take` says.
            if lease.slot is not None:  # step: confirm -- atomic because it is one load of one reference.
                result = find(record, function)(*args, **kwargs)
                slot = record.pool.append(slot)  # step: finish -- atomic as in `call`.
                if pointer.record is not record:  # step: peek -- atomic as in `call`.
                    core.look(record)
                return result
            result = None
            slot = record.pool.append(slot)  # step: retract -- atomic as in `call`; nobody looks but who has to.
            core.look(record)
            del result
        except BaseException:
            try:
                _ = result  # pyright: ignore[reportPossiblyUnboundVariable] - as in `call`
            except UnboundLocalError:
                if slot is not None:
                    slot = record.pool.append(slot)  # step: finish -- atomic as in `call`, of a call in a scope.
            else:
                slot = None
                slot_is_dropped(core)
            if pointer.record is not record:
                core.leave(record)
            raise
    return ABSENT


HOLDING.update({CallPath.call.__code__, call_slowly.__code__, _call_in_scope.__code__})
HOLDING.update(c for c in make_handle.__code__.co_consts if hasattr(c, "co_code"))


def _call_nested(core: Core, outer: Record, function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Run on the outer call's version: no pointer is read, no gate is asked (R4).

    Proof: the outer call is on this thread's stack and holds `outer` until after this has returned.
    """
    target = find(outer, function)
    # step: nest -- atomic because it touches nothing shared.
    core.seam.step("nest", epoch=outer.number)
    try:
        return target(*args, **kwargs)
    finally:
        # step: unnest -- atomic because it touches nothing shared.
        core.seam.step("unnest", epoch=outer.number)


def join(core: Core, enter: Enter) -> tuple[Record, Slot]:
    """Become a holder on behalf of a lease: of what the caller's scope holds, or else of the current record."""
    while OPEN and (lease := find_lease(core, enter)) is not None:
        record = lease.record
        if record is None:
            continue  # it ended just now, and will not be found again
        slot: Slot | None = None
        try:
            slot = record.take()  # step: announce -- atomic as `take` says.
            if lease.slot is not None:  # step: confirm -- atomic because it is one load of one reference.
                return record, slot
            slot = record.pool.append(slot)  # step: retract -- atomic as in `call`; nobody looks but who has to.
            core.look(record)
        except BaseException:
            slot = None
            core.look(record)
            raise
    return enter(core)


def enter_at_once(core: Core) -> tuple[Record, Slot]:
    """Become a holder of the current record without waiting.

    Raises `GateHeld`, with the event to wait for, where `enter` waits.
    """
    return enter(core, refuse_to_wait)


def enter(core: Core, wait: Callable[[Core, Record], object] | None = None) -> tuple[Record, Slot]:
    """Become a holder on behalf of a lease."""
    pointer = core.pointer
    while True:
        record = pointer.record  # step: read -- atomic as in `call`.
        if record.free is NO_SLOTS:
            outer = inside(pointer, core.leases)
            if outer is not None:
                # Nested: the outer call holds the record all the while, so it was not drained, and joining it here only
                # prolongs a hold that is there.  The lease may outlive the outer call, so it needs a slot of its own.
                return outer, outer.take()
        if record.gate is not Gate.OPEN:
            (wait or wait_at_gate)(core, record)
            continue
        slot: Slot | None = None
        try:
            slot = record.take()  # step: announce -- atomic as `take` says.
            if pointer.record is record:  # step: confirm -- atomic as in `call`.
                return record, slot
            slot = record.pool.append(slot)  # step: retract -- atomic as in `call`.
            core.look(record)
        except BaseException:
            slot = None
            if pointer.record is not record:  # step: peek -- atomic as in `call`.
                core.look(record)
            raise


def wait_at_gate(core: Core, record: Record) -> None:
    """Wait until a gate that is held is opened again (rule V3: only under HOLD, at most as long as the drain may last).

    Whoever closed the gate opens it again by a publication, on every way out of the drain; this waits for nothing else.
    """
    check_gate(core, record)
    if record.reopened is not None:
        record.reopened.wait()


def refuse_to_wait(core: Core, record: Record) -> None:
    """Raise `GateHeld`, with the event to wait for; or what `wait_at_gate` raises."""
    check_gate(core, record)
    if record.reopened is not None:
        raise GateHeld(record.version.manifest.name, record.reopened)


def check_gate(core: Core, record: Record) -> None:
    """Refuse who will never get through this gate, or not while he stands there."""
    if record.gate is Gate.SHUT:
        raise PluginUnregistered(record.version.manifest.name)
    if record.closed_by == core.seam.get_ident():
        raise SelfDeadlock(
            f"plugin {record.version.manifest.name!r}: expected no calls from the thread that upgrades it while "
            "the gate is closed; got one from a handover hook or a signal handler: it would wait for itself"
        )


def slot_is_dropped(core: Core) -> None:
    """See to it that the slot that our caller has just dropped is really gone.

    Before 3.13 a frame keeps a snapshot of its local variables once somebody has asked for `f_locals` (a debugger, a
    list of stragglers).  Asking again takes a new one, without the slot.
    """
    _ = sys._getframe(1).f_locals  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the only way to it
    core.seam.step("finish", lost=True)


def find(record: Record, function: object) -> Callable[..., Any]:
    functions = record.functions
    if isinstance(function, str) and function in functions:
        return functions[function]
    raise UnknownFunction(record.version.manifest.name, function, functions)
