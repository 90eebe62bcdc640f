"""`run_conformance`: all checks that apply to a subject, here or on an executor, and the report.

Work is cut into shards, one run of one check with one seed.  Whoever runs them does not matter: what a shard did is
decided by its check, its seed and its recipe alone.  At most `WINDOW` shards are on their way at once, so that a
campaign of millions neither fills the memory nor waits for the slowest before it shows anything.

A verdict on the adapter ends the run at once, because nothing that it said counts.  An interrupt ends it, too, with a
report of what was seen until then, which is never green.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

from . import campaign, scenarios
from .check import Check
from .contract import NEEDS, CandidateSpec, Profile
from .ledger import Ledger
from .profiles import claimed, rules_of
from .report import Report, Standing
from .rulebook import rulebook
from .session import BrokenAdapter, Host
from .shard import Shard, ShardResult, run_shard
from .summing_up import check_reports, rule_reports

__all__ = ["ALL_CHECKS", "Progress", "UnknownName", "run_conformance"]

ALL_CHECKS: Final[tuple[Check, ...]] = (*scenarios.CHECKS, *campaign.CHECKS)
OUT_OF_SCOPE: Final[Mapping[str, str]] = scenarios.OUT_OF_SCOPE
WINDOW: Final = 256


class UnknownName(ValueError):
    """A rule, a check or a recipe that there is not."""


class Progress(NamedTuple):
    """How far a run is."""

    done: int
    total: int
    last: str
    """The shard that ended last; empty at the beginning."""
    broken: tuple[str, ...]
    """The rules of which a counterexample is known."""


def run_conformance(
    host: Host,
    *,
    profiles: Sequence[Profile] | None = None,
    rules: Sequence[str] | None = None,
    seed: int = 0,
    runs: int = 1,
    replay: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    resume: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    max_seconds: float | None = None,
    how: str = "",
    program: str = "",
    checks: Sequence[Check] = ALL_CHECKS,
) -> Report:
    """Judge a subject.

    Args:
        host: an `InProcessHost` or a `PipeHost`; it is closed in the end.
        profiles: what it is judged by; what it claims by its capabilities if not given.
        rules: only these rules, by id.
        seed: of the first run of each randomized check; the same seed does the same.
        runs: how many seeds each randomized check is run with.
        replay: a recipe out of a report: only that is run, exactly so.
        executor: where the runs are done; in this thread, one after the other, if not given.  The host must then be
            one that can be pickled, unless the executor's threads are of this process.
        resume: a file that keeps every result; what it has is not run again.
        progress: called in this thread after every run.
        max_seconds: begin no further run after this time; what was not run is unfinished.
        how: the subject as `program` takes it, for the report.
        program: the command that takes a recipe, for the report.
        checks: what there is to be run.

    Raises:
        UnknownName: a rule or a recipe names what there is not.
        BadLedger: `resume` is a file of something else.
        SubjectError: what is to be judged is no subject.

    Not safe to run twice at once on one host.

    """
    begun = monotonic()
    wanted = _known(rules)
    broken_adapter = stopped = ""
    capabilities: frozenset[str] | None = None
    try:
        capabilities = _capabilities(host)
    except BrokenAdapter as verdict:
        broken_adapter = str(verdict)
    except RuntimeError as error:
        stopped = f"it could not be begun: {error}"
    judged = tuple(profiles) if profiles is not None else claimed(capabilities or ())
    shards, applicable = _shards(checks, judged, capabilities or frozenset(), wanted, seed, runs, replay)
    results: dict[str, ShardResult] = {}
    if not (broken_adapter or stopped):
        of = {
            "subject": host.name,
            "shards": sorted({shard.check.name for shard in shards}),
            "seed": seed,
            "runs": runs,
        }
        with ExitStack() as stack:
            ledger = stack.enter_context(Ledger(resume, of)) if resume is not None else None
            results.update(ledger.done if ledger else {})
            todo = [shard for shard in shards if shard.key not in results]
            end = None if max_seconds is None else begun + max_seconds
            running = _here(host, todo, end) if executor is None else _spread(host, todo, end, executor)
            broken = {one.rule for result in results.values() for one in result.counterexamples}
            if progress is not None:
                progress(Progress(len(results), len(shards), "", tuple(sorted(broken))))
            try:
                for result in running:
                    if result.broken_adapter:
                        broken_adapter = result.broken_adapter
                        break
                    results[result.key] = result
                    if ledger is not None:
                        ledger.add(result)
                    broken |= {one.rule for one in result.counterexamples}
                    if progress is not None:
                        progress(Progress(len(results), len(shards), result.key, tuple(sorted(broken))))
            except KeyboardInterrupt:
                stopped = "interrupted"
            finally:
                running.close()
        if not stopped and not broken_adapter and len(results) < len(shards):
            stopped = f"out of time ({max_seconds:g} s)"
    try:
        host.close()
    except BrokenAdapter as verdict:
        broken_adapter = broken_adapter or str(verdict)
    if replay is not None:
        wanted = shards[0].check.rules if wanted is None else wanted
    asked = _judged(judged, checks, wanted)
    of_checks = check_reports(checks, judged, capabilities, applicable, shards, results, wanted)
    return Report(
        subject=host.name,
        how=how,
        capabilities=tuple(sorted(capabilities or ())),
        profiles=tuple(str(profile) for profile in judged),
        rules=rule_reports(asked, judged, of_checks, OUT_OF_SCOPE, checks),
        checks=of_checks,
        out_of_scope={rule: why for rule, why in OUT_OF_SCOPE.items() if rule in asked},
        seed=seed,
        runs=runs,
        seconds=monotonic() - begun,
        shards=(len(results), len(shards)),
        stopped=stopped,
        broken_adapter=broken_adapter,
        selected=wanted is not None,
        program=program,
        environment=_environment(),
    )


def _known(rules: Sequence[str] | None) -> tuple[str, ...] | None:
    if rules is None:
        return None
    if unknown := [rule for rule in rules if rule not in rulebook()]:
        raise UnknownName(f"expected rules out of {', '.join(rulebook())}; got {', '.join(unknown)}")
    return tuple(rules)


def _capabilities(host: Host) -> frozenset[str]:
    session = host.session(CandidateSpec(1), 5.0)
    try:
        return session.capabilities
    finally:
        session.close()


def _shards(
    checks: Sequence[Check],
    profiles: Sequence[Profile],
    capabilities: frozenset[str],
    rules: Sequence[str] | None,
    seed: int,
    runs: int,
    replay: Mapping[str, Any] | None,
) -> tuple[list[Shard], frozenset[str]]:
    """What is to be run, and the names of the checks that apply."""
    applicable = frozenset(
        check.name
        for check in checks
        if check.profile in profiles and NEEDS[check.profile] | check.needs <= capabilities
    )
    if replay is not None:
        found = next((check for check in checks if check.name == replay.get("check")), None)
        if found is None or not isinstance(replay.get("recipe", {}), dict):
            raise UnknownName(f"expected a recipe of a report, of a check that there is, got {dict(replay)!r}")
        return [Shard(found, int(replay.get("seed", seed)), replay.get("recipe", {}))], applicable
    return [
        Shard(check, seed + number)
        for number in range(max(1, runs))
        for check in checks
        if check.name in applicable
        and (number == 0 or check.randomized)
        and (rules is None or not set(check.rules).isdisjoint(rules))
    ], applicable


def _judged(profiles: Sequence[Profile], checks: Sequence[Check], rules: Sequence[str] | None) -> tuple[str, ...]:
    by_profile = {rule for profile in profiles for rule in rules_of(profile)}
    by_profile |= {rule for check in checks if check.profile in profiles for rule in check.rules}
    return tuple(rule for rule in rulebook() if (rule in by_profile if rules is None else rule in rules))


def _here(host: Host, shards: Sequence[Shard], end: float | None) -> Generator[ShardResult, None, None]:
    for shard in shards:
        if end is not None and monotonic() >= end:
            return
        yield run_shard(host, shard)


def _spread(
    host: Host, shards: Sequence[Shard], end: float | None, executor: Executor
) -> Generator[ShardResult, None, None]:
    waiting = iter(shards)
    under_way: dict[Future[ShardResult], Shard] = {}
    try:
        more = True
        while more or under_way:
            while more and len(under_way) < WINDOW:
                shard = next(waiting, None) if end is None or monotonic() < end else None
                if shard is None:
                    more = False
                else:
                    under_way[executor.submit(run_shard, host, shard, leave=True)] = shard
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                shard = under_way.pop(future)
                error = future.exception()
                if error is None:
                    yield future.result()
                else:  # a worker died, or something could not be sent: that run is unfinished, the others go on
                    why = f"the executor lost it: {type(error).__name__}: {error}"
                    lost = dict.fromkeys(shard.check.rules, Standing.UNFINISHED)
                    yield ShardResult(shard.key, shard.check.name, lost, why=why)
    finally:
        for future in under_way:
            future.cancel()


def _environment() -> dict[str, str]:
    found = {"python": platform.python_version(), "implementation": platform.python_implementation()}
    found["platform"] = f"{platform.system()} {platform.machine()}"
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        found["suite"] = f"quiesce {importlib.metadata.version('quiesce')}"
    return found
