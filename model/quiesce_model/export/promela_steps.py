"""Promela: processes and steps; ``promela`` is the face of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from quiesce_model.explore.ground import tautology
from quiesce_model.export.names import bare
from quiesce_model.export.promela_text import PromelaText
from quiesce_model.export.updates import OLD, Assign, Choice, Statement, branches, sequence
from quiesce_model.export.words import fold
from quiesce_model.language.expr import FALSE, TRUE, Expr, elements, imp, land, lnot, lor, param, read, subst, var
from quiesce_model.language.reader import Action, Claim
from quiesce_model.language.sorts import BOOL, AnySort, MapSort, domain

__all__ = ["Asserts", "PromelaSteps"]

Asserts = Literal["judge", "block"]


class PromelaSteps(PromelaText):
    """The part of a Promela text that takes steps."""

    asserts: Asserts
    finitely: Collection[str]
    promises: Mapping[str, Claim]
    remembered: dict[str, None]

    def _processes(self) -> Iterator[str]:
        groups: dict[tuple[AnySort | None, bool], list[Action]] = {}
        for a in self.model.actions():
            if a.guard is not FALSE:
                sort = None if a.process is None else dict(a.params)[a.process]
                fair = a.fair if sort is not None else a.fair and a.name  # an environment's action is a process itself
                groups.setdefault((sort, fair), []).append(a)  # type: ignore[arg-type]  # see the line above
        first = 0
        for (sort, fair), actions in groups.items():
            yield from self._process(sort, fair, actions, first)
            first += 1 if sort is None else domain(sort, self.scope)

    def _process(self, sort: AnySort | None, fair: bool | str, actions: list[Action], first: int) -> Iterator[str]:
        name, n = "Environment", 1
        if sort is not None:
            assert isinstance(sort, type)
            name, n = sort.__name__, domain(sort, self.scope)
        elif isinstance(fair, str):
            name += f"_{fair}"
        if not fair:
            name += "_may"
        me = f"{name}_id"
        if sort is not None:
            yield f"#define {me} (_pid - {first})" if first else f"#define {me} _pid"
        yield f"active [{n}] proctype {name}() {{"
        yield "  do"
        for a in actions:
            self.selves = {param(a.process, sort): me} if a.process is not None and sort is not None else {}
            for pick in self.alternatives(a, [a.process] if a.process else ()):
                yield from self._step(a, pick)
        if not fair:
            yield "#ifdef LIVENESS"
            yield "  :: d_step { true -> skip }  /* nothing here ever has to happen */"
            yield "#endif"
        yield "  od"
        yield "}"
        yield ""

    def _step(self, a: Action, pick: dict[Expr, Expr]) -> Iterator[str]:
        def bind(e: Expr) -> Expr:
            return self.ground(subst(e, pick))

        guard = bind(a.guard)
        if guard is FALSE:
            return
        asserts = [(o.label, bind(o.expr)) for o in a.asserts]
        asserts = [(label, e) for label, e in asserts if e is not TRUE]
        in_scope = land(*map(bind, a.in_scope))
        if self.asserts == "judge":
            guard = land(guard, lor(*(lnot(e) for _, e in asserts), in_scope))
        else:
            guard = land(guard, *(e for _, e in asserts), in_scope)
        args = ", ".join(f"{n} = {self.show(pick[param(n, s)])}" for n, s in a.params if param(n, s) in pick)
        title = a.name + (f" ({args})" if args else "") + ("" if a.fair else ", which may be put off for ever")
        yield f"  :: /* {title} */"
        yield "     d_step {"
        folded = fold(guard, self.words)
        parts = [self.show(c) for c in (folded.args if folded.op == "and" else [folded])]
        calm = ["may_" + a.name] if a.name in self.finitely else []
        yield "       " + " &&\n       ".join([*calm, *parts]) + " ->"
        if self.asserts == "judge":
            yield from (f"       assert({self.line(e)});  /* {label} */" for label, e in asserts)
        post = {n: subst(e, pick) for n, e in a.post.items()}
        old, statements = sequence(branches(post), self.sorts)
        self.remembered |= dict.fromkeys(old)
        promises = [n for n, c in self.promises.items() if self._could_break(c, a)]
        for x in dict.fromkeys(x for n in promises for x in self.promises[n].expr.reads if x in self.sorts):
            self.remembered[x] = None
        body = ["remember();"] if old or promises else []
        body += [line for s in statements for line in self._statement(s)]
        body += [f"{n}();" for n in promises]
        body += ["forget();"] if old or promises else []
        yield from (f"       {line}" for line in body or ["skip"])
        yield "     }"

    def _remember(self) -> Iterator[str]:
        """Old values are forgotten at the end of the step, so that they never tell two states apart."""
        for name, value in (("remember", "{0}"), ("forget", "0")):
            if self.remembered:
                yield f"inline {name}() {{"
                for x in (x for x in self.sorts if x in self.remembered):
                    sort, now, old = self.sorts[x], self.names[x], self.names[OLD + x]
                    n = domain(sort.key, self.scope) if isinstance(sort, MapSort) else None
                    cells = [""] if n is None else [f"[{i}]" for i in range(n)]
                    yield "  " + " ".join(f"{old}{c} = {value.format(now + c)};" for c in cells)
                yield "}"
                yield ""

    def _calm(self) -> Iterator[str]:
        if not self.finitely:
            return
        yield "#ifdef LIVENESS"
        yield f"bool calm = false;  /* from now on, no {', '.join(sorted(self.finitely))} */"
        yield from (f"#define may_{n} !calm" for n in sorted(self.finitely))
        yield "#else"
        yield from (f"#define may_{n} true" for n in sorted(self.finitely))
        yield "#endif"
        yield ""

    def _vocabulary(self) -> Iterator[str]:
        """The words that were used, and those that they use."""
        lines: list[str] = []
        done: set[str] = set()
        while left := [w for w in self.words if w.name in self.used and w.name not in done]:
            for w in left:
                done.add(w.name)
                self.selves = {p: f"({p.args[0]})" if p.sort is BOOL else p.args[0] for p in w.params}
                body = self.show(fold(w.expr, self.words, within=w))
                params = f"({', '.join(p.args[0] for p in w.params)})" if w.params else ""
                lines.append(f"#define {self.word(w.name)}{params} ({bare(body)})")
        yield from sorted(lines)
        yield ""

    def _statement(self, s: Statement) -> Iterator[str]:
        if isinstance(s, Choice):
            yield "if"
            yield f":: {self.line(s.condition)} ->"
            yield from self._block(s.then)
            yield ":: else ->"
            yield from self._block(s.other)
            yield "fi;"
        else:
            yield from self._assign(s)

    def _block(self, statements: tuple[Statement, ...]) -> Iterator[str]:
        lines = [line for s in statements for line in self._statement(s)]
        yield from (f"   {line}" for line in lines or ["skip"])

    def _assign(self, s: Assign) -> Iterator[str]:
        name, sort = self.names[s.variable], self.sorts[s.variable]
        if s.index is not None:
            yield f"{name}[{self.line(s.index)}] = {self.line(s.value)};"
        elif isinstance(sort, MapSort):
            for i, key in enumerate(elements(sort.key, self.scope)):
                value = self.ground(read(s.value, key))
                if value is not self.ground(read(var(s.variable, sort), key)):
                    yield f"{name}[{i}] = {self.line(value)};"
        else:
            yield f"{name} = {self.line(s.value)};"

    def _could_break(self, c: Claim, a: Action) -> bool:
        """Whether a step of the action is looked at: not if it changes nothing that the claim compares."""
        if any(f"{x}'" in c.expr.reads for x in a.post):
            return True
        same = {var(f"{n}'", s): var(n, s) for n, s in self.sorts.items()}
        return not tautology(self.ground(subst(imp(c.in_scope, c.expr), same)))
