"""What the reader knows at a point of a method: the state so far, the path, what must be in scope.

A method is read by running it on expressions instead of values.  Three things can stop the plain run
of an action: a ``require`` that does not hold, an ``assert`` that does not hold, a number beyond the
scope.  The first one to occur wins there, so the reading has to keep their order:

* what must be in scope is recorded as a ``Need``: under this path, this number is in scope;
* a guard that comes after a need counts only where the need is met, and so does an obligation;
* a guard after an obligation is rejected: it would refuse a step that has been judged already.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from quiesce_model.language.errors import ReadError
from quiesce_model.language.expr import (
    FALSE,
    TRUE,
    Expr,
    cast,
    conjuncts,
    const,
    imp,
    ite,
    land,
    lnot,
    within,
)
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, is_number, is_numbered, is_unordered, show_sort
from quiesce_model.language.symbols import Conjunct, Every, Frame, MapRef, Method, Missing, Need, StateRef, Super, Value


class Context:
    """The part of the reader that expressions and statements share."""

    def __init__(self, model: type, sorts: dict[str, AnySort], env: dict[str, Expr]) -> None:
        self.model, self.sorts, self.env = model, sorts, env
        self.path: Expr = TRUE
        self.needs: list[Need] = []
        self.guards: list[Conjunct] = []
        self.asserts: list[tuple[str, Expr, Expr, Conjunct]] = []  # label, path, condition, place
        self.frames: list[Frame] = []
        self.pure = 0  # above 0: inside an expression, where nothing may change the state
        self.claim: str = ""  # the role of the claim that is read, if it is one
        self.level = 0  # quantifiers around this point
        self.loop: Expr | None = None  # the variable of the `for` around this point
        self.loop_writes: dict[str, ast.AST] = {}
        self.loop_reads: list[tuple[str, ReadError]] = []

    @property
    def frame(self) -> Frame:
        """The function that is being read."""
        return self.frames[-1]

    # ---------------------------------------------------------------- errors
    def error(self, node: ast.AST, reason: str, advice: str = "") -> ReadError:
        """The error at a node of the function that is being read."""
        return ReadError(
            self.frame.source.place(node), reason, advice, tuple(f.fn.__qualname__ for f in self.frames[:-1])
        )

    def reject(self, node: ast.AST, reason: str, advice: str) -> NoReturn:
        """Refuse a node, and say what to write instead."""
        raise self.error(node, reason, advice)

    @staticmethod
    def close_to(name: str, names: Iterable[str], otherwise: str) -> str:
        """A hint at what a misspelt name may have meant.

        ``otherwise``: what to say if nothing is close; behind "one of", the names follow.
        """
        known = list(dict.fromkeys(names))
        found = difflib.get_close_matches(name, known, 1, cutoff=0.66)
        if found:
            return f"{found[0]!r}, if that is what is meant"
        few = ", ".join(known[:12]) + ", ..." * (len(known) > 12)
        return f"{otherwise} {few}" if otherwise.endswith("one of") else otherwise

    # ---------------------------------------------------------------- values
    def lift(self, value: Value, node: ast.AST) -> Expr:
        """A value as an expression."""
        match value:
            case Expr():
                return value
            case Missing(reason):
                self.reject(node, reason, "a value on every path, before it is used")
            case MapRef(_, name):
                self.reject(node, f"the map {name!r} is used as a value", f"read it at an index: s.{name}[...]")
            case StateRef() | Method() | Super() | Every():
                advice = {Method: "a call of it: s.name(...)", Every: "all(...), any(...) or sum(...) over it"}
                default = "a variable of it: s.name"
                self.reject(node, f"expected a value, got {self.describe(value)}", advice.get(type(value), default))
            case tuple():
                self.reject(node, "expected one value, got a tuple", "one value; x in (A, B) to compare with several")
        if value is None:
            self.reject(
                node,
                "expected a value, got a call that returns nothing (or None)",
                "a member of an enum that means 'none'; return with a value in a method",
            )
        if isinstance(value, float | str | bytes | complex):
            self.reject(
                node,
                f"a model has no {type(value).__name__} values, got {value!r}",
                "a bool, a whole number or an enum member",
            )
        try:
            return const(value)
        except Exception:  # noqa: BLE001 - whatever the object is, it is no value of a model
            self.reject(
                node, f"expected a bool, a whole number or an enum member, got {self.describe(value)}", "one of those"
            )

    def describe(self, value: Value) -> str:
        """A value in words, for an error."""
        match value:
            case Expr():
                return f"a value of sort {show_sort(value.sort)}"
            case StateRef():
                return "the state itself"
            case Method(_, fn):
                return f"the method {fn.__name__}, not called"
            case Super():
                return "super()"
            case Every(sort):
                return f"every({sort.__name__})"
            case MapRef(_, name):
                return f"the map {name!r}"
        if isinstance(value, type):
            return f"the class {value.__name__}"
        if isinstance(value, tuple):
            return f"({', '.join(map(self.describe, value))})"
        return repr(value)

    def as_bool(self, value: Value, node: ast.AST) -> Expr:
        """A condition."""
        e = self.lift(value, node)
        if e.sort is not BOOL:
            self.reject(
                node, f"expected a condition, got a value of sort {show_sort(e.sort)}", "a comparison, such as x != 0"
            )
        return e

    def literal(self, e: Expr, sort: AnySort) -> Expr | None:
        """The expression as a number of another sort, if it is made of literals only."""
        if e.sort is not INT or not is_number(sort):
            return None
        if e.op == "const":
            return cast(e, sort)
        if e.op == "ite":
            a, b = self.literal(e.args[1], sort), self.literal(e.args[2], sort)
            return None if a is None or b is None else ite(e.args[0], a, b)
        return None

    def fit(self, value: Value, sort: AnySort, node: ast.AST, what: str) -> Expr:
        """A value where one of a sort is expected; whole number literals fit any sort of number."""
        e = self.lift(value, node)
        if e.sort == sort:
            return e
        found = self.literal(e, sort)
        if found is not None:
            return found
        raise self.mismatch(node, f"{what}: expected {show_sort(sort)}, got {show_sort(e.sort)}", sort, e.sort)

    def unify(self, a: Value, b: Value, node: ast.AST, what: str) -> tuple[Expr, Expr]:
        """Two values of one sort."""
        x, y = self.lift(a, node), self.lift(b, node)
        if x.sort != y.sort:
            x, y = self.literal(x, y.sort) or x, self.literal(y, x.sort) or y
        if x.sort != y.sort:
            raise self.mismatch(node, f"{what} {show_sort(x.sort)} and {show_sort(y.sort)}", x.sort, y.sort)
        return x, y

    def mismatch(self, node: ast.AST, reason: str, a: AnySort, b: AnySort) -> ReadError:
        """The error for a mixture of sorts, and say how to convert if there is a way."""
        if is_unordered(a) or is_unordered(b):
            advice = "the elements of an unordered sort have no names: take one from a parameter or from every(...)"
        elif is_number(a) and is_number(b):
            advice = f"{show_sort(a)}(...) around the other, if the two are meant to be compared as numbers"
        elif BOOL in {a, b} and INT in {a, b}:
            advice = "True or False; Python would take 1 for True"
        else:
            advice = "values of one sort"
        return self.error(node, reason, advice)

    # ---------------------------------------------------------------- the path
    @contextmanager
    def under(self, condition: Expr) -> Iterator[None]:
        """What is read inside happens only where the condition holds."""
        saved, self.path = self.path, land(self.path, condition)
        try:
            yield
        finally:
            self.path = saved

    def known(self, condition: Expr) -> Expr:
        """The condition, or what the path makes of it."""
        on_path = conjuncts(self.path)
        if condition in on_path:
            return TRUE
        return FALSE if lnot(condition) in on_path else condition

    def need(self, number: Expr) -> None:
        """The plain run goes out of scope here unless the number is in the scope of its sort."""
        self.need_that(within(number) if is_numbered(number.sort) else TRUE)

    def need_that(self, condition: Expr) -> None:
        """The plain run goes out of scope here unless the condition holds."""
        if condition is not TRUE and not any(n.condition is condition and n.path is self.path for n in self.needs):
            self.needs.append(Need(self.path, condition))

    def premise(self) -> Expr:
        """That the plain run comes here: each part of the path, behind what had to be in scope to evaluate it."""
        here = conjuncts(self.path)
        parts: list[Expr] = []
        for n in self.needs:
            there = conjuncts(n.path)
            parted = next((i for i, c in enumerate(here) if lnot(c) in there), None)
            if parted is not None and all(c in there for c in here[:parted]):
                parts += here[: parted + 1]  # on the other branch: this path parted from that one before the need
            elif all(c in here for c in there):
                parts += [*there, n.condition]
            else:
                parts.append(imp(n.path, n.condition))
        return land(*parts, self.path)

    def elsewhere(self, path: Expr) -> bool:
        """Whether a path was taken only where the present one is not."""
        here = conjuncts(self.path)
        return any(lnot(c) in here for c in conjuncts(path))

    def index(self, sort: MapSort, value: Value, node: ast.AST, name: str) -> Expr:
        """An index into a map, which has to be in scope."""
        idx = self.fit(value, sort.key, node, f"index of {name!r}")
        if idx.op == "const" and is_numbered(idx.sort) and idx.args[0] < 0:
            self.reject(
                node, f"index {idx.args[0]}: numbers begin at 0", "Python's indices from the end have no meaning here"
            )
        self.need(idx)
        return idx

    def static(self, value: Any) -> Any:
        """The constant behind an expression, if it is one."""
        return value.args[0] if isinstance(value, Expr) and value.op == "const" else None
