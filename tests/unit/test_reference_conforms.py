"""The reference implementation is judged by the suite like any other; and the command that does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from quiesce.cli import main
from quiesce_conformance.contract import Profile
from quiesce_conformance.inprocess import InProcessHost
from quiesce_conformance.report import Conformance, Standing
from quiesce_conformance.suite import run_conformance

REFERENCE = "quiesce.conformance:make_subject"


def test_the_reference_conforms_in_every_profile_and_every_rule_was_seen_in_danger() -> None:
    report = run_conformance(InProcessHost(REFERENCE))
    assert report.verdict is Conformance.CONFORMS, report.summary
    assert report.profiles == tuple(str(one) for one in Profile)
    assert {rule.standing for rule in report.rules.values()} == {Standing.HOLDS}


def test_the_command_says_it_in_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forms = {form: tmp_path / f"report.{form}" for form in ("json", "junit", "html")}
    options = [word for form, path in forms.items() for word in (f"--{form}", str(path))]
    assert main(["conform", REFERENCE, "--profile", "core", *options]) == 0
    assert "conforms: " in capsys.readouterr().out
    data = json.loads(forms["json"].read_text(encoding="utf-8"))
    assert (data["exit_code"], data["command"], data["profiles"]) == (0, REFERENCE, ["core"])
    assert "<testsuite" in forms["junit"].read_text(encoding="utf-8")
    assert "conforms" in forms["html"].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such_package:make"], "cannot import"),
        ([REFERENCE, "--replay", "{"], "which is JSON"),
        ([REFERENCE, "--replay", '{"check": "nothing"}'], "a check that there is"),
        ([REFERENCE, "--executor", "json"], "expected MODULE:NAME"),
        ([REFERENCE, "--executor", "json:JSONDecoder"], "expected a concurrent.futures.Executor"),
        ([], "Missing argument"),
    ],
)
def test_what_makes_no_sense_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_broken_adapter_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--", sys.executable, "-c", "pass"]) == 2
    assert "broken adapter" in capsys.readouterr().out


def test_the_suite_has_a_command_of_its_own() -> None:
    command = [sys.executable, "-m", "quiesce_conformance", REFERENCE, "--rule", "T1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "conforms: 1 rule that were asked for" in done.stdout
