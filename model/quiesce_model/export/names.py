"""Names in the exports: bound variables kept apart, words that another language has taken for itself.

The reader names a bound variable by its level (``t!1``), so that ``t`` may be a parameter and a bound variable in one
formula.  Neither TLA+ nor a reader of tables can tell those two apart: here each gets a name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from quiesce_model.language.expr import BINDERS, LEAVES, Expr, bound, subst

__all__ = ["apart", "bare", "free_name", "slug"]


def free_name(wanted: str, taken: Collection[str]) -> str:
    """``wanted``, or the first of ``wanted2``, ``wanted3`` ... that is not taken."""
    name, n = wanted, 1
    while name in taken:
        n += 1
        name = f"{wanted}{n}"
    return name


def apart(e: Expr, taken: Collection[str] = ()) -> Expr:
    """The same expression, with no bound variable called like a parameter, an outer one or a name in ``taken``.

    The result is for printing: it is not simplified again.
    """
    params = {x.args[0] for x in e.free if x.op == "param"}
    return _apart(e, frozenset(params | set(taken)))


def _apart(e: Expr, taken: frozenset[str]) -> Expr:
    if e.op in LEAVES:
        return e
    if e.op not in BINDERS:
        args = tuple(_apart(c, taken) if isinstance(c, Expr) else c for c in e.args)
        return Expr(e.op, args, e.sort)
    renamed: dict[Expr, Expr] = {}
    for v in e.binds():
        name = free_name(v.args[0].partition("!")[0].partition("~")[0], taken)
        taken |= {name}
        renamed[v] = bound(name, v.sort)
    vs = tuple(renamed.values())
    return Expr(e.op, (vs[0] if e.op == "lambda" else vs, _apart(subst(e.args[1], renamed), taken)), e.sort)


def bare(text: str) -> str:
    """Without brackets around the whole; a choice of Promela's (``c -> a : b``) keeps them."""
    if not text.startswith("("):
        return text
    depth, choice = 0, False
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return text[1:-1] if i == len(text) - 1 and not choice else text
        choice = choice or (depth == 1 and text.startswith(" -> ", i))
    return text


def slug(text: str) -> str:
    """A title as a file name: ``published: as found`` is ``published_as_found``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
