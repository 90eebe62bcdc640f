"""Ranks as obligations: what it takes to conclude, on paper, that something happens in the end.

A rank is a natural number for each process.  Four kinds of obligation, for any number of processes:

- *falls*: each step of one's own lowers one's rank, as long as the situation lasts (a step that is said to be free may
  leave it as it is);
- *is not raised*: a step of anybody else leaves it at most where it was;
- *can move*: whoever has a rank above zero has a fair step that it can take;
- *somebody is left*: as long as the situation lasts, somebody's rank is above zero.

On paper remains one sentence.  Fairness says that a process which can take a fair step for ever takes one; so each
rank above zero falls sooner or later, and as it is never raised, only finitely often before it is zero; processes are
finitely many; so in the end all are zero or the situation is over, and the former cannot be.

All four assume the invariants, which ``induction`` confirms.  ``liveness`` has the arguments themselves.

Rejected: a sum of ranks over all callers (solvers would have to count what the paper can say in five words);
liveness-to-safety (a monitor in the model that nobody would recognise).  Sources: Floyd (1967) for ranks, Lehmann,
Pnueli and Stavi (1981) for weak fairness with helpful processes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.language.expr import (
    FALSE,
    TRUE,
    Expr,
    arith,
    bound,
    const,
    eq,
    imp,
    land,
    lnot,
    lor,
    quantify,
    subst,
)
from quiesce_model.language.sorts import AnySort
from quiesce_model.prove.obligation import Obligation, Reading, formulate
from quiesce_model.prove.system import Hypotheses, Step, System
from quiesce_model.prove.words import read_word

__all__ = ["Ranker", "Word"]

Word = Callable[..., Any]
ZERO = const(0)


@dataclass(frozen=True)
class Ranker:
    """Writes the obligations of one argument about one model.

    :param rules: the ids that it is evidence for.
    :param fair: the actions that a process takes sooner or later; those of the model if not said.
    """

    s: System
    rules: tuple[str, ...]
    fair: frozenset[str] | None = None
    known: dict[str, Expr] = field(default_factory=dict)

    def word(self, word: Word, *args: Expr) -> Expr:
        """A word of ``ranks``, read."""
        return self.s.lift(read_word(self.s.model, word, args))

    # ---------------------------------------------------------------- one step
    def falls(
        self, what: str, rank: Callable[[Expr], Expr], who: Expr, during: Expr = TRUE, free: Collection[str] = ()
    ) -> Iterator[Obligation]:
        """Each step of one's own lowers the rank, unless it ends the situation."""
        for step in self.steps():
            own = self.process(step)
            if own is None or own.sort is not who.sort:
                continue
            mine, here = (subst(e, {who: own}) for e in (rank(who), during))
            compare = "<=" if step.name in free else "<"
            goal = lor(lnot(step.after(here)) if during is not TRUE else FALSE, arith(compare, step.after(mine), mine))
            given = (("in_this_situation", here), ("not_at_its_end", arith("<", ZERO, mine)))
            verb = "does not delay" if step.name in free else "comes nearer to"
            yield from self.of_step(f"{step.name} {verb} {what}", step, given, goal)

    def is_not_raised(
        self,
        what: str,
        rank: Callable[[Expr], Expr],
        who: Expr,
        during: Expr = TRUE,
        unless: Callable[[Step], Expr] | None = None,
    ) -> Iterator[Obligation]:
        """A step of anybody else leaves the rank at most where it was, unless it ends the situation."""
        number = rank(who)
        for step in self.steps():
            now = step.after(number)
            over = lnot(step.after(during)) if during is not TRUE else FALSE
            goal = lor(over, arith("<=", now, number), FALSE if unless is None else unless(step))
            if now is not number:
                given = (("in_this_situation", during), *self.another(step, who))
                yield from self.of_step(f"{step.name} pushes nobody else back from {what}", step, given, goal)

    def lasts(self, what: str, during: Expr, goal: Expr, who: Expr | None = None) -> Iterator[Obligation]:
        """While something is so, every step (of anybody else, if a process is given) leaves the goal true."""
        for step in self.steps():
            due = step.after(goal)
            if due is not goal or goal is not during:
                given = (("in_this_situation", during), *(self.another(step, who) if who is not None else ()))
                yield from self.of_step(f"{step.name} {what}", step, given, due)

    # ---------------------------------------------------------------- one state
    def can_move(self, what: str, who: Expr, when: Expr) -> Iterator[Obligation]:
        """In a situation the process has a fair step that it can take."""
        fair = self.fair if self.fair is not None else {st.name for st in self.s.steps if st.action.fair}
        ways = []
        for step in self.steps():
            own = self.process(step)
            if step.name in fair and own is not None and own.sort is who.sort and len(step.action.params) == 1:
                ways.append(subst(step.guard, {own: who}))
        yield from self.of_state(f"{what} can move", (("in_this_situation", when),), lor(*ways))

    def somebody(self, what: str, when: Expr, *goals: tuple[Callable[[Expr], Expr], AnySort]) -> Iterator[Obligation]:
        """In a situation there is somebody of whom one of the goals is true."""
        ways = []
        for n, (goal, sort) in enumerate(goals):
            x = bound(f"somebody.{n}", sort)
            ways.append(quantify("exists", (x,), goal(x)))
        given = (("in_this_situation", when),)
        yield from self.of_state(what, given, lor(*ways), everything=True)

    def possible(
        self, what: str, when: Expr, action: str, arguments: Sequence[Expr], goal: Expr
    ) -> Iterator[Obligation]:
        """In a situation an action can be taken, by this process, and leads to the goal."""
        found = [step for step in self.s.steps if step.name == action]
        if not found:
            return
        [step] = found
        by = dict(zip(step.action.formal(), arguments, strict=False))
        due = subst(land(step.guard, *(e for _, e in step.asserts), step.after(goal)), by)
        yield from self.of_state(what, (("in_this_situation", when),), due)

    # ---------------------------------------------------------------- writing it down
    def steps(self) -> Iterator[Step]:
        """The steps that the model can take at all."""
        return (step for step in self.s.steps if step.guard is not FALSE)

    @staticmethod
    def process(step: Step) -> Expr | None:
        """The parameter that takes the step; None: the environment."""
        return next((p for p in step.action.formal() if p.args[0] == step.action.process), None)

    def another(self, step: Step, who: Expr) -> Hypotheses:
        """That the step is not this process's own."""
        own = self.process(step)
        return (("somebody_else", lnot(eq(who, own))),) if own is not None and own.sort is who.sort else ()

    def of_step(self, about: str, step: Step, given: Hypotheses, goal: Expr) -> Iterator[Obligation]:
        """An obligation about a step."""
        if goal is TRUE:
            return
        hypotheses = (*self.s.hypotheses(), ("guard", step.guard))  # those of all obligations of the step: one session
        due = imp(land(*(e for _, e in given)), goal)
        reading = Reading(self.s.model, self.s.variables(), hypotheses, due, step.post)
        yield formulate(reading, "ranking", about, rules=self.rules, action=step.name, claim=about)

    def of_state(self, about: str, given: Hypotheses, goal: Expr, *, everything: bool = False) -> Iterator[Obligation]:
        """An obligation about a state."""
        if goal is TRUE:
            return
        due = imp(land(*(e for _, e in given)), goal)
        reading = Reading(self.s.model, self.s.variables(), self.s.hypotheses(everything=everything), due)
        yield formulate(reading, "ranking", about, rules=self.rules, claim=about, by_core=everything)
