"""Solvers in processes: what they say, and what is made of one that hangs, dies, babbles, is missing or too old."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import replace

import pytest

from quiesce_model.language.expr import FALSE, TRUE, arith, bound, const, eq, imp, quantify, read, var
from quiesce_model.language.sorts import MapSort
from quiesce_model.prove import (
    Answer,
    Obligation,
    ProveError,
    Reading,
    Solver,
    SolverMissingError,
    check,
    formulate,
    induction,
)
from quiesce_model.prove import children as processes
from quiesce_model.prove.solvers import SOLVERS
from tests.model.prove_models import At, Deep, Room, Round, Worker

ANSWERS = 'print(\'{"verdict": "unsat", "seconds": 0.5}\', flush=True)'
r = var("round", Round)
at = var("at", MapSort(Worker, At))
x = bound("x", Worker)


def obligation(goal: object = None, **more: object) -> Obligation:
    goal = imp(arith("<", r, const(3, Round)), arith("<", r, const(4, Round))) if goal is None else goal
    hypotheses = (
        ("small", arith("<", r, const(9, Round))),
        ("in", quantify("forall", (x,), eq(read(at, x), const(At.IN)))),
    )
    reading = Reading(Room, Room.state_sorts(), hypotheses, goal)  # type: ignore[arg-type]  # object: None is the default
    return replace(formulate(reading, "theorem", "a small thing"), **more)  # type: ignore[arg-type]  # any field


def planted(program: str) -> Solver:
    """A solver whose process runs this for each line that it reads."""
    body = "import os, sys, time\nfor line in sys.stdin:\n" + "".join(f"    {part}\n" for part in program.splitlines())
    return Solver("planted", command=(sys.executable, "-c", body))


def test_both_solvers_answer_in_order_with_cores() -> None:
    good, bad = obligation(), obligation(arith("<", r, const(3, Round)))
    answers = check([good, bad], cores=True)
    assert [(a.solver, a.verdict) for a in answers][:3] == [("z3", "unsat"), ("cvc5", "unsat"), ("z3", "sat")]
    assert answers[1].core == ()
    assert answers[2].refutes
    assert not answers[2].confirms
    assert "s.round" in str(answers[2].model)
    assert answers[3].verdict in {"sat", "unknown"}
    [one] = check([obligation(arith("<", r, const(9, Round)))], ["cvc5"], cores=True)
    assert one.core == ("small",)


def test_answers_do_not_leak_into_each_other() -> None:
    """A session forgets a goal before it hears the next: contradictory ones in a row, in every order."""
    high, low = arith("<", const(5, Round), r), arith("<", r, const(2, Round))
    both = [obligation(high), obligation(low), obligation(high), obligation(TRUE), obligation(FALSE)]
    for solver in ("z3", "cvc5"):
        verdicts = [a.verdict == "unsat" for a in check(both, [solver], workers=1)]
        assert verdicts == [False, False, False, True, False]


def test_a_seed_and_many_workers_change_nothing_that_is_proved() -> None:
    asked = induction(Room)
    for seed in (1, 2):
        answers = check(asked, seed=seed, workers=3)
        assert all(a.confirms for a in answers)
        assert [a.obligation for a in answers[::2]] == asked


def test_where_quantifiers_alternate_z3_is_given_what_cvc5_needed() -> None:
    deep = [o for o in induction(Deep) if o.by_core]
    answers = check(deep)
    assert deep
    assert all(a.confirms for a in answers)
    by_z3 = [a for a in answers if a.solver == "z3"]
    assert all(a.hypotheses is not None and a.hypotheses < len(a.obligation.hypotheses) for a in by_z3)
    alone = check(deep, ["z3"])
    assert all(a.hypotheses is None for a in alone)


def test_a_solver_that_hangs_is_killed_and_the_next_question_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.1)
    monkeypatch.setattr(processes, "START", 0.5)
    # The sleep is in the child: that it outlasts every limit is what hanging means.
    slow = planted(f"time.sleep(600) if '4' in line else {ANSWERS}")
    answers = check([obligation(), obligation(FALSE)], [slow], 0.3, workers=1)
    assert [a.verdict for a in answers] == ["timeout", "unsat"]
    assert "killed" in answers[0].reason
    assert not answers[0].confirms
    assert not answers[0].refutes


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("os._exit(3)", "status 3"),
        ("os.kill(os.getpid(), 9)", "status -9"),
        ("print('out of memory', flush=True)", "out of memory"),
        ("print('[]', flush=True)", "expected an answer"),
        ('print(\'{"verdict": "maybe", "seconds": 1}\', flush=True)', "maybe"),
        ('print(\'{"verdict": "unsat"}\', flush=True)', "expected an answer"),
    ],
)
def test_a_solver_that_dies_or_babbles_is_no_answer(program: str, reason: str) -> None:
    answers = check([obligation(), obligation()], [planted(program)], 5)
    assert [a.verdict for a in answers] == ["died", "died"]
    assert reason in answers[0].reason


def test_the_other_solver_goes_on_when_one_dies() -> None:
    answers = check([obligation()], [planted("os._exit(1)"), "z3"])
    assert [(a.solver, a.verdict) for a in answers] == [("planted", "died"), ("z3", "unsat")]


def test_a_program_that_cannot_be_started_is_said_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        check([obligation()], [Solver("planted", command=("/no/such/program",))])


def test_what_is_no_smt_lib_is_no_answer() -> None:
    broken = replace(obligation(), goal="(< s.round no.such.name)")
    assert [a.verdict for a in check([broken])] == ["died", "died"]
    assert all("no.such.name" in a.reason for a in check([broken]))


def test_a_question_beyond_its_time_is_unfinished() -> None:
    """Integers squared: neither solver ends here; both are asked to, at a tenth of a second."""
    hard = replace(
        obligation(),
        declarations=(*obligation().declarations, *(f"(declare-fun {n} () Int)" for n in "abc")),
        hypotheses=(("cubes", "(and (> a 1) (> b 1) (> c 1) (= (+ (* a a a a a) (* b b b b b)) (* c c c c c)))"),),
        goal="false",
    )
    for answer in check([hard], limit_seconds=0.2):
        assert answer.verdict in {"timeout", "unknown"}
        assert answer.seconds < 5


def test_missing_and_old_solvers_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"z3-solver": "4.8.12.0", "cvc5": "1.2.0"}

    def version(package: str) -> str:
        if package not in found:
            raise importlib.metadata.PackageNotFoundError(package)
        return found[package]

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(
        SolverMissingError, match=r"z3: expected z3-solver>=4.13, found 4.8.12.0; run: .* -m pip install"
    ):
        check([obligation()])
    assert SOLVERS["cvc5"].version() == "1.2.0"
    del found["cvc5"]
    with pytest.raises(SolverMissingError, match=r"cvc5: expected cvc5>=1.2, found none"):
        check([obligation()], ["cvc5"])


@pytest.mark.parametrize(
    "more",
    [
        {"limit_seconds": 0},
        {"limit_seconds": float("nan")},
        {"workers": 0},
        {"solvers": []},
        {"solvers": ["yices"]},
        {"solvers": ["z3", "z3"]},
    ],
)
def test_bad_input_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(ProveError, match="expected"):
        check([obligation()], **more)  # type: ignore[arg-type]  # bad input


def test_an_error_in_the_callers_progress_stops_the_solvers() -> None:
    class Enough(Exception):
        pass

    def stop(answer: Answer) -> None:
        raise Enough(str(answer))

    with pytest.raises(Enough, match="a small thing"):
        check([obligation()] * 50, progress=stop)


def test_nothing_to_ask_is_no_answer_at_all() -> None:
    assert check([]) == []


def test_a_contradiction_among_hypotheses_is_seen() -> None:
    """It confirms anything: so non-vacuity is asked for the other way round."""
    o = obligation(FALSE)
    contradiction = replace(o, hypotheses=(*o.hypotheses, ("odd", "(and (< s.round 1) (< 1 s.round))")))
    assert check([contradiction], ["z3"])[0].confirms
    vacuous = replace(contradiction, kind="vacuity", goal=None)
    assert check([vacuous], ["z3"])[0].refutes
