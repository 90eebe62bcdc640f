"""Gates: places where an instance waits until the driver opens them, on a thread or on an event loop.

A gate is opened for all who wait and for all who will come, so the driver can open it before anybody is there.  A task
on an event loop waits for a future, because blocking the loop would stop the very implementation that is judged.
"""

from __future__ import annotations

import asyncio
import threading

__all__ = ["Gates"]


class Gates:
    """All gates of a session, by name.  Safe from any thread."""

    def __init__(self) -> None:
        self._opened = threading.Condition()
        self._open: set[str] = set()
        self._all = False
        self._tasks: list[tuple[str, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def open(self, gate: str) -> None:
        """Let everybody through."""
        with self._opened:
            self._open.add(gate)
            self._wake()

    def open_all(self) -> None:
        """Open every gate there is and will be."""
        with self._opened:
            self._all = True
            self._wake()

    def wait(self, gate: str) -> None:
        """Wait on this thread."""
        with self._opened:
            self._opened.wait_for(lambda: self._is_open(gate))

    async def wait_in_task(self, gate: str) -> None:
        """Wait in this task; the loop goes on."""
        loop = asyncio.get_running_loop()
        with self._opened:
            if self._is_open(gate):
                return
            future = loop.create_future()
            self._tasks.append((gate, loop, future))
        await future

    def _is_open(self, gate: str) -> bool:
        return self._all or gate in self._open

    def _wake(self) -> None:
        # The condition's lock is held, so a task is either in the list here or sees that its gate is open.
        self._opened.notify_all()
        going = [entry for entry in self._tasks if self._is_open(entry[0])]
        self._tasks = [entry for entry in self._tasks if not self._is_open(entry[0])]
        for _, loop, future in going:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_let_go, future)


def _let_go(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
