"""A report as JUnit XML: one test case for each rule, for CI servers.

A rule that holds is a passed test; a broken one is a failure.  *Not seen*, *unfinished* and a broken adapter are
errors, because a server counts everything else as passed.  *Not applicable* is skipped, with the word.

The format is the one that Jenkins, GitLab and pytest share (there is no standard of it).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from quiesce_conformance.report import Report, RuleReport, Standing

from .text import rule_lines

__all__ = ["as_junit"]


def as_junit(report: Report) -> str:
    """The whole report as text."""
    errors = len(report.standing(Standing.UNFINISHED, Standing.NOT_SEEN))
    undecided = bool(report.broken_adapter or report.stopped)
    counts = {
        "tests": str(len(report.rules) + undecided),
        "failures": str(len(report.standing(Standing.BROKEN))),
        "errors": str(errors + undecided),
        "skipped": str(len(report.standing(Standing.NOT_APPLICABLE))),
        "time": f"{report.seconds:.3f}",
    }
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "quiesce_conformance", **counts})
    properties = ET.SubElement(suite, "properties")
    facts = {"subject": report.subject, "verdict": report.verdict.words, "seed": str(report.seed)}
    for name, value in {**facts, "profiles": " ".join(report.profiles), **report.environment}.items():
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for rule in report.rules.values():
        _case(suite, report, rule)
    if undecided:
        case = ET.SubElement(suite, "testcase", {"classname": "quiesce_conformance", "name": "run", "time": "0"})
        why = report.broken_adapter or report.stopped
        ET.SubElement(case, "error", {"message": _clean(why), "type": report.verdict.words}).text = _clean(
            report.summary
        )
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, report: Report, rule: RuleReport) -> None:
    seconds = sum(check.seconds / max(1, len(check.rules)) for check in rule.checks)
    name = f"{rule.rule} {rule.title}"
    case = ET.SubElement(
        suite, "testcase", {"classname": "quiesce_conformance", "name": name, "time": f"{seconds:.3f}"}
    )
    text = _clean("\n".join(rule_lines(report, rule)))
    if rule.standing is Standing.BROKEN:
        what = rule.counterexamples[0].what if rule.counterexamples else rule.why
        ET.SubElement(case, "failure", {"message": _clean(what), "type": rule.standing.value}).text = text
    elif rule.standing in {Standing.UNFINISHED, Standing.NOT_SEEN}:
        message = f"{rule.standing.value}: {rule.why}"
        ET.SubElement(case, "error", {"message": _clean(message), "type": rule.standing.value}).text = text
    elif rule.standing is Standing.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", {"message": _clean(f"{rule.standing.value}: {rule.why}")})
    else:
        ET.SubElement(case, "system-out").text = _clean(rule.evidence)


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot hold: control characters, lone surrogates."""
    return "".join(
        c if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" else "?"
        for c in text
    )
