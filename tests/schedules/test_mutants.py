"""The mutants of the runtime are what they say they are: patches that apply, of a copy that nobody else sees."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

import quiesce
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.rules import rules
from tests.schedules.mutants import MUTANTS, BadMutant, Mutant, Patch
from tests.schedules.mutants.load import loaded

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
