"""The twins of the upgrade's operations: a thread works, the loop goes on, and a cancelled task takes back its own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from quiesce import Candidate, DrainPolicy, DrainTimeout, HotReloadState, SelfDeadlock, UpgradeFailed, WrongState
from quiesce._kernel.book import Withdrawal

from .service_support import Service, candidate, started, until, upgraded


def test_prepare_execute_revert_unregister() -> None:
    async def main() -> None:
        _, plugin, _ = started()
        assert await plugin.prepare_upgrade_async(candidate(Service(2))) == 2
        assert await plugin.execute_upgrade_async(probation=True) == 2
        await plugin.revert_async()
        assert plugin.call("plain") == 1
        with pytest.raises(WrongState):
            await plugin.execute_upgrade_async()
        assert await plugin.unregister_async()

    asyncio.run(main())


@pytest.mark.rule("B1", "B4", "D4")
def test_failures_arrive_where_the_upgrade_is_awaited() -> None:
    async def main() -> None:
        _, plugin, old = started()

        def broken() -> Service:
            raise ArithmeticError

        with pytest.raises(UpgradeFailed):
            await plugin.upgrade_async(Candidate(candidate(Service(2)).manifest, broken))
        task = asyncio.create_task(plugin.call_async("wait"))
        await old.entered.wait()
        with pytest.raises(DrainTimeout) as late:
            await plugin.upgrade_async(candidate(Service(3)), drain_timeout=0)
        assert len(late.value.stragglers) == 1
        old.go_on.set()
        assert await task == 1

    asyncio.run(main())


@pytest.mark.rule("B1", "B3")
def test_a_cancelled_task_cancels_its_upgrade_and_waits_for_the_thread() -> None:
    async def main() -> None:
        _, plugin, old = started()
        call = asyncio.create_task(plugin.call_async("wait"))
        await old.entered.wait()
        new = Service(2)
        upgrade = asyncio.create_task(plugin.upgrade_async(candidate(new), drain_timeout=None))
        await until(lambda: plugin.state is HotReloadState.DRAINING)
        upgrade.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upgrade
        assert (plugin.state, plugin.version, new.closed) == (HotReloadState.ROLLED_BACK, 1, True)
        assert plugin.stats.failed_upgrades == 1
        old.go_on.set()
        assert await call == 1
        assert upgraded(plugin, 3).number == plugin.call("plain")

    asyncio.run(main())


def test_cancelled_while_it_builds_it_never_drains() -> None:
    async def main() -> None:
        _, plugin, _ = started()
        building, go_on, new = threading.Event(), threading.Event(), Service(2)

        def build() -> Service:
            building.set()
            go_on.wait(60)
            return new

        upgrade = asyncio.create_task(plugin.upgrade_async(Candidate(candidate(new).manifest, build)))
        await until(building.is_set)
        upgrade.cancel()
        await asyncio.sleep(0)
        upgrade.cancel()  # impatience changes nothing: the hook is still running
        await asyncio.sleep(0)
        assert not upgrade.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await upgrade
        assert (plugin.state, plugin.version, new.closed) == (HotReloadState.ACTIVE, 1, True)
        assert plugin.snapshot().live_versions == 1

    asyncio.run(main())


def test_a_cancelled_task_leaves_the_upgrade_of_another_alone() -> None:
    async def main() -> None:
        _, plugin, _ = started()
        plugin.prepare_upgrade(candidate(Service(2)))
        plugin._upgrader.withdraw(Withdrawal())  # noqa: SLF001 - what the cancellation of another task does
        assert plugin.execute_upgrade() == 2

    asyncio.run(main())


@pytest.mark.rule("D6")
def test_asked_for_from_inside_a_call_it_is_refused_at_once() -> None:
    async def main() -> None:
        _, plugin, _ = started()

        async def upgrade_me() -> int:
            with pytest.raises(SelfDeadlock):
                await plugin.upgrade_async(candidate(Service(2)))
            with pytest.raises(SelfDeadlock):
                await plugin.unregister_async()
            return 0

        class Asks(Service):
            async def wait(self) -> int:
                return await upgrade_me()

        plugin.upgrade(candidate(Asks(2)), policy=DrainPolicy.OVERLAP)
        assert await plugin.call_async("wait") == 0

    asyncio.run(main())
