"""Reading names, attributes and indices: what stands for what."""

from __future__ import annotations

import ast
import builtins
import enum
import inspect
from types import CodeType, FunctionType, ModuleType
from typing import Any

from quiesce_model.language.expr import const, read
from quiesce_model.language.quantifiers import Quantifiers
from quiesce_model.language.sorts import MapSort
from quiesce_model.language.symbols import MapRef, Method, Missing, StateRef, Super, Value

RESERVED = frozenset({"scope", "state_sorts", "actions", "claims", "initial"})
"""What a class of a model has beside its state and its methods."""


class Names(Quantifiers):
    """The part of the reader that reads names, attributes and indices."""

    # ---------------------------------------------------------------- leaves
    def visit_constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool | int):
            return const(node.value)
        return self.lift(node.value, node)

    def visit_name(self, node: ast.Name) -> Value:
        found: Value
        if node.id in self.frame.locals:
            found = self.frame.locals[node.id]
            if isinstance(found, Missing):
                self.reject(node, found.reason, "a value on every path")
            return found
        if node.id in self.frame.source.assigned:
            self.reject(node, f"the local {node.id!r} has no value here", "a value on every path before it is used")
        fn: FunctionType = self.frame.fn
        code: CodeType = fn.__code__
        names: dict[str, Any] = fn.__globals__
        if node.id in code.co_freevars:
            try:
                return self.constant(fn.__closure__[code.co_freevars.index(node.id)].cell_contents, node)  # type: ignore[index]  # a function with free variables has a closure
            except ValueError:
                self.reject(node, f"{node.id!r} has no value yet", "its definition, before the model is read")
        if node.id in names:
            return self.constant(names[node.id], node)
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
        advice = self.close_to(node.id, [*self.frame.locals, *names], "s.name for what the state holds")
        if node.id == "after":
            advice = "a claim about two states: @transition, def name(s, after) -> bool"
        raise self.error(node, f"the name {node.id!r} is not known", advice)

    def constant(self, found: Any, node: ast.AST) -> Value:
        """An object of Python as a value; what could change between two readings is refused."""
        if isinstance(found, enum.Enum | bool | int) and not isinstance(found, type):
            return self.lift(found, node)
        if isinstance(found, tuple | frozenset):
            items = sorted(found, key=repr) if isinstance(found, frozenset) else found
            return tuple(self.constant(x, node) for x in items)
        if isinstance(found, list | set | dict | bytearray):
            self.reject(node, f"a {type(found).__name__} could change while the model runs", "a tuple or a frozenset")
        return found

    def visit_tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        return tuple(self.value(e) for e in node.elts)

    visit_list = visit_set = visit_tuple

    # ---------------------------------------------------------------- attributes and indices
    def visit_attribute(self, node: ast.Attribute) -> Value:
        base = self.value(node.value)
        if isinstance(base, StateRef):
            return self.of_state(base, node)
        if isinstance(base, Super):
            return self.of_super(base, node)
        if isinstance(base, ModuleType | type):
            if not hasattr(base, node.attr):
                names = list(getattr(base, "__members__", None) or [n for n in dir(base) if not n.startswith("_")])
                self.reject(node, f"{base.__name__} has no {node.attr!r}", self.close_to(node.attr, names, "one of"))
            if isinstance(base, type) and issubclass(self.model, base) and node.attr in self.sorts:
                self.reject(node, f"{node.attr!r} is read from the class, not from the state", f"s.{node.attr}")
            return self.constant(getattr(base, node.attr), node)
        advice = f"read it at an index: s.{base.name}[...]" if isinstance(base, MapRef) else "a comparison: == or !="
        raise self.error(node, f"{self.describe(base)} has no attributes in a model, such as {node.attr!r}", advice)

    def of_state(self, state: StateRef, node: ast.Attribute) -> Value:
        """``s.name``: a state variable, a constant of the class, a method, a property."""
        name = node.attr
        if name in self.sorts:
            if isinstance(self.sorts[name], MapSort):
                return MapRef(state, name)
            return (self.env if state.env is None else state.env)[name]
        found = inspect.getattr_static(self.model, name, None)
        public = [n for n in dir(self.model) if not n.startswith("_") and n not in RESERVED]
        if found is None and name in public:
            self.reject(node, f"{self.model.__name__}.{name} is None", "a value in this class, or nothing that uses it")
        if found is None or hasattr(object, name) or name in RESERVED:
            self.reject(
                node,
                f"{self.model.__name__} has no state variable or method {name!r}",
                self.close_to(name, [*self.sorts, *public], "one of"),
            )
        return self.bind(state, found, node)

    def bind(self, state: StateRef, found: Any, node: ast.Attribute) -> Value:
        """A member of the class, seen from a state."""
        if isinstance(found, property):
            if not isinstance(found.fget, FunctionType):
                self.reject(node, f"the property {node.attr!r} is not written in Python", "a method of the model")
            return self.call_function(found.fget, [state], {}, node)
        if isinstance(found, staticmethod):
            return found.__func__
        if isinstance(found, classmethod):
            self.reject(node, f"{node.attr!r} is a class method", "a plain method: the state comes first")
        if isinstance(found, FunctionType):
            return Method(state, found)
        return self.constant(found, node)

    def of_super(self, found: Super, node: ast.Attribute) -> Value:
        """``super().name``: the next class that has it, in the order of the model that is read."""
        order = self.model.__mro__
        for cls in order[order.index(found.cls) + 1 :]:
            if node.attr in cls.__dict__:
                return self.bind(found.state, cls.__dict__[node.attr], node)
        names = [n for c in order[order.index(found.cls) + 1 :] for n in c.__dict__ if not n.startswith("_")]
        advice = self.close_to(node.attr, names, "s.name(...), if this class has it; or one of")
        raise self.error(node, f"no class behind {found.cls.__name__} has {node.attr!r}", advice)

    def visit_subscript(self, node: ast.Subscript) -> Value:
        base = self.value(node.value)
        if isinstance(base, tuple):
            i = self.static(self.value(node.slice))
            if not isinstance(i, int) or not -len(base) <= i < len(base):
                advice = "if, one case for each; or a Map of the state"
                self.reject(node, f"a tuple is read at a constant index, below {len(base)}", advice)
            return base[i]
        if not isinstance(base, MapRef):
            advice = "X.A" if isinstance(base, type) else "a Map of the state"
            self.reject(node, f"only a map of the state has values at indices, not {self.describe(base)}", advice)
        sort = self.sorts[base.name]
        assert isinstance(sort, MapSort)
        idx = self.index(sort, self.value(node.slice), node.slice, base.name)
        if self.loop is not None and idx is not self.loop and base.state.env is None:
            self.loop_reads.append((base.name, self.error(node, "")))
        return read((self.env if base.state.env is None else base.state.env)[base.name], idx)

    def super_of(self, node: ast.Call) -> Value:
        """``super()``, in the function that is being read."""
        fn = self.frame.fn
        first = self.frame.source.tree.args.args
        state = self.frame.locals.get(first[0].arg) if first else None
        if node.args or node.keywords or "__class__" not in fn.__code__.co_freevars or not isinstance(state, StateRef):
            self.reject(node, "super() is read in methods, and without arguments", "super().name(...)")
        cls = fn.__closure__[fn.__code__.co_freevars.index("__class__")].cell_contents
        if cls not in self.model.__mro__:
            self.reject(
                node,
                f"{self.model.__name__} does not derive from {cls.__name__}, whose method this is",
                "a method in a class that it derives from",
            )
        return Super(state, cls)

    def call_function(self, fn: FunctionType, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Read a function in place of its call; see ``calls``."""
        raise NotImplementedError
