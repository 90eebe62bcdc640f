"""What came of a run of the suite: a verdict per rule, what it rests on, and the verdict of all.

Five words, and only one of them is green.  *Holds*: at least one check watched the rule in danger and saw it kept, none
saw it broken, and none that should have looked failed to.  *Broken*: with a counterexample.  *Not seen*: the checks ran
and the dangerous situation did not come up.  *Not applicable*: the subject does not have what every check of the rule
needs.  *Unfinished*: a check could not be run to its end.

The evidence that this suite gives is **tested**: a stated number of runs of real code, and no more than that.

Why the verdict of all is not the number of green rules: a subject that is judged on forty rules and was watched on
thirty-nine has not been shown to conform.  Rejected: a score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .reports.diagram import Row

__all__ = ["CheckReport", "Conformance", "Counterexample", "Report", "RuleReport", "Standing"]


class Standing(Enum):
    """What may be said of a check or of a rule."""

    HOLDS = "holds"
    NOT_APPLICABLE = "not applicable"
    """The subject does not have what the check needs."""
    NOT_SEEN = "not seen"
    """Nothing happened that could have broken the rule."""
    UNFINISHED = "unfinished"
    """It could not be run to its end, or was not run at all."""
    BROKEN = "broken"

    @staticmethod
    def worst(several: Iterable[Standing]) -> Standing:
        """Say what several runs of a check, or several checks of a rule, come to.

        What one of them saw was seen, so *holds* outweighs *not seen* and *not applicable*; nothing outweighs *broken*,
        and only *broken* outweighs *unfinished*.
        """
        seen = set(several)
        order = (Standing.BROKEN, Standing.UNFINISHED, Standing.HOLDS, Standing.NOT_SEEN)
        return next((standing for standing in order if standing in seen), Standing.NOT_APPLICABLE)


class Conformance(Enum):
    """The verdict of all; the value is the exit code."""

    CONFORMS = 0
    """Every rule that was judged holds, and at least one was judged."""
    DOES_NOT_CONFORM = 1
    """At least one rule is broken."""
    UNDECIDED = 2
    """Something that should have been judged was not."""
    BROKEN_ADAPTER = 3
    """The adapter does not speak the protocol, so nothing that it said counts."""

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 does not, 2 unfinished or broken adapter."""
        return min(self.value, 2)

    @property
    def words(self) -> str:
        """For people."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Counterexample:
    """How a rule was broken, once."""

    rule: str
    what: str
    check: str
    witness: tuple[str, ...] = ()
    """The few records that are enough to see it."""
    rows: tuple[Row, ...] = ()
    """What happened, as a sequence diagram; empty if the check has none."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What is needed to run it again: plain data."""


@dataclass
class CheckReport:
    """What came of all runs of one check."""

    name: str
    rules: tuple[str, ...]
    profile: str
    standing: Standing = Standing.UNFINISHED
    per_rule: dict[str, Standing] = field(default_factory=dict)
    """For each of its rules, what its runs say."""
    runs: int = 0
    """How often it ran to its end."""
    checked: int = 0
    """Over all runs: how many records could have broken a rule."""
    sometimes: dict[str, int] = field(default_factory=dict)
    """Over all runs: how often each situation came up in which a rule is in danger."""
    seconds: float = 0.0
    why: str = ""
    """Why it is not applicable or unfinished."""
    counterexamples: list[Counterexample] = field(default_factory=list)


@dataclass(frozen=True)
class RuleReport:
    """What is known about one rule."""

    rule: str
    title: str
    statement: str
    standing: Standing
    profiles: tuple[str, ...]
    checks: tuple[CheckReport, ...]
    counterexamples: tuple[Counterexample, ...]
    why: str = ""

    @property
    def runs(self) -> int:
        """How many runs of real code it rests on."""
        return sum(check.runs for check in self.checks if check.per_rule.get(self.rule) is not Standing.NOT_APPLICABLE)

    @property
    def evidence(self) -> str:
        """The evidence word with its count; empty if there is none."""
        if self.standing is Standing.BROKEN:
            return f"counterexample in {self.runs:,} {'run' if self.runs == 1 else 'runs'}"
        return f"tested: {self.runs:,} {'run' if self.runs == 1 else 'runs'}" if self.standing is Standing.HOLDS else ""


@dataclass(frozen=True)
class Report:
    """What came of a run.  Plain data that can be pickled."""

    subject: str
    how: str
    """The subject, as `program` takes it, quoted for a shell; empty if it has no name to be found by."""
    capabilities: tuple[str, ...]
    profiles: tuple[str, ...]
    rules: Mapping[str, RuleReport]
    """The rules that were to be judged, by id."""
    checks: tuple[CheckReport, ...]
    out_of_scope: Mapping[str, str]
    """Rules that no check from outside can show, each with the reason: not judged, and not in the verdict."""
    seed: int
    runs: int
    """How many seeds each randomized check was to be run with."""
    seconds: float
    shards: tuple[int, int]
    """How many runs of checks were done, and of how many."""
    stopped: str = ""
    """Why it ended before its time: interrupted, out of time; empty if it did not."""
    broken_adapter: str = ""
    """Why the adapter's word counts for nothing; empty if it does."""
    selected: bool = False
    """Only some rules were asked for."""
    program: str = ""
    """The command that judges a subject and takes a recipe; empty if the suite was called as a library."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Conformance:
        """The verdict of all."""
        standings = {rule.standing for rule in self.rules.values()}
        if self.broken_adapter:
            return Conformance.BROKEN_ADAPTER
        if Standing.BROKEN in standings:
            return Conformance.DOES_NOT_CONFORM
        unknown = standings & {Standing.UNFINISHED, Standing.NOT_SEEN}
        if unknown or self.stopped or Standing.HOLDS not in standings:
            return Conformance.UNDECIDED
        return Conformance.CONFORMS

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 does not, 2 unfinished or broken adapter."""
        return self.verdict.exit_code

    def standing(self, *which: Standing) -> list[RuleReport]:
        """The rules of which one of these is said."""
        return [rule for rule in self.rules.values() if rule.standing in which]

    @property
    def summary(self) -> str:
        """One sentence: the verdict, and what it rests on or what is missing."""
        counts = [f"{len(found)} {word.value}" for word in Standing if (found := self.standing(word))]
        rules = f"{len(self.rules)} {'rule' if len(self.rules) == 1 else 'rules'}"
        asked = " that were asked for" if self.selected else ""
        profiles = f"profile{'s' if len(self.profiles) != 1 else ''} {', '.join(self.profiles)}"
        text = f"{self.verdict.words}: {rules}{asked} of {profiles}: {', '.join(counts) or 'none'}"
        if self.broken_adapter:
            text += f"; {self.broken_adapter}"
        elif self.stopped:
            text += f"; {self.stopped} after {self.shards[0]:,} of {self.shards[1]:,} runs"
        return text
