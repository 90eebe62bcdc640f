"""What a check is: a name, the rules that it is about, what it needs, and a run that gives a verdict on each rule.

Scenarios and randomized campaigns are checks alike, so whoever runs them (a command, pytest, a cluster) knows one form.
A check is a frozen record with a module-level function, so that it can be pickled and found again by its name; what a
run did is a *recipe*, plain data, and the same check with the same recipe does it again.

A check never decides by a clock.  It may wait, with the margins below, and what it then says is decided by sequence
numbers; only "this did not end" is a matter of time, and its margin is stated here, once.

Rejected: an exception per broken rule (one run sees several rules, and must go on to see the others); a class per check
(forty classes with one method each).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .contract import Profile
from .history import Outcome, Verdict
from .report import Standing
from .reports.diagram import Row
from .session import Host

__all__ = ["ENDS_WITHIN", "GRACE", "Check", "CheckResult", "Run"]

ENDS_WITHIN: Final = 5.0
"""Seconds.  What has nothing left to wait for must have ended by then: the margin of every liveness verdict."""
GRACE: Final = 0.03
"""Seconds.  How long a check gives a subject to do what it must not do; whether it did is decided by stamps."""


@dataclass(frozen=True)
class CheckResult:
    """What one run of a check saw.  Plain data that can be pickled."""

    verdicts: Mapping[str, Verdict]
    """By rule id; a rule of the check that is missing here was not looked at by this run."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What is needed to run it again: plain JSON data, beside the seed."""
    rows: tuple[Row, ...] = ()
    """What happened, as a sequence diagram."""
    unfinished: str = ""
    """Why the run could not be brought to its end, or empty.  What it saw broken until then stays broken."""

    def standing(self, rule: str) -> Standing:
        """What this run says of one rule."""
        verdict = self.verdicts.get(rule)
        outcome = Outcome.UNSEEN if verdict is None else verdict.outcome
        if outcome is Outcome.BROKEN:
            return Standing.BROKEN
        if self.unfinished:
            return Standing.UNFINISHED
        return Standing.HOLDS if outcome is Outcome.HOLDS else Standing.NOT_SEEN


Run = Callable[[Host, int, Mapping[str, Any]], CheckResult]
"""``run(host, seed, recipe)``: `recipe` is empty, or that of an earlier result, to do exactly that again.

Raises:
    BrokenAdapter: the adapter does not keep the protocol.

"""


@dataclass(frozen=True)
class Check:
    """One way to see rules kept or broken."""

    name: str
    """Stable, such as ``failing-init``."""
    rules: tuple[str, ...]
    """Every rule that a run can say something of."""
    profile: Profile
    """The part of the rules that it belongs to."""
    needs: frozenset[str]
    """The capabilities without which it is not applicable, beside those of its profile."""
    run: Run
    randomized: bool = False
    """Other seeds do other things, so that more runs see more."""
