"""What an action changes, as a tree of cases with single assignments at its leaves.

The reader gives one expression for each variable; a method that was written with one ``if`` comes out of it with the
same condition in five of them.  Here the conditions are put back where they were: `branches` groups the variables
under the conditions that they share.

For languages that assign one variable after the other, `sequence` finds an order in which no assignment changes what
a later one still reads.  Where there is none, the value from before the step is remembered, and read from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quiesce_model.language.expr import Expr, subst, var
from quiesce_model.language.sorts import AnySort

__all__ = ["OLD", "Assign", "Choice", "Statement", "branches", "sequence"]

OLD = "old "
"""The prefix, no name of a variable, of a variable's value before the step."""


@dataclass(frozen=True)
class Assign:
    """``variable[index] = value``; without an index, of a scalar or of a whole map (a lambda)."""

    variable: str
    index: Expr | None
    value: Expr

    def reads(self) -> frozenset[str]:
        """The variables that are read."""
        return self.value.reads | (self.index.reads if self.index is not None else frozenset())

    def writes(self) -> frozenset[str]:
        """The variable that is written."""
        return frozenset({self.variable})


@dataclass(frozen=True)
class Choice:
    """One group of assignments or another."""

    condition: Expr
    then: tuple[Assign | Choice, ...]
    other: tuple[Assign | Choice, ...]

    def reads(self) -> frozenset[str]:
        """The variables that are read, in either case."""
        return self.condition.reads.union(*(s.reads() for s in (*self.then, *self.other)))

    def writes(self) -> frozenset[str]:
        """The variables that are written in some case."""
        return frozenset().union(*(s.writes() for s in (*self.then, *self.other)))


Statement = Assign | Choice


def branches(post: Mapping[str, Expr]) -> tuple[Statement, ...]:
    """The changes of an action, conditions first where variables share them.

    All expressions are about the state before the step.
    """
    return _merged([_of(name, e) for name, e in post.items()])


def _of(name: str, e: Expr) -> tuple[Statement, ...]:
    if e.op in {"var", "arr"} and e.args[0] == name:
        return ()
    if e.op == "ite":
        c, a, b = e.args
        return (Choice(c, _of(name, a), _of(name, b)),)
    if e.op == "store":
        base, index, value = e.args
        return (*_of(name, base), Assign(name, index, value))
    return (Assign(name, None, e),)


def _merged(parts: Iterable[tuple[Statement, ...]]) -> tuple[Statement, ...]:
    """Cases on the same condition become one, variable by variable in order."""
    out: list[Statement] = []
    cases: dict[Expr, list[Choice]] = {}
    for part in parts:
        if len(part) == 1 and isinstance(part[0], Choice):
            cases.setdefault(part[0].condition, []).append(part[0])
        else:
            out += part
    for condition, choices in cases.items():
        out.append(Choice(condition, _merged(c.then for c in choices), _merged(c.other for c in choices)))
    return tuple(out)


def sequence(
    statements: Iterable[Statement], sorts: Mapping[str, AnySort]
) -> tuple[tuple[str, ...], tuple[Statement, ...]]:
    """The variables whose old values must be remembered, and an order for assigning one after the other.

    A remembered variable is read as `OLD` and its name.

    :param sorts: the state variables.
    """
    old: dict[str, None] = {}
    ordered = _ordered(list(statements), sorts, old)
    return tuple(old), ordered


def _ordered(left: list[Statement], sorts: Mapping[str, AnySort], old: dict[str, None]) -> tuple[Statement, ...]:
    out: list[Statement] = []
    left = [_alone(s, sorts, old) for s in left]
    while left:
        first, clash = min(_candidates(left), key=lambda found: len(found[1]))
        left = [s for s in left if s is not first]
        for name in sorted(clash):
            old[name] = None
            left = [_remembering(s, name, sorts) for s in left]
        if isinstance(first, Choice):
            then, other = (_ordered(list(part), sorts, old) for part in (first.then, first.other))
            first = Choice(first.condition, then, other)
        out.append(first)
    return tuple(out)


def _candidates(left: list[Statement]) -> Iterable[tuple[Statement, frozenset[str]]]:
    """Which may come next, and what others would still have to read of what it overwrites."""
    written: set[str] = set()
    for s in left:
        if written.isdisjoint(s.writes()):  # of two assignments to one variable the second one counts
            yield s, frozenset().union(*(s.writes() & o.reads() for o in left if o is not s))
        written |= s.writes()


def _alone(s: Statement, sorts: Mapping[str, AnySort], old: dict[str, None]) -> Statement:
    """A whole map is assigned cell by cell: what it reads of other cells of itself is remembered."""
    if isinstance(s, Choice) or s.value.op != "lambda" or s.variable not in s.value.reads:
        return s
    v, body = s.value.args
    here = Expr("read", (var(s.variable, sorts[s.variable]), v), body.sort)
    if s.variable not in subst(body, {here: Expr("bound", ("itself",), body.sort)}).reads:
        return s
    old[s.variable] = None
    return _remembering(s, s.variable, sorts)


def _remembering(s: Statement, name: str, sorts: Mapping[str, AnySort]) -> Statement:
    by = {var(name, sorts[name]): var(OLD + name, sorts[name])}
    if isinstance(s, Assign):
        return Assign(s.variable, None if s.index is None else subst(s.index, by), subst(s.value, by))
    then, other = (tuple(_remembering(x, name, sorts) for x in part) for part in (s.then, s.other))
    return Choice(subst(s.condition, by), then, other)
