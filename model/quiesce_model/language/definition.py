"""What is refused when the class of a model is made: what would silently mean nothing, or something else.

Every refusal says where in the file it stands and what to write instead (`DefinitionError`).
"""

from __future__ import annotations

import difflib
import enum
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, get_args, get_origin

from quiesce_model.language.errors import DefinitionError
from quiesce_model.language.names import RESERVED
from quiesce_model.language.places import member_place, written_twice
from quiesce_model.language.roles import Mark, mark_of
from quiesce_model.language.sorts import (
    BOOL,
    INT,
    AnySort,
    MapSort,
    Numbered,
    Sort,
    is_enum,
    is_number,
    is_unordered,
    members,
    show_sort,
)
from quiesce_model.language.values import Each, Map

__all__ = ["annotations_of", "check_first", "check_name", "located", "once", "sort_of", "state_sort", "take_member"]

_MACHINERY = frozenset(
    {
        *("__init__", "__new__", "__setattr__", "__getattr__", "__getattribute__", "__delattr__", "__init_subclass__"),
        *("_sorts", "_marks", "_read", "_origin", "_limits", "_journal"),
    }
)
"""What makes a state of a model, and keeps account of its changes."""


@contextmanager
def located(base: type, member: str) -> Iterator[None]:
    """Errors in here say where the member of the class stands."""
    try:
        yield
    except DefinitionError as error:
        if error.place is not None:
            raise
        place = member_place(base.__dict__.get("_origin"), base.__name__, member)
        raise DefinitionError(error.reason, place, error.advice) from None


def once(cls: type) -> None:
    """Refuse a class body that defines a name twice: Python silently forgets the first."""
    for name, place in written_twice(cls.__dict__.get("_origin"), cls.__name__):
        reason = f"{cls.__name__}.{name} is defined a second time, and the first is lost"
        raise DefinitionError(reason, place, "another name for one of them")


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
                f"enum.Enum, whose members equal themselves only",
                None,
                f"class {annotation.__name__}(Enum), with a member or more",
            )
        return annotation
    if inspect.isclass(annotation) and issubclass(annotation, Sort) and annotation not in {Sort, Numbered}:
        return annotation
    if get_origin(annotation) is Map:
        key, value = (sort_of(a, where) for a in get_args(annotation))
        if isinstance(key, MapSort) or isinstance(value, MapSort) or key in {BOOL, INT}:
            raise DefinitionError(
                f"{where}: a map goes from an enum, a Sort or a Numbered to a plain value, not {annotation}",
                None,
                "a map for each: Map[K, V], with one key and one plain value",
            )
        return MapSort(key, value)
    named = annotation.__name__ if inspect.isclass(annotation) and get_origin(annotation) is None else repr(annotation)
    raise DefinitionError(
        f"{where}: no sort is called {named}; use bool, int, an Enum, a Sort, a Numbered, or Map[K, V]",
        None,
        "x: int = 0, or a class of your own: class Thread(Sort), class Epoch(Numbered), class Light(Enum)",
    )


def annotations_of(base: type) -> dict[str, Any]:
    """The evaluated annotations of one class."""
    try:
        return inspect.get_annotations(base, eval_str=True)
    except Exception as error:  # noqa: BLE001 - an annotation is an expression, and may raise anything
        if isinstance(error, NameError):
            reason, advice = f"an annotation names what is not defined yet: {error}", "its definition above the class"
        else:
            reason, advice = f"an annotation cannot be evaluated: {error}", "bool, int, a sort, or Map[K, V]"
        with located(base, _culprit(base)):
            raise DefinitionError(f"{base.__name__}: {reason}", None, advice) from None


def _culprit(base: type) -> str:
    """The first annotation that cannot be evaluated, where they are kept as text."""
    names = vars(sys.modules[base.__module__]) if base.__module__ in sys.modules else {}
    texts = base.__dict__.get("__annotations__", {})
    for name, text in texts.items() if isinstance(texts, dict) else ():
        if isinstance(text, str):
            try:
                eval(text, dict(names), dict(vars(base)))
            except Exception:  # noqa: BLE001 - whatever it raises, this is the one
                return str(name)
    return ""


def state_sort(hint: Any, where: str) -> AnySort:
    """The sort of a state variable."""
    sort = sort_of(hint, where)
    if is_unordered(sort.value if isinstance(sort, MapSort) else sort):
        raise DefinitionError(
            f"{where}: an element of the unordered sort {show_sort(sort)} cannot be held in the state, elements being "
            f"interchangeable; use a Map from it to bool",
            None,
            "x: Map[T, bool] = each(False), true for the one that is meant",
        )
    return sort


def check_name(base: type, name: str) -> None:
    """Refuse the name of a state variable that would hide something."""
    where = f"{base.__name__}.{name}"
    if name.startswith("_"):
        reason = f"{where}: names that begin with _ belong to Python and to Model"
        raise DefinitionError(reason, None, f"a name that begins with a letter: {name.strip('_') or 'x'}")
    hidden = vars(sys.modules[base.__module__]).get(name) if base.__module__ in sys.modules else None
    if inspect.isclass(hidden) and issubclass(hidden, Sort | enum.Enum):
        reason = f"{where}: a state variable hides the sort of that name from the annotations of the class"
        raise DefinitionError(reason, None, f"another name: {name.lower()}")


def take_member(cls: Any, base: type, name: str, value: Any, constants: set[str]) -> None:
    """Take over a role or an attribute that one class of the hierarchy adds.

    :param cls: the model that is made; :param base: the class of the hierarchy.
    :param constants: the names that are declared as ``ClassVar``.
    """
    where = f"{base.__name__}.{name}"
    inside = getattr(value, "__func__", getattr(value, "fget", None))  # of a staticmethod, classmethod, property
    mark, old = mark_of(value) or mark_of(inside), cls._marks.get(name)
    if mark and not isinstance(value, FunctionType):
        reason = f"{where}: @{mark.role} needs a plain method, got a {type(value).__name__}"
        raise DefinitionError(reason, None, f"@{mark.role} directly above the def, and no other decorator")
    if name.startswith("_"):
        _check_private(where, name, value, mark)
        return
    if name in RESERVED and name != "scope":
        raise DefinitionError(f"{where}: the name belongs to Model; choose another", None, f"another name: the_{name}")
    if isinstance(value, FunctionType | property | staticmethod | classmethod):
        if name in cls._sorts or name in constants:
            reason = f"{where}: a method hides the state variable or constant of that name"
            raise DefinitionError(reason, None, "another name for the method")
        if old and not mark:
            reason = f"{where} overrides a method that is @{old.role}: decorate it with @{old.role}, too"
            advice = f"@{old.role} above the def; {name} = None for a subclass without it"
            raise DefinitionError(reason, None, advice)
        if old and mark and old.role != mark.role:
            reason = f"{where}: @{mark.role} overrides @{old.role}; a method keeps its role"
            raise DefinitionError(reason, None, f"@{old.role}, or another name")
        if mark:
            cls._marks[name] = mark
    elif value is None and old:
        del cls._marks[name]  # `commit = None`: a subclass without that step
    elif name not in cls._sorts and name not in constants and not isinstance(value, type):
        close = difflib.get_close_matches(name, [*cls._sorts, *constants, *cls._marks], 1, cutoff=0.66)
        guess = f"{close[0]!r}, if that is what is meant; else " if close else ""
        raise DefinitionError(
            f"{where}: no state variable or ClassVar of that name is declared; misspelt, or annotate it",
            None,
            f"{guess}{name}: X = ... for the state, {name}: ClassVar[X] = ... for a constant",
        )


def _check_private(where: str, name: str, value: Any, mark: Mark | None) -> None:
    if mark:
        reason = f"{where}: names that begin with _ belong to Python and to Model; the {mark.role} would be lost"
        raise DefinitionError(reason, None, f"a name that begins with a letter: {name.strip('_') or 'x'}")
    if name in _MACHINERY and isinstance(value, FunctionType | classmethod | staticmethod | property):
        reason = f"{where}: how a state is made and changed belongs to Model"
        raise DefinitionError(reason, None, "first values in the class body, changes in actions")


def check_first(cls: type, name: str, sort: AnySort) -> None:
    """Refuse a first value that is not of its variable's sort."""
    where = f"{cls.__name__}.{name}"
    first = getattr(cls, name, None)
    if isinstance(sort, MapSort):
        if not isinstance(first, Each):
            reason = f"{where}: expected each(...) as the first value of a map, got {first!r}"
            raise DefinitionError(reason, None, "= each(0), or each(0, {1: 2}) with exceptions")
        for k in first.but:
            if is_unordered(sort.key):
                raise DefinitionError(
                    f"{where}: the elements of {sort.key.__name__} are interchangeable: none is an exception",
                    None,
                    "each(...) with one value; an action that makes one of them different",
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
        examples = {BOOL: "False", INT: "0"}
        first = f"{show_sort(sort)}.{next(members(sort)).name}" if is_enum(sort) else f"{show_sort(sort)}(0)"
        reason = f"{where}: expected a first value of sort {show_sort(sort)}, got {value!r}"
        raise DefinitionError(reason, None, f"a value of that sort: {examples.get(sort, first)}")
