"""The path of a call that is awaited: that of `calls`, with an `await` where the function is called.

A coroutine's frame is on the stack of whichever thread runs it, exactly while it runs.  So all that is said in `calls`
and in `frames` holds here: the slot is in the frame's local variable, nested calls find it there, and a coroutine that
is cancelled, closed or collected gets an exception at its `await`, which the handler at the bottom answers (rule R6).

The kernel knows no event loop: a task waits at a closed gate by `loops`, which the outer layer provides.

Rejected: an asynchronous lease around an ordinary call (measured: seven times the price of the await itself), and
calling the function at once and holding its coroutine (a coroutine that nobody awaits holds its version for ever).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import isawaitable
from types import TracebackType
from typing import Any, Generic

from .calls import ABSENT, CallPath, check_gate, enter_at_once, find, join, slot_is_dropped
from .candidate import P
from .errors import GateHeld
from .frames import HOLDING, inside
from .leases import Lease
from .loops import LOOPS
from .reclaim import Core
from .records import NO_SLOTS, Record
from .scopes import OPEN
from .scopes import find as find_lease
from .seam import Event
from .states import Gate

__all__ = ["AsyncLease", "AwaitedCalls"]


class AwaitedCalls(CallPath, Generic[P]):
    """The part of a plugin that takes calls which are awaited.  Any event loop, any thread."""

    async def call_async(self, function: str, a: Any = ABSENT, /, *rest: Any, **kwargs: Any) -> Any:
        """Call a function and await what it returns: `await plugin.call_async("search", "word", limit=3)`.

        The call starts when it is first awaited, and holds its version until the result is there; between them the
        version is not freed, whatever upgrades do meanwhile.  A function that is no coroutine function is called in the
        running thread, and what it returns is awaited if it can be.  Waits for nothing but the function, except while a
        drain under `DrainPolicy.HOLD` is on; then the task waits, and never the thread.

        A task that is cancelled, and a coroutine that is closed or collected, let the version go.

        Raises:
            UnknownFunction, PluginUnregistered, SelfDeadlock: as `call`.

        """
        if OPEN:
            return await self._call_async_slowly(function, rest if a is ABSENT else (a, *rest), kwargs)
        pointer = self._pointer
        record = pointer.record  # step: read -- atomic as in `call`, like all that follows.
        slot: Any
        try:
            try:
                target = record.version.coroutines[function]
                slot = record.free.pop()  # step: announce -- atomic as in `call`.
            except (LookupError, TypeError):
                slot = None
            else:
                if pointer.record is record:  # step: confirm -- atomic as in `call`.
                    if kwargs:
                        result = await (target(*rest, **kwargs) if a is ABSENT else target(a, *rest, **kwargs))
                    elif rest:
                        result = await target(a, *rest)
                    elif a is ABSENT:
                        result = await target()
                    else:
                        result = await target(a)
                    slot = record.free.append(slot)  # step: finish -- atomic as in `call`.
                    if pointer.record is record:  # step: peek -- atomic as in `call`.
                        return result
                    self._core.look(record)
                    return result
                result = None
                slot = record.free.append(slot)  # step: retract -- atomic as in `call`.
                self._core.look(record)
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
                slot_is_dropped(self._core)
            if pointer.record is not record:  # step: peek -- atomic as in `call`.
                self._core.leave(record)
            raise
        return await self._call_async_slowly(function, rest if a is ABSENT else (a, *rest), kwargs)

    async def _call_async_slowly(self, function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Do the same with everything that may be the case."""
        core, pointer = self._core, self._pointer
        slot: Any
        while True:
            where = _where(core)
            if not isinstance(where, tuple):
                await LOOPS.loops.opened(where)
                continue
            record, sure = where
            slot = None
            try:
                slot = record.take()  # step: announce -- atomic as `take` says.
                if sure(record):  # step: confirm -- atomic because it is one load; see `_where`.
                    target = find(record, function)
                    result = record.version.coroutines.get(function, target)(*args, **kwargs)
                    if isawaitable(result):
                        pending, result = result, ABSENT
                        del result  # unbound: an exception from here on finds the slot held
                        result = await pending
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

    def lease_async(self) -> AsyncLease[P]:
        """Hold the version that serves for the length of an `async with` block, which gets its instance.

        As `lease`, but while a drain under `DrainPolicy.HOLD` is on the task waits, and never the thread.
        """
        return AsyncLease(self._core)


HOLDING.update(
    {
        AwaitedCalls.call_async.__code__,
        AwaitedCalls._call_async_slowly.__code__,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - this module's
    }
)


def _where(core: Core) -> tuple[Record, Callable[[Record], bool]] | Event:
    """The record to announce oneself on, and the second look that says whether that counts; or the event to wait for.

    Raises what `check_gate` raises.
    """
    pointer = core.pointer
    try:
        lease = find_lease(core, enter_at_once) if OPEN else None
    except GateHeld as gate:
        return gate.reopened
    if lease is not None:
        held = lease.record
        if held is None:
            return _where(core)  # it ended just now, and will not be found again
        return held, lambda _: lease.slot is not None  # see `scopes`
    record = pointer.record  # step: read -- atomic as in `call`.
    if record.free is NO_SLOTS:
        outer = inside(pointer, core.leases)
        if outer is not None:
            # Nested: the outer call holds the record and is on this stack, so it does until the slot is taken.  A slot
            # of its own, because the coroutine may outlive the outer call.
            return outer, _surely
    if record.gate is not Gate.OPEN:
        check_gate(core, record)
        if record.reopened is not None:
            return record.reopened
    return record, lambda taken: pointer.record is taken


def _surely(record: Record) -> bool:  # noqa: ARG001 - the signature of a second look
    return True


class AsyncLease(Generic[P]):
    """One hold on the version that serves; see `AwaitedCalls.lease_async`.  For one `async with` block."""

    __slots__ = ("_core", "_lease")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._lease: Lease[P] | None = None

    @property
    def epoch(self) -> int | None:
        """The number of the epoch that is held; None before and after the block."""
        return None if self._lease is None else self._lease.epoch

    async def __aenter__(self) -> P:
        if self._lease is not None:
            raise RuntimeError("expected a lease that is not entered yet, got one in use: ask the plugin for another")
        while True:
            lease: Lease[P] = Lease(self._core, partial(join, self._core, enter_at_once))
            self._lease = lease
            try:
                return lease.__enter__()
            except GateHeld as held:
                self._lease, event = None, held.reopened
            except BaseException:
                self._lease = None
                raise
            await LOOPS.loops.opened(event)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.__exit__(kind, error, trace)
