"""The reference run: the methods of a model themselves, run.

Nothing is translated here.  A state is thawed, an action is called on it, and what comes of that is noted: a new
state, a refusal with the condition that refused, a broken assertion, or a step beyond the scope.  Every other
reading is held against this one.

A ``Numbered`` sort whose size in scope is ``None`` has no upper bound: maps over it grow as they are used, and
``every`` counts the elements in use and one more, which stands for all the others.  That is exact for claims in which
unused elements are all alike, as they are where each has its first value.  A trace of thousands of steps is
run this way.
"""

from __future__ import annotations

import ast
import itertools
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from quiesce_model.language.errors import Disabled, ModelError, OutOfScope, Place
from quiesce_model.language.model import Model, sort_of
from quiesce_model.language.reader import parameters
from quiesce_model.language.roles import Role
from quiesce_model.language.sorts import BOOL, AnySort, MapSort, Scope, is_enum, members, size
from quiesce_model.language.source import source_of_code
from quiesce_model.language.values import Map, current_bounds, require

Frozen = tuple[Any, ...]
"""A state as a value: its variables in the order of ``state_sorts()``, maps as tuples of their cells."""

Kind = Literal["step", "disabled", "broken", "out of scope"]


@dataclass(frozen=True)
class Refusal:
    """The condition of a ``require`` that did not hold: its text and place."""

    text: str
    place: Place

    def __str__(self) -> str:
        return f"require({self.text}) at {self.place}"


@dataclass(frozen=True)
class Outcome:
    """What came of an action.

    :param kind: ``step``; ``disabled``: its guard does not hold; ``broken``: an assertion does not hold;
        ``out of scope``: it needs a number that the scope does not have.
    :param state: the new state, of a step.
    :param broken: the text of the assertion, or the names of the transitions that the step breaks.
    :param refusal: of a disabled action: why.
    :param beyond: of one that is out of scope: which number.
    """

    kind: Kind
    state: Frozen | None = None
    broken: tuple[str, ...] = ()
    refusal: Refusal | None = None
    beyond: str = ""


_DISABLED = Outcome("disabled")


class PlainRun:
    """A model in a scope, run by calling its methods.

    States are values (``freeze``); nothing is kept between calls, so one object may be used by several threads.

    :param model: the model.
    :param scope: how many of each sort there are; a ``Numbered`` sort may have ``None``: no upper bound.
    :raises ScopeError: the scope lacks a sort.
    """

    def __init__(self, model: type[Model], scope: Scope) -> None:
        if not __debug__:
            raise ModelError("models need assertions: run Python without -O")
        self.model, self.scope = model, scope
        self.sorts = model.state_sorts()
        self.names = tuple(self.sorts)
        self.params = {n: parameters(model, n, sort_of) for n in model.marks("action")}
        self.functions: dict[str, Callable[..., Any]] = {n: getattr(model, n) for n in self.params}
        self._first = model(scope)
        for s in dict.fromkeys(self._sorts_in_use()):
            size(s, scope)  # a sort that the scope lacks is reported now, not at the first step that needs it
        self._transitions = tuple(model.marks("transition"))

    def _sorts_in_use(self) -> Iterator[AnySort]:
        for s in self.sorts.values():
            yield from (s.key, s.value) if isinstance(s, MapSort) else (s,)
        for params in self.params.values():
            yield from (p for _, p in params)

    # ---------------------------------------------------------------- states
    def initial(self) -> Frozen:
        """The first state."""
        return self.freeze(self.model(self.scope))

    def freeze(self, state: Model) -> Frozen:
        """A state as a value.  Cells of an unbounded map at the end that have their first value are left out."""
        out = []
        for name in self.names:
            v = getattr(state, name)
            if isinstance(v, Map):
                cells = v.cells
                if v.beyond is not None:
                    n = len(cells)
                    while n and cells[n - 1] == v.beyond(n - 1):
                        n -= 1
                    cells = cells[:n]
                out.append(tuple(cells))
            else:
                out.append(v)
        return tuple(out)

    def thaw(self, frozen: Frozen) -> Model:
        """A state that actions can be called on."""
        state = object.__new__(self.model)
        values, first = state.__dict__, self._first.__dict__
        journal: list[str] = []
        values["_limits"], values["_journal"] = first["_limits"], journal
        for name, value in zip(self.names, frozen, strict=True):
            if type(value) is tuple:
                m = first[name]
                values[name] = Map(name, list(value), m.key, m.value, m.limit, m.beyond, journal)
            else:
                values[name] = value
        return state

    def as_dict(self, frozen: Frozen) -> dict[str, Any]:
        """A state by names; maps as dicts by key."""
        out: dict[str, Any] = {}
        for name, value in zip(self.names, frozen, strict=True):
            sort = self.sorts[name]
            if isinstance(sort, MapSort):
                keys = members(sort.key) if is_enum(sort.key) else range(len(value))
                out[name] = dict(zip(keys, value, strict=True))
            else:
                out[name] = value
        return out

    def bound(self, sort: type, *states: Model) -> int:
        """How many elements ``every(sort)`` counts in these states."""
        n = size(sort, self.scope)
        if n is not None:
            return n
        used = 0
        for state in states:
            for name, s in self.sorts.items():
                v = getattr(state, name)
                if isinstance(v, Map):
                    if v.key is sort:
                        used = max(used, len(v.cells))
                    if v.value is sort:
                        used = max(used, 1 + max(v.cells, default=0))
                elif s is sort:
                    used = max(used, 1 + v)
        return used + 1

    # ---------------------------------------------------------------- steps
    def choices(self, name: str, frozen: Frozen) -> Iterator[tuple[Any, ...]]:
        """All values of an action's parameters."""
        domains: list[list[Any]] = []
        for _, sort in self.params[name]:
            assert not isinstance(sort, MapSort)
            if sort is BOOL:
                domains.append([False, True])
            elif is_enum(sort):
                domains.append(list(members(sort)))
            else:
                n = size(sort, self.scope)
                domains.append(list(range(self.bound(sort, self.thaw(frozen)) if n is None else n)))
        return itertools.product(*domains)

    def apply(self, frozen: Frozen, name: str, *args: Any, why: bool = True, promises: bool = True) -> Outcome:
        """Call an action on a state.

        :param frozen: the state before.
        :param name: the action; :param args: its parameters.
        :param why: whether to find out, of a disabled action, which condition refused it.
        :param promises: whether to judge the step by the model's transitions, too.
        :raises ModelError: no such action, or other parameters.
        """
        fn = self.functions.get(name)
        if fn is None:
            raise ModelError(f"{self.model.__name__} has no action {name!r}; it has {', '.join(self.functions)}")
        if len(args) != len(self.params[name]):
            expected = ", ".join(f"{n}: {getattr(s, '__name__', s)}" for n, s in self.params[name])
            raise ModelError(f"{name}: expected ({expected}), got {args}")
        state = self.thaw(frozen)
        outcome = self._call(state, fn, args, why=why)
        if outcome.state is not None and promises:
            return replace(outcome, broken=self.broken_promises(frozen, outcome.state))
        return outcome

    def _call(self, state: Model, fn: Callable[..., Any], args: tuple[Any, ...], *, why: bool) -> Outcome:
        """Call an action on a thawed state, which it may change."""
        token = current_bounds.set(lambda sort: self.bound(sort, state))
        try:
            fn(state, *args)
        except Disabled as disabled:
            return Outcome("disabled", refusal=_refusal(disabled)) if why else _DISABLED
        except OutOfScope as beyond:
            return Outcome("out of scope", beyond=str(beyond))
        except AssertionError as broken:
            if not broken.args or not isinstance(broken.args[0], str):
                raise
            return Outcome("broken", broken=(broken.args[0],))
        finally:
            current_bounds.reset(token)
        return Outcome("step", self.freeze(state))

    def steps(self, frozen: Frozen) -> Iterator[tuple[str, tuple[Any, ...], Outcome]]:
        """All that is not disabled in a state: action, parameters, outcome (transitions are not judged)."""
        state = self.thaw(frozen)
        for name, fn in self.functions.items():
            for args in self.choices(name, frozen):
                outcome = self._call(state, fn, args, why=False)
                if outcome.kind != "disabled":
                    yield name, args, outcome
                if vars(state)["_journal"]:  # changed, also by an action that was refused afterwards
                    state = self.thaw(frozen)

    def explain(self, frozen: Frozen, name: str, *args: Any) -> str:
        """Why an action is or is not possible here, in a sentence."""
        outcome = self.apply(frozen, name, *args)
        call = f"{name}({', '.join(map(str, args))})"
        match outcome.kind:
            case "disabled":
                return f"{call} is refused: {outcome.refusal} does not hold"
            case "broken":
                return f"{call} breaks {outcome.broken[0]!r}"
            case "out of scope":
                return f"{call} is beyond the scope: {outcome.beyond}"
        return f"{call} is possible" + (f", and breaks {', '.join(outcome.broken)}" if outcome.broken else "")

    # ---------------------------------------------------------------- claims
    def claim(self, name: str, *states: Frozen) -> bool | None:
        """What a claim says of a state (a transition: of the states before and after); ``None``: it is out of scope."""
        return self.claim_all([name], *states)[name]

    def claim_all(self, names: Iterable[str], *states: Frozen) -> dict[str, bool | None]:
        """What several claims say of the same state or states."""
        thawed = [self.thaw(f) for f in states]
        out: dict[str, bool | None] = {}
        token = current_bounds.set(lambda sort: self.bound(sort, *thawed))
        try:
            for name in names:
                try:
                    value = getattr(self.model, name)(*thawed)
                except OutOfScope:
                    value = None
                if value is not None and not isinstance(value, bool):
                    raise ModelError(f"{self.model.__name__}.{name}: expected a bool, got {value!r}")
                out[name] = value
        finally:
            current_bounds.reset(token)
        return out

    def claims(self, frozen: Frozen, *roles: Role) -> dict[str, bool | None]:
        """What the claims of the roles say of a state (invariants and theorems if no role is given)."""
        return self.claim_all([n for r in roles or ("invariant", "theorem") for n in self.model.marks(r)], frozen)

    def broken_promises(self, before: Frozen, after: Frozen) -> tuple[str, ...]:
        """The transitions that a step breaks."""
        return tuple(n for n, v in self.claim_all(self._transitions, before, after).items() if v is False)

    # ---------------------------------------------------------------- exploration
    def reachable(self, limit: int | None = None) -> dict[Frozen, list[tuple[str, tuple[Any, ...], Outcome]]]:
        """Every reachable state with its steps, breadth first.

        :param limit: stop when so many states are known; what is returned then is not all there is.
        """
        first = self.initial()
        graph: dict[Frozen, list[tuple[str, tuple[Any, ...], Outcome]]] = {}
        frontier, seen = [first], {first}
        while frontier:
            following = []
            for f in frontier:
                graph[f] = list(self.steps(f))
                for *_, outcome in graph[f]:
                    if outcome.state is not None and outcome.state not in seen:
                        seen.add(outcome.state)
                        following.append(outcome.state)
                if limit is not None and len(graph) >= limit:
                    return graph
            frontier = following
        return graph


def _refusal(disabled: Disabled) -> Refusal:
    """Which condition of which ``require``: by the line of the call."""
    stack = list(traceback.walk_tb(disabled.__traceback__))
    at = next(i for i, (frame, _) in enumerate(stack) if frame.f_code is require.__code__) - 1
    frame, line = stack[at]
    source = source_of_code(frame.f_code, frame.f_globals)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not node.lineno <= line <= (node.end_lineno or line):
            continue
        if ast.unparse(node.func).rpartition(".")[2] == "require" and disabled.index < len(node.args):
            arg = node.args[disabled.index]
            return Refusal(source.text(arg), source.place(arg))
    return Refusal("?", source.place(source.tree))
