"""8 callers and 2 upgraders on one plugin for about two seconds a policy, with an oracle in the plugin itself.

The oracle: no call on a version that is not initialised or is closed (R3, R5), none is closed twice (M3), nested calls
stay on their version (R4), versions never go backwards but by a revert (T4), every drain ends (V1), and at the end
nothing is held and all versions but one are closed (M5).

Random and short: it shows that nothing is broken outright.  Schedules that are looked for are elsewhere.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    Manifest,
    PluginUnregistered,
    UpgradeFailed,
    WrongState,
)
from tests.unit.kernel_support import LONG, Doing, quiet, switching_often

EXPORTS = ("touch", "nest", "boom")


class Oracle:
    """Everything that was ever seen to be wrong."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.versions: list[Watched] = []
        self.generation = self.reverting = 0
        """How many reverts there have been, and how many are under way: meanwhile older versions are right."""
        self.lock = threading.Lock()

    @contextmanager
    def may_revert(self) -> Iterator[None]:
        with self.lock:
            self.reverting += 1
        try:
            yield
        finally:
            with self.lock:
                self.reverting -= 1
                self.generation += 1

    def now(self) -> int | None:
        """The generation, or None while a revert is under way."""
        with self.lock:
            return None if self.reverting else self.generation


class Watched:
    def __init__(self, oracle: Oracle, number: int, failing: str = "") -> None:
        self.oracle, self.number, self.failing = oracle, number, failing
        self.ready = self.closed = 0
        oracle.versions.append(self)

    def init(self) -> None:
        if self.failing == "init":
            raise ZeroDivisionError
        self.ready = 1

    def close(self) -> None:
        self.closed += 1
        self.ready = 0

    def import_state(self, state: object) -> None:
        if self.failing == "handover":
            raise ZeroDivisionError

    def export_state(self) -> object:
        return self.number

    def _check(self) -> None:
        if not self.ready or self.closed:
            self.oracle.wrong.append(f"version {self.number} was used: ready {self.ready}, closed {self.closed}")

    def touch(self) -> int:
        self._check()
        for _ in range(random.randrange(3)):
            self._check()
        self._check()
        return self.number

    def nest(self, plugin: HotReloadablePlugin, depth: int) -> int:
        self._check()
        if depth and plugin.call("nest", plugin, depth - 1) != self.number:
            self.oracle.wrong.append(f"a call inside a call on {self.number} ran on another version")
        self._check()
        return self.number

    def boom(self) -> None:
        self._check()
        raise KeyError(self.number)


def call_on(plugin: HotReloadablePlugin, oracle: Oracle, halt: threading.Event, seed: int) -> int:
    dice = random.Random(seed)
    touch = plugin.function("touch")
    calls, newest = 0, 0
    generation: int | None = 0
    while not halt.is_set():
        before = oracle.now()
        kind = dice.randrange(6)
        if kind == 0:
            number = plugin.call("nest", plugin, dice.randrange(3))
        elif kind == 1:
            try:
                number = plugin.call("boom")
            except KeyError as error:
                number = error.args[0]
        elif kind == 2:
            with plugin.lease() as instance:
                number = instance.number
                if plugin.call("touch") != number or touch() != number:
                    oracle.wrong.append("a call inside a lease ran on another version")
                instance._check()  # noqa: SLF001 - a Watched
        else:
            number = touch() if kind < 4 else plugin.call("touch")
        calls += 1
        after = oracle.now()
        if before == after == generation is not None:
            if number < newest:
                oracle.wrong.append(f"version {number} after version {newest}, and nobody reverted")
            newest = max(newest, number)
        else:
            newest, generation = 0, after
    return calls


def upgrade_on(
    plugin: HotReloadablePlugin, oracle: Oracle, halt: threading.Event, policy: DrainPolicy, seed: int
) -> int:
    dice = random.Random(seed)
    done = 0
    while not halt.is_set():
        kind = dice.choice(["plain"] * 4 + ["init", "handover", "probation", "revert", "health", "cancel", "timeout"])
        candidate = Candidate(
            Manifest("watched", "1.0.0", EXPORTS),
            lambda: Watched(oracle, len(oracle.versions) + 1, kind),  # noqa: B023 - built here
        )
        how: dict[str, Any] = {"policy": policy, "drain_timeout": LONG}
        try:
            if kind == "timeout":
                plugin.upgrade(candidate, policy=policy, drain_timeout=0)
            elif kind == "health":
                with oracle.may_revert():
                    plugin.upgrade(candidate, health_check=lambda _: False, **how)
            elif kind in {"probation", "revert"}:
                plugin.upgrade(candidate, probation=True, **how)
                if kind == "probation":
                    plugin.commit()
                else:
                    with oracle.may_revert():
                        plugin.revert()
            elif kind == "cancel":
                plugin.prepare_upgrade(candidate)
                plugin.cancel_upgrade()
            else:
                plugin.upgrade(candidate, **how)
            done += 1
        except (UpgradeFailed, WrongState):
            pass  # meant to fail, or the other upgrader was first
    return done


@pytest.mark.rule("R2", "R3", "R4", "R5", "M1", "M3", "M4", "M5", "T4", "V1", "L4")
@pytest.mark.parametrize("policy", list(DrainPolicy))
def test_callers_and_upgraders(policy: DrainPolicy) -> None:
    oracle = Oracle()
    halt = threading.Event()
    first = Candidate(Manifest("watched", "1.0.0", EXPORTS), lambda: Watched(oracle, 1))
    plugin = HotReloadablePlugin(first, max_live_versions=16)
    with switching_often():
        callers = [Doing(lambda k=k: call_on(plugin, oracle, halt, k)) for k in range(8)]  # type: ignore[misc]  # a default
        upgraders = [Doing(lambda k=k: upgrade_on(plugin, oracle, halt, policy, k)) for k in range(2)]  # type: ignore[misc]  # a default
        threading.Event().wait(1.5)  # the load's length, not a wait for something
        halt.set()
        upgrades = [upgrader.end() for upgrader in upgraders]
        calls = [caller.end() for caller in callers]
    assert not oracle.wrong, oracle.wrong[:5]
    assert min(calls) > 0
    assert sum(upgrades) > 10
    assert plugin.stats.successful_upgrades > 0
    assert plugin.stats.failed_upgrades > 0
    assert quiet(plugin)
    serving = plugin.current()
    assert isinstance(serving, Watched)
    assert [v.number for v in oracle.versions if v.closed > 1] == []
    assert [v.number for v in oracle.versions if not v.closed] == [serving.number]
    assert plugin.unregister(LONG) is True
    assert serving.closed == 1
    with pytest.raises(PluginUnregistered):
        plugin.call("touch")
