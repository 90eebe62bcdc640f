"""The gate that makes the reader trustworthy: both readings of a model, held against each other.

The plain run calls the methods.  The other reading evaluates the expressions that their source was read
into.  In every reachable state both must have the same steps with the same labels, the same refusals, the
same broken assertions, the same steps beyond the scope and the same values of all claims.  Equality state by
state, from the same first state on, is equality of the labelled edge sets.

A broken assertion ends its path: what a method would have done behind it has no meaning in the plain run.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from quiesce_model.language.evaluate import Evaluator, Value
from quiesce_model.language.expr import land
from quiesce_model.language.model import Model
from quiesce_model.language.plain import Frozen, PlainRun
from quiesce_model.language.sorts import Scope

Step = tuple[str, tuple[Any, ...]]
Effect = tuple[str, Any]
"""``("step", state)``, ``("broken", label)`` or ``("out of scope", None)``."""
Edges = dict[Frozen, dict[Step, Effect]]


@dataclass(frozen=True)
class Difference:
    """One thing on which the readings disagree."""

    state: Frozen
    what: str
    plain: object
    read: object

    def __str__(self) -> str:
        return f"{self.what} in {self.state}:\n  run:  {self.plain}\n  read: {self.read}"


@dataclass(frozen=True)
class Differences:
    """What came of a comparison.

    :param complete: whether every reachable state was compared; not so after many differences or at a limit.
    """

    found: tuple[Difference, ...]
    states: int
    edges: int
    out_of_scope: int
    broken: int
    complete: bool

    @property
    def equal(self) -> bool:
        """No difference was found, and nothing was left out."""
        return self.complete and not self.found

    def __str__(self) -> str:
        head = (
            f"{self.states} states, {self.edges} steps, {self.out_of_scope} beyond the scope, {self.broken} broken: "
            f"{len(self.found)} differences{'' if self.complete else ' (not complete)'}"
        )
        return "\n".join([head, *map(str, self.found)])


class ReadRun:
    """A model in a finite scope, run by evaluating what its source was read into.

    :raises ReadError: the source is not in the part of Python that is read as a model.
    """

    def __init__(self, model: type[Model], scope: Scope) -> None:
        self.evaluator = ev = Evaluator(model.state_sorts(), scope)
        self.names = list(model.state_sorts())
        self._initial = {n: ev.compile(e) for n, e in model.initial().items()}
        self._actions = []
        for a in model.actions():
            picks = itertools.product(*[ev.values(s) for _, s in a.params])
            choices = [(p, dict(zip(a.formal(), p, strict=True))) for p in picks]
            asserts = [(o.label, ev.compile(o.expr)) for o in a.asserts]
            post = [(ev.position[n][0], ev.compile(e)) for n, e in a.post.items()]
            self._actions.append((a.name, choices, ev.compile(a.guard), asserts, ev.compile(land(*a.in_scope)), post))
        self._claims = {c.name: (ev.compile(c.in_scope), ev.compile(c.expr)) for c in model.claims().values()}

    def initial(self) -> Frozen:
        """The first state."""
        return tuple(self._initial[n]((), (), {}) for n in self.names)

    def steps(self, state: Frozen) -> Iterator[tuple[Step, Effect]]:
        """All that is not disabled in a state."""
        for name, choices, guard, asserts, in_scope, post in self._actions:
            for args, names in choices:
                if guard(state, state, names):
                    yield (name, args), self._effect(state, names, asserts, in_scope, post)

    @staticmethod
    def _effect(
        state: Frozen,
        names: dict[Any, Any],
        asserts: list[tuple[str, Value]],
        in_scope: Value,
        post: list[tuple[int, Value]],
    ) -> Effect:
        for label, e in asserts:
            if not e(state, state, names):
                return "broken", label
        if not in_scope(state, state, names):
            return "out of scope", None
        new = list(state)
        for i, e in post:
            new[i] = e(state, state, names)
        return "step", tuple(new)

    def claim(self, name: str, before: Frozen, after: Frozen | None = None) -> bool | None:
        """What a claim says of a state or a step; ``None``: it is out of scope."""
        in_scope, e = self._claims[name]
        other = before if after is None else after
        return bool(e(before, other, {})) if in_scope(before, other, {}) else None


def _plain_steps(run: PlainRun, state: Frozen) -> Iterator[tuple[Step, Effect]]:
    for name, args, o in run.steps(state):
        payload = o.state if o.kind == "step" else o.broken[0] if o.kind == "broken" else None
        yield (name, args), (o.kind, payload)


def _edges(first: Frozen, steps: Any, limit: int | None) -> Edges:
    out: Edges = {}
    frontier, seen = [first], {first}
    while frontier:
        following = []
        for state in frontier:
            if limit is not None and len(out) >= limit:
                return out
            out[state] = dict(steps(state))
            for kind, payload in out[state].values():
                if kind == "step" and payload not in seen:
                    seen.add(payload)
                    following.append(payload)
        frontier = following
    return out


def edges_plain(model: type[Model], scope: Scope, limit: int | None = None) -> Edges:
    """The labelled edges of all reachable states, by calling the methods.

    :param limit: no more states than this, breadth first.
    """
    run = PlainRun(model, scope)
    return _edges(run.initial(), lambda s: _plain_steps(run, s), limit)


def edges_read(model: type[Model], scope: Scope, limit: int | None = None) -> Edges:
    """The labelled edges of all reachable states, by evaluating what the source was read into.

    :param limit: no more states than this, breadth first.
    :raises ReadError: the source is not in the part of Python that is read as a model.
    """
    run = ReadRun(model, scope)
    return _edges(run.initial(), run.steps, limit)


class _Comparison:
    """Both runs of a model, and what was found so far."""

    def __init__(self, model: type[Model], scope: Scope, claims: bool) -> None:
        self.plain, self.read = PlainRun(model, scope), ReadRun(model, scope)
        self.by_state = [n for r in ("invariant", "theorem", "sometimes") for n in model.marks(r)] if claims else []
        self.by_step = list(model.marks("transition")) if claims else []
        self.found: list[Difference] = []
        self.states = self.edges = self.out_of_scope = self.broken = 0

    def at(self, state: Frozen) -> Iterator[Frozen]:
        """Compare in one state; yields the states after its steps."""
        self.states += 1
        a, b = dict(_plain_steps(self.plain, state)), dict(self.read.steps(state))
        self.edges += len(a)
        for step in {**a, **b}:
            if a.get(step) != b.get(step):
                what = f"{step[0]}({', '.join(map(str, step[1]))})"
                self.found.append(Difference(state, what, a.get(step, "disabled"), b.get(step, "disabled")))
        self._claims(self.by_state, state)
        for kind, payload in a.values():
            self.out_of_scope += kind == "out of scope"
            self.broken += kind == "broken"
            if kind == "step":
                self._claims(self.by_step, state, payload)
                yield payload

    def _claims(self, names: list[str], *states: Frozen) -> None:
        for name, x in self.plain.claim_all(names, *states).items():
            y = self.read.claim(name, *states)
            if x is not y:
                what = name if len(states) == 1 else f"{name}, of the step to {states[1]}"
                self.found.append(Difference(states[0], what, x, y))

    def result(self, most: int, *, complete: bool) -> Differences:
        return Differences(tuple(self.found[:most]), self.states, self.edges, self.out_of_scope, self.broken, complete)


def compare_readings(
    model: type[Model], scope: Scope, *, limit: int | None = None, claims: bool = True, most: int = 5
) -> Differences:
    """Hold both readings of a model against each other, in every reachable state.

    :param limit: no more states than this, breadth first; the comparison is then not complete.
    :param claims: whether to compare the values of claims, too.
    :param most: stop after so many differences.
    :raises ReadError: the source is not in the part of Python that is read as a model.
    """
    c = _Comparison(model, scope, claims)
    first = c.plain.initial()
    if first != c.read.initial():
        c.found.append(Difference(first, "the first state", first, c.read.initial()))
    queue, seen = deque([first]), {first}
    while queue and len(c.found) < most and (limit is None or c.states < limit):
        for after in c.at(queue.popleft()):
            if after not in seen:
                seen.add(after)
                queue.append(after)
    return c.result(most, complete=not queue)


def compare_in(model: type[Model], scope: Scope, states: Iterable[Frozen], *, most: int = 5) -> Differences:
    """Hold both readings of a model against each other in the given states, reachable or not.

    :raises ReadError: the source is not in the part of Python that is read as a model.
    """
    c = _Comparison(model, scope, claims=True)
    for state in states:
        for _ in c.at(state):
            pass
        if len(c.found) >= most:
            break
    return c.result(most, complete=len(c.found) < most)
