"""Traces that are behaviours and traces that are not, against a search over all runs; the upgrade's own actions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

import pytest

from quiesce_conformance.tracevalidation import (
    ImpossibleEvent,
    TooManyStates,
    TraceValidator,
    UpgradeActions,
    validate_trace,
)


class Drawn:
    """A small system drawn by lot, with events of several outcomes and steps that leave no event."""

    def __init__(self, rng: random.Random) -> None:
        n = rng.randint(2, 6)
        self.edges = {(s, e): rng.sample(range(n), rng.choice((0, 0, 1, 1, 2))) for s in range(n) for e in "abc"}
        self.hidden = {s: rng.sample(range(n), rng.choice((0, 0, 0, 1))) for s in range(n)}

    def first(self) -> Iterable[Hashable]:
        return (0,)

    def after(self, state: Any, event: Any) -> Iterable[Hashable]:
        return self.edges[state, event]

    def unrecorded(self, state: Any) -> Iterable[Hashable]:
        return self.hidden[state]

    def why_not(self, state: Any, event: Any) -> Iterable[str]:
        return (f"{event} is not possible in {state}",)

    def possible(self, state: int, trace: str, seen: frozenset[int] = frozenset()) -> bool:
        """By search: whether some run from here has these events."""
        if not trace:
            return True
        if any(self.possible(after, trace[1:]) for after in self.edges[state, trace[0]]):
            return True
        return any(self.possible(s, trace, seen | {state}) for s in self.hidden[state] if s not in seen)


def test_it_agrees_with_a_search_over_all_runs() -> None:
    rng = random.Random(3)
    verdicts: Counter[bool] = Counter()
    for _ in range(3000):
        system = Drawn(rng)
        trace = "".join(rng.choice("abc") for _ in range(rng.randint(1, 6)))
        expected = system.possible(0, trace)
        validator = TraceValidator(system)
        if expected:
            validator.feed(trace)
            assert validator.finish().events == len(trace)
        else:
            with pytest.raises(ImpossibleEvent) as caught:
                validator.feed(trace)
            matched = caught.value.matched
            assert caught.value.event == trace[matched]
            assert system.possible(0, trace[:matched])
            assert not system.possible(0, trace[: matched + 1])
            assert caught.value.guards
        verdicts[expected] += 1
    assert min(verdicts.values()) > 500, verdicts


GOOD = ("prepare_upgrade", "drain_in_flight", "drained", "atomic_swap", "commit")
FAILED = ("prepare_upgrade", "drain_in_flight", "time_out")


@pytest.mark.rule("L1", "L3")
def test_the_first_impossible_action_is_named_with_its_guard() -> None:
    assert validate_trace(UpgradeActions(), (*GOOD, *FAILED) * 100).events == 800
    with pytest.raises(ImpossibleEvent) as caught:
        validate_trace(UpgradeActions(), (*GOOD, *FAILED, "commit", "commit"))
    assert caught.value.matched == 8
    assert caught.value.states == ("ROLLED_BACK",)
    assert caught.value.tail[-1] == "time_out"
    assert "s.undecided" in str(caught.value)
    assert "event 9" in str(caught.value)
    with pytest.raises(ImpossibleEvent, match="no recorded action"):
        validate_trace(UpgradeActions(), ["jump"])


@pytest.mark.rule("L1")
def test_unrecorded_actions_leave_several_states_open() -> None:
    seen = UpgradeActions(recorded=("prepare_upgrade", "atomic_swap"))
    found = validate_trace(seen, ("prepare_upgrade", "atomic_swap") * 3)
    assert found.most_states > 3
    with pytest.raises(ImpossibleEvent) as caught:
        validate_trace(seen, ("prepare_upgrade", "atomic_swap", "atomic_swap"))
    assert len(caught.value.states) > 1
    with pytest.raises(ValueError, match="expected some of"):
        UpgradeActions(recorded=("jump",))
    with pytest.raises(ValueError, match="policy"):
        UpgradeActions("None")


class Counting:
    """Never the same state twice."""

    def first(self) -> Iterable[int]:
        return (0,)

    def after(self, state: int, event: int) -> Iterable[int]:
        return (state + 1,) if event == state else ()

    def unrecorded(self, state: int) -> Iterable[int]:
        return ()

    def why_not(self, state: int, event: int) -> Iterable[str]:
        return (f"expected {state}",)


class Endless(Counting):
    def unrecorded(self, state: int) -> Iterable[int]:
        return (state + 1,)


class Nowhere(Counting):
    def first(self) -> Iterable[int]:
        return ()


def test_memory_does_not_grow_with_the_trace() -> None:
    validator = TraceValidator(Counting())
    validator.feed(range(150_000))
    assert validator.finish().events == 150_000
    assert validator.states == (150_000,)
    with pytest.raises(ImpossibleEvent, match="expected 150000"):
        validator.feed([7])


def test_what_cannot_be_judged_is_never_a_pass() -> None:
    with pytest.raises(ValueError, match="empty trace"):
        validate_trace(Counting(), ())
    with pytest.raises(ValueError, match="first state"):
        TraceValidator(Nowhere())
    with pytest.raises(TooManyStates):
        TraceValidator(Endless(), max_states=100)
    validator = TraceValidator(Counting())
    with pytest.raises(ImpossibleEvent):
        validator.feed([0, 1, 9])
    with pytest.raises(RuntimeError, match="after an impossible one"):
        validator.feed([2])
    with pytest.raises(RuntimeError, match="possible so far"):
        validator.finish()
