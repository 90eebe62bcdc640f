"""The engines that run the code, each with its budget: the same for every mutant and for the control.

Budgets are schedules and not seconds, and seeds are fixed, so that a matrix can be made again with the same outcome.
Each budget is that of one scenario of one mutant.
"""

from __future__ import annotations

from dataclasses import dataclass

from quiesce_conformance.schedules import Chooser, Execution
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Dpor, Exhaustive, Pct, Strategy, Walk
from quiesce_conformance.schedules.strategies.drawn import search_drawn
from tests.schedules.mutants.kill import Run, Search

__all__ = ["ENGINES", "RunsCode"]


@dataclass(frozen=True)
class RunsCode:
    """One engine."""

    about: str
    search: Search
    systematic: bool
    """Whether a search that came to its end has covered every schedule within its bound."""


class _Found(Exception):
    """Ends Hypothesis' search: an execution failed, and the matrix asks for no shorter one."""


def _by(strategy: Strategy, budget: int, *, systematic: bool) -> RunsCode:
    def run_search(run: Run) -> tuple[int, Execution | None, bool]:
        report = search(run, strategy, max_schedules=budget)
        return report.schedules, report.failure, report.exhausted

    limit = f"; at most {budget:,} schedules of each scenario" if systematic else " of each scenario"
    return RunsCode(f"{strategy.name}: {strategy.bound}{limit}", run_search, systematic)


def _drawn(examples: int) -> RunsCode:
    def run_search(run: Run) -> tuple[int, Execution | None, bool]:
        ran, failed = 0, None

        def once(chooser: Chooser) -> Execution:
            nonlocal ran, failed
            if failed is None:
                execution = run(chooser)
                ran += 1
                if not execution.failed:
                    return execution
                failed = execution
            raise _Found  # from one place only: Hypothesis tells failures apart by where they come from

        try:
            search_drawn(once, examples=examples)
        except Exception:  # Found, or Hypothesis' complaint that everything fails from there on
            if failed is None:
                raise
        return ran, failed, False

    return RunsCode(f"at most {examples:,} schedules that Hypothesis draws of each scenario, seed 0", run_search, False)


ENGINES: dict[str, RunsCode] = {
    "exhaustive": _by(Exhaustive(2), 1_500, systematic=True),
    "DPOR": _by(Dpor(), 6_000, systematic=True),
    "PCT": _by(Pct(schedules=500), 500, systematic=False),
    "random": _by(Walk(schedules=500), 500, systematic=False),
    "Hypothesis": _drawn(500),
}
