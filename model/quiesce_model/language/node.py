"""The nodes of the expression language, and its leaves; ``expr`` has the language.

Nodes are hash-consed: equal expressions are the same object.  The table is per process and holds its nodes for good
(see ``expr``).  Nodes are made by the constructors here and in ``expr``, which simplify; ``Expr`` itself does not.
"""

from __future__ import annotations

import enum
from typing import Any, Self

from quiesce_model.language.errors import ModelError
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, Scope, domain, is_enum, members

LEAVES = frozenset({"const", "var", "arr", "cell", "param", "bound"})
BINDERS = frozenset({"forall", "exists", "sum", "lambda"})
_NONE: frozenset[Any] = frozenset()


class Expr:
    """A node: immutable, hash-consed, compared by identity.  Safe to share between threads."""

    __slots__ = ("args", "free_memo", "op", "reads_memo", "sort")

    op: str
    args: tuple[Any, ...]
    sort: AnySort
    free_memo: frozenset[Expr] | None
    reads_memo: frozenset[str] | None

    def __new__(cls, op: str, args: tuple[Any, ...], sort: AnySort) -> Self:
        key = (op, args, sort)
        found: Self | None = _TABLE.get(key)
        if found is None:
            node = object.__new__(cls)
            node.op, node.args, node.sort = op, args, sort
            node.free_memo = node.reads_memo = None
            found = _TABLE.setdefault(key, node)  # one operation: of two threads that race here, both get the same node
        return found

    def __reduce__(self) -> tuple[type[Expr], tuple[Any, ...]]:
        return Expr, (self.op, self.args, self.sort)

    def __repr__(self) -> str:
        if self.op in LEAVES:
            return ".".join(str(a) for a in self.args if a is not None)
        return f"({self.op} {' '.join(map(repr, self.args))})"

    def children(self) -> tuple[Expr, ...]:
        """The expressions directly below (not the variables that a binder binds)."""
        if self.op in LEAVES:
            return ()
        return (self.args[1],) if self.op in BINDERS else self.args

    def binds(self) -> tuple[Expr, ...]:
        """The variables that this node binds."""
        if self.op not in BINDERS:
            return ()
        return (self.args[0],) if self.op == "lambda" else self.args[0]

    @property
    def free(self) -> frozenset[Expr]:
        """The bound variables and parameters that occur free."""
        if self.free_memo is None:
            if self.op in {"bound", "param"}:
                self.free_memo = frozenset({self})
            else:
                below = [c.free for c in self.children()]
                self.free_memo = (frozenset().union(*below) - frozenset(self.binds())) if any(below) else _NONE
        return self.free_memo

    @property
    def reads(self) -> frozenset[str]:
        """The names of the state variables that occur."""
        if self.reads_memo is None:
            if self.op in {"var", "arr", "cell"}:
                self.reads_memo = frozenset({self.args[0]})
            else:
                self.reads_memo = frozenset().union(*(c.reads for c in self.children()))
        return self.reads_memo


_TABLE: dict[tuple[Any, ...], Any] = {}


# ---------------------------------------------------------------- leaves
def const(value: object, sort: AnySort | None = None) -> Expr:
    """The constant; numbers are of sort ``int`` unless a sort is given.

    :raises ModelError: no value of a model.
    """
    if isinstance(value, bool):
        return Expr("const", (value,), BOOL)
    if isinstance(value, enum.Enum):
        return Expr("const", (value,), type(value))
    if isinstance(value, int):
        return Expr("const", (int(value),), INT if sort is None else sort)
    raise ModelError(f"expected a bool, a whole number or an enum member, got {value!r}")


TRUE, FALSE = const(True), const(False)


def var(name: str, sort: AnySort) -> Expr:
    """A state variable: a scalar or, for a ``MapSort``, a map."""
    return Expr("arr" if isinstance(sort, MapSort) else "var", (name,), sort)


def after(name: str, sort: AnySort) -> Expr:
    """The same variable in the state after the step."""
    return var(f"{name}'", sort)


def bound(name: str, sort: AnySort) -> Expr:
    """A variable for a quantifier to bind."""
    return Expr("bound", (name,), sort)


def param(name: str, sort: AnySort) -> Expr:
    """A parameter of an action."""
    return Expr("param", (name,), sort)


def elements(sort: AnySort, scope: Scope) -> list[Expr]:
    """All values of a sort in a finite scope, as constants."""
    if sort is BOOL:
        return [FALSE, TRUE]
    if is_enum(sort):
        return [const(m) for m in members(sort)]
    return [const(i, sort) for i in range(domain(sort, scope))]
