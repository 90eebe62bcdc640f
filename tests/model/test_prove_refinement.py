"""The refinement's obligations: confirmed for the algorithm, refused for what an observer could see."""

from __future__ import annotations

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.algorithm import Algorithm
from quiesce_model.known_bad.mutants import calls, drain, lifecycle
from quiesce_model.language import Model
from quiesce_model.meaning import MEANING, STEPS
from quiesce_model.prove import Obligation, ProveError, check
from quiesce_model.prove.refinement import lemma, refinement
from quiesce_model.prove.system import system
from quiesce_model.prove.words import read_word

PAIRS = [(algorithm.Hold, protocol.Hold)]
"""The policy with the most steps; `quiesce prove` asks about all three."""


@pytest.mark.parametrize(("concrete", "abstract"), PAIRS, ids=lambda m: m.__name__)
def test_both_solvers_confirm_every_obligation(concrete: type[Model], abstract: type[Model]) -> None:
    obligations = refinement(concrete, abstract)
    answers = check(obligations)
    assert not [str(a) for a in answers if not a.confirms]
    assert len(answers) == 2 * len(obligations)
    possible = {step.name for step in system(concrete).steps if step.guard.op != "const"}
    assert possible <= {o.action for o in obligations}


def test_the_tables_speak_of_every_variable_and_every_action() -> None:
    """A line that is missing, or that nothing asks for, would be a table that says something else than it seems to."""
    assert list(MEANING) == list(protocol.Protocol.state_sorts())
    assert list(STEPS) == [a.name for a in algorithm.Continue.actions()]
    meant = {case.name for cases in STEPS.values() for case in cases if case.name is not None}
    assert meant == {a.name for a in protocol.Continue.actions()}


def test_why_a_count_sees_two() -> None:
    [answer] = check([lemma()])
    assert answer.confirms


def refused(mutant: type[Algorithm], abstract: type[Model]) -> list[Obligation]:
    answers = check(refinement(mutant, abstract), ("z3",))
    return [a.obligation for a in answers if a.refutes]


@pytest.mark.parametrize(
    ("mutant", "abstract", "action"),
    [
        (calls.NoSecondLook, protocol.Continue, "confirm"),
        (calls.NestedReadsThePointer, protocol.Overlap, "nest"),
        (lifecycle.IgnoresCancel, protocol.Continue, "drained_in_time"),
        (drain.CancelKeepsTheGate, protocol.Hold, "cancel_upgrade"),
        (lifecycle.RollbackIsNotCounted, protocol.Continue, "build_fails"),
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_a_step_that_the_protocol_does_not_have_is_refused(
    mutant: type[Algorithm], abstract: type[Model], action: str
) -> None:
    assert {o.action for o in refused(mutant, abstract)} == {action}


def test_a_word_with_other_arguments_is_refused() -> None:
    with pytest.raises(ProveError, match="it takes"):
        read_word(algorithm.Continue, MEANING["life"])
    with pytest.raises(ProveError, match="expected a function"):
        read_word(algorithm.Continue, len)
