"""The models as TLA+ modules: what a reader finds in them, and what TLC says of them where there is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.algorithm import Hold
from quiesce_model.explore import explore
from quiesce_model.export.crosscheck import at_rest, count_in_tlc, ends_in_tlc, module_name, rare
from quiesce_model.export.tla import Tla, config
from quiesce_model.export.tlc import JAR, TlcError, TlcMissing, jar, missing, tlc
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language import Model
from quiesce_model.vocabulary import scope
from tests.model.export_models import SCOPE, Corners, FallsShort

needs_tlc = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {missing()}")

SMALL = scope(1, 1, 2, 4, 2)


def hold() -> Tla:
    return Tla(Hold, "AlgorithmHold", ends=at_rest(Hold), finitely=rare(Hold))


def test_an_engineer_recognises_the_protocol() -> None:
    """Actions, words, invariants and promises under their own names, with rules, cases and frames."""
    text = hold().text()
    for wanted in (
        "CONSTANTS Thread, Upgrader, MaxEpoch, MaxVersion, MaxTally\n",
        '  /\\ life = [x \\in Version |-> IF x = 0 THEN "LIVE" ELSE "UNBORN"]\n',
        "drained == \\A e \\in Epoch : (e < now) => (holders[e] = 0)\n",
        'announce(t) ==\n  /\\ pc[t] = "ANNOUNCE"\n  /\\ holders\' = [holders EXCEPT ![epoch[t]] = @ + 1]\n',
        '     THEN /\\ pc\' = [pc EXCEPT ![t] = "IDLE"]\n          /\\ UNCHANGED epoch\n',
        "  /\\ now + 1 \\in Epoch\n",
        "\\* invariant: R3, R5\na_running_call_has_its_version == ",
        "life_moves_forward == [][",
        "confirm_R5 == \\A t \\in Thread : ",
        "  /\\ \\A t \\in Thread : WF_vars(\n       \\/ read(t)\n",
        "EveryUpgradeEnds == <>[][~(\\E t \\in Thread : nest(t))]_vars => (\\A u \\in Upgrader : []<>",
    ):
        assert wanted in text, wanted
    assert all(f"\n{a.name}" in text for a in Hold.actions())
    assert "!" not in text.replace("![", "")  # no name of the reader's is left


@pytest.mark.parametrize("model", [*algorithm.POLICIES, *protocol.POLICIES], ids=module_name)
def test_every_action_says_of_every_variable_what_becomes_of_it(model: type[Model]) -> None:
    module = Tla(model, "M")
    text = module.text()
    groups = module.groups()
    for action in module.actions:
        found = re.search(rf"^{action.name}(\(.*?\))? ==\n(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
        assert found is not None
        kept = {
            v for names in re.findall(r"UNCHANGED <<(.*?)>>", found[2], re.DOTALL) for v in re.split(r",\s*", names)
        }
        kept |= set(re.findall(r"UNCHANGED (\w+)", found[2]))
        kept = {v for name in kept for v in groups.get(name, [name])}
        changed = set(re.findall(r"/\\ (\w+)' = ", found[2]))
        assert kept | changed == set(model.state_sorts()), action.name


def test_a_bound_variable_never_hides_a_parameter() -> None:
    for line in hold().text().splitlines():
        head, _, body = line.partition(" == ")
        params = set(re.findall(r"\w+", head.partition("(")[2]))
        assert params.isdisjoint(re.findall(r"\\[AE] (\w+) \\in", body)), line


def test_a_config_lists_every_claim() -> None:
    text = config(hold(), SMALL)
    assert "Thread = {t1}" in text
    assert "MaxEpoch = 3" in text
    for name, claim in Hold.claims("invariant", "theorem", "transition").items():
        assert f"{'PROPERTY' if claim.role == 'transition' else 'INVARIANT'} {name}\n" in text


@needs_tlc
def test_tlc_finds_as_many_states_and_as_deep() -> None:
    for model in (Hold, protocol.Continue):
        row = count_in_tlc(model, SMALL)
        assert row.verdict == "agrees", str(row)


@needs_tlc
def test_an_upgrade_ends_in_tlc_and_one_that_nobody_wakes_does_not() -> None:
    bad = next(e for e in catalogue() if e.name == "NobodyWakesTheDrain")
    for row, found in ((ends_in_tlc(Hold, SMALL), "no cycle"), (ends_in_tlc(bad.model, SMALL, entry=bad), "a cycle")):
        assert row.verdict == "agrees", str(row)
        assert row.ours == found


@needs_tlc
def test_a_module_that_shares_no_habit_with_the_protocol() -> None:
    module = Tla(Corners, "Corners")
    ours, theirs = (
        explore(Corners, SCOPE, vacuity=False),
        tlc(module.text(), config(module, SCOPE), name="Corners"),
    )
    assert (theirs.distinct, theirs.violated) == (ours.states, "")
    broken = explore(FallsShort, SCOPE, deadlock=False, vacuity=False).violation
    module = Tla(FallsShort, "FallsShort")
    found = tlc(module.text(), config(module, SCOPE), name="FallsShort", workers=1)
    assert broken is not None
    assert (found.violated, found.steps) == (broken.claim, len(broken))


@needs_tlc
def test_what_tlc_cannot_read_is_an_error() -> None:
    with pytest.raises(TlcError, match="expected the end of a search"):
        tlc("---- MODULE M ----\nnonsense\n====\n", "SPECIFICATION Spec\n", name="M")


def test_without_a_jar_it_is_skipped_and_never_green(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(JAR, str(tmp_path / "none.jar"))
    with pytest.raises(TlcMissing, match="found no file"):
        jar()
    with pytest.raises(TlcMissing, match="not on this machine"):
        tlc("", "", name="M")
    row = count_in_tlc(Hold, SMALL)
    assert (row.verdict, bool(row)) == ("skipped", False)
