"""specs/rules.toml is complete, well-formed, and agrees with everything that cites it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from quiesce_model import rules as loader
from quiesce_model.algorithm import Continue, Hold
from quiesce_model.language.plain import PlainRun
from quiesce_model.rules import RulesError, groups, operations, parse, rules, transitions
from quiesce_model.vocabulary import Epoch, HotReloadState, Tally, Thread, Upgrader, Version
from tests.unit.evidence import Site, citations, claims, evidence, marks, unknown
from tests.unit.layers import ROOT

SIZES = {"L": 5, "R": 6, "T": 4, "D": 6, "M": 7, "B": 4, "H": 2, "S": 1, "V": 4, "G": 3}
STATES = {state.name for state in HotReloadState}
GROUP = '[[group]]\nletter = "R"\ntitle = "Requests"\n'
RULE = '[[rule]]\nid = "R1"\ntitle = "t"\nkind = "api"\nstatement = "s"\nscope = "c"\nevidence = ["tested"]\n'


# --- the file -------------------------------------------------------------------------------------------------------


def test_every_rule_is_there_once_and_in_order() -> None:
    assert list(rules()) == [f"{letter}{n}" for letter, size in SIZES.items() for n in range(1, size + 1)]
    assert list(groups()) == list(SIZES)


def test_texts_are_sentences_and_titles_are_short() -> None:
    for rule in rules().values():
        assert len(rule.title) <= 60, rule.id
        assert rule.statement.endswith("."), rule.id
        assert rule.scope.endswith("."), rule.id


def test_every_assumption_that_a_rule_cites_is_listed() -> None:
    listed = set(
        re.findall(r"^\| (A\d+) \|", (ROOT / "specs" / "assumptions.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    cited = {name for rule in rules().values() for name in re.findall(r"\bA\d+\b", rule.scope)}
    assert cited
    assert cited <= listed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GROUP + RULE + RULE, "R1: expected an id once"),
        (GROUP + RULE.replace("R1", "X1"), "X1: expected a letter of"),
        (GROUP + RULE.replace('"api"', '"hope"'), "expected kind"),
        (GROUP + RULE.replace('"tested"', '"proven"'), "expected evidence"),
        (GROUP + RULE.replace('["tested"]', "[]"), "expected evidence"),
        (GROUP + RULE.replace('statement = "s"\n', ""), "expected statement"),
    ],
)
def test_a_bad_file_is_refused_with_the_entry_and_the_reason(text: str, says: str) -> None:
    with pytest.raises(RulesError, match=re.escape(says)):
        parse(text)


def test_a_missing_file_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loader, "__file__", str(tmp_path / "model" / "quiesce_model" / "rules.py"))
    with pytest.raises(RulesError, match="reinstall"):
        loader.path()


def test_an_installed_wheel_reads_its_own_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside = tmp_path / "lib" / "quiesce_model" / "specs" / "rules.toml"
    inside.parent.mkdir(parents=True)
    inside.touch()
    monkeypatch.setattr(loader, "__file__", str(inside.parent.parent / "rules.py"))
    assert loader.path() == inside


# --- the state machine ----------------------------------------------------------------------------------------------


@pytest.mark.rule("L1")
def test_transitions_name_the_six_states_and_each_edge_once() -> None:
    edges = [(edge.source, edge.target) for edge in transitions()]
    assert len(set(edges)) == len(edges)
    assert {state for edge in edges for state in edge} == STATES
    assert all(edge.by for edge in transitions())


@pytest.mark.rule("L4")
def test_the_listed_transitions_have_no_trap() -> None:
    reaches = {"ACTIVE"}
    while more := {edge.source for edge in transitions() if edge.target in reaches} - reaches:
        reaches |= more
    assert reaches == STATES


@pytest.mark.rule("L3")
def test_operations_name_states_that_exist() -> None:
    assert all(operation.legal and operation.legal <= STATES for operation in operations().values())


# Callers, upgraders, versions, epochs, tallies: a second upgrader cancels, three more epochs let HOLD revert.
@pytest.mark.rule("L1")
def test_the_listed_transitions_are_those_that_the_models_take() -> None:
    sizes = [(Continue, (1, 2, 2, 3, 2)), (Continue, (1, 1, 2, 4, 2)), (Hold, (1, 1, 2, 5, 2))]
    taken: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for model, size in sizes:
        run = PlainRun(model, dict(zip((Thread, Upgrader, Version, Epoch, Tally), size, strict=True)))
        at = run.names.index("state")
        for before, steps in run.reachable().items():
            for name, _, outcome in steps:
                if outcome.state is not None and outcome.state[at] is not before[at]:
                    taken[before[at].name, outcome.state[at].name].add(name)
    assert taken == {(edge.source, edge.target): set(edge.by) for edge in transitions()}


# --- what cites it --------------------------------------------------------------------------------------------------


def test_citations_are_found_in_comments_and_strings_only() -> None:
    text = 'R1 = 1  # R2: why\nx = "R3"\n"""Doc\n\nR4"""\ny = f"R5 {x}"\n'
    assert [(site.line, site.rule) for site in citations("x.py", text)] == [(1, "R2"), (2, "R3"), (5, "R4"), (6, "R5")]


def test_claims_are_found_in_decorators_and_asserts() -> None:
    text = """
@invariant("R3", "M1")
def f(s): ...
@action
def g(s):
    assert s, "R5: so"
@sometimes("R2")
def h(s): ...
"""
    assert {site.rule for site in claims("x.py", text)} == {"R3", "M1", "R5"}


def test_marks_are_found_on_functions_and_modules() -> None:
    text = 'pytestmark = pytest.mark.rule("R1")\n@pytest.mark.rule("R2", "R3")\ndef test_x(): ...\n'
    assert {site.rule for site in marks("x.py", text)} == {"R1", "R2", "R3"}


def test_a_citation_of_a_rule_that_does_not_exist_is_found() -> None:
    assert list(citations("x.py", "# R99 says so\n")) == [Site("x.py", 1, "R99")]
    assert "R99" not in rules()


def test_every_rule_that_is_cited_exists() -> None:
    strangers = unknown()
    assert not strangers, "no such rule in specs/rules.toml:\n" + "\n".join(map(str, strangers))


def test_every_rule_has_a_test() -> None:
    bare = [rule for rule, has in evidence().items() if not has.tests]
    assert not bare, f"no test is marked with @pytest.mark.rule for {bare}; see python -m tests.unit.evidence"


def test_every_rule_that_is_to_be_explored_has_a_claim_in_a_model() -> None:
    bare = [rule for rule, has in evidence().items() if "explored" in rules()[rule].evidence and not has.claims]
    assert not bare, f"no model claims {bare}; see python -m tests.unit.evidence"
