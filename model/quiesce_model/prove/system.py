"""A model, read for proof: its invariants, its steps, and what its counts do, all as formulas about one state.

What is to hold after a step is turned into a formula about the state before it, by putting in what the step makes of
each variable (Dijkstra's weakest precondition; no frame axioms, so none can be missing).  A model here has no bounds:
its numbers have no end, and that no step goes below zero is an obligation of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from quiesce_model.language import Claim, Model
from quiesce_model.language import Obligation as Assertion
from quiesce_model.language.expr import Expr, after, arith, bound, const, land, quantify, read, subst, var
from quiesce_model.language.reader import Action, state_env
from quiesce_model.language.sorts import AnySort, MapSort, is_numbered
from quiesce_model.language.values import Each
from quiesce_model.prove.counting import Counts, First, Moved
from quiesce_model.prove.layers import alternates
from quiesce_model.prove.smt import ProveError

__all__ = ["NATURALS", "Hypotheses", "Step", "System", "system"]

NATURALS = "numbers_are_never_negative"
"""The invariant that comes with the sorts."""

Hypotheses = tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, eq=False)
class Step:
    """An action with its sums counted.

    :param post: state variable or count -> its value after the step, over the state before it; only what changes.
    :param moved: the counts that it touches.
    :param stays: that all its numbers are natural ones.
    """

    action: Action
    guard: Expr
    stays: Expr
    asserts: tuple[tuple[Assertion, Expr], ...]
    post: dict[str, Expr]
    moved: tuple[Moved, ...]
    _by: dict[Expr, Expr] = field(repr=False)
    _memo: dict[Expr, Expr] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The action's."""
        return self.action.name

    def after(self, e: Expr) -> Expr:
        """What has to hold before the step (its guard given) for ``e``, lifted, to hold after it."""
        return subst(e, self._by, self._memo)


class System:
    """See the module's text.  Reading is done once, in the constructor; afterwards it is safe to share.

    Raises:
        ReadError: the model's source is not in the modelling language.
        ProveError: a sum cannot be counted.

    """

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.sorts = model.state_sorts()
        self.state = state_env(self.sorts)
        self.counts = Counts()
        self._read = False
        self.claims: dict[str, Claim] = model.claims("invariant", "theorem", "transition")
        lifted = {n: self.lift(land(c.in_scope, c.expr)) for n, c in self.claims.items()}
        self.invariants: dict[str, Expr] = {NATURALS: self._naturals()}
        self.invariants.update({n: e for n, e in lifted.items() if self.claims[n].role == "invariant"})
        self.theorems = {n: e for n, e in lifted.items() if self.claims[n].role == "theorem"}
        self.transitions = {n: e for n, e in lifted.items() if self.claims[n].role == "transition"}
        self.alternating = frozenset(n for n, e in self.invariants.items() if alternates(e))
        read_actions = model.actions()
        for a in read_actions:  # so that every sum is known before the first step is asked what it does to it
            for e in (a.guard, *(o.expr for o in a.asserts), *a.post.values(), *a.in_scope):
                self.lift(e)
        self._read = True
        self.steps = [self._step(a) for a in read_actions]

    def lift(self, e: Expr) -> Expr:
        """The expression with its sums counted.

        Raises:
            ProveError: a sum that cannot be counted, or that the model does not have: no step would move it.

        """
        known = len(self.counts.found)
        lifted = self.counts.lift(e)
        if self._read and len(self.counts.found) > known:
            for new in list(self.counts.found)[known:]:
                del self.counts.found[new]
            raise ProveError(f"expected sums of {self.model.__name__}'s own claims and actions, got another: {e!r}")
        return lifted

    # ---------------------------------------------------------------- hypotheses
    def variables(self) -> dict[str, AnySort]:
        """The state variables and the counts."""
        return {**self.sorts, **self.counts.variables()}

    def rules(self, invariant: str) -> tuple[str, ...]:
        """The rule ids of an invariant."""
        return self.claims[invariant].rules if invariant in self.claims else ()

    def hypotheses(
        self, layer: str | None = None, *, everything: bool = False, without: str | None = None
    ) -> Hypotheses:
        """What may be assumed of a state.

        :param layer: an invariant that puts an existential below a universal and is to be carried by itself, too.
        :param everything: all invariants; for what follows from them in the same state.
        :param without: leave this one out.
        """
        deep = everything or layer in self.alternating
        out = [
            (n, e)
            for n, e in self.invariants.items()
            if n != without and (everything or n == layer or n not in self.alternating)
        ]
        for count in self.counts.found.values():
            out += count.facts()
            if deep:
                out.append(count.witness())
        return tuple(out)

    def _naturals(self) -> Expr:
        parts = []
        for n, sort in self.sorts.items():
            if isinstance(sort, MapSort) and is_numbered(sort.value):
                x = bound("k", sort.key)
                parts.append(quantify("forall", (x,), arith("<=", const(0), read(var(n, sort), x))))
            elif not isinstance(sort, MapSort) and is_numbered(sort):
                parts.append(arith("<=", const(0), var(n, sort)))
        return land(*parts)

    # ---------------------------------------------------------------- steps
    def _step(self, a: Action) -> Step:
        post = {n: self.lift(e) for n, e in a.post.items()}
        by = {var(n, self.sorts[n]): e for n, e in post.items()}
        moved = tuple(m for c in self.counts.found.values() if (m := c.moved(by)) is not None)
        for m in moved:
            by[var(m.count.name, m.count.sort)] = post[m.count.name] = m.value()
        return Step(
            action=a,
            guard=self.lift(a.guard),
            stays=self.lift(land(*a.in_scope)),
            asserts=tuple((o, self.lift(o.expr)) for o in a.asserts),
            post=post,
            moved=moved,
            _by=by,
        )

    def two_state(self, step: Step, e: Expr) -> Expr:
        """What has to hold before the step for a promise about both states to be kept."""
        primed = {after(n, s): step.post.get(n, var(n, s)) for n, s in self.variables().items()}
        return subst(e, primed)

    # ---------------------------------------------------------------- the first state
    def first(self) -> tuple[dict[Expr, Expr], list[First], Hypotheses]:
        """The first state: each variable's value, its counts, and what is known of a count that has no fixed value."""
        by = {var(n, self.sorts[n]): e for n, e in self.model.initial().items()}
        counts = list(self.counts.first(by, self._exceptions()))
        facts: list[tuple[str, Expr]] = []
        values = dict(by)
        for f in counts:
            value = f.value()
            if value is None:
                facts += f.count.facts(f.body)
            else:
                values[var(f.count.name, f.count.sort)] = value
        return values, counts, tuple(facts)

    def _exceptions(self) -> dict[str, tuple[Expr, ...]]:
        out: dict[str, tuple[Expr, ...]] = {}
        for n, sort in self.sorts.items():
            first = getattr(self.model, n)
            if isinstance(sort, MapSort) and isinstance(first, Each):
                out[n] = tuple(const(k, sort.key) for k in first.but)
        return out

    def scalars(self) -> Iterator[Expr]:
        """The state's plain variables."""
        return (e for n, e in self.state.items() if not isinstance(self.sorts[n], MapSort))


_SYSTEMS: dict[type[Model], System] = {}


def system(model: type[Model]) -> System:
    """The model, read for proof, once."""
    found = _SYSTEMS.get(model)
    if found is None:
        found = _SYSTEMS.setdefault(model, System(model))
    return found
