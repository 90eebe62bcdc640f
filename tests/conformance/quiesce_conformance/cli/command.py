"""Judge an implementation from the command line.

    quiesce conform mypkg:make_subject
    quiesce conform -- ./my-adapter --flag

Exit codes: 0 conforms, 1 does not, 2 unfinished, broken adapter or misused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from quiesce_conformance import files
from quiesce_conformance.contract import Profile
from quiesce_conformance.hosts import host_of
from quiesce_conformance.inprocess import SubjectError
from quiesce_conformance.ledger import BadLedger
from quiesce_conformance.reports import as_json, junit, page, text
from quiesce_conformance.rulebook import rulebook
from quiesce_conformance.suite import Progress, UnknownName, run_conformance

__all__ = ["conform"]


@click.command("conform")
@click.argument("subject", nargs=-1, required=True)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    type=click.Choice([str(one) for one in Profile]),
    help="Judge by these alone.",
)
@click.option(
    "--rule", "rules", multiple=True, type=click.Choice(list(rulebook())), metavar="ID", help="Only these rules."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of randomized checks.")
@click.option(
    "--runs", type=click.IntRange(min=1), default=1, show_default=True, help="Seeds for each randomized check."
)
@click.option("--replay", metavar="RECIPE", help="Run one counterexample again, as a report gives it.")
@click.option("--executor", metavar="MODULE:NAME", help="An executor, or a function that makes one: the runs go there.")
@click.option(
    "--resume", type=click.Path(dir_okay=False, path_type=Path), help="Keep results here, and go on from them."
)
@click.option("--max-seconds", type=float, help="Begin no run after this time.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write everything as JSON.")
@click.option("--junit", "junit_path", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML.")
@click.option("--html", "html_path", type=click.Path(dir_okay=False, path_type=Path), help="Write one HTML page.")
@click.pass_context
def conform(
    context: click.Context,
    subject: tuple[str, ...],
    profiles: tuple[str, ...],
    rules: tuple[str, ...],
    seed: int,
    runs: int,
    replay: str | None,
    executor: str | None,
    resume: Path | None,
    max_seconds: float | None,
    json_path: Path | None,
    junit_path: Path | None,
    html_path: Path | None,
) -> None:
    """Judge a hot-reload implementation, rule by rule.

    SUBJECT is mypkg:make_subject, or, after --, an adapter's command and its arguments.
    """
    if str(Path.cwd()) not in sys.path:  # the command of an installation does not see the user's own modules otherwise
        sys.path.insert(0, str(Path.cwd()))
    try:
        recipe = _recipe(replay)
        host, how = host_of(subject)
        with ExitStack() as stack:
            where = stack.enter_context(_executor(executor)) if executor is not None else None
            report = run_conformance(
                host,
                profiles=[Profile(one) for one in profiles] or None,
                rules=rules or None,
                seed=seed,
                runs=runs,
                replay=recipe,
                executor=where,
                resume=resume,
                progress=stack.enter_context(_progress()),
                max_seconds=max_seconds,
                how=how,
                program="quiesce conform",
            )
    except (SubjectError, UnknownName, BadLedger, OSError) as error:
        raise click.UsageError(str(error), context) from error
    click.echo(text.as_text(report), nl=False)
    for path, form in ((json_path, as_json.as_json), (junit_path, junit.as_junit), (html_path, page.as_page)):
        if path is not None:
            try:
                files.write(path, form(report))
            except OSError as error:
                raise click.UsageError(f"{path} cannot be written: {error}", context) from error
    context.exit(report.exit_code)


def _recipe(said: str | None) -> dict[str, Any] | None:
    if said is None:
        return None
    try:
        found = json.loads(said)
    except json.JSONDecodeError as error:
        raise UnknownName(f"--replay: expected the recipe of a report, which is JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnknownName(f"--replay: expected the recipe of a report, got {found!r}")
    return found


def _executor(said: str) -> AbstractContextManager[Executor]:
    module, _, name = said.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownName(f"--executor: expected MODULE:NAME, got {said!r}: {error}") from error
    made = found if isinstance(found, Executor) else found()
    if not isinstance(made, Executor):
        raise UnknownName(f"--executor: expected a concurrent.futures.Executor, got {made!r}")
    return made


def _progress() -> AbstractContextManager[Callable[[Progress], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        return nullcontext(lambda _: None)
    return _Live(console)


class _Live:
    """A bar on a terminal: how many runs, which one, and which rules are broken so far."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[broken]}", markup=False),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Callable[[Progress], None]:
        self._bar.start()
        task = self._bar.add_task("checks", total=None, broken="")

        def show(at: Progress) -> None:
            broken = f"broken: {', '.join(at.broken)}" if at.broken else ""
            self._bar.update(task, completed=at.done, total=at.total, broken=broken)

        return show

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
