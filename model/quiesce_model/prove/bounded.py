"""The shortest run that breaks a claim, found by a solver instead of a search: bounded model checking.

A run of so many steps is one formula: the first state, a step between each two moments, and the claim broken at the
end.  The formula grows by a step at a time until it can be met, so the run is as short as there is one.  The explorer
finds the same by breadth-first search; that both agree on every known-bad protocol is a check of either, since all they
share is the reader and the ``Grounder``.

A step that breaks an assertion is the last step of its run, and counts.  This is for drawing what goes wrong, not for
showing that nothing does: the cost doubles every few steps.  Source: Biere, Cimatti, Clarke, Zhu (1999).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from quiesce_model.language import Frozen, Model, PlainRun
from quiesce_model.language.sorts import Scope, ordinal
from quiesce_model.prove.finite import Finite, Search
from quiesce_model.prove.smt import ProveError

__all__ = ["BoundedRun", "shortest"]


@dataclass(frozen=True)
class BoundedRun:
    """A shortest run that breaks a claim.

    ``steps`` are actions with their parameters; ``states`` begin with the first one and end with the one in which the
    claim is broken (before the last step, if that breaks an assertion).  ``seconds`` is the whole search's.
    """

    model: type[Model]
    scope: Mapping[type, int | None]
    claim: str
    steps: tuple[tuple[str, tuple[Any, ...]], ...]
    states: tuple[Frozen, ...]
    seconds: float

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        plain = PlainRun(self.model, self.scope)
        lines = [f"{self.model.__name__} breaks {self.claim} after {len(self)} steps:"]
        for n, (action, args) in enumerate(self.steps, 1):
            named = ", ".join(f"{p}={a}" for (p, _), a in zip(plain.params[action], args, strict=True))
            lines.append(f"{n:4} {action}({named}){_changes(plain, self.states, n)}")
        return "\n".join(lines)


def shortest(
    model: type[Model], scope: Scope, claim: str, *, limit_steps: int = 40, limit_seconds: float = 60.0
) -> BoundedRun | None:
    """The shortest run within the scope that breaks a claim; ``None``: there is none of so many steps.

    :param claim: the name of an invariant, theorem or transition, or the text of an assertion.
    :raises TimeoutError: not decided within the time.
    :raises ProveError: the model has no such claim.
    :raises ScopeError: the scope is not finite.
    """
    began = monotonic()
    finite = Finite(model, scope)
    search = Search(limit_seconds)
    search.add([*finite.declare(0), f"(assert {finite.starts()})"])
    found_claim = model.claims().get(claim)
    after = found_claim is not None  # an assertion breaks before there is a state to come to
    for n in range(limit_steps + 1):
        if n:
            if after:
                search.add([*finite.declare(n), *finite.moves(n - 1)])
            values = search.check([finite.breaks(claim, n)])
            if not after and values is None:
                search.add([*finite.declare(n), *finite.moves(n - 1)])
        else:
            values = search.check([finite.breaks(claim, 0)])
        if values is not None:
            return _run(finite, claim, n, values, monotonic() - began, whole=after)
        if monotonic() - began > limit_seconds:
            raise TimeoutError(f"{model.__name__}: no run of {n} steps breaks {claim}; {limit_seconds:g} s are over")
    return None


def _run(finite: Finite, claim: str, n: int, values: dict[str, Any], seconds: float, *, whole: bool) -> BoundedRun:
    steps = []
    for k in range(n if whole else n - 1):
        step = finite.steps[values.get(f"act@{k}", 0)]
        steps.append((step.action, tuple(ordinal(v) if isinstance(v, int) else v for _, _, v in step.params)))
    states = [finite.frozen(values, k) for k in range(len(steps) + 1)]
    if not whole:
        steps.append(_breaking(finite, states[-1], claim))
    return BoundedRun(finite.model, dict(finite.scope), claim, tuple(steps), tuple(states), seconds)


def _breaking(finite: Finite, state: Frozen, label: str) -> tuple[str, tuple[Any, ...]]:
    """The step that breaks the assertion in a state; asked of the methods themselves."""
    for action, args, outcome in PlainRun(finite.model, finite.scope).steps(state):
        if label in outcome.broken:
            return action, args
    raise ProveError(
        f"expected a step that breaks {label!r} when the methods run, there is none: a fault of the reader"
    )


def _changes(plain: PlainRun, states: tuple[Frozen, ...], n: int) -> str:
    if n >= len(states):
        return "   breaks it"
    out = []
    for name, old, new in zip(plain.names, states[n - 1], states[n], strict=True):
        if isinstance(new, tuple):
            out += [f"{name}[{i}]={_show(b)}" for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
        elif old != new:
            out.append(f"{name}={_show(new)}")
    return "   " + ", ".join(out) if out else ""


def _show(value: Any) -> str:
    return getattr(value, "name", None) or str(value)
