"""Reading expressions.

Python evaluates from left to right and stops early in ``and``, ``or``, ``if else``, chained comparisons
and ``all``/``any``; arguments of a call are all evaluated.  The reading keeps to that, because an index
that is out of scope on a path that is not taken is no fault, and on one that is taken is one.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any

from quiesce_model.language import values
from quiesce_model.language.advice import of_call, of_operator, of_syntax
from quiesce_model.language.expr import FALSE, TRUE, Expr, arith, cast, const, eq, imp, ite, land, lnot, lor
from quiesce_model.language.names import Names
from quiesce_model.language.sorts import (
    BOOL,
    INT,
    Sort,
    is_enum,
    is_number,
    is_numbered,
    is_unordered,
    show_sort,
)
from quiesce_model.language.symbols import Every, Method, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

_ORDER: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Lt: ("<", False),
    ast.LtE: ("<=", False),
    ast.Gt: ("<", True),
    ast.GtE: ("<=", True),
}


class Expressions(Names):
    """The part of the reader that reads expressions."""

    def value(self, node: ast.expr) -> Value:
        """The value of an expression in which nothing changes the state."""
        self.pure += 1
        try:
            return self.visit(node)
        finally:
            self.pure -= 1

    def visit(self, node: ast.expr) -> Value:
        """The value of an expression."""
        method = getattr(self, f"visit_{type(node).__name__.lower()}", None)
        if method is None:
            what, advice = of_syntax(node)
            self.reject(node, f"{what} is not part of the modelling language", advice)
        return method(node)

    def condition(self, node: ast.expr) -> Expr:
        """The value of a condition."""
        return self.as_bool(self.value(node), node)

    # ---------------------------------------------------------------- operators
    def visit_boolop(self, node: ast.BoolOp) -> Value:
        conj = isinstance(node.op, ast.And)
        out: list[Expr] = []
        for operand in node.values:
            with self.under(land(*out) if conj else land(*map(lnot, out))):
                x = self.condition(operand)
            out.append(x)
            if x is (FALSE if conj else TRUE):
                break  # Python looks no further either
        return land(*out) if conj else lor(*out)

    def visit_unaryop(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return lnot(self.condition(node.operand))
        x = self.lift(self.value(node.operand), node)
        if isinstance(node.op, ast.USub | ast.UAdd) and x.sort is INT:
            return arith("-", const(0), x) if isinstance(node.op, ast.USub) else x
        what, advice = of_operator(node.op)
        raise self.error(node, f"{what} of {show_sort(x.sort)} is not part of the modelling language", advice)

    def visit_binop(self, node: ast.BinOp) -> Value:
        return self.binary(node.op, self.value(node.left), self.value(node.right), node)

    def binary(self, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Expr:
        """``+``, ``-`` and ``%`` of numbers."""
        if not isinstance(op, ast.Add | ast.Sub | ast.Mod):
            what, advice = of_operator(op)
            self.reject(node, f"{what} is not part of the modelling language", advice)
        a, b = self.lift(left, node), self.lift(right, node)
        for x in (a, b):
            if not is_number(x.sort):
                advice = "sum(...) to count what is true" if x.sort is BOOL else "a Numbered or an int"
                self.reject(node, f"arithmetic needs numbers, got {show_sort(x.sort)}", advice)
        if isinstance(op, ast.Mod):
            m = self.static(b)
            if not isinstance(m, int) or m < 1:
                self.reject(
                    node, "the modulus has to be a positive constant", "x % 2, or x % s.n with n: ClassVar[int]"
                )
            return arith("mod", a, b, INT)
        if isinstance(op, ast.Add):
            if is_numbered(a.sort) and is_numbered(b.sort):
                self.reject(
                    node,
                    f"{show_sort(a.sort)} plus {show_sort(b.sort)} is no number of either",
                    "one of them as int(...)",
                )
            return arith("+", a, b, b.sort if is_numbered(b.sort) else a.sort)
        if is_numbered(b.sort) and a.sort != b.sort:
            self.reject(
                node,
                f"{show_sort(a.sort)} minus {show_sort(b.sort)} is no number of either",
                "values of the same sort, or a whole number on the right",
            )
        return arith("-", a, b, INT if a.sort == b.sort else a.sort)

    def visit_ifexp(self, node: ast.IfExp) -> Value:
        test = self.known(self.condition(node.test))
        if test.op == "const":
            return self.value(node.body if test is TRUE else node.orelse)
        with self.under(test):
            a = self.value(node.body)
        with self.under(lnot(test)):
            b = self.value(node.orelse)
        return self.choose(test, a, b, node)

    def choose(self, test: Expr, a: Value, b: Value, node: ast.AST) -> Value:
        """One of two values of one sort, or of two tuples of them."""
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            return tuple(self.choose(test, x, y, node) for x, y in zip(a, b, strict=True))
        x, y = self.unify(a, b, node, "one name for")
        return ite(test, x, y)

    # ---------------------------------------------------------------- comparisons
    def visit_compare(self, node: ast.Compare) -> Value:
        out: list[Expr] = []
        left = self.value(node.left)
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            with self.under(land(*out)):  # in a chain, the next operand is evaluated only if all is true so far
                right = self.value(comparator)
                out.append(self.compare(op, left, right, node))
            if out[-1] is FALSE:
                break
            left = right
        return land(*out)

    def compare(self, op: ast.cmpop, a: Value, b: Value, node: ast.AST) -> Expr:
        """One comparison."""
        match op:
            case ast.Eq():
                return self.equal(a, b, node)
            case ast.NotEq():
                return lnot(self.equal(a, b, node))
            case ast.Is() | ast.IsNot():
                x, y = self.unify(a, b, node, "cannot compare")
                if is_number(x.sort) or is_unordered(x.sort):
                    self.reject(node, f"identity of {show_sort(x.sort)} is an accident of the interpreter", "== or !=")
                return eq(x, y) if isinstance(op, ast.Is) else lnot(eq(x, y))
            case ast.In() | ast.NotIn():
                if not isinstance(b, tuple):
                    self.reject(node, f"expected a tuple of values after 'in', got {self.describe(b)}", "x in (A, B)")
                found = lor(*(self.equal(a, x, node) for x in b))
                return found if isinstance(op, ast.In) else lnot(found)
        name, swap = _ORDER[type(op)]
        if swap:
            a, b = b, a
        if isinstance(a, tuple) and isinstance(b, tuple):
            return self.before(name, a, b, node)
        x, y = self.unify(a, b, node, "cannot compare")
        if not is_number(x.sort):
            self.reject(node, f"{show_sort(x.sort)} has no order", "== or !=, or x in (A, B)")
        return arith(name, x, y)

    def before(self, name: str, a: tuple[Value, ...], b: tuple[Value, ...], node: ast.AST) -> Expr:
        """The order of tuples: by the first place at which they differ."""
        if not a or not b:
            return const(len(a) < len(b) or (name == "<=" and len(a) == len(b)))
        first = self.compare(ast.Lt(), a[0], b[0], node)
        return lor(first, land(self.equal(a[0], b[0], node), self.before(name, a[1:], b[1:], node)))

    def equal(self, a: Value, b: Value, node: ast.AST) -> Expr:
        """Equality of values of one sort, or of tuples of them."""
        if isinstance(a, tuple) and isinstance(b, tuple):
            if len(a) != len(b):
                self.reject(node, f"tuples of {len(a)} and of {len(b)} are never equal", "tuples of one length")
            return land(*(self.equal(x, y, node) for x, y in zip(a, b, strict=True)))
        return eq(*self.unify(a, b, node, "cannot compare"))

    # ---------------------------------------------------------------- calls
    def visit_call(self, node: ast.Call) -> Value:
        fn = self.value(node.func)
        if fn in (all, any, sum):
            return self.quantified(fn, node)
        if fn is values.require:
            self.reject(node, "require is a statement, not a value", "the condition itself, or require on its own line")
        if fn is super:
            return self.super_of(node)
        name = getattr(fn, "__name__", "")
        if getattr(builtins, name, self) is fn and fn not in {int, min, max}:
            self.reject(node, f"{ast.unparse(node.func)} cannot be called in a model", of_call(name))
        args, kwargs = self.arguments(node)
        if isinstance(fn, Method):
            return self.call_function(fn.fn, [fn.state, *args], kwargs, node)
        if fn is values.implies:
            a, b = self.exactly(2, fn, args, kwargs, node)
            return imp(self.as_bool(a, node), self.as_bool(b, node))
        if isinstance(fn, FunctionType) and fn is not values.every:
            return self.call_function(fn, args, kwargs, node)
        if fn in (min, max):
            if len(args) < 2 or kwargs:
                self.reject(
                    node,
                    f"{fn.__name__} needs two or more numbers here",
                    "all(...) to say what the bound of several is",
                )
            out = args[0]
            for x in args[1:]:
                a, b = self.unify(out, x, node, f"{fn.__name__} of")
                if not is_number(a.sort):
                    self.reject(node, f"{show_sort(a.sort)} has no order", "numbers: an int or a Numbered")
                out = ite(arith("<=", a, b) if fn is min else arith("<=", b, a), a, b)
            return out
        if fn is values.every:
            [sort] = self.exactly(1, fn, args, kwargs, node)
            if not (is_enum(sort) or is_numbered(sort) or is_unordered(sort)):
                advice = "(False, True)" if sort is BOOL else "every(X), where X is such a class"
                self.reject(node, f"every(...) needs a Sort, a Numbered or an enum, got {self.describe(sort)}", advice)
            return Every(sort)
        if fn is int or (inspect.isclass(fn) and issubclass(fn, Sort)):
            [x] = self.exactly(1, fn, args, kwargs, node)
            return self.convert(fn, self.lift(x, node), node)
        raise self.error(
            node,
            f"{ast.unparse(node.func)} cannot be called in a model",
            "a member by its name: X.A" if is_enum(fn) else of_call(name),
        )

    def convert(self, sort: type, e: Expr, node: ast.AST) -> Expr:
        """``int(x)``, ``Epoch(x)``."""
        if is_unordered(sort) or is_unordered(e.sort):
            self.reject(node, "the elements of an unordered sort have no numbers", "a parameter, or every(...)")
        if sort is INT and e.sort is BOOL:
            return ite(e, const(1), const(0))
        if not is_number(e.sort):
            advice = "a comparison, or an if for each member" if is_enum(e.sort) else "a number"
            self.reject(node, f"{sort.__name__}(...) needs a number, got {show_sort(e.sort)}", advice)
        if e.op == "const" and is_numbered(sort) and e.args[0] < 0:
            self.reject(node, f"{e.args[0]} is no {sort.__name__}: numbers begin at 0", "0 or more")
        return cast(e, sort)

    def exactly(
        self, n: int, fn: Any, args: Sequence[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Sequence[Value]:
        """The arguments, if there are so many."""
        if len(args) != n or kwargs:
            got = len(args) + len(kwargs)
            advice = f"{fn.__name__}({', '.join('ab'[:n])})"
            self.reject(node, f"{fn.__name__} takes {n} argument{'s' * (n > 1)}, got {got}", advice)
        return args

    def arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
        """The arguments, in the order in which Python evaluates them."""
        args = [self.value(a) for a in node.args]
        kwargs = {}
        for k in node.keywords:
            if k.arg is None:
                self.reject(node, "** is not part of the modelling language", "the arguments one by one")
            kwargs[k.arg] = self.value(k.value)
        return args, kwargs
