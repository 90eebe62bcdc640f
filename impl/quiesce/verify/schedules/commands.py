"""`quiesce schedules`, `quiesce replay` and `quiesce soak`, with click."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from quiesce.verify.evidence import Standing
from quiesce_conformance.schedules import Execution, Failure, ScheduleError, svg_diagram
from quiesce_conformance.schedules import strategies as known
from quiesce_conformance.schedules.limits import BadLimit

from .configuration import Configuration
from .configurations import UnknownConfiguration, configurations, find
from .coverage import Coverage
from .failure import NotAStep
from .replay import explain, rerun, simplest
from .runs import Report, default_strategy, run
from .soak import BadCheckpoint
from .soak import soak as soak_for
from .world import quiet_log

__all__ = ["COMMANDS"]


@click.command()
@click.option("--configuration", "names", multiple=True, help="Which; several times for several.  All if not given.")
@click.option("--list", "listed", is_flag=True, help="Say which there are.")
@click.option(
    "--strategy",
    type=click.Choice(["dpor", "exhaustive", "pct", "walk"]),
    help="Which schedules; the configuration's own if not given.",
)
@click.option("--preemptions", type=int, help="Of exhaustive: at most so many.")
@click.option("--depth", type=int, default=5, show_default=True, help="Of pct: preemptions and one.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of pct and walk.")
@click.option(
    "--max-schedules", type=int, help="Stop after so many, for each configuration.  Of pct and walk: how many."
)
@click.option("--seconds", type=float, help="Stop after so long, for each configuration.")
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Where the result goes.")
def schedules(
    names: tuple[str, ...],
    listed: bool,
    strategy: str | None,
    preemptions: int | None,
    depth: int,
    seed: int,
    max_schedules: int | None,
    seconds: float | None,
    path: Path | None,
) -> int:
    """Run the real code under every schedule and hold each step against the model.

    Exit code 0: holds.  1: broken, with the schedule.  2: unfinished, interrupted or misused.
    """
    quiet_log()
    console = Console()
    every = {name: find(name) for name in names} if names else configurations()
    if listed:
        for each in every.values():
            console.print(f"{each.name:<28} {each.kind.about}; {each.bound}", highlight=False, soft_wrap=True)
        return 0
    reports: list[Report] = []
    for each in every.values():
        chosen = (
            default_strategy(each) if strategy is None else _strategy(strategy, preemptions, depth, seed, max_schedules)
        )
        sampled = strategy in {"pct", "walk"}  # then the strategy itself ends after so many
        report = run(each, chosen, max_schedules=None if sampled else max_schedules, max_seconds=seconds)
        reports.append(report)
        console.print(report.line(), highlight=False, soft_wrap=True, markup=False)
        if report.failure is not None:
            _show(console, each, simplest(each, report.failure))
        if report.stopped == "interrupted":
            break
    coverage = Coverage.of(reports)
    never = coverage.never() if not names and len(reports) == len(every) else []
    if not names:
        for line in coverage.lines():
            console.print(line, highlight=False, soft_wrap=True)
    standing = Standing.worst([report.standing for report in reports] + [Standing.UNFINISHED] * bool(never))
    if len(reports) < len(every):
        standing = Standing.worst([standing, Standing.UNFINISHED])
    for report in reports:
        if report.why:
            console.print(f"unfinished: {report.configuration.name}: {report.why}", highlight=False, soft_wrap=True)
    for action in never:
        console.print(f"never witnessed: {action}", highlight=False, soft_wrap=True)
    total = sum(report.schedules for report in reports)
    console.print(f"{standing.name.lower()}: {total:,} schedules of {len(reports)} configurations", highlight=False)
    if path is not None:
        result = {
            "verdict": standing.name.lower(),
            "exit_code": standing.value,
            "configurations": {report.configuration.name: report.as_json() for report in reports},
            "never_witnessed": never,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return standing.value


def _strategy(name: str, preemptions: int | None, depth: int, seed: int, schedules: int | None) -> known.Strategy:
    if name == "dpor":
        return known.Dpor()
    if name == "exhaustive":
        return known.Exhaustive(preemptions)
    count = 1_000 if schedules is None else schedules
    made: known.Strategy
    if name == "pct":
        made = known.Pct(schedules=count, depth=depth, seed=seed)
    else:
        made = known.Walk(schedules=count, seed=seed)
    return made


@click.command()
@click.argument("schedule")
@click.option("--configuration", "name", default="continue/swap", show_default=True, help="What it is a schedule of.")
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="How often.")
@click.option("--all", "whole", is_flag=True, help="Draw every step, not only those that led to the failure.")
@click.option("--svg", "svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into that file as well.")
def replay(schedule: str, name: str, times: int, whole: bool, svg: Path | None) -> int:
    """Run a schedule again and draw it.

    SCHEDULE is what a failing run prints, such as "a: announce | u: .. | a: ..".  Exit code 0: it ends well.  1: it
    fails.  2: it is no schedule, or does not fit.
    """
    quiet_log()
    console = Console()
    configuration = find(name)
    executions = [rerun(configuration, schedule) for _ in range(times)]
    first = executions[0]
    same = sum(each.choices == first.choices and str(each.ending) == str(first.ending) for each in executions)
    _show(console, configuration, first, whole=whole)
    if times > 1:
        console.print(f"{same} of {times} executions were the same", highlight=False)
    if svg is not None:
        svg.parent.mkdir(parents=True, exist_ok=True)
        svg.write_text(svg_diagram(first), encoding="utf-8")
    if same < times:
        return Standing.UNFINISHED.value
    standing = Standing.BROKEN if first.failed else Standing.HOLDS
    return int(standing.value)


@click.command()
@click.option("--seconds", type=float, default=3600.0, show_default=True, help="How long, in all.")
@click.option("--workers", type=int, help="Processes (one per core).")
@click.option("--slice", "slice_seconds", type=float, default=20.0, show_default=True, help="Of one configuration.")
@click.option("--configuration", "names", multiple=True, help="Which; the suite's and larger ones if not given.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("build/soak.json"),
    show_default=True,
    help="Gone on with if it is there.",
)
def soak(seconds: float, workers: int | None, slice_seconds: float, names: tuple[str, ...], checkpoint: Path) -> int:
    """Search larger scopes, for a night; goes on where the last one ended.

    Exit code 0: all were exhausted.  1: something is broken.  2: unfinished.
    """
    console = Console()

    def say(line: str) -> None:
        console.print(line, highlight=False, soft_wrap=True, markup=False)

    state = soak_for(
        checkpoint,
        max_seconds=seconds,
        workers=workers,
        slice_seconds=slice_seconds,
        names=list(names) or None,
        say=say,
    )
    for line in state.lines():
        say(line)
    for name, each in state.progress.items():
        if each.failure:
            say(f"{name}: {each.failure}\n  quiesce replay --configuration {name} '{each.schedule}'")
    say(f"{state.standing.name.lower()}{': ' if state.stopped else ''}{state.stopped}")
    return state.standing.value


def _show(console: Console, configuration: Configuration, execution: Execution, *, whole: bool = False) -> None:
    text, diagram = explain(execution, whole=whole)
    console.print(diagram, highlight=False, soft_wrap=True, markup=False)
    ending = execution.ending
    error = ending.error if isinstance(ending, Failure) else None
    if isinstance(error, NotAStep):
        _compare(console, error)
    elif execution.failed:
        console.print(str(ending), highlight=False, soft_wrap=True, markup=False)
    if text:
        again = f"quiesce replay --configuration {configuration.name} '{text}'"
        console.print(again, highlight=False, soft_wrap=True, markup=False)


def _compare(console: Console, error: NotAStep) -> None:
    """Both states side by side."""
    if not console.is_terminal:
        console.print(str(error), highlight=False, soft_wrap=True, markup=False)
        return
    console.print(error.headline, highlight=False, markup=False)
    table = Table(pad_edge=False)
    for head in ("variable", "model", "code"):
        table.add_column(head)
    for name, model, code, differs in error.rows:
        table.add_row(name, model, code, style="bold red" if differs else None)
    console.print(table)


def _refusing(command: click.Command) -> click.Command:
    """What is wrong with the arguments is an error of the command line: exit code 2, nothing was run."""
    inner = command.callback
    assert inner is not None, "a command does something"

    def callback(*args: object, **kwargs: object) -> object:
        try:
            return inner(*args, **kwargs)
        except (ScheduleError, UnknownConfiguration, BadLimit, BadCheckpoint) as error:
            text = str(error.args[0]) if isinstance(error, UnknownConfiguration) else str(error)
            raise click.ClickException(text) from error

    command.callback = callback
    return command


COMMANDS = tuple(_refusing(command) for command in (schedules, replay, soak))
"""For `quiesce.verify.commands`."""
