"""Versions and time limits of a handover, and of a build that never ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from quiesce import (
    Candidate,
    DrainPolicy,
    HandoverFailed,
    HotReloadablePlugin,
    InvalidArgument,
    InvalidTimeout,
    Manifest,
    Phase,
    UpgradeFailed,
)
from quiesce.handover import Handover, StateMismatch
from quiesce.limits import limited


class Counts:
    state_version = 2
    accepts_state: tuple[int, ...] = (1, 2)

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def count(self) -> int:
        self.total += 1
        return self.total

    def export_state(self) -> int:
        return self.total

    def import_state(self, state: int) -> None:
        self.total = state


MANIFEST = Manifest("counts", "1.0.0", ("count",))


def started() -> HotReloadablePlugin[Counts]:
    plugin: HotReloadablePlugin[Counts] = HotReloadablePlugin(Candidate(MANIFEST, Counts), policy=DrainPolicy.HOLD)
    assert plugin.call("count") == 1
    return plugin


@pytest.mark.rule("H1")
def test_the_state_goes_over() -> None:
    plugin = started()
    plugin.upgrade(Candidate(MANIFEST, Counts), hand_over=Handover())
    assert plugin.call("count") == 2


@pytest.mark.rule("H2", "B1", "B4")
def test_a_state_that_the_new_version_does_not_read_is_not_even_exported() -> None:
    plugin, new = started(), Counts()
    new.accepts_state = (3,)
    plugin.current().export_state = lambda: pytest.fail("exported")  # type: ignore[method-assign]  # it must not be
    with pytest.raises(HandoverFailed) as failed:
        plugin.upgrade(Candidate(MANIFEST, lambda: new), hand_over=Handover())
    assert isinstance(failed.value.__cause__, StateMismatch)
    assert (plugin.call("count"), plugin.version, new.closed) == (2, 1, True)


@pytest.mark.rule("H2", "B1")
@pytest.mark.parametrize("stuck", ["export_state", "import_state"])
def test_a_handover_that_never_ends_is_given_up(stuck: str) -> None:
    plugin, new, ever = started(), Counts(), threading.Event()
    imported: list[object] = []
    if stuck == "export_state":
        old_export = plugin.current().export_state

        def export() -> int:
            ever.wait(60)
            return old_export()

        plugin.current().export_state = export  # type: ignore[method-assign]  # the hook that hangs
        new.import_state = imported.append  # type: ignore[method-assign, assignment]  # to see that nothing comes late
    else:
        new.import_state = lambda state: ever.wait(60) and None  # type: ignore[method-assign, assignment]  # it hangs
    with pytest.raises(HandoverFailed) as failed:
        plugin.upgrade(Candidate(MANIFEST, lambda: new), hand_over=Handover(timeout=0.05))
    assert isinstance(failed.value.__cause__, TimeoutError)
    assert (plugin.call("count"), plugin.version, new.closed) == (2, 1, True)
    ever.set()
    for thread in threading.enumerate():
        if thread.name == "quiesce handover":
            thread.join(60)
    assert not imported, "an export that comes too late is given to nobody"
    plugin.upgrade(Candidate(MANIFEST, Counts), hand_over=Handover())


@pytest.mark.rule("B1", "B3", "B4")
def test_a_build_that_never_ends_is_given_up() -> None:
    plugin, ever = started(), threading.Event()

    def build() -> Counts:
        ever.wait(60)
        return Counts()

    with pytest.raises(UpgradeFailed) as failed:
        plugin.upgrade(limited(Candidate(MANIFEST, build), 0.05))
    assert failed.value.phase is Phase.BUILD
    assert isinstance(failed.value.__cause__, TimeoutError)
    assert (plugin.call("count"), plugin.snapshot().live_versions) == (2, 1)
    ever.set()
    plugin.upgrade(limited(Candidate(MANIFEST, Counts), 60))


def test_what_a_limited_build_raises_is_raised_unchanged() -> None:
    def build() -> Counts:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        limited(Candidate(MANIFEST, build), 60).build()


@pytest.mark.parametrize("bad", [0, -1, float("nan"), "2", None, True])
@pytest.mark.parametrize("make", [lambda t: Handover(timeout=t), lambda t: limited(Candidate(MANIFEST, Counts), t)])
def test_bad_limits_are_refused(make: Callable[[Any], object], bad: object) -> None:
    with pytest.raises(InvalidTimeout):
        make(bad)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InvalidArgument):
        limited("candidate", 1)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(InvalidArgument):
        started().upgrade(Candidate(MANIFEST, Counts), hand_over=3)  # type: ignore[arg-type]  # that is the test
