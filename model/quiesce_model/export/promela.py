"""A model within a scope as Promela, for SPIN.

One process for each element of each sort that acts: ``active [2] proctype Thread()``.  An action is one ``d_step``: its
guard, its assertions, its assignments.  What must happen sooner or later and what merely may happen stand in two
processes (``Thread``, ``Thread_may``), so that SPIN's weak fairness, which is per process, is the model's.

========================  =============================================================================
guard                     the first expression of the ``d_step``, with "or an assertion fails or it stays in scope"
out of scope              the step is not possible, exactly as in the explorer; ``edge_of_scope`` says where
assert                    ``assert``; an action that breaks one leads nowhere
invariant, theorem        a step of ``Monitor`` that is possible only where one is false, and then fails
transition                an ``assert`` at the end of each step that could break it; ``old_x`` is x before the step
                          and 0 between steps, so that it tells no states apart
every upgrade ends        with ``-DLIVENESS``: a never claim, to be checked with weak fairness (``pan -a -f``)
========================  =============================================================================

Nothing but the actions adds a state: there is no ``init`` process, and variables have their first values where they
are declared.  So SPIN stores exactly the explorer's states.  Of "transitions", SPIN's word for stored and matched
states, one is the first state, which no step leads to: the explorer's steps are one fewer (`STARTS`).

Rejected: ``ltl`` instead of the never claim (SPIN's translator gives up on a condition as long as ``edge_of_scope``);
one process with an option for each instance of each action (unreadable, and without fairness); a never claim
for each invariant (multiplies the states).  Sources: Holzmann, "The SPIN Model Checker" (2003); spinroot.com/spin/Man.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from quiesce_model.export.promela_steps import Asserts, PromelaSteps
from quiesce_model.export.promela_text import guarded
from quiesce_model.export.updates import OLD
from quiesce_model.language.errors import ModelError
from quiesce_model.language.expr import (
    TRUE,
    Expr,
    conjuncts,
    const,
    elements,
    eq,
    imp,
    land,
    lnot,
    lor,
    read,
    subst,
    var,
)
from quiesce_model.language.model import Model
from quiesce_model.language.sorts import MapSort, Scope, domain, is_enum, members, ordinal

__all__ = ["STARTS", "Promela", "promela", "state_is"]

STARTS = 1
"""What SPIN counts as a transition and is none: the first state."""


def promela(model: type[Model], scope: Scope, **options: Any) -> str:
    """The text of a model within a scope; the options are those of `Promela`."""
    return Promela(model, scope, **options).text()


class Promela(PromelaSteps):
    """Writes one model within one scope.

    :param model: the model.
    :param scope: how many elements of each sort there are.
    :param claims: names of the invariants, theorems and transitions to judge; ``None``: all.
    :param asserts: ``judge`` those in actions, or let a step that breaks one merely be impossible (``block``).
    :param start: the state to start from, as in ``Violation.initial``; ``None``: the model's first one.
    :param never: conditions that must not be reached from there, by name; over the state, beside the claims.
    :param ends: the condition that must hold again and again (with ``-DLIVENESS``); ``None``: nothing is asked.
        A parameter in it stands for any element of its sort: the first is taken, one being as good as another.
    :param finitely: the actions that ``ends`` takes to be taken finitely often.
    :param head: lines of comment at the top.
    :raises ModelError: a number of the scope does not fit; a claim is not the model's.
    """

    def __init__(
        self,
        model: type[Model],
        scope: Scope,
        *,
        claims: Collection[str] | None = None,
        asserts: Asserts = "judge",
        start: Mapping[str, Any] | None = None,
        never: Mapping[str, Expr] | None = None,
        ends: Expr | None = None,
        finitely: Collection[str] = (),
        head: Collection[str] = (),
    ) -> None:
        found = model.claims("invariant", "theorem", "transition")
        if claims is not None and (strange := set(claims) - set(found)):
            raise ModelError(f"{model.__name__} has no claim {', '.join(sorted(strange))}; it has {', '.join(found)}")
        self.claims = {n: c for n, c in found.items() if claims is None or n in claims}
        self.promises = {n: c for n, c in self.claims.items() if c.role == "transition"}
        self.asserts, self.start, self.never, self.ends, self.finitely = asserts, start, never or {}, ends, finitely
        self.head, self.remembered = head, {}
        super().__init__(model, scope, self.promises)

    def text(self) -> str:
        """The whole text."""
        bodies = list(self._processes())  # finds out what must be remembered, which is declared before
        inlines = list(self._inlines())
        monitor = list(self._monitor())
        liveness = list(self._liveness())
        vocabulary = list(self._vocabulary())
        lines = [*self._head(), *self._enums(), *self._variables(), *self._calm(), *vocabulary]
        lines += [*self._remember(), *inlines]
        lines += [*bodies, *monitor, *liveness]
        return "\n".join(lines).rstrip("\n") + "\n"

    def _head(self) -> Iterator[str]:
        sizes = ", ".join(f"{n} {s.__name__}" for s, n in self.scope.items())
        yield f"/* {self.model.__module__}.{self.model.__qualname__} with {sizes}."
        yield from (f"   {line}".rstrip() for line in self.head)
        yield "   Generated: change the model, not this file. */"
        yield ""

    def _enums(self) -> Iterator[str]:
        for sort in self.sorts_in_use():
            if is_enum(sort):
                yield from (f"#define {self.constant(m):32} {ordinal(m)}" for m in members(sort))
                yield ""

    def _first(self, name: str, index: int | None) -> str:
        if self.start is not None:
            value = self.start[name]
            if index is not None:
                value = list(value.values())[index]
            return self.constant(value)
        e, sort = self.model.initial()[name], self.sorts[name]
        if index is not None:
            assert isinstance(sort, MapSort)
            e = read(e, elements(sort.key, self.scope)[index])
        return self.show(self.ground(e))

    def _variables(self) -> Iterator[str]:
        for name, sort in self.sorts.items():
            if isinstance(sort, MapSort):
                n = domain(sort.key, self.scope)
                values = ", ".join(self._first(name, i) for i in range(n))
                yield f"{self.type(sort.value)} {self.names[name]}[{n}] = {{ {values} }};"
            else:
                yield f"{self.type(sort)} {self.names[name]} = {self._first(name, None)};"
        for name in (x for x in self.sorts if x in self.remembered):
            sort = self.sorts[name]
            old = self.names[OLD + name]
            if isinstance(sort, MapSort):
                yield f"{self.type(sort.value)} {old}[{domain(sort.key, self.scope)}];"
            else:
                yield f"{self.type(sort)} {old};"
        yield ""

    def _inlines(self) -> Iterator[str]:
        before = {var(n, s): var(OLD + n, s) for n, s in self.sorts.items()}
        now = {var(f"{n}'", s): var(n, s) for n, s in self.sorts.items()}
        for name, c in self.promises.items():
            e = subst(subst(imp(c.in_scope, c.expr), before), now)
            yield f"inline {name}() {{  /* {c.role}, {', '.join(c.rules) or 'part of the argument'} */"
            yield from (f"  assert({self.line(x)});" for x in conjuncts(self.ground(e)))
            yield "}"
            yield ""

    def _monitor(self) -> Iterator[str]:
        conditions = [
            (n, f"{c.role}, {', '.join(c.rules) or 'part of the argument'}", imp(c.in_scope, c.expr))
            for n, c in self.claims.items()
            if n not in self.promises
        ]
        conditions += [(n, "never", lnot(e)) for n, e in self.never.items()]
        grounded = [(n, what, g) for n, what, e in conditions if (g := self.ground(e)) is not TRUE]
        if not grounded:
            return
        yield "#ifndef LIVENESS"
        yield "active proctype Monitor() {"
        yield "  do"
        for name, what, e in grounded:
            parts = " && ".join(guarded(self.line(x)) for x in conjuncts(e))
            yield f"  :: /* {name}: {what} */"
            yield f"     d_step {{ !({parts}) -> assert(false) }}"
        yield "  od"
        yield "}"
        yield "#endif"

    def edge_of_scope(self) -> Expr:
        """Whether the scope cuts some step off in a state."""
        cut = []
        for a in self.model.actions():
            asserts = land(*(o.expr for o in a.asserts))
            e = land(a.guard, asserts, lnot(land(*a.in_scope)))
            cut += [subst(e, pick) for pick in self.alternatives(a)]
        return self.ground(lor(*map(self.ground, cut)))

    def _liveness(self) -> Iterator[str]:
        if self.ends is None:
            return
        yield ""
        yield "#ifdef LIVENESS"
        if self.finitely:
            yield "active proctype Calm() { d_step { !calm -> calm = true } }"
        yield f"#define edge_of_scope ({self.line(self.edge_of_scope())})"
        anybody = {p: elements(p.sort, self.scope)[0] for p in self.ends.free}
        yield f"#define at_rest ({self.line(subst(self.ends, anybody))})"
        yield "never every_upgrade_ends {  /* accepts what breaks [] <> (at_rest || edge_of_scope) */"
        yield "wait:"
        yield "  if"
        yield "  :: true -> goto wait"
        yield "  :: !(at_rest || edge_of_scope) -> goto accept"
        yield "  fi;"
        yield "accept:"
        yield "  if"
        yield "  :: !(at_rest || edge_of_scope) -> goto accept"
        yield "  fi"
        yield "}"
        yield "#endif"


def state_is(model: type[Model], values: Mapping[str, Any]) -> Expr:
    """The condition that a state is this one, which is given as in ``Violation.initial``."""
    parts = []
    for name, sort in model.state_sorts().items():
        if isinstance(sort, MapSort):
            for key, value in values[name].items():
                at = read(var(name, sort), const(key, sort.key))
                parts.append(eq(at, const(value, sort.value)))
        else:
            parts.append(eq(var(name, sort), const(values[name], sort)))
    return land(*parts)
