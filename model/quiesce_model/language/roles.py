"""The decorators that say what a method of a model is.

A decorator only leaves a mark on the function and returns the very same function, so that the method
that runs, the method that a type checker sees and the method whose source is read are one.

Rule ids (``@invariant("R3", "M1")``) tie a claim to the rules in ``specs``; in an action they stand at
the head of an assertion's message: ``assert held, "R3: a call starts on loaded code"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Literal, NoReturn, TypeVar, overload

from quiesce_model.language.errors import DefinitionError
from quiesce_model.language.places import calling_place

Role = Literal["action", "invariant", "theorem", "transition", "sometimes"]
CLAIMS: tuple[Role, ...] = ("invariant", "theorem", "transition", "sometimes")

A = TypeVar("A", bound=Callable[..., None])
C = TypeVar("C", bound=Callable[..., bool])

RULE_ID = re.compile(r"[A-Z][A-Za-z]*[0-9]+[a-z]?")
_RULE_IDS = re.compile(rf"({RULE_ID.pattern}(?:[, ]+{RULE_ID.pattern})*):")


@dataclass(frozen=True)
class Mark:
    """What a decorator says about a method."""

    role: Role
    rules: tuple[str, ...] = ()
    fair: bool = True
    process: str | None = None


_MARK = "__quiesce_mark__"


def mark_of(value: object) -> Mark | None:
    """The mark on a method, if it has one."""
    mark = getattr(value, _MARK, None)
    return mark if isinstance(mark, Mark) else None


def rules_in(label: str) -> tuple[str, ...]:
    """The rule ids at the head of an assertion's message, up to its first colon."""
    head = _RULE_IDS.match(label)
    return tuple(RULE_ID.findall(head[1])) if head else ()


_DIRECTLY = "@{} directly above a def, and no other decorator"


def _refuse(reason: str, advice: str) -> NoReturn:
    raise DefinitionError(reason, calling_place(), advice)


def _mark(mark: Mark) -> Callable[[Any], Any]:
    rules: tuple[object, ...] = mark.rules
    for i, rule in enumerate(rules):
        if isinstance(rule, property | staticmethod | classmethod):
            _refuse(f"@{mark.role}: expected a method, got a {type(rule).__name__}", _DIRECTLY.format(mark.role))
        if not isinstance(rule, str) or not RULE_ID.fullmatch(rule):
            advice = f"@{mark.role}('R3', 'M1'): letters and a number, each id by itself"
            _refuse(f"@{mark.role}: expected rule ids such as 'R3', got {rule!r}", advice)
        if rule in rules[:i]:
            _refuse(f"@{mark.role}: the rule id {rule!r} is named twice", "each id once")
    fair: object = mark.fair
    if not isinstance(fair, bool):
        _refuse(f"@action: fair: expected True or False, got {fair!r}", "fair=False for a step that may never come")

    def apply(fn: Any) -> Any:
        if not isinstance(fn, FunctionType):
            _refuse(f"@{mark.role}: expected a method, got a {type(fn).__name__}", _DIRECTLY.format(mark.role))
        if mark_of(fn):
            _refuse(f"{fn.__qualname__} has two roles; give each a method of its own", "one decorator for each method")
        setattr(fn, _MARK, mark)
        return fn

    return apply


def _claim(role: Role, args: tuple[Any, ...]) -> Any:
    if len(args) == 1 and callable(args[0]):
        return _mark(Mark(role))(args[0])
    return _mark(Mark(role, args))


@overload
def action(fn: A, /) -> A: ...
@overload
def action(*rules: str, fair: bool = ..., process: str | None = ...) -> Callable[[A], A]: ...
def action(*args: Any, fair: bool = True, process: str | None = None) -> Any:
    """An atomic step, guarded by its ``require``.

    :param args: rule ids that the step is there for; may be left out.
    :param fair: whether the step is subject to weak fairness: it does not stay possible for ever without being taken.
    :param process: the parameter that is the process for fairness; the first one unless said otherwise.  A step
        without parameters is one of the environment.
    """
    if len(args) == 1 and callable(args[0]):
        return _mark(Mark("action"))(args[0])
    return _mark(Mark("action", args, fair, process))


@overload
def invariant(fn: C, /) -> C: ...
@overload
def invariant(*rules: str) -> Callable[[C], C]: ...
def invariant(*args: Any) -> Any:
    """What holds in every reachable state; part of the inductive argument.  ``def name(s) -> bool``."""
    return _claim("invariant", args)


@overload
def theorem(fn: C, /) -> C: ...
@overload
def theorem(*rules: str) -> Callable[[C], C]: ...
def theorem(*args: Any) -> Any:
    """What holds in every reachable state because the invariants do: it follows, state by state."""
    return _claim("theorem", args)


@overload
def transition(fn: C, /) -> C: ...
@overload
def transition(*rules: str) -> Callable[[C], C]: ...
def transition(*args: Any) -> Any:
    """What holds of every step.  ``def name(s, after) -> bool``: the states before and after it."""
    return _claim("transition", args)


@overload
def sometimes(fn: C, /) -> C: ...
@overload
def sometimes(*rules: str) -> Callable[[C], C]: ...
def sometimes(*args: Any) -> Any:
    """What some reachable state shows, so that what always holds does not hold for want of a case."""
    return _claim("sometimes", args)
