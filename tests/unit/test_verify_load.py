"""The load finds nothing against the real plugin, and finds out each of these broken ones."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from rich.console import Console

from quiesce import Candidate, HotReloadablePlugin, HotReloadState, HotReloadStats, Manifest, UpgradeFailed
from quiesce.verify.demo import demo, tally
from quiesce.verify.evidence import Standing
from quiesce.verify.load import Load, LoadResult
from quiesce.verify.moves import MOVES
from quiesce.verify.subject import Subject, make_subject


def run(make: Callable[[Candidate], Subject], seconds: float, clients: int = 4) -> LoadResult:
    load = Load(make, clients=clients, seed=1)
    with load.running():
        load.halted.wait(seconds)
        if make is make_subject:
            load.covered.wait(60)
    return load.finish()


def broken_rules(result: LoadResult) -> set[str]:
    return {v.rule for v in (*result.tested, *result.observed.values()) if v.violations}


@pytest.mark.rule("R1", "R2", "R3", "R4", "R5", "T2", "T3", "T4", "D2", "D5", "H1", "M1", "M2", "M3", "M4", "M5", "B1")
def test_the_plugin_holds_under_load_and_everything_was_seen() -> None:
    result = run(make_subject, 2.0)
    assert result.errors == []
    found = [v for verdict in (*result.tested, *result.observed.values()) for v in verdict.violations]
    assert [str(violation) for violation in found] == []
    unseen = {v.rule: v.unseen for v in (*result.tested, *result.observed.values()) if v.outcome.name == "UNSEEN"}
    assert unseen == {}
    assert len(result.progress.kinds) > len(MOVES)


class Around:
    """A subject that is the real plugin but for one thing."""

    def __init__(self, candidate: Candidate) -> None:
        self.plugin = HotReloadablePlugin(candidate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plugin, name)

    @property
    def state(self) -> HotReloadState:
        return self.plugin.state

    @property
    def stats(self) -> HotReloadStats:
        return self.plugin.stats

    @property
    def manifest(self) -> Manifest:
        return self.plugin.manifest

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        return self.plugin.call(function, *args, **kwargs)

    def prepare_upgrade(self, candidate: Candidate, /) -> Any:
        return self.plugin.prepare_upgrade(candidate)

    def execute_upgrade(self, **options: Any) -> Any:
        return self.plugin.execute_upgrade(**options)

    def cancel_upgrade(self) -> Any:
        return self.plugin.cancel_upgrade()

    def commit(self) -> Any:
        return self.plugin.commit()

    def revert(self) -> Any:
        return self.plugin.revert()

    def stragglers(self) -> Any:
        return self.plugin.stragglers()


class FreesWithoutDraining(Around):
    def execute_upgrade(self, **options: Any) -> Any:
        with self.plugin.lease() as instance:
            old: Any = instance
        try:
            return self.plugin.execute_upgrade(**options)
        finally:
            if self.plugin.state is HotReloadState.ACTIVE:
                old.close()


class FreesBeforeTheSwap(Around):
    def execute_upgrade(self, **options: Any) -> Any:
        with self.plugin.lease() as instance:
            old: Any = instance
        old.close()
        return self.plugin.execute_upgrade(**options)


class SwapsTorn(Around):
    """The instance is read in one step and used in another: nothing holds it in between."""

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        with self.plugin.lease() as instance:
            found: Any = instance
        return getattr(found, function)(*args, **kwargs)


class ServesLate(Around):
    """A thread keeps its lease for some calls more."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(candidate)
        self.kept = threading.local()

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        if not threading.current_thread().name.startswith("client"):
            return self.plugin.call(function, *args, **kwargs)
        left = getattr(self.kept, "left", 0)
        if left == 0:
            self.kept.lease = self.plugin.lease()
            self.kept.instance = self.kept.lease.__enter__()
            left = 20
        self.kept.left = left - 1
        try:
            return getattr(self.kept.instance, function)(*args, **kwargs)
        finally:
            if self.kept.left == 0:
                self.kept.lease.__exit__(None, None, None)


class DropsCalls(Around):
    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        if self.plugin.state is HotReloadState.DRAINING:
            raise ConnectionError("try again later")
        return self.plugin.call(function, *args, **kwargs)


class HidesFailures(Around):
    def prepare_upgrade(self, candidate: Candidate, /) -> Any:
        with suppress(UpgradeFailed):
            return self.plugin.prepare_upgrade(candidate)


class ShowsTheManifestTooEarly(Around):
    early: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        return self.early or self.plugin.manifest

    def prepare_upgrade(self, candidate: Candidate, /) -> Any:
        self.plugin.prepare_upgrade(candidate)
        self.early = candidate.read_manifest()


@pytest.mark.parametrize(
    ("make", "rules"),
    [
        (FreesWithoutDraining, {"M3"}),
        (FreesBeforeTheSwap, {"R3", "R5", "M1", "M2"}),
        (SwapsTorn, {"R3", "R5", "M1", "D2", "T3"}),
        (ServesLate, {"T3"}),
        (DropsCalls, {"R5"}),
        (HidesFailures, {"B4"}),
        (ShowsTheManifestTooEarly, {"B1"}),
    ],
)
def test_a_broken_subject_is_found_out(make: Callable[[Candidate], Subject], rules: set[str]) -> None:
    result = run(make, 2.0)
    assert broken_rules(result) & rules, {v.rule: str(v.violations[:1]) for v in result.tested if v.violations}


def test_the_demos_last_line_counts() -> None:
    out = io.StringIO()
    console = Console(file=out, width=120)
    assert demo(seconds=1.5, threads=4, console=console) is Standing.HOLDS
    assert out.getvalue().splitlines()[-1].endswith("calls checked; dropped: none, torn: none, late: none")
    out.truncate(0)
    assert demo(seconds=1.5, threads=4, console=console, make=DropsCalls) is Standing.BROKEN
    assert "dropped: none" not in out.getvalue().splitlines()[-1]


def test_the_tally_tells_torn_and_late_apart() -> None:
    result = run(make_subject, 0.5)
    result.observed["T3"].broken("made up")
    result.observed["R2"].broken("made up")
    result.observed["R2"].broken("made up")
    assert "torn: 2, late: 1" in str(tally(result))
