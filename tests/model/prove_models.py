"""Small models for the prover's tests, and obligations evaluated on states that a run has reached."""

from __future__ import annotations

from enum import Enum
from typing import Any

from quiesce_model.language import (
    Map,
    Model,
    Numbered,
    Scope,
    Sort,
    action,
    each,
    every,
    invariant,
    require,
    transition,
)
from quiesce_model.language.evaluate import Evaluator
from quiesce_model.language.expr import Expr, lam, quantify, subst, var
from quiesce_model.language.plain import Frozen
from quiesce_model.language.sorts import MapSort
from quiesce_model.prove import System, system


class Worker(Sort):
    """One of any number of workers."""


class Round(Numbered):
    """Rounds, one after the other."""


class At(Enum):
    """Where a worker is."""

    OUT = "out"
    IN = "in"


class Room(Model):
    """Workers come and go; a counter says how many are in; one is chosen at a time, in rounds."""

    round: Round = Round(0)
    inside: int = 0
    at: Map[Worker, At] = each(At.OUT)
    seen: Map[Worker, Round] = each(0)
    chosen: Map[Worker, bool] = each(False)

    @action
    def enter(s, w: Worker) -> None:
        require(s.at[w] == At.OUT)
        s.at[w] = At.IN
        s.seen[w] = s.round
        s.inside += 1

    @action
    def leave(s, w: Worker) -> None:
        require(s.at[w] == At.IN, not s.chosen[w])
        assert s.inside > 0, "Z1: who leaves was counted"
        s.at[w] = At.OUT
        s.inside -= 1

    @action
    def choose(s, w: Worker) -> None:
        require(s.at[w] == At.IN, all(not s.chosen[x] for x in every(Worker)))
        s.chosen[w] = True

    @action
    def next_round(s, w: Worker) -> None:
        require(s.chosen[w])
        s.round += 1
        for x in every(Worker):
            s.chosen[x] = False

    @invariant("Z1")
    def those_inside_are_counted(s) -> bool:
        return s.inside == sum(s.at[w] == At.IN for w in every(Worker))

    @invariant("Z2")
    def one_is_chosen(s) -> bool:
        return all(w == x for w in every(Worker) for x in every(Worker) if s.chosen[w] and s.chosen[x])

    @invariant("Z2")
    def whoever_is_chosen_is_in(s) -> bool:
        return all(s.at[w] == At.IN for w in every(Worker) if s.chosen[w])

    @invariant("Z3")
    def nobody_saw_the_future(s) -> bool:
        return all(s.seen[w] <= s.round for w in every(Worker))

    @transition("Z3")
    def rounds_go_forward(s, after: Room) -> bool:
        return s.round <= after.round


class Deep(Model):
    """Quantifiers alternate: for each worker that waits there is one that works."""

    at: Map[Worker, At] = each(At.OUT)
    waits: Map[Worker, bool] = each(False)

    @action
    def work(s, w: Worker) -> None:
        require(not s.waits[w])
        s.at[w] = At.IN

    @action
    def wait(s, w: Worker, other: Worker) -> None:
        require(s.at[w] == At.OUT, s.at[other] == At.IN)
        s.waits[w] = True

    @action
    def stop(s, w: Worker) -> None:
        require(s.at[w] == At.IN, all(not s.waits[x] for x in every(Worker)))
        s.at[w] = At.OUT

    @invariant("Z4")
    def who_waits_is_out(s) -> bool:
        return all(s.at[w] == At.OUT for w in every(Worker) if s.waits[w])

    @invariant("Z5")
    def somebody_works_for_whoever_waits(s) -> bool:
        return all(any(s.at[x] == At.IN for x in every(Worker)) for w in every(Worker) if s.waits[w])


class OnStates:
    """Formulas of a model, its counts put back as sums, evaluated in a finite scope."""

    def __init__(self, model: type[Model], scope: Scope) -> None:
        self.system: System = system(model)
        self.evaluator = Evaluator(model.state_sorts(), scope)
        self.compiled: dict[Expr, Any] = {}
        self.memo: dict[Expr, Expr] = {}
        self.sums = {
            var(c.name, c.sort): self._sum(c.args, c.sort, quantify("sum", (c.over,), c.body))
            for c in self.system.counts.found.values()
        }

    @staticmethod
    def _sum(args: tuple[Expr, ...], sort: Any, number: Expr) -> Expr:
        sorts = []
        for _ in args:
            assert isinstance(sort, MapSort)
            sorts.append(sort)
            sort = sort.value
        for a, s in zip(reversed(args), reversed(sorts), strict=True):
            number = lam(a, number, s)
        return number

    def value(self, e: Expr, state: Frozen, params: dict[Expr, Any]) -> Any:
        """The value of a formula in a state."""
        found = self.compiled.get(e)
        if found is None:
            found = self.compiled[e] = self.evaluator.compile(subst(e, self.sums, self.memo))
        return found(state, state, params)
