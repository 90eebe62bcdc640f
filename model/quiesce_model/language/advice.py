"""What Python has and the modelling language has not: what it is called, and what to write instead.

Named as one reads it in a program (``:=``, ``del``), with the syntax tree's name behind it for those who look it up.
"""

from __future__ import annotations

import ast

__all__ = ["of_call", "of_operator", "of_syntax"]

_SYNTAX: dict[str, tuple[str, str]] = {
    # statements
    "While": ("while", "a step is atomic and ends: all, any, sum or for t in every(...)"),
    "Try": ("try", "if: a failure is an action of its own"),
    "TryStar": ("try", "if: a failure is an action of its own"),
    "With": ("with", "the statements inside as they are: an action is atomic as it stands"),
    "AsyncWith": ("async with", "the statements inside as they are: an action is atomic as it stands"),
    "AsyncFor": ("async for", "for t in every(...): an action is one atomic step"),
    "FunctionDef": ("a function inside a function", "a method of the model"),
    "AsyncFunctionDef": ("a function inside a function", "a method of the model"),
    "ClassDef": ("a class inside a function", "a class of the module"),
    "Match": ("match", "if and elif"),
    "Raise": ("raise", "require(...) to refuse a step, assert for what must hold"),
    "Break": ("break", "a condition in the loop: every round of it happens"),
    "Continue": ("continue", "if, around the rest of the round"),
    "Delete": ("del", "an assignment: every variable has a value at all times, so take one that means 'none'"),
    "Global": ("global", "a variable of the state: it is all that a step can change"),
    "Nonlocal": ("nonlocal", "a variable of the state: it is all that a step can change"),
    "Import": ("import inside a function", "an import at the top of the module"),
    "ImportFrom": ("import inside a function", "an import at the top of the module"),
    "TypeAlias": ("type inside a function", "a sort of the module"),
    "AnnAssign": ("a declaration without a value", "an assignment: x = ..."),
    # expressions
    "Lambda": ("lambda", "a method of the model"),
    "ListComp": ("a list comprehension", "a generator: all(... for ... in ...)"),
    "SetComp": ("a set comprehension", "a generator: all(... for ... in ...)"),
    "DictComp": ("a dict comprehension", "a Map of the state"),
    "Dict": ("a dict", "a Map of the state"),
    "NamedExpr": (":=", "an assignment on a line of its own"),
    "JoinedStr": ("an f-string", "a plain text, in an assert; nothing else is made of text"),
    "FormattedValue": ("an f-string", "a plain text"),
    "TemplateStr": ("a t-string", "a plain text"),
    "GeneratorExp": ("a generator by itself", "all(...), any(...) or sum(...) around it"),
    "Await": ("await", "a plain call: an action is one atomic step"),
    "Yield": ("yield", "two actions: an action is one atomic step"),
    "YieldFrom": ("yield from", "two actions: an action is one atomic step"),
    "Starred": ("*", "the values one by one"),
    "Slice": ("a slice", "one index: s.map[i]; all(...) over every(...) for several"),
}

_OPERATORS: dict[str, tuple[str, str]] = {
    "Mult": ("*", "+, - or % by a constant: x + x for 2 * x"),
    "MatMult": ("@", "+, - or % by a constant"),
    "Div": ("/", "+, - or % by a constant: there are whole numbers only"),
    "FloorDiv": ("//", "+, - or % by a constant"),
    "Pow": ("**", "+, - or % by a constant; a large constant in full"),
    "LShift": ("<<", "+, - or % by a constant"),
    "RShift": (">>", "+, - or % by a constant"),
    "BitAnd": ("&", "'and' between conditions"),
    "BitOr": ("|", "'or' between conditions"),
    "BitXor": ("^", "'!=' between conditions"),
    "Invert": ("~", "'not' before a condition"),
    "USub": ("-", "a number minus another: x - 1; a Numbered has no negative values"),
    "UAdd": ("+", "the value without it"),
}

_CALLS = {
    "range": "every(X), where X is a Numbered sort",
    "len": "sum(... for x in every(X)) to count, or a ClassVar",
    "bool": "a comparison, such as x != 0",
    "abs": "x if x >= 0 else -x",
    "print": "nothing: a step changes the state and does nothing else",
    "getattr": "s.name",
    "setattr": "s.name = ...",
    "hasattr": "nothing: a state has all its variables at all times",
    "isinstance": "a comparison with the members of an enum",
    "list": "every(X) by itself, in all(...), any(...) or sum(...)",
    "set": "a Map[X, bool] of the state",
    "dict": "a Map of the state",
    "sorted": "min or max, of two or more values",
    "next": "any(...) with a condition that singles out what is meant",
    "enumerate": "every(X), where X is a Numbered sort",
    "zip": "one variable over every(X), and maps that are read at it",
    "requires": "require(...)",
}


def of_syntax(node: ast.AST) -> tuple[str, str]:
    """What a node is called, and what to write instead of it."""
    kind = type(node).__name__
    word, advice = _SYNTAX.get(kind, (kind, "assignments, if, for x in every(X), require, assert, return"))
    return (word if word == kind else f"{word}: {kind}"), advice


def of_operator(op: ast.AST) -> tuple[str, str]:
    """The same for an operator."""
    kind = type(op).__name__
    word, advice = _OPERATORS.get(kind, (kind, "+, - or % by a constant"))
    return f"{word}: {kind}", advice


def of_call(name: str) -> str:
    """What to write instead of the call of a function of Python."""
    return _CALLS.get(name, "a method of the model, or all, any, sum, min, max, int")
