"""What the stack holds before each instruction of a function, as far as its text tells.

An event says which instruction comes next, and neither `sys.monitoring` nor a trace function says on which object: the
value stack of a running frame cannot be seen from Python.  So the bytecode is read once, forwards, with a stack of
*expressions* (a local, a global, an attribute of one of these, ...), and an event evaluates the one that it needs.

What is not understood is `Opaque`, never guessed: an instruction that is not listed here forgets the whole stack, where
paths meet only what they agree on is kept, and what a changed local variable is part of is forgotten.  The price of an
opaque receiver is precision, never a missed operation: see `sites`.

Rejected: a shadow of the real stack, kept by an event for every instruction (ten times the events); `ctypes` on the
frame (another layout in every release).

Source of the instructions' effects: the `dis` documentation of Python 3.11 to 3.14.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from types import CodeType
from typing import Any, Final

from .expressions import FRESH, OPAQUE, Attr, Const, Expr, Item, Iter, Method, Name, Sum, mentions

__all__ = ["read"]


Stack = tuple[Expr, ...]

_MAKES_NEW: Final = frozenset(
    [
        "range",
        "len",
        "list",
        "dict",
        "set",
        "tuple",
        "sorted",
        "frozenset",
        "int",
        "float",
        "str",
        "bool",
        "bytes",
        "min",
        "max",
        "sum",
        "abs",
        "round",
        "repr",
        "format",
        "isinstance",
        "issubclass",
        "hasattr",
        "callable",
        "id",
        "hash",
        "type",
        "ord",
        "chr",
        "divmod",
        "any",
        "all",
    ]
)
"""Builtins whose result is immutable or new.  Code that gives one of these names another meaning is not understood."""
_NULL: Final = Const(("NULL",))
_ENDS: Final = frozenset({"RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR", "RAISE_VARARGS", "RERAISE"})
_STILL: Final = frozenset(
    [
        "NOP",
        "RESUME",
        "CACHE",
        "PRECALL",
        "KW_NAMES",
        "EXTENDED_ARG",
        "MAKE_CELL",
        "COPY_FREE_VARS",
        "NOT_TAKEN",
        "SETUP_ANNOTATIONS",
        "JUMP_FORWARD",
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
        "DELETE_FAST",
        "DELETE_GLOBAL",
        "DELETE_DEREF",
        "CHECK_EXC_MATCH",
        "CHECK_EG_MATCH",
        "END_ASYNC_FOR",
    ]
)
_POPS: Final = {
    **dict.fromkeys(
        [
            "POP_TOP",
            "STORE_GLOBAL",
            "STORE_NAME",
            "STORE_DEREF",
            "DELETE_ATTR",
            "LIST_APPEND",
            "SET_ADD",
            "LIST_EXTEND",
        ],
        1,
    ),
    **dict.fromkeys(["SET_UPDATE", "DICT_UPDATE", "DICT_MERGE", "POP_ITER"], 1),
    **dict.fromkeys(["STORE_ATTR", "DELETE_SUBSCR", "MAP_ADD"], 2),
    **dict.fromkeys(["STORE_SUBSCR"], 3),
    **dict.fromkeys(["STORE_SLICE"], 4),
}
"""Instructions that only pop."""
_GIVES_ONE: Final = {
    **dict.fromkeys(
        ["UNARY_NOT", "UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_POSITIVE", "TO_BOOL", "YIELD_VALUE", "GET_AWAITABLE"], 1
    ),
    **dict.fromkeys(["LIST_TO_TUPLE", "FORMAT_SIMPLE", "CONVERT_VALUE", "GET_YIELD_FROM_ITER", "CALL_INTRINSIC_1"], 1),
    **dict.fromkeys(["BINARY_OP", "COMPARE_OP", "IS_OP", "CONTAINS_OP", "FORMAT_WITH_SPEC", "CALL_INTRINSIC_2"], 2),
    **dict.fromkeys(["BINARY_SLICE"], 3),
    **dict.fromkeys(["LOAD_CLOSURE", "LOAD_ASSERTION_ERROR", "LOAD_BUILD_CLASS", "PUSH_EXC_INFO", "LOAD_LOCALS"], 0),
}
"""Instructions that pop so many and push one that nothing is known about."""


def read(code: CodeType) -> tuple[list[dis.Instruction], dict[int, Stack]]:
    """Give the instructions of a function, and the stack before each one, by offset.  The last entry is the top.

    A stack is known from the top down to some depth; below that, everything is opaque.  An instruction without an entry
    cannot be reached, as far as this reading goes.
    """
    instructions = list(dis.get_instructions(code))
    following = {a.offset: b.offset for a, b in pairwise(instructions)}
    at = {i.offset: i for i in instructions}
    before: dict[int, Stack] = {}
    work: list[tuple[int, Stack]] = [(instructions[0].offset, ())]
    work += [(entry.target, ()) for entry in _handlers(code)]
    while work:
        offset, stack = work.pop()
        if offset in before:
            stack = _meet(before[offset], stack)
            if stack == before[offset]:
                continue
        before[offset] = stack
        instruction = at[offset]
        name = instruction.opname
        after = _step(instruction, list(stack))
        if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
            jumped = () if name in {"FOR_ITER", "SEND"} else stack if name.endswith("_OR_POP") else after
            work.append((instruction.argval, jumped))
        goes_on = name not in _ENDS and (not name.startswith("JUMP_") or name.endswith("_OR_POP"))
        if goes_on and offset in following:
            work.append((following[offset], after))
    return instructions, before


def _handlers(code: CodeType) -> Iterable[Any]:
    parse = getattr(dis, "_parse_exception_table", None)
    return () if parse is None else parse(code)


def _meet(one: Stack, other: Stack) -> Stack:
    """Keep what both agree on, from the top."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return tuple(a if a == b else OPAQUE for a, b in pairs)[::-1]


def _pop(stack: list[Expr], count: int = 1) -> list[Expr]:
    """Take so many from the top; the first was the lowest."""
    taken = [stack.pop() if stack else OPAQUE for _ in range(count)]
    return taken[::-1]


def _step(instruction: dis.Instruction, stack: list[Expr]) -> Stack:
    name, arg, value = instruction.opname, instruction.arg or 0, instruction.argval
    offset = instruction.offset
    if name in _STILL:
        pass
    elif name in _POPS:
        _pop(stack, _POPS[name])
        if name == "STORE_DEREF":
            _forget(stack, value)
    elif name == "BINARY_OP" and instruction.argrepr == "[]":
        base, key = _pop(stack, 2)
        stack.append(Item(base, key, offset))
    elif name == "BINARY_OP" and not instruction.argrepr.endswith("="):
        left, right = _pop(stack, 2)
        stack.append(Sum(instruction.argrepr, left, right))
    elif name in _GIVES_ONE:
        _pop(stack, _GIVES_ONE[name])
        stack.append(OPAQUE)
    elif name.startswith("POP_JUMP") or name.endswith("_OR_POP"):
        _pop(stack)
    elif name in _READERS:
        _READERS[name](stack, arg, value, offset)
    elif name.startswith(("LOAD_FAST", "STORE_FAST")):
        _fast(name, value, stack)
    elif name in {"BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_STRING", "BUILD_SLICE"}:
        _pop(stack, arg)
        stack.append(FRESH)
    elif name in {"BUILD_MAP", "BUILD_CONST_KEY_MAP"}:
        _pop(stack, 2 * arg if name == "BUILD_MAP" else arg + 1)
        stack.append(FRESH)
    else:
        stack.clear()
    return tuple(stack)


def _forget(stack: list[Expr], variable: str) -> None:
    """Whatever is made of a variable that has changed is no longer known."""
    for i, expr in enumerate(stack):
        if mentions(expr, variable):
            stack[i] = OPAQUE


def _fast(name: str, value: Any, stack: list[Expr]) -> None:
    """LOAD_FAST, STORE_FAST and the pairs of them: `value` is a name or a tuple of names."""
    names = value if isinstance(value, tuple) else (value,)
    words = [w for w in name.split("_") if w in {"LOAD", "STORE"}]
    for word, variable in zip(words, names, strict=False):
        if word == "LOAD":
            stack.append(Name("local", variable))
        else:
            _pop(stack)
            _forget(stack, variable)


# -- instructions that make an expression: (stack, arg, argval, offset) ------------------------------------------------
def _global(stack: list[Expr], arg: int, value: Any, _: int, *, method_bit: bool = True) -> None:
    stack.append(Name("global", value))
    if method_bit and arg & 1:
        stack.append(_NULL)  # which of the two is on top differs between releases; `called` asks for either


def _deref(stack: list[Expr], _: int, value: Any, __: int) -> None:
    stack.append(Name("local", value))


def _const(stack: list[Expr], _: int, value: Any, __: int) -> None:
    stack.append(Const(value))


def _push_null(stack: list[Expr], _: int, __: Any, ___: int) -> None:
    stack.append(_NULL)


def _attr(stack: list[Expr], arg: int, value: Any, offset: int, *, method: bool | None = None) -> None:
    (base,) = _pop(stack)
    if method if method is not None else _ATTR_HAS_BIT and arg & 1:
        stack.extend((Method(base, value), base))
    else:
        stack.append(Attr(base, value, offset))


def _subscript(stack: list[Expr], _: int, __: Any, offset: int) -> None:
    base, key = _pop(stack, 2)
    stack.append(Item(base, key, offset))


def _super_attr(stack: list[Expr], arg: int, _: Any, __: int) -> None:
    _pop(stack, 3)
    stack.extend([OPAQUE] * (1 + (arg & 1)))


def _iterator(stack: list[Expr], _: int, __: Any, ___: int) -> None:
    stack.append(Iter(_pop(stack)[0]))


def _next(stack: list[Expr], _: int, __: Any, ___: int) -> None:
    stack.append(OPAQUE)


def _copy(stack: list[Expr], arg: int, _: Any, __: int) -> None:
    stack.append(stack[-arg] if arg <= len(stack) else OPAQUE)


def _swap(stack: list[Expr], arg: int, _: Any, __: int) -> None:
    while len(stack) < arg:
        stack.insert(0, OPAQUE)
    stack[-1], stack[-arg] = stack[-arg], stack[-1]


def _call(stack: list[Expr], arg: int, _: Any, __: int, *, names: int = 0) -> None:
    taken = _pop(stack, arg + 2 + names)
    one, other = taken[:2]
    function = other if isinstance(one, Const) else one
    stack.append(FRESH if isinstance(function, Name) and function.name in _MAKES_NEW else OPAQUE)


def _unpack(stack: list[Expr], arg: int, _: Any, __: int) -> None:
    _pop(stack)
    stack.extend([OPAQUE] * arg)


def _with(stack: list[Expr], _: int, __: Any, ___: int) -> None:
    _pop(stack)
    stack.extend([OPAQUE] * 2)


_ATTR_HAS_BIT: Final = sys.version_info >= (3, 12)
"""Whether LOAD_ATTR says in its lowest bit that it loads a method.  (Before, there was LOAD_METHOD.)"""
_READERS: Final[dict[str, Callable[[list[Expr], int, Any, int], None]]] = {
    "LOAD_GLOBAL": _global,
    "LOAD_NAME": partial(_global, method_bit=False),
    "LOAD_DEREF": _deref,
    "LOAD_CONST": _const,
    "LOAD_SMALL_INT": _const,
    "PUSH_NULL": _push_null,
    "LOAD_ATTR": _attr,
    "LOAD_METHOD": partial(_attr, method=True),
    "LOAD_SUPER_ATTR": _super_attr,
    "BINARY_SUBSCR": _subscript,
    "GET_ITER": _iterator,
    "FOR_ITER": _next,
    "COPY": _copy,
    "SWAP": _swap,
    "CALL": _call,
    "CALL_KW": partial(_call, names=1),
    "UNPACK_SEQUENCE": _unpack,
    "BEFORE_WITH": _with,
}
