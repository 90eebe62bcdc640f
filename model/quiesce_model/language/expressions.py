"""Reading expressions.

Python evaluates from left to right and stops early in ``and``, ``or``, ``if else``, chained comparisons
and ``all``/``any``; arguments of a call are all evaluated.  The reading keeps to that, because an index
that is out of scope on a path that is not taken is no fault, and on one that is taken is one.
"""

from __future__ import annotations

import ast
import builtins
import enum
import inspect
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from quiesce_model.language import values
from quiesce_model.language.expr import FALSE, TRUE, Expr, arith, cast, const, eq, imp, ite, land, lnot, lor, read
from quiesce_model.language.quantifiers import Quantifiers
from quiesce_model.language.sorts import (
    BOOL,
    INT,
    MapSort,
    Sort,
    is_enum,
    is_number,
    is_numbered,
    is_unordered,
    show_sort,
)
from quiesce_model.language.symbols import Every, MapRef, Method, Missing, StateRef, Super, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

_ADVICE: dict[type[ast.AST], str] = {
    ast.Lambda: "a method of the model",
    ast.ListComp: "a generator: all(... for ... in ...)",
    ast.SetComp: "a generator: all(... for ... in ...)",
    ast.DictComp: "a Map of the state",
    ast.Dict: "a Map of the state",
    ast.NamedExpr: "an assignment on a line of its own",
    ast.JoinedStr: "a plain text",
    ast.GeneratorExp: "all(...), any(...) or sum(...) around it",
    ast.Await: "a plain call: an action is one atomic step",
    ast.Yield: "two actions",
    ast.Starred: "the values one by one",
}
_ORDER: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Lt: ("<", False),
    ast.LtE: ("<=", False),
    ast.Gt: ("<", True),
    ast.GtE: ("<=", True),
}


class Expressions(Quantifiers):
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
            what = type(node).__name__
            self.reject(node, f"{what} is not part of the modelling language", _ADVICE.get(type(node), ""))
        return method(node)

    def condition(self, node: ast.expr) -> Expr:
        """The value of a condition."""
        return self.as_bool(self.value(node), node)

    # ---------------------------------------------------------------- leaves
    def visit_constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool | int):
            return const(node.value)
        return self.lift(node.value, node)

    def visit_name(self, node: ast.Name) -> Value:
        found: Value
        if node.id in self.frame.locals:
            found = self.frame.locals[node.id]
            if isinstance(found, Missing):
                self.reject(node, found.reason, "a value on every path")
            return found
        if node.id in self.frame.source.assigned:
            self.reject(node, f"the local {node.id!r} has no value here", "a value on every path before it is used")
        fn: FunctionType = self.frame.fn
        code: CodeType = fn.__code__
        names: dict[str, Any] = fn.__globals__
        if node.id in code.co_freevars:
            try:
                return self.constant(fn.__closure__[code.co_freevars.index(node.id)].cell_contents, node)  # type: ignore[index]  # a function with free variables has a closure
            except ValueError:
                self.reject(node, f"{node.id!r} has no value yet")
        if node.id in names:
            return self.constant(names[node.id], node)
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
        raise self.error(
            node, f"the name {node.id!r} is not known", self.close_to(node.id, [*self.frame.locals, *names])
        )

    def constant(self, found: Any, node: ast.AST) -> Value:
        """An object of Python as a value; what could change between two readings is refused."""
        if isinstance(found, enum.Enum | bool | int) and not isinstance(found, type):
            return self.lift(found, node)
        if isinstance(found, tuple | frozenset):
            items = sorted(found, key=repr) if isinstance(found, frozenset) else found
            return tuple(self.constant(x, node) for x in items)
        if isinstance(found, list | set | dict | bytearray):
            self.reject(node, f"a {type(found).__name__} could change while the model runs", "a tuple or a frozenset")
        return found

    def visit_tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        return tuple(self.value(e) for e in node.elts)

    visit_list = visit_set = visit_tuple

    # ---------------------------------------------------------------- attributes and indices
    def visit_attribute(self, node: ast.Attribute) -> Value:
        base = self.value(node.value)
        if isinstance(base, StateRef):
            return self.of_state(base, node)
        if isinstance(base, Super):
            return self.of_super(base, node)
        if isinstance(base, ModuleType | type):
            if not hasattr(base, node.attr):
                names = list(getattr(base, "__members__", None) or dir(base))
                self.reject(node, f"{base.__name__} has no {node.attr!r}", self.close_to(node.attr, names))
            if isinstance(base, type) and issubclass(self.model, base) and node.attr in self.sorts:
                self.reject(node, f"{node.attr!r} is read from the class, not from the state", f"s.{node.attr}")
            return self.constant(getattr(base, node.attr), node)
        raise self.error(node, f"{self.describe(base)} has no attributes in a model, such as {node.attr!r}")

    def of_state(self, state: StateRef, node: ast.Attribute) -> Value:
        """``s.name``: a state variable, a constant of the class, a method, a property."""
        name = node.attr
        if name in self.sorts:
            if isinstance(self.sorts[name], MapSort):
                return MapRef(state, name)
            return (self.env if state.env is None else state.env)[name]
        found = inspect.getattr_static(self.model, name, None)
        public = [n for n in dir(self.model) if not n.startswith("_")]
        if found is None or hasattr(object, name) or name in RESERVED:
            self.reject(
                node,
                f"{self.model.__name__} has no state variable or method {name!r}",
                self.close_to(name, [*self.sorts, *public]),
            )
        return self.bind(state, found, node)

    def bind(self, state: StateRef, found: Any, node: ast.Attribute) -> Value:
        """A member of the class, seen from a state."""
        if isinstance(found, property):
            if not isinstance(found.fget, FunctionType):
                self.reject(node, f"the property {node.attr!r} is not written in Python")
            return self.call_function(found.fget, [state], {}, node)
        if isinstance(found, staticmethod):
            return found.__func__
        if isinstance(found, classmethod):
            self.reject(node, f"{node.attr!r} is a class method", "a plain method: the state comes first")
        if isinstance(found, FunctionType):
            return Method(state, found)
        return self.constant(found, node)

    def of_super(self, found: Super, node: ast.Attribute) -> Value:
        """``super().name``: the next class that has it, in the order of the model that is read."""
        order = self.model.__mro__
        for cls in order[order.index(found.cls) + 1 :]:
            if node.attr in cls.__dict__:
                return self.bind(found.state, cls.__dict__[node.attr], node)
        raise self.error(node, f"no class behind {found.cls.__name__} has {node.attr!r}")

    def visit_subscript(self, node: ast.Subscript) -> Value:
        base = self.value(node.value)
        if isinstance(base, tuple):
            i = self.static(self.value(node.slice))
            if not isinstance(i, int) or not -len(base) <= i < len(base):
                self.reject(node, "a tuple is read at a constant index")
            return base[i]
        if not isinstance(base, MapRef):
            self.reject(node, f"only a map of the state has values at indices, not {self.describe(base)}")
        sort = self.sorts[base.name]
        assert isinstance(sort, MapSort)
        idx = self.index(sort, self.value(node.slice), node.slice, base.name)
        if self.loop is not None and idx is not self.loop and base.state.env is None:
            self.loop_reads.append((base.name, self.error(node, "")))
        return read((self.env if base.state.env is None else base.state.env)[base.name], idx)

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
        raise self.error(node, f"{type(node.op).__name__} of {show_sort(x.sort)} is not part of the modelling language")

    def visit_binop(self, node: ast.BinOp) -> Value:
        return self.binary(node.op, self.value(node.left), self.value(node.right), node)

    def binary(self, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Expr:
        """``+``, ``-`` and ``%`` of numbers."""
        a, b = self.lift(left, node), self.lift(right, node)
        for x in (a, b):
            if not is_number(x.sort):
                self.reject(
                    node, f"arithmetic needs numbers, got {show_sort(x.sort)}", "sum(...) to count what is true"
                )
        if isinstance(op, ast.Mod):
            m = self.static(b)
            if not isinstance(m, int) or m < 1:
                self.reject(node, "the modulus has to be a positive constant")
            return arith("mod", a, b, INT)
        if isinstance(op, ast.Add):
            if is_numbered(a.sort) and is_numbered(b.sort):
                self.reject(
                    node,
                    f"{show_sort(a.sort)} plus {show_sort(b.sort)} is no number of either",
                    "one of them as int(...)",
                )
            return arith("+", a, b, b.sort if is_numbered(b.sort) else a.sort)
        if isinstance(op, ast.Sub):
            if is_numbered(b.sort) and a.sort != b.sort:
                self.reject(
                    node,
                    f"{show_sort(a.sort)} minus {show_sort(b.sort)} is no number of either",
                    "values of the same sort, or a whole number on the right",
                )
            return arith("-", a, b, INT if a.sort == b.sort else a.sort)
        raise self.error(node, f"{type(op).__name__} is not part of the modelling language", "+, - or % by a constant")

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
            self.reject(node, f"{show_sort(x.sort)} has no order")
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
                self.reject(node, f"tuples of {len(a)} and of {len(b)} are never equal")
            return land(*(self.equal(x, y, node) for x, y in zip(a, b, strict=True)))
        return eq(*self.unify(a, b, node, "cannot compare"))

    # ---------------------------------------------------------------- calls
    def visit_call(self, node: ast.Call) -> Value:
        fn = self.value(node.func)
        if fn in (all, any, sum):
            return self.quantified(fn, node)
        if fn is values.require:
            self.reject(node, "require is a statement, not a value")
        if fn is super:
            return self.super_of(node)
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
                self.reject(node, f"{fn.__name__} needs two or more numbers here")
            out = args[0]
            for x in args[1:]:
                a, b = self.unify(out, x, node, f"{fn.__name__} of")
                if not is_number(a.sort):
                    self.reject(node, f"{show_sort(a.sort)} has no order")
                out = ite(arith("<=", a, b) if fn is min else arith("<=", b, a), a, b)
            return out
        if fn is values.every:
            [sort] = self.exactly(1, fn, args, kwargs, node)
            if not (is_enum(sort) or is_numbered(sort) or is_unordered(sort)):
                self.reject(node, f"every(...) needs a Sort, a Numbered or an enum, got {self.describe(sort)}")
            return Every(sort)
        if fn is int or (inspect.isclass(fn) and issubclass(fn, Sort)):
            [x] = self.exactly(1, fn, args, kwargs, node)
            return self.convert(fn, self.lift(x, node), node)
        raise self.error(
            node,
            f"{ast.unparse(node.func)} cannot be called in a model",
            "a method of the model, or all, any, sum, min, max, int",
        )

    def convert(self, sort: type, e: Expr, node: ast.AST) -> Expr:
        """``int(x)``, ``Epoch(x)``."""
        if is_unordered(sort) or is_unordered(e.sort):
            self.reject(node, "the elements of an unordered sort have no numbers", "a parameter, or every(...)")
        if sort is INT and e.sort is BOOL:
            return ite(e, const(1), const(0))
        if not is_number(e.sort):
            self.reject(node, f"{sort.__name__}(...) needs a number, got {show_sort(e.sort)}")
        return cast(e, sort)

    def exactly(
        self, n: int, fn: Any, args: Sequence[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Sequence[Value]:
        """The arguments, if there are so many."""
        if len(args) != n or kwargs:
            self.reject(node, f"{fn.__name__} takes {n} argument{'s' * (n > 1)}, got {len(args) + len(kwargs)}")
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

    def super_of(self, node: ast.Call) -> Value:
        """``super()``, in the function that is being read."""
        fn = self.frame.fn
        first = self.frame.source.tree.args.args
        state = self.frame.locals.get(first[0].arg) if first else None
        if node.args or node.keywords or "__class__" not in fn.__code__.co_freevars or not isinstance(state, StateRef):
            self.reject(node, "super() is read in methods, and without arguments", "super().name(...)")
        cls = fn.__closure__[fn.__code__.co_freevars.index("__class__")].cell_contents
        if cls not in self.model.__mro__:
            self.reject(node, f"{self.model.__name__} does not derive from {cls.__name__}, whose method this is")
        return Super(state, cls)

    def call_function(self, fn: FunctionType, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Read a function in place of its call; see ``calls``."""
        raise NotImplementedError


RESERVED = frozenset({"scope", "state_sorts", "actions", "claims", "initial"})
