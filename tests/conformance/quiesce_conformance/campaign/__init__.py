"""Randomized concurrent runs: Hypothesis draws a program of calls, gates and upgrades, and shrinks one that fails.

A program is plain JSON data, so that it is the recipe with which a failure is run again; what the threads of the
subject do beside the gates is not part of it.  Upgrades come one after the
other; calls wait at gates across them.  Not drawn yet: candidates that fail, policies, probation, drains that time out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from random import Random
from time import monotonic
from typing import Any, Final

from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, NoSuchExample

from quiesce_conformance.check import Check, CheckResult
from quiesce_conformance.contract import CandidateSpec, Capability, Profile
from quiesce_conformance.history import Verdict
from quiesce_conformance.recording import Script, Stuck
from quiesce_conformance.session import Host

__all__ = ["CHECKS"]

RULES: Final = ("R1", "R2", "R3", "R5", "T2", "T3", "M1", "M3", "V1")
STEP_NAMES: Final = frozenset({"call", "raise", "gated", "upgrade", "open"})
STEPS: Final = st.lists(st.sampled_from(sorted(STEP_NAMES)), min_size=1, max_size=14)
RUNS: Final = 25
"""Programs of one run, if none fails."""
SHRINKING: Final = 20.0
"""Seconds after which a failure is given as it is, however long: with a subject that hangs, each program costs some."""
UNDER_WAY: Final = 0.25
"""Seconds that a call is given to come to its gate.  Nothing is concluded from it."""
DRAIN_TIMEOUT: Final = 30.0
"""Seconds; longer than any wait of the suite, so that no drain ends by it."""


def play(host: Host, steps: list[str]) -> CheckResult:
    """Run one program in a session of its own."""
    first = CandidateSpec(1)
    session = host.session(first, DRAIN_TIMEOUT)
    try:
        script = Script(session, first, "CONTINUE" if Capability.POLICY in session.capabilities else None)
        gates: list[str] = []
        upgrade, version = None, 1
        with contextlib.suppress(Stuck):
            for number, step in enumerate(steps, 1):
                if step == "gated":
                    gates.append(f"g{number}")
                    script.call(number, gate=gates[-1])
                    # Who takes a lock around everything does not let a second call come this far: nothing follows.
                    session.reached(gates[-1], UNDER_WAY)
                elif step == "open" and gates:
                    session.open(gates.pop(0))
                elif step == "upgrade":
                    if upgrade is not None:
                        while gates:
                            session.open(gates.pop())
                        script.well(upgrade, "V1", "an upgrade whose calls may end")
                    version += 1
                    upgrade = script.upgrade(CandidateSpec(version))
                elif step in ("call", "raise"):
                    script.call(number, raises=step == "raise")
        for gate in gates:
            session.open(gate)
        return script.finish(RULES)
    finally:
        session.close()


def run(host: Host, seed: int, recipe: Mapping[str, Any]) -> CheckResult:
    """Run drawn programs, or the one of `recipe`; a failure is given as the smallest program that was found."""
    if "steps" in recipe:
        steps = [str(step) for step in recipe["steps"]]
        if unknown := sorted(set(steps) - STEP_NAMES):
            return CheckResult({}, unfinished=f"expected steps out of {sorted(STEP_NAMES)}, got {unknown}")
        return play(host, steps)
    total: dict[str, Verdict] = {}
    failed: dict[str, CheckResult] = {}
    unfinished = ""
    until: float | None = None

    def fails(steps: list[str]) -> bool:
        nonlocal unfinished, until
        if until is not None and monotonic() > until:
            return False
        result = play(host, steps)
        unfinished = unfinished or result.unfinished
        for rule, verdict in result.verdicts.items():
            of_all = total.setdefault(rule, Verdict(rule))
            of_all.checked += verdict.checked
            for name, count in verdict.sometimes.items():
                of_all.sometimes[name] = of_all.sometimes.get(name, 0) + count
        if any(verdict.violations for verdict in result.verdicts.values()):
            until = until or monotonic() + SHRINKING
            if "least" in failed and len(steps) > len(failed["least"].recipe["steps"]):
                return True
            failed["least"] = CheckResult(result.verdicts, {"steps": steps}, result.rows, result.unfinished)
            return True
        return False

    quiet = settings(max_examples=RUNS, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    with contextlib.suppress(NoSuchExample, Flaky):  # threads need not do the same thing twice
        find(STEPS, fails, settings=quiet, random=Random(seed))
    return failed["least"] if failed else CheckResult(total, {}, unfinished=unfinished)


CHECKS: Final[tuple[Check, ...]] = (Check("random-programs", RULES, Profile.CORE, frozenset(), run, randomized=True),)
