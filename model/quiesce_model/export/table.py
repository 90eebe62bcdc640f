"""Every variable, action and claim of the models as data: what documents and other tools are made from.

Each formula stands there twice: as its author wrote it, and as it was read, policy folded in and helpers replaced.
"""

from __future__ import annotations

from typing import Any

from quiesce_model import algorithm, protocol
from quiesce_model.export.names import apart
from quiesce_model.export.words import words
from quiesce_model.language import Model
from quiesce_model.language.expr import FALSE, Expr, conjuncts
from quiesce_model.language.reader import Action, Claim
from quiesce_model.language.render import source_text, text
from quiesce_model.language.sorts import show_sort
from quiesce_model.rules import transitions

__all__ = ["table"]


def table() -> dict[str, Any]:
    """All models."""
    return {"models": [_model(m) for m in (*protocol.POLICIES, *algorithm.POLICIES)]}


def _model(model: type[Model]) -> dict[str, Any]:
    initial = model.initial()
    return {
        "model": model.__module__.rpartition(".")[2],
        "policy": model.__name__,
        "variables": [
            {"name": n, "sort": show_sort(s), "first": _show(initial[n])} for n, s in model.state_sorts().items()
        ],
        "words": [
            {"name": w.name, "params": [p.args[0] for p in w.params], "doc": w.doc, "read": _show(w.expr)}
            for w in words(model)
        ],
        "actions": [_action(a) for a in model.actions()],
        "claims": [_claim(c) for c in model.claims().values()],
    }


def _action(a: Action) -> dict[str, Any]:
    edges = [t for t in transitions() if a.name in t.by]
    rules = [*a.rules, *(r for o in a.asserts for r in o.rules)]
    return {
        "name": a.name,
        "doc": a.doc,
        "params": {n: show_sort(s) for n, s in a.params},
        "process": a.process,
        "fair": a.fair,
        "possible": a.guard is not FALSE,
        "rules": list(dict.fromkeys(rules)),
        "guard": {"written": [c.text for c in a.conditions], "read": [_show(c) for c in conjuncts(a.guard)]},
        "asserts": [{"label": o.label, "rules": list(o.rules), "read": _show(o.expr)} for o in a.asserts],
        "changes": list(a.post),
        "effect": {n: _show(e) for n, e in a.post.items()},
        "in_scope": [_show(e) for e in a.in_scope],
        "state": [{"from": t.source, "to": t.target, "when": t.when} for t in edges],
        "source": source_text(a),
    }


def _claim(c: Claim) -> dict[str, Any]:
    return {
        "name": c.name,
        "role": c.role,
        "rules": list(c.rules),
        "doc": c.doc,
        "read": _show(c.expr),
        "source": source_text(c),
    }


def _show(e: Expr) -> str:
    return text(apart(e))
