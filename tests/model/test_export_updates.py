"""Assignments in order, words put back, names kept apart: the parts that both exporters stand on."""

from __future__ import annotations

import itertools

import pytest

from quiesce_model.algorithm import Hold
from quiesce_model.export.names import apart, bare, free_name, slug
from quiesce_model.export.updates import OLD, Assign, Choice, Statement, branches, sequence
from quiesce_model.export.words import fold, words
from quiesce_model.language.expr import Expr, arith, bound, const, eq, ite, param, quantify, read, store, var
from quiesce_model.language.sorts import INT, AnySort, MapSort
from quiesce_model.vocabulary import Epoch, Thread, Up, Upgrader
from tests.model.export_models import Color, Corners

X, Y, Z = (var(n, INT) for n in "xyz")
ROW = var("row", MapSort(Color, INT))
SORTS: dict[str, AnySort] = {"x": INT, "y": INT, "z": INT, "row": MapSort(Color, INT)}
RED, BLUE = const(Color.RED), const(Color.BLUE)


def value(e: Expr, state: dict[str, int]) -> int:
    match e.op:
        case "const":
            return int(e.args[0])
        case "var":
            return state[e.args[0]]
        case "read":
            return state[f"{e.args[0].args[0]}.{e.args[1].args[0].name}"]
        case "ite":
            return value(e.args[1 if value(e.args[0], state) else 2], state)
        case "=":
            return value(e.args[0], state) == value(e.args[1], state)
        case _:
            return value(e.args[0], state) + value(e.args[1], state)


def run(statements: tuple[Statement, ...], state: dict[str, int]) -> None:
    """One after the other, as Promela does it."""
    for s in statements:
        if isinstance(s, Choice):
            run(s.then if value(s.condition, state) else s.other, state)
        else:
            name = s.variable if s.index is None else f"{s.variable}.{s.index.args[0].name}"
            state[name] = value(s.value, state)


ONE = const(1)
POSTS = [
    {"x": Y, "y": X},
    {"x": Y, "y": Z, "z": X},
    {"x": arith("+", X, ONE), "y": X, "z": arith("+", Y, X)},
    {"x": ite(eq(Y, ONE), Z, X), "y": ite(eq(Y, ONE), X, arith("+", Y, ONE))},
    {"row": store(store(ROW, RED, read(ROW, BLUE)), BLUE, read(ROW, RED))},
    {"row": store(store(ROW, RED, ONE), RED, X), "x": read(ROW, RED)},
    {"row": ite(eq(X, ONE), store(ROW, BLUE, Y), store(ROW, RED, X)), "y": ite(eq(X, ONE), read(ROW, BLUE), Y), "x": Y},
]


@pytest.mark.parametrize("post", POSTS, ids=range(len(POSTS)))
def test_one_after_the_other_is_all_at_once(post: dict[str, Expr]) -> None:
    """In all states of three values, the order that is found gives what simultaneous assignment gives."""
    old, statements = sequence(branches(post), SORTS)
    names = ["x", "y", "z", "row.RED", "row.BLUE"]
    for values in itertools.product(range(3), repeat=len(names)):
        before = dict(zip(names, values, strict=True))
        state = before | {f"{OLD}{n}": v for n, v in before.items()}
        run(statements, state)
        for name in names:
            base, _, cell = name.partition(".")
            e = post.get(base)
            wanted = before[name] if e is None else value(read(e, const(Color[cell])) if cell else e, before)
            assert state[name] == wanted, (name, before, statements)
    assert set(old) <= {"x", "y", "z", "row"}


def test_only_what_is_needed_is_remembered() -> None:
    assert sequence(branches({"x": Y, "y": X}), SORTS)[0] != ()
    assert sequence(branches({"x": Y, "y": Z}), SORTS)[0] == ()
    assert sequence(branches({"y": Z, "x": Y}), SORTS)[1] == (Assign("x", None, Y), Assign("y", None, Z))


def test_variables_that_share_a_condition_stand_together() -> None:
    [choice] = branches({"x": ite(eq(Z, ONE), Y, X), "y": ite(eq(Z, ONE), X, Y)})
    assert isinstance(choice, Choice)
    assert {s.variable for s in choice.then if isinstance(s, Assign)} == {"x", "y"}
    assert choice.other == ()


def test_words_are_found_whatever_their_parameters_are() -> None:
    found = {w.name: w for w in words(Hold)}
    assert {"drained", "settled", "runs", "unheld", "holds", "may_decide", "room"} <= found.keys()
    assert not {"publish", "reclaim", "leave", "may_not_exist"} & found.keys()  # those change the state
    look = next(a for a in Hold.actions() if a.name == "look")
    folded = repr(fold(look.post["life"], found.values()))
    assert "(word 'unheld' (read code (read epoch t)))" in folded
    scan = next(a for a in Hold.actions() if a.name == "scan")
    assert "(word 'drained')" in repr(fold(scan.post["woken"], found.values()))
    assert [w.name for w in words(Corners)] == ["held_in_all"]


def test_a_word_is_not_found_where_something_else_is_said() -> None:
    found = {w.name: w for w in words(Hold)}
    u = param("u", Upgrader)
    almost = eq(read(var("up", MapSort(Upgrader, Up)), u), const(Up.WAIT))
    assert fold(almost, found.values()) is almost


def test_bound_variables_get_names_of_their_own() -> None:
    t, inner = param("t", Thread), bound("t!0", Thread)
    epoch = var("epoch", MapSort(Thread, Epoch))
    e = apart(quantify("forall", (inner,), eq(read(epoch, inner), read(epoch, t))), {"t2", "epoch"})
    assert [v.args[0] for v in e.binds()] == ["t3"]
    assert repr(e) == "(forall (t3,) (= (read epoch t3) (read epoch t)))"
    assert free_name("a", {"a", "a2"}) == "a3"


def test_brackets_and_file_names() -> None:
    assert bare("(a && b)") == "a && b"
    assert bare("(a) && (b)") == "(a) && (b)"
    assert bare("(c -> a : b)") == "(c -> a : b)"
    assert slug("published, repaired: second wait") == "published_repaired_second_wait"
