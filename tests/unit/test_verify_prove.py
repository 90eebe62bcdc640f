"""`quiesce prove`: exit codes, solvers that fail, counterexamples, its place in `quiesce verify`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from quiesce import cli
from quiesce.verify import job as main_job
from quiesce.verify import prove_command, proved
from quiesce.verify.evidence import Standing, Table
from quiesce.verify.prove_report import print_counterexample, print_proof
from quiesce.verify.proved import Attempt, choose, named, obligations, prove
from quiesce.verify.report import print_table
from quiesce.verify.subject import make_subject
from quiesce_model.algorithm import Hold
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.prove import Answer, Obligation, ProveError, Solver, SolverMissingError, children
from quiesce_model.prove import solvers as solver_table
from quiesce_model.prove.counterexample import counterexample
from quiesce_model.rules import rules


@pytest.fixture(scope="module")
def everything() -> list[Obligation]:
    return obligations([Hold])


def fake(name: str, script: str) -> Solver:
    """A solver that speaks no known language: what it does is in a few lines of Python."""
    return Solver(name, command=(sys.executable, "-c", script))


MOVES = "who is busy can move"
"""A claim with one obligation for each policy, of rule V2."""


@pytest.fixture
def only_hold(monkeypatch: pytest.MonkeyPatch, everything: list[Obligation]) -> None:
    """One policy's obligations stand for all: reading the other two takes seconds."""
    monkeypatch.setattr(prove_command, "obligations", lambda models: everything)


def run(*args: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = cli.main(["prove", *args])
    said = capsys.readouterr()
    return code, said.out + said.err


# -- exit codes -----------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("only_hold")
def test_one_rule_by_both_solvers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "prove.json"
    code, said = run("--only", "V2", "--explain", "--seed", "3", "--json", str(path), capsys=capsys)
    assert code == 0, said
    assert "V2        Upgrades end if the timeout is finite" in said
    assert "who is busy can move: 1 ranking" in said
    assert "\n    who_need_not_wait_is_woken: " in said  # what cvc5 needed
    assert "specs/obligations/algorithm_hold_ranking.smt2: 1" in said
    assert "not asked: everything else" in said
    assert "  confirmed\n" in said  # and not proved: what it stands on was not asked
    result = json.loads(path.read_text(encoding="utf-8"))
    assert (result["verdict"], result["exit_code"], result["seed"]) == ("holds", 0, 3)
    assert set(result["solvers"]) == {"z3", "cvc5"}
    assert {frozenset(o["answers"]) for o in result["obligations"]} == {frozenset({"z3", "cvc5"})}
    assert {o["verdict"] for o in result["obligations"]} == {"holds"}


def test_a_known_bad_protocol_is_refuted_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run("--model", "BuildFailureIsForgotten", "--only", "L4", capsys=capsys)
    assert code == 1
    assert "counterexample: lifecycle.BuildFailureIsForgotten: build_fails keeps an_upgrade_under_way" in said
    assert "state      PREPARING_UPGRADE" in said
    assert "up[0]      BUILD              * IDLE" in said
    assert "confirmed by running the methods" in said
    assert "after 2 steps:" in said  # the shortest run


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--only", "X9"], "expected the id of a rule, a kind of obligation, an action or a claim, got 'X9'"),
        (["--only", "G1"], "rule G1 (Names are unique) has no obligation"),
        (["--model", "algorithm.Hodl"], "expected the name of a model, got 'algorithm.Hodl'"),
        (["--solver", "yices"], "'yices' is not one of"),
    ],
)
@pytest.mark.usefixtures("only_hold")
def test_misuse_is_exit_code_2(args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(*args, capsys=capsys)
    assert code == 2
    assert said in out


@pytest.mark.parametrize(
    ("package", "least", "reason"),
    [("no-such-solver", (1,), "found none"), ("z3-solver", (99,), "expected z3-solver>=99, found")],
)
@pytest.mark.usefixtures("only_hold")
def test_a_solver_that_is_missing_or_too_old_says_so(
    package: str,
    least: tuple[int, ...],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(solver_table.SOLVERS, "z3", Solver("z3", package, least, ("false",)))
    code, said = run("--only", MOVES, capsys=capsys)
    assert code == 2
    assert reason in said
    assert "pip install" in said


@pytest.mark.usefixtures("only_hold")
def test_an_interrupt_leaves_the_rest_unfinished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(asked: list[Obligation], *args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(proved, "check", interrupted)
    code, said = run("--only", MOVES, capsys=capsys)
    assert code == 2
    assert "ended early: interrupted" in said
    assert "verdict: unfinished" in said


# -- solvers that fail ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("import sys; sys.exit(3)", "died"),
        ("print('segmentation fault', flush=True)", "died"),
        ("import threading; threading.Event().wait()", "timeout"),
    ],
    ids=["dies", "talks nonsense", "hangs"],
)
def test_a_solver_that_fails_is_unfinished(
    script: str, verdict: str, everything: list[Obligation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "START", 2.0)  # a solver that hangs takes that long twice
    asked = choose(everything, MOVES)
    proof = prove(asked, ["z3", fake("broken", script)], limit=0.3)
    assert proof.standing is Standing.UNFINISHED
    [row] = proof.rows
    assert row.answers["z3"].confirms
    assert row.answers["broken"].verdict == verdict
    assert "broken says" in row.why


def test_a_solver_that_fails_again_and_again_is_not_asked_on(everything: list[Obligation]) -> None:
    attempt = prove(everything, ["z3", fake("broken", "import sys; sys.exit(3)")], limit=0.3)
    assert attempt.standing is Standing.UNFINISHED
    assert "broken failed 3 times in a row; the last time: the process ended with status 3" in attempt.ended
    assert sum(len(row.answers) for row in attempt.rows) < len(everything)


def test_one_refutation_outweighs_any_confirmation(everything: list[Obligation]) -> None:
    [asked] = choose(everything, MOVES)
    row = proved.Proved(asked, ("z3", "cvc5"))
    assert row.standing is Standing.UNFINISHED
    row.answers["cvc5"] = Answer(asked, "cvc5", "unsat", 0.1)
    assert row.standing is Standing.UNFINISHED
    assert "no answer of z3" in row.why
    row.answers["z3"] = Answer(asked, "z3", "sat", 0.1)
    assert [row.standing] == [Standing.BROKEN]


def test_nothing_asked_is_nothing_proved() -> None:
    assert Attempt([], {"z3": "1"}).standing is Standing.UNFINISHED


def test_no_rule_is_proved_unless_all_is_confirmed_by_both(everything: list[Obligation]) -> None:
    [rule], other = choose(everything, MOVES), next(o for o in everything if o.rules == ("R4",))
    rows = [proved.Proved(o, ("z3",), {"z3": Answer(o, "z3", "unsat", 0.1)}) for o in (rule, other)]
    both = {"z3": "1", "cvc5": "1"}
    for attempt, verdict, standing in (
        (Attempt(rows, both), "proved", Standing.HOLDS),
        (Attempt(rows, {"z3": "1"}), "confirmed", Standing.UNFINISHED),
        (Attempt(rows, both, whole=False), "confirmed", Standing.UNFINISHED),
        (Attempt(rows, both, ended="interrupted"), "confirmed", Standing.UNFINISHED),
    ):
        assert attempt.verdict(rows[:1]) == verdict
        assert {f.rule: f.standing for f in attempt.findings()} == {"V2": standing, "R4": standing}
    rows[1].answers["z3"] = Answer(other, "z3", "sat", 0.1)
    found = {f.rule: f for f in Attempt(rows, both).findings()}
    assert (found["R4"].standing, found["V2"].standing) == (Standing.BROKEN, Standing.UNFINISHED)
    assert "not all that it stands on" in found["V2"].why


# -- what is asked --------------------------------------------------------------------------------------------------
def test_z3_alone_is_told_by_cvc5_what_to_use_and_cannot_read_sets(everything: list[Obligation]) -> None:
    asked = [o for o in everything if o.claim == "somebody is left to wake who sleeps" or o.model == "counting"]
    proof = prove(asked, ["z3"])
    assert proof.standing is Standing.HOLDS
    assert all(set(row.answers) == {"z3"} for row in proof.rows)
    assert proof.not_asked
    assert {o.model for o in proof.not_asked} == {"counting"}


def test_every_rule_that_is_meant_to_be_proved_has_obligations_and_no_other(everything: list[Obligation]) -> None:
    assert {rule for o in everything for rule in o.rules} == {r.id for r in rules().values() if "proved" in r.evidence}


def test_a_model_is_found_by_its_name() -> None:
    assert named("algorithm.Hold") is Hold
    assert named("NoSecondLook").__name__ == "NoSecondLook"
    with pytest.raises(ProveError, match="NoSecondLook"):
        named("secondlook")


# -- in the table ---------------------------------------------------------------------------------------------------
def test_a_terminal_gets_a_table_and_a_bar(everything: list[Obligation]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    asked = choose(everything, MOVES)
    with prove_command.progress(console, len(asked)) as note:
        proof = prove(asked, progress=note)
    print_proof(proof, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO from above
    assert "any number of threads" in text
    assert "━" in text


def test_a_terminal_gets_two_columns_with_the_changes_marked() -> None:
    [entry] = [e for e in catalogue() if e.name == "BuildFailureIsForgotten"]
    end = "build_fails keeps an_upgrade_under_way_is_somebodys"
    failing = next(o for o in obligations([entry.model]) if o.name.endswith(end))
    drawn = counterexample(failing)
    assert drawn is not None
    console = Console(file=io.StringIO(), force_terminal=True, width=160, color_system=None)
    print_counterexample(drawn, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO from above
    assert "[L4]" in text
    row = next(line for line in text.splitlines() if "up[0]" in line)
    assert row.replace("│", " ").split() == ["up[0]", "BUILD", "*", "IDLE"]


def test_a_run_without_the_proof_says_not_run_and_is_not_green() -> None:
    table = Table(rules())
    console = Console(file=io.StringIO(), width=300)
    print_table(table, console)
    row = next(line for line in console.file.getvalue().splitlines() if line.startswith("V2 "))  # type: ignore[attr-defined]  # it is the StringIO from above
    assert "not run" in row
    assert row.endswith("unfinished")
    assert table.rows["V2"].missing() == ["explored", "proved"]


def test_the_proof_is_a_stage_of_verify(monkeypatch: pytest.MonkeyPatch, everything: list[Obligation]) -> None:
    monkeypatch.setattr(main_job, "obligations", lambda: choose(everything, MOVES))
    options = main_job.Options(json=None, models=False)
    job = main_job.Run(options, Console(file=io.StringIO()), make_subject)
    assert job.stage("the proof", job.proof) is Standing.HOLDS
    [finding] = job.table.rows["V2"].of("proved")
    assert finding.count == 1

    def missing(*args: object, **kwargs: object) -> Attempt:
        raise SolverMissingError("cvc5: expected cvc5>=1.2, found none")

    monkeypatch.setattr(main_job, "prove", missing)
    assert job.stage("the proof", job.proof) is Standing.UNFINISHED
    assert "found none" in job.stages[-1]["summary"]
