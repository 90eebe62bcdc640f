"""The expression language that the source of a model is read into.

Nodes are hash-consed: equal expressions are the same object, so ``is`` compares them and a memo
table keyed by node shares all work.  The table is per process and holds its nodes for good.  A weak table
was rejected: nodes are made in the innermost loops of grounding, and what is read once is used to the end.

=========  ==============================  =======================================================
op         args                            meaning
=========  ==============================  =======================================================
const      (value,)                        a bool, an int (of sort ``int`` or a ``Numbered``), an enum member;
                                           for an unordered sort only in grounded expressions
var        (name,)                         a scalar of the state; ``name'`` is the one after the step
arr        (name,)                         a map of the state (sort ``MapSort``); ``name'`` likewise
cell       (name, index or None)           made by explorers: a scalar, or one cell of a map
param      (name,)                         a parameter of an action
bound      (name,)                         a variable bound by forall, exists, sum, lambda
not and or (x, ...)                        left to right, short-circuit (see below)
=          (x, y)                          equality within one sort
ite        (condition, x, y)               if-then-else; also between maps
read       (map, index)                    a map's value; of an arr: reads through the rest are resolved at once
store      (map, index, value)             the map with one cell changed
lambda     (bound, body)                   the map that is ``body`` at each ``bound``
forall     ((bound, ...), body)            for all elements of the bounds' sorts in scope
exists     ((bound, ...), body)            for some
sum        ((bound, ...), body)            a Bool body: how many are true; an Int body: their sum
< <=       (x, y)                          order of numbers
+ - mod    (x, y)                          of sort ``int`` or a ``Numbered``; the modulus is a positive constant
within     (x,)                            x, of a Numbered sort, is at least 0 and below the sort's size in scope
=========  ==============================  =======================================================

Reads are total in proofs, but a finite search has no cell beyond the scope.  What a method reads there
is guarded by its own path: evaluate ``and``, ``or`` and ``ite`` lazily and in order, and evaluate an
action's ``post`` only where its ``in_scope`` holds, and no undefined read is ever evaluated.

Simplifying constructors (``land``, ``eq``, ``ite``, ``read`` ...) keep the order of their operands.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from quiesce_model.language.node import (
    BINDERS,
    FALSE,
    LEAVES,
    TRUE,
    Expr,
    after,
    bound,
    const,
    elements,
    param,
    var,
)
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, is_number

__all__ = [
    "BINDERS",
    "FALSE",
    "LEAVES",
    "TRUE",
    "Expr",
    "after",
    "arith",
    "bound",
    "cast",
    "conjuncts",
    "const",
    "elements",
    "eq",
    "imp",
    "ite",
    "lam",
    "land",
    "lnot",
    "lor",
    "param",
    "quantify",
    "read",
    "rebuild",
    "store",
    "subst",
    "var",
    "within",
]


# ---------------------------------------------------------------- logic
def _flat(op: str, stop: Expr, skip: Expr, xs: Iterable[Expr]) -> Expr:
    out: dict[Expr, None] = {}
    for x in xs:
        parts: tuple[Expr, ...] = x.args if x.op == op else (x,)
        for y in parts:
            if y is stop:
                return stop
            if y is not skip:
                out[y] = None
    if not out:
        return skip
    return next(iter(out)) if len(out) == 1 else Expr(op, tuple(out), BOOL)


def land(*xs: Expr) -> Expr:
    """And: flattened, without repetitions, in order."""
    return _flat("and", FALSE, TRUE, xs)


def lor(*xs: Expr) -> Expr:
    """Or: flattened, without repetitions, in order."""
    return _flat("or", TRUE, FALSE, xs)


def lnot(x: Expr) -> Expr:
    """Not."""
    if x is TRUE:
        return FALSE
    if x is FALSE:
        return TRUE
    if x.op == "not":
        inner: Expr = x.args[0]
        return inner
    return Expr("not", (x,), BOOL)


def imp(a: Expr, b: Expr) -> Expr:
    """Implies, as an ``or``: b is evaluated only where a holds."""
    if a.op == "and":
        return lor(*(lnot(x) for x in a.args), b)
    return lor(lnot(a), b)


def eq(a: Expr, b: Expr) -> Expr:
    """Equality.  A number constant takes the sort of the other side."""
    if a is b:
        return TRUE
    if a.op == "const":
        a, b = b, a
    if b.op == "const":
        if a.op == "const":
            return const(a.args[0] == b.args[0])
        if a.sort != b.sort and is_number(a.sort):
            b = Expr("const", b.args, a.sort)
        if a.sort is BOOL:
            return a if b is TRUE else lnot(a)
        if a.op == "ite":
            c, x, y = a.args
            if x.op == "const" or y.op == "const":
                return ite(c, eq(x, b), eq(y, b))
    return Expr("=", (a, b), BOOL)


def ite(c: Expr, a: Expr, b: Expr) -> Expr:
    """If-then-else, between values or between maps."""
    if c is TRUE or a is b:
        return a
    if c is FALSE:
        return b
    if c.op == "not":
        c, a, b = c.args[0], b, a
    if a.op == "ite" and a.args[0] is c:
        a = a.args[1]
    if b.op == "ite" and b.args[0] is c:
        b = b.args[2]
    if a is b:
        return a
    if a.sort is BOOL:
        if a is TRUE:
            return lor(c, b)
        if a is FALSE:
            return land(lnot(c), b)
        if b is TRUE:
            return lor(lnot(c), a)
        if b is FALSE:
            return land(c, a)
    return Expr("ite", (c, a, b), a.sort)


# ---------------------------------------------------------------- numbers
def arith(op: str, a: Expr, b: Expr, sort: AnySort | None = None) -> Expr:
    """``<``, ``<=`` (Bool) or ``+``, ``-``, ``mod`` (of the given sort, else of the left operand's)."""
    x, y = (e.args[0] if e.op == "const" else None for e in (a, b))
    if op in {"<", "<="}:
        if x is not None and y is not None:
            return const(x < y if op == "<" else x <= y)
        if a is b:
            return const(op == "<=")
        return Expr(op, (a, b), BOOL)
    sort = a.sort if sort is None else sort
    if x is not None and y is not None:
        if op == "mod":
            return const(x % y, sort)
        return const(x + y if op == "+" else x - y, sort)
    if op == "+" and y == 0 and a.sort == sort:
        return a
    if op == "+" and x == 0 and b.sort == sort:
        return b
    if op == "-" and y == 0 and a.sort == sort:
        return a
    if op in {"+", "-"} and y is not None and a.op in {"+", "-"} and a.args[1].op == "const" and a.sort == sort:
        inner = a.args[1].args[0]  # (z + 1) + 1 = z + 2: successive updates of one counter
        total = (inner if a.op == "+" else -inner) + (y if op == "+" else -y)
        return arith("+" if total >= 0 else "-", a.args[0], const(abs(total), INT), sort)
    return Expr(op, (a, b), sort)


def cast(e: Expr, sort: AnySort) -> Expr:
    """The same number as another sort of number (``e + 0`` where there is nothing to relabel)."""
    if e.sort == sort:
        return e
    if e.op == "const":
        return const(e.args[0], sort)
    if e.op in {"+", "-", "mod"}:
        return Expr(e.op, e.args, sort)
    if e.op == "ite":
        return ite(e.args[0], cast(e.args[1], sort), cast(e.args[2], sort))
    return Expr("+", (e, const(0)), sort)


def within(e: Expr) -> Expr:
    """The number is in the scope of its sort.  True where it cannot leave it: state, parameters, bound variables."""
    if e.op == "ite":
        return ite(e.args[0], within(e.args[1]), within(e.args[2]))
    if e.op == "const" and e.args[0] == 0:
        return TRUE
    if not is_number(e.sort) or e.sort is INT or e.op in {"var", "read", "cell", "param", "bound"}:
        return TRUE
    return Expr("within", (e,), BOOL)


# ---------------------------------------------------------------- maps
def read(arr: Expr, idx: Expr) -> Expr:
    """A map's value: reads through stores, choices and lambdas at once, so that no array theory is ever needed."""
    if arr.op == "store":
        base, at, value = arr.args
        return ite(eq(idx, at), value, read(base, idx))
    if arr.op == "ite":
        c, a, b = arr.args
        return ite(c, read(a, idx), read(b, idx))
    if arr.op == "lambda":
        v, body = arr.args
        return subst(body, {v: idx})
    assert isinstance(arr.sort, MapSort)
    return Expr("read", (arr, idx), arr.sort.value)


def store(arr: Expr, idx: Expr, value: Expr) -> Expr:
    """The map with one cell changed."""
    if arr.op == "store" and arr.args[1] is idx:
        arr = arr.args[0]
    return Expr("store", (arr, idx, value), arr.sort)


def lam(v: Expr, body: Expr, sort: MapSort) -> Expr:
    """The map that is ``body`` at each ``v``."""
    if body.op == "read" and body.args[1] is v:
        arr: Expr = body.args[0]
        if arr.op == "arr" and arr.sort == sort:
            return arr
    return Expr("lambda", (v, body), sort)


# ---------------------------------------------------------------- quantifiers
def quantify(op: str, vs: Sequence[Expr], body: Expr) -> Expr:
    """``forall``, ``exists`` or ``sum`` over the elements of the variables' sorts; a sort has at least one element."""
    if op == "sum":
        if body is FALSE or (body.op == "const" and body.args[0] == 0 and body.sort is not BOOL):
            return const(0)
        return Expr("sum", (tuple(vs), body), INT)
    used = tuple(v for v in vs if v in body.free)
    if not used:
        return body
    if body.op == op and not set(body.args[0]) & set(used):
        used, body = used + body.args[0], body.args[1]
    return Expr(op, (used, body), BOOL)


# ---------------------------------------------------------------- rebuilding
def rebuild(e: Expr, args: Sequence[Expr]) -> Expr:
    """The same node over other children (``children()``), simplified."""
    match e.op:
        case "and":
            return land(*args)
        case "or":
            return lor(*args)
        case "not":
            return lnot(args[0])
        case "=":
            return eq(args[0], args[1])
        case "ite":
            return ite(args[0], args[1], args[2])
        case "read":
            return read(args[0], args[1])
        case "store":
            return store(args[0], args[1], args[2])
        case "within":
            return within(args[0]) if args[0].op != "const" else Expr("within", (args[0],), BOOL)
        case "lambda":
            assert isinstance(e.sort, MapSort)
            return lam(e.args[0], args[0], e.sort)
        case "forall" | "exists" | "sum":
            return quantify(e.op, e.args[0], args[0])
        case _:
            return arith(e.op, args[0], args[1], e.sort)


_fresh = itertools.count()


def subst(e: Expr, by: Mapping[Expr, Expr], memo: dict[Expr, Expr] | None = None) -> Expr:
    """Replace nodes (variables, parameters, cells ...) by others; bound variables are never captured.

    :param memo: share it between calls that have the same ``by``.
    """
    if not by:
        return e
    captured: frozenset[Expr] = frozenset().union(*(v.free for v in by.values()))
    return _subst(e, by, captured, {} if memo is None else memo)


def _subst(e: Expr, by: Mapping[Expr, Expr], captured: frozenset[Expr], memo: dict[Expr, Expr]) -> Expr:
    found = by.get(e)
    if found is not None:
        return found
    if e.op in LEAVES:
        return e
    found = memo.get(e)
    if found is not None:
        return found
    if e.op in BINDERS:
        clash = [v for v in e.binds() if v in captured]
        if clash:
            return memo.setdefault(e, _subst(_rename(e, clash), by, captured, memo))
        if any(v in by for v in e.binds()):
            inner = {k: v for k, v in by.items() if k not in e.binds()}
            return memo.setdefault(e, rebuild(e, (subst(e.args[1], inner),)))
    children = e.children()
    new = tuple([_subst(c, by, captured, memo) for c in children])
    out = e if new == children else rebuild(e, new)
    memo[e] = out
    return out


def _rename(e: Expr, clash: Sequence[Expr]) -> Expr:
    to = {v: bound(f"{v.args[0].partition('~')[0]}~{next(_fresh)}", v.sort) for v in clash}
    body = subst(e.args[1], to)
    vs = tuple(to.get(v, v) for v in e.binds())
    return Expr(e.op, (vs[0] if e.op == "lambda" else vs, body), e.sort)


def conjuncts(e: Expr) -> tuple[Expr, ...]:
    """The parts of a conjunction; none of ``TRUE``."""
    if e is TRUE:
        return ()
    parts: tuple[Expr, ...] = e.args if e.op == "and" else (e,)
    return parts
