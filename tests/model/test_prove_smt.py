"""SMT-LIB text: every construct as both solvers read it, names that cannot collide, what is refused."""

from __future__ import annotations

import re

import pytest

from quiesce_model import algorithm
from quiesce_model.language import Map, Model, Numbered, Sort, action, each, every, implies, invariant, require
from quiesce_model.language.expr import (
    FALSE,
    Expr,
    arith,
    bound,
    const,
    eq,
    imp,
    ite,
    land,
    param,
    quantify,
    read,
    store,
    var,
)
from quiesce_model.language.sorts import BOOL, INT, MapSort
from quiesce_model.prove import Obligation, ProveError, Reading, check, formulate, induction
from quiesce_model.prove.smt import declarations, pretty, sort_name, symbol, text
from tests.model.prove_models import At, Room, Round, Worker


def said(goal: Expr, *hypotheses: Expr) -> Obligation:
    reading = Reading(Room, Room.state_sorts(), tuple((f"h{i}", h) for i, h in enumerate(hypotheses)), goal)
    return formulate(reading, "theorem", "what is said")


def confirmed(*obligations: Obligation) -> bool:
    return all(a.confirms for a in check(obligations))


r, w = var("round", Round), param("w", Worker)
seen, at = var("seen", MapSort(Worker, Round)), var("at", MapSort(Worker, At))
e, x = bound("e", Round), bound("x", Worker)


def test_each_construct_means_what_it_says() -> None:
    """Each is a tautology in the modelling language, and its counterpart with one thing wrong is none."""
    good = [
        imp(arith("<", r, const(3, Round)), arith("<=", arith("+", r, const(1), Round), const(3, Round))),
        eq(arith("-", arith("+", r, const(2), Round), const(2), Round), r),
        arith("<", arith("mod", var("inside", INT), const(3)), const(3)),
        imp(quantify("forall", (x,), eq(read(at, x), const(At.IN))), eq(read(at, w), const(At.IN))),
        imp(eq(read(at, w), const(At.IN)), quantify("exists", (x,), eq(read(at, x), const(At.IN)))),
        quantify("forall", (e,), arith("<=", const(0), e)),
        Expr("within", (param("n", Round),), BOOL),
        arith("<=", ite(eq(read(at, w), const(At.IN)), const(1), const(2)), const(2)),
    ]
    bad = [
        imp(arith("<", r, const(3, Round)), arith("<", arith("+", r, const(1), Round), const(3, Round))),
        arith("<", arith("mod", var("inside", INT), const(3)), const(2)),
        quantify("forall", (x,), eq(read(at, x), const(At.IN))),
        quantify("forall", (e,), arith("<", const(0), e)),
        Expr("within", (arith("-", r, const(1), Round),), BOOL),
    ]
    natural = arith("<=", const(0), r)
    assert confirmed(*(said(g, natural) for g in good if g is not const(True)))
    assert [a.verdict for a in check([said(b, natural) for b in bad], ["z3"])] == ["sat"] * len(bad)


def test_bound_variables_of_one_name_and_two_sorts_stay_apart() -> None:
    """Text knows names only: an inner ``e`` must not catch what an outer ``e`` of another sort stands for."""
    worker, number = bound("e", Worker), bound("e", Round)
    inner = quantify("exists", (number,), land(eq(read(seen, worker), number), arith("<=", const(0), number)))
    whole = quantify("forall", (worker,), inner)
    assert confirmed(said(whole, quantify("forall", (worker,), arith("<=", const(0), read(seen, worker)))))
    assert text(whole).startswith("(forall ((?e Worker)) (exists ((?e~")
    same = Expr("forall", ((worker, bound("e", Round)), eq(read(seen, worker), number)), BOOL)
    assert [a.verdict for a in check([said(same)], ["z3"])] == ["sat"]


def test_names_cannot_collide() -> None:
    assert text(var("now", INT)) == "s.now"
    assert text(var("now'", INT)) == "after.now"
    assert text(param("now", INT)) == "step.now"
    assert text(bound("now", INT)) == "?now"
    assert text(const(At.IN)) == "At.IN"
    assert symbol("größe") == "|größe|"
    with pytest.raises(ProveError, match="bars"):
        symbol("a|b")


class Set(Sort):
    """Called like a sort of cvc5's."""


class Let(Numbered):
    """Called like a word of the language."""


class Words(Model):
    """Everything is called like something that SMT-LIB knows."""

    true: Map[Set, bool] = each(False)
    let: Let = Let(0)
    exists: Map[Set, Let] = each(0)

    @action
    def check(s, assert_: Set) -> None:
        require(not s.true[assert_])
        s.true[assert_] = True
        s.exists[assert_] = s.let
        s.let += 1

    @invariant
    def store(s) -> bool:
        return all(implies(s.true[forall], s.exists[forall] < s.let) for forall in every(Set))


def test_words_of_smt_lib_are_fine_as_names() -> None:
    assert confirmed(*induction(Words))


def test_two_sorts_of_one_name_are_refused() -> None:
    class Worker(Sort):
        """Another one."""

    mine = var("other", MapSort(Worker, bool))
    with pytest.raises(ProveError, match="two sorts are called Worker"):
        declarations({**Room.state_sorts(), "other": mine.sort}, [])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (store(at, w, const(At.IN)), "store"),
        (quantify("sum", (x,), eq(read(at, x), const(At.IN))), "counted"),
        (Expr("cell", ("at", 0), At), "cell"),
    ],
)
def test_what_has_no_place_in_a_formula_is_refused(bad: Expr, reason: str) -> None:
    with pytest.raises(ProveError, match=reason):
        text(bad)


def test_a_map_is_no_value() -> None:
    with pytest.raises(ProveError, match="Map"):
        sort_name(MapSort(Worker, At))


def test_an_obligation_is_well_formed() -> None:
    reading = Reading(Room, Room.state_sorts(), (("goal", FALSE),), FALSE)
    with pytest.raises(ProveError, match="differ from each other and from 'goal'"):
        formulate(reading, "theorem", "x")
    with pytest.raises(ProveError, match="has a goal"):
        formulate(Reading(Room, Room.state_sorts(), (), None), "theorem", "x")
    with pytest.raises(ProveError, match="kind"):
        formulate(Reading(Room, Room.state_sorts(), (), FALSE), "guess", "x")  # type: ignore[arg-type]  # bad input


def test_a_script_is_whole_and_plain() -> None:
    for o in induction(algorithm.Hold)[::60]:
        assert o.smt.endswith("(check-sat)\n")
        assert o.smt.isascii()
        assert o.smt.count("(") == o.smt.count(")")
        assert o.smt.startswith(f"; {o.name}\n")
        assert "Array" not in o.smt
        declared = set(re.findall(r"\(declare-fun (\S+)", o.smt))
        used = set(re.findall(r"(?<![\w.?])(?:s|step|after)\.[\w.]+", o.smt))
        assert used == declared


def test_breaking_lines_changes_no_token() -> None:
    o = max(induction(algorithm.Hold), key=lambda o: len(o.smt))
    broken = pretty(o.smt)
    assert re.findall(r"[()]|[^\s()]+", broken) == re.findall(r"[()]|[^\s()]+", o.smt)
    assert max(map(len, o.smt.splitlines())) > 400
    assert max(map(len, broken.splitlines())) < 140
