"""Reading statements: assignments, ``if``, the simultaneous ``for``, ``require``, ``assert``, ``return``.

At an ``if`` both branches are read from the same state and merged: each variable and each local becomes
an if-then-else.  Where a branch may return, what follows the ``if`` is read once for each branch.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FunctionType

from quiesce_model.language import values
from quiesce_model.language.advice import of_syntax
from quiesce_model.language.assignments import Assignments
from quiesce_model.language.calls import plain_sort
from quiesce_model.language.expr import TRUE, Expr, bound, imp, ite, lam, land, lnot, quantify, read
from quiesce_model.language.sorts import MapSort
from quiesce_model.language.source import behind_return, has_return
from quiesce_model.language.symbols import Conjunct, Every, Method, Missing, Need, Value


@dataclass(frozen=True)
class Returned:
    """The block returned, and what."""

    value: Value


class Statements(Assignments):
    """The part of the reader that reads statements."""

    def body(self, statements: list[ast.stmt]) -> Value:
        """Read a function's body; what it returns, or ``None``."""
        for st in behind_return(statements):
            self.reject(st, "nothing ever comes here: it stands behind a return", "if, around the return")
        found = self.block(statements)
        return found.value if isinstance(found, Returned) else None

    def block(self, statements: list[ast.stmt]) -> Returned | None:
        """Read statements in order, until one returns."""
        for i, st in enumerate(statements):
            match st:
                case ast.Return():
                    if self.loop is not None and len(self.frames) == self.loop_depth:
                        self.reject(st, "return inside for", "all or any over every(...)")
                    return Returned(None if st.value is None else self.effect(st.value))
                case ast.If():
                    test = self.known(self.condition(st.test))
                    if has_return(st):
                        rest = statements[i + 1 :]
                        return self.branch(test, st.body + rest, st.orelse + rest, st)
                    self.branch(test, st.body, st.orelse, st)
                case _:
                    self.statement(st)
        return None

    def statement(self, st: ast.stmt) -> None:
        """Read one statement that does not return."""
        match st:
            case ast.Pass():
                pass
            case ast.Expr(value=ast.Constant(value=str())):
                pass  # a docstring
            case ast.Expr(value=ast.Call() as call):
                self.call_statement(call)
            case ast.Assert():
                self.obligation(st)
            case ast.Assign():
                value = self.effect(st.value)
                for target in st.targets:
                    self.assign(target, value)
            case ast.AnnAssign(value=ast.expr() as given):
                self.assign(st.target, self.annotated(st, self.effect(given)))
            case ast.AugAssign():
                self.augment(st)
            case ast.For():
                self.for_each(st)
            case ast.Expr(value=ast.Yield() | ast.YieldFrom() | ast.Await() as waits):
                self.visit(waits)  # which refuses it
            case ast.Expr():
                self.reject(
                    st, "a value that nothing is done with", "require(...) for a guard, assert for what must hold"
                )
            case _:
                what, advice = of_syntax(st)
                self.reject(st, f"{what} is not part of the modelling language", advice)

    def effect(self, node: ast.expr) -> Value:
        """The value of a whole right side: a call there may change the state."""
        return self.visit(node) if isinstance(node, ast.Call) else self.value(node)

    def annotated(self, st: ast.AnnAssign, value: Value) -> Value:
        """The value of ``x: Sort = value``, which has to be of that sort."""
        found = self.value(st.annotation)
        sort = plain_sort(found)
        if sort is None:
            self.reject(
                st.annotation, f"no sort is called {self.describe(found)}", "bool, int, an enum, a Sort or a Numbered"
            )
        return self.fit(value, sort, st, f"{ast.unparse(st.target)} is declared")

    # ---------------------------------------------------------------- guards and obligations
    def call_statement(self, call: ast.Call) -> None:
        """``require(...)``, or a method called for what it does."""
        fn = self.value(call.func)
        if fn is not values.require:
            if self.visit(call) is not None and not isinstance(fn, Method | FunctionType):
                self.reject(
                    call, "a value that nothing is done with", "require(...) for a guard, assert for what must hold"
                )
            return
        self.only_in_action(call, "require")
        if not call.args or call.keywords:
            self.reject(call, "require takes one or more conditions", "require(a, b): all of them have to hold")
        if self.loop is not None:
            self.reject(call, "require inside for", "require(all(... for ... in every(...))) before the loop")
        if any(not self.elsewhere(path) for _, path, *_ in self.asserts):
            self.reject(
                call, "require after an assert: the step would be refused after it has been judged", "require first"
            )
        conditions = [(self.condition(a), a) for a in call.args]  # all of them are evaluated, then looked at
        premise = self.premise()
        for e, node in conditions:
            self.guards.append(Conjunct(imp(premise, e), self.frame.source, node))

    def obligation(self, st: ast.Assert) -> None:
        """``assert condition, "R3: ..."``."""
        self.only_in_action(st, "assert")
        if self.loop is not None:
            self.reject(st, "assert inside for", "assert all(... for ... in every(...)), ...")
        if isinstance(st.test, ast.Tuple):
            self.reject(st, "an assert of a tuple is always true", "assert ..., '...', without brackets around both")
        e = self.condition(st.test)
        if not isinstance(st.msg, ast.Constant) or not isinstance(st.msg.value, str) or not st.msg.value.strip():
            self.reject(st, "an assert without a text has no name", 'assert ..., "R3: what must hold here"')
        whole = imp(self.premise(), e)
        self.asserts.append((st.msg.value, self.path, whole, Conjunct(whole, self.frame.source, st.test)))

    def only_in_action(self, node: ast.AST, what: str) -> None:
        """Refuse what has a meaning in the course of an action only."""
        if self.claim:
            self.reject(node, f"{what} in a method that is used by {self.claim}", "a condition that is returned")
        if self.pure:
            self.reject(
                node, f"{what} in a method that is called inside an expression", "the call on a line of its own"
            )

    # ---------------------------------------------------------------- branches
    def branch(self, test: Expr, yes: list[ast.stmt], no: list[ast.stmt], node: ast.If) -> Returned | None:
        """Read both branches from here, and merge what they did."""
        if test.op == "const":
            return self.block(yes if test is TRUE else no)
        frame, env, names = self.frame, dict(self.env), dict(self.frame.locals)
        with self.under(test):
            a = self.block(yes)
        env_a, names_a = self.env, frame.locals
        self.env, frame.locals = env, names
        with self.under(lnot(test)):
            b = self.block(no)
        for n, old in self.env.items():
            if env_a[n] is not old:
                self.env[n] = ite(test, env_a[n], old)
        frame.locals = {n: self.merge_local(test, n, names_a, frame.locals, node) for n in {**names_a, **frame.locals}}
        if a is None and b is None:
            return None
        return Returned(self.merge_returned(test, a.value if a else None, b.value if b else None, node))

    def merge_local(self, test: Expr, name: str, a: dict[str, Value], b: dict[str, Value], node: ast.If) -> Value:
        """A local after an ``if``."""
        line = self.frame.source.place(node).line
        if name not in a or name not in b:
            return Missing(f"the local {name!r} has a value on one branch only of the 'if' in line {line}")
        x, y = a[name], b[name]
        if x is y or (not isinstance(x, Expr | tuple) and x == y):
            return x
        if isinstance(x, Missing) or isinstance(y, Missing):
            return x if isinstance(x, Missing) else y
        if isinstance(x, Expr | tuple) and isinstance(y, Expr | tuple):
            return self.choose(test, x, y, node)
        return Missing(f"the local {name!r} is two different things after the 'if' in line {line}")

    def merge_returned(self, test: Expr, a: Value, b: Value, node: ast.If) -> Value:
        """What a method returns that may return in either branch."""
        if a is None and b is None:
            return None
        if a is None or b is None:
            return Missing(f"{self.frame.fn.__name__} returns a value on one path and nothing on another")
        return self.choose(test, a, b, node)

    # ---------------------------------------------------------------- loops
    def for_each(self, st: ast.For) -> None:
        """``for t in every(Thread): s.m[t] = ...``: all rounds at once.

        That is what the plain run does, one round after the other, as long as a round changes cells of its own only
        and reads no cell that another round changes.
        """
        over = self.value(st.iter)
        if not isinstance(over, Every) or not isinstance(st.target, ast.Name):
            got = f"for {ast.unparse(st.target)} in {self.describe(over)}"
            advice = "the statements one by one" if isinstance(over, tuple) else "for x in every(X): s.map[x] = ..."
            self.reject(st, f"expected 'for x in every(X)', got {got}", advice)
        if self.loop is not None:
            self.reject(st, "a loop inside a loop", "one 'for', and all, any or sum inside it")
        if st.orelse:
            self.reject(st, "else after for", "the statements after the loop")
        x = bound(f"{st.target.id}!{self.level}", over.sort)
        outer, needs, path = dict(self.frame.locals), self.needs, self.path
        self.loop, self.loop_depth, self.loop_outer = x, len(self.frames), frozenset(outer)
        self.needs, self.path, self.loop_writes, self.loop_reads = [], TRUE, {}, []
        self.level += 1
        self.frame.locals[st.target.id] = x
        try:
            if has_return(st):
                self.reject(st, "return inside for", "all or any over every(...)")
            self.block(st.body)
            needed = land(*(imp(n.path, n.condition) for n in self.needs))
        finally:
            self.level -= 1
            self.loop, self.needs, self.path = None, needs, path
        for name, error in self.loop_reads:
            if name in self.loop_writes:
                error.reason = (
                    f"one round of the loop reads a cell of {name!r} that another round changes: "
                    f"the result would depend on their order"
                )
                error.advice = "the value in a local or in another map, before the loop"
                raise error
        if needed is not TRUE:
            self.needs.append(Need(self.path, quantify("forall", (x,), needed)))
        for name in self.loop_writes:
            sort = self.sorts[name]
            assert isinstance(sort, MapSort)
            self.env[name] = lam(x, read(self.env[name], x), sort)
        gone = Missing("the local has a value inside the loop only")
        new = {n: gone for n in self.frame.locals if n not in outer}
        self.frame.locals = {**outer, **new, st.target.id: gone}
