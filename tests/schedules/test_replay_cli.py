"""`quiesce replay`, `quiesce schedules`, `quiesce soak`: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quiesce.cli import main
from quiesce.verify.schedules import commands
from quiesce.verify.schedules.replay import replay
from quiesce.verify.schedules.runs import Report, run
from quiesce.verify.schedules.soak import BadCheckpoint, Soak
from tests.schedules import planted

SCHEDULE = "a: announce | u: .."


def test_a_schedule_is_run_again_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", SCHEDULE, "--times", "10"]) == 0
    out = capsys.readouterr().out
    assert "10 of 10 executions were the same" in out
    assert "retract" in out, "the call came too late for its epoch"
    assert f"quiesce replay --configuration continue/swap '{SCHEDULE}'" in out


def test_one_line_in_a_test() -> None:
    assert replay(SCHEDULE, configuration="continue/swap", times=2).ending == "finished"


def test_a_failing_schedule_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    planted.drained_too_early(monkeypatch)
    svg = tmp_path / "drawn" / "it.svg"
    assert main(["replay", "a: confirm | u: scan", "--svg", str(svg)]) == 1
    out = capsys.readouterr().out
    assert "[D2" in out
    assert "=> woken" in out
    assert svg.read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a announce", "column 3"),
        ("z: announce", "unknown thread 'z'"),
        ("a: nowhere", "does not come to nowhere"),
        ("a: announce*0", "count"),
        ("a: announce | a: peek*9", "column"),
    ],
)
def test_a_schedule_that_does_not_fit_says_where(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", text]) == 2
    assert said in capsys.readouterr().err


def test_a_configuration_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", SCHEDULE, "--configuration", "continue/swop"]) == 2
    assert "did you mean 'continue/swap'" in capsys.readouterr().err


def test_schedules_of_one_configuration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    assert main(["schedules", "--configuration", "hold/advance", "--json", str(path)]) == 0
    assert "exhausted" in capsys.readouterr().out
    found = json.loads(path.read_text(encoding="utf-8"))["configurations"]["hold/advance"]
    assert found["verdict"] == "holds"
    assert found["exhausted"]
    assert found["witnessed"]["time_out"] > 0


@pytest.mark.parametrize(
    "options", [["--max-schedules", "5"], ["--strategy", "exhaustive", "--preemptions", "1", "--max-schedules", "3"]]
)
def test_a_search_that_was_stopped_is_unfinished(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedules", "--configuration", "hold/advance", *options]) == 2
    assert "unfinished" in capsys.readouterr().out


def test_a_search_that_was_interrupted_is_unfinished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = run

    def interrupted(*args: object, **kwargs: object) -> Report:
        def strike(report: Report) -> None:
            if report.schedules == 4:
                raise KeyboardInterrupt

        return original(*args, **kwargs, progress=strike)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(commands, "run", interrupted)
    assert main(["schedules", "--configuration", "hold/advance"]) == 2
    out = capsys.readouterr().out
    assert "interrupted" in out
    assert "4 schedules" in out


@pytest.mark.parametrize("options", [["--max-schedules", "0"], ["--seconds", "nan"], ["--seconds", "0"]])
def test_a_bound_that_is_none_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedules", "--configuration", "hold/advance", *options]) == 2
    assert "expected" in capsys.readouterr().err


def test_a_broken_kernel_is_exit_code_1_and_says_how_to_run_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted.drained_too_early(monkeypatch)
    assert main(["schedules", "--configuration", "hold/advance"]) == 1
    out = capsys.readouterr().out
    assert "quiesce replay --configuration hold/advance '" in out
    assert "BROKEN" in out


# == soaking ========================================================================================================
def test_a_soak_ends_and_goes_on_from_its_checkpoint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "soak.json"
    options = ["soak", "--workers", "1", "--checkpoint", str(path), "--configuration", "continue/inside"]
    assert main([*options, "--seconds", "60"]) == 0
    out = capsys.readouterr().out
    assert "exhausted" in out
    before = Soak.load(path).progress["continue/inside"].schedules
    assert main([*options, "--seconds", "1"]) == 0
    assert Soak.load(path).progress["continue/inside"].schedules == before, "there was nothing left to do"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"format": "quiesce soak 1", "configurations": {"nope/nope": {}}}',
        '{"format": "quiesce soak 1", "configurations": {"hold/swap": {"schedules": 1}}}',
    ],
)
def test_a_corrupt_checkpoint_is_refused_and_left_alone(
    text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "soak.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadCheckpoint):
        Soak.load(path)
    assert main(["soak", "--seconds", "1", "--checkpoint", str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == text
