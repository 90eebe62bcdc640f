"""`quiesce.conformance:make_subject`: the reference implementation as the suite wants it."""

from __future__ import annotations

from typing import Any

import pytest

from quiesce import DuplicatePlugin, InvalidArgument, InvalidManifest, UnknownPlugin, UpgradeFailed, WrongState
from quiesce.conformance import CAPABILITIES, Subject, make_subject
from quiesce_conformance.contract import NEEDS, CandidateSpec, Capability
from quiesce_conformance.contract import Subject as Wanted


class Version:
    """Says what it was told to do."""

    def __init__(self, number: int, *, fails: str = "") -> None:
        self.number, self.fails, self.log = number, fails, list[str]()

    def _done(self, what: str) -> None:
        self.log.append(what)
        if self.fails == what:
            raise RuntimeError(what)

    def init(self) -> None:
        self._done("init")

    def close(self) -> None:
        self._done("close")

    def export_state(self) -> object:
        self._done("export")
        return self.number

    def import_state(self, state: object) -> None:
        self._done(f"import {state}")

    def work(self) -> int:
        return self.number

    again = work


def subject() -> tuple[Subject, Version]:
    first = Version(1)
    return make_subject(first, CandidateSpec(1).manifest(), 5.0), first


def test_it_has_what_it_says_and_every_profile_can_be_judged() -> None:
    made, _ = subject()
    wanted: Wanted = made
    assert wanted.call("work") == 1
    assert frozenset(Capability) - {Capability.ASYNC} == CAPABILITIES
    assert all(needed <= CAPABILITIES for needed in NEEDS.values())


def test_prepare_execute_and_what_is_seen_of_it() -> None:
    made, first = subject()
    second = Version(2)
    made.prepare(second, CandidateSpec(2).manifest())
    assert made.state.name == "PREPARING_UPGRADE"
    assert made.call("work") == 1
    made.execute(drain_timeout=1.0)
    seen = made.snapshot()
    assert (made.call("again"), seen.version, seen.manifest.version) == (2, 2, "2.0.0")
    assert (made.stats.successful_upgrades, made.manifest, made.stragglers()) == (1, seen.manifest, [])
    assert (first.log, second.log) == (["init", "close"], ["init"])


def test_policy_by_name_hands_over_and_probation_can_be_reverted() -> None:
    made, first = subject()
    second, third = Version(2), Version(3)
    made.upgrade(second, CandidateSpec(2).manifest(), policy="HOLD")
    assert (first.log, second.log) == (["init", "export", "close"], ["init", "import 1"])
    made.upgrade(third, CandidateSpec(3).manifest(), policy="OVERLAP", probation=True)
    assert made.call("work") == 3
    made.revert()
    assert (made.call("work"), made.state.name) == (2, "ROLLED_BACK")
    made.acknowledge()
    made.upgrade(Version(4), CandidateSpec(4).manifest(), policy="CONTINUE", probation=True)
    made.commit()
    assert (made.call("work"), made.state.name) == (4, "ACTIVE")


@pytest.mark.parametrize(
    ("candidate", "spec", "error"),
    [
        (Version(2, fails="init"), CandidateSpec(2), UpgradeFailed),
        (Version(2), CandidateSpec(2, name="other"), UpgradeFailed),
        (object(), CandidateSpec(2), UpgradeFailed),
    ],
)
def test_what_fails_is_the_upgrades_failure(candidate: Any, spec: CandidateSpec, error: type[Exception]) -> None:
    made, _ = subject()
    with pytest.raises(error) as caught:
        made.upgrade(candidate, spec.manifest())
    assert caught.value.__cause__ is not None
    assert (made.call("work"), made.stats.failed_upgrades, made.manifest.version) == (1, 1, "1.0.0")


def test_what_is_refused_changes_nothing() -> None:
    made, _ = subject()
    for refused in (made.execute, made.cancel, made.commit, made.revert, made.acknowledge):
        with pytest.raises(WrongState):
            refused()
    with pytest.raises(InvalidArgument, match="CONTINUE, HOLD, OVERLAP"):
        made.upgrade(Version(2), CandidateSpec(2).manifest(), policy="SOON")
    made.prepare(Version(3), CandidateSpec(3).manifest())
    made.cancel()
    assert (made.state.name, made.call("work"), made.unregister()) == ("ACTIVE", 1, True)


def test_a_first_version_that_is_wrong_is_no_subject() -> None:
    with pytest.raises(InvalidManifest):
        make_subject(object(), CandidateSpec(1).manifest(), None)
    failing = Version(1, fails="init")
    with pytest.raises(RuntimeError, match="init"):
        make_subject(failing, CandidateSpec(1).manifest(), None)
    assert failing.log == ["init", "close"]


def test_a_managers_names_are_unique_and_a_second_one_is_closed() -> None:
    manager = subject()[0].manager
    one, two = Version(1), Version(2)
    manager.register(one, CandidateSpec(1, name="a").manifest())
    with pytest.raises(DuplicatePlugin):
        manager.register(two, CandidateSpec(1, name="a").manifest())
    assert (manager.list(), manager.get("a").call("work")) == (["a"], 1)
    assert two.log == ["init", "close"]
    assert manager.unregister("a")
    assert (manager.list(), one.log) == ([], ["init", "close"])
    with pytest.raises(UnknownPlugin):
        manager.get("a")
