"""Evidence per rule, with the four words kept apart, and the verdict that follows from it.

`proved`: by two solvers, for any number of threads, versions and upgrades of the models.  `explored`: every state of a
model within a stated bound.  `tested`: a stated number of directed runs of real code.  `observed`: a recorded history
of real threads, every record checked.  A rule holds only if each piece of evidence that it is meant to rest on is there
and none is against it; what could not be finished, or was not run, is never green.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from quiesce_conformance import Outcome
from quiesce_conformance import Verdict as HistoryVerdict

__all__ = ["Evidence", "Finding", "Standing", "Table", "Word"]

Word = Literal["proved", "explored", "tested", "observed"]


class Standing(Enum):
    """What may be said of a rule, of a stage, or of the whole run; the values are the exit codes."""

    HOLDS = 0
    BROKEN = 1
    UNFINISHED = 2

    @staticmethod
    def worst(several: Iterable[Standing]) -> Standing:
        """BROKEN before UNFINISHED before HOLDS: one counterexample decides; nothing at all is UNFINISHED."""
        found = set(several)
        for standing in (Standing.BROKEN, Standing.UNFINISHED):
            if standing in found:
                return standing
        return Standing.HOLDS if found else Standing.UNFINISHED


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence about one rule, from one stage."""

    rule: str
    word: Word
    standing: Standing
    count: int
    """Of what: see `unit`."""
    unit: str
    source: str
    """Which model, history or directed run it comes from."""
    seconds: float = 0.0
    seen: Mapping[str, int] = field(default_factory=dict)
    """The *sometimes* beside the *always*: what had to come up, and how often it did."""
    counterexamples: tuple[str, ...] = ()
    why: str = ""
    """Why it is unfinished."""


@dataclass(slots=True)
class Evidence:
    """All that was found about one rule."""

    rule: str
    title: str
    meant: frozenset[str]
    """What the rule is meant to rest on, from the rules' data file."""
    findings: list[Finding] = field(default_factory=list)
    caught: list[str] = field(default_factory=list)
    """Names of the known-bad protocols that break this rule and were caught at it."""

    def of(self, word: Word) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.word == word]

    def missing(self) -> list[str]:
        """The words that the rule is meant to rest on and that nothing in this run spoke to.

        `tested` is asked for only where nothing else is: directed tests of the other rules are `make test`'s.
        """
        needed = self.meant - {"tested"} or self.meant
        return sorted(word for word in needed if not any(finding.word == word for finding in self.findings))

    @property
    def standing(self) -> Standing:
        """BROKEN if anything speaks against it, UNFINISHED if anything is open or missing."""
        standings = [finding.standing for finding in self.findings]
        standings += [Standing.UNFINISHED for _ in self.missing()]
        return Standing.worst(standings)


class Table:
    """Evidence for every rule.  For one thread."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        self.rows = {name: Evidence(name, rule.title, frozenset(rule.evidence)) for name, rule in rules.items()}

    def add(self, finding: Finding) -> None:
        """Enter a finding under its rule."""
        self.rows[finding.rule].findings.append(finding)

    def add_history(self, verdicts: Iterable[HistoryVerdict], word: Word, unit: str, source: str) -> None:
        """Enter what was found in a history, or what directed runs checked."""
        standings = {
            Outcome.HOLDS: Standing.HOLDS,
            Outcome.BROKEN: Standing.BROKEN,
            Outcome.UNSEEN: Standing.UNFINISHED,
        }
        for verdict in verdicts:
            outcome = verdict.outcome
            why = ""
            if outcome is Outcome.UNSEEN:
                why = f"not seen: {', '.join(verdict.unseen)}" if verdict.unseen else "nothing to check it on came up"
            self.add(
                Finding(
                    verdict.rule,
                    word,
                    standings[outcome],
                    verdict.checked,
                    unit,
                    source,
                    seen=dict(verdict.sometimes),
                    counterexamples=tuple(str(violation) for violation in verdict.violations[:3]),
                    why=why,
                )
            )

    @property
    def standing(self) -> Standing:
        """Of all rules together."""
        return Standing.worst(row.standing for row in self.rows.values())

    def counterexamples(self) -> list[str]:
        """What was found against any rule."""
        return [text for row in self.rows.values() for f in row.findings for text in f.counterexamples]
