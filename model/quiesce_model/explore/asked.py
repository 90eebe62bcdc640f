"""What `explore` is asked, checked before any work: a misspelt claim would never be judged, and the run be green."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from quiesce_model.language.errors import ModelError, ScopeError
from quiesce_model.language.model import Model
from quiesce_model.language.roles import CLAIMS
from quiesce_model.language.sorts import MapSort, Scope, Sort, domain, is_unordered

__all__ = [
    "MOST_CELLS",
    "UnknownClaimError",
    "check_claims",
    "check_goals",
    "check_model",
    "check_scope",
    "check_sorts",
]

MOST_CELLS = 100_000
"""A state of more cells than that cannot be explored; it is a size that was mistyped."""


class UnknownClaimError(ModelError, KeyError):
    """A claim or rule is asked for that the model does not have."""

    def __str__(self) -> str:
        return str(self.args[0])


def check_model(model: type[Model]) -> None:
    """Refuse what is no class of a model.

    Raises:
        TypeError: it is something else.
    """
    found: object = model
    if not inspect.isclass(found) or not issubclass(found, Model):
        advice = "its class, without a call" if isinstance(found, Model) else "a class that derives from Model"
        raise TypeError(f"model: expected a model's class, got {found!r}; write instead: {advice}")


def check_scope(model: type[Model], scope: Scope) -> None:
    """Refuse what is no scope of this model, or one in which a state would be too large to be looked at.

    Raises:
        ScopeError: it is no mapping from sorts to sizes, lacks a sort or is too large.
    """
    given: object = scope
    if not isinstance(given, Mapping):
        raise ScopeError(f"scope: expected a size for each sort, such as {{Thread: 2}}, got {given!r}")
    for sort in given:
        if not inspect.isclass(sort):
            raise ScopeError(f"scope: expected sorts as keys, such as {{Thread: 2}}, got {sort!r}")
        if not (issubclass(sort, Sort) or sort is int):
            raise ScopeError(f"scope: {sort.__name__} is no sort that has a size; leave it out")
    cells = 0
    for name, sort in model.state_sorts().items():
        cells += domain(sort.key, scope) if isinstance(sort, MapSort) else 1
        if cells > MOST_CELLS:
            raise ScopeError(f"scope: with {name} a state has more than {MOST_CELLS:,} cells; take smaller sizes")


def check_sorts(symmetric: bool | Collection[type[Sort]], scope: Scope) -> list[type[Sort]]:
    """The sorts that are to be taken as interchangeable.

    Raises:
        TypeError: it is neither ``True`` nor a collection of sorts.
    """
    if symmetric is True:
        return [s for s in scope if is_unordered(s)]
    given: Any = symmetric or ()
    if isinstance(given, str) or not isinstance(given, Iterable) or not all(map(inspect.isclass, given)):
        raise TypeError(f"symmetric: expected True or a collection of sorts, such as [Thread], got {symmetric!r}")
    return list(given)


def _known(model: type[Model]) -> dict[str, None]:
    claims = model.claims(*CLAIMS)
    known = dict.fromkeys(claims)
    known |= dict.fromkeys(rule for c in claims.values() for rule in c.rules)
    return known | dict.fromkeys(rule for a in model.actions() for o in a.asserts for rule in o.rules)


def check_claims(model: type[Model], claims: Collection[str] | None) -> None:
    """Refuse a name that is neither that of a claim nor the id of a rule that one is about.

    Raises:
        UnknownClaimError: there is no such claim or rule.
        TypeError: it is no collection of names.
    """
    if claims is None:
        return
    given: object = claims
    if isinstance(given, str):
        raise TypeError(f"claims: expected a collection of names, got the text {claims!r}; write instead: [{claims!r}]")
    known = _known(model)
    for name in claims:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, 1)
            advice = f"{close[0]!r}, if that is what is meant" if close else f"one of {', '.join(known) or 'none'}"
            raise UnknownClaimError(
                f"claims: {model.__name__} has no claim and no rule {name!r}; write instead: {advice}"
            )


def check_goals(model: type[Model], goals: Collection[str], judged: Collection[str]) -> None:
    """Refuse a goal that is not the name of a ``sometimes`` that is being judged.

    Raises:
        UnknownClaimError: it is not.
        TypeError: it is no collection of names.
    """
    given: object = goals
    if isinstance(given, str):
        raise TypeError(f"always_reachable: expected a collection of names, got the text {goals!r}")
    for name in goals:
        if name not in judged:
            raise UnknownClaimError(
                f"always_reachable: expected the name of a sometimes claim of {model.__name__} that is judged "
                f"({', '.join(judged) or 'there is none'}), got {name!r}"
            )
