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

import enum
import inspect
from types import FunctionType
from typing import Any, ClassVar, get_args, get_origin

from quiesce_model.language.errors import DefinitionError, ModelError
from quiesce_model.language.expr import Expr, bound, const, eq, ite, lam
from quiesce_model.language.names import RESERVED
from quiesce_model.language.reader import Action, Claim, parameters, read_action, read_claim
from quiesce_model.language.roles import CLAIMS, Mark, Role, mark_of
from quiesce_model.language.sorts import (
    BOOL,
    INT,
    AnySort,
    MapSort,
    Numbered,
    Scope,
    Sort,
    is_enum,
    is_number,
    is_unordered,
    members,
    show_sort,
    size,
)
from quiesce_model.language.values import Each, Map, check_within


def sort_of(annotation: Any, where: str) -> AnySort:
    """The sort that an annotation names.

    :param annotation: an evaluated annotation: ``bool``, ``int``, an enum class, a ``Sort``, a ``Map[K, V]``.
    :param where: what is annotated, for the error.
    :raises DefinitionError: the annotation names no sort.
    """
    if annotation is bool or annotation is int:
        return BOOL if annotation is bool else INT
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        if annotation.__eq__ is not object.__eq__ or not list(annotation):
            raise DefinitionError(
                f"{where}: {annotation.__name__} is an IntEnum, a StrEnum, a Flag or empty; expected a plain "
                f"enum.Enum, whose members equal themselves only"
            )
        return annotation
    if inspect.isclass(annotation) and issubclass(annotation, Sort) and annotation not in {Sort, Numbered}:
        return annotation
    if get_origin(annotation) is Map:
        key, value = (sort_of(a, where) for a in get_args(annotation))
        if isinstance(key, MapSort) or isinstance(value, MapSort) or key in {BOOL, INT}:
            raise DefinitionError(
                f"{where}: a map goes from an enum, a Sort or a Numbered to a plain value, not {annotation}"
            )
        return MapSort(key, value)
    raise DefinitionError(
        f"{where}: no sort is called {annotation!r}; use bool, int, an Enum, a Sort, a Numbered, or Map[K, V]"
    )


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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._sorts, constants = {}, {"scope"}
        for base in reversed(cls.__mro__):
            if base in {Model, object}:
                continue
            for name, hint in _annotations(base).items():
                if hint is ClassVar or get_origin(hint) is ClassVar:
                    constants.add(name)
                else:
                    cls._sorts[name] = _state_sort(hint, f"{base.__name__}.{name}")
        cls._marks = {}
        cls._read = {}
        for base in reversed(cls.__mro__):
            if base not in {Model, object}:
                _take_members(cls, base, constants)
        for name, sort in cls._sorts.items():
            _check_first(cls, name, sort)

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


def _annotations(base: type) -> dict[str, Any]:
    try:
        return inspect.get_annotations(base, eval_str=True)
    except NameError as error:
        raise DefinitionError(f"{base.__name__}: an annotation names what is not defined yet: {error}") from None


def _state_sort(hint: Any, where: str) -> AnySort:
    sort = sort_of(hint, where)
    if is_unordered(sort.value if isinstance(sort, MapSort) else sort):
        raise DefinitionError(
            f"{where}: an element of the unordered sort {show_sort(sort)} cannot be held in the state, elements being "
            f"interchangeable; use a Map from it to bool"
        )
    return sort


def _take_members(cls: type[Model], base: type, constants: set[str]) -> None:
    """Roles and attributes that one class of the hierarchy adds."""
    for name, value in base.__dict__.items():
        if name.startswith("_"):
            continue
        where = f"{base.__name__}.{name}"
        if name in RESERVED and name != "scope":
            raise DefinitionError(f"{where}: the name belongs to Model; choose another")
        mark, old = mark_of(value), cls._marks.get(name)
        if isinstance(value, FunctionType | property | staticmethod | classmethod):
            if name in cls._sorts or name in constants:
                raise DefinitionError(f"{where}: a method hides the state variable or constant of that name")
            if old and not mark:
                raise DefinitionError(
                    f"{where} overrides a method that is @{old.role}: decorate it with @{old.role}, too"
                )
            if old and mark and old.role != mark.role:
                raise DefinitionError(f"{where}: @{mark.role} overrides @{old.role}; a method keeps its role")
            if mark:
                cls._marks[name] = mark
        elif value is None and old:
            del cls._marks[name]  # `commit = None`: a subclass without that step
        elif name not in cls._sorts and name not in constants and not isinstance(value, type):
            raise DefinitionError(
                f"{where}: no state variable or ClassVar of that name is declared; misspelt, or annotate it"
            )


def _check_first(cls: type[Model], name: str, sort: AnySort) -> None:
    """Refuse a first value that is not of its variable's sort."""
    where = f"{cls.__name__}.{name}"
    first = getattr(cls, name, None)
    if isinstance(sort, MapSort):
        if not isinstance(first, Each):
            raise DefinitionError(f"{where}: expected each(...) as the first value of a map, got {first!r}")
        for k in first.but:
            if is_unordered(sort.key):
                raise DefinitionError(
                    f"{where}: the elements of {sort.key.__name__} are interchangeable: none is an exception"
                )
            _check_value(where, k, sort.key)
        for v in (first.default, *first.but.values()):
            _check_value(where, v, sort.value)
    else:
        _check_value(where, first, sort)


def _check_value(where: str, value: Any, sort: AnySort) -> None:
    assert isinstance(sort, type)
    if is_number(sort):
        good = isinstance(value, int) and not isinstance(value, bool) and (sort is INT or value >= 0)
        good = good and (not isinstance(value, Sort) or type(value) is sort)
    else:
        good = isinstance(value, sort) and (sort is not BOOL or type(value) is bool)
    if not good:
        raise DefinitionError(f"{where}: expected a first value of sort {show_sort(sort)}, got {value!r}")


def _first_map(name: str, sort: MapSort, first: Each, scope: Scope, journal: list[str]) -> Map[Any, Any]:
    n = size(sort.key, scope)
    keys: list[Any] = list(members(sort.key)) if is_enum(sort.key) else list(range(n or 0))
    limit = size(sort.value, scope) if is_number(sort.value) and sort.value is not INT else None
    cells = [first.at(k) for k in keys]
    for v in cells:
        check_within(name, v, sort.value, limit)
    return Map(name, cells, sort.key, sort.value, limit, first.at if n is None else None, journal)
