"""The recording and the model can tell a broken kernel: each planted defect is rejected, for the right reason.

Each scenario is a handful of steps on real threads, brought about by events; the same scenario on the kernel as it is
is accepted, so what is rejected is the defect.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quiesce import DrainPolicy, HotReloadablePlugin, QuiesceError
from quiesce.recording import RecordingSeam
from quiesce.verify.recorded import checked
from quiesce.verify.recorded_load import PATIENCE, Load
from quiesce_model.validate import BrokenTrace, Rejected
from tests.schedules import planted

CONTINUE, HOLD, OVERLAP = DrainPolicy.CONTINUE, DrainPolicy.HOLD, DrainPolicy.OVERLAP


@contextlib.contextmanager
def working(work: Callable[[], object], name: str) -> Iterator[None]:
    """Something done on a thread of its own while the block runs; refusals are no matter."""

    def body() -> None:
        with contextlib.suppress(QuiesceError):
            work()

    thread = threading.Thread(target=body, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE)
        assert not thread.is_alive(), name


class Watched(RecordingSeam):
    """Says when something was recorded."""

    def __init__(self) -> None:
        super().__init__(self._note)
        self.recorded: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def _note(self, event: dict[str, Any]) -> None:
        with self._changed:
            self.recorded.append(event)
            self._changed.notify_all()

    def until(self, op: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(e["op"] == op for e in self.recorded), PATIENCE), op


# == scenarios ======================================================================================================
def two_calls(load: Load, _: Watched) -> None:
    load.plugin.call("plain")
    load.plugin.call("plain")


def a_call_spans_an_upgrade(load: Load, seam: Watched) -> None:
    """A call stays inside; an upgrade drains; the call ends; the upgrade swaps, or has swapped if it never waits."""
    with working(lambda: load.plugin.call("stays"), "caller"):
        seam.until("announce")
        with working(lambda: load.plugin.upgrade(load.candidate(), drain_timeout=1.0), "upgrader"):
            seam.until("scan")
            if load.policy is OVERLAP:
                seam.until("cleanup_old")
            load.held.let_go()
    load.observe()


def an_upgrade_is_cancelled_while_it_drains(load: Load, seam: Watched) -> None:
    with working(lambda: load.plugin.call("stays"), "caller"):
        seam.until("announce")
        with working(lambda: load.plugin.upgrade(load.candidate(), drain_timeout=1.0), "upgrader"):
            seam.until("scan")
            load.plugin.cancel_upgrade()
        load.held.let_go()
    load.observe()


def an_upgrade_fails(load: Load, _: Watched) -> None:
    with contextlib.suppress(QuiesceError):
        load.plugin.upgrade(load.candidate("init"))
    load.observe()


Scenario = Callable[[Load, Watched], None]


def recorded(policy: DrainPolicy, scenario: Scenario, kind: type[HotReloadablePlugin]) -> list[dict[str, Any]]:
    seam = Watched()
    load = Load(policy, seam, kind)
    scenario(load, seam)
    seam.end()
    return seam.recorded


# == the tests ======================================================================================================
CASES: list[Any] = [
    pytest.param(CONTINUE, two_calls, planted.NoSecondLook, "s.pc[t] == Pc.RUN", id="NoSecondLook"),
    pytest.param(CONTINUE, two_calls, planted.NeverLooksBack, "s.pc[t] == Pc.ANNOUNCE", id="NeverLooksBack"),
    pytest.param(CONTINUE, a_call_spans_an_upgrade, planted.lost_wake, "not s.woken[u]", id="lost_wake"),
    pytest.param(CONTINUE, a_call_spans_an_upgrade, planted.drained_too_early, "s.woken[u]", id="drained_too_early"),
    pytest.param(
        OVERLAP, a_call_spans_an_upgrade, planted.frees_under_holders, "life[0] before", id="frees_under_holders"
    ),
    pytest.param(
        HOLD, an_upgrade_is_cancelled_while_it_drains, planted.gate_stays_closed, "gate after", id="gate_stays_closed"
    ),
    pytest.param(
        CONTINUE,
        an_upgrade_is_cancelled_while_it_drains,
        planted.swaps_though_cancelled,
        "s.up[u] == Up.SWAP",
        id="swaps_though_cancelled",
    ),
    pytest.param(CONTINUE, an_upgrade_fails, planted.counts_twice, "failed before", id="counts_twice"),
]


@pytest.fixture(autouse=True)
def _closings(monkeypatch: pytest.MonkeyPatch) -> None:
    planted.note_closings(monkeypatch)


@pytest.mark.parametrize("policy", DrainPolicy, ids=lambda p: p.name)
@pytest.mark.parametrize(
    "scenario", [two_calls, a_call_spans_an_upgrade, an_upgrade_is_cancelled_while_it_drains, an_upgrade_fails]
)
def test_the_kernel_as_it_is_is_accepted(policy: DrainPolicy, scenario: Scenario) -> None:
    if policy is OVERLAP and scenario is an_upgrade_is_cancelled_while_it_drains:
        return  # it does not wait, so it cannot be cancelled then
    assert checked(policy, recorded(policy, scenario, HotReloadablePlugin)).events > 3


@pytest.mark.parametrize(("policy", "scenario", "defect", "why"), CASES)
def test_a_planted_defect_is_rejected_for_its_reason(
    policy: DrainPolicy, scenario: Scenario, defect: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = defect if isinstance(defect, type) else HotReloadablePlugin
    if not isinstance(defect, type):
        defect(monkeypatch)
    with pytest.raises(Rejected) as caught:
        checked(policy, recorded(policy, scenario, kind))
    found = {*caught.value.guards, *(what for r in caught.value.reasons for what, _, _ in r.mismatches)}
    assert why in found, str(caught.value)


def doctored(events: list[dict[str, Any]], op: str, change: Callable[[dict[str, Any]], Any]) -> list[dict[str, Any]]:
    """The trace with its last event of a kind changed (or dropped, where the change gives None), numbered anew."""
    at = max(i for i, e in enumerate(events) if e["op"] == op)
    new = [*events[:at], change(dict(events[at])), *events[at + 1 :]]
    return [{**e, "seq": i} for i, e in enumerate((e for e in new if e is not None), 1)]


@pytest.mark.parametrize(
    ("op", "change"),
    [
        ("atomic_swap", lambda e: {**e, "version": 1}),
        ("atomic_swap", lambda e: {**e, "now": e["now"] + 1}),
        ("atomic_swap", lambda e: {**e, "gate": "held"}),
        ("drain_in_flight", lambda e: None),
        ("scan", lambda e: None),
        ("release", lambda e: None),
        ("look", lambda e: None),
        ("look", lambda e: {**e, "epoch": 1}),
        ("announce", lambda e: {**e, "depth": 2}),
        ("build", lambda e: {**e, "built": 3}),
        ("commit", lambda e: {**e, "op": "revert"}),
        ("closed", lambda e: {**e, "closed": 2}),
        ("observed", lambda e: {**e, "state": "RolledBack"}),
        ("observed", lambda e: {**e, "succeeded": 2}),
    ],
)
def test_a_doctored_trace_is_rejected(op: str, change: Callable[[dict[str, Any]], Any]) -> None:
    events = recorded(CONTINUE, a_call_spans_an_upgrade, HotReloadablePlugin)
    with pytest.raises(Rejected):
        checked(CONTINUE, doctored(events, op, change))


def test_a_recording_that_nobody_ended_is_no_evidence() -> None:
    events = recorded(CONTINUE, two_calls, HotReloadablePlugin)
    with pytest.raises(BrokenTrace, match="cut off"):
        checked(CONTINUE, events[:-1])
