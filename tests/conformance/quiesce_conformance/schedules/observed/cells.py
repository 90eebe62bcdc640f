"""Which shared object an operation is on: names that are the same in every execution of a scenario.

An object is named by how one gets to it from the scenario's threads (``counter.rows[2]``), as far as that can be seen
before they start; an object that is made later is named after its type and the thread that touched it first
(``Row@a.1``): that is its maker as a rule, so the name does not depend on the schedule.

Looking must not run code of the program under test: attributes are found in ``__dict__`` and slots only, never through
a property or ``__getattr__``.  What cannot be found so is `UNKNOWN`, and the attribute is blurred (see `sites`).
"""

from __future__ import annotations

import operator
from collections import Counter, deque
from collections.abc import Mapping
from types import FrameType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, Final

from .expressions import Attr, Const, Expr, Item, Iter, Name, Sum

__all__ = ["UNKNOWN", "Labels", "evaluate", "peek"]

UNKNOWN: Final = object()
_PLAIN: Final = (int, float, str, bytes, bool, type(None), ModuleType, type)
_SIGNS: Final = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": operator.mod,
    "//": operator.floordiv,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
_DEEP: Final = 6
"""How far from the scenario's threads objects are named by their path."""

Memory = dict[tuple[int, int], Any]
"""What a frame loaded by the instruction at an offset, by the frame's number and the offset."""


def evaluate(expr: Expr, frame: FrameType, memory: Memory, changing: frozenset[str]) -> Any:
    """Give what the expression stands for at this instant, or `UNKNOWN`.  Runs no code of the program.

    :param changing: names of variables that other threads may change: what they were when they were loaded is unknown.
    """
    match expr:
        case Name("local", name):
            return UNKNOWN if name in changing else frame.f_locals.get(name, UNKNOWN)
        case Name(_, name):
            if name in changing:
                return UNKNOWN
            found = frame.f_globals.get(name, UNKNOWN)
            return frame.f_builtins.get(name, UNKNOWN) if found is UNKNOWN else found
        case Const(value):
            return value
        case Attr(base, name, offset):
            found = memory.get((id(frame), offset), UNKNOWN)
            return peek(evaluate(base, frame, memory, changing), name) if found is UNKNOWN else found
        case Item(base, key, offset):
            found = memory.get((id(frame), offset), UNKNOWN)
            if found is not UNKNOWN:
                return found
            return peek_item(evaluate(base, frame, memory, changing), evaluate(key, frame, memory, changing))
        case Iter(base):
            return evaluate(base, frame, memory, changing)
        case Sum(sign, left, right):
            a, b = evaluate(left, frame, memory, changing), evaluate(right, frame, memory, changing)
            if type(a) is not int or type(b) is not int or sign not in _SIGNS:
                return UNKNOWN
            try:
                return _SIGNS[sign](a, b)
            except ArithmeticError:
                return UNKNOWN
        case _:
            return UNKNOWN


def peek(thing: Any, name: str) -> Any:
    """Look an attribute up without running code."""
    if thing is UNKNOWN:
        return UNKNOWN
    kind = type(thing)
    if isinstance(thing, ModuleType):
        return vars(thing).get(name, UNKNOWN)
    owners = thing.__mro__ if isinstance(thing, type) else kind.__mro__
    found = next((vars(owner)[name] for owner in owners if name in vars(owner)), UNKNOWN)
    if isinstance(found, MemberDescriptorType) and not isinstance(thing, type):
        try:
            return found.__get__(thing, kind)
        except AttributeError:
            return UNKNOWN
    if found is not UNKNOWN and hasattr(type(found), "__set__"):
        return UNKNOWN  # a property or the like
    own = getattr(thing, "__dict__", None) if not isinstance(thing, type) else None
    if isinstance(own, dict) and name in own:
        return own[name]
    return UNKNOWN if found is UNKNOWN or hasattr(type(found), "__get__") else found


def peek_item(container: Any, key: Any) -> Any:
    """Look an item up; only in containers and by keys that run no code of their own."""
    if type(container) not in {list, dict, tuple, deque} or not isinstance(key, int | str | bytes | bool | type(None)):
        return UNKNOWN
    try:
        return container[key]
    except (LookupError, TypeError):
        return UNKNOWN


class Labels:
    """The names of the objects of one execution.  Keeps every named object until the execution is over."""

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self._named: dict[int, tuple[str, Any]] = {}
        self._made: Counter[tuple[str, str]] = Counter()
        queue: deque[tuple[str, Any, int]] = deque((name, thing, 0) for name, thing in roots.items())
        while queue:
            name, thing, depth = queue.popleft()
            if isinstance(thing, _PLAIN) or id(thing) in self._named:
                continue
            self._named[id(thing)] = (name, thing)
            if depth < _DEEP:
                queue.extend((f"{name}{step}", part, depth + 1) for step, part in _parts(thing))

    def of(self, thing: Any, thread: str) -> str:
        """Name the object that this thread is about to touch."""
        found = self._named.get(id(thing))
        if found is None:
            kind = type(thing).__name__
            self._made[thread, kind] += 1
            found = self._named[id(thing)] = (f"{kind}@{thread}.{self._made[thread, kind]}", thing)
        return found[0]


def _parts(thing: Any) -> list[tuple[str, Any]]:
    """What the object is made of, with how one gets there."""
    if isinstance(thing, MethodType):
        return [(".self", thing.__self__)]
    if isinstance(thing, FunctionType):
        parts = []
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            try:
                parts.append((f".{name}", cell.cell_contents))
            except ValueError:  # not assigned yet
                continue
        return [*parts, *((f".default[{i}]", d) for i, d in enumerate(thing.__defaults__ or ()))]
    if isinstance(thing, list | tuple | deque):
        return [(f"[{i}]", part) for i, part in enumerate(thing)]
    if isinstance(thing, dict):
        return [(f"[{key!r}]", part) for key, part in thing.items() if isinstance(key, str | int)]
    slots = [
        (f".{name}", found)
        for owner in type(thing).__mro__
        for name, member in vars(owner).items()
        if isinstance(member, MemberDescriptorType) and (found := peek(thing, name)) is not UNKNOWN
    ]
    own = getattr(thing, "__dict__", None)
    return [*slots, *((f".{name}", part) for name, part in own.items())] if isinstance(own, dict) else slots
