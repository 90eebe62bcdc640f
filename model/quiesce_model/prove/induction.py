"""The inductive argument: what has to be confirmed of a model, one obligation for each thing that could go wrong.

- *initial*: each invariant holds in the first state;
- *inductive*: each action keeps each invariant that it could touch;
- *assert*: what an action asserts on its way holds, and no number of it is negative;
- *two-state*: each action keeps each promise about steps;
- *theorem*: what is said to follow from the invariants does;
- *counting*: a step changes how many there are by what it writes to, and what is counted is finite.

Hypotheses are the universal invariants in the state before the step, the guard, and what is known of counts; see
``layers`` for those invariants that are no hypotheses of the others.  An obligation whose formula is the same before
and after the step is not written down: there is nothing in it to confirm.

Together they are a proof, for any number of everything, that every reachable state keeps every invariant and every step
every promise: by induction over the length of the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from quiesce_model.language import Model
from quiesce_model.language.expr import TRUE, Expr, subst
from quiesce_model.prove.obligation import Kind, Obligation, Reading, formulate
from quiesce_model.prove.system import NATURALS, Hypotheses, Step, System, system

__all__ = ["induction"]


def induction(model: type[Model], *, without: str | None = None) -> list[Obligation]:
    """All obligations of one model's inductive argument.

    :param without: prove it without this invariant: neither assumed nor claimed.

    Raises:
        ReadError: the model's source is not in the modelling language.
        ProveError: a sum in it cannot be counted.

    """
    return list(_obligations(system(model), without))


def _obligations(s: System, without: str | None) -> Iterator[Obligation]:
    yield from _initial(s, without)
    for name, e in s.theorems.items():
        hypotheses = s.hypotheses(everything=True, without=without)
        yield _formulate(
            s, "theorem", f"{name} follows", hypotheses, e, rules=s.claims[name].rules, claim=name, by_core=True
        )
    yield from _finite(s, without)
    for step in s.steps:
        yield from _of_step(s, step, without)


def _initial(s: System, without: str | None) -> Iterator[Obligation]:
    values, counts, facts = s.first()
    for name, e in s.invariants.items():
        goal = subst(e, values)
        if name != without and goal is not TRUE:
            about = f"the first state has {name}"
            yield _formulate(s, "initial", about, facts, goal, rules=s.rules(name), claim=name)
    for f in counts:
        if f.value() is not None and (goal := f.nothing_else()) is not TRUE:
            yield _formulate(s, "counting", f"in the first state {f.count.name} counts nothing else", (), goal)


def _finite(s: System, without: str | None) -> Iterator[Obligation]:
    for count in s.counts.found.values():
        goal = count.bounded(s.scalars())
        if goal is not None:
            hypotheses = s.hypotheses(without=without)
            yield _formulate(s, "counting", f"what {count.name} counts is finite", hypotheses, goal)


def _of_step(s: System, step: Step, without: str | None) -> Iterator[Obligation]:
    guard = (("guard", step.guard),)
    universal = (*s.hypotheses(without=without), *guard)
    for assertion, e in step.asserts:
        if e is not TRUE:
            yield _formulate(
                s,
                "assert",
                f"{step.name} asserts {assertion.label}",
                universal,
                e,
                rules=assertion.rules,
                step=step,
                claim=assertion.label,
            )
    if step.stays is not TRUE:
        about = f"{step.name} stays among the natural numbers"
        yield _formulate(s, "assert", about, universal, step.stays, step=step, claim=NATURALS)
    for name, e in s.invariants.items():
        goal = step.after(e)
        if name != without and goal is not e and goal is not TRUE:
            deep = name in s.alternating
            hypotheses = (*s.hypotheses(name, without=without), *guard) if deep else universal
            about = f"{step.name} keeps {name}"
            yield _formulate(
                s, "inductive", about, hypotheses, goal, rules=s.rules(name), step=step, claim=name, by_core=deep
            )
    for name, e in s.transitions.items():
        goal = s.two_state(step, e)
        if goal is not TRUE:
            about = f"{step.name} keeps the promise {name}"
            rules = s.claims[name].rules
            yield _formulate(s, "two-state", about, universal, goal, rules=rules, step=step, claim=name)
    for m in step.moved:
        goal = m.nothing_else()
        if goal is not TRUE:
            about = f"{step.name} changes {m.count.name} where it writes and nowhere else"
            yield _formulate(s, "counting", about, universal, goal, step=step, claim=m.count.name)


def _formulate(
    s: System,
    kind: Kind,
    about: str,
    hypotheses: Hypotheses,
    goal: Expr,
    *,
    rules: tuple[str, ...] = (),
    step: Step | None = None,
    claim: str | None = None,
    by_core: bool = False,
) -> Obligation:
    reading = Reading(s.model, s.variables(), hypotheses, goal, {} if step is None else step.post)
    action = None if step is None else step.name
    return formulate(reading, kind, about, rules=rules, action=action, claim=claim, by_core=by_core)
