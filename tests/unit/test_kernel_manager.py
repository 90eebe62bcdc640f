"""`HotReloadManager`: names, and plugins that do not affect each other."""

from __future__ import annotations

from typing import Any

import pytest

from quiesce import (
    Candidate,
    DuplicatePlugin,
    HotReloadablePlugin,
    HotReloadManager,
    PluginUnregistered,
    SelfDeadlock,
    UnknownPlugin,
    UpgradeInProgress,
)
from tests.unit.kernel_support import Inside, Plugin, candidate, inside, manifest


def plugin_named(name: str, tag: str = "one") -> HotReloadablePlugin:
    return HotReloadablePlugin(manifest(name), Plugin(tag))


@pytest.mark.rule("G1")
def test_names_are_unique() -> None:
    manager = HotReloadManager()
    first = manager.register(plugin_named("a"))
    built: list[Plugin] = []

    def build() -> Plugin:
        built.append(Plugin())
        return built[-1]

    for again in (plugin_named("a"), Candidate(manifest("a"), build)):
        with pytest.raises(DuplicatePlugin, match="got 'a'; upgrade it or unregister it first"):
            manager.register(again)
    assert manager.get("a") is first
    assert not built, "it is refused before anything is built"
    assert manager.register(first) is first, "the same plugin again changes nothing"


@pytest.mark.rule("G1")
def test_a_candidate_that_loses_a_race_is_closed() -> None:
    manager = HotReloadManager()
    late = Plugin()

    def build() -> Plugin:
        manager.register(plugin_named("a"))
        return late

    with pytest.raises(DuplicatePlugin):
        manager.register(Candidate(manifest("a"), build))
    assert (late.inits, late.closes) == (1, 1)


def test_the_rest_of_the_surface() -> None:
    manager = HotReloadManager(drain_timeout=1.0)
    manager.register(candidate(Plugin("one"), name="a"))
    manager.register(plugin_named("b"))
    assert manager.list() == ["a", "b"]
    assert manager.upgrade("a", candidate(Plugin("two"), name="a"), probation=True) == 2
    manager.get("a").commit()
    stats = manager.all_stats()
    assert (stats["a"].version, stats["b"].version, stats["a"].successful_upgrades) == (2, 1, 1)
    assert manager.unregister("a") is True
    assert manager.list() == ["b"]
    manager.register(plugin_named("a"))


@pytest.mark.parametrize("name", ["nobody", "", None, 3, [], b"a"])
def test_an_unknown_plugin(name: Any) -> None:
    manager = HotReloadManager()
    manager.register(plugin_named("a"))
    for operation in (manager.get, manager.unregister, lambda n: manager.upgrade(n, candidate(Plugin()))):
        with pytest.raises(UnknownPlugin, match=r"expected one of the registered plugins \(a\), got"):
            operation(name)


@pytest.mark.rule("G2")
def test_unregistering() -> None:
    manager = HotReloadManager()
    instance = Plugin("one")
    plugin = manager.register(candidate(instance, name="a"))
    thread = Inside(plugin)
    assert manager.unregister("a", 0) is False
    assert manager.list() == []
    with pytest.raises(PluginUnregistered):
        plugin.call("tag")
    thread.leave()
    assert instance.closes == 1


@pytest.mark.rule("G2", "D6", "L3")
def test_unregistering_that_is_refused_keeps_the_plugin() -> None:
    manager = HotReloadManager()
    plugin = manager.register(candidate(Plugin("one"), name="a"))
    with pytest.raises(SelfDeadlock):
        plugin.call("run", lambda: manager.unregister("a"))
    plugin.prepare_upgrade(candidate(Plugin("two"), name="a"))
    with pytest.raises(UpgradeInProgress):
        manager.unregister("a")
    assert manager.get("a") is plugin
    assert plugin.call("tag") == "one"


@pytest.mark.rule("G3")
def test_a_stuck_plugin_delays_nobody() -> None:
    manager = HotReloadManager()
    stuck = manager.register(candidate(Plugin("one"), name="stuck"))
    with inside(stuck):
        stuck.prepare_upgrade(candidate(Plugin("two"), name="stuck"))
        manager.register(plugin_named("other"))
        manager.upgrade("other", candidate(Plugin("two"), name="other"))
        assert manager.get("other").call("tag") == "two"
        assert manager.unregister("other") is True


@pytest.mark.rule("G3")
def test_many_plugins() -> None:
    manager = HotReloadManager()
    for k in range(2_000):
        manager.register(plugin_named(f"p{k}", str(k)))
    assert [manager.get(f"p{k}").call("tag") for k in range(0, 2_000, 97)] == [str(k) for k in range(0, 2_000, 97)]
    assert len(manager.list()) == 2_000
