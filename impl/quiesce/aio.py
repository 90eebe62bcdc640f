"""What the kernel needs of asyncio; `import quiesce` plugs it in.

asyncio itself is imported when it is used, so a service without it does not pay for it.

A task that waits at a closed gate waits for an event that a thread sets.  One thread per event waits for all the tasks
that do, in all loops: so a thousand held requests cost one thread.  It ends with the drain, because whoever closed the
gate opens it on every way out.  Rejected: a thread per waiting task, and the loop's default executor, which a thousand
waiting requests would fill.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

    from quiesce import Event

__all__ = ["Asyncio"]

T = TypeVar("T")
Wake = Callable[[], object]


class Asyncio:
    """Waits in the running loop of asyncio.  Any number of loops in any threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Event, list[Wake]] = {}
        """Invariant: an event is in here exactly while its thread has not yet begun to wake those who wait for it."""

    async def opened(self, event: Event) -> None:
        """Wait until the event is set."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._wake_when_set(event, lambda: _post(loop, future, None, None))
        await future

    def _wake_when_set(self, event: Event, wake: Wake) -> None:
        with self._lock:
            others = self._waiting.get(event)
            if others is not None:
                others.append(wake)
                return
            self._waiting[event] = [wake]
        threading.Thread(target=self._wait, args=(event,), name="quiesce gate", daemon=True).start()

    def _wait(self, event: Event) -> None:
        event.wait()
        with self._lock:
            waiting = self._waiting.pop(event)
        for wake in waiting:
            wake()

    async def in_thread(self, work: Callable[[], T], withdraw: Callable[[], object]) -> T:
        """Run `work` in a thread of its own, in a copy of the running context, and give what it gives.

        If the awaiting task is cancelled, `withdraw` is called, the end of the thread is awaited, however often the
        task is cancelled meanwhile, and the cancellation goes on.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised where the thread is awaited
                _post(loop, future, None, error)
            else:
                _post(loop, future, result, None)

        threading.Thread(
            target=contextvars.copy_context().run, args=(run,), name="quiesce upgrade", daemon=True
        ).start()
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            withdraw()
            while not future.done():
                # Another cancellation, or the failure of what was cancelled: the first cancellation goes on.
                with suppress(asyncio.CancelledError, Exception):
                    await asyncio.shield(future)
            future.exception()  # looked at, so that the loop does not complain
            raise
        except GeneratorExit:
            withdraw()  # the coroutine was closed: nobody waits for the end of the thread
            raise


def _post(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], result: object, error: BaseException | None
) -> None:
    """From another thread: let the future have its result, unless the task or the loop is gone."""

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        elif isinstance(error, StopIteration):
            future.set_exception(RuntimeError(f"expected no StopIteration from an upgrade, got {error!r}"))
        else:
            future.set_exception(error)

    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle)
