"""A digest of what a model says: equal digests, equal readings.

Taken over the expressions that the reader made, not over the source text: a comment, a better name for a helper or
another line break changes nothing that was checked, so it does not make a long run worthless.  State variables,
actions and claims are told apart by name, sorts by the names of their class and members.

Each distinct node is hashed once, since an expression shares most of its parts with others and written out in full it
would be many times as long.
"""

from __future__ import annotations

import enum
import hashlib

from quiesce_model.language.expr import Expr
from quiesce_model.language.model import Model
from quiesce_model.language.sorts import AnySort, MapSort, is_enum, is_numbered, members, show_sort

__all__ = ["model_digest"]


def model_digest(model: type[Model]) -> str:
    """Sixteen hexadecimal digits that stand for the model as it was read; the same in every process.

    :raises ReadError: a method is not in the part of Python that is read as a model.
    """
    memo: dict[Expr, str] = {}
    said: list[object] = [[(n, _sort(s)) for n, s in model.state_sorts().items()]]
    said.append([(n, _node(e, memo)) for n, e in model.initial().items()])
    for a in model.actions():
        said.append((a.name, [(n, _sort(s)) for n, s in a.params], a.fair, a.process, a.rules))
        said.append([_node(e, memo) for e in (a.guard, *a.in_scope)])
        said.append([(n, _node(e, memo)) for n, e in a.post.items()])
        said.append([(o.label, _node(o.expr, memo)) for o in a.asserts])
    said += [(c.role, n, c.rules, _node(c.expr, memo), _node(c.in_scope, memo)) for n, c in model.claims().items()]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _sort(sort: AnySort) -> str:
    if isinstance(sort, MapSort):
        return f"{_sort(sort.key)}->{_sort(sort.value)}"
    if is_enum(sort):
        return f"{sort.__name__}{[m.name for m in members(sort)]}"
    return f"{'numbered ' * is_numbered(sort)}{show_sort(sort)}"


def _node(e: Expr, memo: dict[Expr, str]) -> str:
    found = memo.get(e)
    if found is None:
        parts = "|".join(_part(x, memo) for x in e.args)
        found = memo[e] = hashlib.sha256(f"{e.op}|{_sort(e.sort)}|{parts}".encode()).hexdigest()
    return found


def _part(x: object, memo: dict[Expr, str]) -> str:
    if isinstance(x, Expr):
        return _node(x, memo)
    if isinstance(x, tuple):
        return f"({','.join(_part(y, memo) for y in x)})"
    return x.name if isinstance(x, enum.Enum) else repr(x)
