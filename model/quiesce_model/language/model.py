"""The base class of models: a state that runs, and whose source is read.

A model is a class.  Its annotated attributes are the state, ``ClassVar`` attributes are constants, decorated
methods are actions and claims, other methods are words that they use.  A policy, an extension or a mutant is a
subclass that overrides a method or a constant.

An instance is one state (the plain run): call an action on it and it changes, or raises ``Disabled``,
``OutOfScope`` or ``AssertionError``.  ``plain`` does that for whole explorations.  The class itself is the
other reading: ``actions()``, ``claims()``, ``initial()`` are expressions.

What would silently mean nothing is refused when the class is made: an attribute that is no state variable,
an action that is overridden by a method that is none.
"""

from __future__ import annotations

from typing import Any, ClassVar, get_origin

from quiesce_model.language.definition import (
    annotations_of,
    check_first,
    check_name,
    located,
    once,
    sort_of,
    state_sort,
    take_member,
)
from quiesce_model.language.errors import ModelError, Place
from quiesce_model.language.expr import Expr, bound, const, eq, ite, lam
from quiesce_model.language.places import calling_place
from quiesce_model.language.reader import Action, Claim, parameters, read_action, read_claim
from quiesce_model.language.roles import CLAIMS, Mark, Role
from quiesce_model.language.sorts import INT, AnySort, MapSort, Scope, is_enum, is_number, members, size
from quiesce_model.language.values import Each, Map, check_within

__all__ = ["Model", "sort_of"]


class Model:
    """A state of a model.  Subclass it to write a model; see the module's text.

    Not safe for use by several threads at once: each thread takes a state of its own.

    :param scope: how many of each sort there are; ``None`` for a ``Numbered`` sort without upper bound.
    """

    scope: ClassVar[Scope] = {}
    """The scope that explorations of this model use unless told otherwise."""

    _sorts: ClassVar[dict[str, AnySort]] = {}
    _marks: ClassVar[dict[str, Mark]] = {}
    _read: ClassVar[dict[Any, Any]] = {}
    _origin: ClassVar[Place | None] = None  # where the class stands

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._sorts, constants = {}, {"scope"}
        cls._marks, cls._read, cls._origin = {}, {}, calling_place()
        once(cls)
        bases = [base for base in reversed(cls.__mro__) if base not in {Model, object}]
        for base in bases:
            for name, hint in annotations_of(base).items():
                if hint is ClassVar or get_origin(hint) is ClassVar:
                    constants.add(name)
                    continue
                with located(base, name):
                    cls._sorts[name] = state_sort(hint, f"{base.__name__}.{name}")
                    check_name(base, name)
        for base in bases:
            for name, value in list(base.__dict__.items()):
                with located(base, name):
                    take_member(cls, base, name, value, constants)
        for name, sort in cls._sorts.items():
            owner = next((base for base in cls.__mro__ if name in base.__dict__), cls)
            with located(owner, name):
                check_first(cls, name, sort)

    def __init__(self, scope: Scope) -> None:
        object.__setattr__(self, "_limits", {})
        object.__setattr__(self, "_journal", [])
        for name, sort in self._sorts.items():
            first = getattr(type(self), name)
            if isinstance(sort, MapSort):
                object.__setattr__(self, name, _first_map(name, sort, first, scope, self._journal))
                continue
            limit = size(sort, scope) if is_number(sort) and sort is not INT else None
            self._limits[name] = limit
            check_within(name, first, sort, limit)
            object.__setattr__(self, name, first)

    _limits: dict[str, int | None]
    _journal: list[str]
    """What was assigned to, in order."""

    def __setattr__(self, name: str, value: Any) -> None:
        sort = self._sorts.get(name)
        if sort is None or isinstance(sort, MapSort):
            raise ModelError(f"{type(self).__name__} has no scalar state variable {name!r}")
        check_within(name, value, sort, self._limits.get(name))
        self._journal.append(name)
        object.__setattr__(self, name, value)

    # ---------------------------------------------------------------- the class as expressions
    @classmethod
    def state_sorts(cls) -> dict[str, AnySort]:
        """The state variables and their sorts, base classes first, in the order of definition."""
        return dict(cls._sorts)

    @classmethod
    def marks(cls, role: Role) -> dict[str, Mark]:
        """The methods that have a role, in the order of definition."""
        return {n: m for n, m in cls._marks.items() if m.role == role}

    @classmethod
    def actions(cls) -> list[Action]:
        """All actions, read.  The reading is done once.

        :raises ReadError: a method is not in the part of Python that is read as a model.
        """
        if "actions" not in cls._read:
            cls._read["actions"] = [
                read_action(cls, n, cls._sorts, m, parameters(cls, n, sort_of)) for n, m in cls.marks("action").items()
            ]
        return list(cls._read["actions"])

    @classmethod
    def claims(cls, *roles: Role) -> dict[str, Claim]:
        """The claims of the roles (all roles if none is given), read.  The reading is done once.

        :raises ReadError: a method is not in the part of Python that is read as a model.
        """
        out: dict[str, Claim] = {}
        for name, mark in cls._marks.items():
            if mark.role in (roles or CLAIMS) and mark.role != "action":
                if name not in cls._read:
                    cls._read[name] = read_claim(cls, name, cls._sorts, mark)
                out[name] = cls._read[name]
        return out

    @classmethod
    def initial(cls) -> dict[str, Expr]:
        """The first value of each state variable; maps are lambdas."""
        out: dict[str, Expr] = {}
        for name, sort in cls._sorts.items():
            first = getattr(cls, name)
            if not isinstance(sort, MapSort):
                out[name] = const(first, sort)
                continue
            x = bound("x!0", sort.key)
            body = const(first.default, sort.value)
            for k, v in first.but.items():
                body = ite(eq(x, const(k, sort.key)), const(v, sort.value), body)
            out[name] = lam(x, body, sort)
        return out


def _first_map(name: str, sort: MapSort, first: Each, scope: Scope, journal: list[str]) -> Map[Any, Any]:
    n = size(sort.key, scope)
    keys: list[Any] = list(members(sort.key)) if is_enum(sort.key) else list(range(n or 0))
    limit = size(sort.value, scope) if is_number(sort.value) and sort.value is not INT else None
    cells = [first.at(k) for k in keys]
    for v in cells:
        check_within(name, v, sort.value, limit)
    return Map(name, cells, sort.key, sort.value, limit, first.at if n is None else None, journal)
