"""A call stalled between reading the pointer and looking its function up, while the version that it read was freed.

The freed version had let go of its functions, so the call ended with `UnknownFunction`: it failed because of an
upgrade.
Found by random load with callers that dawdle between their steps.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from quiesce import Candidate, HotReloadablePlugin, Manifest
from quiesce.recording import RecordingSeam

PATIENCE = 30.0


class Stalling(RecordingSeam):
    """Holds the thread called "stalled" up after its n-th read of the pointer."""

    def __init__(self, nth: int) -> None:
        super().__init__()
        self.nth, self.reads = nth, 0
        self.there, self.go_on = threading.Event(), threading.Event()

    def read(self, pointer: Any) -> Any:
        record = super().read(pointer)
        if threading.current_thread().name == "stalled":
            self.reads += 1
            if self.reads == self.nth:
                self.there.set()
                assert self.go_on.wait(PATIENCE)
        return record


class Instance:
    def find(self) -> str:
        return "found"


@pytest.mark.rule("R5")
@pytest.mark.parametrize("nth", [1, 2], ids=["on the fast path", "on the slow path"])
def test_a_call_that_read_a_freed_version_reads_again(nth: int) -> None:
    candidate = Candidate(Manifest("search", "1.0.0", ("find",)), Instance)
    seam = Stalling(nth)
    plugin = HotReloadablePlugin(candidate, seam=seam)
    results: list[str] = []
    stalled = threading.Thread(target=lambda: results.append(plugin.call("find")), name="stalled", daemon=True)
    stalled.start()
    assert seam.there.wait(PATIENCE)
    for _ in range(2):
        plugin.upgrade(candidate)  # nobody holds the version that was read: it is freed
    seam.go_on.set()
    stalled.join(PATIENCE)
    assert results == ["found"]
