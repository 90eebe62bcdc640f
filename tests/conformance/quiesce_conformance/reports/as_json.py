"""A report as JSON: everything that is in it, keyed by rule id."""

from __future__ import annotations

import json
from typing import Any, Final

from quiesce_conformance.report import CheckReport, Counterexample, Report, RuleReport

from . import replay

__all__ = ["as_data", "as_json"]

FORMAT: Final = "quiesce conformance report"
VERSION: Final = 1


def as_json(report: Report) -> str:
    """The whole report as text."""
    return json.dumps(as_data(report), indent=1, ensure_ascii=True) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The whole report as plain data."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "verdict": report.verdict.words,
        "exit_code": report.exit_code,
        "summary": report.summary,
        "evidence": "tested",
        "subject": report.subject,
        "command": report.how,
        "capabilities": list(report.capabilities),
        "profiles": list(report.profiles),
        "only_some_rules": report.selected,
        "seed": report.seed,
        "runs": report.runs,
        "seconds": round(report.seconds, 3),
        "shards": {"done": report.shards[0], "of": report.shards[1]},
        "stopped": report.stopped,
        "broken_adapter": report.broken_adapter,
        "environment": dict(report.environment),
        "rules": {rule.rule: _rule(report, rule) for rule in report.rules.values()},
        "out_of_scope": dict(report.out_of_scope),
        "checks": {check.name: _check(check) for check in report.checks},
    }


def _rule(report: Report, rule: RuleReport) -> dict[str, Any]:
    return {
        "title": rule.title,
        "statement": rule.statement,
        "verdict": rule.standing.value,
        "evidence": rule.evidence,
        "runs": rule.runs,
        "profiles": list(rule.profiles),
        "checks": [check.name for check in rule.checks],
        "why": rule.why,
        "counterexamples": [_counterexample(report, each) for each in rule.counterexamples],
    }


def _counterexample(report: Report, each: Counterexample) -> dict[str, Any]:
    return {
        "check": each.check,
        "what": each.what,
        "witness": list(each.witness),
        "events": [row._asdict() for row in each.rows],
        "recipe": dict(each.recipe),
        "replay": replay.again(report, each),
    }


def _check(check: CheckReport) -> dict[str, Any]:
    return {
        "rules": {rule: check.per_rule.get(rule, check.standing).value for rule in check.rules},
        "profile": check.profile,
        "verdict": check.standing.value,
        "runs": check.runs,
        "checked": check.checked,
        "sometimes": dict(check.sometimes),
        "seconds": round(check.seconds, 3),
        "why": check.why,
    }
