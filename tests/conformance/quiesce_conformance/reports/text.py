"""A report as lines of text, without colours: for a pipe, a log, and the message of a failing test."""

from __future__ import annotations

from collections.abc import Iterator

from quiesce_conformance.report import Counterexample, Report, RuleReport, Standing

from . import diagram, replay

__all__ = ["as_text", "counterexample_lines", "rule_lines", "table_lines"]


def as_text(report: Report) -> str:
    """The table, every counterexample, what is missing, and the verdict at the end."""
    lines = [*table_lines(report), ""]
    for rule in report.standing(Standing.BROKEN):
        lines += [*rule_lines(report, rule), ""]
    return "\n".join([*lines, *missing_lines(report), _plain(report.summary)]) + "\n"


def table_lines(report: Report) -> Iterator[str]:
    """One line for each rule."""
    rows = [("rule", "promise", "verdict", "evidence")]
    rows += [(rule.rule, rule.title, rule.standing.value, rule.evidence) for rule in report.rules.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, [*widths, 0], strict=True)).rstrip()


def rule_lines(report: Report, rule: RuleReport) -> Iterator[str]:
    """What is known about a rule that does not hold, and why."""
    yield _plain(f"{rule.rule} {rule.standing.value}: {rule.title}" + (f": {rule.why}" if rule.why else ""))
    if rule.standing is Standing.BROKEN:
        yield f"  {rule.statement}"
        for counterexample in rule.counterexamples[:1]:
            yield from counterexample_lines(report, counterexample)


def counterexample_lines(report: Report, counterexample: Counterexample) -> Iterator[str]:
    """How the rule was broken, the diagram, and how to run it again."""
    yield f"  broken in {counterexample.check}: {_plain(counterexample.what)}"
    yield from (f"      {_plain(line)}" for line in counterexample.witness)
    for line in diagram.text(counterexample.rows, counterexample.what).splitlines():
        yield f"    {line}"
    if counterexample.recipe:
        yield f"  again: {_plain(replay.again(report, counterexample))}"


def missing_lines(report: Report) -> Iterator[str]:
    """Why rules that were to be judged are not, and which rules nobody can judge from outside."""
    for rule in report.standing(Standing.UNFINISHED, Standing.NOT_SEEN, Standing.NOT_APPLICABLE):
        yield from rule_lines(report, rule)
    for rule_id, why in report.out_of_scope.items():
        yield f"{rule_id} out of scope: {why}"


def _plain(line: str) -> str:
    """Leave out what a terminal would obey: what a subject says must not move the cursor, or colour a verdict."""
    return "".join(c if c.isprintable() else "?" for c in line)
