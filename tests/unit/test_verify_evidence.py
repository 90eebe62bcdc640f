"""What follows from which evidence: nothing unfinished, missing or unseen is ever green."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from quiesce.verify.evidence import Finding, Standing, Table, Word
from quiesce.verify.job import Options, Run
from quiesce.verify.report import as_json, print_table, write_json
from quiesce.verify.subject import make_subject
from quiesce_conformance import Verdict
from quiesce_model.rules import rules

HOLDS, BROKEN, UNFINISHED = Standing.HOLDS, Standing.BROKEN, Standing.UNFINISHED


def table(*findings: tuple[str, Word, Standing]) -> Table:
    found = Table(rules())
    for rule, word, standing in findings:
        found.add(Finding(rule, word, standing, 3, "states", "a source", counterexamples=("step 1",)))
    return found


@pytest.mark.parametrize(
    ("several", "worst"),
    [
        ([], UNFINISHED),
        ([HOLDS], HOLDS),
        ([HOLDS, UNFINISHED], UNFINISHED),
        ([UNFINISHED, BROKEN, HOLDS], BROKEN),
    ],
)
def test_the_worst_decides_and_nothing_is_not_a_pass(several: list[Standing], worst: Standing) -> None:
    assert Standing.worst(several) is worst


def test_a_rule_holds_only_if_all_that_it_is_meant_to_rest_on_is_there() -> None:
    assert rules()["R3"].evidence == {"proved", "explored", "tested", "observed"}
    assert table().rows["R3"].standing is UNFINISHED
    assert table(("R3", "explored", HOLDS)).rows["R3"].missing() == ["observed", "proved"]
    two = table(("R3", "explored", HOLDS), ("R3", "observed", HOLDS))
    assert two.rows["R3"].standing is UNFINISHED
    three = table(("R3", "proved", HOLDS), ("R3", "explored", HOLDS), ("R3", "observed", HOLDS))
    assert three.rows["R3"].standing is HOLDS
    assert three.standing is UNFINISHED  # the other rules
    assert table(("R3", "explored", HOLDS), ("R3", "observed", BROKEN)).rows["R3"].standing is BROKEN


def test_a_rule_that_rests_on_tests_alone_needs_one() -> None:
    assert table().rows["D6"].missing() == ["tested"]
    assert table(("D6", "tested", HOLDS)).rows["D6"].standing is HOLDS


@pytest.mark.parametrize("sometimes", [{"reverts": 0}, {}])
def test_what_was_never_in_danger_is_unfinished(sometimes: dict[str, int]) -> None:
    found = table()
    found.add_history([Verdict("T4", checked=0 if not sometimes else 9, sometimes=sometimes)], "observed", "calls", "x")
    assert found.rows["T4"].findings[0].standing is UNFINISHED
    assert found.rows["T4"].findings[0].why


def test_the_result_is_written_keyed_by_rule_id(tmp_path: Path) -> None:
    found = table(("R3", "explored", HOLDS), ("R3", "observed", BROKEN))
    path = tmp_path / "build" / "verify.json"
    write_json(path, as_json(found, [{"stage": "one"}], 1.5, BROKEN))
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["exit_code"] == 1
    assert list(result["rules"]) == list(rules())
    assert result["rules"]["R3"]["observed"][0]["counterexamples"] == ["step 1"]
    assert result["rules"]["R1"]["verdict"] == "unfinished"


@pytest.mark.parametrize("terminal", [False, True])
def test_the_table_prints_on_a_terminal_and_in_a_pipe(terminal: bool) -> None:
    out = io.StringIO()
    print_table(table(("R3", "explored", HOLDS)), Console(file=out, force_terminal=terminal, width=160))
    text = out.getvalue()
    assert "3 states" in text
    assert "R3 unfinished: nothing was observed in this run" in text
    assert ("\x1b[" in text) == terminal


@pytest.mark.parametrize(("error", "word"), [(KeyboardInterrupt(), "interrupted"), (OSError("no disk"), "no disk")])
def test_a_stage_that_does_not_end_is_unfinished_and_says_why(error: BaseException, word: str) -> None:
    out = io.StringIO()
    run = Run(Options(), Console(file=out), make_subject)

    def body() -> tuple[Standing, str]:
        raise error

    assert run.stage("a stage", body) is UNFINISHED
    assert word in run.stages[0]["summary"]
    assert "unfinished" in out.getvalue()
