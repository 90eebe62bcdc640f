"""Reading a call: the function's body in place of it, as Python would run it."""

from __future__ import annotations

import ast
import inspect
from types import FunctionType
from typing import Any, get_type_hints

from quiesce_model.language import roles
from quiesce_model.language.errors import DefinitionError
from quiesce_model.language.expr import Expr
from quiesce_model.language.expressions import Expressions
from quiesce_model.language.sorts import BOOL, INT, AnySort, Sort, is_enum
from quiesce_model.language.source import source_of
from quiesce_model.language.symbols import Frame, StateRef, Value

_KNOWN = (roles.action, roles.invariant, roles.theorem, roles.transition, roles.sometimes, property, staticmethod)
_HINTS: dict[FunctionType, dict[str, Any]] = {}


def hints_of(fn: FunctionType) -> dict[str, Any]:
    """The evaluated annotations of a function; empty where they cannot be evaluated."""
    found = _HINTS.get(fn)  # not by its code: equal code of two modules is equal, and its names mean other things
    if found is None:
        try:
            found = get_type_hints(fn)
        except NameError:
            found = {}
        _HINTS[fn] = found
    return found


def plain_sort(hint: Any) -> AnySort | None:
    """The sort that a parameter's annotation names, if it names one."""
    if hint is bool:
        return BOOL
    if hint is int:
        return INT
    return hint if is_enum(hint) or (inspect.isclass(hint) and issubclass(hint, Sort)) else None


class Calls(Expressions):
    """The part of the reader that reads calls."""

    def call_function(self, fn: FunctionType, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Read a function in place of its call."""
        if any(f.fn.__code__ is fn.__code__ for f in self.frames):
            self.reject(node, f"{fn.__name__} calls itself", "all, any or sum over every(...)")
        try:
            source = source_of(fn)
        except DefinitionError as error:
            self.reject(node, str(error), "a method of the model, with def, in a file")
        given = self.bind_arguments(fn, source.tree, args, kwargs, node)
        self.frames.append(Frame(source, given))
        try:
            self.check_decorators(fn, source.tree)
            return self.body(source.tree.body)
        finally:
            self.frames.pop()

    def body(self, statements: list[ast.stmt]) -> Value:
        """Read a function's body; see ``statements``."""
        raise NotImplementedError

    def check_decorators(self, fn: FunctionType, tree: ast.FunctionDef) -> None:
        """A decorator that wraps would run something else than what is read."""
        for d in tree.decorator_list:
            node = d.func if isinstance(d, ast.Call) else d
            found = self._look_up(fn, node)
            if found not in _KNOWN:
                self.reject(d, f"the decorator {ast.unparse(node)} may change what runs", "a method without it")

    @staticmethod
    def _look_up(fn: FunctionType, node: ast.expr) -> Any:
        try:
            if isinstance(node, ast.Name):
                return fn.__globals__.get(node.id) or getattr(__import__("builtins"), node.id, None)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                return getattr(fn.__globals__[node.value.id], node.attr)
        except (KeyError, AttributeError):
            return None
        return None

    def bind_arguments(
        self, fn: FunctionType, tree: ast.FunctionDef, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> dict[str, Value]:
        """Parameters to arguments, as Python binds them; a value of another sort than the annotation's is refused."""
        if tree.args.vararg or tree.args.kwarg:
            self.reject(node, f"{fn.__name__} takes *args or **kwargs", "parameters one by one")
        try:
            found = inspect.signature(fn).bind(*args, **kwargs)
        except TypeError as error:
            given = f"{fn.__name__}{inspect.signature(fn)}"
            self.reject(node, f"{fn.__name__}: {error}", f"the arguments that it takes: {given}")
        for name, p in inspect.signature(fn).parameters.items():
            if name not in found.arguments:
                found.arguments[name] = self.constant(p.default, node)
        hints = hints_of(fn)
        out: dict[str, Value] = {}
        for name, value in found.arguments.items():
            sort = plain_sort(hints.get(name))
            if sort is not None and isinstance(value, Expr):
                out[name] = self.fit(value, sort, node, f"argument {name!r} of {fn.__name__}")
            elif sort is not None and isinstance(value, StateRef):
                self.reject(
                    node, f"argument {name!r} of {fn.__name__}: expected a value, got the state itself", "s.name"
                )
            else:
                out[name] = value
        return out
