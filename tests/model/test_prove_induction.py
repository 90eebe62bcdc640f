"""The inductive argument: complete, confirmed, able to fail, and about the very steps that the methods take."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.explore import explore
from quiesce_model.known_bad.mutants import MUTANTS, calls, drain, lifecycle, reclaim
from quiesce_model.language import Model, PlainRun, Scope, action, every, invariant, require
from quiesce_model.language.expr import TRUE, Expr, bound, imp, land, lnot, param, quantify, read, var
from quiesce_model.language.plain import Frozen
from quiesce_model.language.sorts import MapSort
from quiesce_model.prove import Answer, Obligation, check, induction, system
from quiesce_model.prove.layers import alternates
from quiesce_model.prove.proof import TESTED_ONLY, obligations
from quiesce_model.prove.system import NATURALS
from quiesce_model.rules import rules
from quiesce_model.vocabulary import scope
from tests.model.prove_models import At, Deep, OnStates, Room, Worker


def open_ones(model: type[Model], solvers: tuple[str, ...] = ("z3",)) -> list[Answer]:
    return [a for a in check(induction(model), solvers, 5) if not a.confirms]


# --- the project's own models ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", protocol.POLICIES, ids=lambda m: m.__name__)
def test_both_solvers_confirm_the_protocol(model: type[Model]) -> None:
    asked = induction(model)
    answers = check(asked)
    assert not [str(a) for a in answers if not a.confirms]
    assert len(answers) == 2 * len(asked) > 400


def test_both_solvers_confirm_the_algorithm_under_hold() -> None:
    """The policy with the most steps; `quiesce prove` asks about all three."""
    answers = check(induction(algorithm.Hold))
    assert not [str(a) for a in answers if not a.confirms]
    slowest = max(answers, key=lambda a: a.seconds)
    assert slowest.seconds < 10, slowest  # the limit of `quiesce prove`


def test_every_safety_rule_has_an_obligation_or_a_reason() -> None:
    carried = {rule for o in obligations(policies=["Hold"]) for rule in o.rules}
    safety = {r.id for r in rules().values() if r.kind == "safety"}
    assert safety <= carried | set(TESTED_ONLY)
    assert not carried & set(TESTED_ONLY)
    assert carried <= set(rules())


def test_each_action_meets_each_claim_or_leaves_it_alone() -> None:
    """What is not written down is untouched: the claim reads nothing that the step changes."""
    s = system(algorithm.Continue)
    written = {(o.action, o.claim) for o in induction(algorithm.Continue)}
    for step in s.steps:
        for name, e in {**s.invariants, **s.transitions}.items():
            if (step.name, name) not in written and name in s.invariants:
                assert step.after(e) is e or step.after(e).op == "const"
    said = {n for part in (s.invariants, s.theorems, s.transitions) for n, e in part.items() if e is not TRUE}
    assert {o.claim for o in induction(algorithm.Continue)} >= said
    assert len(said) > 40


def test_a_forall_exists_invariant_is_no_hypothesis_of_another() -> None:
    deep = {
        "a_drain_that_has_ended_is_noticed",
        "no_candidate_is_forgotten",
        "somebody_cleans_up",
    }
    for model in algorithm.POLICIES:
        assert system(model).alternating == deep
        for o in induction(model):
            given = {name for name, _ in o.hypotheses} & deep
            assert o.kind == "theorem" or given <= {o.claim}


# --- what is planted is found ---------------------------------------------------------------------------------------
def test_the_small_model_is_confirmed() -> None:
    assert not open_ones(Room, ("z3", "cvc5"))
    assert not open_ones(Deep, ("z3", "cvc5"))
    assert system(Deep).alternating == {"somebody_works_for_whoever_waits"}


class CountsTwice(Room):
    @action
    def enter(s, w: Worker) -> None:
        require(s.at[w] == At.OUT)
        s.at[w] = At.IN
        s.inside += 2


class ForgetsToLook(Room):
    @action
    def choose(s, w: Worker) -> None:
        require(s.at[w] == At.IN)
        s.chosen[w] = True


class GoesBack(Room):
    @action
    def next_round(s, w: Worker) -> None:
        require(s.chosen[w])
        s.round -= 1


class Unfounded(Room):
    whoever_is_chosen_is_in = None  # type: ignore[assignment]  # a subclass without that claim

    @action
    def choose(s, w: Worker) -> None:
        require(all(not s.chosen[x] for x in every(Worker)))
        s.chosen[w] = True

    @invariant("Z2")
    def a_chosen_one_saw_a_round(s) -> bool:
        return all(s.at[w] == At.IN for w in every(Worker) if s.chosen[w] and s.round > 0)


class WrongFromTheStart(Room):
    @invariant
    def somebody_is_in(s) -> bool:
        return s.inside > 0


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (CountsTwice, {"enter keeps those_inside_are_counted"}),
        (ForgetsToLook, {"choose keeps one_is_chosen"}),
        (
            GoesBack,
            {
                "next_round stays among the natural numbers",
                f"next_round keeps {NATURALS}",
                "next_round keeps nobody_saw_the_future",
                "next_round keeps the promise rounds_go_forward",
            },
        ),
        (Unfounded, {"choose keeps a_chosen_one_saw_a_round", "next_round keeps a_chosen_one_saw_a_round"}),
        (WrongFromTheStart, {"the first state has somebody_is_in", "leave keeps somebody_is_in"}),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_planted_fault_is_sat(model: type[Model], names: set[str]) -> None:
    found = open_ones(model)
    assert {a.obligation.name.partition(": ")[2] for a in found} <= names
    assert found
    assert all(a.verdict == "sat" and a.model is not None for a in found)


@pytest.mark.parametrize(
    ("mutant", "failing"),
    [
        (calls.NoSecondLook, "confirm keeps the promise a_call_starts_on_the_current_version"),
        (calls.LosesAHolder, "announce keeps holders_are_counted"),
        (drain.HandsOverWhileCallsRun, "scan keeps state_is_handed_over_when_no_call_runs"),
        (reclaim.FreesOnProbation, "begin_probation keeps what_a_revert_would_bring_back_is_live"),
        (lifecycle.IgnoresCancel, "drained_in_time keeps the promise only_the_listed_transitions"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_mutant_has_an_obligation_that_fails(mutant: type[Model], failing: str) -> None:
    asked = [o for o in induction(mutant) if not o.by_core and o.claim == failing.split()[-1]]
    found = {a.obligation.name.partition(": ")[2]: a.verdict for a in check(asked, ["z3"], 5) if not a.confirms}
    assert found.get(failing) == "sat", found


Taken = tuple[Frozen, str, tuple[Any, ...], Frozen]


# --- the obligations are about the steps that the methods take ------------------------------------------------------
SCOPES: list[tuple[type[Model], Scope]] = [
    (algorithm.Continue, scope(1, 2, 2, 4, 3)),
    (algorithm.Hold, scope(2, 1, 2, 5, 3)),
    (algorithm.Overlap, scope(2, 1, 2, 4, 3)),
    (protocol.Hold, {**scope(2, 1, 2, 4, 3), int: 4}),
]


@pytest.mark.parametrize(("model", "within"), SCOPES, ids=lambda x: getattr(x, "__name__", ""))
def test_obligations_agree_with_the_methods_on_random_states(model: type[Model], within: Scope) -> None:
    """In reached states hypotheses hold, guards tell what is enabled, and goals tell what the state after keeps."""
    dice = random.Random(model.__name__)
    plain, on = PlainRun(model, within), OnStates(model, within)
    s = on.system
    asked: dict[str | None, list[Obligation]] = {}
    for o in induction(model):
        asked.setdefault(o.action, []).append(o)
    taken: set[str] = set()
    for frozen, name, args, after in walks(plain, dice):
        step = next(st for st in s.steps if st.name == name)
        params = dict(zip(step.action.formal(), args, strict=True))
        assert on.value(step.guard, frozen, params)
        taken.add(name)
        for about, e in s.hypotheses(everything=True) if len(taken) % 3 == 0 else ():
            assert on.value(e, frozen, params), f"{about} is false in {plain.as_dict(frozen)}"
        for o in dice.sample(asked[name], min(6, len(asked[name]))):
            assert o.reading is not None
            assert o.reading.goal is not None
            assert on.value(o.reading.goal, frozen, params), f"{o.name} is false in {plain.as_dict(frozen)}"
        for n, value in step.post.items():
            if n in model.state_sorts():
                assert on.value(value, frozen, params) == after[list(model.state_sorts()).index(n)]
    assert len(taken) > 12


def walks(plain: PlainRun, dice: random.Random) -> list[Taken]:
    """Random runs, from which one step of each action is kept, and a few more."""
    found: dict[str, list[Taken]] = {}
    for _ in range(8):
        frozen = plain.initial()
        for _ in range(30):
            choices = [(frozen, a, args, o.state) for a, args, o in plain.steps(frozen) if o.state is not None]
            if not choices:
                break
            rarest = min(len(found.get(c[1], ())) for c in choices)
            step = dice.choice([c for c in choices if len(found.get(c[1], ())) <= rarest + dice.randrange(3)])
            found.setdefault(step[1], []).append(step)
            frozen = step[3]
    return [dice.choice(steps) for steps in found.values()]


def test_where_a_run_breaks_a_claim_the_goal_is_false() -> None:
    """The shortest run of a mutant, from the explorer; the obligation of its last step, on the state before it."""
    seen = 0
    for entry in MUTANTS:
        if entry.name not in {"ManifestAtPrepare", "GivesUpAtTheGate", "TimeOutKeepsTheGate", "DrainOpensNoEpoch"}:
            continue
        run = explore(entry.model, entry.scope, claims=[entry.claim], deadlock=False, vacuity=False).violation
        assert run is not None
        plain, on = PlainRun(entry.model, entry.scope), OnStates(entry.model, entry.scope)
        frozen = plain.initial()
        labels = [step.label for step in run.trace]
        for label in labels[:-1]:
            outcome = plain.apply(frozen, label.action, *label.args)
            assert outcome.state is not None
            frozen = outcome.state
        last = labels[-1]
        [o] = [o for o in induction(entry.model) if o.action == last.action and o.claim == entry.claim]
        step = next(st for st in on.system.steps if st.name == last.action)
        params = dict(zip(step.action.formal(), last.args, strict=True))
        assert o.reading is not None
        assert o.reading.goal is not None
        assert not on.value(o.reading.goal, frozen, params)
        assert on.value(step.guard, frozen, params)
        seen += 1
    assert seen == 4


def of(name: str) -> Callable[[Expr], Expr]:
    return lambda v: read(var(name, MapSort(Worker, bool)), v)


# --- layers ---------------------------------------------------------------------------------------------------------
def test_alternation_is_found_by_itself() -> None:
    w, x = bound("w", Worker), bound("x", Worker)
    p, q = of("waits"), of("works")
    some = quantify("exists", (x,), q(x))
    each_has = quantify("forall", (w,), imp(p(w), quantify("exists", (x,), land(q(x), p(w)))))
    assert alternates(each_has)
    assert not alternates(lnot(each_has))  # somebody for whom nobody: a name and a universal
    assert not alternates(some)
    assert not alternates(quantify("forall", (w, x), imp(p(w), q(x))))
    assert not alternates(quantify("exists", (x,), quantify("forall", (w,), imp(p(w), q(x)))))
    assert alternates(lnot(quantify("exists", (x,), quantify("forall", (w,), imp(p(w), q(x))))))
    nobody_or = quantify("forall", (w,), imp(quantify("forall", (x,), land(q(x), p(w))), p(w)))
    assert alternates(nobody_or)  # the premise of an implication is denied
    flag = var("flag", bool)
    assert alternates(quantify("forall", (w,), imp(flag, each_has)))
    assert param("t", Worker).free


def test_an_equivalence_counts_both_ways() -> None:
    w, x = bound("w", Worker), bound("x", Worker)
    p = read(var("waits", MapSort(Worker, bool)), w)
    anyone = quantify("exists", (x,), read(var("works", MapSort(Worker, bool)), x))
    both = quantify("forall", (w,), Expr("=", (p, land(p, quantify("exists", (x,), land(p, anyone)))), bool))
    assert alternates(both)
    assert not alternates(lnot(both))  # somebody for whom it is not so: nothing stands below a universal
