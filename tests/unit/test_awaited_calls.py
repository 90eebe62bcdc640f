"""`call_async` and `lease_async`: a hold that lasts as long as the await."""

from __future__ import annotations

import asyncio
import gc

import pytest

from quiesce import DrainPolicy, PluginUnregistered, UnknownFunction

from .service_support import Service, candidate, started, until, upgraded


@pytest.mark.rule("R2", "R3", "M5")
def test_an_awaited_call_ends_on_the_version_on_which_it_began() -> None:
    async def main() -> None:
        _, plugin, old = started()
        task = asyncio.create_task(plugin.call_async("wait"))
        await old.entered.wait()
        upgraded(plugin, 2)
        assert (await plugin.call_async("later"), old.closed) == (2, False)
        old.go_on.set()
        assert await task == 1
        assert old.closed

    asyncio.run(main())


@pytest.mark.rule("R1")
def test_arguments_results_and_errors_go_through() -> None:
    async def main() -> None:
        _, plugin, _ = started()
        assert await plugin.call_async("later", 5) == 6
        assert await plugin.call_async("later", more=7) == 8
        assert await plugin.call_async("plain") == 1
        with pytest.raises(LookupError):
            await plugin.call_async("fails")
        with pytest.raises(UnknownFunction):
            await plugin.call_async("nothing")
        with pytest.raises(TypeError):
            await plugin.call_async("later", 1, 2, 3)
        assert plugin.in_flight() == 0

    asyncio.run(main())


@pytest.mark.rule("R6")
@pytest.mark.parametrize("way", ["cancelled", "closed", "collected", "never awaited"])
def test_a_call_that_is_given_up_lets_its_version_go(way: str) -> None:
    async def main() -> None:
        _, plugin, old = started()
        if way == "cancelled":
            task = asyncio.create_task(plugin.call_async("wait"))
            await old.entered.wait()
            upgraded(plugin, 2)
            assert not old.closed
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            coroutine = plugin.call_async("wait")
            if way != "never awaited":
                coroutine.send(None)
            upgraded(plugin, 2)
            assert old.closed == (way == "never awaited"), "it starts when it is first awaited"
            if way != "collected":
                coroutine.close()
            del coroutine
            gc.collect()
        assert old.closed
        assert plugin.in_flight() == 0

    asyncio.run(main())


@pytest.mark.rule("R4")
def test_a_nested_call_runs_on_the_version_of_the_awaited_one() -> None:
    async def main() -> None:
        _, plugin, old = started()
        task = asyncio.create_task(plugin.call_async("outer"))
        await old.entered.wait()
        upgraded(plugin, 2)
        assert plugin.call("plain") == 2, "the waiting task captures nobody else's call"
        old.go_on.set()
        assert await task == (1, 1)

    asyncio.run(main())


@pytest.mark.rule("D5", "V3")
def test_a_task_waits_at_a_closed_gate_and_the_loop_goes_on() -> None:
    async def main() -> None:
        _, plugin, old = started(policy=DrainPolicy.HOLD)
        running = asyncio.create_task(plugin.call_async("wait"))
        await old.entered.wait()
        upgrade = asyncio.create_task(plugin.upgrade_async(candidate(Service(2))))
        await until(lambda: plugin.state.name == "DRAINING")
        held = [asyncio.create_task(plugin.call_async("later")) for _ in range(50)]

        async def leased() -> int:
            async with plugin.lease_async() as instance:
                return instance.number

        held.append(asyncio.create_task(leased()))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not any(task.done() for task in held)
        old.go_on.set()
        assert await running == 1
        assert await upgrade == 2
        assert await asyncio.gather(*held) == [2] * 51

    asyncio.run(main())


def test_an_asynchronous_lease_holds_its_version() -> None:
    async def main() -> None:
        _, plugin, old = started()
        lease = plugin.lease_async()
        async with lease as instance:
            upgraded(plugin, 2)
            assert (instance.number, plugin.call("plain"), old.closed) == (1, 1, False)
            with pytest.raises(RuntimeError, match="one in use"):
                await lease.__aenter__()
        assert (old.closed, lease.epoch) == (True, None)
        plugin.unregister()
        with pytest.raises(PluginUnregistered):
            await plugin.call_async("later")
        with pytest.raises(PluginUnregistered):
            async with plugin.lease_async():
                pass

    asyncio.run(main())
