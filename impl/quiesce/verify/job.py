"""The main job: models proved and explored, known-bad protocols caught, a real plugin under load; a verdict per rule.

Each stage can hold, be broken or be unfinished, and so can each rule; the worst of them is the exit code.  A stage that
could not run says so and leaves its rules unfinished: it is never left out in silence.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from quiesce import DrainPolicy
from quiesce_model.prove import Answer
from quiesce_model.rules import rules

from .evidence import Standing, Table
from .load import Load, LoadResult
from .models import JobResult, explorations, known_bad, run_jobs
from .prove_report import draw, summary
from .proved import obligations, prove
from .recorded import Recorded, record
from .report import as_json, print_table, write_json
from .scenarios import SCENARIOS, play
from .schedules.runs import Report
from .schedules.stage import run_part
from .screen import Screen
from .subject import MakeSubject, make_subject

__all__ = ["Options", "verify"]


@dataclass(frozen=True, slots=True)
class Options:
    """What to do; times in seconds."""

    quick: bool = False
    seconds: float = 10.0
    threads: int = 8
    seed: int = 0
    json: Path | None = Path("build/verify.json")
    models: bool = True
    workers: int | None = None
    proof: bool = True
    """Whether both solvers are asked; without it no rule that is meant to be proved holds."""


class Run:
    """One run of the main job.  For one thread."""

    def __init__(self, options: Options, console: Console, make: MakeSubject) -> None:
        self.options, self.make = options, make
        self.screen = Screen(console)
        self.table = Table(rules())
        self.stages: list[dict[str, Any]] = []

    def stage(self, title: str, body: Callable[[], tuple[Standing, str]]) -> Standing:
        """Run one stage; an interrupt ends it unfinished and goes on to the report."""
        self.screen.stage(title)
        began = time.monotonic()
        try:
            standing, line = body()
        except KeyboardInterrupt:
            standing, line = Standing.UNFINISHED, "interrupted"
        except Exception as error:  # noqa: BLE001 - a stage that cannot run is unfinished; the report says why
            standing, line = Standing.UNFINISHED, f"could not run: {error!r}"
        seconds = time.monotonic() - began
        self.screen.say(f"   {standing.name.lower()}: {line} ({seconds:.1f} s)")
        self.stages.append(
            {"stage": title, "verdict": standing.name.lower(), "seconds": round(seconds, 3), "summary": line}
        )
        return standing

    # -- (a) and (b) -------------------------------------------------------------------------------------------------
    def models(self) -> tuple[Standing, str]:
        """Explore both models under each policy, and catch the known-bad ones, on all cores."""
        results: list[JobResult] = []
        quick = self.options.quick
        jobs = [*explorations(quick=quick), *known_bad(quick=quick)]

        def done(result: JobResult) -> None:
            results.append(result)
            mark = {"HOLDS": "ok", "BROKEN": "BROKEN", "UNFINISHED": "unfinished"}[result.standing.name]
            what = "known-bad" if result.job.kind == "known_bad" else "explored"
            self.screen.say(f"   {mark:2} {what}: {result.line or result.job.name} [{result.seconds:.1f} s]")
            if result.counterexample and result.standing is Standing.BROKEN:
                self.screen.say(result.counterexample)
            for finding in result.findings():
                self.table.add(finding)
            if result.job.kind == "known_bad" and result.standing is Standing.HOLDS:
                for rule in result.breaks:
                    self.table.rows[rule].caught.append(result.job.name)

        run_jobs(jobs, done, self.screen.progress, workers=self.options.workers)
        explored = [r for r in results if r.job.kind != "known_bad"]
        caught = [r for r in results if r.job.kind == "known_bad"]
        states = sum(r.states for r in explored)
        good = sum(r.standing is Standing.HOLDS for r in caught)
        line = f"{len(explored)} explorations, {states:,} states; {good} of {len(caught)} known-bad protocols caught"
        return Standing.worst(r.standing for r in results), line

    def proof(self) -> tuple[Standing, str]:
        """Ask both solvers about both models under each policy: any number of threads, versions and upgrades."""
        self.screen.progress("writing down what there is to prove")

        def progress(done: int, total: int, answer: Answer) -> None:
            self.screen.progress(f"proof: {done:,} of {total:,} answers; {answer.obligation.name}")

        proof = prove(obligations(), workers=self.options.workers or os.cpu_count() or 1, progress=progress)
        for finding in proof.findings():
            self.table.add(finding)
        for row in proof.open()[:20]:
            self.screen.say(f"   {row.why}")
        for drawn in draw(proof):
            self.screen.say(str(drawn))
        return proof.standing, summary(proof)

    def scenarios(self) -> tuple[Standing, str]:
        """Short stories with one outcome each."""
        verdicts = list(play().verdicts())
        self.table.add_history(verdicts, "tested", "checks", "directed runs")
        broken = [verdict for verdict in verdicts if verdict.violations]
        for verdict in broken:
            self.screen.say(str(verdict.violations[0]))
        line = f"{len(SCENARIOS)} stories, {sum(verdict.checked for verdict in verdicts):,} checks"
        return (Standing.BROKEN if broken else Standing.HOLDS), line

    def recorded(self) -> tuple[Standing, str]:
        """Real threads again, slowly: every atomic step is recorded and held against the algorithm model."""
        results: list[Recorded] = []
        for policy in DrainPolicy:
            self.screen.progress(f"recording under {policy.name}")
            result = record(
                policy, seeds=range(self.options.seed, self.options.seed + (1 if self.options.quick else 2))
            )
            results.append(result)
            for finding in result.findings():
                self.table.add(finding)
            if result.broken:
                self.screen.say(result.broken)
        taken = set().union(*(result.witnessed for result in results))
        events = sum(result.events for result in results)
        line = f"{events:,} steps of {len(taken)} kinds in {sum(result.runs for result in results)} runs"
        if any(result.broken for result in results):
            return Standing.BROKEN, line
        return (Standing.HOLDS if all(result.events for result in results) else Standing.UNFINISHED), line

    def schedules(self) -> tuple[Standing, str]:
        """The real threads under controlled schedules: each step of each is held against the algorithm model."""

        def progress(report: Report) -> None:
            reports.append(report)
            self.screen.progress(report.line())
            if report.failure is not None:
                self.screen.say(f"{report.line()}\n{report.failure.ending}")

        reports: list[Report] = []
        findings, _ = run_part(progress=progress)
        for finding in findings:
            self.table.add(finding)
        total, steps = sum(r.schedules for r in reports), sum(r.steps for r in reports)
        line = f"{total:,} schedules of {len(reports)} configurations, {steps:,} steps"
        return Standing.worst(finding.standing for finding in findings), line

    # -- (c) ---------------------------------------------------------------------------------------------------------
    def load(self) -> tuple[Standing, str]:
        """Real threads, real plugin files, upgrades all the time; then the whole history is checked."""
        options = self.options
        load = Load(self.make, clients=options.threads, seed=options.seed)
        interrupted = False
        with load.running():
            try:
                ends = time.monotonic() + options.seconds
                # On a slow machine longer: what was not made to happen cannot be seen to go well.
                latest = ends + 2 * options.seconds + 5.0
                while (instant := time.monotonic()) < (latest if not load.covered.is_set() else ends):
                    if load.halted.wait(min(0.25, max(0.01, ends - instant))):
                        break
                    now = load.progress()
                    self.screen.progress(
                        f"{now.seconds:4.1f} s  {now.calls:,} calls  {now.state}  {now.live} live versions  "
                        f"{now.upgraded} upgraded, {now.rolled_back} rolled back"
                    )
            except KeyboardInterrupt:
                interrupted = True
        self.screen.progress("checking every call of the history")
        return self.enter(load.finish(), interrupted=interrupted)

    def enter(self, result: LoadResult, *, interrupted: bool) -> tuple[Standing, str]:
        """Put what a load found into the table."""
        self.table.add_history(result.tested, "tested", "checks", "upgrades under load")
        self.table.add_history(result.observed.values(), "observed", "records", "history of the load")
        broken = [v for v in (*result.tested, *result.observed.values()) if v.violations]
        for verdict in broken:
            self.screen.say(str(verdict.violations[0]))
        for error in result.errors:
            self.screen.say(f"   the load could not go on: {error}")
        now = result.progress
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(now.kinds.items()))
        self.screen.say(f"   upgrades: {kinds}")
        line = (
            f"{len(result.history.calls):,} calls checked in {result.checking_seconds:.1f} s, "
            f"{len(result.history.publications):,} publications, {now.upgraded} upgraded, {now.rolled_back} rolled back"
        )
        if broken:
            return Standing.BROKEN, line
        if interrupted or result.errors or not result.history.calls:
            return Standing.UNFINISHED, line
        return Standing.HOLDS, line


def verify(options: Options, console: Console | None = None, make: MakeSubject = make_subject) -> Standing:
    """Run the main job and print what came of it.

    Args:
        options: what to do.
        console: where to print; the standard output if not given.
        make: makes the plugin under test; the tests put in broken ones.

    Returns:
        The verdict; its value is the exit code.

    """
    console = console or Console()
    began = time.monotonic()
    run = Run(options, console, make)
    with run.screen:
        standings = [run.stage(f"{options.threads} threads for {options.seconds:g} s on a real plugin", run.load)]
        standings.append(run.stage("directed runs of the real plugin", run.scenarios))
        standings.append(run.stage("a recorded load, every step held against the algorithm", run.recorded))
        if not options.quick:
            standings.append(run.stage("controlled schedules, every step held against the algorithm", run.schedules))
        if options.models:
            standings.append(run.stage("both models under each policy, and the known-bad protocols", run.models))
        if options.proof:
            standings.append(run.stage("the proof, by two solvers", run.proof))
    standing = Standing.worst([*standings, run.table.standing])
    seconds = time.monotonic() - began
    print_table(run.table, console)
    if options.json is not None:
        write_json(options.json, as_json(run.table, run.stages, seconds, standing))
        console.print(f"written: {options.json}", highlight=False)
    console.print(f"verdict: {standing.name.lower()} ({seconds:.1f} s)", highlight=False)
    return standing
