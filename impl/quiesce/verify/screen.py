"""Progress for people: one live line on a terminal, a plain line now and then in a pipe or in CI."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

__all__ = ["Screen"]


class Screen:
    """Where a job says how far it is.  For one thread.

    Args:
        console: where to.
        every: seconds between two lines of progress where there is no terminal.

    """

    def __init__(self, console: Console, every: float = 5.0) -> None:
        self.console = console
        self._every = every
        self._last = time.monotonic()
        self._status: Status | None = Status("", console=console) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def stage(self, line: str) -> None:
        """A stage begins."""
        self.say(f"== {line}")

    def say(self, line: str) -> None:
        """A line that stays."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def progress(self, line: str) -> None:
        """A line that the next one takes the place of."""
        if self._status is not None:
            self._status.update(line)
        elif time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self.say(f"   {line}")
