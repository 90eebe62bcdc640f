"""Expressions and states in model words: for documents, tables and failure messages.

What comes out reads as the model is written: ``s.pc[t] == Pc.RUN``, ``all(... for e in every(Epoch))``.  A
disjunction whose first parts are negated is shown as ``... if ...`` in quantifiers, as ``implies`` is written there.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from quiesce_model.language.compare import ReadRun
from quiesce_model.language.expr import TRUE, Expr, conjuncts, land, lnot, lor
from quiesce_model.language.model import Model
from quiesce_model.language.plain import Frozen
from quiesce_model.language.reader import Action, Claim
from quiesce_model.language.sorts import Scope

# how tightly an operator binds, as in Python
_OR, _AND, _NOT, _COMPARE, _SUM, _TERM, _ATOM = 1, 2, 3, 4, 5, 6, 9
_SYMBOL = {"=": "==", "<": "<", "<=": "<=", "+": "+", "-": "-", "mod": "%"}


def text(e: Expr, state: str = "s") -> str:
    """An expression as it would be written in a model.

    :param state: the name of the state.
    """
    return _text(e, state)[0]


def _at(e: Expr, level: int, s: str) -> str:
    out, bound = _text(e, s)
    return f"({out})" if bound < level else out


def _variable(name: str, s: str) -> str:
    return f"after.{name[:-1]}" if name.endswith("'") else f"{s}.{name}" if s else name


def _text(e: Expr, s: str) -> tuple[str, int]:
    match e.op:
        case "const":
            value = e.args[0]
            return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value), _ATOM
        case "var" | "arr":
            return _variable(e.args[0], s), _ATOM
        case "cell":
            name, index = e.args
            return _variable(name, s) + ("" if index is None else f"[{index}]"), _ATOM
        case "param" | "bound":
            return _bare(e), _ATOM
        case "not":
            return _negated(e.args[0], s)
        case "and":
            return " and ".join(_at(x, _AND, s) for x in e.args), _AND
        case "or":
            return " or ".join(_at(x, _AND, s) for x in e.args), _OR
        case "=" | "<" | "<=":
            return _compared(e, _SYMBOL[e.op], s)
        case "+" | "-":
            return f"{_at(e.args[0], _SUM, s)} {e.op} {_at(e.args[1], _TERM, s)}", _SUM
        case "mod":
            return f"{_at(e.args[0], _TERM, s)} % {_at(e.args[1], _ATOM, s)}", _TERM
        case "ite":
            c, a, b = e.args
            return f"{_at(a, _OR, s)} if {_at(c, _OR, s)} else {_text(b, s)[0]}", 0
        case "read":
            return f"{_at(e.args[0], _ATOM, s)}[{_text(e.args[1], s)[0]}]", _ATOM
        case "store":
            m, i, v = e.args
            return f"{_at(m, _ATOM, s)} with [{_text(i, s)[0]}] = {_text(v, s)[0]}", 0
        case "lambda":
            return f"[{_bare(e.args[0])}] = {_text(e.args[1], s)[0]}", 0
        case "within":
            x = e.args[0]
            return f"{_at(x, _COMPARE, s)} in scope", _COMPARE
    return _quantified(e, s), _ATOM


def _bare(e: Expr) -> str:
    name: str = e.args[0]
    return name.partition("!")[0]


def _compared(e: Expr, symbol: str, s: str) -> tuple[str, int]:
    return f"{_at(e.args[0], _SUM, s)} {symbol} {_at(e.args[1], _SUM, s)}", _COMPARE


def _negated(e: Expr, s: str) -> tuple[str, int]:
    opposite = {"=": "!=", "<": ">=", "<=": ">"}.get(e.op)
    return _compared(e, opposite, s) if opposite else (f"not {_at(e, _NOT, s)}", _NOT)


def _quantified(e: Expr, s: str) -> str:
    fn = {"forall": "all", "exists": "any", "sum": "sum"}[e.op]
    body, condition = e.args[1], TRUE
    if e.op == "forall" and body.op == "or":
        negated = [x for x in body.args[:-1] if x.op == "not"]
        condition, body = land(*(lnot(x) for x in negated)), lor(*(x for x in body.args if x not in negated))
    loops = " ".join(f"for {_bare(v)} in every({v.sort.__name__})" for v in e.args[0])
    tail = "" if condition is TRUE else f" if {_at(condition, _OR, s)}"
    return f"{fn}({_text(body, s)[0]} {loops}{tail})"


def effects(action: Action) -> dict[str, str]:
    """What an action does to each variable that it changes, in model words."""
    return {name: text(e) for name, e in action.post.items()}


def describe(action: Action) -> str:
    """An action in a paragraph: parameters, guard as written, obligations, what it changes, where it ends the scope."""
    params = ", ".join(f"{n}: {getattr(s, '__name__', s)}" for n, s in action.params)
    lines = [f"{action.name}({params})" + ("" if action.fair else "  [not fair]")]
    lines += [f"  require {c}" for c in conditions(action)]
    lines += [f"  assert {text(o.expr)}, {o.label!r}" for o in action.asserts]
    lines += [f"  s.{name} = {value}" for name, value in effects(action).items()]
    lines += [f"  in scope if {text(e)}" for e in action.in_scope]
    return "\n".join(lines)


def conditions(action: Action) -> list[str]:
    """The guard in model words, conjunct by conjunct."""
    return [text(c) for c in conjuncts(action.guard)]


def source_text(what: Action | Claim) -> str:
    """The source of the method, decorators included."""
    return what.source.full_text()


def explain_guard(model: type[Model], scope: Scope, state: Frozen, name: str, *args: Any) -> list[tuple[str, bool]]:
    """Every conjunct of an action's guard in model words, and whether it holds in a state.

    The plain run says which ``require`` refused a step; this says which part of it, and what else would have.

    :raises KeyError: the model has no action of that name.
    """
    action = {a.name: a for a in model.actions()}[name]
    evaluator = ReadRun(model, scope).evaluator
    names: Mapping[Expr, Any] = dict(zip(action.formal(), args, strict=True))
    out: list[tuple[str, bool]] = []
    for c in conjuncts(action.guard):
        value = bool(evaluator.compile(c)(state, state, dict(names)))
        out.append((text(c), value))
        if not value and c.op == "or" and any(x.op == "within" for x in c.args):
            break  # what stands behind it may have no value
    return out
