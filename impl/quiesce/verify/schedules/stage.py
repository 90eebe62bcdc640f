"""A part of the configurations that fits into `quiesce verify`: evidence by rule, in some twenty seconds.

*Tested*, and not *explored*: it is the real code, under a stated number of schedules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from quiesce.verify.evidence import Finding, Standing
from quiesce_conformance.schedules import Engine, schedule_to_text

from .configuration import Configuration
from .configurations import configurations, find
from .coverage import Coverage
from .runs import Report, run
from .world import quiet_log

__all__ = ["PART", "part", "run_part"]

PART = (
    "swap@2x2p1",
    "cancel@1x1p1",
    "timeout@1x1p1",
    "revert@1x1p1",
    "revert-in-time@1x1p2",
    "decide@1x1p1",
    "nested@1x1p1",
    "struck-call@1x1p1",
    "struck-upgrade@1x1p1",
    "failing-init@1x1p1",
    "failing-handover@1x1p1",
    "unregister@2x1p1",
    "straggler@1x2p1",
    "acknowledge@1x1p1",
)
"""Kinds and sizes that together witness every action of the model."""


def part() -> list[Configuration]:
    """The configurations of `PART`, under every drain policy that has them."""
    policies = ("continue", "hold", "overlap")
    names = [f"{policy}/{each}" for each in PART for policy in policies]
    return [find(name) for name in names if name.partition("@")[0] in configurations()]


def run_part(
    *, max_seconds: float | None = None, progress: Callable[[Report], None] | None = None
) -> tuple[list[Finding], list[Report]]:
    """Run that part; give a finding for each rule and what the runs were.

    Args:
        max_seconds: for each configuration; one that is stopped leaves its rules unfinished.
        progress: called after each configuration.

    Raises:
        KeyboardInterrupt: there was one.

    """
    quiet_log()
    reports: list[Report] = []
    with Engine() as engine:
        for each in part():
            report = run(each, engine=engine, max_seconds=max_seconds)
            reports.append(report)
            if progress is not None:
                progress(report)
            if report.stopped == "interrupted":
                raise KeyboardInterrupt
    return list(_findings(reports)), reports


def _findings(reports: list[Report]) -> Iterator[Finding]:
    never = Coverage.of(reports).never()
    for report in reports:
        source = f"schedules, {report.configuration.name}, {report.strategy.name}"
        if report.failure is not None:
            again = f"quiesce replay --configuration {report.configuration.name} '{schedule_to_text(report.failure)}'"
            text = f"{report.failure.ending}\n{again}"
            for rule in report.rules:
                yield Finding(
                    rule,
                    "tested",
                    Standing.BROKEN,
                    report.schedules,
                    "schedules",
                    source,
                    report.seconds,
                    counterexamples=(text,),
                )
            continue
        seen = {name: report.seen.situations[name] for name in report.configuration.sometimes}
        for rule in report.configuration.kind.rules:
            standing, why = report.standing, report.why
            if never and standing is Standing.HOLDS:
                standing, why = Standing.UNFINISHED, f"never witnessed: {', '.join(never)}"
            yield Finding(
                rule, "tested", standing, report.schedules, "schedules", source, report.seconds, seen=seen, why=why
            )
