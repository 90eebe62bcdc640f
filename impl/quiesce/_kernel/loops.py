"""How a task waits without blocking its thread.

The kernel knows no event loop; it needs two things of one, and the outer layer plugs them in (`quiesce.aio`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from .seam import Event

__all__ = ["LOOPS", "Loops", "Plugged"]


class Loops(Protocol):
    """What an event loop must be able to do."""

    def opened(self, event: Event) -> Awaitable[object]:
        """Wait until the event is set, without blocking the running thread."""
        ...

    def in_thread(self, work: Callable[[], Any], withdraw: Callable[[], object]) -> Awaitable[Any]:
        """Run `work` in a thread of its own and give what it gives.

        If the awaiting task is cancelled, `withdraw` is called, the end of the thread is awaited, and the cancellation
        goes on.
        """
        ...


class Plugged:
    """Where the outer layer plugs its event loop in.  One for the process."""

    __slots__ = ("loops",)

    loops: Loops


LOOPS: Final = Plugged()
