"""One thread of a scenario, as the engine keeps account of it."""

from __future__ import annotations

from _thread import LockType
from collections.abc import Callable
from typing import Any, Final

from .points import Choice
from .workers import Worker

__all__ = ["NOBODY", "Offers", "Thread"]

Offers = dict[tuple[str, str, bool, bool], tuple[Choice, ...]]
"""Point, object, writes, blocks -> what a thread can do there."""


class Thread:
    """One thread of a scenario.  What `Spawner.thread` gives."""

    __slots__ = (
        "args",
        "choices",
        "ended",
        "error",
        "expects",
        "function",
        "given_up",
        "gone",
        "ident",
        "index",
        "interrupts",
        "name",
        "offers",
        "park",
        "result",
        "struck",
        "taken",
        "waits_for",
        "wake",
        "worker",
    )

    def __init__(
        self,
        index: int,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        expects: tuple[type[BaseException], ...],
        interrupts: int,
        worker: Worker,
        offers: Offers,
    ) -> None:
        self.offers = offers
        self.index, self.name, self.function, self.args = index, name, function, args
        self.expects, self.interrupts, self.worker = expects, interrupts, worker
        self.park, self.wake, self.ident = worker.lock.acquire, worker.lock.release, worker.ident
        self.choices: tuple[Choice, ...] = ()
        """What it could do next.  Empty: it is blocked, or has ended."""
        self.waits_for: Choice | None = None
        """What it would do if it were not blocked."""
        self.taken: Choice | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.struck = self.given_up = 0
        self.ended = False
        self.gone: LockType | None = None
        """Let go when it has been unwound."""


class _Nobody:
    """Who goes on when nobody does."""

    ident = -1


NOBODY: Final = _Nobody()
