"""Which parts of a state an action or a claim looks at, and what therefore need not be looked at again.

A *shared* step or claim looks at the shared part only, a *local* one at the shared part and one element's part; both
are settled once for each distinct pair of parts.  What remains is *joint*: it looks at several elements at once.  A
joint claim is checked again only on a state that a step has just reached, and only if the step may have broken it.
"May have" is decided exactly, from the fact that the state before the step satisfied the claim:

* the claim reads after the step as it read before it;
* it holds whatever the other elements do;
* it is an equation of sums, and the step changed both sides by the same amount (``holders[e] == sum(...)``);
* it is a disjunction, the part of it that looks at others is untouched, and the step's own part did not become false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from quiesce_model.explore.ground import Grounder, Instance, linear, split_and, split_or, tautology
from quiesce_model.explore.layout import Layout
from quiesce_model.language.expr import FALSE, TRUE, Expr, arith, const, eq, land, lnot, lor, subst
from quiesce_model.language.sorts import INT

__all__ = ["Analysis", "Claim", "Step"]


@dataclass(frozen=True)
class Claim:
    """A grounded claim about a state (or, in a step, about the step)."""

    name: str
    expr: Expr


@dataclass
class Step:
    """An instance, with what must be checked when it is taken."""

    instance: Instance
    asserts: list[tuple[str, Expr]] = field(default_factory=list)  # settled by the parts that the step looks at
    promises: list[tuple[str, Expr]] = field(default_factory=list)  # transitions, settled likewise; about two states
    inline: list[tuple[str, Expr]] = field(default_factory=list)  # the same, in terms of the state before
    joint_asserts: list[tuple[str, Expr, Expr]] = field(default_factory=list)  # label, holds for sure if, expression
    pair_asserts: list[tuple[str, Expr, Expr]] = field(
        default_factory=list
    )  # the same, of one element beside the mover
    joint_claims: list[tuple[Claim, Expr]] = field(default_factory=list)  # claim, not broken for sure if


class Analysis:
    """Sorts instances and claims by what they look at."""

    def __init__(
        self,
        layout: Layout,
        grounder: Grounder,
        instances: Iterable[Instance],
        claims: Sequence[Claim],
        transitions: Sequence[Claim],
        sometimes: Sequence[Claim],
    ) -> None:
        self.layout, self.grounder = layout, grounder
        self._seen: dict[Expr, frozenset[int]] = {}
        self.shared_claims: list[Claim] = []
        self.local_claims: list[Claim] = []
        self.joint_claims: list[Claim] = []
        self.shared_sometimes: list[Claim] = []
        self.local_sometimes: list[Claim] = []
        self.joint_sometimes: list[Claim] = []
        self._sort(claims, split_and, (self.shared_claims, self.local_claims, self.joint_claims))
        self._sort(sometimes, split_or, (self.shared_sometimes, self.local_sometimes, self.joint_sometimes))
        self.shared_steps: list[Step] = []
        self.local_steps: list[Step] = []
        self.joint_steps: list[Step] = []
        promises = [Claim(c.name, e) for c in transitions for e in split_and(c.expr, 1)]
        for instance in instances:
            self._step(instance, promises)

    def looks_at(self, e: Expr) -> frozenset[int]:
        """The elements of the local sort at whose parts an expression looks."""
        found = self._seen.get(e)
        if found is None:
            if e.op == "cell":
                element = self.layout.place[e.args[0].rstrip("'"), e.args[1]][0]
                found = frozenset() if element is None else frozenset({element})
            elif e.op == "arr":
                local = self.layout.place[e.args[0].rstrip("'"), 0][0] is not None
                found = frozenset(range(self.layout.elements)) if local else frozenset()
            else:
                found = frozenset().union(*map(self.looks_at, e.children()))
            self._seen[e] = found
        return found

    def _sort(self, claims: Sequence[Claim], split: Callable[..., list[Expr]], into: tuple[list[Claim], ...]) -> None:
        shared, local, joint = into
        for claim in claims:
            for e in split(claim.expr, 1):
                parts = [e]
                if len(self.looks_at(e)) > 1 and all(len(self.looks_at(p)) <= 1 for p in split(e)):
                    parts = split(e)
                for part in parts:
                    at = self.looks_at(part)
                    if not at:
                        shared.append(Claim(claim.name, part))
                    elif len(at) > 1:
                        joint.append(Claim(claim.name, part))
                    elif at == {0}:  # the other elements say the same of themselves
                        local.append(Claim(claim.name, part))

    def _step(self, i: Instance, transitions: Sequence[Claim]) -> None:
        at = frozenset[int]().union(*map(self.looks_at, (i.guard, i.in_scope, *i.post.values())))
        at |= {e for key in i.post if (e := self.layout.place[key][0]) is not None}
        if len(at) == 1 and at != {0}:
            return
        step = Step(i)
        for label, claimed in i.asserts:
            self._check(step, at, label, claimed, step.asserts)
        for c in transitions:
            self._promise(step, at, c)
        for claim in self.joint_claims:
            before, then = self.grounder.ground(subst(claim.expr, i.facts)), self.grounder.after(claim.expr, i)
            if before is not then and self._kept(before, then, then, at) is not TRUE:
                sure = self._kept(before, then, self.grounder.primed(claim.expr, i), at)
                step.joint_claims.append((claim, sure if len(at) <= 1 else FALSE))
        (self.joint_steps if len(at) > 1 else self.local_steps if at else self.shared_steps).append(step)

    def _promise(self, step: Step, at: frozenset[int], promise: Claim) -> None:
        """A transition: judged on both states as it is written, unless it looks at others than the mover."""
        e = self.grounder.of_step(promise.expr, step.instance)
        if e is TRUE:
            return
        if len(at) <= 1 and self.looks_at(promise.expr) <= at:
            step.promises.append((promise.name, promise.expr))
        else:
            self._check(step, at, promise.name, e, step.inline)

    def _check(self, step: Step, at: frozenset[int], label: str, e: Expr, settled: list[tuple[str, Expr]]) -> None:
        if len(at) <= 1 and self.looks_at(e) <= at:
            if e is not TRUE:
                settled.append((label, e))
            return
        for part in split_and(e):
            others = self.looks_at(part) - at
            if not others and len(at) <= 1:
                settled.append((label, part))
            elif tautology(part):
                continue  # as a rule: a promise about an element that this step leaves alone
            elif len(others) > 1 or len(at) > 1:
                step.joint_asserts.append((label, self.certain(part, at), part))
            elif others == {len(at)}:  # the other elements beside the mover say the same of themselves
                step.pair_asserts.append((label, self.certain(part, at), part))

    def certain(self, e: Expr, known: frozenset[int], wanted: bool = True) -> Expr:
        """A condition on the known parts under which ``e`` is as wanted, whatever the other parts are."""
        if self.looks_at(e) <= known:
            return e if wanted else lnot(e)
        if e.op == "not":
            return self.certain(e.args[0], known, not wanted)
        if e.op in {"and", "or"}:
            parts = [self.certain(x, known, wanted) for x in e.args]
            return land(*parts) if (e.op == "and") == wanted else lor(*parts)
        if e.op == "ite":
            c, a, b = e.args
            a, b = self.certain(a, known, wanted), self.certain(b, known, wanted)
            if self.looks_at(c) <= known:
                return lor(land(c, a), land(lnot(c), b))
            return land(a, b)
        return FALSE

    def _kept(self, before: Expr, then: Expr, written: Expr, known: frozenset[int]) -> Expr:
        """A condition under which a claim outlives a step; ``written`` is the claim after it in the terms to use."""
        sure = self.certain(written, known)
        if before.op == written.op == "=" and before.args[0].sort is not bool:
            change = linear(written.args[0])
            linear(written.args[1], -1, change)
            linear(before.args[0], -1, change)
            linear(before.args[1], 1, change)
            rest = {e: n for e, n in change.items() if n}
            if all(self.looks_at(e) <= known for e in rest):
                sure = lor(sure, eq(total(rest), const(0)))
        elif "or" in {before.op, then.op}:
            old, new = (list(x.args) if x.op == "or" else [x] for x in (before, then))
            others = [x for x in old if not self.looks_at(x) <= known]
            if set(others) <= set(new):
                mine = lor(*(x for x in old if self.looks_at(x) <= known))
                sure = lor(sure, lnot(mine))
        return sure


def total(terms: dict[Expr, int]) -> Expr:
    """The sum of some terms, each so many times; ``TRUE`` stands for one."""
    out = const(0)
    for e, n in terms.items():
        for _ in range(abs(n)):
            out = arith("+" if n > 0 else "-", out, const(1) if e is TRUE else e, INT)
    return out
