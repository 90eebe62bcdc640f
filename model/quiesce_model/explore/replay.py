"""A counterexample, taken step by step by the methods of the model themselves.

The explorer runs generated code over numbered parts, perhaps over one state in place of many.  What it prints has to be
a run of the model as written, so each violation is replayed before it is returned; a difference is a defect of the
explorer, and is reported as one.
"""

from __future__ import annotations

from typing import Any

from quiesce_model.explore.result import Violation
from quiesce_model.language.errors import ModelError
from quiesce_model.language.model import Model
from quiesce_model.language.plain import PlainRun
from quiesce_model.language.sorts import Scope

__all__ = ["ReplayError", "replay"]


class ReplayError(ModelError):
    """The explorer and the plain run of the model disagree."""


def replay(model: type[Model], scope: Scope, violation: Violation) -> None:
    """Run a violation's trace by the plain run.

    Raises:
        ReplayError: a step cannot be taken, leads elsewhere, or the claim is not broken at the end.
    """
    run = PlainRun(model, scope)
    before, at = None, run.initial()
    _same(violation.initial, run.as_dict(at), "the first state")
    broken: tuple[str, ...] = ()
    for n, step in enumerate(violation.trace, 1):
        outcome = run.apply(at, step.label.action, *step.label.args)
        broken = outcome.broken
        if outcome.state is None:
            if outcome.kind == "broken" and n == len(violation.trace):
                break
            msg = f"{model.__name__}, step {n}: {run.explain(at, step.label.action, *step.label.args)}"
            raise ReplayError(msg)
        before, at = at, outcome.state
        _same(step.state, run.as_dict(at), f"the state after step {n}, {step.label}")
    claim = violation.claim
    if violation.kind == "step":
        good = claim in broken
    elif violation.kind == "claim":
        good = run.claim(claim, at) is False
    elif violation.kind == "deadlock":
        good = not any(True for _ in run.steps(at))
    else:
        return
    if not good:
        msg = (
            f"{model.__name__}: the plain run does not break {claim!r} at the end of the run that is said to: {before}"
        )
        raise ReplayError(msg)


def _same(ours: Any, plain: Any, where: str) -> None:
    if dict(ours) != plain:
        msg = f"{where} differs: explored {dict(ours)}, run {plain}"
        raise ReplayError(msg)
