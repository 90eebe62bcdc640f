"""The two engines that do not run the code: they judge the model's mutant with the same thing wrong.

The explorer goes through every state of a small scope, and has to find the failure exactly as the catalogue says.  The
prover is asked for what its inductive argument needs of this model and not of the correct one with the same policy: one
such obligation that is refuted, and the proof does not go through.  Neither a time-out nor an unknown is a kill.
"""

from __future__ import annotations

from functools import cache
from time import perf_counter

from quiesce_model import algorithm
from quiesce_model.known_bad import catalogue
from quiesce_model.known_bad.entry import KnownBad
from quiesce_model.language import Model
from quiesce_model.prove import Answer, Obligation, ProveError, check, induction
from quiesce_model.prove.liveness import ranking
from tests.schedules.mutants.kill import Cell
from tests.schedules.mutants.mutant import Mutant

__all__ = ["SOLVER_SECONDS", "explored", "proved"]

SOLVER_SECONDS = 3.0
"""For one obligation."""
AT_ONCE = 24
"""Obligations that are asked at once, before it is looked whether one was refuted for a rule that was said."""
NONE = Cell("not applicable", 0, 0.0)


def _entry(mutant: Mutant) -> KnownBad | None:
    return next((e for e in catalogue.catalogue() if e.name == mutant.model), None)


def explored(mutant: Mutant) -> Cell:
    """Whether the explorer kills the mutant's counterpart."""
    entry = _entry(mutant)
    if entry is None:
        return NONE
    began = perf_counter()
    found = catalogue.check(entry)
    seconds = perf_counter() - began
    if isinstance(found, catalogue.Missed):
        return Cell("wrong", 0, seconds, why=str(found))
    killed = entry.breaks in mutant.breaks
    return Cell(
        "killed" if killed else "wrong",
        0,
        seconds,
        rules=(entry.breaks,),
        states=found.states,
        steps=entry.steps or (0 if found.lasso is None else len(found.lasso)),
        why=entry.claim,
    )


def proved(mutant: Mutant) -> Cell:
    """Whether the proof fails for the mutant's counterpart."""
    entry = _entry(mutant)
    if entry is None:
        return NONE
    began = perf_counter()
    try:
        asked = [o for o in _argument(entry.model) if _content(o) not in _of_the_correct_one(entry.model)]
    except ProveError as error:
        return Cell("not applicable", 0, perf_counter() - began, why=str(error))
    answers: list[Answer] = []
    hits: list[Obligation] = []
    while asked and not hits:
        some, asked = asked[:AT_ONCE], asked[AT_ONCE:]
        answers += check(some, solvers=("z3",), limit_seconds=SOLVER_SECONDS)
        hits = [a.obligation for a in answers if a.refutes and set(a.obligation.rules) & set(mutant.breaks)]
    seconds = perf_counter() - began
    refuted = [a.obligation for a in answers if a.refutes]
    chosen = hits or refuted
    if not chosen:
        open_ = sum(not a.confirms for a in answers)
        return Cell("survived", len(answers), seconds, why=f"{open_} obligations undecided" if open_ else "")
    first = chosen[0]
    rules = tuple(r for r in first.rules if r in mutant.breaks) if hits else first.rules
    return Cell("killed" if hits else "wrong", len(answers), seconds, rules=rules, why=first.name)


def _argument(model: type[Model]) -> list[Obligation]:
    return [*induction(model), *ranking(model)]


def _content(obligation: Obligation) -> object:
    return obligation.hypotheses, obligation.goal


@cache
def _of_policy(name: str) -> frozenset[object]:
    return frozenset(map(_content, _argument(_POLICIES[name])))


def _of_the_correct_one(mutated: type[Model]) -> frozenset[object]:
    return _of_policy(next(name for name, model in _POLICIES.items() if issubclass(mutated, model)))


_POLICIES: dict[str, type[Model]] = {model.__name__: model for model in algorithm.POLICIES}
