"""The models, exported, in SPIN: exactly as many states and steps as our explorer has, and the same failures.

One small scope of each model, and some known-bad protocols; all of them: ``make soak``.
"""

from __future__ import annotations

import pytest

from quiesce_model.algorithm import Hold
from quiesce_model.explore import explore
from quiesce_model.export import crosscheck
from quiesce_model.export.crosscheck import MODELS, Row, count_in_spin, ends_in_spin, fails_in_spin, module_name
from quiesce_model.export.promela import STARTS, Promela, state_is
from quiesce_model.export.spin import SpinError, SpinMissing, missing, spin
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language import Model, ModelError, PlainRun
from quiesce_model.vocabulary import Epoch, Thread, scope
from tests.model.export_models import SCOPE, Color, Corners, FallsShort

needs_spin = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {missing()}; apt-get install spin gcc")

SMALL = scope(1, 1, 2, 4, 2)
SAMPLE = (
    "published: as found, no way back",  # a trap
    "NoSecondLook",  # a claim about steps
    "RetractsWithoutLooking",  # a claim about states
    "LosesAHolder",  # an assertion
    "NobodyWakesTheDrain",  # an upgrade that never ends
)


def agrees(row: Row) -> None:
    assert row.verdict == "agrees", str(row)
    assert row.ours


@needs_spin
@pytest.mark.parametrize("model", MODELS, ids=module_name)
def test_spin_has_as_many_states_and_steps(model: type[Model]) -> None:
    agrees(count_in_spin(model, SMALL))


@needs_spin
@pytest.mark.parametrize("name", SAMPLE)
def test_a_known_bad_protocol_fails_in_spin_as_far_from_the_start(name: str) -> None:
    agrees(fails_in_spin(next(e for e in catalogue() if e.name == name)))


@needs_spin
def test_an_upgrade_ends_in_spin() -> None:
    row = ends_in_spin(Hold, SMALL)
    agrees(row)
    assert row.ours == "no cycle"


@needs_spin
def test_a_model_that_shares_no_habit_with_the_protocol() -> None:
    ours = explore(Corners, SCOPE, vacuity=False)
    theirs = spin(Promela(Corners, SCOPE).text())
    assert ours.violation is None
    assert ours.edge_of_scope > 0
    assert (theirs.states, theirs.transitions - STARTS, theirs.complete) == (ours.states, ours.edges, True)
    broken = explore(FallsShort, SCOPE, deadlock=False, vacuity=False).violation
    assert broken is not None
    found = spin(Promela(FallsShort, SCOPE).text(), shortest=True)
    assert (found.errors, found.error, len(found.steps) - 1) == (1, "assertion violated", len(broken))


@needs_spin
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pc[Thread_id] = Pc_PEEK;", "pc[Thread_id] = Pc_IDLE;"),
        ("up[Upgrader_id] == Up_DISCARD", "up[Upgrader_id] == Up_LOOK"),
        ("now_ = now_ + 1;", "now_ = now_ + 2;"),
    ],
)
def test_a_slip_of_the_exporter_would_be_noticed(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    text = Promela(Hold, SMALL, claims=(), asserts="block").text()
    assert old in text
    slip = type("Slip", (), {"text": lambda _: text.replace(old, new)})
    monkeypatch.setattr(crosscheck, "Promela", lambda *_: slip())
    try:
        row = count_in_spin(Hold, SMALL)
    except SpinError:  # an index out of bounds, which is noticed as well
        return
    assert row.verdict in {"differs", "unfinished"}, str(row)


@needs_spin
def test_what_spin_cannot_read_or_finish_is_an_error() -> None:
    with pytest.raises(SpinError, match="exit code"):
        spin("active proctype P() { do :: nonsense od }")
    with pytest.raises(SpinError, match="no end within"):
        spin(Promela(Hold, SMALL).text(), seconds=0.001)


def test_without_spin_it_is_skipped_and_never_green(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SpinMissing, match="apt-get install spin"):
        spin("")
    row = count_in_spin(Hold, SMALL)
    assert (row.verdict, bool(row)) == ("skipped", False)
    monkeypatch.setattr(crosscheck, "checks", lambda _: iter([lambda: row]))
    assert crosscheck.main([]) == 2


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match="no claim nonsense"):
        Promela(Hold, SMALL, claims=["nonsense"])
    with pytest.raises(ModelError, match="255 processes"):
        Promela(Hold, {**SMALL, Thread: 256}).text()
    with pytest.raises(ModelError, match="no type"):
        Promela(Hold, {**SMALL, Epoch: 40_000}, claims=()).type(Epoch)


@needs_spin
def test_a_search_from_another_state_goes_on_from_there() -> None:
    run = PlainRun(Corners, SCOPE)
    later = run.apply(run.initial(), "climb", Color.RED, True).state
    assert later is not None
    beyond = {later}
    todo = [later]
    for state in todo:  # grows while it is walked
        after = {outcome.state for *_, outcome in run.steps(state) if outcome.state is not None} - beyond
        beyond |= after
        todo += after
    values = run.as_dict(later)
    assert spin(Promela(Corners, SCOPE, claims=(), start=values).text()).states == len(beyond)
    here = Promela(Corners, SCOPE, claims=(), start=values, never={"here": state_is(Corners, values)})
    assert len(spin(here.text(), shortest=True).steps) == 1  # the monitor sees it at once
