"""`with manager.scope()`: one request sees one version of every plugin."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from quiesce import Candidate, DrainPolicy, HotReloadState, Manifest, SelfDeadlock

from .service_support import Service, candidate, started, until, upgraded


@pytest.mark.rule("R2", "R3")
def test_every_way_to_call_keeps_the_version_first_seen() -> None:
    manager, plugin, old = started()
    handle = plugin.function("plain")
    with manager.scope():
        assert plugin.call("plain") == 1
        upgraded(plugin, 2)
        with plugin.lease() as instance:
            assert (plugin.call("plain"), handle(), instance.number, old.closed) == (1, 1, 1, False)
        assert asyncio.run(plugin.call_async("later")) == 1
    assert (plugin.call("plain"), handle(), old.closed) == (2, 2, True)
    assert plugin.in_flight() == 0


def test_what_the_scope_has_not_seen_it_does_not_hold() -> None:
    manager, plugin, old = started()
    with manager.scope():
        upgraded(plugin, 2)
        assert old.closed
        assert plugin.call("plain") == 2
        upgraded(plugin, 3)
        assert plugin.call("plain") == 2


def test_other_threads_and_other_managers_are_outside() -> None:
    manager, plugin, _ = started()
    other, stranger, _ = started()
    seen: list[int] = []
    with manager.scope():
        assert (plugin.call("plain"), stranger.call("plain")) == (1, 1)
        upgraded(plugin, 2)
        upgraded(stranger, 2)
        thread = threading.Thread(target=lambda: seen.append(plugin.call("plain")))
        thread.start()
        thread.join()
        copied = threading.Thread(
            target=contextvars.copy_context().run, args=(lambda: seen.append(plugin.call("plain")),)
        )
        copied.start()
        copied.join()
        assert (seen, stranger.call("plain")) == ([2, 1], 2)
        with other.scope():
            assert (stranger.call("plain"), plugin.call("plain")) == (2, 1)


def test_child_tasks_inherit_it_and_a_task_that_outlives_it_does_not() -> None:
    async def main() -> None:
        manager, plugin, old = started()
        go_on = asyncio.Event()

        async def late() -> int:
            await go_on.wait()
            answer: int = await plugin.call_async("later")
            return answer

        with manager.scope():
            await plugin.call_async("later")
            upgraded(plugin, 2)
            assert await asyncio.gather(*(plugin.call_async("later") for _ in range(5))) == [1] * 5
            task = asyncio.create_task(late())
        assert old.closed
        go_on.set()
        assert await task == 2

    asyncio.run(main())


def test_a_scope_within_a_scope_is_the_same_request() -> None:
    manager, plugin, _ = started()
    with manager.scope(), manager.scope():
        plugin.call("plain")
        upgraded(plugin, 2)
        with manager.scope():
            assert plugin.call("plain") == 1
    with pytest.raises(RuntimeError, match="used one"), manager.scope() as scope, scope:
        pass


@pytest.mark.rule("R4", "D5")
def test_calls_in_a_scope_pass_a_closed_gate() -> None:
    async def main() -> None:
        manager, plugin, _ = started(policy=DrainPolicy.HOLD)
        free = contextvars.copy_context()
        with manager.scope():
            plugin.call("plain")
            upgrade = asyncio.get_running_loop().create_task(plugin.upgrade_async(candidate(Service(2))), context=free)
            await until(lambda: plugin.state is HotReloadState.DRAINING)
            assert (plugin.call("plain"), await plugin.call_async("later")) == (1, 1)
        assert await upgrade == 2

    asyncio.run(main())


@pytest.mark.rule("D6")
def test_an_upgrade_that_would_wait_for_its_own_scope_is_refused() -> None:
    manager, plugin, _ = started()
    with manager.scope():
        assert plugin.upgrade(candidate(Service(2))) == 2, "nothing is held yet"
        plugin.call("plain")
        with pytest.raises(SelfDeadlock):
            plugin.upgrade(candidate(Service(3)))
        assert plugin.upgrade(candidate(Service(4)), policy=DrainPolicy.OVERLAP) == 3
        assert plugin.call("plain") == 2


@pytest.mark.rule("G2")
def test_a_plugin_seen_by_the_scope_serves_it_to_its_end_after_unregister() -> None:
    manager, plugin, old = started()
    with manager.scope():
        plugin.call("plain")
        ended: list[bool] = []
        thread = threading.Thread(target=lambda: ended.append(manager.unregister("service", 0)))
        thread.start()
        thread.join()
        assert (ended, plugin.call("plain"), old.closed) == ([False], 1, False)
    assert old.closed


def test_an_exception_ends_the_scope_like_any_block() -> None:
    manager, plugin, _ = started()
    with pytest.raises(LookupError), manager.scope():  # noqa: PT012 - the call must have been made in the scope
        plugin.call("plain")
        raise LookupError
    assert plugin.in_flight() == 0


def test_many_plugins_each_keep_their_own() -> None:
    manager, first, _ = started()
    second = manager.register(Candidate(Manifest("second", "1.0.0", ("plain",)), lambda: Service(10)))
    with manager.scope():
        assert (first.call("plain"), second.call("plain")) == (1, 10)
        upgraded(first, 2)
        assert (first.call("plain"), second.call("plain")) == (1, 10)
