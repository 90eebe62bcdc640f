"""Running a configuration under a strategy, and what came of it.

A run that was stopped (by its limits, by Ctrl-C) is *unfinished*, whatever it has covered: it is never a pass.  A run
that came to its end and in which something that has to come up did not, is *unfinished* as well: it shows too little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from quiesce.verify.evidence import Standing
from quiesce_conformance.schedules import Engine, Execution, Failure
from quiesce_conformance.schedules.limits import seconds, whole
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Explorer, Strategy

from .configuration import Configuration
from .failure import NotAStep
from .tally import Seen
from .world import RuleBroken

__all__ = ["Report", "default_strategy", "rules_against", "run"]

Progress = Callable[["Report"], None]


@dataclass(slots=True)
class Report:
    """What came of one configuration."""

    configuration: Configuration
    strategy: Strategy
    schedules: int = 0
    pruned: int = 0
    """Executions that were stopped under way, because nothing in them was new."""
    steps: int = 0
    seconds: float = 0.0
    ended: bool = False
    """The strategy has nothing left to do."""
    seen: Seen = field(default_factory=Seen)
    failure: Execution | None = None
    stopped: str = ""
    """Why it was stopped before its end."""
    left: Any = None
    """What the strategy has left to do, as JSON-able data: to go on with it another time."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What had to come up and did not."""
        return tuple(s for s in self.configuration.sometimes if not self.seen.situations[s])

    @property
    def standing(self) -> Standing:
        """What may be said."""
        if self.failure is not None:
            return Standing.BROKEN
        return Standing.HOLDS if self.ended and not self.missing else Standing.UNFINISHED

    @property
    def why(self) -> str:
        """Why it is unfinished; empty if it is not."""
        if self.standing is not Standing.UNFINISHED:
            return ""
        return self.stopped if not self.ended else "never came up: " + ", ".join(self.missing)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that the failure speaks against."""
        return () if self.failure is None else rules_against(self.failure)

    def line(self) -> str:
        """All in one line."""
        whole = "exhausted" if self.strategy.evidence == "explored" else "sampled"
        done = whole if self.ended else f"unfinished ({self.stopped or 'under way'})"
        verdict = "BROKEN" if self.failure is not None else done
        text = f"{self.configuration.name:<28} {self.schedules:>8,} schedules {self.steps:>10,} steps"
        missing = f"; never came up: {', '.join(self.missing)}" if self.ended and self.missing else ""
        return f"{text} {self.seconds:7.1f} s  {verdict}, {self.strategy.name}{missing}"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "configuration": self.configuration.name,
            "strategy": self.strategy.name,
            "bound": self.strategy.bound,
            "evidence": self.strategy.evidence,
            "verdict": self.standing.name.lower(),
            "schedules": self.schedules,
            "pruned": self.pruned,
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "exhausted": self.ended and self.strategy.evidence == "explored",
            "why": self.why,
            "rules": list(self.rules),
            "failure": None if self.failure is None else str(self.failure.ending),
            **self.seen.as_json(),
        }


def rules_against(execution: Execution) -> tuple[str, ...]:
    """The rules that a failed execution speaks against.

    A deadlock is V1's; a call or an operation that raises what it must not is R5's.
    """
    ending = execution.ending
    if isinstance(ending, Failure):
        error = ending.error
        if isinstance(error, NotAStep):
            return error.rules or ("L1",)
        return (error.rule,) if isinstance(error, RuleBroken) else ("R5",)
    return ("V1",)


def default_strategy(configuration: Configuration) -> Strategy:
    """What the suite runs: every schedule within the configuration's bound."""
    preemptions = configuration.size.preemptions
    return Dpor() if preemptions is None else Exhaustive(preemptions)


def run(
    configuration: Configuration,
    strategy: Strategy | None = None,
    *,
    engine: Engine | None = None,
    max_schedules: int | None = None,
    max_seconds: float | None = None,
    progress: Progress | None = None,
    saved: Any = None,
) -> Report:
    """Run a configuration until the strategy ends, something fails, or a limit is reached.

    Args:
        configuration: see `configurations`.
        strategy: which schedules; the configuration's own if not given.
        engine: to be used; a new one if not given.
        max_schedules, max_seconds: limits; none if not given.
        progress: called after every schedule.
        saved: what an earlier run had `left`.

    A KeyboardInterrupt ends the run; the report says so.

    Raises:
        BadLimit: a limit that is none.
        ValueError, KeyError, TypeError: `saved` is not what a run of this strategy leaves.

    """
    whole("max_schedules", max_schedules, optional="no limit")
    seconds("max_seconds", max_seconds, optional="no limit")
    chosen = default_strategy(configuration) if strategy is None else strategy
    report = Report(configuration, chosen)
    frontier = chosen.frontier(saved)
    began = time.monotonic()
    mine = Engine() if engine is None else engine

    def enough() -> str:
        if max_schedules is not None and report.schedules >= max_schedules:
            return f"after {max_schedules:,} schedules, as it was told"
        if max_seconds is not None and time.monotonic() - began >= max_seconds:
            return f"after {max_seconds:g} s, as it was told"
        return ""

    with mine:
        while report.failure is None and not report.stopped and (part := frontier.take(1)) is not None:
            explorer = chosen.explorer(part)
            try:
                _explore(report, mine, explorer, enough, progress)
            except KeyboardInterrupt:
                report.stopped = "interrupted"
            frontier.give_back(explorer.rest())
    report.ended = frontier.empty and report.failure is None
    if not report.ended:
        report.left = frontier.save()
    report.seconds = time.monotonic() - began
    return report


def _explore(
    report: Report, engine: Engine, explorer: Explorer, enough: Callable[[], str], progress: Progress | None
) -> None:
    """Work on one part until it is done, something fails, or it is enough."""
    while not (stop := enough()) and (chooser := explorer.next()) is not None:
        execution = report.configuration.run(engine, chooser, report.seen)
        if explorer.learn(execution) or execution.failed:
            report.schedules += 1
            report.steps += len(execution.choices)
        else:
            report.pruned += 1
        if execution.failed:
            report.failure = execution
            return
        if progress is not None:
            progress(report)
    report.stopped = stop
