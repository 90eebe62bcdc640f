"""A report as one HTML file that needs nothing beside it: no script, no font, no picture from elsewhere.

Everything that came from a subject or from its adapter (names, messages, errors) is escaped, and the page forbids
scripts and loading anything by a content security policy of its own: a report of a hostile adapter is safe to open.

Rejected: a template engine.  There is one page, and a function that escapes by default is enough for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from quiesce_conformance.report import CheckReport, Conformance, Counterexample, Report, RuleReport, Standing

from . import diagram, replay

__all__ = ["as_page"]

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --good: #2e7d32; --bad: #c62828; --open: #b26a00; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .75rem .25rem 0;
border-bottom: 1px solid var(--line); vertical-align: top; } code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); } section { margin: 2.5rem 0; }
.holds, .conforms { color: var(--good); } .broken, .does-not-conform, .broken-adapter { color: var(--bad); }
.not-seen, .unfinished, .undecided { color: var(--open); } .not-applicable { opacity: .65; }
.word { font-weight: 600; white-space: nowrap; } .figure { overflow-x: auto; } dt { font-weight: 600; }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def as_page(report: Report) -> str:
    """The whole page as text."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_e(report.subject)}: {_e(report.verdict.words)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{_e(report.subject)}: {_word(report.verdict.words)}</h1><p>{_e(report.summary)}</p>"
    if report.verdict is Conformance.BROKEN_ADAPTER:
        yield f'<p class="broken-adapter">The adapter: {_e(report.broken_adapter)}. Nothing below may be relied on.</p>'
    yield from _facts(report)
    yield "<section><h2>Rules</h2><table><thead><tr><th>rule</th><th>promise</th><th>verdict</th><th>evidence</th>"
    yield "<th>profiles</th></tr></thead><tbody>"
    for rule in report.rules.values():
        name = f'<a href="#{_e(rule.rule)}">{_e(rule.rule)}</a>'
        yield (
            f"<tr><td>{name}</td><td>{_e(rule.title)}</td><td>{_word(rule.standing.value)}</td>"
            f"<td>{_e(rule.evidence)}</td><td>{_e(', '.join(rule.profiles))}</td></tr>"
        )
    yield "</tbody></table>"
    yield (
        "<p><b>Tested</b> means: real code was run as often as stated, and every run was checked. It is not a proof, "
        "and says nothing of runs that were not made. <i>Not applicable</i>, <i>not seen</i> and <i>unfinished</i> are "
        "not <i>holds</i>.</p>"
    )
    if report.out_of_scope:
        yield "<h3>Not judged</h3><dl>"
        for rule_id, why in report.out_of_scope.items():
            yield f"<dt>{_e(rule_id)}</dt><dd>{_e(why)}</dd>"
        yield "</dl>"
    yield "</section>"
    order = [Standing.BROKEN, Standing.UNFINISHED, Standing.NOT_SEEN, Standing.HOLDS, Standing.NOT_APPLICABLE]
    for rule in sorted(report.rules.values(), key=lambda rule: order.index(rule.standing)):
        yield from _rule(report, rule)
    yield "</body></html>"


def _facts(report: Report) -> Iterator[str]:
    facts = {
        "command": report.how,
        "profiles": ", ".join(report.profiles),
        "capabilities": ", ".join(report.capabilities),
        "seed": f"{report.seed}, {report.runs} for each randomized check",
        "runs of checks": f"{report.shards[0]:,} of {report.shards[1]:,}",
        "seconds": f"{report.seconds:.1f}",
        **report.environment,
    }
    yield "<table>"
    for name, value in facts.items():
        yield f"<tr><th>{_e(name)}</th><td>{_e(value)}</td></tr>"
    yield "</table>"


def _rule(report: Report, rule: RuleReport) -> Iterator[str]:
    yield f'<section id="{_e(rule.rule)}"><h2>{_e(rule.rule)} {_e(rule.title)}: {_word(rule.standing.value)}</h2>'
    yield f"<p>{_e(rule.statement)}</p>"
    if rule.why:
        yield f"<p>{_e(rule.standing.value)}: {_e(rule.why)}</p>"
    for counterexample in rule.counterexamples:
        yield from _counterexample(report, counterexample)
    if rule.checks:
        yield "<table><thead><tr><th>check</th><th>verdict</th><th>runs</th><th>records checked</th><th>seen</th></tr>"
        yield "</thead><tbody>"
        for check in rule.checks:
            yield _check(rule, check)
        yield "</tbody></table>"
    yield "</section>"


def _check(rule: RuleReport, check: CheckReport) -> str:
    seen = "; ".join(f"{count:,} {what}" for what, count in check.sometimes.items())
    standing = check.per_rule.get(rule.rule, check.standing)
    return (
        f"<tr><td><code>{_e(check.name)}</code></td><td>{_word(standing.value)}</td><td>{check.runs:,}</td>"
        f"<td>{check.checked:,}</td><td>{_e(seen or check.why)}</td></tr>"
    )


def _counterexample(report: Report, each: Counterexample) -> Iterator[str]:
    yield f"<h3>Counterexample: {_e(each.what)}</h3>"
    if each.witness:
        yield f"<pre>{_e(chr(10).join(each.witness))}</pre>"
    if each.rows:
        drawn = diagram.svg(each.rows, each.what, title=f"{each.rule} broken in {each.check}")
        yield f'<div class="figure">{drawn}</div>'
    if each.recipe:
        yield f"<p>How to run it again:</p><pre>{_e(replay.again(report, each))}</pre>"


def _word(word: str) -> str:
    return f'<span class="word {word.replace(" ", "-")}">{_e(word)}</span>'


def _e(text: str) -> str:
    return escape("".join(c if c.isprintable() or c == "\n" else "?" for c in text))
