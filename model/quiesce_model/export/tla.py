"""A model as a TLA+ module: quantifiers, named actions, words and fairness, as its author would have written it.

One module for each model class, with the unordered sorts and the bounds as ``CONSTANTS``; a scope is a ``.cfg``.

========================  =============================================================================
action                    an operator with the same parameters; cases where variables share a condition
out of scope              ``x \\in Epoch`` as a conjunct: beyond the bound the step is not possible.  With
                          ``Epoch == Nat`` and so on, the module is the unbounded model
assert                    an invariant: where the action's guard holds, so does what it asserts
invariant, theorem        an operator of that name, listed in the ``.cfg``, its rules in the comment before it
transition                ``name == [][ ... ]_vars``, a ``PROPERTY``
sometimes                 an operator; TLC shows a way to it when its negation is checked
fairness                  weak, for each process: of all the steps that it must not put off for ever.  That is weaker
                          than one ``WF`` for each action, which would forbid a process to choose one way for ever
every upgrade ends        ``EveryUpgradeEnds``, where the model has upgraders that come to rest
========================  =============================================================================

Rejected: the grounded form that the explorer runs (nobody would read it); a ``CONSTRAINT`` for the bound (TLC then
counts states on its far side).  Source: Lamport, "Specifying Systems" (2002).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from quiesce_model.export.names import apart, bare, free_name
from quiesce_model.export.tla_text import TlaText, call, constant, set_of, wrapped
from quiesce_model.export.words import Word, fold
from quiesce_model.language.expr import FALSE, TRUE, Expr, imp, land, lnot, param, subst
from quiesce_model.language.model import Model
from quiesce_model.language.reader import Action, Claim
from quiesce_model.language.sorts import AnySort, MapSort, Scope, domain, is_enum, is_unordered, members

__all__ = ["Tla", "config", "tla"]


def tla(model: type[Model], name: str, **options: Any) -> str:
    """The module of a model; the options are those of `Tla`."""
    return Tla(model, name, **options).text()


class Tla(TlaText):
    """Writes one model.

    :param model: the model.
    :param name: the module's name.
    :param ends: the condition that must hold again and again, for each value of its parameters; ``None``: nothing.
    :param finitely: the actions that ``ends`` takes to be taken finitely often.
    :param head: lines of comment at the top.
    """

    def __init__(
        self,
        model: type[Model],
        name: str,
        *,
        ends: Expr | None = None,
        finitely: Collection[str] = (),
        head: Collection[str] = (),
    ) -> None:
        self.model, self.name, self.head, self.ends, self.finitely = model, name, head, ends, finitely
        super().__init__(model)

    # == the text ===================================================================================================
    def text(self) -> str:
        """The whole module."""
        actions = [line for a in self.actions for line in self._action(a)]
        claims = [line for c in self.claims.values() for line in self._claim(c)]
        asserts = [line for a in self.actions for line in self._asserts(a)]
        liveness = list(self._liveness())
        vocabulary = list(self._vocabulary())
        lines = [*self._head(), *self._state(), *vocabulary, *actions, *self._spec(), *asserts, *claims, *liveness]
        return "\n".join([*lines, "=" * 78]) + "\n"

    def _head(self) -> Iterator[str]:
        dashes = "-" * max(4, (78 - len(self.name) - 9) // 2)
        yield f"{dashes} MODULE {self.name} {dashes}"
        yield f"(* {self.model.__module__}.{self.model.__qualname__}."
        yield from (f"   {line}".rstrip() for line in self.head)
        yield "   Generated: change the model, not this file. *)"
        yield ""
        yield "EXTENDS Integers, FiniteSets"
        yield ""
        constants = self.constants()
        if constants:
            yield f"CONSTANTS {', '.join(constants)}"
            yield ""
        for s in self.sorts_in_use():
            if is_enum(s):
                yield f"{s.__name__} == {{{', '.join(constant(m) for m in members(s))}}}"
            elif not is_unordered(s):
                yield f"{s.__name__} == 0..Max{s.__name__}"
        yield ""
        if self.needs_sum:
            yield "RECURSIVE SumOver(_, _)"
            yield "SumOver(f, S) =="
            yield "  IF S = {} THEN 0 ELSE LET x == CHOOSE y \\in S : TRUE IN f[x] + SumOver(f, S \\ {x})"
            yield "SumOf(f) == SumOver(f, DOMAIN f)"
            yield ""

    def _state(self) -> Iterator[str]:
        yield "VARIABLES"
        names = list(self.sorts)
        yield from (f"  {n}{',' if n != names[-1] else ''}" for n in names)
        yield ""
        for word, group in self.groups().items():
            yield f"{word} == <<{', '.join(group)}>>"
        yield from wrapped(f"vars == <<{', '.join(names)}>>")
        yield ""
        yield "TypeOK =="
        for n, s in self.sorts.items():
            kind = f"[{set_of(s.key)} -> {set_of(s.value)}]" if isinstance(s, MapSort) else set_of(s)
            yield f"  /\\ {n} \\in {kind}"
        yield ""
        yield "Init =="
        yield from (f"  /\\ {n} = {self.value(e)}" for n, e in self.model.initial().items())
        yield ""

    def _vocabulary(self) -> Iterator[str]:
        found: dict[str, list[str]] = {}
        while left := [w for w in self.words if w.name in self.used and w.name not in found]:
            for w in left:
                found[w.name] = list(self._word(w))
        for w in self.words:
            yield from found.get(w.name, ())

    def _word(self, w: Word) -> Iterator[str]:
        yield from (f"\\* {line}" for line in w.doc.splitlines() if line)
        by = self.params([(p.args[0], p.sort) for p in w.params])
        head = f"{w.name}({', '.join(p.args[0] for p in by.values())})" if by else w.name
        yield f"{head} == {self.line(subst(w.expr, by), within=w)}"
        yield ""

    def _action(self, a: Action) -> Iterator[str]:
        by = self.params(a.params)
        yield from (f"\\* {line}" for line in a.doc.splitlines() if line)
        yield f"{call(a.name, [p.args[0] for p in by.values()])} =="
        guard = fold(apart(subst(a.guard, by), self.taken), self.words)
        parts = [] if guard is TRUE else guard.args if guard.op == "and" else (guard,)
        yield from (f"  /\\ {bare(text)}" for text in self._joined(tuple(parts), negated=True))
        yield from (f"  /\\ {self.line(subst(e, by))}" for e in a.in_scope)
        yield from (f"  {line}" for line in self._changes({n: subst(e, by) for n, e in a.post.items()}))
        rest = [n for n in self.sorts if n not in a.post]
        if rest:
            yield from (f"  {line}" for line in self.unchanged(rest))
        yield ""

    def _changes(self, post: Mapping[str, Expr]) -> Iterator[str]:
        """A conjunct for each variable, those under a common condition together."""
        cases: dict[Expr, dict[str, Expr]] = {}
        same = []
        for n, e in post.items():
            if e.op == "ite":
                cases.setdefault(e.args[0], {})[n] = e
            elif e.op in {"var", "arr"} and e.args[0] == n:
                same.append(n)
            else:
                yield f"/\\ {n}' = {self.value(e)}"
        for condition, found in cases.items():
            if len(found) == 1 and all(x.op not in {"ite"} for e in found.values() for x in e.args[1:]):
                yield from (f"/\\ {n}' = {self.value(e)}" for n, e in found.items())
                continue
            yield f"/\\ IF {self.line(condition)}"
            for word, branch in (("THEN", 1), ("ELSE", 2)):
                lines = list(self._changes({n: e.args[branch] for n, e in found.items()}))
                yield f"   {word} {lines[0]}"
                yield from (f"        {line}" for line in lines[1:])
        if same:
            yield from self.unchanged(same)

    def _some(self, a: Action, but: Collection[str] = ()) -> str:
        """The action for some parameters, but for those that are given."""
        by = self.params(a.params)
        names = [p.args[0] for p in by.values()]
        loops = [
            f"{p.args[0]} \\in {set_of(s)}" for p, (n, s) in zip(by.values(), a.params, strict=True) if n not in but
        ]
        return (f"\\E {', '.join(loops)} : " if loops else "") + call(a.name, names)

    def _spec(self) -> Iterator[str]:
        yield "Next =="
        yield from (f"  \\/ {self._some(a)}" for a in self.actions)
        yield ""
        yield "\\* A process that could go on for ever does.  The steps that are missing here may be put off for ever."
        yield "Fairness =="
        groups: dict[tuple[str, AnySort] | None, list[Action]] = {}
        for a in self.actions:
            if a.fair and a.process is None:
                yield f"  /\\ WF_vars({self._some(a)})"
            elif a.fair and a.process is not None:
                groups.setdefault((a.process, dict(a.params)[a.process]), []).append(a)
        for process, actions in groups.items():
            assert process is not None
            name, sort = process
            me = self.params([process])[param(name, sort)].args[0]
            yield f"  /\\ \\A {me} \\in {set_of(sort)} : WF_vars("
            yield from (f"       {chr(92)}/ {self._some(a, [name])}{')' if a is actions[-1] else ''}" for a in actions)
        if not groups and not any(a.fair for a in self.actions):
            yield "  TRUE"
        yield ""
        yield "Spec == Init /\\ [][Next]_vars /\\ Fairness"
        yield ""

    # == claims =====================================================================================================
    def _asserts(self, a: Action) -> Iterator[str]:
        for name, label, e in self.asserts(a):
            by = self.params(a.params)
            loops = ", ".join(f"{p.args[0]} \\in {set_of(p.sort)}" for p in by.values())
            yield f"\\* {label} (asserted by {a.name})"
            claim = subst(imp(a.guard, e), by)
            yield f"{name} == " + (f"\\A {loops} : " if loops else "") + self.line(claim)
            yield ""

    def asserts(self, a: Action) -> list[tuple[str, str, Expr]]:
        """The operators that an action's assertions become: name, label, what is asserted."""
        out: list[tuple[str, str, Expr]] = []
        for o in a.asserts:
            rule = "_".join(o.rules) or "assert"
            out.append((free_name(f"{a.name}_{rule}", self.taken | {n for n, _, _ in out}), o.label, o.expr))
        return out

    def _claim(self, c: Claim) -> Iterator[str]:
        rules = ", ".join(c.rules) or "part of the argument"
        yield f"\\* {c.role}: {rules}" + (f".  {' '.join(c.doc.split())}" if c.doc else "")
        e = land(c.in_scope, c.expr) if c.role == "sometimes" else imp(c.in_scope, c.expr)
        lines = self._conjuncts(e)
        if c.role == "transition":
            yield f"{c.name} == [][{lines[0]}]_vars"
        else:
            yield f"{c.name} == {lines[0]}" if len(lines) == 1 else f"{c.name} =="
            if len(lines) > 1:
                yield from (f"  /\\ {line}" for line in lines)
        yield ""

    def _conjuncts(self, e: Expr) -> list[str]:
        folded = fold(apart(e, self.taken), self.words)
        if folded.op == "and" and not any(n.endswith("'") for n in e.reads):
            return [bare(text) for text in self._joined(folded.args, negated=True)]
        return [bare(self.show(folded))]

    def _liveness(self) -> Iterator[str]:
        if self.ends is None:
            return
        cut = []
        for a in self.actions:
            by = self.params(a.params)
            asserts = land(*(o.expr for o in a.asserts))
            e = subst(land(a.guard, asserts, lnot(land(*a.in_scope))), by)
            if e is not FALSE:
                loops = ", ".join(f"{p.args[0]} \\in {set_of(p.sort)}" for p in by.values())
                cut.append((f"\\E {loops} : " if loops else "") + self.line(e))
        yield "\\* Where a bound makes a step impossible: nothing is claimed there."
        yield "EdgeOfScope =="
        yield from (f"  \\/ {line}" for line in cut or ["FALSE"])
        yield ""
        by = self.params([(p.args[0], p.sort) for p in sorted(self.ends.free, key=repr)])
        names = [p.args[0] for p in by.values()]
        yield f"{call('AtRest', names)} == {self.line(subst(self.ends, by))}"
        yield ""
        rule = "\\* V1: every upgrade ends"
        loops = "".join(f"\\A {p.args[0]} \\in {set_of(p.sort)} : " for p in by.values())
        goal = f"{loops}[]<>({call('AtRest', names)} \\/ EdgeOfScope)"
        rare = [a for a in self.actions if a.name in self.finitely]
        if rare:
            yield f"{rule}, if {', '.join(a.name for a in rare)} is taken finitely often."
            steps = " /\\ ".join(f"~({self._some(a)})" for a in rare)
            yield f"EveryUpgradeEnds == <>[][{steps}]_vars => ({goal})"
        else:
            yield f"{rule}."
            yield f"EveryUpgradeEnds == {goal}"
        yield ""


def config(module: Tla, scope: Scope, *, claims: Collection[str] | None = None, liveness: bool = False) -> str:
    """The ``.cfg`` of a scope.

    :param claims: the names of the claims to check, in the module; ``None``: all.
    :param liveness: check ``EveryUpgradeEnds`` instead.
    """
    lines = ["SPECIFICATION Spec", "CONSTANTS"]
    for s in module.sorts_in_use():
        n = 0 if is_enum(s) else domain(s, scope)
        if is_unordered(s):
            lines.append(f"  {s.__name__} = {{{', '.join(f'{s.__name__[0].lower()}{i}' for i in range(1, n + 1))}}}")
        elif not is_enum(s):
            lines.append(f"  Max{s.__name__} = {n - 1}")
    if liveness:
        return "\n".join([*lines, "PROPERTY EveryUpgradeEnds"]) + "\n"
    asserts = [name for a in module.actions for name, _, _ in module.asserts(a)]
    states = [n for n, c in module.claims.items() if c.role in {"invariant", "theorem"}]
    steps = [n for n, c in module.claims.items() if c.role == "transition"]
    for word, names in (("INVARIANT", ["TypeOK", *asserts, *states]), ("PROPERTY", steps)):
        lines += [f"{word} {n}" for n in names if claims is None or n in claims]
    return "\n".join(lines) + "\n"
