"""A plugin of every kind of function, for the tests of what is awaited, scoped and held open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

from quiesce import Candidate, DrainPolicy, HotReloadablePlugin, HotReloadManager, Manifest

EXPORTS = ("plain", "later", "wait", "fails", "numbers", "stream", "outer", "meta")


class Service:
    """Every answer is the version's number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.closed = False
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.call: Callable[..., Any] | None = None

    def close(self) -> None:
        self.closed = True

    def plain(self) -> int:
        return self.number

    async def later(self, more: int = 0) -> int:
        await asyncio.sleep(0)
        return self.number + more

    async def wait(self) -> int:
        self.entered.set()
        await self.go_on.wait()
        return self.number

    async def fails(self) -> int:
        await asyncio.sleep(0)
        raise LookupError(self.number)

    def numbers(self) -> Generator[int, int | None, None]:
        got: int | None = None
        while True:
            got = yield self.number if got is None else got

    async def stream(self) -> AsyncIterator[int]:
        while True:
            yield self.number

    async def outer(self) -> tuple[int, int]:
        """Hold on, then call the plugin from inside."""
        assert self.call is not None
        await self.wait()
        return self.number, self.call("plain")

    def meta(self) -> Iterator[int]:
        """Call the plugin from inside a generator."""
        assert self.call is not None
        while True:
            yield self.call("plain")


def candidate(service: Service) -> Candidate[Service]:
    return Candidate(Manifest("service", f"{service.number}.0.0", EXPORTS), lambda: service)


def started(**how: Any) -> tuple[HotReloadManager, HotReloadablePlugin[Service], Service]:
    manager, service = HotReloadManager(**how), Service(1)
    plugin = manager.register(candidate(service))
    service.call = plugin.call
    return manager, plugin, service


def upgraded(plugin: HotReloadablePlugin[Service], number: int) -> Service:
    """Swap at once; whatever holds the old version goes on."""
    service = Service(number)
    service.call = plugin.call
    plugin.upgrade(candidate(service), policy=DrainPolicy.OVERLAP)
    return service


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks and threads run until it is so; the test's own time limit ends it otherwise."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event: a plugin's state, seen from outside
        await asyncio.sleep(0)
