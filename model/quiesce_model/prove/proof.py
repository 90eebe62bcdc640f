"""The whole proof: all obligations of both models and all policies, asked of both solvers, summed up by rule.

A rule is *proved* if there are obligations that carry its id, each confirmed by each solver that can read it, and if
what they stand on is confirmed as well: an inductive argument is proved whole or not at all.  Asked about one rule only
(``only``), nothing is called proved but what was asked; it is *confirmed* then, and the rest is taken for granted.

``TESTED_ONLY`` says of each safety rule without an obligation why it has none.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

from quiesce_model import algorithm, protocol
from quiesce_model.language import Model
from quiesce_model.prove.counting import lemmas
from quiesce_model.prove.induction import induction
from quiesce_model.prove.liveness import ranking
from quiesce_model.prove.obligation import Kind, Obligation
from quiesce_model.prove.refinement import lemma, refinement
from quiesce_model.prove.smt import ProveError
from quiesce_model.prove.solvers import Answer, Solver, check
from quiesce_model.rules import rules

__all__ = ["POLICIES", "TESTED_ONLY", "Proof", "Row", "obligations", "prove"]

POLICIES: Mapping[str, tuple[type[Model], type[Model]]] = {
    a.__name__: (p, a) for p, a in zip(protocol.POLICIES, algorithm.POLICIES, strict=True)
}
"""Policy -> the protocol and the algorithm under it."""

TESTED_ONLY: Mapping[str, str] = {}
"""Safety rules that no obligation carries, and why.  There are none: what is left out are rules of the Python API."""

State = Literal["proved", "confirmed", "refuted", "unfinished"]


def obligations(only: Collection[str] | None = None, policies: Iterable[str] = tuple(POLICIES)) -> list[Obligation]:
    """All that has to be confirmed, in a fixed order.

    :param only: rule ids; keep the obligations that carry one of them.
    :param policies: names of drain policies.

    Raises:
        ProveError: an unknown policy, or a rule that is unknown or that no obligation carries.
        ReadError: a model's source is not in the modelling language.

    """
    found: list[Obligation] = [*lemmas(), lemma()]
    for name in policies:
        if name not in POLICIES:
            raise ProveError(f"expected a policy out of {', '.join(POLICIES)}, got {name!r}")
        abstract, concrete = POLICIES[name]
        found += [*induction(abstract), *induction(concrete), *refinement(concrete, abstract), *ranking(concrete)]
    if only is None:
        return found
    carried = {rule for o in found for rule in o.rules}
    for rule in only:
        if rule not in carried:
            raise ProveError(_no_such_rule(rule, carried))
    return [o for o in found if set(only) & set(o.rules)]


def _no_such_rule(rule: str, carried: Collection[str]) -> str:
    known = rules()
    if rule in known:
        why = TESTED_ONLY.get(rule, f"it is a rule of kind {known[rule].kind}: see its tests")
        return f"rule {rule} ({known[rule].title}): expected a rule that is proved, but no obligation carries it; {why}"
    close = difflib.get_close_matches(rule, list(carried), 1, cutoff=0.3)
    return f"expected a rule of specs/rules.toml, got {rule!r}; did you mean {close[0] if close else 'R3'}?"


@dataclass(frozen=True)
class Row:
    """What is known of one rule."""

    rule: str
    obligations: int
    confirmed: int
    state: State
    seconds: float


@dataclass(frozen=True)
class Proof:
    """The answers, and what follows from them.

    :param whole: nothing was left out.
    :param seconds: wall clock, of the questions alone.
    """

    answers: tuple[Answer, ...]
    solvers: tuple[str, ...]
    whole: bool
    seconds: float
    _by: dict[str, list[Answer]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for a in self.answers:
            self._by.setdefault(a.obligation.name, []).append(a)

    @property
    def obligations(self) -> int:
        """How many there were."""
        return len(self._by)

    @property
    def refuted(self) -> list[Answer]:
        """Answers that say that a claim does not follow."""
        return [a for a in self.answers if a.refutes]

    @property
    def unfinished(self) -> list[Answer]:
        """Answers that say nothing: unknown, out of time, died."""
        return [a for a in self.answers if not a.confirms and not a.refutes]

    @property
    def holds(self) -> bool:
        """Whether there was something to confirm, and every solver confirmed all that it can read."""
        return bool(self.answers) and all(a.confirms for a in self.answers)

    @property
    def exit_code(self) -> Literal[0, 1, 2]:
        """0: confirmed; 1: something is refuted; 2: something is unfinished, or nothing was asked."""
        return 0 if self.holds else 1 if self.refuted else 2

    def rows(self) -> list[Row]:
        """One row for each rule that an obligation carries, in the order of the rules."""
        carried: dict[str, list[Answer]] = {}
        for a in self.answers:
            for rule in a.obligation.rules:
                carried.setdefault(rule, []).append(a)
        order = {rule: n for n, rule in enumerate(rules())}
        return [self._row(rule, carried[rule]) for rule in sorted(carried, key=lambda r: order.get(r, len(order)))]

    def _row(self, rule: str, answers: Sequence[Answer]) -> Row:
        names = {a.obligation.name for a in answers}
        confirmed = sum(all(a.confirms for a in self._by[name]) for name in names)
        state: State = "confirmed"
        if any(a.refutes for a in answers):
            state = "refuted"
        elif not all(a.confirms for a in answers):
            state = "unfinished"
        elif self.whole:  # what it stands on
            state = "proved" if self.holds else "refuted" if self.refuted else "unfinished"
        return Row(rule, len(names), confirmed, state, sum(a.seconds for a in answers))

    def table(self) -> Iterator[tuple[str, str, int, float, float]]:
        """By kind and solver: how many were confirmed, the seconds of all and of the slowest."""
        kinds: dict[tuple[Kind, str], list[Answer]] = {}
        for a in self.answers:
            kinds.setdefault((a.obligation.kind, a.solver), []).append(a)
        for (kind, solver), said in sorted(kinds.items()):
            times = [a.seconds for a in said]
            yield kind, solver, sum(a.confirms for a in said), sum(times), max(times)


def prove(
    solvers: Sequence[str | Solver] = ("z3", "cvc5"),
    *,
    only: Collection[str] | None = None,
    policies: Iterable[str] = tuple(POLICIES),
    limit_seconds: float = 10.0,
    workers: int = 2,
    seed: int | None = None,
    progress: Callable[[Answer], object] | None = None,
) -> Proof:
    """Ask all that has to be confirmed; parameters as of ``obligations`` and ``check``.

    Raises:
        ProveError: an unknown rule, policy or solver, a limit that is none.
        SolverMissingError: a solver is not installed, or too old.

    """
    chosen = tuple(policies)
    asked = obligations(only, chosen)
    began = perf_counter()
    answers = check(asked, solvers, limit_seconds, workers, seed, progress)
    names = tuple(s if isinstance(s, str) else s.name for s in solvers)
    whole = only is None and set(chosen) == set(POLICIES)
    return Proof(tuple(answers), names, whole, perf_counter() - began)
