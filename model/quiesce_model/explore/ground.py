"""A model within a finite scope: no quantifier left, one instance of each action for each choice of its parameters.

Everything here is exact rewriting of the expressions that the reader made; nothing is evaluated on states.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quiesce_model.language.expr import (
    FALSE,
    TRUE,
    Expr,
    arith,
    conjuncts,
    const,
    elements,
    ite,
    land,
    lnot,
    lor,
    read,
    rebuild,
    subst,
)
from quiesce_model.language.reader import Action
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, Scope, domain, ordinal

__all__ = ["Grounder", "Instance", "cell", "facts_of", "linear", "split_and", "split_or", "tautology"]

Key = tuple[str, int | None]


def cell(name: str, index: int | None, sort: AnySort) -> Expr:
    """One scalar, or one entry of a map, as an expression."""
    return Expr("cell", (name, index), sort)


@dataclass
class Instance:
    """An action with its parameters chosen; all expressions are over cells."""

    action: str
    params: tuple[tuple[str, AnySort, Any], ...]  # name, sort, value
    fair: bool
    process: tuple[AnySort, Any] | None
    guard: Expr
    in_scope: Expr
    post: dict[Key, Expr]  # cells that change, in terms of the state before
    maps: dict[str, Expr]  # variable -> what it is after the step; for claims about the state after it
    asserts: list[tuple[str, Expr]]
    facts: dict[Expr, Expr]  # what the guard fixes


class Grounder:
    """Expands expressions over a finite scope, with one memo for all of them."""

    def __init__(self, sorts: Mapping[str, AnySort], scope: Scope) -> None:
        self.sorts, self.scope = sorts, scope
        self.memo: dict[Expr, Expr] = {}

    def ground(self, e: Expr) -> Expr:
        """``e`` without quantifiers; scalars and reads at known indices are cells."""
        found = self.memo.get(e)
        if found is None:
            found = self.memo[e] = self._ground(e)
        return found

    def _ground(self, e: Expr) -> Expr:
        op = e.op
        if op in {"const", "cell", "bound", "param", "arr"}:
            return e
        if op == "var":
            return cell(e.args[0], None, e.sort)
        if op in {"forall", "exists", "sum"}:
            return self._expand(e)
        if op == "read":
            return self._read(e.args[0], self.ground(e.args[1]), e)
        if op == "within":
            x = self.ground(e.args[0])
            return land(arith("<=", const(0), x), arith("<", x, const(domain(x.sort, self.scope))))
        return rebuild(e, [self.ground(c) for c in e.children()])

    def _read(self, arr: Expr, idx: Expr, e: Expr) -> Expr:
        if arr.op != "arr":
            return self.ground(read(arr, idx))
        if idx.op != "const":
            return Expr("read", (arr, idx), e.sort)
        assert isinstance(arr.sort, MapSort)
        i = ordinal(idx.args[0])
        if 0 <= i < domain(arr.sort.key, self.scope):
            return cell(arr.args[0], i, e.sort)
        return self.default(e.sort)  # beyond the scope: never asked for on a path that counts

    def default(self, sort: AnySort) -> Expr:
        """What a read beyond the scope is taken to be; the language promises that nothing depends on it."""
        return elements(sort, self.scope)[0] if sort is not INT else const(0)

    def _expand(self, e: Expr) -> Expr:
        vs, body = e.args
        choices = itertools.product(*[elements(v.sort, self.scope) for v in vs])
        parts = [self.ground(subst(body, dict(zip(vs, pick, strict=True)))) for pick in choices]
        if e.op != "sum":
            return land(*parts) if e.op == "forall" else lor(*parts)
        total = const(0)
        for p in parts:
            total = arith("+", total, ite(p, const(1), const(0)) if p.sort is BOOL else p, INT)
        return total

    def instances(self, actions: Sequence[Action]) -> Iterator[Instance]:
        """Every action with every choice of parameters that its guard does not rule out at sight."""
        for a in actions:
            for pick in itertools.product(*[elements(s, self.scope) for _, s in a.params]):
                found = self._instance(a, pick)
                if found is not None:
                    yield found

    def _instance(self, a: Action, pick: tuple[Expr, ...]) -> Instance | None:
        by = dict(zip(a.formal(), pick, strict=True))
        memo: dict[Expr, Expr] = {}

        def bind(e: Expr) -> Expr:
            return self.ground(subst(e, by, memo))

        guard = bind(a.guard)
        in_scope = land(*map(bind, a.in_scope))
        if guard is FALSE:
            return None
        post: dict[Key, Expr] = {}
        for var, e in a.post.items():
            sort = self.sorts[var]
            if isinstance(sort, MapSort):
                for i, at in enumerate(elements(sort.key, self.scope)):
                    post[var, i] = bind(read(e, at))
            else:
                post[var, None] = bind(e)
        facts = facts_of(land(guard, in_scope))
        post = {k: self.ground(subst(e, facts)) for k, e in post.items()}
        post = {k: e for k, e in post.items() if e is not cell(*k, e.sort)}
        where = {n: v.args[0] for (n, _), v in zip(a.params, pick, strict=True)}
        given = facts_of(guard)
        process = None if a.process is None else (dict(a.params)[a.process], where[a.process])
        return Instance(
            a.name,
            tuple((n, s, where[n]) for n, s in a.params),
            a.fair,
            process,
            guard,
            self.ground(subst(in_scope, given)),
            post,
            {v: subst(e, by, memo) for v, e in a.post.items()},
            [(o.label, self.ground(subst(bind(o.expr), given))) for o in a.asserts],
            facts,
        )

    def after(self, e: Expr, step: Instance) -> Expr:
        """A grounded claim as it reads after a step, in terms of the state before it."""

        def changed(name: str) -> str | None:
            return name if name in step.maps else None

        return self._replace(e, step, changed)

    def of_step(self, e: Expr, step: Instance) -> Expr:
        """A grounded claim about two states, in terms of the first: ``name'`` is what the step makes of ``name``."""

        def changed(name: str) -> str | None:
            return name[:-1] if name.endswith("'") else None

        return self._replace(e, step, changed)

    def _replace(self, e: Expr, step: Instance, changed: Callable[[str], str | None]) -> Expr:
        memo: dict[Expr, Expr] = {}

        def walk(x: Expr) -> Expr:
            if x.op in {"const", "arr"}:
                return x
            found = memo.get(x)
            if found is None:
                name = changed(x.args[0] if x.op == "cell" else x.args[0].args[0]) if x.op in {"cell", "read"} else None
                if x.op == "cell":
                    now = x if name is None else cell(name, x.args[1], x.sort)
                    found = now if name is None else step.post.get(now.args, now)
                elif x.op == "read":
                    now = x.args[0] if name is None else Expr("arr", (name,), x.args[0].sort)
                    found = self.ground(read(now if name is None else step.maps.get(name, now), walk(x.args[1])))
                else:
                    found = rebuild(x, [walk(c) for c in x.children()])
                memo[x] = found
            return found

        return self.ground(subst(walk(e), step.facts))

    def primed(self, e: Expr, step: Instance) -> Expr:
        """A grounded claim about the state after a step: what the step changes is read there, as ``name'``."""
        memo: dict[Expr, Expr] = {}

        def walk(x: Expr) -> Expr:
            found = memo.get(x)
            if found is None:
                if x.op == "cell":
                    found = cell(f"{x.args[0]}'", x.args[1], x.sort) if x.args in step.post else x
                elif x.op == "arr":
                    found = Expr("arr", (f"{x.args[0]}'",), x.sort) if x.args[0] in step.maps else x
                else:
                    found = rebuild(x, [walk(c) for c in x.children()]) if x.op != "const" else x
                memo[x] = found
            return found

        return subst(walk(e), step.facts)


def facts_of(guard: Expr) -> dict[Expr, Expr]:
    """Cells whose value a guard fixes."""
    out: dict[Expr, Expr] = {}
    for c in conjuncts(guard):
        if c.op == "=" and c.args[0].op == "cell" and c.args[1].op == "const":
            out[c.args[0]] = c.args[1]
        elif c.op == "cell":
            out[c] = TRUE
        elif c.op == "not" and c.args[0].op == "cell":
            out[c.args[0]] = FALSE
    return out


def split_and(e: Expr, limit: int = 64) -> list[Expr]:
    """Claims that hold together exactly if ``e`` does, each about as little as can be.

    A disjunction is distributed over its conjunctions while that makes at most ``limit`` parts: "v is not freed or
    nobody runs on v" becomes one claim for each caller.
    """
    return _split(e, "and", limit)


def split_or(e: Expr, limit: int = 64) -> list[Expr]:
    """Claims of which at least one holds exactly if ``e`` does."""
    return _split(e, "or", limit)


def _split(e: Expr, op: str, limit: int) -> list[Expr]:
    dual, join, other = ("or", land, lor) if op == "and" else ("and", lor, land)
    if e.op == op:
        return list(dict.fromkeys(itertools.chain.from_iterable(_split(x, op, limit) for x in e.args)))
    if e.op == "not":
        return [lnot(x) for x in _split(e.args[0], dual, limit)]
    if e.op == "ite":
        c, a, b = e.args
        return _split(join(other(lnot(c) if op == "and" else c, a), other(c if op == "and" else lnot(c), b)), op, limit)
    if e.op == dual:
        parts = [_split(x, op, limit) for x in e.args]
        if 1 < math.prod(map(len, parts)) <= limit:
            return list(dict.fromkeys(other(*pick) for pick in itertools.product(*parts)))
    return [] if e is (TRUE if op == "and" else FALSE) else [e]


def linear(e: Expr, sign: int = 1, into: dict[Expr, int] | None = None) -> dict[Expr, int]:
    """A sum as how often each term occurs in it; the constant is under ``TRUE``."""
    out = {} if into is None else into
    if e.op == "const":
        out[TRUE] = out.get(TRUE, 0) + sign * ordinal(e.args[0])
    elif e.op in {"+", "-"}:
        linear(e.args[0], sign, out)
        linear(e.args[1], sign if e.op == "+" else -sign, out)
    else:
        out[e] = out.get(e, 0) + sign
    return out


def tautology(e: Expr, budget: int = 64) -> bool:
    """Whether ``e`` is true whatever its atoms are; ``False`` also if that takes more than ``budget`` cases."""
    left = [budget]

    def walk(x: Expr) -> bool:
        if x.op == "const":
            return x is TRUE
        left[0] -= 1
        if left[0] < 0:
            return False
        atom = _atom(x)
        so = {atom: TRUE}
        if atom.op == "=" and atom.args[1].op == "const":
            so = {atom.args[0]: atom.args[1]}  # settles every other comparison of it, too
        return walk(subst(x, so)) and walk(subst(x, {atom: FALSE}))

    return walk(e)


def _atom(e: Expr) -> Expr:
    while e.op in {"and", "or", "not"} or (e.op == "ite" and e.sort is BOOL):
        e = e.args[0]
    return e
