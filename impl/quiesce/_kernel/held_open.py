"""What outlives its call: generators, coroutines and asynchronous generators hold their version until they end.

A call ends when its function returns.  A generator function returns at once, and its body runs later: on which version,
and who keeps that from being closed?  So exported functions of these three kinds are wrapped once, when the version is
built: within the call, which still holds the version, a lease is taken on the same epoch (see `calls.enter`), and it is
left when the body ends: by return, exception, `close()`, cancellation, or because nobody keeps it any more (rule R6).

While such a body runs, its frame is on the stack, and `frames` finds the lease in it: nested calls run on its version
(rule R4), also after a swap and behind a closed gate.  While it is suspended it captures nobody's calls.

What a plain function returns and what outlives it (a generator expression, a callback) is not known here: for that,
hold a `lease()`.

Rejected: to look at every result of every call (a price for all, and it comes too late for the first step), and to
run the body within the call (it would not be lazy any more).
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import partial, wraps
from typing import Any

from .calls import enter
from .candidate import Version
from .frames import LEASED
from .leases import Lease
from .reclaim import Core

__all__ = ["hold_open"]


def hold_open(core: Core, version: Version) -> None:
    """Wrap those functions of a version that nobody calls yet; keep the coroutine functions beside, as they are."""
    for name, function in list(version.functions.items()):
        run: Callable[[Lease[Any], Any], object]
        if _is(inspect.iscoroutinefunction, function):
            version.coroutines[name] = function
            run = _coroutine
        elif _is(inspect.isgeneratorfunction, function):
            run = _begun
        elif _is(inspect.isasyncgenfunction, function):
            run = _async_generator
        else:
            continue
        version.functions[name] = _opens(core, function, run)


def _is(kind: Callable[[object], bool], function: object) -> bool:
    """Also for objects with `__call__`."""
    return kind(function) or kind(getattr(function, "__call__", None))  # noqa: B004 - which kind of call, not whether


def _opens(core: Core, function: Callable[..., Any], run: Callable[[Lease[Any], Any], object]) -> Callable[..., object]:
    @wraps(function, updated=())
    def opened(*args: Any, **kwargs: Any) -> object:
        inner = function(*args, **kwargs)  # runs nothing of its body
        lease: Lease[Any] = Lease(core, partial(enter, core))
        lease.__enter__()
        lease.opener = None  # it belongs to the frame of the body, in which `frames` finds it
        return run(lease, inner)

    return opened


def _begun(lease: Lease[Any], inner: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Begin `_generator`, so that a `close()` before the first `next()` finds a frame with a `finally`."""
    begun = _generator(lease, inner)
    next(begun)
    return begun


def _generator(lease: Lease[Any], inner: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    try:
        first = yield
        if first is not None:
            raise TypeError("can't send non-None value to a just-started generator")
        return (yield from inner)
    finally:
        lease.__exit__(None, None, None)


async def _coroutine(lease: Lease[Any], inner: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await inner
    finally:
        lease.__exit__(None, None, None)


async def _async_generator(lease: Lease[Any], inner: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    """`yield from` of an asynchronous generator: what is sent and thrown goes in, what is yielded comes out."""
    try:
        try:
            value = await inner.__anext__()
            while True:
                try:
                    sent = yield value
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - the inner one decides what becomes of it
                    value = await inner.athrow(error)
                else:
                    value = await inner.asend(sent)
        except StopAsyncIteration:
            return
    finally:
        lease.__exit__(None, None, None)


LEASED.update({_generator.__code__, _coroutine.__code__, _async_generator.__code__})
