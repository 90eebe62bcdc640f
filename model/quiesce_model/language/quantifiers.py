"""Reading ``all``, ``any`` and ``sum`` over the elements of a sort.

``all(f(x) for x in every(X) if c(x))`` is a quantifier.  That is exact as long as every element can be
evaluated; where an index may leave the scope it matters which elements the plain run looks at before it
stops, and in which order:

* ``sum`` looks at all of them;
* over a ``Numbered`` sort ``all`` and ``any`` look at x only if no earlier y has decided the matter;
* over an unordered sort that would tell its elements apart, so it is rejected.
"""

from __future__ import annotations

import ast
from typing import Any

from quiesce_model.language.context import Context
from quiesce_model.language.expr import (
    TRUE,
    Expr,
    arith,
    bound,
    const,
    imp,
    ite,
    land,
    lnot,
    lor,
    quantify,
    subst,
)
from quiesce_model.language.sorts import BOOL, INT, is_enum, is_unordered, members, show_sort
from quiesce_model.language.symbols import Every, Need, Value

_OP = {all: "forall", any: "exists", sum: "sum"}


class Quantifiers(Context):
    """The part of the reader that reads comprehensions."""

    def condition(self, node: ast.expr) -> Expr:
        """The value of a condition; see ``expressions``."""
        raise NotImplementedError

    def value(self, node: ast.expr) -> Value:
        """The value of an expression; see ``expressions``."""
        raise NotImplementedError

    def quantified(self, fn: Any, node: ast.Call) -> Expr:
        """``all(...)``, ``any(...)``, ``sum(...)``."""
        if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.GeneratorExp):
            self.reject(
                node, f"{fn.__name__} is read over a generator only", f"{fn.__name__}(... for x in every(X) if ...)"
            )
        generator = node.args[0]
        saved = dict(self.frame.locals)
        try:
            return self._level(_OP[fn], generator.generators, generator.elt)
        finally:
            self.frame.locals.clear()
            self.frame.locals.update(saved)

    def _level(self, op: str, generators: list[ast.comprehension], leaf: ast.expr) -> Expr:
        if not generators:
            if op != "sum":
                return self.condition(leaf)
            e = self.lift(self.value(leaf), leaf)
            if e.sort not in {BOOL, INT}:
                self.reject(leaf, f"sum needs conditions or whole numbers, got {show_sort(e.sort)}", "int(...)")
            return e
        g, rest = generators[0], generators[1:]
        if g.is_async:
            self.reject(g.iter, "async is not part of the modelling language", "for, without async")
        if not isinstance(g.target, ast.Name):
            self.reject(g.target, "one variable for each 'for'", "for a in every(A) for b in every(B)")
        over = self.value(g.iter)
        if isinstance(over, tuple):
            return self._unrolled(op, g, rest, leaf, over)
        if not isinstance(over, Every):
            self.reject(
                g.iter, f"expected every(X) or a tuple of values, got {self.describe(over)}", "for x in every(X)"
            )
        return self._over(op, g, rest, leaf, over.sort)

    def _element(
        self, op: str, g: ast.comprehension, rest: list[ast.comprehension], leaf: ast.expr
    ) -> tuple[Expr, Expr, Expr]:
        """For the variable as it is bound now: the filter, what is behind it, and what has to be in scope for them."""
        saved_path, saved_needs, self.path, self.needs = self.path, self.needs, TRUE, []
        try:
            conditions: list[Expr] = []
            for c in g.ifs:
                with self.under(land(*conditions)):
                    conditions.append(self.condition(c))
            test = land(*conditions)
            with self.under(test):
                body = self._level(op, rest, leaf)
            return test, body, land(*(imp(n.path, n.condition) for n in self.needs))
        finally:
            self.path, self.needs = saved_path, saved_needs

    def _filtered(self, op: str, test: Expr, body: Expr) -> Expr:
        if op == "forall":
            return imp(test, body)
        return land(test, body) if body.sort is BOOL else ite(test, body, const(0))

    def _over(self, op: str, g: ast.comprehension, rest: list[ast.comprehension], leaf: ast.expr, sort: type) -> Expr:
        assert isinstance(g.target, ast.Name)
        x = bound(f"{g.target.id}!{self.level}", sort)
        self.frame.locals[g.target.id] = x
        self.level += 1
        try:
            test, body, needed = self._element(op, g, rest, leaf)
        finally:
            self.level -= 1
        if op == "sum" and body.op == "sum":
            vs, inner = (x, *body.args[0]), self._filtered(op, test, body.args[1])
        else:
            vs, inner = (x,), self._filtered(op, test, body)
        one = self._filtered(op, test, body)
        self._needed(op, x, one, needed, g)
        return quantify(op, vs, inner)

    def _needed(self, op: str, x: Expr, one: Expr, needed: Expr, g: ast.comprehension) -> None:
        """What has to be in scope for the whole, given what has to be for one element."""
        if needed is TRUE:
            return
        if x not in needed.free:  # the first element is always looked at
            self.need_that(needed)
        elif op == "sum":
            self.need_that(quantify("forall", (x,), needed))
        elif is_unordered(x.sort):
            self.reject(
                g.iter,
                f"an index here may leave the scope for one {show_sort(x.sort)} and not for another, "
                f"and then the result depends on which comes first",
                "a condition under which the index is in scope, outside of the generator",
            )
        else:
            decided = lnot(one) if op == "forall" else one
            y = bound(f"{x.args[0]}'", x.sort)
            if is_enum(x.sort):
                earlier: list[Expr] = []
                for m in members(x.sort):
                    self.need_that(lor(*earlier, subst(needed, {x: const(m)})))
                    earlier.append(subst(decided, {x: const(m)}))
                return
            before = quantify("exists", (y,), land(arith("<", y, x), subst(decided, {x: y})))
            self.need_that(quantify("forall", (x,), lor(before, needed)))

    def _unrolled(
        self, op: str, g: ast.comprehension, rest: list[ast.comprehension], leaf: ast.expr, over: tuple[Value, ...]
    ) -> Expr:
        """Over a tuple: one element after the other, as Python does."""
        assert isinstance(g.target, ast.Name)
        out: list[Expr] = []
        so_far: Expr = TRUE
        for element in over:
            self.frame.locals[g.target.id] = element
            test, body, needed = self._element(op, g, rest, leaf)
            if needed is not TRUE:
                self.needs.append(Need(land(self.path, so_far), needed))
            out.append(self._filtered(op, test, body))
            if op != "sum":
                so_far = land(so_far, out[-1] if op == "forall" else lnot(out[-1]))
        if op == "forall":
            return land(*out)
        if op == "exists":
            return lor(*out)
        total = const(0)
        for x in out:
            total = arith("+", total, ite(x, const(1), const(0)) if x.sort is BOOL else x, INT)
        return total
