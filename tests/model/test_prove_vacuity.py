"""Could the proof have failed?  Guards that can be met, mutants that are caught, invariants that are missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.known_bad.catalogue import KnownBad
from quiesce_model.known_bad.mutants import seldom
from quiesce_model.language import Model, every, invariant
from quiesce_model.prove import ProveError, check, induction
from quiesce_model.prove.audit import digests, mutants, stale
from quiesce_model.prove.vacuity import Dropped, dropping_each, failing, guards, never, witness
from quiesce_model.vocabulary import scope
from tests.model.prove_models import At, Room, Worker


@pytest.mark.parametrize(
    "model", [*protocol.POLICIES, *algorithm.POLICIES], ids=lambda m: f"{m.__module__}.{m.__name__}"
)
def test_every_action_can_be_taken_where_the_invariants_hold(model: type[Model]) -> None:
    answers = check(guards(model), ["z3"])
    assert not [str(a) for a in answers if not a.confirms]
    assert {a.obligation.action for a in answers} | set(never(model)) == {a.name for a in model.actions()}


def test_what_a_policy_rules_out_is_named() -> None:
    assert never(algorithm.Hold) == []
    assert set(never(algorithm.Continue)) == {"hand_over", "handover_fails", "undo_scan", "undo", "undo_times_out"}


class Contradiction(Room):
    @invariant
    def everybody_is_out(s) -> bool:
        return all(s.at[w] == At.OUT for w in every(Worker))

    @invariant
    def somebody_is_in(s) -> bool:
        return any(s.at[w] == At.IN for w in every(Worker))


def test_a_contradiction_proves_every_step_and_is_seen() -> None:
    steps = [o for o in induction(Contradiction) if o.kind == "inductive"]
    assert all(a.confirms for a in check(steps, ["z3"]))
    assert all(a.refutes for a in check(guards(Contradiction), ["z3"]))


def test_the_explorer_has_a_witness_for_every_action() -> None:
    """Reached by the methods, and every claim, the forall-exists ones too, was looked at there."""
    found = witness(algorithm.Overlap, scope(1, 1, 2, 4, 2), states=4_000)
    assert {a.name for a in algorithm.Overlap.actions()} - set(found) <= set(never(algorithm.Overlap))
    assert all(
        state["args"] == () or len(state["args"]) == 1 for state in found.values() if isinstance(state["args"], tuple)
    )


ROOT = Path(__file__).parents[2]
SAMPLE = [e for e in seldom.ENTRIES if e.name == "UnregistersDuringAnUpgrade"]


@pytest.mark.parametrize("entry", SAMPLE, ids=lambda e: e.name)
def test_a_mutant_is_caught_by_an_obligation_of_its_rule(entry: KnownBad) -> None:
    """`make soak` does this for every mutant."""
    found = mutants([entry])[entry.name]
    assert found["caught"]
    assert found["by its own rule"]
    assert found["how"] == "sat"


def test_the_audit_on_record_is_closed_and_knows_what_it_is_about() -> None:
    """It takes minutes to make, so that it is of the present models is left to `make stale`."""
    found = json.loads((ROOT / "specs" / "proof-audit.json").read_text(encoding="utf-8"))
    assert found["open"] == []
    assert stale({}) == sorted(found["digests"])
    one = next(iter(found["digests"]))
    assert stale({"digests": {**digests(), one: "0" * 16}}) == [one]
    assert all(m["caught"] for m in found["mutants"].values())


def test_the_correct_model_has_nothing_that_fails() -> None:
    assert failing(protocol.Overlap).answers == ()
    assert str(failing(Room)).endswith("0 of 15 obligations fail")


def test_dropping_an_invariant_is_noticed() -> None:
    found = {d.invariant: d for d in dropping_each([protocol.Hold], only=SOME)}
    assert found["the_candidate_is_newer"].needed
    assert found["the_candidate_is_newer"].missed_by[0].verdict == "sat"
    assert "without the_candidate_is_newer" in found["the_candidate_is_newer"].missed_by[0].obligation.name
    assert not found["the_manifest_is_that_of_the_current_version"].needed
    assert found["the_manifest_is_that_of_the_current_version"].stays == "a promise (T1)"
    assert Dropped("x", (), ()).stays == "nothing says why"


SOME = {"the_candidate_is_newer", "the_manifest_is_that_of_the_current_version"}


def test_dropping_from_an_open_argument_is_refused() -> None:
    class Open(Room):
        @invariant
        def nobody_is_ever_in(s) -> bool:
            return s.inside == 0

    with pytest.raises(ProveError, match="expected a confirmed argument"):
        dropping_each([Open])
