"""Each rule against a history that breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quiesce_conformance import (
    Call,
    Ending,
    Handover,
    History,
    HistoryError,
    Life,
    Outcome,
    Publication,
    Rest,
    Sighting,
    check_history,
    check_register,
)

# --- each rule, with a history that breaks it and its neighbour that does not ---------------------------------------

GOOD = History(
    publications=[
        Publication(1, 0, 1),
        Publication(2, 20, 30, drained=True, exclusive=True),
        Publication(3, 40, 50),
        Publication(2, 60, 70, revert=True),
    ],
    calls=[
        Call(0, 0, 2, 3, 10, 11, (1, 1)),
        Call(1, 1, 15, 16, 25, 26, (1, 1)),
        Call(2, 0, 31, 32, 45, 46, (2, 2), Ending.RAISED),
        Call(3, 1, 35, 36, 55, 56, (2, 2)),
        Call(4, 1, 52, 53, 54, 55, (2, 2), outer=3),
        Call(5, 0, 51, 52, 75, 76, (3, 3)),
        Call(6, 0, 77, 78, 79, 80, (2, 2)),
    ],
    lives=[Life(1, 0, 0, [27]), Life(2, 12, 13, []), Life(3, 33, 34, [76]), Life(4, 81, None, [82])],
    handovers=[Handover(1, 2, 26, 28)],
    sightings=[Sighting(35, 36, 2, 2, "ACTIVE")],
    rests=[Rest(31, 39, "ACTIVE")],
)


def test_a_good_history_holds_on_every_rule_that_it_shows() -> None:
    verdicts = check_history(GOOD)
    assert {rule: str(v.violations) for rule, v in verdicts.items() if v.violations} == {}
    unseen = {rule: v.unseen for rule, v in verdicts.items() if v.outcome is not Outcome.HOLDS}
    assert unseen == {}
    assert set(verdicts) == {
        *(
            "L1",
            "B1",
            "R1",
            "R2",
            "R3",
            "R4",
            "R5",
            "T1",
            "T2",
            "T3",
            "T4",
            "D2",
            "D3",
            "D5",
            "H1",
            "M1",
            "M2",
            "M3",
            "M4",
            "M5",
        )
    }


def bad(rule: str) -> History:
    calls, lives, publications = list(GOOD.calls), list(GOOD.lives), list(GOOD.publications)
    extra: dict[str, Call] = {
        "R1": Call(9, 2, 77, 78, 79, 80, (2, 2), Ending.FOREIGN),
        "B1": Call(9, 2, 77, 78, 79, 80, (4, 4)),
        "R2": Call(9, 2, 25, 29, 32, 33, (1, 2)),
        "R3": Call(9, 2, 15, 29, 30, 31, (1, 1)),
        "R4": Call(9, 1, 52, 53, 54, 55, (3, 3), outer=3),
        "R5": Call(9, 2, 77, None, None, 80, (), Ending.BROKEN, error="AttributeError"),
        "T2": Call(9, 2, 15, 18, 35, 36, (2, 2)),
        "T3": Call(9, 2, 31, 32, 33, 34, (1, 1)),
        "D2": Call(9, 2, 15, 16, 31, 32, (1, 1)),
        "D3": Call(9, 2, 24, 25, 31, 32, (1, 1)),
        "D5": Call(9, 2, 24, 25, 33, 34, (1, 1)),
        "M1": Call(9, 2, 15, 16, 28, 29, (1, 1)),
        "H1": Call(9, 2, 24, 25, 27, 27, (1, 1)),
    }
    if rule in extra:
        return replace(GOOD, calls=[*calls, extra[rule]])
    if rule == "T4":
        return replace(GOOD, calls=[*calls, Call(9, 2, 21, 22, 23, 23, (2, 2)), Call(10, 2, 24, 25, 26, 26, (1, 1))])
    if rule == "L1":
        return replace(GOOD, sightings=[Sighting(35, 36, 2, 2, "SWAPPING")])
    if rule == "T1":
        return replace(GOOD, sightings=[Sighting(35, 36, 2, 1)])
    if rule == "M2":
        return replace(GOOD, lives=[*lives[:1], Life(2, 12, 13, [90]), *lives[2:]])
    if rule == "M3":
        return replace(GOOD, lives=[Life(1, 0, 0, [27, 28]), *lives[1:]])
    if rule == "M4":
        return replace(GOOD, lives=[*lives[:3], Life(4, 81, None, [82, 83])])
    if rule == "M5":
        return replace(GOOD, lives=[Life(1, 0, 0, []), *lives[1:]])
    return replace(GOOD, publications=publications)


@pytest.mark.parametrize(
    "rule", ["L1", "B1", "R1", "R2", "R3", "R4", "R5", "T1", "T2", "T3", "T4", "D2", "D3", "D5", "H1"]
)
def test_a_broken_request_or_transition_is_named(rule: str) -> None:
    verdict = check_history(bad(rule))[rule]
    assert verdict.outcome is Outcome.BROKEN
    assert str(verdict.violations[0]).startswith(f"{rule}: ")


@pytest.mark.parametrize("rule", ["M1", "M2", "M3", "M4", "M5"])
def test_a_broken_reclamation_is_named(rule: str) -> None:
    assert check_history(bad(rule))[rule].outcome is Outcome.BROKEN


def test_nothing_seen_is_not_a_pass() -> None:
    verdicts = check_history(History([Publication(1, 0, 1)], lives=[Life(1, 0, 0)]))
    assert {v.outcome for v in verdicts.values() if v.rule not in {"M3", "M5"}} == {Outcome.UNSEEN}


@pytest.mark.parametrize(
    "history",
    [
        History([]),
        History([Publication(1, 5, 3)]),
        History([Publication(1, 5, 9), Publication(2, 2, 3)]),
        History([Publication(1, 0, 1)], [Call(0, 0, 5, 4, 6, 7, (1,))]),
        History([Publication(1, 0, 1)], [Call(0, 0, 3, 4, 6, 7, ())]),
    ],
)
def test_a_record_that_contradicts_itself_is_the_recorders_fault(history: History) -> None:
    with pytest.raises(HistoryError, match="expected"):
        check_history(history)


def test_two_million_operations_would_be_a_matter_of_a_second_or_two() -> None:
    """The cost is linear: here only that a large history with many reverts ends at all, and soon."""
    publications, calls, number = [], [], 0
    for k in range(2000):
        version = k // 2 if k % 4 != 3 else k // 2 - 1
        publications.append(Publication(version, 100 * k, 100 * k + 10))
        for j in range(20):
            at = 100 * k + 11 + 4 * j
            calls.append(Call(number, j % 8, at, at + 2, at + 3, at + 3, (version,)))
            number += 1
    assert check_register(publications, calls) is None
