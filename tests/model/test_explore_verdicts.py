"""What is broken is found by a shortest run with true names; what is not finished or never seen is no pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quiesce_model.explore import Progress, ReplayError, Result, SymmetryError, Verdict, explore
from quiesce_model.explore.replay import replay
from quiesce_model.explore.symmetry import why_not
from quiesce_model.language import PlainRun
from quiesce_model.language.expr import Expr, arith, bound, const, eq, param, quantify, read, var
from quiesce_model.language.sorts import MapSort
from tests.model.explore_models import (
    EndlessStairs,
    GoodMutex,
    Jam,
    Latch,
    Mutex,
    Never,
    Other,
    Place,
    Stairs,
    Walker,
)

ROOM: dict[type, int] = {Walker: 3, Place: 3, Other: 2}
FORMS: list[dict[str, Any]] = [{}, {"packed": True}, {"symmetric": True}, {"packed": True, "symmetric": True}]


def plain_length(model: type[Mutex], scope: dict[type, int], claim: str) -> int:
    """How far away the nearest state is that breaks a claim, by the plain run alone."""
    run = PlainRun(model, scope)
    frontier, seen, depth = [run.initial()], {run.initial()}, 0
    while frontier:
        if any(run.claim(claim, f) is False for f in frontier):
            return depth
        following = []
        for f in frontier:
            for *_, outcome in run.steps(f):
                if outcome.state is not None and outcome.state not in seen:
                    seen.add(outcome.state)
                    following.append(outcome.state)
        frontier, depth = following, depth + 1
    raise AssertionError(claim)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_broken_claim_is_found_by_a_shortest_run_that_the_methods_can_take(form: dict[str, Any]) -> None:
    found = explore(Mutex, ROOM, **form)
    assert found.verdict is Verdict.BROKEN
    assert found.exit_code == 1
    v = found.violation
    assert v is not None
    assert (v.kind, v.claim, v.rules) == ("claim", "one_at_a_time", ("X2",))
    assert len(v) == plain_length(Mutex, ROOM, "one_at_a_time") == 4
    replay(Mutex, ROOM, v)  # raises if any step, state or the end differs
    inside = [s.label.args[0] for s in v.trace if s.label.action == "enter"]
    assert len(set(inside)) == 2, "two walkers with names of their own"
    assert all(s.changed for s in v.trace)


def test_the_text_of_a_counterexample() -> None:
    v = explore(Mutex, ROOM, claims=["X2"]).violation
    lines = str(v).splitlines()
    assert lines[0].strip() == "0  at first: light = GREEN, here = [0, 0, 0], guests = [False, False]"
    assert [line.split()[0] for line in lines[:-1]] == ["0", "1", "2", "3", "4"]
    assert "enter(Walker " in lines[4]
    assert "here[" in lines[4]
    assert "guests" not in "".join(lines[1:]), "what does not change is not printed"
    assert lines[-1].strip() == "=> one_at_a_time [X2]: is false in this state"


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_broken_assert_is_the_last_step_and_has_no_state_after_it(form: dict[str, Any]) -> None:
    """Without the claims the same fault shows when the second of two leaves: the sixth step is the broken one."""
    v = explore(Mutex, ROOM, claims=[], **form).violation
    assert v is not None
    assert (v.kind, v.claim, v.rules, len(v)) == ("step", "X3: whoever leaves finds the light red", ("X3",), 6)
    assert not v.trace[-1].changed
    replay(Mutex, ROOM, v)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_deadlock_is_found_and_can_be_allowed(form: dict[str, Any]) -> None:
    found = explore(Jam, ROOM, **form)
    assert found.violation is not None
    assert (found.violation.kind, len(found.violation)) == (
        "deadlock",
        2,
    )  # one looks and enters
    replay(Jam, ROOM, found.violation)
    allowed = explore(Jam, ROOM, deadlock=False, **form)
    assert allowed.verdict is Verdict.HOLDS
    assert allowed.deadlocks > 0


def test_where_the_scope_ends_is_no_deadlock_no_trap_and_no_pass() -> None:
    """The stairs go on beyond the scope: nobody can climb on, and that says nothing about the stairs."""
    found = explore(EndlessStairs, {Walker: 2, Place: 3})
    assert found.deadlocks == 0
    assert found.violation is None
    assert found.edge_of_scope == 3 + 2  # some walker stands on the last step that there is
    assert explore(EndlessStairs, {Walker: 2, Place: 3}, always_reachable=["all_are_up"]).verdict is Verdict.HOLDS
    unseen = explore(EndlessStairs, {Walker: 2, Place: 2})
    assert unseen.verdict is Verdict.UNFINISHED
    assert "all_are_up" in unseen.why
    assert unseen.exit_code == 2


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_trap_is_a_state_from_which_the_goal_cannot_be_reached(form: dict[str, Any]) -> None:
    assert explore(Latch, {Walker: 2}, **form).verdict is Verdict.HOLDS, "no claim says so"
    v = explore(Latch, {Walker: 2}, always_reachable=["all_closed"], **form).violation
    assert v is not None
    assert (v.kind, v.claim) == ("trap", "all_closed")
    assert [s.label.action for s in v.trace] == ["toggle", "latch"]
    good = explore(GoodMutex, ROOM, always_reachable=["somebody_is_inside"], **form)
    assert good.verdict is Verdict.HOLDS


def test_always_reachable_wants_the_name_of_a_sometimes() -> None:
    with pytest.raises(KeyError, match="sometimes"):
        explore(Latch, {Walker: 1}, always_reachable=["latched"])


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_was_never_seen_is_no_pass(form: dict[str, Any]) -> None:
    found = explore(Never, {Walker: 2, Place: 5}, **form)
    assert found.verdict is Verdict.BROKEN
    assert found.violation is not None
    assert (found.violation.kind, found.violation.claim) == ("never", "somebody_flies")
    assert found.violation.also == ("fly",)
    assert found.sometimes["somebody_flies"] is None
    assert found.actions_taken["fly"] == 0
    assert found.actions_taken["climb"] > 0
    assert explore(Never, {Walker: 2, Place: 5}, vacuity=False, **form).verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    "bound", [{"max_states": 1_000}, {"max_seconds": 1e-6}, {"max_bytes": 1}], ids=lambda b: next(iter(b))
)
def test_out_of_bounds_is_unfinished(bound: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quiesce_model.explore.bounds.Watch.INTERVAL", 0.0)
    found = explore(Stairs, {Walker: 8, Place: 4}, **bound)
    assert found.verdict is Verdict.UNFINISHED
    assert found.exit_code == 2
    assert "out of bounds" in found.why
    assert 0 < found.states < 4**8


def test_bounds_that_are_not_reached_do_not_count() -> None:
    found = explore(Stairs, {Walker: 3, Place: 4}, max_states=64, max_seconds=600, max_bytes=1 << 50)
    assert (found.verdict, found.states) == (Verdict.HOLDS, 64)


@pytest.mark.parametrize("bad", [{"max_states": 0}, {"max_seconds": float("nan")}, {"max_bytes": -1}])
def test_a_bound_is_a_number_above_zero(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected a number above 0"):
        explore(Stairs, {Walker: 1, Place: 4}, **bad)


def test_a_violation_within_the_bounds_is_broken_not_unfinished() -> None:
    assert explore(Mutex, ROOM, max_states=10_000).verdict is Verdict.BROKEN


def test_progress_is_reported_and_an_interrupt_leaves_a_partial_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quiesce_model.explore.bounds.Watch.INTERVAL", 0.0)
    seen: list[Progress] = []

    def progress(now: Progress) -> None:
        seen.append(now)
        if now.depth == 5:
            raise KeyboardInterrupt

    found = explore(Stairs, {Walker: 6, Place: 4}, progress=progress)
    assert (found.verdict, found.why) == (Verdict.UNFINISHED, "interrupted")
    assert 0 < found.states < 4**6
    assert [p.depth for p in seen] == sorted(p.depth for p in seen)
    assert all(p.states > 0 and p.frontier > 0 and p.rate > 0 for p in seen)


def test_a_result_says_what_it_is_in_one_line() -> None:
    found: Result = explore(GoodMutex, ROOM)
    assert str(found).startswith("GoodMutex: holds: ")
    assert "on the scope's edge" in str(found)
    assert json.dumps({"states": found.states, "sometimes": found.sometimes, "taken": found.actions_taken})


# -- when sorting is exact ------------------------------------------------------------------------------------------
W = param("w", Walker)
AT = var("at", MapSort(Walker, Place))
X = bound("x", Walker)


@pytest.mark.parametrize(
    ("sorts", "formula", "reason"),
    [
        ({"owner": Walker}, None, "owner holds one"),
        ({"of": MapSort(Place, Walker)}, None, "map of holds them"),
        ({}, eq(W, const(0, Walker)), "names an element"),
        ({}, eq(read(AT, const(1, Walker)), const(0, Place)), "names the element 1"),
        ({}, quantify("exists", [X], arith("<", X, W)), "compares or computes"),
    ],
)
def test_symmetry_is_refused_where_sorting_is_not_exact(
    sorts: dict[str, Any], formula: Expr | None, reason: str
) -> None:
    found = why_not(Walker, {"at": MapSort(Walker, Place), **sorts}, [] if formula is None else [("it", formula)])
    assert found is not None
    assert reason in found


def test_symmetry_is_granted_where_elements_are_only_ranged_over_and_told_apart() -> None:
    formula = quantify("forall", [X], eq(eq(X, W), eq(read(AT, X), const(1, Place))))
    assert why_not(Walker, {"at": MapSort(Walker, Place)}, [("it", formula)]) is None


def test_symmetry_over_what_is_numbered_is_refused() -> None:
    with pytest.raises(SymmetryError, match="Place are not interchangeable"):
        explore(Stairs, {Walker: 2, Place: 4}, symmetric=[Place])


def test_a_run_that_the_methods_do_not_take_is_reported() -> None:
    """The replay that every violation goes through can fail."""
    v = explore(Mutex, ROOM).violation
    assert v is not None
    with pytest.raises(ReplayError, match="step 1"):
        replay(Jam, ROOM, type(v)(v.kind, v.claim, v.rules, v.initial, v.trace[2:]))
