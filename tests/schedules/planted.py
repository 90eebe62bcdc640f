"""Defects to plant in the kernel, each a small patch; a trace of the patched kernel must be rejected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from quiesce import HotReloadablePlugin
from quiesce._kernel import candidate
from quiesce._kernel.decide import Decider
from quiesce._kernel.reclaim import Core
from quiesce._kernel.states import HotReloadState, Life, Up
from quiesce._kernel.upgrade import Upgrader
from quiesce.recording import RecordingSeam


def note_closings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record an event ``closed`` whenever the close hook of a version begins."""
    original = candidate.Version.close

    def close(self: candidate.Version) -> None:
        load = getattr(self.instance, "load", None)
        if load is not None and isinstance(load.seam, RecordingSeam):
            number = self.number
            load.seam.note("closed", lambda: {"closed": number})
        original(self)

    monkeypatch.setattr(candidate.Version, "close", close)


# == defects ========================================================================================================
class NoSecondLook(HotReloadablePlugin):
    """A call starts on what it read, whatever was published since."""

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        record = self._pointer.record
        slot = record.take()
        try:
            return record.functions[function](*args, **kwargs)
        finally:
            record.pool.append(slot)
            if self._pointer.record is not record:
                self._core.look(record)


class NeverLooksBack(HotReloadablePlugin):
    """A call that ends on a record that is over tells nobody."""

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        while True:
            record = self._pointer.record
            slot = record.take()
            current = self._pointer.record is record
            try:
                if current:
                    return record.functions[function](*args, **kwargs)
            finally:
                record.pool.append(slot)


def lost_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last holder looks, and wakes nobody."""
    original = Core.settle
    monkeypatch.setattr(Core, "settle", lambda self, **_: original(self, drains=False))


def drained_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drain asks nobody."""
    monkeypatch.setattr(Core, "drained", lambda self, before: True)


def frees_under_holders(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retired version is freed while calls run on it."""

    def reclaimed(self: Core, book: Any, version: Any) -> Any:
        return self.freed(book, version) if book.lives.get(version) is Life.RETIRED else book

    monkeypatch.setattr(Core, "reclaimed", reclaimed)


def gate_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancel and time-out roll back, but nothing is published: held calls are held for ever."""

    def reopen(self: Decider, action: str, book: Any, attempt: Any, at: Up = Up.DISCARD) -> None:
        self.core.write(action, book, attempt, at)

    monkeypatch.setattr(Decider, "_reopen", reopen)


def swaps_though_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the drain does not ask whether somebody has taken the ticket away."""

    def end_of_drain(self: Upgrader, attempt: Any, drain: Any) -> bool:
        core = self.core
        core.drains = tuple(d for d in core.drains if d is not drain)
        book = replace(core.book, state=HotReloadState.SWAPPING, attempt=None)
        core.write("drained_in_time", book, attempt, Up.SWAP)
        return False

    monkeypatch.setattr(Upgrader, "_end_of_drain", end_of_drain)


def counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed upgrade is counted twice."""
    original = Decider._failed  # noqa: SLF001 - a defect is planted where the code is

    def failed(self: Decider, book: Any, stats: Any) -> Any:
        return original(self, book, replace(stats, failed_upgrades=stats.failed_upgrades + 1))

    monkeypatch.setattr(Decider, "_failed", failed)
