"""`quiesce prove`: put every obligation to the solvers, say what follows, and draw what fails.

Exit codes: 0 every obligation that was asked for is confirmed by every solver that was asked for, 1 one is refuted (its
counterexample is drawn), 2 unfinished: no answer in time, a solver that died or is not there, an interrupt, misuse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language import ModelError
from quiesce_model.prove import Answer
from quiesce_model.prove.bounded import shortest

from .evidence import Standing
from .prove_report import as_json, draw, explain, print_counterexample, print_proof, say, summary, write
from .proved import LIMIT, SOLVERS, choose, named, obligations, prove

__all__ = ["command"]

BAD_LIMIT = 2.0
"""Seconds for one question about a known-bad protocol, where many have no answer."""
EVERY = 5.0
"""Seconds between two lines of progress where there is no terminal."""


@click.command("prove")
@click.option("--solver", type=click.Choice([*SOLVERS, "both"]), default="both", show_default=True, help="Whom to ask.")
@click.option("--only", metavar="RULE", help="A rule's id; or a kind of obligation, an action, a claim.")
@click.option("--explain", "why", is_flag=True, help="Which claims, obligations, hypotheses and files carry a rule.")
@click.option("--seed", type=click.IntRange(min=0), help="Of the solvers' random choices.")
@click.option("--model", metavar="NAME", help="One model: algorithm.Hold, protocol.Hold, or a known-bad protocol.")
@click.option("--limit", type=click.FloatRange(min=0.1), help="Seconds for one question (10; known-bad: 2).")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Questions at once.")
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Where the result goes.")
def command(
    solver: str,
    only: str | None,
    why: bool,
    seed: int | None,
    model: str | None,
    limit: float | None,
    workers: int,
    path: Path | None,
) -> int:
    """Prove both models under each policy, for any number of threads, versions and upgrades.

    Exit code 0: every obligation is confirmed by both solvers, or by the one asked for.  1: one is refuted, with a
    counterexample.  2: something could not be finished.
    """
    console = Console()
    bad = {entry.name: entry for entry in catalogue()}.get(model or "")
    try:
        asked = obligations([named(model)] if model is not None else None)
        if only is not None:
            asked = choose(asked, only)
        with progress(console, len(asked)) as note:
            proof = prove(
                asked,
                SOLVERS if solver == "both" else (solver,),
                seed=seed,
                limit=limit if limit is not None else BAD_LIMIT if bad else LIMIT,
                workers=workers,
                cores=why,
                whole=only is None,
                progress=note,
            )
    except ModelError as error:  # an unknown name, a model that cannot be read, a solver that is not there
        click.echo(f"quiesce prove: {error}", err=True)
        return Standing.UNFINISHED.value
    except KeyboardInterrupt:
        say(console, "interrupted before the first question")
        return Standing.UNFINISHED.value
    print_proof(proof, console, only)
    drawn = [] if proof.ended else draw(proof, everything=only is not None)
    for one in drawn:
        print_counterexample(one, console)
    if why:
        explain(proof, console, only)
    if bad is not None and bad.kind == "safety" and only in {None, bad.breaks}:
        run = shortest(bad.model, bad.scope, bad.claim)
        say(console, f"\nthe shortest run: {run}")
    if path is not None:
        write(path, as_json(proof, drawn))
        say(console, f"written: {path}")
    say(console, f"{summary(proof)}\nverdict: {proof.standing.name.lower()} ({proof.seconds:.1f} s)")
    return proof.standing.value


@contextmanager
def progress(console: Console, count: int) -> Iterator[Callable[[int, int, Answer], None]]:
    """A bar on a terminal, a line now and then elsewhere."""
    say(console, f"{count:,} obligations")
    if not console.is_terminal:
        last = time.monotonic()

        def line(done: int, total: int, answer: Answer) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY:
                last = time.monotonic()
                say(console, f"   {done:,} of {total:,} answers; {answer.obligation.name}")

        yield line
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")

        def update(done: int, total: int, answer: Answer) -> None:
            bar.update(task, completed=done, total=total, description=answer.obligation.name[:80])

        yield update
