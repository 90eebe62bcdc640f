"""The command line: exit codes, missing extras, what it prints and writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from quiesce import cli
from quiesce.verify import job as main_job
from quiesce.verify.evidence import Standing
from quiesce.verify.models import ENDS_QUICK, Job, explorations, known_bad, run_job, run_jobs
from quiesce.verify.scenarios import SCENARIOS, Stage, play


def test_without_the_extras_there_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "NEEDED", ("json", "no_such_module"))
    assert cli.main(["verify"]) == 2
    error = capsys.readouterr().err
    assert "no_such_module" in error
    assert "pip install 'quiesce[verify]'" in error


def test_the_command_loads_nothing_but_the_standard_library_before_it_knows() -> None:
    script = (
        "import sys, importlib.util; importlib.util.find_spec = lambda name: None\n"
        "from quiesce.cli import main\n"
        "assert main(['demo']) == 2\n"
        "assert not {'click', 'rich', 'networkx', 'quiesce_model'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, capture_output=True)


@pytest.mark.parametrize("args", [["no-such-command"], ["verify", "--seconds", "never"], ["verify", "--threads", "0"]])
def test_misuse_is_exit_code_2(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(args) == 2
    assert "rror" in capsys.readouterr().err


def test_help_is_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", "--help"]) == 0
    assert "--quick" in capsys.readouterr().out


def test_a_run_without_the_models_is_unfinished_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "verify.json"
    assert cli.main(["verify", "--no-models", "--quick", "--seconds", "1.5", "--json", str(path)]) == 2
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["verdict"] == "unfinished"
    verdicts = {rule: row["verdict"] for rule, row in result["rules"].items()}
    assert "broken" not in verdicts.values()
    assert result["rules"]["R3"]["missing"] == ["explored", "proved"]
    assert verdicts["G1"] == verdicts["D6"] == verdicts["R6"] == "holds"
    assert "R3 unfinished: nothing was explored in this run" in capsys.readouterr().out


@pytest.mark.rule("G1", "G2", "G3", "L3", "L4", "D1", "D4", "D5", "R6", "M7", "V2", "V3")
def test_every_story_ends_as_it_should() -> None:
    found = {verdict.rule: [str(v) for v in verdict.violations] for verdict in play().verdicts()}
    assert {rule: violations for rule, violations in found.items() if violations} == {}
    assert len(SCENARIOS) >= 10


def test_a_story_that_goes_wrong_is_a_finding() -> None:
    def wrong(stage: Stage) -> None:
        stage.check("G1", stage.manager.list() == ["another"], "not so")
        stage.plugin.commit()

    found = {verdict.rule: len(verdict.violations) for verdict in play((wrong,)).verdicts()}
    assert found == {"G1": 1, "L3": 1}


def test_one_exploration_and_its_evidence() -> None:
    job = next(job for job in explorations(quick=True) if job.name == "protocol.Hold")
    lines: list[str] = []
    result = run_job(job, lines.append, 60.0)
    assert result.standing is Standing.HOLDS, result.line
    findings = {finding.rule: finding for finding in result.findings()}
    assert {"R2", "R3", "R4", "D2", "M1", "B1"} <= set(findings)
    assert all(finding.count == result.states > 1000 for finding in findings.values())


def test_an_exploration_that_is_cut_short_is_unfinished() -> None:
    job = next(job for job in explorations(quick=False) if job.name == "protocol.Continue")
    result = run_job(job, lambda _: None, 0.3)
    assert result.standing is Standing.UNFINISHED
    assert {finding.standing for finding in result.findings()} == {Standing.UNFINISHED}


def test_a_job_that_cannot_be_run_is_unfinished() -> None:
    result = run_job(Job("explore", "algorithm.NoSuchPolicy", (("Thread", 1),)), lambda _: None, 1.0)
    assert result.standing is Standing.UNFINISHED
    assert "NoSuchPolicy" in result.line


@pytest.mark.rule("V1", "V2", "V3", "L4", "B3")
def test_what_happens_in_the_end() -> None:
    module, policies, bounds = ENDS_QUICK[0]
    result = run_job(Job("ends", f"{module}.{policies[1]}", bounds), lambda _: None, 60.0)
    assert result.standing is Standing.HOLDS, result.counterexample
    assert set(result.claims) == {"L4", "B3", "V1", "V2", "V3"}


def test_known_bad_protocols_are_caught_in_worker_processes() -> None:
    names = {"BuildFailureIsForgotten", "ManifestAtPrepare"}
    jobs = [job for job in known_bad(quick=True) if job.name in names]
    found: list[tuple[str, Standing, tuple[str, ...]]] = []
    run_jobs(jobs, lambda r: found.append((r.job.name, r.standing, r.breaks)), lambda _: None, workers=2)
    assert {name: breaks for name, standing, breaks in found if standing is Standing.HOLDS} == {
        "BuildFailureIsForgotten": ("L4",),
        "ManifestAtPrepare": ("T1",),
    }


def test_a_broken_rule_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(stage: Stage) -> None:
        stage.check("G3", False, "made to fail")

    monkeypatch.setattr(main_job, "play", lambda: play((breaks,)))
    path = tmp_path / "verify.json"
    assert cli.main(["verify", "--no-models", "--quick", "--seconds", "0.5", "--json", str(path)]) == 1
    assert json.loads(path.read_text(encoding="utf-8"))["rules"]["G3"]["tested"][0]["counterexamples"] == [
        "G3: made to fail"
    ]
