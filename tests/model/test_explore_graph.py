"""The unreduced state graph, and what is asked of it: traps, fair cycles, tours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from quiesce_model.algorithm import POLICIES, Continue
from quiesce_model.explore import (
    GraphTooLargeError,
    explore,
    fair_cycle,
    no_trap,
    nodes_where,
    state_at,
    state_graph,
    transition_tour,
)
from quiesce_model.language import Map, Model, PlainRun, action, each, every, invariant, require
from quiesce_model.vocabulary import Epoch, Gate, HotReloadState, Tally, Thread, Up, Upgrader, Version
from tests.model.explore_models import EndlessStairs, GoodMutex, Latch, Other, Place, Stairs, Together, Walker

ALGORITHM = {Thread: 1, Upgrader: 1, Version: 2, Epoch: 3, Tally: 2}


@pytest.mark.parametrize(
    ("model", "scope"),
    [(Stairs, {Walker: 3, Place: 4}), (Together, {Walker: 3, Place: 4}), (Continue, ALGORITHM)],
    ids=["stairs", "together", "continue"],
)
def test_the_graph_has_the_states_and_steps_of_the_search(model: type[Model], scope: Mapping[type, int]) -> None:
    graph, found = state_graph(model, scope), explore(model, scope)
    assert (len(graph), graph.number_of_edges()) == (found.states, found.edges)
    assert sum(edge for _, edge in graph.nodes(data="edge_of_scope")) == found.edge_of_scope
    run = PlainRun(model, scope)
    assert state_at(graph, 0) == run.as_dict(run.initial())


def test_an_edge_says_who_took_which_step() -> None:
    graph = state_graph(GoodMutex, {Walker: 2, Place: 3, Other: 1})
    first = [data for *_, data in graph.out_edges(0, data=True)]
    assert {data["action"]: data["fair"] for data in first} == {"look": False, "visit": False}
    assert {data["process"] for data in first} == {(Walker, 0), (Walker, 1), (Other, 0)}


def test_a_graph_that_is_too_large_is_refused() -> None:
    with pytest.raises(GraphTooLargeError, match="more than 50 states"):
        state_graph(Stairs, {Walker: 3, Place: 4}, max_states=50)


def closed(state: Mapping[str, Any]) -> bool:
    return not state["latched"] and not any(state["opened"].values())


def test_traps_are_found_nearest_first() -> None:
    graph = state_graph(Latch, {Walker: 2})
    traps = no_trap(graph, closed)
    assert set(traps) == nodes_where(graph, lambda s: s["latched"])
    assert traps == sorted(traps)
    fine = state_graph(GoodMutex, {Walker: 2, Place: 3, Other: 1})
    assert no_trap(fine, lambda s: not any(s["here"].values())) == []


def test_the_scopes_edge_hides_traps_and_cycles() -> None:
    graph = state_graph(EndlessStairs, {Walker: 2, Place: 3})
    assert no_trap(graph, lambda _: False) == []
    assert no_trap(state_graph(Stairs, {Walker: 2, Place: 4}), lambda _: False) != []
    answer = fair_cycle(graph, lambda s: min(s["at"].values()) >= 2)
    assert answer.excluded == 5
    assert "left out" in str(answer)


def test_weak_fairness_makes_everybody_climb() -> None:
    up = fair_cycle(state_graph(Stairs, {Walker: 2, Place: 4}), lambda s: set(s["at"].values()) == {3})
    assert up.holds, "a walker who could climb for ever climbs, though another one rests for ever"
    assert up.lasso is None


class Idle(Stairs):
    """Climbing is not fair here: nobody has to."""

    @action(fair=False)
    def climb(s, w: Walker) -> None:
        require(s.at[w] < s.top)
        s.at[w] += 1


def test_without_fairness_nothing_need_happen() -> None:
    answer = fair_cycle(state_graph(Idle, {Walker: 2, Place: 4}), lambda s: set(s["at"].values()) == {3})
    assert not answer.holds
    assert answer.lasso is not None
    assert {hop[1].action for hop in answer.lasso.cycle} == {"rest"}, "one is up and rests, the other stays where it is"
    assert "then for ever" in str(answer)


def test_a_fair_cycle_is_shown_as_a_lasso() -> None:
    """Guests may come and go for ever while no walker looks: looking is not fair."""
    graph = state_graph(GoodMutex, {Walker: 1, Place: 3, Other: 1})
    answer = fair_cycle(graph, lambda s: bool(s["here"][0]))
    assert answer.lasso is not None
    assert [hop[1].action for hop in answer.lasso.cycle] == ["visit", "part"]
    at = answer.lasso.stem[-1][2] if answer.lasso.stem else 0
    for before, _, after in answer.lasso.cycle:
        assert before == at
        at = after
    assert at == answer.lasso.cycle[0][0], "it comes round"
    assert fair_cycle(graph, lambda s: not s["here"][0]).holds, "who is in leaves"


def test_an_assumption_takes_steps_out_of_cycles_and_is_said() -> None:
    graph = state_graph(GoodMutex, {Walker: 1, Place: 3, Other: 1})
    answer = fair_cycle(graph, lambda s: bool(s["here"][0]), finitely=["visit"])
    assert answer.lasso is not None
    assert answer.lasso.cycle == (), "with no more visits nothing need happen at all"
    assert "nothing that must happen can" in str(answer)
    assert "assuming that visit is taken finitely often" in str(answer)


def at_rest(state: Mapping[str, Any]) -> bool:
    return all(step is Up.IDLE for step in state["up"].values())


@pytest.mark.rule("V1", "L4")
@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.__name__)
def test_every_upgrade_ends_if_calls_end_and_active_is_always_reachable(policy: type[Continue]) -> None:
    """Bound: one caller, one upgrader, two versions, three epochs.  A call that nests for ever does not end."""
    graph = state_graph(policy, ALGORITHM)
    answer = fair_cycle(graph, at_rest, finitely=["nest"])
    assert answer.holds, str(answer)
    assert nodes_where(graph, lambda s: not at_rest(s))
    # A plugin that was unregistered is out of service for good and stands outside rule L4.
    assert no_trap(graph, lambda s: s["state"] is HotReloadState.ACTIVE or s["gate"] is Gate.SHUT) == []
    if policy.__name__ != "Overlap":
        assert not fair_cycle(graph, at_rest).holds, "without the assumption a drain waits for ever"


def test_a_tour_takes_every_step_and_its_walks_are_runs() -> None:
    scope = {Walker: 2, Place: 4}
    graph = state_graph(Stairs, scope)
    tour = transition_tour(graph)
    taken = {(a, label.action, label.args, b) for walk in tour for a, label, b in walk}
    assert taken == {(a, label.action, label.args, b) for a, b, label in graph.edges(data="label")}
    run = PlainRun(Stairs, scope)
    for walk in tour:
        at = run.initial()
        for _, label, after in walk:
            outcome = run.apply(at, label.action, *label.args)
            assert outcome.state is not None
            at = outcome.state
            assert run.as_dict(at) == state_at(graph, after)


def test_a_tour_through_a_view_is_shorter() -> None:
    graph = state_graph(Continue, ALGORITHM)
    tour = transition_tour(graph, lambda s: s["state"])
    seen = {(state_at(graph, a)["state"], label.action, state_at(graph, b)["state"]) for w in tour for a, label, b in w}
    wanted = {
        (state_at(graph, a)["state"], label.action, state_at(graph, b)["state"])
        for a, b, label in graph.edges(data="label")
    }
    assert seen == wanted
    assert sum(map(len, tour)) < graph.number_of_edges()


class Handing(Model):
    """Somebody takes something in the presence of another."""

    has: Map[Thread, bool] = each(False)

    @action
    def take(s, t: Thread, witness: Thread) -> None:
        require(t != witness, not s.has[t])
        s.has[t] = True

    @invariant
    def some_have_nothing(s) -> bool:
        return any(not s.has[t] for t in every(Thread))


def test_a_step_with_two_parameters_of_one_sort_is_called_by_both() -> None:
    """Also where it looks at one of them only, and so is worked out once for all."""
    scope: dict[type, int] = {Thread: 3}
    edges = state_graph(Handing, scope).edges(data="label")
    run = PlainRun(Handing, scope)
    plain = {(state, step[0], step[1]) for state, steps in run.reachable().items() for step in steps}
    assert {label.args for *_, label in edges} == {(a, b) for a in range(3) for b in range(3) if a != b}
    assert len(edges) == len(plain)
    found = explore(Handing, scope, deadlock=False, vacuity=False).violation
    assert found is not None
    assert found.claim == "some_have_nothing"
