"""The solver's shortest run and the explorer's have the same length, for known-bad protocols of every style."""

from __future__ import annotations

import pytest

from quiesce_model.algorithm import Continue
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.known_bad.entry import KnownBad
from quiesce_model.known_bad.plainly import replay
from quiesce_model.prove.bounded import shortest
from quiesce_model.prove.smt import ProveError
from quiesce_model.vocabulary import scope

ENTRIES = {e.name: e for e in catalogue() if e.kind == "safety"}
SOME = (
    "NoSecondLook",  # a promise about steps
    "LosesAHolder",  # an assertion, two callers, a variable more
    "RetractsWithoutLooking",  # a theorem
    "WaitsWithoutScanning",  # an invariant
    "CandidateFreedTwice",  # an assertion, two upgraders
    "GateBesideThePointer",  # under HOLD
    "NoCapOnVersions",  # a sum
    "published: enter in two steps",  # not the algorithm at all
    "published: a ring of two counters",  # numbers modulo two
)


@pytest.mark.parametrize("name", SOME)
def test_the_shortest_run_is_as_long_as_the_explorers(name: str) -> None:
    check(ENTRIES[name])


def check(entry: KnownBad) -> None:
    run = shortest(entry.model, entry.scope, entry.claim)
    assert run is not None
    assert len(run) == entry.steps
    assert replay(entry.model, entry.scope, run.steps, entry.claim) == entry.steps


def test_a_run_can_be_read() -> None:
    entry = ENTRIES["CandidateForgotten"]
    run = shortest(entry.model, entry.scope, entry.claim)
    assert str(run).splitlines()[1].split() == [
        "1",
        "prepare_upgrade(u=0)",
        "state=PREPARING_UPGRADE,",
        "up[0]=BUILD,",
        "ticket[0]=True",
    ]


def test_a_correct_protocol_has_none() -> None:
    """Of so many steps: a bound, and said to be one."""
    assert shortest(Continue, scope(1, 1, 2, 4, 2), "a_call_starts_on_the_current_version", limit_steps=7) is None


def test_time_that_is_over_is_no_answer() -> None:
    with pytest.raises(TimeoutError):
        shortest(Continue, scope(2, 2, 3, 5, 3), "nothing_leaks", limit_seconds=0.001)


def test_an_unknown_claim_is_refused() -> None:
    with pytest.raises(ProveError, match="no claim and no assertion 'nothing_leeks'"):
        shortest(Continue, scope(1, 1, 2, 4, 2), "nothing_leeks")


def test_a_scope_beyond_the_bits_of_a_number_is_refused() -> None:
    with pytest.raises(ProveError, match="less than 16"):
        shortest(Continue, scope(1, 1, 2, 99, 2), "nothing_leaks")
