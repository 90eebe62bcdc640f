"""Promela: names, expressions and types; ``promela`` is the face of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator
from typing import Any

from quiesce_model.explore.ground import Grounder
from quiesce_model.export.names import bare, free_name
from quiesce_model.export.updates import OLD
from quiesce_model.export.words import Word, fold, words
from quiesce_model.language.errors import ModelError
from quiesce_model.language.expr import LEAVES, Expr, arith, elements, param
from quiesce_model.language.model import Model
from quiesce_model.language.reader import Action
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, Scope, domain

__all__ = ["PromelaText", "guarded"]

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        active assert atomic bit bool break byte chan cond_expr c_code c_decl c_expr c_state c_track d_proctype d_step
        do else empty enabled eval false fi for full get_priority goto hidden if in init inline int len local ltl mtype
        nempty never nfull notrace np_ od of pc_value pid print printf printm priority proctype provided return run
        select set_priority short show skip STDIN timeout trace true typedef unless unsigned void while xr xs
        always eventually until weakuntil stronguntil release next implies equivalent
        auto case char const continue default double enum extern float long main register restrict signed sizeof static
        struct switch union volatile now tt trpt Maxbody depth State stack calm edge_of_scope at_rest remember forget
        """,
    )
)
"""Words of Promela and of C, names that SPIN's own C code uses, and our own."""


MOST_PROCESSES, MOST_VALUES = 255, 32767


class PromelaText:
    """What all parts of a Promela text share.

    :param model: the model; :param scope: how many elements of each sort there are.
    :param taken: names that words of the model must not have.
    """

    def __init__(self, model: type[Model], scope: Scope, taken: Collection[str]) -> None:
        self.model, self.scope, self.taken = model, scope, set(taken)
        self.sorts = model.state_sorts()
        self._fits()
        self.ground = Grounder(self.sorts, scope).ground
        self.names = self._names()
        self.selves: dict[Expr, str] = {}
        self.words = self._words()
        self.used: dict[str, None] = {}

    def _fits(self) -> None:
        """Refuse a scope that is too large for SPIN's types before anything is spread out over it."""
        actors = {dict(a.params)[a.process] for a in self.model.actions() if a.process is not None}
        needed = 2 * sum(domain(s, self.scope) for s in actors) + 2
        if needed > MOST_PROCESSES:
            raise ModelError(f"{self.model.__name__}: SPIN runs {MOST_PROCESSES} processes, this scope needs {needed}")
        for s in self.sorts_in_use():
            if s is not INT and domain(s, self.scope) > MOST_VALUES:
                raise ModelError(
                    f"{self.model.__name__}: Promela has no type for {domain(s, self.scope)} values of {s}"
                )

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for name in self.sorts:
            names[name] = free_name(f"{name}_" if name in RESERVED or len(name) == 1 else name, set(names.values()))
        for name in self.sorts:
            names[OLD + name] = free_name(f"old_{name}", set(names.values()))
        return names

    def _words(self) -> list[Word]:
        found = []
        for w in words(self.model):
            e = self.ground(w.expr)
            if e.op not in LEAVES:
                found.append(Word(w.name, tuple(p for p in w.params if p in e.free), e, w.doc))
        return found

    def show(self, e: Expr) -> str:
        """A grounded expression over the state, over old values and over the parameters of one action."""
        match e.op:
            case "const":
                return self.constant(e.args[0])
            case "cell":
                name, index = e.args
                return self.names[name] if index is None else f"{self.names[name]}[{index}]"
            case "arr":
                return self.names[e.args[0]]
            case "param":
                return self.selves[e]
            case "word":
                name, *args = e.args
                self.used[name] = None
                return self.word(name) + (f"({', '.join(bare(self.show(x)) for x in args)})" if args else "")
            case "read":
                return f"{self.show(e.args[0])}[{self.show(e.args[1])}]"
            case "not":
                inner = e.args[0]
                if inner.op == "=":
                    return f"({self.show(inner.args[0])} != {self.show(inner.args[1])})"
                if inner.op in {"<", "<="}:
                    return self.show(arith("<=" if inner.op == "<" else "<", inner.args[1], inner.args[0]))
                return f"!{self.show(inner)}"
            case "and" | "or":
                return "(" + (" && " if e.op == "and" else " || ").join(map(self.show, e.args)) + ")"
            case "ite":
                c, a, b = map(self.show, e.args)
                return f"({c} -> {a} : {b})"
            case "mod":
                x, y = map(self.show, e.args)
                return f"({x} % {y})" if e.args[0].sort is not INT else f"((({x} % {y}) + {y}) % {y})"
        x, y = map(self.show, e.args)
        return f"({x} {'==' if e.op == '=' else e.op} {y})"

    @staticmethod
    def constant(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, int) else f"{type(value).__name__}_{value.name}"

    def word(self, name: str) -> str:
        return free_name(f"{name}_" if name in RESERVED else name, set(self.names.values()) | self.taken)

    def line(self, e: Expr) -> str:
        """An expression, spread out over its quantifiers, with the model's words, without the outermost brackets."""
        return bare(self.show(fold(self.ground(e), self.words)))

    def alternatives(self, action: Action, but: Collection[str] = ()) -> Iterator[dict[Expr, Expr]]:
        """Every choice of an action's parameters, but for those named."""
        open_ = [(n, s) for n, s in action.params if n not in but]
        for pick in itertools.product(*[elements(s, self.scope) for _, s in open_]):
            yield {param(n, s): v for (n, s), v in zip(open_, pick, strict=True)}

    def sorts_in_use(self) -> list[AnySort]:
        found: dict[AnySort, None] = {}
        for s in self.sorts.values():
            found |= dict.fromkeys((s.key, s.value) if isinstance(s, MapSort) else (s,))
        for a in self.model.actions():
            found |= dict.fromkeys(s for _, s in a.params)
        return list(found)

    def type(self, sort: AnySort) -> str:
        if sort is BOOL or sort is INT:
            return "bool" if sort is BOOL else "int"
        size = domain(sort, self.scope)
        return "byte" if size <= 255 else "short"


def guarded(text: str) -> str:
    """In brackets where a looser operator could be torn apart."""
    return f"({text})" if " || " in text or " -> " in text else text
