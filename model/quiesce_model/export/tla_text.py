"""TLA+: names and expressions; ``tla`` is the face of it."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Collection, Iterator
from typing import Any

from quiesce_model.export.names import apart, bare, free_name
from quiesce_model.export.words import Word, fold, words
from quiesce_model.language.expr import FALSE, Expr, param
from quiesce_model.language.model import Model
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, is_enum, is_unordered

__all__ = ["TlaText", "call", "constant", "set_of", "wrapped"]

TAKEN = frozenset(
    {
        "vars",
        "SumOf",
        "SumOver",
        "Init",
        "Next",
        "Spec",
        "Fairness",
        "TypeOK",
        "AtRest",
        "EdgeOfScope",
        "EveryUpgradeEnds",
    }
)
_SYMBOL = {"=": "=", "<": "<", "<=": "<=", "+": "+", "-": "-", "mod": "%"}


class TlaText:
    """What all parts of a module share.

    :param model: the model.
    """

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.sorts = model.state_sorts()
        self.actions = [a for a in model.actions() if a.guard is not FALSE]
        self.claims = model.claims()
        self.words = words(model)
        self.needs_sum = False
        self.used: dict[str, None] = {}
        self.taken = TAKEN | set(self.sorts) | set(self.claims) | {a.name for a in self.actions}
        self.taken |= {w.name for w in self.words} | set(self.groups())

    def groups(self) -> dict[str, list[str]]:
        """The variables that belong to the elements of a sort, under one name: ``of_Thread``."""
        found: dict[str, list[str]] = {}
        for n, s in self.sorts.items():
            if isinstance(s, MapSort) and is_unordered(s.key):
                found.setdefault(f"of_{s.key.__name__}", []).append(n)
        return {word: names for word, names in found.items() if len(names) > 1}

    def unchanged(self, names: list[str]) -> Iterator[str]:
        """``UNCHANGED`` for some variables."""
        for word, group in self.groups().items():
            if set(group) <= set(names):
                names = [n for n in names if n not in group] + [word]
        yield from wrapped("/\\ UNCHANGED " + (names[0] if len(names) == 1 else f"<<{', '.join(names)}>>"))

    def params(self, params: Collection[tuple[str, AnySort]]) -> dict[Expr, Expr]:
        """The parameters of an operator under names that are not taken."""
        return {param(n, s): param(free_name(n, self.taken), s) for n, s in params}

    def sorts_in_use(self) -> list[type]:
        """The sorts that the state and the actions are made of."""
        found: dict[Any, None] = {}
        for s in self.sorts.values():
            found |= dict.fromkeys((s.key, s.value) if isinstance(s, MapSort) else (s,))
        for a in self.actions:
            found |= dict.fromkeys(s for _, s in a.params)
        return [s for s in found if s not in {BOOL, INT}]

    def constants(self) -> list[str]:
        """The module's constants, in order."""
        out = [s.__name__ for s in self.sorts_in_use() if is_unordered(s)]
        return out + [f"Max{s.__name__}" for s in self.sorts_in_use() if not is_unordered(s) and not is_enum(s)]

    # == expressions ================================================================================================
    def line(self, e: Expr, within: Word | None = None) -> str:
        """An expression with the model's words, without the outermost brackets."""
        return bare(self.show(fold(apart(e, self.taken), self.words, within=within)))

    def value(self, e: Expr) -> str:
        """An expression behind ``=``, which binds more tightly than logic does."""
        folded = fold(apart(e, self.taken), self.words)
        return self.show(folded) if folded.sort is BOOL and folded.op != "ite" else bare(self.show(folded))

    def show(self, e: Expr) -> str:
        """An expression whose bound variables are kept apart."""
        match e.op:
            case "const":
                return constant(e.args[0])
            case "var" | "arr" | "param" | "bound":
                return str(e.args[0])
            case "word":
                name, *args = e.args
                self.used[name] = None
                return call(name, [self.inside(x) for x in args])
            case "read":
                return f"{self.show(e.args[0])}[{self.inside(e.args[1])}]"
            case "not":
                return self._not(e.args[0])
            case "and":
                return "(" + " /\\ ".join(self._joined(e.args, negated=True)) + ")"
            case "or":
                return self._or(e)
            case "ite":
                c, a, b = (self.inside(x) for x in e.args)
                return f"(IF {c} THEN {a} ELSE {b})"
            case "store":
                return self._except(e)
            case "lambda":
                v, body = e.args
                return f"[{v.args[0]} \\in {set_of(v.sort)} |-> {self.inside(body)}]"
            case "within":
                return f"({self.inside(e.args[0])} \\in {set_of(e.args[0].sort)})"
            case "forall" | "exists" | "sum":
                return self._quantified(e)
        x, y = map(self.show, e.args)
        return f"({x} {_SYMBOL[e.op]} {y})"

    def inside(self, e: Expr) -> str:
        """An expression that stands in brackets or after a keyword."""
        return bare(self.show(e))

    def _not(self, e: Expr) -> str:
        if e.op == "=":
            return f"({self.show(e.args[0])} # {self.show(e.args[1])})"
        if e.op in {"<", "<="}:
            return f"({self.show(e.args[0])} {'>=' if e.op == '<' else '>'} {self.show(e.args[1])})"
        if e.op == "within":
            return f"({self.inside(e.args[0])} \\notin {set_of(e.args[0].sort)})"
        parts = self._joined(e.args, negated=False) if e.op == "or" else []
        if len(parts) == 1:
            return parts[0].replace(" \\in ", " \\notin ", 1)
        return f"~{self.show(e)}"

    def _or(self, e: Expr) -> str:
        given = list(itertools.takewhile(lambda x: x.op == "not", e.args[:-1]))
        rest = e.args[len(given) :]
        if not given:
            parts = self._joined(e.args, negated=False)
            return parts[0] if len(parts) == 1 else "(" + " \\/ ".join(parts) + ")"
        premise = [x.args[0] for x in given]
        left = self.show(premise[0] if len(premise) == 1 else Expr("and", tuple(premise), BOOL))
        right = self.show(rest[0] if len(rest) == 1 else Expr("or", rest, BOOL))
        return f"({left} => {right})"

    def _joined(self, parts: tuple[Expr, ...], *, negated: bool) -> list[str]:
        """The parts of a conjunction or disjunction; ``x = a \\/ x = b`` becomes ``x \\in {a, b}``."""
        out: list[str] = []

        def key(x: Expr) -> Any:
            if negated and x.op != "not":
                return object()
            x = x.args[0] if negated else x
            return x.args[0] if x.op == "=" and x.args[1].op == "const" else object()

        for _, group in itertools.groupby(parts, key):
            same = list(group)
            if len(same) == 1:
                out.append(self.show(same[0]))
                continue
            plain = [x.args[0] if negated else x for x in same]
            values = ", ".join(constant(x.args[1].args[0]) for x in plain)
            out.append(f"({self.show(plain[0].args[0])} {chr(92)}{'notin' if negated else 'in'} {{{values}}})")
        return out

    def _except(self, e: Expr) -> str:
        changes: list[tuple[Expr, Expr]] = []
        while e.op == "store":
            base, index, value = e.args
            changes.insert(0, (index, value))
            e = base
        parts = []
        for index, value in changes:
            text = self.inside(value)
            if len(changes) == 1 and value.op in {"+", "-"} and value.args[0] is Expr("read", (e, index), value.sort):
                text = f"@ {value.op} {self.show(value.args[1])}"
            parts.append(f"![{self.inside(index)}] = {text}")
        return f"[{self.inside(e)} EXCEPT {', '.join(parts)}]"

    def _quantified(self, e: Expr) -> str:
        vs, body = e.args
        if e.op != "sum":
            loops = ", ".join(f"{v.args[0]} \\in {set_of(v.sort)}" for v in vs)
            return f"({chr(92)}{'A' if e.op == 'forall' else 'E'} {loops} : {self.inside(body)})"
        names, sets = ", ".join(v.args[0] for v in vs), " \\X ".join(set_of(v.sort) for v in vs)
        element = names if len(vs) == 1 else f"<<{names}>>"
        if body.sort is BOOL:
            return f"Cardinality({{{element} \\in {sets} : {self.inside(body)}}})"
        self.needs_sum = True
        return f"SumOf([{element} \\in {sets} |-> {self.inside(body)}])"


def set_of(sort: AnySort) -> str:
    assert isinstance(sort, type)
    return "BOOLEAN" if sort is BOOL else "Int" if sort is INT else sort.__name__


def constant(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if isinstance(value, int) else f'"{value.name}"'


def call(name: str, args: list[str]) -> str:
    return name + (f"({', '.join(args)})" if args else "")


def wrapped(text: str) -> list[str]:
    """A long list over several lines."""
    return textwrap.wrap(text, 100, subsequent_indent=" " * (text.index("<<") + 2 if "<<" in text else 4))
