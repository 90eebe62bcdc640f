"""An upgrade that was struck right after the close hook left the old version among those that are being closed.

So its instance was kept, and a plugin that was unregistered then never counted as gone.  Found by `quiesce schedules`
in ``continue/struck-upgrade``, at the last ``lock.acquire``.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

import pytest

from quiesce import Candidate, HotReloadablePlugin, Manifest, Seam

MANIFEST = Manifest("sample", "1.0.0", ("f",))


class Sample:
    def __init__(self, closed: list[int]) -> None:
        self.closed = closed

    def f(self) -> None:
        return None

    def close(self) -> None:
        self.closed.append(1)


class Lock:
    """Raises KeyboardInterrupt instead of being taken, the how-many-th time that it is told."""

    def __init__(self) -> None:
        self.inside = threading.Lock()
        self.left = -1

    def __enter__(self) -> bool:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.inside.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.inside.__exit__(kind, error, trace)


class Locking(Seam):
    def __init__(self) -> None:
        self.made = Lock()

    def lock(self) -> Any:
        return self.made


@pytest.mark.rule("R6", "M5", "G2")
@pytest.mark.parametrize("operation", ["upgrade", "unregister"])
def test_a_version_that_was_closed_is_let_go_of_wherever_the_interrupt_strikes(operation: str) -> None:
    for strikes_at in range(1, 40):
        seam, closed = Locking(), list[int]()
        plugin = HotReloadablePlugin(MANIFEST, Sample(closed), seam=seam)
        seam.made.left = strikes_at
        try:
            if operation == "upgrade":
                plugin.upgrade(Candidate(MANIFEST, lambda: Sample([])))
            else:
                plugin.unregister()
        except KeyboardInterrupt:
            core: Any = plugin._core  # noqa: SLF001 - nobody else knows
            assert not core.book.closing, f"struck at acquisition {strikes_at}"
            if closed and operation == "unregister":
                assert core.gone.is_set()
        else:
            assert strikes_at > 4, "it was struck"
            return
    pytest.fail("it always takes the lock once more")
