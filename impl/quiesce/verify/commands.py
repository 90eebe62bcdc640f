"""The commands, with click; `quiesce.cli.main` comes here when it knows that click and rich are there."""

from __future__ import annotations

from pathlib import Path

import click

from quiesce_conformance.cli.command import conform

from .demo import demo as watch
from .job import Options
from .job import verify as check
from .prove_command import command as prove
from .schedules.commands import COMMANDS as SCHEDULES

__all__ = ["run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Hot reload that can show why you may believe in it."""


@commands.command()
@click.option("--quick", is_flag=True, help="Smaller bounds, a shorter load, no proof unless asked for: under 15 s.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="How long the load runs (10; quick: 3).")
@click.option("--threads", type=click.IntRange(min=1), default=8, show_default=True, help="Clients of the load.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the order of the upgrades.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes for the models (one per core).")
@click.option("--models/--no-models", default=True, show_default=True, help="Explore the models, too.")
@click.option("--proof/--no-proof", default=None, help="Ask the solvers, too (unless quick, or without models).")
@click.option(
    "--json",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("build/verify.json"),
    show_default=True,
    help="Where the result goes, keyed by rule id.",
)
def verify(
    quick: bool,
    seconds: float | None,
    threads: int,
    seed: int,
    workers: int | None,
    models: bool,
    proof: bool | None,
    path: Path,
) -> int:
    """Prove and explore the models, catch the known-bad protocols, reload a real plugin under load; a verdict per rule.

    Exit code 0: every rule holds.  1: one is broken, with its counterexample.  2: something could not be finished, or
    was not run: what is left out is never called shown.
    """
    length = seconds if seconds is not None else (3.0 if quick else 10.0)
    proved = models and not quick if proof is None else proof
    return check(Options(quick, length, threads, seed, path, models, workers, proved)).value


commands.add_command(prove)
commands.add_command(conform)
for each in SCHEDULES:
    commands.add_command(each)


@commands.command()
@click.option("--seconds", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="How long.")
@click.option("--threads", type=click.IntRange(min=1), default=8, show_default=True, help="Clients.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the order of the upgrades.")
def demo(seconds: float, threads: int, seed: int) -> int:
    """Watch a plugin being upgraded under load; every call is checked at the end."""
    return watch(seconds=seconds, threads=threads, seed=seed).value


def run(args: list[str] | None = None) -> int:
    """Run a command and give its exit code."""
    try:
        code = commands.main(args, prog_name="quiesce", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 2
    return code if isinstance(code, int) else 0
