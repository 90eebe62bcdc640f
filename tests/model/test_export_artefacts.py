"""What stands in specs/: true of the model, replayable, answerable, and found stale when it is not.

The files themselves are checked by ``make stale``; here the checks are tried on good and on doctored ones.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quiesce_model import rules
from quiesce_model.algorithm import POLICIES, Hold
from quiesce_model.export import artefacts, counterexamples, golden
from quiesce_model.export.digest import digest
from quiesce_model.export.obligations import file_of, script, scripts
from quiesce_model.export.table import table
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language.expr import FALSE
from quiesce_model.protocol import Continue, Overlap
from quiesce_model.prove.induction import induction

cvc5: Any = pytest.importorskip("cvc5")  # it carries no type information

HEAD = {"digest": "0" * 16}


def lines(name: str) -> list[dict[str, Any]]:
    return list(golden.golden(name, HEAD))


def dump(found: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(line) + "\n" for line in found)


@pytest.fixture(scope="module")
def hold() -> list[dict[str, Any]]:
    return lines("algorithm.Hold")


# == golden traces ===================================================================================================
def test_golden_traces_are_runs_and_take_every_action(hold: list[dict[str, Any]]) -> None:
    head, traces, actions = golden.check(dump(hold))
    assert head["model"] == "algorithm.Hold"
    assert traces > len(Hold.claims("sometimes"))
    assert actions == {a.name for a in Hold.actions() if a.guard is not FALSE}
    shown = {line["trace"].partition(" ")[2] for line in hold if line.get("trace", "").startswith("sometimes")}
    assert shown == set(Hold.claims("sometimes"))


def _first(hold: list[dict[str, Any]], has: str) -> dict[str, Any]:
    return next(line for line in hold if line.get(has))


DOCTORED: list[tuple[str, Callable[[list[dict[str, Any]]], object], str]] = [
    ("another format", lambda g: g[0].update(format="mine"), "expected the format"),
    ("another model", lambda g: g[0].update(model="algorithm.Swap"), "expected a model out of"),
    ("another change", lambda g: _first(g, "changes")["changes"].update(now=7), "expected the changes"),
    ("an action left out", lambda g: g.remove(next(x for x in g if x.get("step") == 2)), "expected step 2"),
    ("an action that is none", lambda g: _first(g, "action").update(action="jump"), "has no action jump"),
    ("a caller that is none", lambda g: _first(g, "args").update(args=[9]), "the scope does not have"),
    ("a step that is refused", lambda g: _first(g, "action").update(action="finish"), "is refused"),
    ("another end", lambda g: _first(g, "end")["state"].update(pending=9), "ends in another state"),
    ("another first state", lambda g: _first(g, "first")["first"].update(now=1), "not the first state"),
    ("no end", lambda g: g.pop(), "expected a trace with its end"),
    ("no traces", lambda g: g.__delitem__(slice(1, None)), "found none"),
    (
        "a title that is not true",
        lambda g: _first(g, "trace").update(trace="sometimes an_unregistered_version_is_freed"),
        "does not show",
    ),
]


@pytest.mark.parametrize(("doctor", "says"), [d[1:] for d in DOCTORED], ids=[d[0] for d in DOCTORED])
def test_a_doctored_golden_trace_is_rejected(
    hold: list[dict[str, Any]], doctor: Callable[[list[dict[str, Any]]], object], says: str
) -> None:
    copy = json.loads(json.dumps(hold))
    doctor(copy)
    with pytest.raises(golden.GoldenError, match=says):
        golden.check(dump(copy))


def test_what_is_no_json_is_rejected_with_its_line(hold: list[dict[str, Any]]) -> None:
    with pytest.raises(golden.GoldenError, match="line 2: expected JSON"):
        golden.check(dump(hold[:1]) + "nonsense\n")


# == counterexamples =================================================================================================
@pytest.mark.parametrize(
    "name", ["NoSecondLook", "CandidateForgotten", "LosesAHolder", "RolledBackForEver", "NobodyWakesTheDrain"]
)
def test_a_counterexample_is_a_run_that_breaks_the_claim(name: str) -> None:
    entry = next(e for e in catalogue() if e.name == name)
    found = json.loads(counterexamples.dumps(counterexamples.counterexample(entry, HEAD)))
    counterexamples.check(found)
    for doctored in (
        {"claim": "another"},
        {"run": found["run"][:-1], "steps": found["steps"]} if entry.kind == "safety" else {"story": ""},
        {"run": [{**found["run"][0], "changes": {}}, *found["run"][1:]]},
        {"name": "Nobody"},
    ):
        with pytest.raises(counterexamples.CounterexampleError):
            counterexamples.check(found | doctored)


# == obligations =====================================================================================================
def answers_of_z3(text: str) -> list[str]:
    """As anybody would: the program, the file."""
    there = Path(sys.executable).with_name("z3")
    if not there.is_file():
        pytest.skip("no z3 beside the interpreter: pip install z3-solver")
    done = subprocess.run([there, "-in"], input=text, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.split()


def answers_of_cvc5(text: str) -> list[str]:
    solver = cvc5.Solver()
    solver.setOption("incremental", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligations")
    out = []
    while not (command := parser.nextCommand()).isNull():
        out += str(command.invoke(solver, parser.getSymbolManager())).split()
    return out


def test_anyones_solver_can_check_the_obligations() -> None:
    """Both solvers answer as the file says, question by question; with a hypothesis less, one does not."""
    found = [o for o in induction(Overlap) if o.kind in {"two-state", "counting"}]
    files = scripts(found, ["head"])
    assert set(files) == {file_of(o) for o in found}
    for text in files.values():
        wanted = re.findall(r"\(set-info :status (\w+)\)", text)
        assert len(wanted) == text.count("(check-sat)") > 5
        assert answers_of_z3(text) == wanted
        assert answers_of_cvc5(text) == wanted
    text = files["protocol_overlap_two_state.smt2"]
    guards = re.sub(r"\(assert \(! .* :named guard\)\)\n", "", text)
    assert guards != text
    assert "sat" in answers_of_z3(guards)


def test_every_obligation_is_in_exactly_one_file() -> None:
    found = induction(Continue)
    text = "".join(scripts(found, []).values())
    for o in found:
        assert text.count(f"\n; {o.name}" + (f" [{', '.join(o.rules)}]" if o.rules else "") + "\n") == 1
    shared = script(found, [])
    assert len(shared) < sum(len(o.smt) for o in found) / 3


# == the table =======================================================================================================
def test_the_table_has_every_action_and_claim_of_every_model() -> None:
    found = {(m["model"], m["policy"]): m for m in table()["models"]}
    assert len(found) == 6
    for model in POLICIES:
        row = found["algorithm", model.__name__]
        assert [a["name"] for a in row["actions"]] == [a.name for a in model.actions()]
        assert [c["name"] for c in row["claims"]] == list(model.claims())
        assert [v["name"] for v in row["variables"]] == list(model.state_sorts())
        by_name = {a["name"]: a for a in row["actions"]}
        assert by_name["confirm"]["rules"] == ["R5"]
        assert by_name["announce"]["changes"] == ["holders", "pc"]
        assert {"from": "SWAPPING", "to": "UPGRADE_COMPLETE"} in [
            {k: edge[k] for k in ("from", "to")} for edge in by_name["atomic_swap"]["state"]
        ]
        assert "self" not in by_name
    known = set(rules.rules())
    assert all(r in known for m in found.values() for x in (*m["actions"], *m["claims"]) for r in x["rules"])


# == stale ===========================================================================================================
@pytest.fixture
def made(tmp_path: Path) -> Path:
    artefacts.make(tmp_path, ["tla", "transitions"])
    return tmp_path


def test_what_was_just_made_is_not_stale_and_is_made_alike_again(made: Path, tmp_path: Path) -> None:
    assert not list(artefacts.check(made, ["tla", "transitions"]))
    before = {p: p.read_bytes() for p in made.rglob("*") if p.is_file()}
    assert len(before) > 20
    artefacts.make(tmp_path, ["tla", "transitions"])
    assert before == {p: p.read_bytes() for p in made.rglob("*") if p.is_file()}


def test_a_doctored_or_missing_or_stray_file_is_stale(made: Path) -> None:
    module = made / "tla" / "AlgorithmHold.tla"
    module.write_text(module.read_text(encoding="ascii").replace("@ + 1", "@ + 2"), encoding="ascii")
    (made / "tla" / "ProtocolHold.tla").unlink()
    stray = made / "tla" / "Stray.tla"
    stray.write_text(f"Digest of the model: {digest()}.\n", encoding="ascii")
    assert list(artefacts.check(made, ["tla"])) == [
        "specs/tla/AlgorithmHold.tla: not what is made today",
        "specs/tla/ProtocolHold.tla: missing",
        "specs/tla/Stray.tla: is not made any more",
    ]
    assert list(artefacts.check(made, ["golden"])) == ["specs/golden: missing"]
    artefacts.make(made, ["tla"])
    assert not stray.exists()


def test_files_of_another_model_are_stale(made: Path, tmp_path: Path) -> None:
    found = list(artefacts.check(made, ["transitions"], of="f" * 16))
    assert found == ["specs/transitions.json: made from another model"]
    package = tmp_path / "quiesce_model"
    (package / "algorithm").mkdir(parents=True)
    (package / "algorithm" / "steps.py").write_text("x = 1\n", encoding="ascii")
    (package / "explore").mkdir()
    first = digest(package)
    (package / "explore" / "loop.py").write_text("# no part of what the model says\n", encoding="ascii")
    assert digest(package) == first
    (package / "algorithm" / "steps.py").write_text("x = 2\n", encoding="ascii")
    assert digest(package) != first


def test_a_doctored_golden_file_is_stale(hold: list[dict[str, Any]], tmp_path: Path) -> None:
    """It is replayed, not made again."""
    (tmp_path / "golden").mkdir()
    for name in golden.MODELS:
        text = dump([{"format": golden.FORMAT, "model": name, "digest": digest()}, *hold[1:]])
        (tmp_path / "golden" / f"{name}.jsonl").write_text(text, encoding="ascii")
    found = list(artefacts.check(tmp_path, ["golden"]))
    assert len(found) == len(golden.MODELS) - 1
    assert not any("algorithm.Hold" in line for line in found)


def test_the_command_says_what_is_stale(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--check", "--specs", str(made), "--only", "transitions"]
    assert artefacts.main(arguments) == 0
    monkeypatch.setattr("quiesce_model.export.artefacts.digest", lambda: "f" * 16)
    assert artefacts.main(arguments) == 1
    assert "made from another model\nrun `make specs`" in capsys.readouterr().out
