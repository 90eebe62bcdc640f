"""Defects planted in the kernel are found at the step that does them: rule, guard and both states are said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from quiesce._kernel.reclaim import Core
from quiesce._kernel.states import Life
from quiesce.verify.evidence import Standing
from quiesce.verify.schedules.configurations import find
from quiesce.verify.schedules.failure import NotAStep
from quiesce.verify.schedules.replay import ScheduleFailed, explain, replay, rerun, simplest
from quiesce.verify.schedules.runs import Report, run
from quiesce.verify.schedules.world import quiet_log
from quiesce_conformance.schedules import Engine, Failure, schedule_to_text
from tests.schedules import planted

quiet_log()


def never_drained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drain finds holders where there are none: it waits for a look that nobody owes."""
    monkeypatch.setattr(Core, "drained", lambda self, before: False)


def never_reclaimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Core, "reclaimed", lambda self, book, version: book)


def retires_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks retires what serves."""
    original = Core.reclaimed

    def reclaimed(self: Core, book: Any, version: Any) -> Any:
        lives = {v: Life.RETIRED if v is book.serving else life for v, life in book.lives.items()}
        return original(self, replace(book, lives=lives), version)

    monkeypatch.setattr(Core, "reclaimed", reclaimed)


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], str, set[str], str]] = [
    (planted.drained_too_early, "continue/swap", {"D2", "V1"}, "woken"),
    (planted.frees_under_holders, "overlap/swap", {"M1", "R3"}, "life"),
    (planted.gate_stays_closed, "hold/cancel", {"D5", "T1"}, "gate"),
    (planted.swaps_though_cancelled, "continue/cancel", {"L1", "L2"}, "state"),
    (planted.counts_twice, "continue/timeout", {"S1", "B2"}, "failed"),
    (never_drained, "continue/swap", {"D2", "V1"}, "woken"),
    (never_reclaimed, "continue/swap", {"M5", "M1"}, "life"),
    (retires_twice, "continue/swap", {"M1", "M2"}, "life"),
]


def failing(name: str) -> Report:
    report = run(find(name), max_schedules=3_000)
    assert report.standing is Standing.BROKEN
    assert report.failure is not None
    return report


def not_a_step(report: Report) -> NotAStep:
    assert report.failure is not None
    ending = report.failure.ending
    assert isinstance(ending, Failure)
    assert isinstance(ending.error, NotAStep)
    return ending.error


@pytest.mark.parametrize(("plant", "name", "rules", "differs"), PLANTED, ids=lambda x: getattr(x, "__name__", None))
def test_a_planted_defect_is_found_with_its_rule(
    plant: Callable[[pytest.MonkeyPatch], None],
    name: str,
    rules: set[str],
    differs: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    report = failing(name)
    error = not_a_step(report)
    assert rules & set(error.rules), error.headline
    assert rules & set(report.rules)
    assert differs in error.differs or any(differs in guard for guard in error.guards), error.headline


def test_a_wake_up_that_is_lost_is_a_difference_and_then_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    planted.lost_wake(monkeypatch)
    error = not_a_step(failing("continue/swap"))
    assert "V1" in error.rules
    assert error.action == "look"


def test_a_guard_that_does_not_hold_is_named_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section that says that it does something else."""
    original = Core.write

    def write(self: Core, action: str, *args: Any, **details: Any) -> None:
        original(self, "discard" if action == "commit" else action, *args, **details)

    monkeypatch.setattr(Core, "write", write)
    error = not_a_step(failing("continue/swap"))
    assert error.action == "discard"
    assert any("s.up[u] == Up.DISCARD" in guard and "steps.py" in guard for guard in error.guards)
    text = str(error)
    assert "model" in text
    assert "code" in text
    assert "=>" in text
    assert error.thread == "u"


def test_a_failure_is_run_again_ten_times_and_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        planted.frees_under_holders(patch)
        configuration = find("overlap/swap")
        report = failing(configuration.name)
        assert report.failure is not None
        best = simplest(configuration, report.failure, max_seconds=20)
        assert best.switches() <= report.failure.switches()
        text, diagram = explain(best)
        assert "a" in diagram.splitlines()[0]
        for _ in range(10):
            again = rerun(configuration, text)
            assert again.failed
            assert schedule_to_text(again) == text
        with pytest.raises(ScheduleFailed, match="M1"):
            replay(text, configuration=configuration.name)
    assert replay(text, configuration=configuration.name, times=3).ending == "finished", "mended"


def test_the_same_model_serves_all_schedules_of_a_configuration() -> None:
    with Engine() as engine:
        run(find("hold/swap"), engine=engine, max_schedules=20)
        few = len(find("hold/swap").graph.nodes)
        run(find("hold/swap"), engine=engine, max_schedules=20)
        assert len(find("hold/swap").graph.nodes) == few
