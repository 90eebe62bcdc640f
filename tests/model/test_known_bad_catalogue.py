"""The mutants of the algorithm fail as they are said to; the catalogue as a whole has no holes.

Bounds: those of each entry.  The published protocol's entries have a file of their own.
"""

from __future__ import annotations

import pytest

from quiesce_model.algorithm import POLICIES, Algorithm
from quiesce_model.known_bad.catalogue import Caught, KnownBad, catalogue, check, upgrades_end
from quiesce_model.known_bad.mutants import MUTANTS
from quiesce_model.known_bad.published.entries import PUBLISHED
from quiesce_model.rules import rules


@pytest.mark.parametrize("entry", MUTANTS, ids=lambda e: e.name)
def test_fails_as_it_is_said_to(entry: KnownBad) -> None:
    found = check(entry, plain_states=1_500)  # beyond that the plain search takes seconds
    assert isinstance(found, Caught), str(found)


def test_the_catalogue_is_whole() -> None:
    entries = catalogue()
    assert len(entries) == len(PUBLISHED) + len(MUTANTS)
    assert len({e.name for e in entries}) == len(entries)
    assert len(MUTANTS) >= 17
    assert {e.kind for e in entries} == {"safety", "trap", "liveness"}
    assert {e.breaks for e in entries} <= set(rules())


@pytest.mark.parametrize("entry", catalogue(), ids=lambda e: e.name)
def test_an_entry_names_actions_of_the_algorithm(entry: KnownBad) -> None:
    assert entry.removed_by
    assert set(entry.removed_by) <= set(Algorithm.marks("action"))


@pytest.mark.rule("V1", "V2")
@pytest.mark.parametrize("entry", [e for e in MUTANTS if e.kind == "liveness"], ids=lambda e: e.name)
def test_the_same_search_finds_no_fair_cycle_without_the_defect(entry: KnownBad) -> None:
    """The control of each liveness entry: what it was made from, in its scope, under its assumptions."""
    [correct] = entry.model.__bases__
    assert issubclass(correct, POLICIES)
    found = upgrades_end(correct, entry.scope, calls_end=entry.breaks == "V1")
    assert found.holds, str(found)
