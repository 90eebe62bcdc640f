"""A model compiled for one scope: its states, their successors, and the labelled steps of the unreduced model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from quiesce_model.explore.analysis import Analysis, Claim
from quiesce_model.explore.ground import Grounder
from quiesce_model.explore.layout import Layout, Parts, choose_local
from quiesce_model.explore.loop import Form, Notes
from quiesce_model.explore.result import Label
from quiesce_model.explore.steps import Generated, Outcome
from quiesce_model.explore.symmetry import SymmetryError, column_sorter, why_not
from quiesce_model.explore.tables import PackedOverflow, State, Tables
from quiesce_model.language.expr import Expr, const, imp, land, read
from quiesce_model.language.model import Model
from quiesce_model.language.reader import Claim as ModelClaim
from quiesce_model.language.roles import CLAIMS, Role, rules_in
from quiesce_model.language.sorts import Scope, Sort, is_unordered, ordinal

__all__ = ["Machine", "Move", "PackedOverflow", "State"]


@dataclass(frozen=True, slots=True)
class Move:
    """One step from a state, on the unreduced model."""

    label: Label
    target: Parts | None  # None: it breaks an assert, so there is no state after it
    broken: tuple[str, ...]  # asserts and transitions that it breaks


class Machine(Tables):
    """Successors, claims and labels of a model within a scope.

    ``claims``: names or rule ids of the claims to look at; ``None`` for all.  Not safe to share between threads.
    """

    def __init__(
        self,
        model: type[Model],
        scope: Scope,
        *,
        claims: Collection[str] | None = None,
        symmetric: Collection[type[Sort]] = (),
        bits: int = 0,
    ) -> None:
        self.model, self.scope, self.symmetric = model, scope, tuple(symmetric)
        sorts, actions = model.state_sorts(), model.actions()
        wanted = {kind: self._wanted(kind, claims) for kind in CLAIMS}
        self.rules = {n: c.rules for kind in wanted.values() for n, c in kind.items()}
        formulas = [(n, c.expr) for kind in wanted.values() for n, c in kind.items()]
        formulas += [(a.name, e) for a in actions for e in (a.guard, *a.in_scope, *a.post.values())]
        formulas += [(a.name, o.expr) for a in actions for o in a.asserts]
        unordered = [s for s in scope if is_unordered(s)]
        exact = [s for s in unordered if why_not(s, sorts, formulas) is None]
        for s in symmetric:
            reason = why_not(s, sorts, formulas)
            if reason is not None:
                raise SymmetryError(model.__name__, s, reason)
        self.layout = Layout(sorts, scope, choose_local(sorts, scope, exact, actions))
        self.grounder = Grounder(sorts, scope)
        ground = self.grounder.ground
        always = [
            Claim(n, ground(imp(c.in_scope, c.expr))) for k in ("theorem", "invariant") for n, c in wanted[k].items()
        ]
        self.analysis = Analysis(
            self.layout,
            self.grounder,
            self.grounder.instances(actions),
            always,
            [Claim(n, ground(imp(c.in_scope, c.expr))) for n, c in wanted["transition"].items()],
            [Claim(n, ground(land(c.in_scope, c.expr))) for n, c in wanted["sometimes"].items()],
        )
        shared_sorts = [s for s in symmetric if s is not self.layout.local]
        super().__init__(
            Generated(model.__name__, self.layout, self.analysis),
            Form(self.layout.elements, bits=bits, symmetric=self.layout.local in symmetric),
            column_sorter([self.layout.columns_of(s) for s in shared_sorts]),
        )
        self.sometimes = list(wanted["sometimes"])
        self.actions = list(dict.fromkeys(s.instance.action for s in self.generated.steps))
        self._labels: dict[tuple[int, int], Label] = {}
        self.first = self._first()

    def _wanted(self, kind: Role, claims: Collection[str] | None) -> dict[str, ModelClaim]:
        found = self.model.claims(kind)
        if claims is None:
            return found
        return {n: c for n, c in found.items() if n in claims or any(r in claims for r in c.rules)}

    def _first(self) -> Parts:
        initial: dict[str, Expr] = self.model.initial()
        values: dict[tuple[str, int | None], int] = {}
        for name, index in self.layout.place:
            e = initial[name]
            value = self.grounder.ground(e if index is None else read(e, self._key(name, index)))
            values[name, index] = ordinal(value.args[0])
        return self.layout.split(values)

    def _key(self, name: str, index: int) -> Expr:
        sort: Any = self.layout.sorts[name]
        return const(self.layout.key(name, index), sort.key)

    # -- states: a group and a key ----------------------------------------------------------------------------------
    def state(self, parts: Parts) -> State:
        """The state that stands for these parts (under symmetry: for all that are like them)."""
        return self._group[self.sort_shared(parts[0])], self.form.key([self._local[p] for p in parts[1:]])

    def parts(self, state: State) -> Parts:
        """The parts of a state."""
        return (state[0].part, *[self.local[n] for n in self.form.numbers(state[1])])

    def flagged(self, state: State) -> Iterator[tuple[int, Notes]]:
        """What was noted at the parts of a state, with the element (-1: the shared part).  Its entries must be made."""
        flags = state[0].flags
        if -1 in flags:
            yield -1, flags[-1]
        for element, number in enumerate(self.form.numbers(state[1])):
            if number in flags:
                yield element, flags[number]

    def on_edge(self, state: State) -> bool:
        """Whether the finite scope cuts an action off in this state."""
        return any(notes.edge for _, notes in self.flagged(state)) or (
            self.has_joint_steps and bool(self.joint(self.parts(state)).edge)
        )

    def successors(self, state: State) -> Iterator[State]:
        """The successors of a state, once for each step."""
        group, key = state
        if group.row is None:
            self.prepare(group)
        assert group.row is not None
        moves, *tables = group.row
        numbers, owner = list(self.form.numbers(key)), self._owner
        for seen, _ in moves:
            yield owner[id(seen)], key
        for i, number in enumerate(numbers):
            for seen, m, _ in self.form.steps(tables[min(i, len(tables) - 1)][number]):
                then = key + m if self.form.differs else self.form.key([*numbers[:i], m, *numbers[i + 1 :]])
                yield owner[id(seen)], then
        if self.has_joint_steps:
            for _, target, *then, _check in self.joint(self.parts(state)).moves:
                yield self.state((target, *then))

    def joint(self, parts: Parts) -> Outcome:
        """The steps that look at several elements."""
        out = Outcome()
        self.generated.joint_steps(*parts, out)
        return out

    def label(self, step: int, element: int) -> Label:
        """The name of a step when it is taken by an element (-1: the step says who)."""
        found = self._labels.get((step, element))
        if found is None:
            found = self._labels[step, element] = self._label(step, element)
        return found

    def _label(self, step: int, element: int) -> Label:
        i, own = self.generated.steps[step].instance, self.layout.local

        def who(sort: Any, k: Any) -> Any:
            """A local step is written for element 0: it and the one who takes it have changed places."""
            return k if sort is not own or element < 0 else {0: element, element: 0}.get(k, k)

        params = tuple((n, s, who(s, k)) for n, s, k in i.params)
        process = i.process if i.process is None else (i.process[0], who(*i.process))
        return Label(i.action, params, process, i.fair)

    def moves(self, parts: Parts) -> tuple[list[Move], list[Label]]:
        """All steps of the unreduced model from a state, and the steps that the scope cuts off."""
        shared, *local = parts
        found: list[Move] = []
        cut: list[Label] = []
        out = Outcome()
        self.generated.shared_steps(shared, out)
        self._moves(out, -1, parts, found, cut)
        for element in range(len(local)):
            out = Outcome()
            self.generated.local_steps(shared, local[element], out)
            self._moves(out, element, parts, found, cut)
        if self.has_joint_steps:
            self._moves(self.joint(parts), -2, parts, found, cut)
        return found, cut

    def _moves(self, out: Outcome, element: int, parts: Parts, found: list[Move], cut: list[Label]) -> None:
        generated, stuck = self.generated, set()
        broken: dict[int, list[str]] = {}
        for n, label, is_assert in out.broken:
            broken.setdefault(n, []).append(label)
            if is_assert:
                stuck.add(n)
                found.append(Move(self.label(n, element), None, (label,)))
        for k in out.pairs:
            n, name, _ = generated.pairs[k]
            mover = () if element < 0 else (parts[element + 1],)
            others = [p for i, p in enumerate(parts[1:]) if i != element]
            if not all(generated.pair[k](parts[0], *mover, other) for other in others):
                broken.setdefault(n, []).append(name)
        for n, doubt in out.doubtful:
            if not self.holds(doubt, element, parts):
                broken.setdefault(n, []).append(generated.doubts[doubt][0])
        for n, target, *then, _check in out.moves:
            if element == -1:
                new: Parts = (target, *parts[1:])
            elif element == -2:
                new = (target, *then)
            else:
                new = (target, *parts[1 : element + 1], then[0], *parts[element + 2 :])
            labels = dict.fromkeys(broken.get(n, ()))
            dead = any(
                label not in self.rules for label in labels
            )  # what is no claim of the model is an assert's label
            found.append(Move(self.label(n, element), None if dead else new, tuple(labels)))
        cut += [self.label(n, element) for n in out.edge]

    def rules_of(self, claim: str) -> tuple[str, ...]:
        """The rule ids of a claim, or those at the head of an assert's label."""
        return self.rules[claim] if claim in self.rules else rules_in(claim)

    def holds(self, doubt: int, element: int, parts: Parts) -> bool:
        """Whether a joint assert holds for a step of ``element``: the step is written for element 0."""
        shared, *local = parts
        if element > 0:
            local = [local[element], *local[:element], *local[element + 1 :]]
        return bool(self.generated.doubt[doubt](shared, *local))

    def false_claims(self, parts: Parts) -> list[str]:
        """The names of all claims that a state breaks, in the order in which the model makes them."""
        out = Outcome()
        self.generated.shared_claims(parts[0], out)
        for part in parts[1:]:
            self.generated.local_claims(parts[0], part, out)
        names = set(out.false)
        names |= {c.name for c in self.analysis.joint_claims if not self.generated.judge(c, parts)}
        return [n for n in self.rules if n in names]
