"""Which instructions of the code under test may touch shared state, and what each one touches.

What counts as shared, decided from the text of all watched code together:

- an attribute that some watched code stores or deletes.  An attribute that only constructors store, before they let
  `self` out of their hands, is a constant afterwards, and reading it is no operation;
- a global that some watched function stores; a closure variable that an inner function stores;
- the contents of lists, dicts, sets and deques: items, iteration, `in`, truth, `len` and its kin, and calls of methods.
  A container is one object: two operations on it depend on each other if one of them writes, whatever the key.

An attribute whose receiver is opaque somewhere (see `bytecode`) is *blurred*: then all receivers of that attribute
count as one object, everywhere.  That is coarser, so a search takes more schedules; it loses none.

A point is called ``module:function:what attribute``, with ``#n`` for the n-th such place in the function, and no line
number: so a schedule survives edits elsewhere.
"""

from __future__ import annotations

import dis
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

from .bytecode import read
from .expressions import OPAQUE, Attr, Const, Expr, Item, Iter, Method, Name, loads
from .watched import Watched, codes_of

__all__ = ["CONTAINERS", "ITEMS", "Program", "Site"]

ITEMS: Final = "[]"
"""Stands for a container's contents where an attribute's name would stand."""
CONTAINERS: Final = (list, dict, set, deque, bytearray)
_READS: Final = frozenset(
    [
        "get",
        "keys",
        "values",
        "items",
        "copy",
        "index",
        "count",
        "__len__",
        "__contains__",
        "__getitem__",
        "__iter__",
        "union",
        "intersection",
        "difference",
        "issubset",
        "issuperset",
        "isdisjoint",
        "symmetric_difference",
        "most_common",
        "find",
        "startswith",
        "endswith",
    ]
)
_CHANGES: Final = frozenset(
    [
        "append",
        "appendleft",
        "extend",
        "extendleft",
        "insert",
        "remove",
        "pop",
        "popleft",
        "popitem",
        "clear",
        "sort",
        "reverse",
        "rotate",
        "setdefault",
        "update",
        "add",
        "discard",
        "move_to_end",
        "subtract",
        "__setitem__",
        "__delitem__",
        "difference_update",
        "intersection_update",
    ]
)
_LOOK: Final = frozenset(
    [
        "len",
        "list",
        "tuple",
        "sorted",
        "sum",
        "min",
        "max",
        "any",
        "all",
        "set",
        "dict",
        "frozenset",
        "iter",
        "reversed",
        "enumerate",
        "zip",
        "map",
        "filter",
        "repr",
        "str",
        "bool",
    ]
)
"""Builtins that read the containers that they are given."""
_TOLD_OF_ITSELF: Final = sys.version_info >= (3, 12)
"""Whether an instruction with an EXTENDED_ARG prefix has an event of its own.  (3.11: only its prefix has one.)"""
_CONSTRUCTORS: Final = frozenset({"__init__", "__new__", "__post_init__"})


@dataclass(frozen=True, slots=True)
class Site:
    """One instruction that may be an operation on shared state.

    ``kind`` is ``attr``, ``items``, ``global``, ``cell`` or ``with``; ``base`` the receiver, or what might be a
    container; ``name`` the attribute or variable; ``writes`` whether the operation writes.
    """

    point: str
    kind: str
    base: Expr
    name: str
    writes: bool
    offset: int
    keeps: bool = False
    """What is loaded here is the receiver of something later, and must be remembered."""
    load: Expr = OPAQUE
    """What is loaded here, where `keeps`."""


class Program:
    """The sites of all the watched code.

    :param watched: modules, classes or functions; only code that belongs to them is watched.
    """

    def __init__(self, watched: Iterable[Watched]) -> None:
        self.codes = codes_of(watched)
        if not self.codes:
            raise ValueError("expected modules, classes or functions with Python code to watch, got none")
        self._readings = {code: read(code) for code in self.codes}
        self.attributes = set(self._stored_attributes())
        self.globals = {i.argval for i in self._all("STORE_GLOBAL", "DELETE_GLOBAL")}
        self.cells = {
            i.argval
            for code, (instructions, _) in self._readings.items()
            for i in instructions
            if i.opname in {"STORE_DEREF", "DELETE_DEREF"} and i.argval in code.co_freevars
        }
        self.blurred: set[str] = set()
        self.sites: dict[CodeType, dict[int, Site]] = {code: self._sites(code) for code in self.codes}

    def _all(self, *names: str) -> Iterator[dis.Instruction]:
        for instructions, _ in self._readings.values():
            yield from (i for i in instructions if i.opname in names)

    def _stored_attributes(self) -> Iterator[str]:
        for code, (instructions, before) in self._readings.items():
            me = code.co_varnames[0] if code.co_name in _CONSTRUCTORS and code.co_argcount else None
            let_out = False
            for i in instructions:
                stack = before.get(i.offset, ())
                mine = bool(stack) and stack[-1] == Name("local", me or "")
                if i.opname in {"STORE_ATTR", "DELETE_ATTR"}:
                    if not mine or let_out or i.opname == "DELETE_ATTR":
                        yield i.argval
                    let_out |= len(stack) > 1 and i.opname == "STORE_ATTR" and stack[-2] == Name("local", me or "")
                elif mine and i.opname not in _INNOCENT:
                    let_out = True

    def _sites(self, code: CodeType) -> dict[int, Site]:
        instructions, before = self._readings[code]
        used = set(_used(before, instructions))
        nth: Counter[str] = Counter()
        found: dict[int, Site] = {}
        prefixed: int | None = None
        for i in instructions:
            if i.offset not in before:
                continue
            if i.opname == "EXTENDED_ARG":
                prefixed = i.offset if prefixed is None else prefixed
                continue
            place, prefixed = i.offset if prefixed is None or _TOLD_OF_ITSELF else prefixed, None
            for kind, what, base, name, writes in self._operations(i, before[i.offset]):
                label = f"{self.codes[code]}:{code.co_qualname}:{what} {name}".rstrip()
                nth[label] += 1
                if base == OPAQUE and kind in {"attr", "items"}:
                    self.blurred.add(name if kind == "attr" else ITEMS)
                point = label if nth[label] == 1 else f"{label}#{nth[label]}"
                load: Expr = OPAQUE
                if i.offset in used and not writes:
                    load = Attr(base, name, i.offset) if kind == "attr" else _item(i, before[i.offset])
                found[place] = Site(point, kind, base, name, writes, i.offset, load != OPAQUE, load)
        return found

    def _operations(self, i: dis.Instruction, stack: tuple[Expr, ...]) -> Iterator[tuple[str, str, Expr, str, bool]]:
        """Kind, what, receiver, name, writes.  At most one for each instruction."""
        name = i.opname

        def top(depth: int = 1) -> Expr:
            return stack[-depth] if depth <= len(stack) else OPAQUE

        if name in {"LOAD_ATTR", "LOAD_METHOD"} and i.argval in self.attributes:
            yield "attr", "load", top(), i.argval, False
        elif name in {"STORE_ATTR", "DELETE_ATTR"} and i.argval in self.attributes:
            yield "attr", name.partition("_")[0].lower(), top(), i.argval, True
        elif name.endswith("_GLOBAL") and i.argval in self.globals:
            yield "global", name.partition("_")[0].lower(), OPAQUE, i.argval, name != "LOAD_GLOBAL"
        elif name.endswith("_DEREF") and i.argval in self.cells:
            yield "cell", name.partition("_")[0].lower(), OPAQUE, i.argval, name != "LOAD_DEREF"
        elif name == "BINARY_SUBSCR" or (name == "BINARY_OP" and i.argrepr == "[]"):
            yield "items", "item", top(2), "", False
        elif name == "BINARY_SLICE":
            yield "items", "slice", top(3), "", False
        elif name in {"STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE"}:
            yield "items", "store item" if name != "DELETE_SUBSCR" else "delete item", _container(name, top), "", True
        elif name == "CONTAINS_OP":
            yield "items", "in", top(), "", False
        elif name in {"FOR_ITER", "GET_ITER"}:
            base = top()
            yield (
                "items",
                "next" if name == "FOR_ITER" else "iter",
                base.base if isinstance(base, Iter) else base,
                "",
                False,
            )
        elif name in {"UNARY_NOT", "TO_BOOL"} or name.startswith("POP_JUMP") or name.endswith("_OR_POP"):
            if isinstance(top(), Name | Attr | Item):
                yield "items", "truth", top(), "", False
        elif name == "BINARY_OP" and i.argrepr.endswith("="):
            yield "items", "change", top(2), "", True
        elif name in {"BEFORE_WITH", "LOAD_SPECIAL"}:
            yield "with", "with", top(), "", True
        elif name in {"CALL", "CALL_KW"}:
            yield from _called(i, stack)


def _container(name: str, top: Any) -> Expr:
    found: Expr = top(3 if name == "STORE_SLICE" else 2)
    return found


def _item(i: dis.Instruction, stack: tuple[Expr, ...]) -> Expr:
    if (i.opname == "BINARY_SUBSCR" or i.argrepr == "[]") and len(stack) > 1:
        return Item(stack[-2], stack[-1], i.offset)
    return OPAQUE


def _called(i: dis.Instruction, stack: tuple[Expr, ...]) -> Iterator[tuple[str, str, Expr, str, bool]]:
    names = 1 if i.opname == "CALL_KW" else 0
    depth = (i.arg or 0) + 2 + names
    if depth > len(stack):
        return
    arguments = stack[len(stack) - depth + 2 : len(stack) - names]
    one, other = stack[-depth], stack[-depth + 1]
    function = other if isinstance(one, Const) else one  # NULL is on either side, by release
    match function:
        case Method(base, name) if name in _READS or name in _CHANGES:
            yield "items", f"call {name}", base, "", name in _CHANGES
        case Method(base, name) if name in {"acquire", "release", "wait", "join", "put"}:
            yield "with", f"call {name}", base, "", True
        case Name("global", "next") if arguments:
            yield "items", "next", arguments[0], "", True
        case Name("global", name) if name in _LOOK and arguments:
            base = arguments[0]
            yield "items", name, base.base if isinstance(base, Iter) else base, "", False
        case _:
            return


_INNOCENT: Final = frozenset({"LOAD_ATTR", "STORE_ATTR", "COPY", "POP_TOP", "RESUME"})


def _used(before: dict[int, tuple[Expr, ...]], instructions: list[dis.Instruction]) -> Iterator[int]:
    """The offsets of the loads whose results are receivers of something later."""
    for i in instructions:
        for expr in before.get(i.offset, ()):
            yield from loads(expr)
