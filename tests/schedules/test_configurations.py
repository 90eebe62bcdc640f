"""Every configuration, exhausted within its bound: each step of the real kernel is a step of the model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from quiesce import DrainPolicy
from quiesce.verify.evidence import Standing
from quiesce.verify.schedules.configuration import Configuration, Kind, Size
from quiesce.verify.schedules.configurations import (
    KINDS,
    PLUGIN,
    UnknownConfiguration,
    configurations,
    find,
    larger,
)
from quiesce.verify.schedules.coverage import Coverage, actions
from quiesce.verify.schedules.runs import run
from quiesce.verify.schedules.stage import PART, part
from quiesce.verify.schedules.world import quiet_log
from quiesce_conformance.schedules import Engine
from quiesce_conformance.schedules.limits import BadLimit
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct

WITNESSES = (
    "acknowledge@1x2p1",
    "cancel@1x1p1",
    "decide@1x1p1",
    "failing-init@1x1p1",
    "nested@1x1p1",
    "revert@1x1p1",
    "struck-upgrade@1x1p1",
    "timeout@1x1p1",
    "advance@1x1p1",
    "unregister@1x1p1",
    "failing-handover@1x1p1",
    "revert-in-time@1x1p2",
)
"""Small configurations that together witness every action."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    quiet_log()
    with Engine() as made:
        yield made


@pytest.mark.rule(*sorted({rule for kind in KINDS.values() for rule in kind.rules}))
@pytest.mark.parametrize("name", configurations())
def test_every_schedule_is_one_of_the_model(name: str, engine: Engine) -> None:
    report = run(find(name), engine=engine)
    assert report.failure is None, str(report.failure.ending)
    assert report.ended
    assert not report.missing, f"never came up: {report.missing}"


@pytest.mark.parametrize("kind", KINDS)
def test_two_callers_two_upgrades_and_several_preemptions(kind: str, engine: Engine) -> None:
    """Random priorities with four changes of them: a stated number of schedules, beyond what can be exhausted."""
    for policy in KINDS[kind].sizes:
        report = run(find(f"{policy.value}/{kind}@2x2"), Pct(depth=5, schedules=40), engine=engine)
        assert report.failure is None, str(report.failure.ending)
        assert (report.schedules, report.ended) == (40, True)


@pytest.mark.parametrize("policy", DrainPolicy, ids=lambda p: p.name)
def test_every_action_of_the_model_is_witnessed(policy: DrainPolicy, engine: Engine) -> None:
    coverage = Coverage.of(run(each, Pct(depth=5, seed=1, schedules=100), engine=engine) for each in _witnesses(policy))
    never = [line for line in coverage.never() if line.startswith(policy.name + ":")]
    assert not never, "\n".join(coverage.lines())


def test_an_action_that_is_never_witnessed_is_said(engine: Engine) -> None:
    coverage = Coverage.of([run(find("hold/unregister@1x1p1"), engine=engine)])
    never = coverage.never()
    assert "HOLD: hand_over" in never
    assert "HOLD: unregister" not in never
    assert "CONTINUE: unregister" in never, "what another policy witnessed does not count"
    assert any(line.split() == ["hand_over", "-", "0", "-"] for line in coverage.lines())


def test_what_the_models_have_is_what_is_asked_for() -> None:
    assert len(actions()["HOLD"]) == 34
    assert actions()["OVERLAP"] < actions()["CONTINUE"] < actions()["HOLD"]


def _witnesses(policy: DrainPolicy) -> list[Configuration]:
    names = (f"{policy.value}/{each}" for each in WITNESSES)
    return [find(name) for name in names if name.partition("@")[0] in configurations()]


# == what is no pass ================================================================================================
def test_a_run_that_is_stopped_is_unfinished_and_goes_on_where_it_was(engine: Engine) -> None:
    whole = run(find("hold/swap"), engine=engine)
    part = run(find("hold/swap"), engine=engine, max_schedules=10)
    assert (part.schedules, part.ended, part.standing) == (10, False, Standing.UNFINISHED)
    assert "10 schedules" in part.why
    rest = run(find("hold/swap"), engine=engine, saved=part.left)
    assert part.schedules + rest.schedules == whole.schedules
    assert whole.standing is Standing.HOLDS


def test_a_run_in_which_nothing_came_up_is_unfinished(engine: Engine) -> None:
    report = run(find("continue/cancel"), Exhaustive(1), engine=engine, max_schedules=1)
    assert report.missing
    assert report.standing is Standing.UNFINISHED


@pytest.mark.parametrize("limit", [0, -1, 1.5, True])
def test_a_limit_that_is_none_is_refused(limit: int) -> None:
    with pytest.raises(BadLimit):
        run(find("hold/swap"), max_schedules=limit)


def test_an_interrupt_ends_the_run_as_unfinished(engine: Engine) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    report = run(find("hold/swap"), engine=engine, progress=interrupt)
    assert (report.stopped, report.standing) == ("interrupted", Standing.UNFINISHED)
    assert report.schedules == 1


# == names ==========================================================================================================
@pytest.mark.parametrize(
    "name", ["", "swap", "continue/", "loud/swap", "continue/swap@", "continue/swap@0x1", "continue/swap@2x2p", "x@1x1"]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    if name == "continue/swap@":
        assert find(name).name == "continue/swap"
        return
    with pytest.raises(UnknownConfiguration, match="--list"):
        find(name)


def test_a_name_says_the_size() -> None:
    assert find("hold/cancel@2x2p3").size == Size(2, 2, 3)
    assert find("hold/cancel@2x2").size == Size(2, 2, None)
    for each in (*configurations().values(), *larger().values()):
        assert find(each.name).size == each.size
        assert find(each.name).scripts[0].name == "a"


def test_each_policy_has_each_kind_unless_it_makes_no_sense() -> None:
    missing = {(kind, p.name) for kind, k in PLUGIN.items() for p in DrainPolicy if p not in k.sizes}
    assert missing == {
        ("timeout", "OVERLAP"),
        ("revert-in-time", "CONTINUE"),
        ("revert-in-time", "OVERLAP"),
        ("failing-handover", "CONTINUE"),
        ("failing-handover", "OVERLAP"),
    }
    assert all(isinstance(kind, Kind) for kind in KINDS.values())


def test_an_unbounded_search_covers_more_than_a_bounded_one(engine: Engine) -> None:
    dpor = run(find("hold/swap@1x1"), Dpor(), engine=engine)
    assert dpor.ended
    assert dpor.seen.witnessed["confirm"] > 0


def test_the_part_that_verify_runs_witnesses_everything_it_needs() -> None:
    names = [each.name for each in part()]
    assert len(names) == len(set(names)) > 30
    kinds = {each.partition("@")[0] for each in PART}
    assert {w.partition("@")[0] for w in WITNESSES} - {"advance"} <= kinds, "so its coverage is complete, too"
