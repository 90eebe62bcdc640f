"""The mutants of the runtime are what they say they are: patches that apply, of a copy that nobody else sees."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import pytest

import quiesce
from quiesce_conformance.schedules import Engine
from quiesce_conformance.schedules.text import chooser_from_text
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.rules import rules
from tests.schedules.mutants import MUTANTS, BadMutant, Mutant, Patch
from tests.schedules.mutants.__main__ import main
from tests.schedules.mutants.engines import ENGINES
from tests.schedules.mutants.kill import hunt, rules_of, scenarios_of
from tests.schedules.mutants.load import loaded
from tests.schedules.mutants.matrix import ALL, FILE, digest, findings, summary

COUNTERPARTS = {entry.name: entry for entry in catalogue()}


def test_there_are_at_least_twenty_five_and_no_name_is_given_twice() -> None:
    assert len(MUTANTS) >= 25
    assert Counter(m.name for m in MUTANTS).most_common(1)[0][1] == 1


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_patch_applies_and_the_copy_can_be_imported(mutant: Mutant) -> None:
    with loaded(mutant) as copy:
        assert copy is not quiesce
        assert copy.HotReloadablePlugin is not quiesce.HotReloadablePlugin
        assert sys.modules["quiesce"] is copy
    assert sys.modules["quiesce"] is quiesce


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_its_rules_and_its_counterpart_exist(mutant: Mutant) -> None:
    known = set(rules())
    assert set(mutant.breaks) <= known
    assert mutant.model is None or mutant.model in COUNTERPARTS


def test_a_patch_that_does_not_apply_is_an_error_that_shows_it() -> None:
    mutant = Mutant("x", "", (Patch("reclaim", "no such text", ""),), ("L1",), ("a",), model="NoSecondLook")
    with pytest.raises(BadMutant, match="no such text"), loaded(mutant):
        pass
    assert sys.modules["quiesce"] is quiesce


def test_a_patch_of_a_module_that_is_not_loaded_is_an_error() -> None:
    mutant = Mutant("x", "", (Patch("no_such_module", "a", "b"),), ("L1",), ("a",), model="NoSecondLook")
    with pytest.raises(BadMutant, match="no_such_module"), loaded(mutant):
        pass


# -- the matrix --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def test_the_matrix_was_made_from_this_kernel_this_model_and_these_mutants(made: dict[str, Any]) -> None:
    assert made["digest"] == digest(), "the kernel, the model or a mutant has changed: make kill-matrix"


def test_the_matrix_has_every_mutant_and_every_engine(made: dict[str, Any]) -> None:
    assert [row["name"] for row in made["mutants"]] == [m.name for m in MUTANTS]
    assert all(tuple(row["engines"]) == ALL for row in made["mutants"])
    assert {row["scenario"] for row in made["control"]} == {name for m in MUTANTS for name in m.scenarios}


def test_the_matrix_is_the_same_in_every_checkout() -> None:
    assert ".py:" not in FILE.read_text(encoding="utf-8"), "a path in it"


def test_every_mutant_is_killed_for_a_rule_that_was_said_and_the_control_lives(made: dict[str, Any]) -> None:
    assert not findings(made)
    assert made["summary"] == summary(made["mutants"])


def test_a_mutant_that_one_engine_alone_kills_is_named(made: dict[str, Any]) -> None:
    alone = {row["name"]: row["killed_by"][0] for row in made["mutants"] if len(row["killed_by"]) == 1}
    assert made["summary"]["only_one"] == alone


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"killed_by": []}, "nothing kills it"),
        ({"engines": {"DPOR": {"outcome": "wrong", "rules": ["L1"]}}}, "DPOR fails for L1"),
        ({"engines": {"DPOR": {"outcome": "killed", "rules": ["L1"]}}}, "DPOR names"),
        (
            {
                "engines": {
                    "exhaustive": {"outcome": "killed", "rules": ["R3"]},
                    "DPOR": {"outcome": "survived", "exhausted": True},
                }
            },
            "ran everything",
        ),
    ],
)
def test_what_must_not_be_in_a_matrix_is_found(change: dict[str, Any], finding: str) -> None:
    row = {"name": "m", "breaks": ["R3"], "killed_by": ["DPOR"], "engines": {}} | change
    assert any(finding in line for line in findings({"mutants": [row], "control": []}))


def test_a_control_that_dies_is_found() -> None:
    row = {"scenario": "s", "engines": {"DPOR": {"outcome": "killed"}}}
    assert findings({"mutants": [], "control": [row]}) == ["control s: DPOR says killed: None"]


def test_each_mutant_is_killed_again_by_a_schedule_of_the_matrix(made: dict[str, Any]) -> None:
    """From its text, on a fresh copy of the runtime."""
    for mutant, row in zip(MUTANTS, made["mutants"], strict=True):
        kills = [row["engines"][name] for name in ENGINES if row["engines"][name]["outcome"] == "killed"]
        kill = min(kills, key=lambda cell: len(cell["schedule"]))
        with Engine() as engine, scenarios_of(mutant, (kill["scenario"],)) as scenarios:
            execution = scenarios[kill["scenario"]](engine, chooser_from_text(kill["schedule"]))
        assert set(rules_of(execution)) & set(kill["rules"]), f"{mutant.name}: {kill['schedule']}: {execution.ending}"


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        ("exhaustive", "waits_for_nobody"),
        ("DPOR", "frees_twice"),
        ("PCT", "asks_one_record_only"),
        ("random", "state_checked_then_set"),
        ("Hypothesis", "backs_out_without_looking"),
    ],
)
def test_each_engine_kills_again(engine: str, name: str) -> None:
    mutant = next(m for m in MUTANTS if m.name == name)
    with Engine() as threads, scenarios_of(mutant, mutant.scenarios) as scenarios:
        found = hunt(scenarios, ENGINES[engine].search, mutant.breaks, threads)
    assert found.outcome == "killed"
    assert set(found.rules) <= set(mutant.breaks)


def test_a_failure_for_no_rule_that_was_said_is_no_kill() -> None:
    mutant = next(m for m in MUTANTS if m.name == "no_second_look")
    with Engine() as engine, scenarios_of(mutant, mutant.scenarios) as scenarios:
        found = hunt(scenarios, ENGINES["exhaustive"].search, ("B4",), engine)
    assert found.outcome == "wrong"
    assert "T2" in found.rules


def test_unknown_mutants_are_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mutants", "no_such_mutant"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "no_such_mutant" in capsys.readouterr().err
