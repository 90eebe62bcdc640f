"""A subject that closes at once is found on the first run, and its program replays; a right one raises no alarm."""

from __future__ import annotations

from typing import Any

import pytest

from quiesce_conformance.campaign import CHECKS
from quiesce_conformance.inprocess import InProcessHost
from subjects.correct import ALL_CORRECT


class ClosesAtOnce:
    capabilities = ("call", "upgrade", "close")

    def __init__(self, instance: Any, manifest: Any, drain_timeout: float | None) -> None:
        instance.init()
        self.current = instance

    def call(self, function: str, /, *args: object) -> object:
        return getattr(self.current, function)(*args)

    def upgrade(self, instance: Any, manifest: Any, /) -> None:
        instance.init()
        old, self.current = self.current, instance
        old.close()


def test_close_at_once_is_found_and_replays() -> None:
    host = InProcessHost(ClosesAtOnce, name="closes at once")
    found = CHECKS[0].run(host, 0, {})
    assert found.verdicts["M1"].violations
    assert CHECKS[0].run(host, 0, found.recipe).verdicts["M1"].violations


@pytest.mark.parametrize("name", ALL_CORRECT)
def test_a_right_design_raises_no_alarm(name: str) -> None:
    host = InProcessHost(ALL_CORRECT[name], name)
    for seed in range(3):
        result = CHECKS[0].run(host, seed, {})
        assert not [str(violation) for verdict in result.verdicts.values() for violation in verdict.violations]
        assert not result.unfinished


def test_a_recipe_of_unknown_steps_is_no_verdict() -> None:
    result = CHECKS[0].run(InProcessHost(ClosesAtOnce), 0, {"steps": ["call", "jump"]})
    assert "got ['jump']" in result.unfinished
