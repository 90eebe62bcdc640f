"""Real threads under random load: every event that the kernel's seam records is one that the algorithm allows.

What this shows: the recorded runs, and no others, are behaviours of the model; each is 8 threads, and some ten thousand
events a policy.  Races within a critical section are not seen, because the recording makes sections atomic.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter

import pytest

from quiesce import DrainPolicy
from quiesce.verify.recorded import MODELS, checked
from quiesce.verify.recorded_load import run
from tests.schedules.planted import note_closings

HOLD_ONLY = {"hand_over", "handover_fails", "undo_scan", "undo", "undo_times_out"}
NO_LOAD = {"interrupted"}
"""Takes an asynchronous exception at a chosen point: `test_interrupted.py` records one at each."""
ROUNDS = 6


def possible(policy: DrainPolicy) -> set[str]:
    """The actions that the policy has."""
    names = {a.name for a in MODELS[policy.name].actions()} - NO_LOAD
    if policy is not DrainPolicy.HOLD:
        names -= HOLD_ONLY
    return names - {"time_out"} if policy is DrainPolicy.OVERLAP else names


@pytest.fixture(autouse=True)
def closings(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Every close hook that begins is an event: the model must have freed that version."""
    caplog.set_level(logging.CRITICAL, logger="quiesce")  # some close hooks fail, and are meant to
    note_closings(monkeypatch)


@pytest.mark.rule("L1", "R2", "R3", "R4", "T1", "T2", "T3", "D1", "D2", "D3", "D5", "M1", "M2", "M3", "M4", "B1", "B2")
@pytest.mark.parametrize("policy", DrainPolicy, ids=lambda p: p.name)
def test_every_recorded_event_is_a_step_of_the_algorithm(policy: DrainPolicy) -> None:
    """Rounds of load until every action of the policy was seen; an action that was never seen is a failure."""
    witnessed: Counter[str] = Counter()
    events = 0
    for seed in range(ROUNDS):
        found = checked(policy, run(policy, seed=seed).events)
        witnessed.update(found.witnessed)
        events += found.events
        if possible(policy) <= set(witnessed):
            break
    report = [f"{policy.name}: {events} events in {seed + 1} rounds; how often each action was taken"]
    report += [f"  {name:18} {witnessed[name]:7}" for name in sorted(possible(policy))]
    sys.stdout.write("\n".join(report) + "\n")
    missing = possible(policy) - set(witnessed)
    assert not missing, f"never witnessed in {ROUNDS} rounds: {sorted(missing)}"
    assert set(witnessed) <= possible(policy)
