"""A report: what is green and what is not, and that nothing in it can break the form that it is written in."""

from __future__ import annotations

import json
import pickle
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from quiesce_conformance import files
from quiesce_conformance.report import CheckReport, Conformance, Counterexample, Report, RuleReport, Standing
from quiesce_conformance.reports import as_json, diagram, junit, page, text
from quiesce_conformance.reports.diagram import Row
from quiesce_conformance.rulebook import rulebook
from quiesce_model.rules import rules

HOSTILE = "</svg><script>alert(1)</script>\x1b[31m\x00\ud800 & \"'"


def rule(rule_id: str, standing: Standing, what: str = "closed too early", **more: Any) -> RuleReport:
    promise = rulebook()[rule_id]
    check = CheckReport("drain-waits", (rule_id,), "core", standing, {rule_id: standing}, runs=3, checked=12)
    rows = (Row("call 1", "start", "version 1"), Row("version 1", what, "version 1", witness=True))
    found = Counterexample(rule_id, what, "drain-waits", (what,), rows, {"check": "drain-waits", "seed": 7})
    examples = (found,) if standing is Standing.BROKEN else ()
    return RuleReport(rule_id, promise.title, promise.statement, standing, ("core",), (check,), examples, **more)


def report(*rules_of_it: RuleReport, **more: Any) -> Report:
    facts: dict[str, Any] = {
        "subject": "mine",
        "how": "mypkg:make_subject",
        "capabilities": ("call", "upgrade", "close"),
        "profiles": ("core",),
        "rules": {each.rule: each for each in rules_of_it},
        "checks": tuple(check for each in rules_of_it for check in each.checks),
        "out_of_scope": {"V4": "retries cannot be seen from outside"},
        "seed": 7,
        "runs": 3,
        "seconds": 1.5,
        "shards": (3, 3),
    }
    return Report(**{**facts, **more})


ONE_OF_EACH = report(
    *(rule(name, standing) for name, standing in zip(["R1", "R2", "R3", "R4", "M1"], Standing, strict=True))
)


def test_the_suite_and_the_model_read_the_same_rules() -> None:
    assert {each.id: (each.title, each.statement, each.scope) for each in rulebook().values()} == {
        each.id: (each.title, each.statement, each.scope) for each in rules().values()
    }


@pytest.mark.parametrize(
    ("standings", "more", "verdict", "code"),
    [
        ("holds", {}, Conformance.CONFORMS, 0),
        ("holds, not applicable", {}, Conformance.CONFORMS, 0),
        ("holds, broken, unfinished", {}, Conformance.DOES_NOT_CONFORM, 1),
        ("holds, broken", {"stopped": "interrupted"}, Conformance.DOES_NOT_CONFORM, 1),
        ("holds, not seen", {}, Conformance.UNDECIDED, 2),
        ("holds, unfinished", {}, Conformance.UNDECIDED, 2),
        ("not applicable", {}, Conformance.UNDECIDED, 2),
        ("", {}, Conformance.UNDECIDED, 2),
        ("holds", {"stopped": "interrupted"}, Conformance.UNDECIDED, 2),
        ("holds, broken", {"broken_adapter": "half a line"}, Conformance.BROKEN_ADAPTER, 2),
    ],
)
def test_only_what_was_seen_to_hold_is_green(
    standings: str, more: dict[str, str], verdict: Conformance, code: int
) -> None:
    words = [Standing(word) for word in standings.split(", ") if word]
    found = report(*(rule(f"R{n}", word) for n, word in enumerate(words, 1)), **more)
    assert (found.verdict, found.exit_code) == (verdict, code)
    assert found.summary.startswith(verdict.words)


@pytest.mark.parametrize(
    ("runs", "whole"),
    [
        ("holds, not seen, not applicable", "holds"),
        ("holds, unfinished", "unfinished"),
        ("unfinished, broken, holds", "broken"),
        ("not seen, not applicable", "not seen"),
        ("", "not applicable"),
    ],
)
def test_what_one_run_failed_to_see_another_may_have_seen(runs: str, whole: str) -> None:
    assert Standing.worst(Standing(word) for word in runs.split(", ") if word) is Standing(whole)


def test_a_rule_that_does_not_hold_has_no_evidence() -> None:
    assert [bool(each.evidence) for each in ONE_OF_EACH.rules.values()] == [
        each.standing in {Standing.HOLDS, Standing.BROKEN} for each in ONE_OF_EACH.rules.values()
    ]
    assert ONE_OF_EACH.rules["R1"].evidence == "tested: 3 runs"


def test_the_text_says_every_word_and_how_to_run_it_again() -> None:
    shown = text.as_text(report(*ONE_OF_EACH.rules.values(), program="judge"))
    for word in Standing:
        assert word.value in shown
    assert """again: judge --replay '{"check":"drain-waits","seed":7}' mypkg:make_subject""" in shown
    assert "V4 out of scope: retries cannot be seen from outside" in shown


def test_without_a_command_the_recipe_is_given_alone() -> None:
    assert 'again: {"check":"drain-waits","seed":7}\n' in text.as_text(ONE_OF_EACH)


def test_the_json_is_keyed_by_rule() -> None:
    data = json.loads(as_json.as_json(ONE_OF_EACH))
    assert {name: entry["verdict"] for name, entry in data["rules"].items()} == {
        name: entry.standing.value for name, entry in ONE_OF_EACH.rules.items()
    }
    assert (data["verdict"], data["exit_code"], data["evidence"]) == ("does not conform", 1, "tested")


def test_junit_counts_only_what_holds_as_passed() -> None:
    suite = ET.fromstring(junit.as_junit(ONE_OF_EACH))[0]
    ends = {case.get("name", "").split()[0]: case[0].tag for case in suite.iter("testcase")}
    wanted = {
        Standing.HOLDS: "system-out",
        Standing.NOT_APPLICABLE: "skipped",
        Standing.NOT_SEEN: "error",
        Standing.UNFINISHED: "error",
        Standing.BROKEN: "failure",
    }
    assert ends == {each.rule: wanted[each.standing] for each in ONE_OF_EACH.rules.values()}
    counted = {tag: sum(end == tag for end in ends.values()) for tag in ("failure", "error", "skipped")}
    assert suite.attrib["failures"] == str(counted["failure"])
    assert suite.attrib["errors"] == str(counted["error"])
    assert suite.attrib["skipped"] == str(counted["skipped"])


@pytest.mark.parametrize("why", [{"broken_adapter": "half a line"}, {"stopped": "interrupted"}])
def test_in_junit_a_run_without_a_verdict_is_an_error(why: dict[str, str]) -> None:
    suite = ET.fromstring(junit.as_junit(report(rule("R1", Standing.HOLDS), **why)))[0]
    assert suite.attrib["errors"] == "1"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_the_page_needs_nothing_beside_it_and_draws_the_counterexample() -> None:
    shown = page.as_page(ONE_OF_EACH)
    parsed = _Page()
    parsed.feed(shown)
    assert parsed.tags["svg"] == 1
    assert not parsed.tags.keys() & {"script", "link", "img", "iframe"}
    assert all(link.startswith("#") for link in parsed.links)
    assert "How to run it again" in shown


def test_what_an_adapter_says_breaks_no_form_of_the_report(tmp_path: Path) -> None:
    hostile = report(
        rule("R1", Standing.BROKEN, HOSTILE), rule("R2", Standing.UNFINISHED, why=HOSTILE), subject=HOSTILE, how=HOSTILE
    )
    parsed = _Page()
    written = page.as_page(hostile)
    parsed.feed(written)
    assert "script" not in parsed.tags
    ET.fromstring(junit.as_junit(hostile))
    assert json.loads(as_json.as_json(hostile))["subject"] == HOSTILE
    shown = text.as_text(hostile)
    assert "\x1b" not in shown
    assert "\x00" not in shown
    for form in (written, shown, junit.as_junit(hostile), as_json.as_json(hostile)):
        files.write(tmp_path / "below" / "report", form)  # as UTF-8: no lone surrogate is left
        assert (tmp_path / "below" / "report").read_text(encoding="utf-8") == form


def test_a_diagram_has_a_column_for_each_and_marks_where_it_broke() -> None:
    rows = [Row("call 1", "start", "version 1"), Row("driver", "execute"), Row("version 1", "close", witness=True)]
    lines = diagram.text(rows, "closed under a call").splitlines()
    assert all(lane in lines[0] for lane in ("call 1", "driver", "version 1"))
    assert any("X close" in line for line in lines)
    assert "closed under a call" in lines[-1]
    assert diagram.text([], "nothing") == diagram.svg([], "nothing", title="x") == ""


def test_a_long_diagram_shows_its_end() -> None:
    rows = [Row("call 1", f"step {n}") for n in range(diagram.ROWS + 50)]
    shown = diagram.text(rows, "x")
    assert f"step {diagram.ROWS + 49}" in shown
    assert "step 49\n" not in shown


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    files.write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.txt"]


def test_a_report_can_be_sent() -> None:
    assert text.as_text(pickle.loads(pickle.dumps(ONE_OF_EACH))) == text.as_text(ONE_OF_EACH)
