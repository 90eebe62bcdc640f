"""Renumbering: how a trace with thousands of versions and epochs is followed in a scope of a few.

Versions and epochs are handed out in order and never reused, so an endless run uses up any scope.  But of a number that
nothing refers to any more the model cannot tell whether it ever was.  `Forgetting` says which numbers of a sort may be
dropped; those that stay move down, in their order.

Why this is exact: dropping changes neither what can be taken nor what is broken, now or later.

1. *Only order and equality of numbers matter.*  A formula of the model compares numbers of one sort, adds one to the
   newest, and mentions constants up to some ``c``.  Renumbering keeps the order, keeps all numbers up to ``c`` where
   they are, and keeps the newest the newest (it is held by the counter, so it is never dropped); so every formula
   without quantifiers has the value that it had.  `Forgetting` refuses a model that does other arithmetic (`check`).
2. *A dropped number is one that nothing refers to*: no cell of the state that stays has it as its value.
3. *What is dropped makes no difference to a quantifier.*  Its own cells are at rest (a freed version; a record without
   holders that is not current).  That the claims and guards are indifferent to such an element is what the caller
   states by ``at_rest``; the tests try it on the two models, breadth first in small scopes up to a stated number of
   states: forgetting commutes with every step.

Counters that are compared with nothing but their own last value (statistics) need no renumbering: they index no map, so
they cost nothing however large they grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.language import Model, ModelError
from quiesce_model.language.expr import Expr
from quiesce_model.language.sorts import ordinal
from quiesce_model.validate.layout import Flat, Layout

__all__ = ["Forgetting", "Numbering", "renumbered"]


@dataclass(frozen=True)
class Forgetting:
    """Which numbers of a sort may be dropped.

    :param sort: the ``Numbered`` sort.
    :param counter: the state variable that holds the newest number.
    :param at_rest: map over the sort -> the value that it has at a number that may be dropped.
    """

    sort: type
    counter: str
    at_rest: Mapping[str, Any] = field(default_factory=dict)


class Numbering:
    """What the numbers of a sort in the carried states are called in the trace.

    :param fixed: numbers up to this one stay where they are: the model mentions them.
    """

    def __init__(self, fixed: int = 0) -> None:
        self.fixed = fixed
        self.names: list[int] = [0]
        """Number in the state -> its name in the trace; ascending."""

    def name(self, number: int) -> int:
        """The trace's name of a number of the state."""
        last = len(self.names) - 1
        return self.names[number] if number <= last else self.names[last] + number - last

    def number(self, name: int) -> int | None:
        """The number in the state; ``None`` if it was dropped."""
        last = len(self.names) - 1
        if name > self.names[last]:
            return name - self.names[last] + last
        low, high = 0, last
        while low < high:
            middle = (low + high) // 2
            if self.names[middle] < name:
                low = middle + 1
            else:
                high = middle
        return low if self.names[low] == name else None

    def extend(self, newest: int) -> None:
        """Give every number up to ``newest`` its name."""
        while len(self.names) <= newest:
            self.names.append(self.names[-1] + 1)


def check(model: type[Model], sort: type, counter: str) -> int:
    """The largest constant of a sort in the model's formulas.

    :raises ModelError: some formula does more with numbers of the sort than compare them and count the counter up.
    """
    largest = 0
    seen: set[Expr] = set()

    def walk(e: Expr, where: str) -> None:
        nonlocal largest
        if e in seen:
            return
        seen.add(e)
        if e.op == "const" and e.sort is sort:
            largest = max(largest, int(e.args[0]))
        if e.op in {"+", "-", "mod"} and any(x.sort is sort for x in e.args):
            base, by = e.args
            counts = e.op == "+" and base.op == "var" and base.args[0].removesuffix("'") == counter
            if not (counts and by.op == "const" and by.args[0] == 1):
                raise ModelError(
                    f"{where}: {e!r} is arithmetic on {sort.__name__}; numbers can be forgotten only where the model "
                    f"compares them or adds one to {counter!r}"
                )
        for child in e.children():
            walk(child, where)

    for a in model.actions():
        for e in (a.guard, *a.in_scope, *a.post.values(), *(o.expr for o in a.asserts)):
            walk(e, f"action {a.name}")
    for name, claim in model.claims("invariant", "theorem", "transition").items():
        walk(claim.expr, f"{claim.role} {name}")
    return largest


def renumbered(
    layout: Layout, states: Iterable[Flat], forgetting: Sequence[Forgetting], numberings: Mapping[type, Numbering]
) -> list[Flat]:
    """The states with all numbers dropped that can be; the numberings follow.

    One renumbering for all of them: a number stays if one of the states needs it.  Sorts are taken in the order given:
    put first those whose maps refer to numbers of the others.
    """
    found = list(states)
    for f in forgetting:
        found = _drop(layout, found, f, numberings[f.sort])
    return found


def _drop(layout: Layout, states: list[Flat], f: Forgetting, numbering: Numbering) -> list[Flat]:
    newest = max(s[layout.offset[f.counter]] for s in states)
    numbering.extend(newest)
    references = list(layout.cells(f.sort))
    maps = layout.maps_over(f.sort)
    rest = [(layout.offset[m], ordinal(v)) for m, v in f.at_rest.items()]
    keep = set(range(numbering.fixed + 1))
    for s in states:
        keep.update(s[i] for i in references)
        keep.update(n for n in range(newest + 1) if any(s[at + n] != v for at, v in rest))
    kept = [n for n in range(newest + 1) if n in keep]
    if len(kept) == newest + 1:
        return states
    to = {n: i for i, n in enumerate(kept)}
    numbering.names[:] = [numbering.names[n] for n in kept]
    width = layout.width[maps[0]] if maps else 0
    order = [*kept, *range(newest + 1, width)]
    out = []
    for s in states:
        new = list(s)
        for i in references:
            new[i] = to[s[i]]
        for m in maps:
            at = layout.offset[m]
            cells = [new[at + n] for n in order]
            new[at : at + width] = [*cells, *(layout.default(m, i) for i in range(len(cells), width))]
        out.append(tuple(new))
    return out
