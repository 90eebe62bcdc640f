"""A recorded load: every atomic step of the real threads is held against the algorithm model, one by one.

The load beside it (`load`) runs the plugin at full speed and judges what callers saw.  Here callers dawdle between
their steps, so that steps of others come between, and the kernel's own steps are judged: a caller that starts without
its second look, a gate that stays closed, a version that is freed too early are found at the step that does it, whether
or not anybody was hurt.  What it does not see: races within a critical section, which a recording makes atomic.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

from quiesce import DrainPolicy, HotReloadablePlugin
from quiesce_model import algorithm
from quiesce_model.validate import Rejected, Validated, Validator
from quiesce_model.validate.numbers import ALGORITHM, ALGORITHM_SCOPE
from quiesce_model.validate.seam import algorithm_events, foreseen

from .evidence import Finding, Standing
from .recorded_load import Dawdling, run

__all__ = ["Recorded", "checked", "record", "rules_judged"]

MODELS = {model.policy.name: model for model in algorithm.POLICIES}


@dataclass(slots=True)
class Recorded:
    """What came of the recorded runs under one policy."""

    policy: DrainPolicy
    events: int = 0
    runs: int = 0
    witnessed: Counter[str] = field(default_factory=Counter)
    """How often each action of the model was taken."""
    rejected: Rejected | None = None
    failed: Exception | None = None
    """What the threads of the load ran into that they should not have."""

    @property
    def broken(self) -> str:
        """What speaks against the kernel; empty: nothing."""
        failed = self.failed.exceptions if isinstance(self.failed, ExceptionGroup) else (self.failed,)
        return str(self.rejected or "") or "; ".join(repr(error) for error in failed if error is not None)

    def findings(self) -> list[Finding]:
        """The same, as evidence about the rules that the model claims."""
        source = f"recorded load, {self.policy.name}"
        if not self.broken:
            standing = Standing.HOLDS if self.events else Standing.UNFINISHED
            return [Finding(r, "observed", standing, self.events, "steps", source) for r in rules_judged(self.policy)]
        # A call that failed is R5's; a step that the model lacks, and no claim speaks of, is no listed transition.
        rules = (self.rejected.rules or ("L1",)) if self.rejected is not None else ("R5",)
        matched = self.rejected.matched if self.rejected is not None else self.events
        return [
            Finding(r, "observed", Standing.BROKEN, matched, "steps", source, counterexamples=(self.broken,))
            for r in rules
        ]


def rules_judged(policy: DrainPolicy) -> list[str]:
    """The rules that the policy's model claims of every state or step."""
    claims = MODELS[policy.name].claims("invariant", "theorem", "transition").values()
    return sorted({rule for claim in claims for rule in claim.rules})


def checked(policy: DrainPolicy, events: list[dict[str, object]]) -> Validated:
    """Hold a recorded run against the policy's algorithm.

    Raises:
        Rejected: an event is no step of it.
        BrokenTrace: the recording is empty, cut off or has a gap.

    """
    model = MODELS[policy.name]
    validator = Validator(model, algorithm_events(model), scope=ALGORITHM_SCOPE, forgetting=ALGORITHM)
    for event in foreseen(events):
        validator.feed(event)
    return validator.finish()


def record(
    policy: DrainPolicy,
    *,
    seeds: range,
    moves: int = 60,
    kind: type[HotReloadablePlugin] = HotReloadablePlugin,
) -> Recorded:
    """Run the load once for each seed, and hold each run against the model; stops at the first step that is none."""
    result = Recorded(policy)
    logger = logging.getLogger("quiesce")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # some close hooks fail, and are meant to
    try:
        for seed in seeds:
            seam = Dawdling(seed)
            try:
                run(policy, seed=seed, moves=moves, seam=seam, kind=kind)
            except ExceptionGroup as group:
                result.failed = group  # in which step it went wrong, the recording says
            except Exception as error:  # noqa: BLE001 - as above, but the end was not reached
                result.failed = error
                seam.end()
            try:
                found = checked(policy, seam.events)
            except Rejected as rejected:
                result.rejected = rejected
            if result.rejected is not None or result.failed is not None:
                break
            result.runs += 1
            result.events += found.events
            result.witnessed.update(found.witnessed)
    finally:
        logger.setLevel(level)
    return result
