"""What `quiesce prove` prints and writes: a row for each rule, what is open, counterexamples, and why a rule holds.

On a terminal tables are rich's; in a pipe they are plain lines that a log keeps well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from quiesce_model.export.obligations import file_of
from quiesce_model.prove.counterexample import Counterexample, counterexample
from quiesce_model.rules import rules

from .evidence import Standing
from .proved import Attempt, Proved

__all__ = ["as_json", "draw", "explain", "print_counterexample", "print_proof", "write"]

STYLE = {"proved": "green", "confirmed": "cyan", "broken": "bold red", "unfinished": "yellow"}
ARGUMENT = "argument"
SHOWN = 3
"""So many counterexamples are drawn unless one rule is asked for."""


# -- the table ------------------------------------------------------------------------------------------------------
def print_proof(proof: Attempt, console: Console, only: str | None = None) -> None:
    """A row for each rule that has obligations, one for the argument that bears no rule's id, and what is open.

    :param only: what was asked for, if not everything: of a rule, its own row is all there is to say.
    """
    head = ("rule", "promise", "obligations", *proof.solvers, "verdict")
    lines = [line for line in _rows(proof) if only not in rules() or line[0] == only]
    if console.is_terminal:
        table = Table(title="proved, for any number of threads, versions and upgrades", title_justify="left")
        for name in head:
            table.add_column(name, justify="right" if name in {"obligations", *proof.solvers} else "left")
        for line in lines:
            table.add_row(*line[:-1], f"[{STYLE[line[-1]]}]{line[-1]}[/]")
        console.print(table)
    else:
        widths = (8, 48, 11, *(10 for _ in proof.solvers), 0)
        for cells in [head, *lines]:
            text = "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
            say(console, text.rstrip())
    said = [row for row in proof.open() if row.answers]
    for row in said[:20]:
        say(console, f"{row.standing.name.lower()}: {row.why}")
    if len(said) > 20:
        say(console, f"... and {len(said) - 20:,} more")
    if without := len(proof.open()) - len(said):
        say(console, f"unfinished: {without:,} obligations without any answer")
    if proof.not_asked:
        say(console, f"not asked: {len(proof.not_asked)} lemmas on finite sets, which only cvc5 can read")
    if only is not None:
        say(console, "not asked: everything else, on which these obligations stand")
    if proof.ended:
        say(console, f"ended early: {proof.ended}")


def _rows(proof: Attempt) -> Iterator[tuple[str, ...]]:
    parts = [(rule, found.title, proof.of_rule(rule)) for rule, found in rules().items()]
    for rule, title, rows in [*parts, (ARGUMENT, "what the promises stand on", proof.argument())]:
        if rows:
            confirmed = [_confirmed(rows, solver) for solver in proof.solvers]
            yield rule, title, str(len(rows)), *confirmed, proof.verdict(rows)


def _confirmed(rows: Sequence[Proved], solver: str) -> str:
    asked = [row for row in rows if solver in row.wanted]
    good = sum(solver in row.answers and row.answers[solver].confirms for row in asked)
    return f"{good}" if good == len(asked) else f"{good} of {len(asked)}"


def summary(proof: Attempt) -> str:
    """The whole proof in a line."""
    confirmed = sum(row.standing is Standing.HOLDS for row in proof.rows)
    slowest = max((a.seconds for row in proof.rows for a in row.answers.values()), default=0.0)
    by = " and ".join(f"{name} {version}" for name, version in proof.solvers.items())
    return f"{confirmed:,} of {len(proof.rows):,} obligations confirmed by {by}, the slowest in {slowest:.2f} s"


# -- counterexamples ------------------------------------------------------------------------------------------------
def draw(proof: Attempt, *, everything: bool = False) -> list[Counterexample]:
    """Counterexamples to what was refuted, those of rules first; all of them, or the first few."""
    refuted = [row.obligation for row in proof.open() if row.standing is Standing.BROKEN]
    refuted.sort(key=lambda o: not o.rules)
    found: list[Counterexample] = []
    for obligation in refuted:
        if len(found) >= SHOWN and not everything:
            break
        try:
            drawn = counterexample(obligation)
        except TimeoutError:
            drawn = None
        if drawn is not None:
            found.append(drawn)
    return found


def print_counterexample(drawn: Counterexample, console: Console) -> None:
    """Two states side by side, with what changes marked; below, what is broken, in words and in model code."""
    if not console.is_terminal:
        say(console, "")
        say(console, str(drawn))
        return
    table = Table(title=escape(f"counterexample: {drawn.title}"), title_justify="left", caption=f"within {drawn.size}")
    for name in ("", "before", "", f"after {drawn.call}" if drawn.call else ""):
        table.add_column(escape(name))
    for cell in drawn.cells:
        after = f"[bold yellow]{escape(cell.after)}[/]" if cell.changed else ""
        table.add_row(escape(cell.name), escape(cell.before), "*" if cell.changed else "", after)
    console.print(table)
    for note in (*drawn.notes, f"broken: {drawn.words}", *drawn.code.splitlines()):
        say(console, f"  {note}")


# -- why a rule holds -----------------------------------------------------------------------------------------------
def explain(proof: Attempt, console: Console, only: str | None) -> None:
    """For a rule, or for each: the claims that carry it, its obligations, the hypotheses that were used, the files."""
    for rule in [only] if only in rules() else [*rules(), ARGUMENT] if only is None else [only]:
        assert rule is not None
        rows = proof.of_rule(rule) if rule in rules() else proof.argument() if rule == ARGUMENT else proof.rows
        if rows:
            for line in explanation(rule, rows):
                say(console, line)


def explanation(rule: str, rows: Sequence[Proved]) -> Iterator[str]:
    """The same as lines."""
    title = f" ({rules()[rule].title})" if rule in rules() else ""
    yield ""
    yield f"{rule}{title}: {len(rows)} obligations"
    yield "  carried by"
    carrying: dict[str, Counter[str]] = {}
    for row in rows:
        carrying.setdefault(row.obligation.claim or row.obligation.name, Counter())[row.obligation.kind] += 1
    for claim, kinds in carrying.items():
        yield f"    {claim}: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}"
    used = Counter(name for row in rows for a in row.answers.values() for name in a.core or () if name != "goal")
    if used:
        yield "  hypotheses that cvc5 needed, and for how many of them"
        for name, n in used.most_common():
            yield f"    {name}: {n}"
    yield "  in"
    for name, n in sorted(Counter(f"specs/obligations/{file_of(row.obligation)}" for row in rows).items()):
        yield f"    {name}: {n}"
    yield "  one by one"
    for row in rows:
        said = ", ".join(f"{a.solver} {a.verdict} {a.seconds:.2f} s" for a in row.answers.values())
        yield f"    {row.obligation.name}: {said or 'not asked'}"


# -- JSON -----------------------------------------------------------------------------------------------------------
def as_json(proof: Attempt, drawn: Sequence[Counterexample]) -> dict[str, Any]:
    """The whole result, rules by id and obligations one by one."""
    return {
        "verdict": proof.standing.name.lower(),
        "exit_code": proof.standing.value,
        "seconds": round(proof.seconds, 3),
        "solvers": dict(proof.solvers),
        "seed": proof.seed,
        "ended": proof.ended,
        "not_asked": [o.name for o in proof.not_asked],
        "rules": {
            rule: {
                "title": found.title,
                "verdict": proof.verdict(rows),
                "obligations": len(rows),
            }
            for rule, found in rules().items()
            if (rows := proof.of_rule(rule))
        },
        "obligations": [
            {
                "name": row.obligation.name,
                "kind": row.obligation.kind,
                "rules": list(row.obligation.rules),
                "action": row.obligation.action,
                "claim": row.obligation.claim,
                "file": f"specs/obligations/{file_of(row.obligation)}",
                "verdict": row.standing.name.lower(),
                "answers": {
                    a.solver: {"verdict": a.verdict, "seconds": round(a.seconds, 3), "reason": a.reason}
                    | ({"core": list(a.core)} if a.core is not None else {})
                    for a in row.answers.values()
                },
            }
            for row in proof.rows
        ],
        "counterexamples": [str(c) for c in drawn],
    }


def write(path: Path, result: dict[str, Any]) -> None:
    """Write it; the directory is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def say(console: Console, line: str) -> None:
    """A plain line."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)
