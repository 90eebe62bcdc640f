"""Counting: how a formula speaks of "how many", for any number of threads.

``sum(holds(t, e) for t in every(Thread))`` becomes a number ``count(e)`` that the solvers know three things about:

- it is never negative;
- it is at least one if somebody counts;
- a step moves it by what the points that it writes to contribute: plus one for each that counts after the step, minus
  one for each that did before.  That nothing else changes is an obligation of the step ("counts only ...").

In the layer where quantifiers alternate there is a fourth: if it is at least one, somebody counts.  These are theorems
about the cardinality of finite sets, and are obligations too (`lemmas`, in ``cardinality``).  Where the sort is
numbered, that the set is finite is an obligation (`Count.bounded`).

What remains on paper: there are finitely many threads and upgraders; and more points than the lemmas have are taken
one after the other.

A count is treated as one more map of the state, with a value at the beginning and a change at each step, so whatever is
done with the state is done with it.  Rejected: sets with cardinality in every obligation (z3 has none, cvc5 is slower);
a counter of its own in the model that is proved equal (the same argument, by hand, for each counter).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.language.expr import (
    FALSE,
    LEAVES,
    Expr,
    after,
    arith,
    bound,
    const,
    eq,
    imp,
    ite,
    lam,
    land,
    lnot,
    lor,
    quantify,
    read,
    rebuild,
    subst,
    var,
)
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, is_numbered
from quiesce_model.prove.cardinality import lemmas
from quiesce_model.prove.smt import ProveError

__all__ = ["Count", "Counts", "Moved", "lemmas", "points"]

_ZERO, _ONE = const(0), const(1)


@dataclass(frozen=True, eq=False)
class Count:
    """How many ``over`` there are for which ``body`` holds, for each choice of ``args``."""

    name: str
    args: tuple[Expr, ...]
    over: Expr
    body: Expr

    @property
    def sort(self) -> AnySort:
        """Of the number, or of the map to it."""
        out: AnySort = INT
        for a in reversed(self.args):
            assert isinstance(a.sort, type)
            out = MapSort(a.sort, out)  # type: ignore[arg-type]  # a map of maps, which a model's state cannot have
        return out

    def at(self, *args: Expr, primed: bool = False) -> Expr:
        """The number, for these arguments."""
        out = (after if primed else var)(self.name, self.sort)
        for a in args:
            out = _read(out, a)
        return out

    def for_each(self, e: Expr, *more: Expr) -> Expr:
        """The formula for every choice of the arguments, and of ``more``."""
        return quantify("forall", (*self.args, *more), e)

    def facts(self, body: Expr | None = None) -> Iterator[tuple[str, Expr]]:
        """What holds of it in any state; of the given body, if it is another."""
        number = self.at(*self.args)
        yield f"{self.name}_is_never_negative", self.for_each(arith("<=", _ZERO, number))
        yield (
            f"{self.name}_sees_each",
            self.for_each(imp(self.body if body is None else body, arith("<=", _ONE, number)), self.over),
        )

    def witness(self) -> tuple[str, Expr]:
        """Who counts, if it is not zero; puts an existential below a universal."""
        some = quantify("exists", (self.over,), self.body)
        return f"{self.name}_has_a_witness", self.for_each(imp(arith("<=", _ONE, self.at(*self.args)), some))

    def moved(self, post: Mapping[Expr, Expr]) -> Moved | None:
        """What a step makes of it; None: the step does not touch it.

        :param post: state variable -> its value after the step, as expressions.
        """
        changed = subst(self.body, dict(post))
        if changed is self.body:
            return None
        names = self.body.reads
        maps = [value for n, value in post.items() if n.op == "arr" and n.args[0] in names]
        where = points(maps, self.over.sort)
        return Moved(self, changed, where)

    def bounded(self, scalars: Iterable[Expr]) -> Expr | None:
        """That the set is finite: all that count are at most one of the scalars.  None: the sort itself is finite."""
        if not is_numbered(self.over.sort):
            return None
        below = [arith("<=", self.over, s) for s in scalars if s.sort == self.over.sort]
        return self.for_each(imp(self.body, lor(*below)), self.over)


@dataclass(frozen=True, eq=False)
class Moved:
    """A count after a step that writes at ``points``."""

    count: Count
    body: Expr
    points: tuple[Expr, ...]

    def value(self) -> Expr:
        """The count after the step, over the state before it."""
        number = self.count.at(*self.count.args)
        for i, p in enumerate(self.points):
            first = land(*(lnot(eq(p, q)) for q in self.points[:i]))
            now, was = (subst(b, {self.count.over: p}) for b in (self.body, self.count.body))
            if now is not was:
                number = arith("+", number, ite(land(first, now), _ONE, _ZERO))
                number = arith("-", number, ite(land(first, was), _ONE, _ZERO))
        return _lambda(self.count, number)

    def nothing_else(self) -> Expr:
        """That the step changes whether it counts for nobody but the points."""
        over = self.count.over
        others = [lnot(eq(over, p)) for p in self.points]
        return self.count.for_each(imp(land(*others), eq(self.body, self.count.body)), over)


@dataclass
class Counts:
    """The sums of one model, each a number of its own."""

    found: dict[Expr, Count] = field(default_factory=dict)

    def variables(self) -> dict[str, AnySort]:
        """The counts as state variables."""
        return {c.name: c.sort for c in self.found.values()}

    def lift(self, e: Expr) -> Expr:
        """The expression with each sum replaced by its count.

        Raises:
            ProveError: a sum that cannot be counted: over two variables, of numbers, in a sum, or of both states.

        """
        return self._lift(e, {})

    def _lift(self, e: Expr, memo: dict[Expr, Expr]) -> Expr:
        if e.op in LEAVES:
            return e
        found = memo.get(e)
        if found is None:
            if e.op == "sum":
                found = self._counted(e)
            else:
                old = e.children()
                new = tuple(self._lift(c, memo) for c in old)
                found = e if new == old else rebuild(e, new)
            memo[e] = found
        return found

    def _counted(self, e: Expr) -> Expr:
        vs, body = e.args
        if len(vs) != 1 or body.sort is not BOOL or any(x.op == "sum" for x in _below(body)):
            raise ProveError(
                "expected a sum that counts the elements of one sort for which a condition holds, "
                f"got {e!r}; count one kind of thing at a time"
            )
        primed = {n for n in body.reads if n.endswith("'")}
        if primed and primed != set(body.reads):
            raise ProveError(f"expected a sum over one state, got one over the states before and after a step: {e!r}")
        if primed:
            body = subst(body, {x: var(x.args[0][:-1], x.sort) for x in _below(body) if x.op in {"var", "arr"}})
        given: dict[Expr, Expr] = {}
        skeleton = _abstracted(body, vs[0], given, ())
        over = bound("x", vs[0].sort)
        skeleton = subst(skeleton, {vs[0]: over})
        count = self.found.get(skeleton)
        if count is None:
            count = Count(f"count.{len(self.found)}", tuple(given.values()), over, skeleton)
            self.found[skeleton] = count
        back = {}
        if primed:
            back = {x: after(x.args[0], x.sort) for g in given for x in _below(g) if x.op in {"var", "arr"}}
        return count.at(*(subst(g, back) for g in given), primed=bool(primed))

    def first(self, initial: Mapping[Expr, Expr], exceptions: Mapping[str, Sequence[Expr]]) -> Iterator[First]:
        """Each count in the first state.

        :param initial: state variable -> first value.
        :param exceptions: map -> the indices at which its first value is not the default.
        """
        for count in self.found.values():
            body = subst(count.body, dict(initial))
            where = {p: None for n in count.body.reads for p in exceptions.get(n, ()) if p.sort == count.over.sort}
            yield First(count, body, tuple(where))


@dataclass(frozen=True, eq=False)
class First:
    """A count in the first state, where only ``points`` are not like the others."""

    count: Count
    body: Expr
    points: tuple[Expr, ...]

    def value(self) -> Expr | None:
        """How many; None if it depends on how many there are, of which nothing is known."""
        others = [lnot(eq(self.count.over, p)) for p in self.points]
        if _under(self.body, others) is not FALSE:
            return None
        number = _ZERO
        for p in self.points:
            number = arith("+", number, ite(subst(self.body, {self.count.over: p}), _ONE, _ZERO))
        return _lambda(self.count, number)

    def nothing_else(self) -> Expr:
        """That nobody but the points counts."""
        others = [lnot(eq(self.count.over, p)) for p in self.points]
        return self.count.for_each(imp(land(*others), lnot(self.body)), self.count.over)


def _under(e: Expr, known: Sequence[Expr]) -> Expr:
    """The expression where the known conditions hold."""
    by: dict[Expr, Expr] = {}
    for k in known:
        by[k.args[0] if k.op == "not" else k] = FALSE
    return subst(e, by)


def _lambda(count: Count, number: Expr) -> Expr:
    out = number
    sort = count.sort
    sorts = []
    for _ in count.args:
        assert isinstance(sort, MapSort)
        sorts.append(sort)
        sort = sort.value
    for a, s in zip(reversed(count.args), reversed(sorts), strict=True):
        out = lam(a, out, s)
    return out


def _read(arr: Expr, index: Expr) -> Expr:
    return read(arr, index)


def _below(e: Expr) -> Iterator[Expr]:
    yield e
    for c in e.children():
        yield from _below(c)


def _abstracted(e: Expr, over: Expr, given: dict[Expr, Expr], inside: tuple[Expr, ...]) -> Expr:
    """The expression with what does not depend on ``over`` taken out as arguments: equal sums, equal counts."""
    if e.op == "const" or isinstance(e.sort, MapSort):
        return e
    if over not in e.free and not any(v in e.free for v in inside):
        if e not in given:
            given[e] = bound(f"c{len(given)}", e.sort)
        return given[e]
    if e.op in LEAVES:
        return e
    return rebuild(e, tuple(_abstracted(c, over, given, (*inside, *e.binds())) for c in e.children()))


def points(maps: Iterable[Expr], sort: Any) -> tuple[Expr, ...]:
    """Where changed maps over a sort were written to, one by one."""
    found: dict[Expr, None] = {}
    for m in maps:
        todo = [m]
        while todo:
            x = todo.pop()
            if x.op == "store":
                if x.args[1].sort == sort:
                    found[x.args[1]] = None
                todo.append(x.args[0])
            elif x.op == "ite":
                todo += x.args[1:]
    return tuple(found)
