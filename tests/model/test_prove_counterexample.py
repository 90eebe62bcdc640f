"""A failing obligation is drawn as two small states; what is drawn is confirmed by the methods themselves."""

from __future__ import annotations

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.algorithm import Algorithm
from quiesce_model.known_bad.mutants import calls, drain, lifecycle, reclaim
from quiesce_model.prove import Obligation, induction
from quiesce_model.prove.counterexample import Counterexample, counterexample, scopes
from quiesce_model.prove.liveness import ranking
from quiesce_model.prove.refinement import refinement
from quiesce_model.vocabulary import Thread, Upgrader


def of(model: type[Algorithm], end: str) -> Obligation:
    """The obligation whose name ends so."""
    abstract = next(p for p in protocol.POLICIES if p.policy == model.policy)
    found = [o for o in (*induction(model), *ranking(model), *refinement(model, abstract)) if o.name.endswith(end)]
    assert len(found) == 1, [o.name for o in found]
    return found[0]


def draw(model: type[Algorithm], end: str) -> Counterexample:
    drawn = counterexample(of(model, end))
    assert drawn is not None
    return drawn


@pytest.mark.parametrize(
    ("model", "end"),
    [
        (calls.NoSecondLook, "confirm keeps the promise a_call_starts_on_the_current_version"),
        (lifecycle.IgnoresCancel, "drained_in_time keeps the_state_tells_where_the_upgrade_is"),
        (reclaim.FreesWithoutLookingAtHolders, "look asserts R3: no running call loses its version"),
        (drain.NobodyWakesTheDrain, "look keeps a_drain_that_has_ended_is_noticed"),
        (drain.CancelKeepsTheGate, "cancel_upgrade does what the protocol's cancel_upgrade does"),
        (calls.ReleasesBeforeTheRun, "cleanup_old may be the protocol's cleanup_old when no caller is left"),
        (reclaim.CommitsWithoutLooking, "commit keeps somebody_cleans_up"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_what_is_drawn_is_confirmed_by_running_the_methods(model: type[Algorithm], end: str) -> None:
    drawn = draw(model, end)
    assert drawn.confirmed
    assert drawn.after is not None
    assert drawn.before != drawn.after
    assert drawn.call.startswith(end.partition(" ")[0] + "(")


def test_it_is_as_small_as_can_be() -> None:
    """One caller where one is enough, two upgraders where it takes two, and nothing that does not matter."""
    one = draw(calls.NoSecondLook, "confirm keeps the promise a_call_starts_on_the_current_version")
    assert one.scope[Thread] == one.scope[Upgrader] == 1
    two = draw(lifecycle.IgnoresCancel, "drained_in_time keeps one_attempt_at_a_time")
    assert (two.scope[Thread], two.scope[Upgrader]) == (1, 2)
    assert len(one.cells) < 12


def test_the_two_states_stand_side_by_side() -> None:
    drawn = draw(lifecycle.BuildFailureIsForgotten, "build_fails keeps an_upgrade_under_way_is_somebodys")
    lines = str(drawn).splitlines()
    assert lines[0] == (
        "counterexample: lifecycle.BuildFailureIsForgotten: build_fails keeps an_upgrade_under_way_is_somebodys  [L4]"
    )
    assert [line.split() for line in lines[2:6]] == [
        ["before", "after", "build_fails(u=0)"],
        ["state", "PREPARING_UPGRADE"],
        ["up[0]", "BUILD", "*", "IDLE"],
        ["ticket[0]", "True", "*", "False"],
    ]
    assert "  broken: an upgrade under way is somebodys [L4]" in lines
    assert any("any(s.drives(u) for u in every(Upgrader))" in line for line in lines)


def test_a_rank_that_does_not_fall_names_who_is_stuck() -> None:
    drawn = draw(calls.NestedWaitsAtTheGate, "who has a record can move")
    assert not drawn.call
    assert drawn.others == (("caller", "0"),)
    assert {c.name: c.before for c in drawn.cells}["pc[0]"] == "NESTED"


def test_a_deviation_says_what_the_protocol_would_have_done() -> None:
    drawn = draw(drain.CancelKeepsTheGate, "cancel_upgrade does what the protocol's cancel_upgrade does")
    assert "it should be cancel_upgrade" in drawn.code


def test_what_holds_has_no_counterexample() -> None:
    assert counterexample(of(algorithm.Continue, "confirm keeps a_running_call_has_its_version")) is None


def test_small_scopes_come_first() -> None:
    sizes = [sum(s.values()) for s in scopes(algorithm.Continue)]
    assert sizes[0] == min(sizes)
    assert len(sizes) < 12
