"""Run a strategy to its end or to the first failure: the shortest loop there is, for tests of what it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quiesce_conformance.schedules import Chooser, Execution
from quiesce_conformance.schedules.strategies.base import Strategy

__all__ = ["Driven", "drive"]


@dataclass
class Driven:
    """`failed` is the first execution that failed; `schedules` how many were counted, that one included."""

    schedules: int = 0
    failed: Execution | None = None
    exhausted: bool = False


def drive(run: Callable[[Chooser], Execution], strategy: Strategy, limit: int) -> Driven:
    """Run at most `limit` schedules of the strategy."""
    done = Driven()
    frontier = strategy.frontier()
    while done.failed is None and done.schedules < limit:
        part = frontier.take(1)
        if part is None:
            done.exhausted = True
            return done
        explorer = strategy.explorer(part)
        while done.schedules < limit and (chooser := explorer.next()) is not None:
            execution = run(chooser)
            done.schedules += explorer.learn(execution)
            if execution.failed:
                done.failed = execution
                return done
        frontier.give_back(explorer.rest())
    return done
