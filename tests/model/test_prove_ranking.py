"""Liveness by ranking: confirmed under each policy, and each known-bad protocol that need not end fails somewhere."""

from __future__ import annotations

import pytest

from quiesce_model import algorithm, endings
from quiesce_model.algorithm import Algorithm
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language import every
from quiesce_model.prove import Obligation, check, induction
from quiesce_model.prove.liveness import ranking, with_a_timeout
from quiesce_model.vocabulary import Upgrader

FOREVER = {e.name: e for e in catalogue() if e.kind != "safety"}
RANKED = {name: e for name, e in FOREVER.items() if issubclass(e.model, Algorithm)}


@pytest.mark.rule("V1", "V2", "V3", "V4", "M5", "L4")
@pytest.mark.parametrize("model", [algorithm.Hold], ids=lambda m: m.__name__)
def test_both_solvers_confirm_every_obligation(model: type[Algorithm]) -> None:
    obligations = ranking(model)
    answers = check(obligations)
    assert not [str(a) for a in answers if not a.confirms]
    assert len(answers) == 2 * len(obligations)
    assert {rule for o in obligations for rule in o.rules} == {"V1", "V2", "V3", "V4", "M5", "L4"}


CAUGHT = {
    "NestedWaitsAtTheGate": "who has a record can move",
    "DrainsEverything": "scan keeps a_drain_that_has_ended_is_noticed",
    "NobodyWakesTheDrain": "look keeps a_drain_that_has_ended_is_noticed",
    "ScanForgetsACancel": "scan keeps who_need_not_wait_is_woken",
    "RolledBackForEver": "build_fails keeps an_upgrade_under_way_is_somebodys",
}


@pytest.mark.parametrize(("name", "end"), CAUGHT.items())
def test_a_protocol_that_need_not_end_fails(name: str, end: str) -> None:
    """A process with a rank cannot move, or an invariant on which the ranks stand is not kept."""
    entry = RANKED[name]
    [obligation] = [o for o in ranking(entry.model) + induction(entry.model) if o.name.endswith(f": {end}")]
    assert entry.breaks in obligation.rules
    [answer] = check([obligation], ("z3",))
    assert answer.refutes


def test_the_others_are_not_the_algorithm() -> None:
    """The published protocol has no upgraders and no records to rank: there the cycle, or the trap, is explored."""
    others = {name for name in FOREVER if name not in RANKED}
    assert others == {name for name in FOREVER if name.startswith("published")}
    assert set(RANKED) == set(CAUGHT)


@pytest.mark.parametrize(
    ("policy", "model"),
    [
        (algorithm.Continue, endings.ContinueWithTimeOut),
        (algorithm.Hold, endings.HoldWithTimeOut),
        (algorithm.Overlap, endings.OverlapWhateverCallsDo),
    ],
    ids=lambda m: m.__name__,
)
def test_the_fairness_of_v2_is_that_of_the_explored_models(policy: type[Algorithm], model: type[Algorithm]) -> None:
    """The solvers and the search for cycles assume the same of calls and of the time-out."""
    possible = {a.name for a in model.actions() if a.guard.op != "const"}
    explored = {a.name for a in model.actions() if a.fair}
    assumed = with_a_timeout(frozenset(a.name for a in policy.actions() if a.fair))
    assert explored & possible == assumed & possible


class SleepsAgain(algorithm.Continue):
    """Whoever looks puts every waiter back to sleep if the drain has not ended."""

    def wake(s) -> None:
        for u in every(Upgrader):
            s.woken[u] = s.drained()


def test_who_is_put_back_to_sleep_is_found() -> None:
    assert [o.action for o in refuted_of(SleepsAgain) if "back to sleep" in o.name] == ["look"]


def refuted_of(model: type[Algorithm]) -> list[Obligation]:
    obligations = [o for o in ranking(model) if not o.by_core]
    return [a.obligation for a in check(obligations, ("z3",)) if a.refutes]
