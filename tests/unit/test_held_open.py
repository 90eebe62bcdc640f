"""Generators, coroutines and asynchronous generators hold their version until they end."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from quiesce import DrainPolicy

from .service_support import Service, candidate, started, upgraded


@pytest.mark.rule("R2", "R3", "R6", "M5")
@pytest.mark.parametrize("end", ["close", "throw", "collect", "never started"])
def test_a_generator_keeps_its_version_until_it_ends(end: str) -> None:
    _, plugin, old = started()
    numbers = plugin.call("numbers")
    if end != "never started":
        assert next(numbers) == 1
    upgraded(plugin, 2)
    assert (plugin.call("plain"), old.closed, len(plugin.stragglers())) == (2, False, 1)
    if end == "close":
        assert (numbers.send(9), next(numbers)) == (9, 1)
        numbers.close()
    elif end == "throw":
        with pytest.raises(LookupError):
            numbers.throw(LookupError())
    del numbers
    assert old.closed, "at once: no garbage collection is needed"
    assert plugin.in_flight() == 0


@pytest.mark.rule("R4")
def test_calls_made_inside_a_generator_run_on_its_version_and_others_do_not() -> None:
    _, plugin, old = started()
    meta = plugin.call("meta")
    assert next(meta) == 1
    upgraded(plugin, 2)
    assert (next(meta), plugin.call("plain"), next(meta)) == (1, 2, 1)
    meta.close()
    assert old.closed


@pytest.mark.rule("R2", "R6")
def test_a_coroutine_that_a_plain_call_made_keeps_its_version() -> None:
    async def main() -> None:
        _, plugin, old = started()
        later, never = plugin.call("later"), plugin.call("later")
        upgraded(plugin, 2)
        assert (await later, old.closed) == (1, False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # "was never awaited": that is what is tried
            del never
            gc.collect()
        assert old.closed

    asyncio.run(main())


@pytest.mark.rule("R2", "R6")
def test_an_asynchronous_generator_keeps_its_version() -> None:
    async def main() -> None:
        _, plugin, old = started()
        stream = plugin.call("stream")
        assert await anext(stream) == 1
        upgraded(plugin, 2)
        assert (await stream.asend(None), await plugin.call_async("plain"), old.closed) == (1, 2, False)
        with pytest.raises(LookupError):
            await stream.athrow(LookupError())
        assert old.closed
        again = await plugin.call_async("stream")
        assert await anext(again) == 2
        await again.aclose()
        assert plugin.in_flight() == 0

    asyncio.run(main())


def test_a_handle_and_a_call_in_a_held_generator_are_wrapped_alike() -> None:
    _, plugin, old = started()
    numbers = plugin.function("numbers")()
    upgraded(plugin, 2)
    assert next(numbers) == 1
    numbers.close()
    assert old.closed


@pytest.mark.parametrize("bad", [lambda p: p.call("numbers", 1, 2), lambda p: p.call("stream", x=1)])
def test_wrong_arguments_hold_nothing(bad: Callable[[Any], object]) -> None:
    _, plugin, _ = started()
    with pytest.raises(TypeError):
        bad(plugin)
    assert plugin.in_flight() == 0


@pytest.mark.rule("D2")
def test_a_drain_waits_for_an_open_generator() -> None:
    _, plugin, _ = started()
    numbers = plugin.call("numbers")
    with pytest.raises(Exception, match="drain"):
        plugin.upgrade(candidate(Service(2)), drain_timeout=0, policy=DrainPolicy.HOLD)
    numbers.close()
    assert plugin.upgrade(candidate(Service(3)), drain_timeout=0, policy=DrainPolicy.HOLD) == 3
