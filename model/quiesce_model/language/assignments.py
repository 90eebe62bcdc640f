"""Reading assignments: to locals, to scalars of the state, to cells of its maps."""

from __future__ import annotations

import ast
from typing import Any

from quiesce_model.language.calls import Calls
from quiesce_model.language.expr import store
from quiesce_model.language.names import RESERVED
from quiesce_model.language.sorts import MapSort
from quiesce_model.language.symbols import MapRef, StateRef, Value


class Assignments(Calls):
    """The part of the reader that reads assignments."""

    loop_depth = 0
    """How many functions deep the loop is that is being read."""
    loop_outer: frozenset[str] = frozenset()
    """The locals that had a value before it."""

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind a local, or change the state."""
        match target:
            case ast.Name(id=name):
                if value is None:
                    self.reject(target, "the method on the right returns nothing", "the call alone, or a return in it")
                if self.loop is not None and len(self.frames) == self.loop_depth and name in self.loop_outer:
                    self.reject(
                        target,
                        f"{name!r} is carried from one round of the loop to the next",
                        "sum(...), all(...) or any(...)",
                    )
                self.frame.locals[name] = value
            case ast.Attribute():
                state = self.value(target.value)
                if not isinstance(state, StateRef):
                    self.reject(
                        target,
                        f"only the state has attributes to assign to, not {self.describe(state)}",
                        "s.name = ...",
                    )
                self.assign_scalar(state, target, value)
            case ast.Subscript():
                base = self.value(target.value)
                if not isinstance(base, MapRef):
                    self.reject(
                        target,
                        f"only a map of the state is assigned to at an index, not {self.describe(base)}",
                        "s.map[i] = ...",
                    )
                if not isinstance(target.value, ast.Attribute):
                    self.reject(target, "the state is changed through a local name", f"s.{base.name}[...] = ...")
                self.assign_cell(base, target, value)
            case ast.Tuple() | ast.List():
                if not isinstance(value, tuple) or len(value) != len(target.elts):
                    self.reject(
                        target,
                        f"expected {len(target.elts)} values, got {self.describe(value)}",
                        "as many names as there are values",
                    )
                for t, v in zip(target.elts, value, strict=True):
                    self.assign(t, v)
            case _:
                self.reject(
                    target, f"{type(target).__name__} cannot be assigned to in a model", "a name, s.x or s.x[i]"
                )

    def may_change(self, state: StateRef, node: ast.AST) -> None:
        """Refuse a change of the state where the readings could not follow it."""
        if state.env is not None:
            self.reject(node, "the state after the step is read, not written", "a condition about it")
        if self.claim:
            self.reject(node, f"the state is changed in a method that is used by {self.claim}", "an action")
        if self.pure:
            self.reject(
                node,
                "the state is changed inside an expression",
                "the call on a line of its own, before its result is used",
            )

    def assign_scalar(self, state: StateRef, target: ast.Attribute, value: Value) -> None:
        """``s.name = value``."""
        name = target.attr
        if name not in self.sorts:
            if name not in RESERVED and not name.startswith("_") and hasattr(self.model, name):
                advice = "a state variable, if steps change it: annotate it without ClassVar"
                reason = f"{self.model.__name__} has no state variable {name!r}: that is a constant or a method"
                self.reject(target, reason, advice)
            self.reject(
                target,
                f"{self.model.__name__} has no state variable {name!r}",
                self.close_to(name, self.sorts, "one of"),
            )
        sort = self.sorts[name]
        if isinstance(sort, MapSort):
            self.reject(target, f"{name!r} is a map", f"for x in every({sort.key.__name__}): s.{name}[x] = ...")
        self.may_change(state, target)
        if self.loop is not None:
            self.reject(
                target, f"every round of the loop assigns to {name!r}", "sum(...), all(...) or any(...) outside of it"
            )
        e = self.fit(value, sort, target, f"assignment to {name!r}")
        self.need(e)
        self.env[name] = e

    def assign_cell(self, base: MapRef, target: ast.Subscript, value: Value) -> None:
        """``s.name[index] = value``."""
        sort = self.sorts[base.name]
        assert isinstance(sort, MapSort)
        self.may_change(base.state, target)
        e = self.fit(value, sort.value, target, f"assignment to {base.name!r}")
        idx = self.index(sort, self.value(target.slice), target.slice, base.name)
        if self.loop is not None:
            if idx is not self.loop:
                self.reject(target, "a loop changes the cell of its own variable only", "an assignment outside of it")
            self.loop_writes.setdefault(base.name, target)
        self.need(e)
        self.env[base.name] = store(self.env[base.name], idx, e)

    def augment(self, st: ast.AugAssign) -> None:
        """``target += value``: the target's index is evaluated once; nothing in between can change it."""
        load: Any
        match st.target:
            case ast.Name(id=name):
                load = ast.Name(name, ast.Load())
            case ast.Attribute(value=base, attr=attr):
                load = ast.Attribute(base, attr, ast.Load())
            case ast.Subscript(value=base, slice=index):
                load = ast.Subscript(base, index, ast.Load())
        old = self.value(ast.copy_location(load, st.target))
        self.assign(st.target, self.binary(st.op, old, self.value(st.value), st))
