"""The source of a model's methods, read into expressions.

``read_action`` and ``read_claim`` are the second reading of a method; the first is to run it.  Whatever is
accepted here means the same in both, and whatever could differ is rejected with its place and reason
(``errors.ReadError``).  ``compare.compare_readings`` holds the two against each other.

Layers, each a file: ``context`` (path, scope, sorts) < ``quantifiers`` < ``names`` < ``expressions`` <
``calls`` < ``assignments`` < ``statements``.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from quiesce_model.language.calls import hints_of
from quiesce_model.language.errors import DefinitionError, Place
from quiesce_model.language.expr import Expr, after, conjuncts, imp, land, param, var
from quiesce_model.language.roles import Mark, Role, rules_in
from quiesce_model.language.sorts import BOOL, AnySort, MapSort, show_sort
from quiesce_model.language.source import Source, source_of
from quiesce_model.language.statements import Statements
from quiesce_model.language.symbols import Conjunct, Frame, StateRef


@dataclass(frozen=True)
class Condition:
    """A condition of a guard: what it says, as it is written and where."""

    expr: Expr
    text: str
    place: Place


@dataclass(frozen=True)
class Obligation:
    """What an action asserts.

    :param label: its text; :param rules: the rule ids at the head of it.
    :param expr: true where it is not reached or holds.
    """

    label: str
    rules: tuple[str, ...]
    expr: Expr
    place: Place


@dataclass(frozen=True)
class Action:
    """An atomic step, read.

    In a state, for given parameters: if ``guard`` is false the step is disabled; else, if one of ``asserts`` is false,
    it is broken (the first one counts); else, if one of ``in_scope`` is false, it is out of scope; else ``post`` says
    what changes.

    :param params: names and sorts, in order.
    :param in_scope: what has to hold for the step to stay in scope.
    :param post: state variable -> its value after the step; only what changes.
    :param process: the parameter that is the process for fairness; ``None``: the environment.
    :param conditions: the guard as it is written, condition by condition.
    """

    name: str
    params: tuple[tuple[str, AnySort], ...]
    guard: Expr
    in_scope: tuple[Expr, ...]
    post: dict[str, Expr] = field(hash=False)
    asserts: tuple[Obligation, ...]
    fair: bool
    process: str | None
    rules: tuple[str, ...]
    conditions: tuple[Condition, ...]
    doc: str
    source: Source = field(repr=False, hash=False, compare=False)

    def formal(self) -> tuple[Expr, ...]:
        """The parameters as expressions."""
        return tuple(param(n, s) for n, s in self.params)


@dataclass(frozen=True)
class Claim:
    """What an invariant, theorem, transition or sometimes says.

    :param expr: over the state; a transition's also over the state after the step, whose variables are ``name'``.
    :param in_scope: where the claim has a value; ``TRUE`` unless it reads at an index that may leave the scope.
    """

    name: str
    role: Role
    rules: tuple[str, ...]
    expr: Expr
    in_scope: Expr
    doc: str
    source: Source = field(repr=False, hash=False, compare=False)


def state_env(sorts: dict[str, AnySort], *, primed: bool = False) -> dict[str, Expr]:
    """Every state variable as an expression."""
    return {n: (after if primed else var)(n, s) for n, s in sorts.items()}


def _method(model: type, name: str) -> FunctionType:
    found = inspect.getattr_static(model, name)
    if not isinstance(found, FunctionType):
        reason = f"{model.__name__}.{name}: expected a plain method, got {type(found).__name__}"
        raise DefinitionError(reason, None, "def, with the state as the first parameter, and no further decorator")
    return found


def parameters(model: type, name: str, sort_of: Any) -> tuple[tuple[str, AnySort], ...]:
    """The parameters of an action and their sorts."""
    fn = _method(model, name)
    source, hints, out = source_of(fn), hints_of(fn), []
    a = source.tree.args
    at = {p.arg: p for p in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if p is not None}
    for p in list(inspect.signature(fn).parameters.values())[1:]:
        where, place = f"{model.__name__}.{name}, parameter {p.name!r}", source.place(at[p.name])
        if p.name not in hints:
            raise DefinitionError(f"{where}: no annotation that names a sort", place, f"{p.name}: X, X being a sort")
        if p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty:
            reason = f"{where}: expected a plain parameter without a default: every value is tried"
            raise DefinitionError(reason, place, f"{p.name}: X, without *, / or a default")
        try:
            sort = sort_of(hints[p.name], where)
        except DefinitionError as error:
            raise DefinitionError(error.reason, place, error.advice) from None
        if isinstance(sort, MapSort) or sort is int:
            reason = f"{where}: expected a sort with finitely many values in scope, got {show_sort(sort)}"
            raise DefinitionError(reason, place, "bool, an enum, a Sort or a Numbered")
        out.append((p.name, sort))
    return tuple(out)


def read_action(
    model: type, name: str, sorts: dict[str, AnySort], mark: Mark, params: tuple[tuple[str, AnySort], ...]
) -> Action:
    """Read an action of a model.

    :raises ReadError: the source is not in the part of Python that is read as a model.
    """
    before = state_env(sorts)
    reader = Statements(model, sorts, dict(before))
    fn = _method(model, name)
    source = source_of(fn)
    names = [a.arg for a in source.tree.args.args]
    if not names:
        reason = f"{fn.__qualname__}: expected the state as its first parameter"
        raise DefinitionError(reason, source.place(source.tree), f"def {name}(s, ...) -> None")
    local = {names[0]: StateRef(model), **{n: param(n, s) for n, s in params}}
    reader.frames.append(Frame(source, local))
    reader.check_decorators(fn, source.tree)
    value = reader.body(source.tree.body)
    if value is not None:
        reader.reject(source.tree, f"the action {name} returns a value", "return, with nothing behind it")
    process = mark.process or (params[0][0] if params else None)
    if process is not None and process not in dict(params):
        reason = f"{fn.__qualname__}: process={process!r} is not one of its parameters"
        advice = f"one of {', '.join(n for n, _ in params)}" if params else "no process: it has no parameters"
        raise DefinitionError(reason, source.place(source.tree), advice)
    conditions = tuple(_condition(c) for c in reader.guards)
    return Action(
        name=name,
        params=params,
        guard=land(*(c.expr for c in conditions)),
        in_scope=conjuncts(land(*(imp(n.path, n.condition) for n in reader.needs))),
        post={n: e for n, e in reader.env.items() if e is not before[n]},
        asserts=tuple(
            Obligation(label, rules_in(label), e, c.source.place(c.node)) for label, _, e, c in reader.asserts
        ),
        fair=mark.fair,
        process=process,
        rules=mark.rules,
        conditions=conditions,
        doc=inspect.getdoc(fn) or "",
        source=source,
    )


def _condition(c: Conjunct) -> Condition:
    return Condition(c.expr, c.source.text(c.node), c.source.place(c.node))


def read_claim(model: type, name: str, sorts: dict[str, AnySort], mark: Mark) -> Claim:
    """Read an invariant, theorem, transition or sometimes.

    :raises ReadError: the source is not in the part of Python that is read as a model.
    """
    reader = Statements(model, sorts, state_env(sorts))
    fn = _method(model, name)
    source = source_of(fn)
    names = [a.arg for a in source.tree.args.args]
    expected = ["s", "after"] if mark.role == "transition" else ["s"]
    if len(names) != len(expected) or len(inspect.signature(fn).parameters) != len(expected):
        wanted = f"({', '.join(expected)})"
        reason = f"{fn.__qualname__}: expected {wanted} for a {mark.role}, got ({', '.join(names)})"
        advice = f"def {name}{wanted} -> bool; all(... for x in every(X)) for a parameter"
        raise DefinitionError(reason, source.place(source.tree), advice)
    states = [StateRef(model), StateRef(model, state_env(sorts, primed=True))]
    reader.claim = f"the {mark.role} {name}"
    reader.frames.append(Frame(source, dict(zip(names, states, strict=False))))
    reader.check_decorators(fn, source.tree)
    value = reader.body(source.tree.body)
    if isinstance(value, Expr) and value.sort is not BOOL:
        reader.reject(
            source.tree,
            f"the {mark.role} {name} returns a value that is no condition",
            "return with a comparison, such as s.x != 0",
        )
    e = reader.as_bool(value, source.tree)
    in_scope = land(*(imp(n.path, n.condition) for n in reader.needs))
    return Claim(name, mark.role, mark.rules, e, in_scope, inspect.getdoc(fn) or "", source)
