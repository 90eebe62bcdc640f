"""One run of one check: the piece of work that is sent to a thread, a process or a cluster.

What travels is the host (a name or a command, no running thing), the check (its function by name) and plain data; what
comes back is plain data too, and can be written to a file and read again.  Whatever a check raises is caught here: one
that fails to run is *unfinished*, and no other check is the worse for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

from .check import Check, CheckResult
from .report import Counterexample, Standing
from .reports.diagram import Row
from .session import BrokenAdapter, Host

__all__ = ["Shard", "ShardResult", "run_shard"]


@dataclass(frozen=True)
class Shard:
    """What is to be run."""

    check: Check
    seed: int
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name, the same in every process."""
        return f"{self.check.name}@{self.seed}"


@dataclass(frozen=True)
class ShardResult:
    """What came of it."""

    key: str
    check: str
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """By rule."""
    checked: int = 0
    sometimes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    why: str = ""
    """Why it is unfinished."""
    broken_adapter: str = ""
    counterexamples: tuple[Counterexample, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """Write it as JSON data."""
        data = asdict(self)
        data["standings"] = {rule: standing.value for rule, standing in self.standings.items()}
        data["counterexamples"] = [
            {**asdict(one), "rows": [list(row) for row in one.rows]} for one in self.counterexamples
        ]
        return data

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> ShardResult:
        """Read what `to_data` wrote.  Raises KeyError, TypeError or ValueError if it did not."""
        found = dict(data)
        found["standings"] = {rule: Standing(word) for rule, word in data["standings"].items()}
        found["counterexamples"] = tuple(
            Counterexample(**{**one, "witness": tuple(one["witness"]), "rows": tuple(Row(*row) for row in one["rows"])})
            for one in data["counterexamples"]
        )
        return ShardResult(**found)


def run_shard(host: Host, shard: Shard, *, leave: bool = False) -> ShardResult:
    """Run one check once.  Never raises but for an interrupt.

    Args:
        host: where subjects come from.
        shard: what is to be run.
        leave: use a host of this run's own, made as `host` was, and end it afterwards: what its adapter does then
            counts, too, and no other run on this host is disturbed.

    """
    begun = perf_counter()
    if leave:
        host = copy(host)
    why = broken = ""
    result = CheckResult({})
    try:
        result = shard.check.run(host, shard.seed, shard.recipe)
        why = result.unfinished
    except BrokenAdapter as verdict:
        broken = str(verdict)
    except Exception as error:  # noqa: BLE001  whatever kept it from its end is the reason why it is unfinished
        why = f"{type(error).__name__}: {error}"
    finally:
        if leave:
            try:
                host.close()
            except BrokenAdapter as verdict:
                broken = broken or str(verdict)  # the first verdict is the better reason
    standings = {
        rule: (
            found if (found := result.standing(rule)) is Standing.BROKEN or not (why or broken) else Standing.UNFINISHED
        )
        for rule in shard.check.rules
    }
    sometimes: dict[str, int] = {}
    for of_rule in result.verdicts.values():
        for what, count in of_rule.sometimes.items():
            sometimes[what] = sometimes.get(what, 0) + count
    return ShardResult(
        shard.key,
        shard.check.name,
        standings,
        sum(verdict.checked for verdict in result.verdicts.values()),
        sometimes,
        perf_counter() - begun,
        why,
        broken,
        tuple(_counterexamples(shard, result)),
    )


def _counterexamples(shard: Shard, result: CheckResult) -> list[Counterexample]:
    recipe = {"check": shard.check.name, "seed": shard.seed, "recipe": dict(result.recipe or shard.recipe)}
    return [
        Counterexample(
            rule,
            verdict.violations[0].what,
            shard.check.name,
            tuple(str(record) for record in verdict.violations[0].witness),
            result.rows,
            recipe,
        )
        for rule, verdict in result.verdicts.items()
        if verdict.violations and rule in shard.check.rules
    ]
