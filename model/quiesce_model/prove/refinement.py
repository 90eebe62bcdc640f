"""Every step of the algorithm is a step of the protocol or invisible to it: for any number of everything.

The tables of ``meaning`` are read as formulas.  Put the meaning of each variable in place of the protocol's variables,
and the protocol's guards and effects become formulas about a state of the algorithm.  For each action of the algorithm
and each case in which it is a certain step of the protocol there are two obligations, given the algorithm's invariants:

- *may*: the guard of the protocol's action holds, and so does what that action asserts;
- *does*: each variable's meaning after the step is what the protocol's action makes of its meaning before.

An invisible step has the second only: nothing changes.  With the first states (*begins*), and by induction over the
length of the run, every run of the algorithm is a run of the protocol, and keeps what the protocol promises.

The candidate's meaning is a condition that singles out one version.  Here it is a constant of which that condition is
known, one for each of the two states.  That there is exactly one such version is an obligation of its own (*there is
one*, *there is no other*): a condition that nothing met would prove anything.

Rejected: an existential in place of the constant (z3 has to guess the witness); all cases of an action in one
disjunction (a failure would not say which).  Source: Abadi and Lamport (1991); Lynch and Vaandrager (1995).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quiesce_model.language import Model
from quiesce_model.language.expr import (
    FALSE,
    TRUE,
    Expr,
    arith,
    bound,
    const,
    eq,
    imp,
    lam,
    land,
    lnot,
    lor,
    param,
    quantify,
    read,
    subst,
    var,
)
from quiesce_model.language.reader import Action
from quiesce_model.language.sorts import AnySort, MapSort, is_unordered
from quiesce_model.meaning import INVISIBLE, MEANING, STEPS, Step, singles_out
from quiesce_model.prove.counting import Count
from quiesce_model.prove.obligation import Obligation, Reading, formulate
from quiesce_model.prove.smt import walk
from quiesce_model.prove.system import Hypotheses, System, system
from quiesce_model.prove.system import Step as Taken
from quiesce_model.prove.words import read_word

__all__ = ["Image", "cases", "refinement"]


@dataclass(frozen=True, eq=False)
class Image:
    """What a state of the algorithm means: the protocol's variables as formulas, and what is known of its constants."""

    meaning: Mapping[str, Expr]
    known: Hypotheses


@dataclass(frozen=True, eq=False)
class Case:
    """One line of the table of steps, read: under ``when``, the action is this step of the protocol."""

    taken: Taken
    step: Step
    number: int
    when: Expr
    arguments: tuple[Expr, ...]

    def __str__(self) -> str:
        if self.step.when is not None:
            return f"when {self.step.when.__name__.replace('_', ' ')}"
        return "otherwise" if self.number else ""


def refinement(concrete: type[Model], abstract: type[Model]) -> list[Obligation]:
    """All obligations of one policy's refinement.

    :param concrete: the algorithm, or a mutant of it; :param abstract: the protocol under the same policy.
    :raises ReadError: a line of the tables is not in the modelling language.
    """
    return list(_Refinement(system(concrete), abstract).obligations())


def cases(s: System, taken: Taken) -> Iterator[Case]:
    """What an action is to the protocol, case by case; those that cannot be are left out."""
    formal = taken.action.formal()
    others: Expr = TRUE
    for number, step in enumerate(STEPS.get(taken.name, (INVISIBLE,))):
        when = TRUE if step.when is None else s.lift(read_word(s.model, step.when, formal))
        here = land(others, when)
        if land(taken.guard, here) is not FALSE:
            yield Case(taken, step, number, here, tuple(read_word(s.model, of, formal) for of in step.of))
        others = land(others, lnot(when))


class _Refinement:
    def __init__(self, s: System, abstract: type[Model]) -> None:
        self.s, self.abstract = s, abstract
        self.sorts = abstract.state_sorts()
        self.actions: dict[str, Action] = {a.name: a for a in abstract.actions()}
        self.now, self.next = self.image("the"), self.image("the next")

    def image(self, which: str) -> Image:
        """The meaning of the state; its constants are called so."""
        meaning: dict[str, Expr] = {}
        known: list[tuple[str, Expr]] = []
        for name, sort in self.sorts.items():
            word = MEANING[name]
            if isinstance(sort, MapSort):
                x = bound(f"{name}!x", sort.key)
                meaning[name] = lam(x, self.s.lift(read_word(self.s.model, word, [x])), sort)
            elif singles_out(name):
                it = meaning[name] = param(f"{which} {name}".replace(" ", "_"), sort)
                known.append((f"{which}_{name}".replace(" ", "_"), self.s.lift(read_word(self.s.model, word, [it]))))
            else:
                meaning[name] = self.s.lift(read_word(self.s.model, word))
        return Image(meaning, tuple(known))

    # ---------------------------------------------------------------- obligations
    def obligations(self) -> Iterator[Obligation]:
        yield from self.first()
        for name, sort in self.sorts.items():
            if singles_out(name) and not isinstance(sort, MapSort):
                yield from self.singled_out(name, sort)
        for taken in self.s.steps:
            for case in cases(self.s, taken):
                yield from self.case(case)

    def first(self) -> Iterator[Obligation]:
        """The first state means the first state."""
        values, _, facts = self.s.first()
        known = tuple((n, subst(e, values)) for n, e in self.now.known)
        due = self.abstract.initial()
        goal = land(*(self.same(n, subst(self.now.meaning[n], values), due[n]) for n in self.sorts))
        yield from self.formulate("the first state means the protocol's", (*facts, *known), goal, None)

    def singled_out(self, name: str, sort: AnySort) -> Iterator[Obligation]:
        """Exactly one value meets the condition."""
        x, y = (bound(n, sort) for n in ("x", "y"))
        [[_, condition]] = [k for k in self.now.known if k[0] == f"the_{name}"]
        this, that = (subst(condition, {self.now.meaning[name]: v}) for v in (x, y))
        yield from self.formulate(f"there is a {name}", self.s.hypotheses(), self.met(condition, name, sort), None)
        one = quantify("forall", (x, y), imp(land(this, that), eq(x, y)))
        yield from self.formulate(f"there is no other {name}", self.s.hypotheses(), one, None)

    def met(self, condition: Expr, name: str, sort: AnySort) -> Expr:
        """That some value in the state meets the condition: a scalar, or a cell of a map over an unordered sort.

        Stronger than that there is one, and both solvers find it: there are only so many places to look.
        """
        ways: list[Expr] = []
        for n, s in self.s.sorts.items():
            here = var(n, s)
            if s == sort:
                ways.append(subst(condition, {self.now.meaning[name]: here}))
            elif isinstance(s, MapSort) and s.value == sort and is_unordered(s.key):
                x = bound("somebody", s.key)
                ways.append(quantify("exists", (x,), subst(condition, {self.now.meaning[name]: read(here, x)})))
        return lor(*ways)

    def case(self, case: Case) -> Iterator[Obligation]:
        """What has to be confirmed of one line of the table."""
        taken = case.taken
        hypotheses = (*self.s.hypotheses(), ("guard", taken.guard))  # those of all obligations of the step: one session
        here = (*(e for _, e in self.now.known), case.when)
        effect: dict[str, Expr] = {}
        if case.step.name is not None:
            action = self.actions[case.step.name]
            by = {var(n, s): self.now.meaning[n] for n, s in self.sorts.items()}
            by |= {param(n, s): e for (n, s), e in zip(action.params, case.arguments, strict=True)}
            may = self.s.lift(subst(land(action.guard, *(o.expr for o in action.asserts)), by))
            counts = {n.args[0] for n in walk(may) if n.op == "var"}
            pairs = [sees_two(c) for c in self.s.counts.found.values() if not c.args and c.name in counts]
            about = f"{taken.name} may be the protocol's {case.step.name} {case}".rstrip()
            yield from self.formulate(about, hypotheses, may, taken, (*here, *pairs))
            effect = {n: self.s.lift(subst(e, by)) for n, e in action.post.items()}
        here = (*here, *(taken.after(e) for _, e in self.next.known))
        goal = land(
            *(self.same(n, effect.get(n, self.now.meaning[n]), taken.after(self.next.meaning[n])) for n in self.sorts)
        )
        does = "is invisible" if case.step.name is None else f"does what the protocol's {case.step.name} does"
        yield from self.formulate(f"{taken.name} {does} {case}".rstrip(), hypotheses, goal, taken, here)

    def same(self, name: str, a: Expr, b: Expr) -> Expr:
        """That two meanings of a variable are the same."""
        sort = self.sorts[name]
        if not isinstance(sort, MapSort):
            return eq(a, b)
        x = bound(f"{name}!i", sort.key)
        return quantify("forall", (x,), eq(read(a, x), read(b, x)))

    def formulate(
        self, about: str, hypotheses: Hypotheses, goal: Expr, taken: Taken | None, given: Sequence[Expr] = ()
    ) -> Iterator[Obligation]:
        """Write it down, if there is anything to confirm: the goal, where these conditions are given."""
        if goal is TRUE:
            return
        goal = imp(land(*given), goal)
        post = {} if taken is None else taken.post
        reading = Reading(self.s.model, self.s.variables(), hypotheses, goal, post)
        yield formulate(reading, "refinement", about, action=None if taken is None else taken.name, claim=about)


def sees_two(count: Count) -> Expr:
    """A count is at least two if two count; a theorem of finite sets, see ``lemma``."""
    other = bound("another", count.over.sort)
    two = land(count.body, subst(count.body, {count.over: other}), lnot(eq(count.over, other)))
    return count.for_each(imp(two, arith("<=", const(2), count.at(*count.args))), count.over, other)


def lemma() -> Obligation:
    """Why a count sees two, for cvc5's theory of finite sets; the others are in ``counting``."""
    return Obligation(
        name="counting: a count sees two",
        kind="counting",
        model="counting",
        policy="",
        rules=(),
        action=None,
        claim="a count sees two",
        declarations=(
            "(declare-sort X 0)",
            "(declare-fun S () (Set X))",
            "(declare-fun p () X)",
            "(declare-fun q () X)",
        ),
        hypotheses=(("two_count", "(and (set.member p S) (set.member q S) (not (= p q)))"),),
        goal="(<= 2 (set.card S))",
        solvers=("cvc5",),
    )
