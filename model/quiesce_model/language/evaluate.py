"""The expressions of a model, evaluated on concrete states: a small, direct evaluator.

It is independent of the explorers' generated code, and strict where that code is fast: a read at an index
that the scope does not have is an error here, not an arbitrary value.  So every run of it also checks
the promise of ``expr`` that no undefined read is ever evaluated.

An expression becomes a tree of closures over ``(before, after, names)``: two frozen states and the values of
parameters and bound variables.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

from quiesce_model.language.errors import ModelError
from quiesce_model.language.expr import Expr
from quiesce_model.language.plain import Frozen
from quiesce_model.language.sorts import BOOL, AnySort, MapSort, Scope, domain, is_enum, members, ordinal

Names = dict[Expr, Any]
Value = Callable[[Frozen, Frozen, Names], Any]

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    "+": operator.add,
    "-": operator.sub,
    "mod": operator.mod,
}


class UndefinedReadError(ModelError):
    """An expression was evaluated at an index beyond the scope: the reading of a method is wrong."""


class Evaluator:
    """Evaluates expressions over the state of one model in one finite scope.

    :param sorts: the state variables, in the order of frozen states.
    """

    def __init__(self, sorts: dict[str, AnySort], scope: Scope) -> None:
        self.sorts, self.scope = sorts, scope
        self.position = {n: (i, False) for i, n in enumerate(sorts)}
        self.position |= {f"{n}'": (i, True) for i, n in enumerate(sorts)}
        self._memo: dict[Expr, Value] = {}

    def values(self, sort: AnySort) -> list[Any]:
        """All values of a sort in the scope."""
        if sort is BOOL:
            return [False, True]
        return list(members(sort)) if is_enum(sort) else list(range(domain(sort, self.scope)))

    def compile(self, e: Expr) -> Value:
        """The expression as a function of states and names; of a map: the tuple of its cells."""
        found = self._memo.get(e)
        if found is None:
            found = self._memo[e] = self._compile(e)
        return found

    def _compile(self, e: Expr) -> Value:
        match e.op:
            case "const":
                value = e.args[0]
                return lambda _s, _t, _n: value
            case "var" | "arr":
                i, primed = self.position[e.args[0]]
                return (lambda _s, t, _n: t[i]) if primed else (lambda s, _t, _n: s[i])
            case "param" | "bound":
                return lambda _s, _t, n: n[e]
            case "forall" | "exists" | "sum":
                return self._quantifier(e)
            case "lambda":
                return self._lambda(e)
            case "within":
                [x], size = map(self.compile, e.args), domain(e.args[0].sort, self.scope)
                return lambda s, t, n: 0 <= x(s, t, n) < size
        parts = [self.compile(c) for c in e.args]
        match e.op:
            case "and":
                return lambda s, t, n: all(p(s, t, n) for p in parts)
            case "or":
                return lambda s, t, n: any(p(s, t, n) for p in parts)
            case "not":
                return lambda s, t, n: not parts[0](s, t, n)
            case "ite":
                c, a, b = parts
                return lambda s, t, n: a(s, t, n) if c(s, t, n) else b(s, t, n)
            case "read":
                return self._read(parts[0], parts[1], e)
            case "store":
                return self._store(parts[0], parts[1], parts[2], e)
        op, (x, y) = _BINARY[e.op], parts
        return lambda s, t, n: op(x(s, t, n), y(s, t, n))

    def _read(self, arr: Value, idx: Value, e: Expr) -> Value:
        def read(s: Frozen, t: Frozen, n: Names) -> Any:
            cells, i = arr(s, t, n), ordinal(idx(s, t, n))
            if not 0 <= i < len(cells):
                raise UndefinedReadError(f"{e!r} at {i}")
            return cells[i]

        return read

    def _store(self, arr: Value, idx: Value, value: Value, e: Expr) -> Value:
        def store(s: Frozen, t: Frozen, n: Names) -> Any:
            cells, i = arr(s, t, n), ordinal(idx(s, t, n))
            if not 0 <= i < len(cells):
                raise UndefinedReadError(f"{e!r} at {i}")
            return (*cells[:i], value(s, t, n), *cells[i + 1 :])

        return store

    def _lambda(self, e: Expr) -> Value:
        v, body = e.args[0], self.compile(e.args[1])
        assert isinstance(e.sort, MapSort)
        keys = self.values(e.sort.key)
        return lambda s, t, n: tuple([body(s, t, {**n, v: k}) for k in keys])

    def _quantifier(self, e: Expr) -> Value:
        vs, body = e.args[0], self.compile(e.args[1])
        choices = [dict(zip(vs, pick, strict=True)) for pick in itertools.product(*[self.values(v.sort) for v in vs])]
        if e.op == "forall":
            return lambda s, t, n: all(body(s, t, {**n, **c}) for c in choices)
        if e.op == "exists":
            return lambda s, t, n: any(body(s, t, {**n, **c}) for c in choices)
        return lambda s, t, n: sum(int(body(s, t, {**n, **c})) for c in choices)
