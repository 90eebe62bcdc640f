"""Each check of what an implementation claims beyond the core finds a fault that was planted into the reference.

The faults sit in the adapter, between the suite and a runtime that is right, so each is one thing and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from quiesce import HotReloadablePlugin, Lease, Manifest
from quiesce.conformance import Manager, Subject, make_subject
from quiesce_conformance.inprocess import InProcessHost
from quiesce_conformance.report import Standing
from quiesce_conformance.suite import run_conformance


class Wrapped:
    """The reference, with everything passed on."""

    def __init__(self, instance: Any, manifest: Mapping[str, Any], drain_timeout: float | None) -> None:
        self.subject: Subject = make_subject(instance, manifest, drain_timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.subject, name)


class Policy(Wrapped):
    """Does one policy where another was asked for."""

    asked = done = ""

    def upgrade(self, instance: object, manifest: Mapping[str, Any], **how: Any) -> object:
        if how.get("policy") == self.asked:
            how["policy"] = self.done
        return self.subject.upgrade(instance, manifest, **how)


class HoldIsContinue(Policy):
    asked, done = "HOLD", "CONTINUE"


class OverlapIsContinue(Policy):
    asked, done = "OVERLAP", "CONTINUE"


class ContinueIsHold(Policy):
    asked, done = "CONTINUE", "HOLD"


class RevertsNothing(Wrapped):
    def revert(self) -> None:
        self.subject.commit()


class CommitsNothing(Wrapped):
    def commit(self) -> None:
        return


class RevertsWheneverAsked(Wrapped):
    def revert(self) -> None:
        if self.subject.snapshot().on_probation:
            self.subject.revert()


class SwallowsFailedImports(Wrapped):
    def upgrade(self, instance: Any, manifest: Mapping[str, Any], **how: Any) -> object:
        taken = instance.import_state

        def import_state(state: object) -> None:
            try:
                taken(state)
            except Exception:  # noqa: BLE001  that is the fault
                return

        instance.import_state = import_state
        return self.subject.upgrade(instance, manifest, **how)


class CountsAheadInLooks(Wrapped):
    def snapshot(self) -> Any:
        seen = self.subject.snapshot()
        stats = {"successful_upgrades": seen.stats.successful_upgrades + 1, "failed_upgrades": 0}
        return SimpleNamespace(state=seen.state, manifest=seen.manifest, version=seen.version, stats=stats)


class KeepsTheHoldOfFailures(Wrapped):
    """A call that raises goes on holding its version."""

    def __init__(self, instance: Any, manifest: Mapping[str, Any], drain_timeout: float | None) -> None:
        self.plugin = HotReloadablePlugin(Manifest(**manifest), instance, drain_timeout=drain_timeout)
        self.subject = Subject(self.plugin)
        self.kept: list[Lease] = []

    def call(self, function: str, /, *args: object) -> object:
        lease = self.plugin.lease()
        lease.__enter__()
        try:
            found = self.subject.call(function, *args)
        except Exception:
            self.kept.append(lease)
            raise
        lease.__exit__(None, None, None)
        return found


class Unbounded(Wrapped):
    def __init__(self, instance: Any, manifest: Mapping[str, Any], drain_timeout: float | None) -> None:
        plugin = HotReloadablePlugin(
            Manifest(**manifest), instance, drain_timeout=drain_timeout, max_live_versions=1_000_000
        )
        self.subject = Subject(plugin)


class Faulty(Manager):
    """A manager with a fault; its plugins are the reference's."""


class ReplacesQuietly(Faulty):
    def register(self, instance: object, manifest: Mapping[str, Any], drain_timeout: float | None = 5.0) -> Subject:
        if manifest["name"] in self.list():
            self.unregister(manifest["name"])
        return super().register(instance, manifest, drain_timeout)


class ForgetsOnly(Faulty):
    """Takes a plugin off its list, and goes on to serve whoever asks by name."""

    def unregister(self, name: str) -> bool:
        return True


class OneAtATime(Faulty):
    """An upgrade of one plugin waits for that of another."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def get(self, name: str) -> Any:
        found = super().get(name)

        def upgrade(instance: object, manifest: Mapping[str, Any]) -> int:
            with self.lock:
                return found.upgrade(instance, manifest)

        return SimpleNamespace(call=found.call, upgrade=upgrade)


class Managed(Wrapped):
    kind: type[Manager] = Manager

    def __init__(self, instance: Any, manifest: Mapping[str, Any], drain_timeout: float | None) -> None:
        super().__init__(instance, manifest, drain_timeout)
        self.manager = self.kind()


class ManagerReplacesQuietly(Managed):
    kind = ReplacesQuietly


class ManagerForgetsOnly(Managed):
    kind = ForgetsOnly


class ManagerOneAtATime(Managed):
    kind = OneAtATime


FAULTS = {
    HoldIsContinue: ("D5", "H1"),
    ContinueIsHold: ("V3",),
    OverlapIsContinue: ("D5",),
    RevertsNothing: ("T4",),
    CommitsNothing: ("M5",),
    RevertsWheneverAsked: ("L3",),
    SwallowsFailedImports: ("H2",),
    CountsAheadInLooks: ("L5",),
    KeepsTheHoldOfFailures: ("R6",),
    Unbounded: ("M7",),
    ManagerReplacesQuietly: ("G1",),
    ManagerForgetsOnly: ("G2",),
    ManagerOneAtATime: ("G3",),
}


@pytest.mark.parametrize("subject", FAULTS, ids=lambda subject: subject.__name__)
def test_a_planted_fault_is_found(subject: type[Wrapped], hurry: Callable[[float], None]) -> None:
    hurry(1.0)
    report = run_conformance(InProcessHost(subject, subject.__name__), rules=FAULTS[subject])
    for rule in FAULTS[subject]:
        assert report.rules[rule].standing is Standing.BROKEN, (rule, report.summary)


def test_without_a_fault_nothing_is_found() -> None:
    assert run_conformance(InProcessHost(Wrapped, "wrapped")).exit_code == 0
