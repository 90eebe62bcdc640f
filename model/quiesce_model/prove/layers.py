"""Which claims may carry the others: those that put no existential below a universal where they are assumed.

Solvers instantiate a universal hypothesis with terms that they see.  A hypothesis "for each retired version there is a
holder" makes a new term at each instance, which gives new instances of the others, and so on: one such invariant among
the hypotheses of every obligation took z3 from a second to minutes with some answers unknown.  So these form layers of
their own: each is carried by the universal claims and itself, and is no hypothesis of anything but the theorems.

That is sound for any split: an invariant that is proved with fewer hypotheses is proved.
"""

from __future__ import annotations

from quiesce_model.language.expr import Expr
from quiesce_model.language.sorts import BOOL

__all__ = ["alternates", "quantified"]


def quantified(e: Expr) -> bool:
    """Whether a quantifier occurs in the expression."""
    return e.op in {"forall", "exists"} or any(quantified(c) for c in e.children())


def alternates(e: Expr, *, assumed: bool = True) -> bool:
    """Whether the expression, assumed (or else denied), puts an existential below a universal.

    A negation turns one quantifier into the other; both sides of an equivalence and the condition of a choice count
    both ways.  An existential that stands alone is only a name for something, and is none of these.
    """
    return _below(e, assumed, under=False)


def _below(e: Expr, positive: bool, *, under: bool) -> bool:
    if e.op in {"forall", "exists"}:
        universal = (e.op == "forall") is positive
        return (not universal and under) or _below(e.args[1], positive, under=under or universal)
    if e.op == "not":
        return _below(e.args[0], not positive, under=under)
    if e.op in {"and", "or"}:
        return any(_below(x, positive, under=under) for x in e.args)
    if e.op == "ite" and e.sort is BOOL:
        c, a, b = e.args
        return _both(c, under=under) or any(_below(x, positive, under=under) for x in (a, b))
    return any(_both(x, under=under) for x in e.children() if quantified(x))


def _both(e: Expr, *, under: bool) -> bool:
    return _below(e, positive=True, under=under) or _below(e, positive=False, under=under)
