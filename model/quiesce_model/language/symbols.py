"""What a name can stand for while a method is read, beside an expression or a Python constant."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from quiesce_model.language.expr import Expr
from quiesce_model.language.source import Source

Value = Any
"""An ``Expr``, a tuple of values, one of the classes below, or a class, module or function of the model's module."""


@dataclass(frozen=True, eq=False)
class StateRef:
    """The state ``s``, or the state ``after`` the step, which is read-only."""

    model: type
    env: dict[str, Expr] | None = None
    """``None``: the state of the step that is being read, as it changes."""


@dataclass(frozen=True)
class MapRef:
    """A map of a state, not yet read at an index.  It is live, as an object in Python is."""

    state: StateRef
    name: str


@dataclass(frozen=True)
class Method:
    """A function that is to be called with ``state`` in front of its arguments."""

    state: StateRef
    fn: FunctionType


@dataclass(frozen=True)
class Super:
    """``super()``: the methods of the classes behind ``cls``."""

    state: StateRef
    cls: type


@dataclass(frozen=True)
class Every:
    """``every(sort)``."""

    sort: type


@dataclass(frozen=True)
class Missing:
    """A local that has no value, and why."""

    reason: str


@dataclass
class Frame:
    """A function that is being read."""

    source: Source
    locals: dict[str, Value]
    args: frozenset[str] = frozenset()

    @property
    def fn(self) -> Any:
        """The function (a dataclass attribute that is a function would be taken for a method: hence no type)."""
        return self.source.fn


@dataclass(frozen=True)
class Need:
    """Under ``path``, ``condition`` says that a number is in scope."""

    path: Expr
    condition: Expr


@dataclass(frozen=True)
class Conjunct:
    """A condition of ``require``: what it says and where."""

    expr: Expr
    source: Source = field(repr=False)
    node: ast.expr = field(repr=False)
