"""From the results of single runs to a report for each check and each rule.

Nothing is decided here but by `Standing.worst`: a rule is as good as the worst of what was seen of it, a check that was
to be run and was not counts as *unfinished*, and a rule that nobody looked at is never green.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from .check import Check
from .contract import NEEDS, Profile
from .profiles import rules_of
from .report import CheckReport, RuleReport, Standing
from .rulebook import rulebook
from .shard import Shard, ShardResult

__all__ = ["check_reports", "rule_reports"]

KEPT = 3
"""Counterexamples of one rule that a check keeps."""


def check_reports(
    checks: Sequence[Check],
    profiles: Sequence[Profile],
    capabilities: frozenset[str] | None,
    applicable: frozenset[str],
    shards: Sequence[Shard],
    results: Mapping[str, ShardResult],
    rules: Sequence[str] | None,
) -> tuple[CheckReport, ...]:
    """Give a report for every check of the profiles that is about the rules that were asked for.

    `capabilities` is None if no session could be begun, so that nothing is known of them: then all is unfinished.
    """
    of_check: defaultdict[str, list[Shard]] = defaultdict(list)
    for shard in shards:
        of_check[shard.check.name].append(shard)
    found = []
    for check in checks:
        if check.profile not in profiles and check.name not in of_check:
            continue
        if rules is not None and set(check.rules).isdisjoint(rules):
            continue
        if capabilities is None:
            found.append(CheckReport(check.name, check.rules, str(check.profile), why="no session could be begun"))
        elif check.name in of_check:
            found.append(_ran(check, [results.get(shard.key) for shard in of_check[check.name]]))
        elif check.name in applicable:
            found.append(CheckReport(check.name, check.rules, str(check.profile), why="it was not to be run"))
        else:
            missing = ", ".join(sorted((NEEDS[check.profile] | check.needs) - capabilities))
            why = f"it has no {missing}" if missing else "its profile is not claimed"
            found.append(
                CheckReport(
                    check.name,
                    check.rules,
                    str(check.profile),
                    Standing.NOT_APPLICABLE,
                    dict.fromkeys(check.rules, Standing.NOT_APPLICABLE),
                    why=why,
                )
            )
    return tuple(found)


def _ran(check: Check, results: Sequence[ShardResult | None]) -> CheckReport:
    report = CheckReport(check.name, check.rules, str(check.profile))
    sometimes: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for result in results:
        if result is None:
            report.why = report.why or "not every run of it was done"
            continue
        report.seconds += result.seconds
        report.runs += not result.why
        report.why = report.why or result.why
        report.checked += result.checked
        sometimes.update(result.sometimes)
        for one in result.counterexamples:
            kept[one.rule] += 1
            if kept[one.rule] <= KEPT:
                report.counterexamples.append(one)
    report.sometimes = dict(sometimes)
    for rule in check.rules:
        report.per_rule[rule] = Standing.worst(
            Standing.UNFINISHED if result is None else result.standings.get(rule, Standing.NOT_SEEN)
            for result in results
        )
    report.standing = Standing.worst(report.per_rule.values())
    return report


def rule_reports(
    rules: Sequence[str],
    profiles: Sequence[Profile],
    reports: Sequence[CheckReport],
    out_of_scope: Mapping[str, str],
    checks: Sequence[Check],
) -> dict[str, RuleReport]:
    """Give a report for every rule that is to be judged."""
    found: dict[str, RuleReport] = {}
    for rule in rules:
        of_rule = tuple(report for report in reports if rule in report.rules)
        if rule in out_of_scope and not of_rule:
            continue
        standings = [report.per_rule.get(rule, report.standing) for report in of_rule]
        claimed = any(rule in rules_of(profile) for profile in profiles)
        if not of_rule:  # asked for by its id, and of a profile that is not claimed; else somebody should have looked
            standings = [Standing.UNFINISHED if claimed else Standing.NOT_APPLICABLE]
        standing = Standing.worst(standings)
        promise = rulebook()[rule]
        found[rule] = RuleReport(
            rule,
            promise.title,
            promise.statement,
            standing,
            tuple(str(profile) for profile in profiles if rule in rules_of(profile)),
            of_rule,
            tuple(one for report in of_rule for one in report.counterexamples if one.rule == rule),
            _why(standing, rule, of_rule, known=any(rule in check.rules for check in checks)),
        )
    return found


def _why(standing: Standing, rule: str, reports: Sequence[CheckReport], *, known: bool) -> str:
    if not reports and standing is Standing.NOT_APPLICABLE:
        return "it belongs to a profile that is not claimed"
    if not reports:
        return "no check of it belongs to these profiles" if known else "the suite has no check of it"
    if standing is Standing.NOT_SEEN:
        return f"{', '.join(report.name for report in reports)} ran, and nothing happened that could have broken it"
    if standing in {Standing.UNFINISHED, Standing.NOT_APPLICABLE}:
        reasons = [
            f"{report.name}: {report.why}"
            for report in reports
            if report.why and report.per_rule.get(rule, report.standing) is standing
        ]
        return "; ".join(dict.fromkeys(reasons))
    return ""
