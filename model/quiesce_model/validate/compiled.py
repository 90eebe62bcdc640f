"""A model compiled for following a trace: one function for each action, one for each claim.

An explorer asks for all successors of a state; a validator asks whether one action, with its parameters given, can be
taken, why not, and what it leads to.  So actions stay functions of their parameters, quantifiers are written out over
the finite scope, and after a step only those claims are judged that read a variable which the step writes.  (Claims
about states that hold before a step go on holding when nothing that they read changes.  A claim about steps is read as
TLA+ reads it, true of a step that changes nothing that it speaks about.)

The rewriting is the explorer's (``explore.ground``); the texts come from the same expressions, so this is a third
reading of the one source, and the tests hold it against the plain run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from quiesce_model.explore.ground import Grounder
from quiesce_model.language import Action, Claim, Condition, Model, Scope
from quiesce_model.language.expr import Expr, const, land, read
from quiesce_model.language.sorts import AnySort, MapSort, domain, ordinal
from quiesce_model.validate.layout import Flat, Layout, value_of

__all__ = ["EDGE", "Broken", "Compiled", "Step"]

EDGE: Flat = (-1,)
"""What `Compiled.take` gives where the scope ran out."""

Broken = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of asserts and claims, with their rule ids."""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of trying an action.

    ``after`` is ``None`` where it was not taken: its guard does not hold, or ``edge`` (the scope ran out).  ``broken``
    names the asserts and claims that the step breaks, with their rule ids.
    """

    after: Flat | None
    edge: bool = False
    broken: Broken = ()


_DISABLED = Step(None)
_EDGE = Step(None, edge=True)


class Compiled:
    """A model in a finite scope.  Not safe for use by several threads at once."""

    def __init__(self, model: type[Model], scope: Scope) -> None:
        self.model, self.scope = model, dict(scope)
        self.layout = Layout(model, scope)
        self.actions: dict[str, Action] = {a.name: a for a in model.actions()}
        self.always: dict[str, Claim] = model.claims("invariant", "theorem")
        self.transitions: dict[str, Claim] = model.claims("transition")
        self.claims = {**self.always, **self.transitions}
        self._ground = Grounder(self.layout.sorts, scope)
        self._write = _Writer(self.layout)
        lines: list[str] = []
        for a in self.actions.values():
            lines += self._action(a)
        for name, claim in self.claims.items():
            lines += [f"def claim_{name}(S, T):", f"    return {self._text(claim.expr)}", ""]
        self.text = "\n".join(lines)
        space: dict[str, Any] = {"EDGE": EDGE}
        exec(compile(self.text, f"<{model.__name__} compiled for validation>", "exec"), space)
        self._do: dict[str, Callable[..., Any]] = {n: space[f"do_{n}"] for n in self.actions}
        self._force: dict[str, Callable[..., Any]] = {n: space[f"force_{n}"] for n in self.actions}
        self._asserts: dict[str, Callable[..., list[int]]] = {n: space[f"asserts_{n}"] for n in self.actions}
        self._guards: dict[str, Callable[..., list[int]]] = {n: space[f"guards_{n}"] for n in self.actions}
        self._claim: dict[str, Callable[[Flat, Flat], bool]] = {n: space[f"claim_{n}"] for n in self.claims}
        self._checks = {n: self._checks_after(a) for n, a in self.actions.items()}

    # -- running ----------------------------------------------------------------------------------------------------
    def step(self, action: str, state: Flat, args: Sequence[int]) -> Step:
        """Try an action; all that it may break is judged."""
        new = self.take(action, state, args)
        if new is None:
            return _DISABLED
        return _EDGE if new is EDGE else Step(new, broken=self.judge(action, state, new, args))

    def take(self, action: str, state: Flat, args: Sequence[int]) -> Flat | None:
        """The state after an action, not judged; ``None``: its guard does not hold; ``EDGE``: the scope ran out."""
        new = self._do[action](state, *args)
        return new if new is None or new is EDGE else tuple(new)

    def judge(self, action: str, state: Flat, after: Flat, args: Sequence[int]) -> Broken:
        """The asserts and claims that a step breaks."""
        for _, check in self._checks[action]:
            if not check(state, after):
                return self._broken(action, state, after, args)
        if self.actions[action].asserts and self._asserts[action](state, *args):
            return self._broken(action, state, after, args)
        return ()

    def forced(self, action: str, state: Flat, args: Sequence[int]) -> Step:
        """What would come of the action were its guard not there: it tells what the guard is good for."""
        try:
            new = self._force[action](state, *args)
        except IndexError:
            return _EDGE
        if new is EDGE:
            return _EDGE
        after = tuple(new)
        return Step(after, broken=self._broken(action, state, after, args))

    def why_disabled(self, action: str, state: Flat, args: Sequence[int]) -> list[Condition]:
        """The conditions of the guard that do not hold."""
        conditions = self.actions[action].conditions
        return [conditions[i] for i in self._guards[action](state, *args)]

    def false_claims(self, state: Flat) -> Broken:
        """All claims about states that a state breaks."""
        return tuple((n, c.rules) for n, c in self.always.items() if not self._claim[n](state, state))

    def _broken(self, action: str, state: Flat, after: Flat, args: Sequence[int]) -> Broken:
        asserts = self.actions[action].asserts
        out = [(asserts[i].label, asserts[i].rules) for i in self._asserts[action](state, *args)]
        return (*out, *((n, self.claims[n].rules) for n, check in self._checks[action] if not check(state, after)))

    def _checks_after(self, a: Action) -> list[tuple[str, Callable[[Flat, Flat], bool]]]:
        written = set(a.post)
        out = []
        for name, claim in self.claims.items():
            if {v.removesuffix("'") for v in claim.expr.reads} & written:
                out.append((name, self._always(name) if name in self.always else self._claim[name]))
        return out

    def _always(self, name: str) -> Callable[[Flat, Flat], bool]:
        claim = self._claim[name]
        return lambda _, after: claim(after, after)

    # -- writing ----------------------------------------------------------------------------------------------------
    def _text(self, e: Expr) -> str:
        return self._write(self._ground.ground(e))

    def _action(self, a: Action) -> list[str]:
        head = ", ".join(["S", *(f"p_{n}" for n, _ in a.params)])
        post = ["    T = list(S)", *(f"    {line}" for v, e in a.post.items() for line in self._update(v, e))]
        scope = self._text(land(*a.in_scope))
        lines = [f"def do_{a.name}({head}):", f"    if not {self._text(a.guard)}: return None"]
        lines += [f"    if not {scope}: return EDGE", *post, "    return T", ""]
        lines += [f"def force_{a.name}({head}):", f"    if not {scope}: return EDGE", *post, "    return T", ""]
        lines += [f"def guards_{a.name}({head}):", "    out = []"]
        lines += [f"    if not {self._text(c.expr)}: out.append({i})" for i, c in enumerate(a.conditions)]
        lines += ["    return out", "", f"def asserts_{a.name}({head}):", "    out = []"]
        lines += [f"    if not {self._text(o.expr)}: out.append({i})" for i, o in enumerate(a.asserts)]
        return [*lines, "    return out", ""]

    def _update(self, name: str, e: Expr) -> list[str]:
        """Statements that write a variable's new value into ``T``; they read ``S`` alone."""
        at, sort = self.layout.offset[name], self.layout.sorts[name]
        if not isinstance(sort, MapSort):
            return [f"T[{at}] = {self._value(e)}"]
        if e.op == "arr":
            return []
        if e.op == "store":
            base, index, value = e.args
            target = f"T[{at} + {self._text(index)}]"
            return [*self._update(name, base), f"{target} = {self._value(value)}"]
        if e.op == "ite":
            c, a, b = e.args
            out = []
            for test, branch in ((c, a), (None, b)):
                head = f"if {self._text(c)}:" if test is not None else "else:"
                out += [head, *(f"    {line}" for line in self._update(name, branch) or ["pass"])]
            return out
        keys = range(domain(sort.key, self.scope))
        return [f"T[{at + i}] = {self._value(read(e, const(value_of(sort.key, i), sort.key)))}" for i in keys]

    def _value(self, e: Expr) -> str:
        e = self._ground.ground(e)
        stored = e.op in {"const", "cell", "read"}
        return self._write(e) if e.sort is not bool or stored else f"(1 if {self._write(e)} else 0)"


class _Writer:
    """Grounded expressions as Python text over ``S``, the state before, and ``T``, the state after."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def _cell(self, name: str) -> tuple[str, int]:
        plain = name.removesuffix("'")
        return ("T" if plain != name else "S"), self.layout.offset[plain]

    def __call__(self, e: Expr) -> str:
        op, a = e.op, e.args
        match op:
            case "const":
                return str(ordinal(a[0]))
            case "cell":
                state, at = self._cell(a[0])
                return f"{state}[{at + (a[1] or 0)}]"
            case "param":
                return f"p_{a[0]}"
            case "read":
                return self._read(a[0], a[1])
            case "and":
                return "(" + " and ".join(map(self, a)) + ")"
            case "or":
                return "(" + " or ".join(self._alternatives(a)) + ")"
            case "not":
                inner = a[0]
                if inner.op == "=":
                    return f"({self(inner.args[0])} != {self(inner.args[1])})"
                return f"(not {self(inner)})"
            case "=":
                return f"({self(a[0])} == {self(a[1])})"
            case "ite":
                return f"({self(a[1])} if {self(a[0])} else {self(a[2])})"
            case "mod":
                return f"({self(a[0])} % {self(a[1])})"
            case "<" | "<=" | "+" | "-":
                return f"({self(a[0])} {op} {self(a[1])})"
        raise TypeError(f"not a grounded expression: {e!r}")

    def _alternatives(self, parts: Sequence[Expr]) -> list[str]:
        """``x == 1 or x == 2`` as one look into a set."""
        out: list[str] = []
        subject: Expr | None = None
        values: list[str] = []
        for p in (*parts, None):
            same = p is not None and p.op == "=" and p.args[1].op == "const"
            if values and not (same and p is not None and p.args[0] is subject):
                assert subject is not None
                x = self(subject)
                out.append(f"({x} == {values[0]})" if len(values) == 1 else f"({x} in {{{', '.join(values)}}})")
                values = []
            if p is not None and same:
                subject = p.args[0]
                values.append(self(p.args[1]))
            elif p is not None:
                out.append(self(p))
        return out

    def _read(self, arr: Expr, index: Expr) -> str:
        sort: AnySort = arr.sort
        assert isinstance(sort, MapSort)
        state, at = self._cell(arr.args[0])
        i = self(index)
        if index.sort == sort.key and index.op in {"cell", "read", "param"}:
            return f"{state}[{at} + {i}]"
        width = self.layout.width[arr.args[0].removesuffix("'")]
        # Beyond the scope nothing that counts is read (see `language.expr`); never a neighbour's cell.
        return f"({state}[{at} + i] if 0 <= (i := {i}) < {width} else 0)"
