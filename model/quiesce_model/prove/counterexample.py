"""A failing obligation as something to look at: two states side by side, the step between them, and what it breaks.

A solver's own model of an unbounded formula is no reading matter: elements without names, counts that nothing is
counted by.  So the obligation is asked again within a scope that grows from one caller, one upgrader and three epochs,
with its sums counted out; z3's model of that is a state of the model.  Then every cell that can have its first value is
given it, one after the other: what still differs matters.

The step is taken by the methods of the model themselves, which also say whether the claim is broken: a counterexample
that they do not confirm is drawn, and marked.

It need not be reachable: it shows that this step does not follow from what the invariants say of the state before.
Either the model is wrong, or an invariant is missing that rules the state out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from quiesce_model.explore.ground import cell
from quiesce_model.language import Frozen, Model, ModelError, PlainRun
from quiesce_model.language.expr import Expr, elements, lam, lnot, quantify, read, subst, var
from quiesce_model.language.reader import Action
from quiesce_model.language.render import source_text
from quiesce_model.language.render import text as in_model_code
from quiesce_model.language.sorts import AnySort, MapSort, Scope, is_enum, is_numbered, is_unordered, members
from quiesce_model.protocol import POLICIES as PROTOCOLS
from quiesce_model.prove.finite import Finite, Search
from quiesce_model.prove.obligation import Obligation, Reading
from quiesce_model.prove.smt import walk
from quiesce_model.prove.system import NATURALS, system
from quiesce_model.refinement import Deviation, deviation

__all__ = ["Cell", "Counterexample", "counterexample", "scopes"]


@dataclass(frozen=True)
class Cell:
    """A scalar of the state, or one entry of a map: its name, its value before and after the step."""

    name: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether the step changes it."""
        return self.before != self.after


@dataclass(frozen=True)
class Counterexample:
    """Why an obligation cannot be confirmed.

    ``call`` is the action with its parameters (empty: the obligation is about a state); ``others`` are the processes
    and things that it speaks of besides.  ``cells`` are those that are not as in the first state, or change.
    ``before`` and ``after`` are the whole states; ``confirmed`` says whether the methods themselves, run, break the
    claim; None: it is no claim of the model, so they cannot say.  ``words`` and ``code`` are the claim that is broken.
    """

    obligation: Obligation
    scope: Scope
    call: str
    others: tuple[tuple[str, str], ...]
    cells: tuple[Cell, ...]
    before: Frozen
    after: Frozen | None
    confirmed: bool | None
    words: str
    code: str

    @property
    def size(self) -> str:
        """The scope in words."""
        return ", ".join(f"{n} {sort.__name__}" for sort, n in self.scope.items())

    @property
    def title(self) -> str:
        """What could not be confirmed, and for which rules."""
        rules = f"  [{', '.join(self.obligation.rules)}]" if self.obligation.rules else ""
        return f"{self.obligation.name}{rules}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What belongs below the two states."""
        out = [f"{name}: {value}" for name, value in self.others]
        out.append("everything else is as in the first state" if self.cells else "the first state")
        if self.confirmed is False:
            out.append("the methods, run, do not break the claim: the fault is in the reading, please report it")
        elif self.confirmed:
            out.append("confirmed by running the methods")
        return tuple(out)

    def __str__(self) -> str:
        width = max([len(c.name) for c in self.cells], default=4)
        wide = max([len(c.before) for c in self.cells], default=6)
        lines = [f"counterexample: {self.title}", f"  within {self.size}"]
        lines.append(f"  {'':{width}}  {'before':{wide}}  {'  after ' + self.call if self.call else ''}".rstrip())
        lines += [
            f"  {c.name:{width}}  {c.before:{wide}}{f'  * {c.after}' if c.changed else ''}".rstrip() for c in self.cells
        ]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join([*lines, f"  broken: {self.words}", *(f"    {line}" for line in self.code.splitlines())])


def counterexample(obligation: Obligation, *, seconds: float = 20.0) -> Counterexample | None:
    """The smallest counterexample there is within small scopes; ``None``: there is none in any of them.

    :param seconds: for each question to z3.
    :raises TimeoutError: z3 gives no answer within the time.
    """
    reading = obligation.reading
    if reading is None or reading.goal is None:
        return None
    for scope in scopes(reading.model):
        found = _Question(obligation, reading, scope, seconds).answer()
        if found is not None:
            return found
    return None


def scopes(model: type[Model]) -> Iterator[dict[type, int]]:
    """Small scopes of a model, the smallest first."""
    parts: dict[type, None] = {}
    for sort in model.state_sorts().values():
        parts.update(dict.fromkeys((sort.key, sort.value) if isinstance(sort, MapSort) else (sort,)))
    for a in model.actions():
        parts.update((s, None) for _, s in a.params if not isinstance(s, MapSort))
    unordered, numbered = [s for s in parts if is_unordered(s)], [s for s in parts if is_numbered(s)]
    few = sorted(itertools.product((1, 2), repeat=len(unordered)), key=sum)
    for high in (3, 4):
        for sizes in few:
            yield dict(zip(unordered, sizes, strict=True)) | dict.fromkeys(numbered, high)
    yield dict.fromkeys(unordered, 3) | dict.fromkeys(numbered, 5)


class _Question:
    """One obligation within one scope."""

    def __init__(self, obligation: Obligation, reading: Reading, scope: dict[type, int], seconds: float) -> None:
        self.obligation, self.reading, self.scope = obligation, reading, scope
        self.finite = Finite(reading.model, scope)
        self.search = Search(seconds)
        self.plain = PlainRun(reading.model, scope)
        self.action = next((a for a in reading.model.actions() if a.name == obligation.action), None)
        self.sums = _sums(reading.model)
        assert reading.goal is not None
        self.formulas = [e for _, e in reading.hypotheses] + [lnot(reading.goal)]
        self.formulas += self.action.in_scope if self.action else ()
        self.deviation: Deviation | None = None
        self.params: dict[Expr, None] = {}
        for e in self.formulas:
            self.params.update((n, None) for n in walk(e) if n.op == "param")
        if self.action:
            self.params.update(dict.fromkeys(self.action.formal()))

    def answer(self) -> Counterexample | None:
        lines = self.finite.declare(0)
        for p in self.params:
            lines += self.finite.declared(self.finite.at(p, 0), p.sort)
        lines += [f"(assert {self.text(e)})" for e in self.formulas]
        if self.action is not None:
            lines += self.finite.declare(1)
            lines += [f"(assert (= {new} {self.text(e)}))" for new, e in self.effects(self.action)]
        self.search.add(lines)
        values = self.search.check()
        return None if values is None else self.drawn(self.smaller(values))

    def effects(self, action: Action) -> Iterator[tuple[str, Expr]]:
        """Each cell after the step, and what the step makes of it."""
        for (name, i), sort in self.finite.cells:
            whole = self.finite.sorts[name]
            e = action.post.get(name, var(name, whole))
            if i is not None:
                assert isinstance(whole, MapSort)
                e = read(e, elements(whole.key, self.scope)[i])
            yield self.finite.at(cell(name, i, sort), 1), e

    def text(self, e: Expr) -> str:
        return self.finite.at(self.finite.grounder.ground(subst(e, self.sums)), 0)

    def smaller(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values of which as many as can be are those of the first state."""
        for c, first in self.finite.initial():
            wish = f"(= {self.finite.at(c, 0)} {self.finite.at(first, 0)})"
            better = self.search.check([wish])
            if better is not None:
                self.search.add([f"(assert {wish})"])
                values = better
        return values

    # ---------------------------------------------------------------- drawing
    def drawn(self, values: dict[str, Any]) -> Counterexample:
        before = self.finite.frozen(values, 0)
        given = {p: self.finite.decode(values.get(f"step.{p.args[0]}", 0), p.sort) for p in self.params}
        formal = self.action.formal() if self.action else ()
        args = tuple(given[p] for p in formal)
        after = None if self.action is None else self.finite.frozen(values, 1)
        initial = self.plain.initial()
        cells = [
            Cell(name, _show(old), _show(new))
            for name, old, new, first in self.rows(before, before if after is None else after, initial)
            if old != new or old != first
        ]
        others = tuple((p.args[0].replace("_", " "), _show(v)) for p, v in given.items() if p not in formal)
        call = "" if self.action is None else _call(self.action, args)
        self.deviation = self.deviates(before, args, after)
        words, code = self.claim()
        code = str(self.deviation) if self.deviation else code
        confirmed = self.confirmed(before, after, args)
        return Counterexample(
            self.obligation, self.scope, call, others, tuple(cells), before, after, confirmed, words, code
        )

    def claim(self) -> tuple[str, str]:
        """The claim that is broken, in words and as it is written."""
        name = self.obligation.claim or self.obligation.name
        found = self.reading.model.claims().get(name)
        if found is not None:
            rules = f" [{', '.join(found.rules)}]" if found.rules else ""
            doc = f". {found.doc.splitlines()[0]}" if found.doc else ""
            return f"{name.replace('_', ' ')}{rules}{doc}", dedent(source_text(found))
        for o in self.action.asserts if self.action else ():
            if o.label == name:
                return name, in_model_code(o.expr)
        return name, ""

    def confirmed(self, before: Frozen, after: Frozen | None, args: tuple[Any, ...]) -> bool | None:
        """Whether the methods, run, break the claim; None: it is no claim that they know of."""
        claim, known = self.obligation.claim or "", self.reading.model.claims()
        if after is None or self.action is None:
            return self.plain.claim(claim, before) is False if claim in known else None
        if self.obligation.kind == "refinement":
            return self.deviation is not None
        outcome = self.plain.apply(before, self.action.name, *args)
        if self.obligation.kind == "assert":
            return claim in outcome.broken if claim not in {None, NATURALS} else None
        if outcome.state not in {None, after}:
            return False
        if claim not in known:
            return None
        return self.plain.claim(claim, *([before, after] if known[claim].role == "transition" else [after])) is False

    def deviates(self, before: Frozen, args: tuple[Any, ...], after: Frozen | None) -> Deviation | None:
        """Of a step that should be the protocol's: what the methods of both models, run, say of it."""
        protocol = next((p for p in PROTOCOLS if p.policy == getattr(self.reading.model, "policy", None)), None)
        if self.obligation.kind != "refinement" or self.action is None or after is None or protocol is None:
            return None
        try:
            return deviation(self.reading.model, protocol, self.scope, (before, self.action.name, args, after))
        except ModelError:
            return None  # more than one candidate: the state means nothing to the protocol

    def rows(self, *states: Frozen) -> Iterator[tuple[str, Any, Any, Any]]:
        for n, (name, sort) in enumerate(self.plain.sorts.items()):
            if isinstance(sort, MapSort):
                keys = [m.name for m in members(sort.key)] if is_enum(sort.key) else range(len(states[0][n]))
                for i, key in enumerate(keys):
                    old, new, first = (s[n][i] for s in states)
                    yield f"{name}[{key}]", old, new, first
            else:
                old, new, first = (s[n] for s in states)
                yield name, old, new, first


def _sums(model: type[Model]) -> dict[Expr, Expr]:
    """Each count as the sum that it stands for."""
    out: dict[Expr, Expr] = {}
    for count in system(model).counts.found.values():
        e: Expr = quantify("sum", (count.over,), count.body)
        sort: AnySort = count.sort
        nested: list[MapSort] = []
        while isinstance(sort, MapSort):
            nested.append(sort)
            sort = sort.value
        for a, s in zip(reversed(count.args), reversed(nested), strict=True):
            e = lam(a, e, s)
        out[var(count.name, count.sort)] = e
    return out


def _call(action: Action, args: tuple[Any, ...]) -> str:
    return f"{action.name}({', '.join(f'{n}={_show(a)}' for (n, _), a in zip(action.params, args, strict=True))})"


def _show(value: Any) -> str:
    return getattr(value, "name", None) or str(value)
