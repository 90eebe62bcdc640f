"""Could the proof have failed?  Three ways to see that it says something.

- *Guards*: each action can be taken in some state that keeps every invariant.  A contradiction among the invariants
  would prove everything; here it would show as an action without such a state.
- *Mutants*: for each known-bad protocol, which obligations fail, and of which rules.
- *Dropping one*: without any single invariant, neither assumed nor claimed, some obligation fails.  One that is not
  missed is either a promise (which is there to be proved, not to be used) or what `Dropped.stays` says.

A failing obligation is one that z3 does not confirm: ``sat`` where it finds a counterexample to induction, ``unknown``
or a time-out where it does not.  Both are "not proved"; they are told apart in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from quiesce_model.language import Model, PlainRun, Scope
from quiesce_model.language.expr import FALSE
from quiesce_model.prove.induction import induction
from quiesce_model.prove.obligation import Obligation, Reading, formulate, model_names
from quiesce_model.prove.smt import ProveError
from quiesce_model.prove.solvers import Answer, check
from quiesce_model.prove.system import system

__all__ = ["Dropped", "Failing", "dropping_each", "failing", "guards", "never", "witness"]


# ---------------------------------------------------------------- guards
def guards(model: type[Model]) -> list[Obligation]:
    """That each action can be taken somewhere: its guard beside the universal invariants; ``sat`` is expected.

    Actions that a policy rules out by name (``never``) have none.  What puts an existential below a universal is left
    out, since no solver finds models of it in good time; `witness` has states that keep those, too.
    """
    s = system(model)
    out = []
    for step in s.steps:
        if step.guard is not FALSE:
            hypotheses = (*s.hypotheses(), ("guard", step.guard))
            reading = Reading(model, s.variables(), hypotheses, None, step.post)
            out.append(formulate(reading, "vacuity", f"{step.name} can be taken", action=step.name, claim="guard"))
    return out


def never(model: type[Model]) -> list[str]:
    """The actions whose guard is false whatever the state: those of other policies."""
    return [step.name for step in system(model).steps if step.guard is FALSE]


def witness(model: type[Model], scope: Scope, *, states: int = 20_000) -> dict[str, dict[str, object]]:
    """For each action, a reachable state in which it is taken, found by running the methods.

    Every claim is looked at in these states; one in which a claim fails is no witness.

    :param states: give up after so many; what was found until then is returned.
    """
    plain = PlainRun(model, scope)
    found: dict[str, dict[str, object]] = {}
    seen, todo = {plain.initial()}, [plain.initial()]
    for frozen in todo:
        for action, args, outcome in plain.steps(frozen):
            if outcome.state is None:
                continue
            if action not in found and all(plain.claims(frozen, "invariant", "theorem").values()):
                found[action] = {"args": args, **plain.as_dict(frozen)}
            if outcome.state not in seen and len(seen) < states:
                seen.add(outcome.state)
                todo.append(outcome.state)
        if len(found) + len(never(model)) == len(model.actions()):
            break
    return found


# ---------------------------------------------------------------- known-bad protocols
@dataclass(frozen=True)
class Failing:
    """What cannot be proved of a model: answers that do not confirm, in the order of the obligations."""

    model: type[Model]
    obligations: int
    answers: tuple[Answer, ...]

    @property
    def rules(self) -> frozenset[str]:
        """The rules whose obligations fail."""
        return frozenset(rule for a in self.answers for rule in a.obligation.rules)

    def __str__(self) -> str:
        first = f"; {self.answers[0]}" if self.answers else ""
        name = ".".join(model_names(self.model))
        return f"{name}: {len(self.answers)} of {self.obligations} obligations fail{first}"


def failing(
    model: type[Model], *, limit_seconds: float = 2.0, obligations: Iterable[Obligation] | None = None
) -> Failing:
    """The obligations of a model's inductive argument (or the given ones) that are not confirmed.

    Each is asked of one solver: z3, which finds counterexamples, or cvc5 where quantifiers alternate.

    :param limit_seconds: for one question; a mutant's failing one may never be answered.
    """
    asked = induction(model) if obligations is None else list(obligations)
    answers = [
        a
        for solver, deep in (("z3", False), ("cvc5", True))
        for a in check([o for o in asked if _needs_cvc5(o) is deep], [solver], limit_seconds)
    ]
    return Failing(model, len(asked), tuple(a for a in answers if not a.confirms))


def _needs_cvc5(o: Obligation) -> bool:
    return o.by_core or "z3" not in o.solvers


# ---------------------------------------------------------------- dropping one
@dataclass(frozen=True)
class Dropped:
    """What happens without one invariant.

    ``missed_by`` are answers, one for each model in which it is missed, of an obligation that fails without it.
    """

    invariant: str
    rules: tuple[str, ...]
    missed_by: tuple[Answer, ...]

    @property
    def needed(self) -> bool:
        """Whether something else cannot be proved without it."""
        return bool(self.missed_by)

    @property
    def stays(self) -> str:
        """Why it stays."""
        if self.needed:
            return "the argument needs it"
        return f"a promise ({', '.join(self.rules)})" if self.rules else "nothing says why"


def dropping_each(
    models: Iterable[type[Model]],
    *,
    only: Collection[str] | None = None,
    limit_seconds: float = 5.0,
    obligations: Callable[[type[Model]], list[Obligation]] = induction,
) -> list[Dropped]:
    """Drop each invariant in turn, from each of the models (the policies of one), and see what fails.

    Where a solver did without an invariant (it is not in cvc5's core), dropping it changes nothing; so only the other
    obligations are asked again, until one fails.

    :param only: drop no others than these.
    :param obligations: what is to be proved of a model; what is proved from the invariants besides may miss one, too.

    Raises:
        ProveError: the argument as a whole is not confirmed by cvc5, so there is nothing to drop from.

    """
    names: dict[str, tuple[str, ...]] = {}
    missed: dict[str, list[Answer]] = {}
    for model in models:
        s = system(model)
        whole = check(obligations(model), ["cvc5"], cores=True)
        loose = [str(a) for a in whole if not a.confirms]
        if loose:
            raise ProveError(f"expected a confirmed argument, got {len(loose)} open obligations, first {loose[0]}")
        users = _users(whole)
        for name in s.invariants:
            if only is None or name in only:
                names.setdefault(name, s.rules(name))
                first = _first_failing(users.get(name, ()), name, limit_seconds)
                if first is not None:
                    missed.setdefault(name, []).append(first)
    return [Dropped(name, rules, tuple(missed.get(name, ()))) for name, rules in names.items()]


def _users(answers: Iterable[Answer]) -> Mapping[str, list[Answer]]:
    out: dict[str, list[Answer]] = {}
    for a in answers:
        for name in a.core or ():
            if name != a.obligation.claim:
                out.setdefault(name, []).append(a)
    return out


class _Found(Exception):
    """An obligation that is not confirmed: no need to ask on."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(str(answer))


def _stop_at_a_failing_one(answer: Answer) -> None:
    if not answer.confirms:
        raise _Found(answer)


def _first_failing(users: Sequence[Answer], name: str, limit: float) -> Answer | None:
    """An obligation that is not confirmed without the hypothesis."""
    for solver, deep in (("z3", False), ("cvc5", True)):
        less = [_without(a.obligation, name) for a in users if a.obligation.by_core is deep]
        try:
            check(less, [solver], limit, progress=_stop_at_a_failing_one)
        except _Found as found:
            return found.answer
    return None


def _without(o: Obligation, name: str) -> Obligation:
    kept = tuple(h for h in o.hypotheses if h[0] != name)
    return replace(o, name=f"{o.name}, without {name}", hypotheses=kept, by_core=False, reading=None)
