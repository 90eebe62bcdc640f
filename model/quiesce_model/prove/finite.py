"""A model within a finite scope as SMT-LIB over bit-vectors: for bounded runs and for counterexamples to look at.

The unbounded obligations say that something cannot be; when it can, a reader wants two callers and three epochs, not a
solver's universe of anonymous elements.  So the question is asked again where everything is finite: the same actions
and claims, grounded by the explorer's own ``Grounder``, sums counted out, every cell of the state a bit-vector.

A moment is a number: cell ``pc[0]`` at moment 3 is ``pc.0@3``, and ``act@3`` is the number of the step that leads on
from there.  Rejected: integers and arrays (a hundred times slower to search); a solver's own expression objects.
Source: bounded model checking (Biere, Cimatti, Clarke, Zhu 1999).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from quiesce_model.explore.ground import Grounder, Instance, Key, cell
from quiesce_model.language import Claim, Model
from quiesce_model.language.expr import FALSE, Expr, elements, imp, land, lnot, read
from quiesce_model.language.plain import Frozen
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, Scope, domain, is_enum, members, ordinal
from quiesce_model.prove.smt import ProveError

__all__ = ["Finite", "Search"]

NUMBER = 6
"""Bits of a number, of whatever sort, as a two's complement: sums and differences of small scopes have room in it."""


class Search:
    """An incremental search in z3, in this process: small questions, many of them, each within a time limit.

    :param seconds: for one question.
    """

    def __init__(self, seconds: float) -> None:
        self.api: Any = importlib.import_module("z3")  # an extra, without types; whoever only explores does without it
        self.solver = self.api.SolverFor("QF_BV")
        self.solver.set("timeout", max(1, int(seconds * 1000)))

    def add(self, lines: Iterable[str]) -> None:
        """Commands; what was declared before stays declared."""
        self.solver.from_string("\n".join(lines))

    def check(self, also: Iterable[str] = ()) -> dict[str, Any] | None:
        """The values of all constants if what was added, and also these, can hold together; else ``None``.

        :raises TimeoutError: no answer within the limit.
        """
        self.solver.push()
        try:
            self.add(f"(assert {a})" for a in also)
            verdict = self.solver.check()
            if verdict == self.api.unsat:
                return None
            if verdict != self.api.sat:
                raise TimeoutError(f"z3 gave up: {self.solver.reason_unknown()}")
            model = self.solver.model()
            return {d.name(): self._value(model[d]) for d in model.decls()}
        finally:
            self.solver.pop()

    def _value(self, value: Any) -> Any:
        return bool(value) if self.api.is_bool(value) else value.as_long()


class Finite:
    """A model within a scope, and its formulas as text.

    :param model: any model; :param scope: how many of each sort there are, none without an upper bound.
    :raises ScopeError: the scope lacks a sort, or is not finite.
    :raises ProveError: it is too large for the bits of a number.
    """

    def __init__(self, model: type[Model], scope: Scope) -> None:
        largest = max((n for n in scope.values() if n is not None), default=0)
        if largest >= 1 << (NUMBER - 2):
            raise ProveError(f"expected a scope of less than {1 << (NUMBER - 2)} of each kind, got {largest}")
        self.model, self.scope = model, scope
        self.sorts = model.state_sorts()
        self.grounder = Grounder(self.sorts, scope)
        self.cells: list[tuple[Key, AnySort]] = []
        for name, sort in self.sorts.items():
            if isinstance(sort, MapSort):
                self.cells += [((name, i), sort.value) for i in range(domain(sort.key, scope))]
            else:
                self.cells.append(((name, None), sort))
        self._templates: dict[Expr, str] = {}

    @cached_property
    def steps(self) -> list[Instance]:
        """Every action with every choice of its parameters."""
        return list(self.grounder.instances(self.model.actions()))

    # ---------------------------------------------------------------- formulas
    def at(self, e: Expr, moment: int) -> str:
        """A grounded expression about the state at a moment."""
        return self._template(e).replace("@", f"@{moment}")

    def _template(self, e: Expr) -> str:
        found = self._templates.get(e)
        if found is None:
            found = self._templates[e] = self._written(e)
        return found

    def _written(self, e: Expr) -> str:
        match e.op:
            case "const":
                return self.value(e.args[0], e.sort)
            case "cell":
                name, i = e.args
                return f"|{name}{'' if i is None else f'.{i}'}@|"
            case "param":
                return f"|step.{e.args[0]}|"
            case "read":
                return self._read(e)
            case "<" | "<=" | "+" | "-" | "mod":
                a, b = map(self._template, e.args)
                return f"({_OPERATORS[e.op]} {a} {b})"
            case "and" | "or" | "not" | "=" | "ite":
                return f"({e.op} {' '.join(map(self._template, e.args))})"
        raise ProveError(f"expected an expression without quantifiers, got {e.op!r} in {e!r}")

    def _read(self, e: Expr) -> str:
        arr, index = e.args
        assert isinstance(arr.sort, MapSort)
        at = self._template(index)
        places = elements(arr.sort.key, self.scope)
        out = self._template(cell(arr.args[0], len(places) - 1, e.sort))
        for i in reversed(range(len(places) - 1)):
            out = f"(ite (= {at} {self._template(places[i])}) {self._template(cell(arr.args[0], i, e.sort))} {out})"
        return out

    def width(self, sort: AnySort) -> int:
        """The bits of a value; 0: a truth value."""
        if sort is BOOL:
            return 0
        return max(1, (len(list(members(sort))) - 1).bit_length()) if is_enum(sort) else NUMBER

    def value(self, value: Any, sort: AnySort) -> str:
        """A value as text."""
        if isinstance(value, bool):
            return "true" if value else "false"
        width = self.width(sort)
        return f"#b{ordinal(value) % (1 << width):0{width}b}"

    def sort(self, sort: AnySort) -> str:
        """A sort as text."""
        return "Bool" if sort is BOOL else f"(_ BitVec {self.width(sort)})"

    # ---------------------------------------------------------------- states
    def declare(self, moment: int) -> list[str]:
        """The cells at a moment; each in its sort's range."""
        return [
            line for (name, i), sort in self.cells for line in self.declared(self.at(cell(name, i, sort), moment), sort)
        ]

    def declared(self, symbol: str, sort: AnySort) -> list[str]:
        """One constant, in its sort's range."""
        lines = [f"(declare-const {symbol} {self.sort(sort)})"]
        if sort is not BOOL and sort is not INT:
            largest = len(list(members(sort))) - 1 if is_enum(sort) else domain(sort, self.scope) - 1
            if largest + 1 < 1 << self.width(sort):
                lines.append(f"(assert (bvule {symbol} #b{largest:0{self.width(sort)}b}))")
        return lines

    def initial(self) -> Iterator[tuple[Expr, Expr]]:
        """Each cell, and its first value."""
        first = self.model.initial()
        for (name, i), sort in self.cells:
            e = first[name]
            whole = self.sorts[name]
            if i is not None:
                assert isinstance(whole, MapSort)
                e = read(e, elements(whole.key, self.scope)[i])
            yield cell(name, i, sort), self.grounder.ground(e)

    def starts(self, moment: int = 0) -> str:
        """That the state at a moment is the first one."""
        return _all([f"(= {self.at(c, moment)} {self.at(e, moment)})" for c, e in self.initial()])

    def frozen(self, values: Mapping[str, Any], moment: int) -> Frozen:
        """A state as a value, from a solver's values by symbol; see ``language.plain``."""
        out: dict[str, Any] = {name: [] if isinstance(s, MapSort) else None for name, s in self.sorts.items()}
        for (name, i), sort in self.cells:
            symbol = f"{name}{'' if i is None else f'.{i}'}@{moment}"
            value = self.decode(values.get(symbol, 0), sort)
            if i is None:
                out[name] = value
            else:
                out[name].append(value)
        return tuple(tuple(v) if isinstance(v, list) else v for v in out.values())

    def decode(self, value: Any, sort: AnySort) -> Any:
        """A solver's number (or truth value) as a value of a sort."""
        if sort is BOOL:
            return bool(value)
        if is_enum(sort):
            return list(members(sort))[value]
        return value - (1 << NUMBER) if value >= 1 << (NUMBER - 1) else value

    # ---------------------------------------------------------------- steps
    def takes(self, moment: int, step: Instance) -> str:
        """That the step from one moment to the next is this one, as far as its guard, scope and assertions go."""
        return self.at(land(step.guard, step.in_scope, *(e for _, e in step.asserts)), moment)

    def moves(self, moment: int) -> list[str]:
        """What leads from a moment to the next: one of the steps, whole; ``act@`` says which."""
        act, width = f"act@{moment}", self.act_width
        lines = [f"(declare-const {act} (_ BitVec {width}))", f"(assert (bvult {act} #b{len(self.steps):0{width}b}))"]
        lines += [f"(assert (=> {self.is_act(moment, j)} {self.takes(moment, s)}))" for j, s in enumerate(self.steps)]
        for (name, i), sort in self.cells:
            before, after = self.at(cell(name, i, sort), moment), self.at(cell(name, i, sort), moment + 1)
            out = before
            for j, s in enumerate(self.steps):
                if (name, i) in s.post:
                    out = f"(ite {self.is_act(moment, j)} {self.at(s.post[name, i], moment)} {out})"
            lines.append(f"(assert (= {after} {out}))")
        return lines

    @property
    def act_width(self) -> int:
        """The bits of a step's number."""
        return len(self.steps).bit_length()

    def is_act(self, moment: int, j: int) -> str:
        """That the step from a moment is the one of this number."""
        return f"(= act@{moment} #b{j:0{self.act_width}b})"

    # ---------------------------------------------------------------- claims
    def claim(self, claim: Claim) -> Expr:
        """A claim, grounded; true where it is out of scope."""
        return self.grounder.ground(imp(claim.in_scope, claim.expr))

    def breaks(self, label: str, moment: int) -> str:
        """That a claim, or an assertion of this label, is broken by the step that comes to this moment.

        :raises ProveError: the model has no claim and no assertion of that name.
        """
        found = self.model.claims().get(label)
        if found is not None and found.role != "transition":
            return f"(not {self.at(self.claim(found), moment)})"
        parts: list[str] = []
        known = found is not None
        for j, step in enumerate(self.steps):
            if found is not None:
                bad = lnot(self.grounder.of_step(self.claim(found), step))
                text = f"(and {self.is_act(moment - 1, j)} {self.at(bad, moment - 1)})"
            else:
                asserts = [e for name, e in step.asserts if name == label]
                known = known or bool(asserts)
                bad = land(step.guard, lnot(land(*asserts)))
                text = self.at(bad, moment - 1)
            if bad is not FALSE and moment > 0:
                parts.append(text)
        if not known:
            raise ProveError(f"{self.model.__name__} has no claim and no assertion {label!r}")
        return f"(or false {' '.join(parts)})"


def _all(parts: list[str]) -> str:
    return f"(and true {' '.join(parts)})"


_OPERATORS = {"<": "bvslt", "<=": "bvsle", "+": "bvadd", "-": "bvsub", "mod": "bvurem"}
