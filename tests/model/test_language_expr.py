"""Expressions: one object each, simplified, and nothing captured."""

from __future__ import annotations

import pickle

from quiesce_model.language import Numbered
from quiesce_model.language.expr import (
    FALSE,
    TRUE,
    arith,
    bound,
    cast,
    conjuncts,
    const,
    eq,
    imp,
    ite,
    lam,
    land,
    lnot,
    lor,
    quantify,
    read,
    store,
    subst,
    var,
    within,
)
from quiesce_model.language.sorts import BOOL, INT, MapSort


class Epoch(Numbered):
    pass


P, Q, N, E = var("p", BOOL), var("q", BOOL), var("n", INT), var("e", Epoch)
X, Y = bound("x", Epoch), bound("y", Epoch)
CODE = var("code", MapSort(Epoch, INT))


def test_equal_expressions_are_one_object() -> None:
    assert land(P, Q) is land(P, Q)
    assert const(1) is const(1)
    assert const(1) is not const(True)
    assert const(0, Epoch) is not const(0)
    assert pickle.loads(pickle.dumps(land(P, eq(N, const(1))))) is land(P, eq(N, const(1)))


def test_logic_is_simplified_in_order() -> None:
    assert land(P, land(Q, P)) is land(P, Q)
    assert conjuncts(land(Q, P)) == (Q, P)
    assert land(P, FALSE) is FALSE
    assert lor(P, TRUE) is TRUE
    assert lnot(lnot(P)) is P
    assert imp(land(P, Q), P) is lor(lnot(P), lnot(Q), P)
    assert ite(P, Q, Q) is Q
    assert ite(lnot(P), N, const(1)) is ite(P, const(1), N)
    assert ite(P, TRUE, Q) is lor(P, Q)
    assert ite(P, ite(P, N, const(1)), const(2)) is ite(P, N, const(2))
    assert eq(P, TRUE) is P
    assert eq(const(1), N) is eq(N, const(1))
    assert eq(E, const(1)) is eq(E, const(1, Epoch))
    assert eq(ite(P, const(1), const(2)), const(2)) is lnot(P)


def test_numbers_are_simplified() -> None:
    assert arith("+", arith("+", E, const(1)), const(1)) is arith("+", E, const(2))
    assert arith("-", arith("+", E, const(1)), const(1)) is E
    assert arith("<", const(1), const(2)) is TRUE
    assert cast(cast(E, INT), Epoch) is cast(cast(E, INT), Epoch)
    assert cast(E, INT).sort is INT
    assert within(E) is TRUE
    assert within(const(0, Epoch)) is TRUE
    assert within(arith("+", E, const(1))).op == "within"


def test_reads_go_through_stores_choices_and_lambdas() -> None:
    stored = store(CODE, E, N)
    assert read(stored, E) is N
    assert read(ite(P, stored, CODE), E) is ite(P, N, read(CODE, E))
    assert read(lam(X, read(CODE, arith("+", X, const(1))), CODE.sort), E) is read(CODE, arith("+", E, const(1)))  # type: ignore[arg-type]  # the sort of a map
    assert store(stored, E, const(1)) is store(CODE, E, const(1))


def test_a_bound_variable_is_not_captured() -> None:
    body = quantify("forall", (Y,), eq(read(CODE, X), read(CODE, Y)))
    replaced = subst(body, {X: Y})
    assert replaced.free == {Y}
    [inner] = replaced.args[0]
    assert inner is not Y
    assert replaced.args[1] is eq(read(CODE, Y), read(CODE, inner))
    assert subst(body, {Y: E}) is body


def test_free_variables_and_reads() -> None:
    e = quantify("exists", (X,), land(P, eq(read(CODE, X), N)))
    assert e.free == frozenset()
    assert e.reads == {"p", "code", "n"}
    assert quantify("forall", (X,), P) is P
    assert quantify("sum", (X,), FALSE) is const(0)
