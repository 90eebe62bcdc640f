"""One obligation: a claim that solvers must confirm, as a whole SMT-LIB script, with what it is about.

A script declares the state, asserts the hypotheses by name, asserts that the goal is false, and asks: ``unsat`` means
that the goal follows.  A non-vacuity obligation has no goal: ``sat`` means that the hypotheses can hold together.

The names of the hypotheses make a solver's unsatisfiable core readable, and a smaller script from it sound: whatever
follows from some of the hypotheses follows from all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from quiesce_model.language import Model
from quiesce_model.language.expr import TRUE, Expr
from quiesce_model.language.sorts import AnySort
from quiesce_model.prove import smt
from quiesce_model.prove.smt import ProveError

__all__ = ["GOAL", "Kind", "Obligation", "Reading", "formulate", "model_names"]

Kind = Literal["inductive", "initial", "assert", "two-state", "theorem", "counting", "refinement", "ranking", "vacuity"]
GOAL = "goal"
GIVEN = "given."
"""Before the name of a hypothesis in a script, so that none is a word of SMT-LIB."""


@dataclass(frozen=True, eq=False)
class Reading:
    """The expressions behind the text, for whoever draws a counterexample or evaluates the obligation on a state."""

    model: type[Model]
    variables: Mapping[str, AnySort]
    """The state variables, and what stands for a sum (``count ...``)."""
    hypotheses: tuple[tuple[str, Expr], ...]
    goal: Expr | None
    post: Mapping[str, Expr] = field(default_factory=dict)
    """State variable -> its value after the step; only what changes."""


@dataclass(frozen=True)
class Obligation:
    """What has to be confirmed, and how it is asked.  Immutable; safe to share between threads.

    ``model`` is ``protocol``, ``algorithm`` or the module of another model; ``policy`` the name of its class.
    ``rules`` are the ids that it is evidence for; none: a part of the argument.  ``hypotheses`` are pairs of a name and
    a formula.  ``solvers`` are those that can read it.  ``by_core``: quantifiers alternate in it; z3 is given what
    cvc5 needed.
    """

    name: str
    kind: Kind
    model: str
    policy: str
    rules: tuple[str, ...]
    action: str | None
    claim: str | None
    declarations: tuple[str, ...] = field(repr=False)
    hypotheses: tuple[tuple[str, str], ...] = field(repr=False)
    goal: str | None = field(repr=False)
    by_core: bool = False
    solvers: tuple[str, ...] = ("z3", "cvc5")
    reading: Reading | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ProveError(f"{self.name}: expected a kind out of {', '.join(get_args(Kind))}, got {self.kind!r}")
        if (self.goal is None) != (self.kind == "vacuity"):
            raise ProveError(f"{self.name}: an obligation has a goal, a vacuity check has none; kind {self.kind}")
        names = [n for n, _ in self.hypotheses]
        if len(set(names)) < len(names) or GOAL in names:
            raise ProveError(f"{self.name}: expected names of hypotheses that differ from each other and from 'goal'")

    @property
    def expects(self) -> Literal["unsat", "sat"]:
        """The answer that confirms it."""
        return "sat" if self.kind == "vacuity" else "unsat"

    @property
    def smt(self) -> str:
        """The whole script, ending in ``(check-sat)``."""
        return self.script()

    def script(self, only: Collection[str] | None = None) -> str:
        """The script, with these hypotheses only (all of them if None is said)."""
        about = f"{self.kind}{', ' if self.rules else ''}{' '.join(self.rules)}; expected: {self.expects}"
        goal = "" if self.goal is None else f"(assert (! (not {self.goal}) :named {GOAL}))\n"
        return f"; {self.name}\n; {about}\n{self.prelude(only)}{goal}(check-sat)\n"

    def prelude(self, only: Collection[str] | None = None) -> str:
        """Declarations and hypotheses: what obligations of one step have in common."""
        lines = ["(set-logic ALL)", *self.declarations]
        lines += [
            f"(assert (! {formula} :named {smt.symbol(GIVEN + name)}))"
            for name, formula in self.hypotheses
            if only is None or name in only
        ]
        return "\n".join(lines) + "\n"

    @property
    def assertion(self) -> str:
        """That the goal is false, as a command; nothing if there is no goal.  Nameless: a session sees many."""
        return "" if self.goal is None else f"(assert (not {self.goal}))\n"


def model_names(model: type[Model]) -> tuple[str, str]:
    """What a model and its policy are called in obligations: ``("algorithm", "Continue")``."""
    return model.__module__.rpartition(".")[2], model.__name__


def formulate(
    reading: Reading,
    kind: Kind,
    about: str,
    *,
    rules: tuple[str, ...] = (),
    action: str | None = None,
    claim: str | None = None,
    by_core: bool = False,
) -> Obligation:
    """Write an obligation down.

    :param reading: its expressions; hypotheses that say nothing are left out.
    :param about: what is claimed, in words; its name is this, behind the model's.

    Raises:
        ProveError: an expression has no place in a formula; see ``smt.text``.

    """
    hypotheses = [(name, e) for name, e in reading.hypotheses if e is not TRUE]
    named = [e for _, e in hypotheses] + ([] if reading.goal is None else [reading.goal])
    module, policy = model_names(reading.model)
    return Obligation(
        name=f"{module}.{policy}: {about}",
        kind=kind,
        model=module,
        policy=policy,
        rules=rules,
        action=action,
        claim=claim,
        declarations=tuple(smt.declarations(reading.variables, named)),
        hypotheses=tuple((name, smt.text(e)) for name, e in hypotheses),
        goal=None if reading.goal is None else smt.text(reading.goal),
        by_core=by_core,
        reading=reading,
    )
