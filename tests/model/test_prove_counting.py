"""Counting: sums become numbers that move with each step; what cannot be counted is refused; why it is allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quiesce_model import algorithm
from quiesce_model.language import Map, Model, PlainRun, action, each, every, invariant, require
from quiesce_model.language.expr import bound, const, eq, land, param, quantify, read, subst, var
from quiesce_model.language.sorts import MapSort
from quiesce_model.prove import ProveError, check, induction, system
from quiesce_model.prove.counting import Counts, lemmas
from tests.model.prove_models import At, OnStates, Room, Round, Worker

at = var("at", MapSort(Worker, At))
seen = var("seen", MapSort(Worker, Round))
w, t = bound("w", Worker), bound("t", Worker)


def test_the_lemmas_hold_of_finite_sets() -> None:
    answers = check(lemmas(4))
    assert len(answers) == 9
    assert all(a.confirms and a.solver == "cvc5" for a in answers)


def test_a_lemma_with_a_wrong_goal_is_not_confirmed() -> None:
    for lemma in lemmas(2)[-2:]:
        assert lemma.goal is not None
        wrong = replace(lemma, goal=lemma.goal.replace("(set.member p0 T)", "(set.member p0 S)"))
        [answer] = check([wrong], ["cvc5"], 5)
        assert not answer.confirms


def test_no_step_writes_at_more_points_than_there_are_lemmas_for() -> None:
    most = max(len(m.points) for model in algorithm.POLICIES for step in system(model).steps for m in step.moved)
    assert 1 <= most <= 3


def test_equal_sums_are_one_count_whatever_their_variables_are_called() -> None:
    counts = Counts()
    e = param("e", Round)
    one = quantify("sum", (w,), land(eq(read(at, w), const(At.IN)), eq(read(seen, w), e)))
    other = quantify("sum", (t,), land(eq(read(at, t), const(At.IN)), eq(read(seen, t), var("round", Round))))
    third = quantify("sum", (t,), eq(read(at, t), const(At.OUT)))
    assert counts.lift(one).args[0] is counts.lift(other).args[0]
    assert counts.lift(third) is not counts.lift(one)
    assert len(counts.found) == 2


def test_what_cannot_be_counted_is_refused() -> None:
    one = quantify("sum", (w,), eq(read(at, w), const(At.IN)))
    nested = quantify("sum", (t,), land(eq(one, const(1)), eq(read(at, t), const(At.IN))))
    primed = var("at'", MapSort(Worker, At))
    both = quantify("sum", (w,), eq(read(at, w), read(primed, w)))
    pairs = quantify("sum", (w, t), eq(read(at, w), read(at, t)))
    numbers = quantify("sum", (w,), read(seen, w))
    for bad in (nested, pairs, numbers):
        with pytest.raises(ProveError, match="counts the elements of one sort"):
            Counts().lift(bad)
    with pytest.raises(ProveError, match="before and after"):
        Counts().lift(both)


def test_a_sum_that_the_model_does_not_have_is_refused_once_steps_are_read() -> None:
    """No step would move it: anything could be proved of it."""
    s = system(Room)
    before = len(s.counts.found)
    with pytest.raises(ProveError, match="got another"):
        s.lift(quantify("sum", (w,), eq(read(at, w), const(At.OUT))))
    assert len(s.counts.found) == before


class TwoAtOnce(Room):
    """Two workers change places: two points are written to, and they may be the same."""

    @action
    def swap(s, w: Worker, x: Worker) -> None:
        require(s.at[w] == At.IN, s.at[x] == At.OUT, not s.chosen[w])
        s.at[w] = At.OUT
        s.at[x] = At.IN

    @action
    def touch(s, w: Worker, x: Worker) -> None:
        """Two ways out of three the same worker."""
        require(not s.chosen[w], not s.chosen[x])
        if s.at[w] == At.OUT:
            s.inside += 1
        s.at[w] = At.IN
        if s.at[x] == At.OUT:
            s.inside += 1
        s.at[x] = At.IN


class EverybodyLeaves(Room):
    """All are written to at once: no lemma on points says what becomes of the count."""

    @action
    def close(s) -> None:
        require(all(not s.chosen[x] for x in every(Worker)))
        s.inside = 0
        for x in every(Worker):
            s.at[x] = At.OUT


class Crowd(Model):
    """How many there are at first is not known: it depends on how many there are."""

    out: int = 0
    at: Map[Worker, At] = each(At.OUT)

    @action
    def enter(s, w: Worker) -> None:
        require(s.at[w] == At.OUT)
        s.at[w] = At.IN
        s.out += 1

    @invariant
    def out_is_natural(s) -> bool:
        return s.out >= 0

    @invariant
    def somebody_is_somewhere(s) -> bool:
        return sum(s.at[w] == At.OUT for w in every(Worker)) >= 0

    @invariant
    def everybody_is_out_at_first(s) -> bool:
        return s.out > 0 or sum(s.at[w] == At.OUT for w in every(Worker)) >= 1


class Nobody(Crowd):
    @invariant
    def nobody_is_out_at_first(s) -> bool:
        return s.out > 0 or sum(s.at[w] == At.OUT for w in every(Worker)) == 0


class Endless(Model):
    """Counts rounds without end: the count is no number."""

    round: Round = Round(0)
    open: Map[Round, bool] = each(True)

    @action
    def go_on(s) -> None:
        s.open[s.round] = False
        s.round += 1

    @invariant
    def enough_are_open(s) -> bool:
        return sum(s.open[r] for r in every(Round)) >= 0


class Initially(Model):
    """Two exceptions at first, of which one counts."""

    round: Round = Round(2)
    open: Map[Round, bool] = each(False, {1: True, 2: False})

    @action
    def shut(s) -> None:
        require(s.open[Round(1)])
        s.open[Round(1)] = False

    @invariant
    def one_at_most(s) -> bool:
        return sum(s.open[r] for r in every(Round)) <= 1

    @invariant
    def none_beyond(s) -> bool:
        return all(r <= s.round for r in every(Round) if s.open[r])


def open_ones(model: type[Model]) -> dict[str, str]:
    return {
        a.obligation.name.partition(": ")[2]: a.verdict for a in check(induction(model), ["z3"], 5) if not a.confirms
    }


def test_two_points_that_may_be_one_are_counted_right() -> None:
    assert open_ones(TwoAtOnce) == {}
    assert max(len(m.points) for step in system(TwoAtOnce).steps for m in step.moved) == 2


def test_a_step_that_writes_everywhere_is_not_waved_through() -> None:
    assert "close changes count.0 where it writes and nowhere else" in open_ones(EverybodyLeaves)


def test_a_count_whose_beginning_is_unknown_is_left_open() -> None:
    """At least one is out, since there is at least one; that nobody is, is refuted."""
    assert open_ones(Crowd) == {}
    assert open_ones(Nobody).keys() >= {"the first state has nobody_is_out_at_first"}


def test_what_is_counted_has_to_be_finite() -> None:
    assert open_ones(Endless) == {"what count.0 counts is finite": "sat"}


def test_exceptions_of_the_first_state_are_counted() -> None:
    assert open_ones(Initially) == {}
    values, counts, facts = system(Initially).first()
    assert not facts
    [first] = counts
    assert values[var("count.0", first.count.sort)] is const(1)


def test_a_counts_value_after_a_step_is_what_the_state_after_says() -> None:
    """The moved count, evaluated on reached states, against the sum in the state that the methods make."""
    within = {Worker: 3, Round: 3, int: 5}
    for model in (Room, TwoAtOnce):
        plain, on = PlainRun(model, within), OnStates(model, within)
        [count] = on.system.counts.found.values()
        number = count.at()
        steps = {step.name: step for step in on.system.steps}
        checked = 0
        for frozen, taken in plain.reachable(400).items():
            for name, args, outcome in taken:
                if outcome.state is None:
                    continue
                step = steps[name]
                params = dict(zip(step.action.formal(), args, strict=True))
                after = on.value(step.after(number), frozen, params)
                assert after == on.value(number, outcome.state, {})
                checked += 1
        assert checked > 100


def test_substitution_keeps_arguments_apart() -> None:
    """``holders[e]`` for each e: the argument of the count is the bound variable, never caught by another."""
    s = system(algorithm.Hold)
    claim = s.invariants["holders_are_counted"]
    for step in s.steps:
        due = step.after(claim)
        assert all(v.op == "param" for v in due.free), (step.name, due.free)
    assert subst(claim, {}) is claim
