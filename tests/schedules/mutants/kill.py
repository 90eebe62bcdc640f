"""Run one engine on one mutant, and say whether it kills it, and by which rule.

A kill is an execution that ended as it must not, for a rule that the mutant was said to break before anything was run.
Which rule it was comes from whoever complained: the refinement (`NotAStep.rules`), a probe (`RuleBroken.rule`), an
assertion of the kernel that begins with a rule's id; a deadlock is V1 where an upgrade waits, V3 where a call does.
Anything else, such as a `KeyError`, is no rule and no kill.

The kernel as it is goes through the same engines, scenarios and budgets, and must come out alive.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from quiesce_conformance.schedules import Chooser, Deadlock, Engine, Execution, Failure, Livelock
from quiesce_conformance.schedules.text import schedule_to_text
from tests.schedules.mutants.load import loaded
from tests.schedules.mutants.mutant import Mutant

__all__ = ["Cell", "Run", "Scenario", "Search", "hunt", "rules_of", "scenarios_of"]

EXTRAS = "tests.schedules.mutants.extras"
SHARED = ("quiesce.verify.schedules.graph", "quiesce.verify.schedules.tally")
"""Parts of the checker that know nothing of the runtime: kept, because they remember what they have computed."""
_PLACE = re.compile(r"\s+\([^()]*\.py:\d+:\d+\)")
"""Where a guard stands: differs from one checkout to the next."""
_RULE = re.compile(r"\[?([A-Z]\d)\b")


@dataclass(frozen=True)
class Cell:
    """What one engine made of one mutant.

    :param outcome: ``killed``, ``survived`` (within the budget), ``not applicable`` (no counterpart), or ``wrong``:
        something failed, for no declared rule.
    :param rules: what the failure names.
    :param schedules: until the failure, or in all, over the scenarios in their order; for the prover: obligations.
    :param schedule: the failing one, as text that replays it.
    :param steps: of the failing execution, or of the model's run.
    :param states: that the explorer needed.
    :param exhausted: every schedule within the strategy's bound was run.
    """

    outcome: str
    schedules: int
    seconds: float
    exhausted: bool = False
    rules: tuple[str, ...] = ()
    scenario: str = ""
    schedule: str = ""
    steps: int = 0
    states: int = 0
    why: str = ""


Scenario = Callable[[Engine, Chooser], Execution]


@contextmanager
def scenarios_of(mutant: Mutant | None, names: tuple[str, ...]) -> Iterator[dict[str, Scenario]]:
    """Give the scenarios of that name, over a private copy of the runtime with the mutant's patches."""
    with loaded(mutant, EXTRAS, keep=SHARED):
        extras = importlib.import_module(EXTRAS).EXTRAS
        known = importlib.import_module("quiesce.verify.schedules.configurations")
        tally = importlib.import_module("quiesce.verify.schedules.tally")
        log = logging.getLogger("quiesce")
        before, log.disabled = log.disabled, True  # close hooks that fail are part of the play

        def scenario(name: str) -> Scenario:
            configuration = extras[name] if name in extras else known.find(name)
            seen = tally.Seen()
            return lambda engine, chooser: configuration.run(engine, chooser, seen)

        try:
            yield {name: scenario(name) for name in names}
        finally:
            log.disabled = before


Run = Callable[[Chooser], Execution]
Search = Callable[[Run], tuple[int, Execution | None, bool]]
"""Runs schedules: how many, the first that failed, whether that was every one within the bound."""


def hunt(scenarios: dict[str, Scenario], search: Search, expected: tuple[str, ...], engine: Engine) -> Cell:
    """Search the schedules of each scenario, until one fails."""
    began, schedules, exhausted = perf_counter(), 0, True
    for name, scenario in scenarios.items():
        ran, failed, ended = search(partial(scenario, engine))
        schedules += ran
        exhausted &= ended
        if failed is not None:
            rules = rules_of(failed)
            killed = bool(set(rules) & set(expected))
            return Cell(
                "killed" if killed else "wrong",
                schedules,
                perf_counter() - began,
                rules=tuple(r for r in rules if r in expected) if killed else rules,
                scenario=name,
                schedule=schedule_to_text(failed),
                steps=len(failed.choices),
                why=_PLACE.sub("", str(failed.ending).splitlines()[0])[:300],
            )
    return Cell("survived", schedules, perf_counter() - began, exhausted)


def rules_of(execution: Execution) -> tuple[str, ...]:
    """The rules that the execution's end speaks of."""
    ending: Any = execution.ending
    match ending:
        case Deadlock():
            upgrades = any(c.thread in "uxw" for c in ending.waiting)
            calls = any(c.thread not in "uxw" for c in ending.waiting)
            return (("V1",) if upgrades else ()) + (("V3",) if calls else ())
        case Livelock():
            return ("V1",)
        case Failure(error=error):
            found = getattr(error, "rules", None) or (getattr(error, "rule", None),)
            if found == (None,):
                named = _RULE.match(str(error))
                found = (named.group(1),) if named and isinstance(error, AssertionError) else ()
            return tuple(found)
        case _:
            return ()
