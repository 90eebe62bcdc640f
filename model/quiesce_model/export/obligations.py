"""The proof's obligations as ``.smt2`` files that anyone's solver can check.

One file for each policy and kind of obligation.  Formulas that many obligations assume (the invariants) are defined
once, at the top, and asserted there if all assume them; the obligations of one step share its hypotheses between
``push`` and ``pop``.  Each ``(check-sat)`` has its expected answer before it, as ``(set-info :status unsat)``, and its
name in a comment.

Solvers need their incremental mode for that: ``z3 FILE``, ``cvc5 --incremental FILE``.  Files whose names end in
``_by_core`` hold claims in which quantifiers alternate; z3 needs cvc5's unsatisfiable cores for those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from quiesce_model.prove.obligation import Obligation
from quiesce_model.prove.smt import symbol

__all__ = ["file_of", "script", "scripts"]


def file_of(o: Obligation) -> str:
    """The name of the file that an obligation belongs to."""
    only = "" if set(o.solvers) >= {"z3", "cvc5"} else f"_{'_'.join(o.solvers)}"
    return f"{o.model}_{o.policy}_{o.kind.replace('-', '_')}{'_by_core' if o.by_core else ''}{only}.smt2".lower()


def scripts(obligations: Iterable[Obligation], head: Sequence[str]) -> dict[str, str]:
    """All files by name.

    :param head: lines of comment at the top of each.
    """
    files: dict[str, list[Obligation]] = {}
    for o in obligations:
        files.setdefault(file_of(o), []).append(o)
    return {name: script(found, head) for name, found in sorted(files.items())}


def script(obligations: Sequence[Obligation], head: Sequence[str]) -> str:
    """One file."""
    lines = [f"; {line}".rstrip() for line in head]
    lines.append(f"; {len(obligations)} obligations")
    lines.append("(set-logic ALL)")
    common = _common(obligations)
    lines += common
    formulas = _definitions(obligations, set(common))
    lines += [f"(define-fun {name} () Bool {formula})" for formula, name in formulas.items()]
    always = _always(obligations, formulas)
    lines += [f"(assert (! {formulas[f]} :named {symbol(n)}))" for n, f in always]
    groups: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[Obligation]] = {}
    for o in obligations:
        groups.setdefault((o.declarations, o.hypotheses), []).append(o)
    for (declarations, hypotheses), found in groups.items():
        lines.append("(push 1)")
        lines += [d for d in declarations if d not in common]
        lines += [
            f"(assert (! {formulas.get(f, f)} :named {symbol(n)}))" for n, f in hypotheses if (n, f) not in always
        ]
        for o in found:
            lines += _question(o)
        lines.append("(pop 1)")
    return "\n".join(lines) + "\n"


def _common(obligations: Sequence[Obligation]) -> list[str]:
    """The declarations that mean the same in the whole file: those whose name is declared in one way only."""
    found = dict.fromkeys(d for o in obligations for d in o.declarations)
    names = Counter(_declared(d) for d in found)
    return [d for d in found if names[_declared(d)] == 1]


def _always(obligations: Sequence[Obligation], formulas: Mapping[str, str]) -> dict[tuple[str, str], None]:
    """The hypotheses that every obligation of the file has, among those that are defined at its top."""
    every = set.intersection(*(set(o.hypotheses) for o in obligations))
    return dict.fromkeys(h for h in obligations[0].hypotheses if h in every and h[1] in formulas)


def _declared(declaration: str) -> str:
    """What a declaration is about: everything up to its first name, and that."""
    return declaration.replace("(", " ").split()[1] if declaration.count("(") else declaration


def _definitions(obligations: Sequence[Obligation], common: set[str]) -> dict[str, str]:
    """Formulas that more than one group of obligations assumes, with a name each; those over common declarations."""
    own = {_declared(d) for o in obligations for d in o.declarations if d not in common}
    groups = {(o.declarations, o.hypotheses) for o in obligations}
    often = Counter(f for _, hypotheses in groups for _, f in hypotheses)
    titles: dict[str, str] = {}
    for o in obligations:
        for name, formula in o.hypotheses:
            titles.setdefault(formula, name)
    out: dict[str, str] = {}
    taken: set[str] = set()
    for formula, title in titles.items():
        words = set(formula.replace("(", " ").replace(")", " ").split())
        if often[formula] > 1 and len(formula) > 30 and not words & own:
            name = title
            while name in taken:
                name += "'"
            taken.add(name)
            out[formula] = symbol(f"def {name}")
    return out


def _question(o: Obligation) -> Iterator[str]:
    yield "(push 1)"
    yield f"; {o.name}" + (f" [{', '.join(o.rules)}]" if o.rules else "")
    yield f"(set-info :status {o.expects})"
    if o.assertion:
        yield o.assertion.rstrip("\n")
    yield "(check-sat)"
    yield "(pop 1)"
