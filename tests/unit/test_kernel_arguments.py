"""Bad input: a typed error that says what was expected and what was got; nothing changed, the old version serving."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from quiesce import (
    Candidate,
    DrainPolicy,
    EpochTracker,
    Hook,
    HotReloadablePlugin,
    HotReloadManager,
    InvalidArgument,
    InvalidManifest,
    InvalidTimeout,
    Manifest,
    QuiesceError,
    Resources,
)
from tests.unit.kernel_support import Plugin, candidate, make, manifest, quiet

NO_TIMEOUTS: list[Any] = [math.nan, -1, -0.001, -math.inf, True, False, "5", b"1", [], object, 1j, Fraction(1, 2)]
TIMEOUTS: list[Any] = [0, 0.0, 1, 2.5, None, math.inf, 10**12, 5e-324]


def timeout_operations(plugin: HotReloadablePlugin) -> dict[str, Callable[[Any], object]]:
    return {
        "execute_upgrade": lambda t: plugin.execute_upgrade(drain_timeout=t),
        "upgrade": lambda t: plugin.upgrade(candidate(Plugin("x")), drain_timeout=t),
        "revert": plugin.revert,
        "unregister": plugin.unregister,
        "constructor": lambda t: HotReloadablePlugin(manifest(), Plugin(), drain_timeout=t),
        "wait_drain": lambda t: EpochTracker[None]().wait_drain(0, t),
    }


@pytest.mark.rule("D4", "L3")
@pytest.mark.parametrize("operation", timeout_operations(make()[0]))
@pytest.mark.parametrize("value", NO_TIMEOUTS, ids=repr)
def test_a_timeout_that_is_none(operation: str, value: Any) -> None:
    plugin, _ = make()
    plugin.prepare_upgrade(candidate(Plugin("two")))
    before = plugin.snapshot()
    with pytest.raises(InvalidTimeout, match="expected seconds as a number >= 0, or None for no limit, got") as caught:
        timeout_operations(plugin)[operation](value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    assert isinstance(caught.value, ValueError if is_number else TypeError)
    assert plugin.snapshot() == before
    plugin.execute_upgrade()
    assert plugin.call("tag") == "two"


@pytest.mark.rule("D4")
@pytest.mark.parametrize("value", TIMEOUTS, ids=repr)
def test_a_timeout_that_is_one(value: Any) -> None:
    plugin, _ = make()
    plugin.upgrade(candidate(Plugin("two")), drain_timeout=value)
    assert plugin.unregister(value) is True


def _bad_calls(plugin: HotReloadablePlugin) -> list[Callable[[], object]]:
    good, anything = candidate(Plugin("x")), object()
    calls: list[Callable[..., object]] = [
        lambda v: plugin.prepare_upgrade(v),
        lambda v: plugin.upgrade(v),
        lambda v: plugin.upgrade(good, policy=v),
        lambda v: plugin.upgrade(good, probation=v),
        lambda v: plugin.upgrade(good, health_check=v),
        lambda v: HotReloadablePlugin(v),
        lambda v: HotReloadablePlugin(good, policy=v),
        lambda v: HotReloadablePlugin(good, max_live_versions=v),
        lambda v: HotReloadablePlugin(good, close_failed=v),
        lambda v: HotReloadablePlugin(good, seam=v),
        lambda v: HotReloadablePlugin(good, v),
        lambda v: HotReloadManager(seam=v),
        lambda v: HotReloadManager().register(v),
        lambda v: EpochTracker(seam=v),
        lambda v: Candidate(v, Plugin),
        lambda v: Candidate(manifest(), v),
        lambda v: HotReloadablePlugin(Candidate(lambda: v, Plugin)),
    ]
    bad: list[Any] = [anything, "text", 1, 1.5, b"", {"a": 1}]
    return [lambda call=call, v=v: call(v) for call in calls for v in bad]  # type: ignore[misc]  # a lambda with defaults


@pytest.mark.rule("L3")
def test_wrong_types_are_refused_everywhere() -> None:
    plugin, _ = make()
    before = plugin.snapshot()
    calls = _bad_calls(plugin)
    assert len(calls) == 17 * 6
    for call in calls:
        with pytest.raises(InvalidArgument, match=r"expected .*, got ") as caught:
            call()
        assert isinstance(caught.value, QuiesceError)
        assert isinstance(caught.value, TypeError)
    assert plugin.snapshot() == before
    assert quiet(plugin)


@pytest.mark.parametrize("bound", [-1, 0, 1, True, 2.0, "3"])
def test_a_bound_on_live_versions_that_is_none(bound: Any) -> None:
    with pytest.raises(InvalidArgument, match="an integer, at least 2"):
        HotReloadablePlugin(manifest(), Plugin(), max_live_versions=bound)


def test_an_instance_without_the_exported_functions() -> None:
    with pytest.raises(InvalidArgument):
        HotReloadablePlugin(manifest())
    with pytest.raises(InvalidManifest, match="expected a function 'tag' of the instance, got nothing of that name"):
        HotReloadablePlugin(manifest(), object())


@pytest.mark.parametrize("hook", ["init", "close", "export_state", "import_state"])
def test_a_hook_that_is_no_method(hook: str) -> None:
    instance = Plugin("x")
    setattr(instance, hook, "not a method")
    with pytest.raises(InvalidManifest, match=f"{hook}: expected a method, got 'not a method' of type str"):
        HotReloadablePlugin(candidate(instance))


# -- manifests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"name": ""}, "^name: expected a letter"),
        ({"name": "1st"}, "^name: expected a letter"),
        ({"name": "../etc/passwd"}, "^name: expected a letter"),
        ({"name": "a\n"}, "^name: expected a letter"),
        ({"name": "a" * 129}, "^name: expected a letter"),
        ({"name": 3}, "^name: .*got 3 of type int"),
        ({"version": "1"}, "^version: expected a SemVer version such as 1.2.3, got '1'"),
        ({"version": "01.2.3"}, "^version"),
        ({"version": "1.2.3-"}, "^version"),
        ({"version": "1.2.3\n"}, "^version"),
        ({"version": None}, "^version: .*of type NoneType"),
        ({"exports": "tag"}, "^exports: expected several names, got 'tag' of type str"),
        ({"exports": 5}, "^exports: expected several names"),
        ({"exports": ["tag", 5]}, "^exports: expected text, got 5 of type int"),
        ({"exports": ["no spaces"]}, "^exports: expected a Python identifier"),
        ({"exports": ["tag", "tag"]}, "^exports: expected each name once, got 'tag'"),
        ({"hooks": 3}, "^hooks: expected a mapping, got 3 of type int"),
        ({"hooks": {"never": "tag"}}, "^hooks: expected one of before_insert, .*, got 'never'"),
        ({"hooks": {"before_insert": "other"}}, "^hooks.before_insert: expected an exported function .*, got 'other'"),
        ({"hooks": {"before_insert": ["tag"]}}, "^hooks.before_insert"),
        ({"description": 3}, "^description: expected text, got 3 of type int"),
        ({"license": b"MIT"}, "^license: expected text"),
        ({"capabilities": "net"}, "^capabilities: expected several names"),
        ({"resources": 3}, "^resources: expected Resources, got 3 of type int"),
        ({"resources": {"memory": 3}}, "^resources: expected fuel_limit, .*got ."),
        ({"resources": {"memory_limit_mb": 1025}}, "^resources.memory_limit_mb: expected an integer from 1 to 1024"),
        ({"resources": {"timeout_ms": 60_001}}, "^resources.timeout_ms: expected an integer from 1 to 60000"),
        ({"resources": {"fuel_limit": 0}}, "^resources.fuel_limit: expected an integer >= 1, or None, got 0"),
        ({"resources": {"max_instances": True}}, "^resources.max_instances"),
        ({"resources": {"max_instances": 1.5}}, "^resources.max_instances"),
    ],
)
def test_a_manifest_that_does_not_hold(fields: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidManifest, match=match) as caught:
        Manifest(**{"name": "sample", "version": "1.0.0", "exports": ("tag",), **fields})
    assert isinstance(caught.value, ValueError)


def test_a_manifest_that_holds() -> None:
    made = Manifest(
        "a.b-c_1",
        "1.2.3-rc.1+build.5",
        ["tag"],  # type: ignore[arg-type]  # as a TOML loader gives it
        {"after_delete": "tag"},  # type: ignore[dict-item]  # as a TOML loader gives it
        resources={"timeout_ms": 60_000},  # type: ignore[arg-type]  # as a TOML loader gives it
    )
    assert (made.exports, made.hooks[Hook.AFTER_DELETE]) == (("tag",), "tag")
    assert made.resources == Resources(timeout_ms=60_000)
    assert hash(made) == hash(Manifest("a.b-c_1", "1.2.3-rc.1+build.5", ("tag",)))
    with pytest.raises(TypeError):
        made.hooks[Hook.AFTER_DELETE] = "x"  # type: ignore[index]  # it is read-only, also at run time


@pytest.mark.rule("B1")
@pytest.mark.parametrize("hook", list(Hook))
def test_every_kind_of_hook_must_still_be_exported(hook: Hook) -> None:
    old = Manifest("sample", "1.0.0", ("tag", "run"), {hook: "run"})
    Manifest("sample", "2.0.0", ("run",)).check_replaces(old)
    with pytest.raises(InvalidManifest, match=f"expected 'run' among them, because it is the {hook.value} hook"):
        Manifest("sample", "2.0.0", ("tag",)).check_replaces(old)
    with pytest.raises(InvalidManifest, match="expected 'sample'"):
        Manifest("other", "2.0.0", ("run",)).check_replaces(old)


def test_a_long_value_is_not_repeated_in_full() -> None:
    with pytest.raises(InvalidManifest) as caught:
        Manifest("x" * 10_000_000, "1.0.0", ())
    assert len(str(caught.value)) < 500


def test_policies_can_be_told_apart() -> None:
    assert {policy.value for policy in DrainPolicy} == {"continue", "hold", "overlap"}
