"""Calls, handles, nested calls and leases."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from quiesce import DrainPolicy, DrainTimeout, HotReloadablePlugin, SelfDeadlock, UnknownFunction
from tests.unit.kernel_support import LONG, Doing, Inside, Plugin, candidate, inside, make, quiet, until_state

Call = Callable[..., Any]


@pytest.fixture(params=["call", "handle"])
def call(request: pytest.FixtureRequest) -> Callable[[HotReloadablePlugin, str], Call]:
    """Both ways of calling a function."""

    def bind(plugin: HotReloadablePlugin, name: str) -> Call:
        if request.param == "handle":
            return plugin.function(name)
        return lambda *args, **kwargs: plugin.call(name, *args, **kwargs)

    return bind


@pytest.mark.rule("R1")
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), ((1,), {}), ((1, 2), {}), ((1, 2, 3), {}), ((), {"a": 1}), ((1,), {"a": 2}), ((None,), {"function": 3})],
)
def test_arguments_and_result_go_through_unchanged(
    call: Callable[[HotReloadablePlugin, str], Call], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    plugin, _ = make()
    expected = ("one", args, kwargs) if args or kwargs else "one"
    for _ in range(3):  # the first call makes a slot, the later ones find it
        assert call(plugin, "tag")(*args, **kwargs) == expected
    assert quiet(plugin)


@pytest.mark.rule("R1", "R6")
@pytest.mark.parametrize("error", [KeyError("x"), IndexError(), TypeError(), KeyboardInterrupt(), GeneratorExit()])
def test_an_exception_goes_through_once_and_nothing_is_held(
    call: Callable[[HotReloadablePlugin, str], Call], error: BaseException
) -> None:
    plugin, _ = make()
    for _ in range(3):
        with pytest.raises(type(error)) as caught:
            call(plugin, "fail")(error)
        assert caught.value is error
        assert quiet(plugin)


@pytest.mark.rule("R1")
@pytest.mark.parametrize("name", ["nothing", "init", "_use", "", 3, None, [], b"tag"])
def test_an_unknown_function_is_refused(name: Any) -> None:
    plugin, _ = make()
    for _ in range(2):
        with pytest.raises(UnknownFunction, match="exports tag, run, fail, numbers"):
            plugin.call(name)
    with pytest.raises(UnknownFunction):
        plugin.function(name)
    assert quiet(plugin)


@pytest.mark.rule("T3")
def test_a_handle_follows_the_version_that_serves(call: Callable[[HotReloadablePlugin, str], Call]) -> None:
    plugin, _ = make()
    tag = call(plugin, "tag")
    assert tag() == "one"
    plugin.upgrade(candidate(Plugin("two")))
    assert tag() == "two"


def test_a_handle_whose_function_went_says_so() -> None:
    plugin, _ = make()
    tag = plugin.function("tag")
    plugin.upgrade(candidate(Plugin("two"), exports=("run",)))
    with pytest.raises(UnknownFunction, match="exports run; got 'tag'"):
        tag()


@pytest.mark.rule("R2", "R3")
def test_a_call_in_flight_ends_on_its_own_version(call: Callable[[HotReloadablePlugin, str], Call]) -> None:
    plugin, first = make()
    entered, go = threading.Event(), threading.Event()

    def what() -> object:
        entered.set()
        assert go.wait(LONG)
        return first.closes

    run = call(plugin, "run")
    thread = Doing(lambda: run(what))
    assert entered.wait(LONG)
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
    assert plugin.call("tag") == "two"
    assert first.closes == 0
    go.set()
    assert thread.end() == ("one", 0)
    assert first.closes == 1, "M5: freed on the last release"
    assert first.used_after_close == 0
    assert quiet(plugin)


@pytest.mark.rule("R4")
def test_a_nested_call_runs_on_the_outer_version_after_a_swap(call: Callable[[HotReloadablePlugin, str], Call]) -> None:
    plugin, _ = make()
    tag = call(plugin, "tag")
    deep = call(plugin, "run")
    thread = Inside(plugin, lambda: (tag(), deep(lambda: deep(tag))))
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
    assert tag() == "two"
    assert thread.leave() == ("one", ("one", ("one", ("one", "one"))))
    assert quiet(plugin)


@pytest.mark.rule("R4", "D5", "V3")
def test_a_nested_call_passes_a_closed_gate_and_others_wait() -> None:
    plugin, _ = make()
    thread = Inside(plugin, lambda: plugin.call("tag"))
    upgrade = Doing(lambda: plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.HOLD, drain_timeout=LONG))
    until_state(plugin, "DRAINING")
    other = Doing(lambda: plugin.call("tag"))
    assert thread.leave() == ("one", "one")
    upgrade.end()
    assert other.end() == "two", "it waited at the gate, and ran on the new version"
    assert quiet(plugin)


@pytest.mark.rule("R4")
def test_a_nested_unknown_function_is_judged_by_the_outer_version() -> None:
    plugin, _ = make()
    thread = Inside(plugin, lambda: plugin.call("tag"))
    plugin.upgrade(candidate(Plugin("two"), exports=("run",)), policy=DrainPolicy.OVERLAP)
    assert thread.leave() == ("one", "one")
    with pytest.raises(UnknownFunction):
        plugin.call("tag")


@pytest.mark.rule("R4", "G3")
def test_being_inside_one_plugin_is_not_being_inside_another() -> None:
    plugin, _ = make()
    other, _ = make()
    thread = Inside(plugin, lambda: other.call("tag"))
    other_thread = Inside(other)
    other.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
    assert thread.leave() == ("one", "two")
    other_thread.leave()
    assert quiet(plugin)
    assert quiet(other)


@pytest.mark.rule("R4")
def test_recursion_500_deep() -> None:
    plugin, _ = make()

    def down(n: int) -> int:
        return 0 if n == 0 else 1 + plugin.call("run", lambda: down(n - 1))[1]

    # On the current record every level enters by itself; after a swap every level but the first is nested.
    thread = Inside(plugin, lambda: down(60))
    assert down(60) == 60
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
    assert thread.leave() == ("one", 60)
    assert quiet(plugin)


# -- leases -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R2", "R3")
def test_a_lease_holds_its_version() -> None:
    plugin, first = make()
    with plugin.lease() as instance:
        assert instance is first
        plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
        assert first.closes == 0
        assert plugin.call("tag") == "one", "R4: within the lease"
        assert Doing(lambda: plugin.call("tag")).end() == "two", "another thread is not within it"
    assert first.closes == 1
    assert plugin.call("tag") == "two"
    assert quiet(plugin)


@pytest.mark.rule("D2", "D4")
def test_a_drain_waits_for_a_lease_and_lists_it() -> None:
    plugin, _ = make()
    with plugin.lease():
        attempt = Doing(lambda: plugin.upgrade(candidate(Plugin("two")), drain_timeout=0.01))
        with pytest.raises(DrainTimeout) as caught:
            attempt.end()
    assert [s.thread for s in caught.value.stragglers] == ["MainThread"]
    assert caught.value.stragglers[0].age > 0
    assert quiet(plugin)


@pytest.mark.rule("R6")
def test_a_lease_in_a_generator_ends_with_it() -> None:
    plugin, first = make()

    def reader() -> Iterator[object]:
        with plugin.lease():
            yield plugin.call("tag")
            yield plugin.call("tag")

    generator = reader()
    assert next(generator) == "one"
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
    assert plugin.call("tag") == "two", "a suspended generator captures nobody else's calls"
    assert next(generator) == "one", "its own calls stay on its version"
    assert first.closes == 0
    del generator
    gc.collect()
    assert first.closes == 1
    assert quiet(plugin)


@pytest.mark.rule("R4", "R6")
def test_a_lease_passed_on_by_a_context_manager_covers_the_with_block() -> None:
    plugin, _ = make()

    @contextmanager
    def unit_of_work() -> Iterator[None]:
        with plugin.lease():
            yield

    class Unit:
        def __enter__(self) -> None:
            self.lease = plugin.lease()
            self.lease.__enter__()

        def __exit__(self, *_: object) -> None:
            self.lease.__exit__(None, None, None)

    @contextmanager
    def stacked() -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(plugin.lease())
            yield

    ways: list[Callable[[], Any]] = [unit_of_work, Unit, stacked, lambda: plugin.lease()]
    for k, way in enumerate(ways):
        before = plugin.call("tag")
        with way():
            plugin.upgrade(candidate(Plugin(f"v{k}")), policy=DrainPolicy.OVERLAP)
            assert plugin.call("tag") == before, way
        assert plugin.call("tag") == f"v{k}"
        assert quiet(plugin)


@pytest.mark.rule("R3", "R4")
def test_a_lease_inside_a_call_outlives_it_on_the_outer_version() -> None:
    plugin, first = make()
    kept: list[Any] = []

    def take() -> str:
        lease = plugin.lease()
        lease.__enter__()
        kept.append(lease)
        return "taken"

    thread = Inside(plugin, take)
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
    assert thread.leave() == ("one", "taken")
    assert first.closes == 0, "the lease still holds it"
    kept.pop().__exit__(None, None, None)
    assert first.closes == 1
    assert quiet(plugin)


def test_a_lease_is_for_one_with_block() -> None:
    plugin, _ = make()
    lease = plugin.lease()
    epochs = [lease.epoch]
    with lease:
        epochs.append(lease.epoch)
        with pytest.raises(RuntimeError, match="ask the plugin for another"):
            lease.__enter__()
    with lease:  # again, after it was left, is harmless
        pass
    assert [*epochs, lease.epoch] == [None, 0, None]
    assert quiet(plugin)


# -- D6 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("D6")
@pytest.mark.parametrize("policy", [DrainPolicy.CONTINUE, DrainPolicy.HOLD])
def test_waiting_for_oneself_is_refused(policy: DrainPolicy) -> None:
    plugin, _ = make()
    plugin.prepare_upgrade(candidate(Plugin("two")))
    before = plugin.snapshot()
    operations: list[Callable[[], object]] = [
        lambda: plugin.execute_upgrade(policy=policy),
        lambda: plugin.upgrade(candidate(Plugin("x")), policy=policy),
        plugin.unregister,
    ]
    for operation in operations:
        with pytest.raises(SelfDeadlock):
            plugin.call("run", operation)
        with plugin.lease(), pytest.raises(SelfDeadlock):
            operation()
        assert plugin.snapshot() == before
    plugin.execute_upgrade(policy=DrainPolicy.HOLD, probation=True)
    with pytest.raises(SelfDeadlock):
        plugin.call("run", plugin.revert)
    plugin.call("run", plugin.commit)  # waits for nobody
    assert quiet(plugin)


@pytest.mark.rule("D6")
def test_overlap_waits_for_nobody_and_is_allowed_inside() -> None:
    plugin, first = make()
    two = candidate(Plugin("two"))
    assert plugin.call("run", lambda: (plugin.upgrade(two, policy=DrainPolicy.OVERLAP), plugin.call("tag")))[1] == (
        2,
        "one",
    )
    assert (plugin.call("tag"), first.closes) == ("two", 1)
    assert quiet(plugin)


@pytest.mark.rule("D6")
def test_a_handover_hook_that_calls_the_plugin_is_refused_at_once() -> None:
    plugin, first = make()
    caught: list[BaseException] = []

    def hook() -> None:
        try:
            plugin.call("tag")
        except SelfDeadlock as error:
            caught.append(error)

    first.on["export_state"] = hook
    plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.HOLD)
    assert len(caught) == 1
    assert quiet(plugin)


def test_hooks_may_call_the_plugin_where_nothing_is_closed() -> None:
    plugin, first = make()
    seen: list[object] = []
    two = Plugin("two")
    two.on["init"] = lambda: seen.append(plugin.call("tag"))
    first.on["close"] = lambda: seen.append(plugin.call("tag"))

    def health(_: object) -> bool:
        seen.append(plugin.call("tag"))
        return True

    plugin.upgrade(candidate(two), health_check=health)
    assert seen == ["one", "two", "two"]
    assert quiet(plugin)


def test_a_thread_in_flight_is_listed_with_its_stack() -> None:
    plugin, _ = make()
    with inside(plugin):
        assert plugin.stragglers() == [], "the current epoch has no stragglers"
        plugin.upgrade(candidate(Plugin("two")), policy=DrainPolicy.OVERLAP)
        (one,) = plugin.stragglers()
        assert (one.thread, one.epoch, one.version) == ("inside", 0, 1)
        assert any("_inside" in line for line in one.stack)
        assert "inside on version 1 (epoch 0)" in str(one)
    assert plugin.stragglers() == []
