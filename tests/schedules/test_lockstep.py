"""Kernel and protocol model in lock-step: random operations, in and out of every state, held against each other.

Hypothesis draws the operations and shrinks a disagreement.  The seeds are fixed: the same examples every time.
What it covers is said by the report at the end of each policy, and a model action that was never taken is a failure.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings, target
from hypothesis import Phase as Phases
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from quiesce import DrainPolicy, SelfDeadlock
from quiesce_model.vocabulary import Gate, Phase
from tests.schedules.lockstep import CALLERS, MODELS, VERSIONS, Operation, Pair

EXAMPLES, ROUNDS = 60, 6
"""Examples in a round, of up to 60 operations each; rounds until every action of the policy was taken."""
SOAK = "QUIESCE_SOAK" in os.environ
"""With it, Hypothesis climbs towards its targets (more publications, more versions), which takes minutes."""
PHASES = [Phases.generate, Phases.shrink, *([Phases.target] if SOAK else [])]
PICK = st.integers(0, 3)
LATER = 1000.0
"""A drain timeout that never passes by itself: in these tests time is up when a rule says so."""


class Lockstep(RuleBasedStateMachine):
    policy: DrainPolicy
    witnessed: Counter[str]
    refused: ClassVar[Counter[tuple[DrainPolicy, str, str]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(self.policy, self.witnessed)

    def teardown(self) -> None:
        self.pair.release()
        target(float(self.pair.get("epoch")), label="publications")
        target(float(self.pair.get("newest")), label="versions")

    @initialize(
        upgrades=st.integers(0, 3), failures=st.integers(0, 1), probation=st.booleans(), calls=st.integers(0, 2)
    )
    def begin_deep(self, upgrades: int, failures: int, probation: bool, calls: int) -> None:
        """Some history first, so that rare states are reached with many versions and epochs behind them."""
        plans = [("init", False)] * failures + [("", False)] * upgrades + [("", True)] * probation
        for fails_in, undecided in plans:
            op = Operation(self.pair, "upgrade", fails_in=fails_in, probation=undecided)
            self.begin(op, partial(self.pair.plugin.upgrade, op.candidate(), probation=undecided))
        for _ in range(calls):
            self.call()

    # -- calls --------------------------------------------------------------------------------------------------------
    def inside(self, depth: Phase) -> list[int]:
        return [t for t, a in self.pair.calls.items() if a.paused and self.pair.get("phase", t) is depth]

    @precondition(lambda self: len(self.pair.calls) < CALLERS)
    @rule()
    def call(self) -> None:
        t = next(t for t in range(CALLERS) if t not in self.pair.calls)
        self.pair.take("invoke", t)
        self.pair.calls[t] = self.pair.stage.start(lambda: self.pair.plugin.call("stay"), f"call {t}")
        self.pair.follow()

    @precondition(lambda self: self.inside(Phase.RUNNING))
    @rule(pick=PICK, how=st.sampled_from(["return", "return", "raise"]))
    def finish(self, pick: int, how: str) -> None:
        t = self.some(self.inside(Phase.RUNNING), pick)
        actor = self.pair.calls.pop(t)
        self.pair.take("finish", t)
        self.pair.stage.resume(actor, "raise" if how == "raise" else None)
        assert actor.ended
        assert isinstance(actor.error, LookupError) if how == "raise" else actor.error is None
        self.pair.follow()

    @precondition(lambda self: self.inside(Phase.RUNNING))
    @rule(pick=PICK)
    def nest(self, pick: int) -> None:
        t = self.some(self.inside(Phase.RUNNING), pick)
        self.pair.take("nest", t)
        self.pair.stage.resume(self.pair.calls[t], lambda: self.pair.plugin.call("stay"))
        self.pair.follow()

    @precondition(lambda self: self.inside(Phase.NESTED))
    @rule(pick=PICK)
    def unnest(self, pick: int) -> None:
        t = self.some(self.inside(Phase.NESTED), pick)
        self.pair.take("unnest", t)
        self.pair.stage.resume(self.pair.calls[t])
        self.pair.follow()

    @precondition(lambda self: self.inside(Phase.RUNNING))
    @rule(pick=PICK, what=st.sampled_from(["unregister", "execute_upgrade"]))
    def operate_from_inside(self, pick: int, what: str) -> None:
        """What would wait for the very call that it is made from is refused (D6)."""
        if what == "execute_upgrade" and self.policy is DrainPolicy.OVERLAP:
            return
        t = self.some(self.inside(Phase.RUNNING), pick)
        self.pair.stage.resume(self.pair.calls[t], getattr(self.pair.plugin, what))
        assert isinstance(self.pair.answer, SelfDeadlock)
        self.pair.follow()

    # -- upgrades -----------------------------------------------------------------------------------------------------
    def some(self, found: list[Any], pick: int) -> Any:
        return found[pick % len(found)]

    def begin(self, op: Operation, work: Callable[[], object]) -> None:
        op.actor = self.pair.stage.start(work, op.kind, op)
        self.pair.operations.append(op)
        self.pair.follow()

    def room(self) -> bool:
        return bool(self.pair.get("newest") + self.pair.get("building") < VERSIONS - 2)

    def may_prepare(self) -> bool:
        return self.room() and self.pair.enabled("prepare_upgrade")

    @precondition(may_prepare)
    @rule(fails_in=st.sampled_from(["", "", "", "validate", "build", "init", "close"]), pauses=st.booleans())
    def prepare(self, fails_in: str, pauses: bool) -> None:
        op = Operation(self.pair, "prepare", fails_in=fails_in, pauses=pauses)
        self.begin(op, lambda: self.pair.plugin.prepare_upgrade(op.candidate()))

    @precondition(lambda self: self.pair.get("ready"))
    @rule(now=st.booleans(), probation=st.booleans(), health=st.booleans(), pauses=st.booleans())
    def execute(self, now: bool, probation: bool, health: bool, pauses: bool) -> None:
        op = Operation(self.pair, "execute", probation=probation, pauses=pauses)
        check = op.health if health else None
        timeout = 0 if now else LATER
        self.begin(
            op,
            lambda: self.pair.plugin.execute_upgrade(drain_timeout=timeout, probation=probation, health_check=check),
        )

    @precondition(may_prepare)
    @rule(
        fails_in=st.sampled_from(["", "", "import_state", "import_state", "health", "health", "init"]),
        pauses=st.booleans(),
        now=st.booleans(),
        probation=st.booleans(),
    )
    def upgrade(self, fails_in: str, pauses: bool, now: bool, probation: bool) -> None:
        op = Operation(self.pair, "upgrade", fails_in=fails_in, pauses=pauses, probation=probation)
        check = op.health if fails_in == "health" else None
        timeout = 0 if now else LATER
        self.begin(
            op,
            lambda: self.pair.plugin.upgrade(
                op.candidate(), drain_timeout=timeout, probation=probation, health_check=check
            ),
        )

    def paused(self) -> list[Operation]:
        return [op for op in self.pair.operations if op.actor.paused]

    def waiting(self) -> list[Operation]:
        return [op for op in self.pair.operations if op.actor.waiting is not None]

    @precondition(lambda self: self.paused())
    @rule(pick=PICK, fails=st.sampled_from([False, False, True]))
    def go_on(self, pick: int, fails: bool) -> None:
        op = self.some(self.paused(), pick)
        point = op.actor.paused
        assert point is not None
        if fails:
            op.fails_in = point
        self.pair.stage.resume(op.actor)
        self.pair.follow()

    @precondition(lambda self: self.waiting())
    @rule(pick=PICK)
    def time_is_up(self, pick: int) -> None:
        self.pair.stage.time_out(self.some(self.waiting(), pick).actor)
        self.pair.follow()

    @precondition(lambda self: self.waiting())
    @rule(pick=PICK)
    def interrupt(self, pick: int) -> None:
        op = self.some(self.waiting(), pick)
        op.struck = True
        self.pair.stage.strike(op.actor)
        self.pair.follow()

    @precondition(lambda self: self.pair.enabled("cancel_upgrade"))
    @rule()
    def cancel(self) -> None:
        self.begin(Operation(self.pair, "cancel_upgrade"), self.pair.plugin.cancel_upgrade)

    @precondition(lambda self: self.pair.on_probation())
    @rule()
    def commit(self) -> None:
        self.begin(Operation(self.pair, "commit"), self.pair.plugin.commit)

    @precondition(lambda self: self.pair.on_probation())
    @rule(now=st.booleans())
    def revert(self, now: bool) -> None:
        timeout = 0 if now else LATER
        self.begin(Operation(self.pair, "revert"), lambda: self.pair.plugin.revert(drain_timeout=timeout))

    @precondition(lambda self: self.pair.enabled("acknowledge") and not self.gone())
    @rule()
    def acknowledge(self) -> None:
        self.begin(Operation(self.pair, "acknowledge"), self.pair.plugin.acknowledge)

    @precondition(lambda self: self.pair.get("epoch") > 4 and self.pair.enabled("unregister"))
    @rule()
    def unregister(self) -> None:
        """Late, because little can follow but a call that is turned away."""
        self.begin(Operation(self.pair, "unregister"), lambda: self.pair.plugin.unregister(timeout=0))
        if len(self.pair.calls) < CALLERS:
            self.call()

    def gone(self) -> bool:
        return bool(self.pair.get("gate") is Gate.SHUT)

    # -- what is out of place -----------------------------------------------------------------------------------------
    def out_of_place(self) -> dict[str, Callable[[Operation], object]]:
        """Operations that the model does not allow in this state."""
        p, pair = self.pair.plugin, self.pair
        illegal: dict[str, Callable[[Operation], object]] = {}
        if not pair.enabled("prepare_upgrade"):
            illegal |= {k: lambda op: p.prepare_upgrade(op.candidate()) for k in ("prepare", "upgrade")}
        if not pair.get("ready"):
            illegal["execute"] = lambda _: p.execute_upgrade(drain_timeout=0)
        if not pair.on_probation():
            illegal |= {"commit": lambda _: p.commit(), "revert": lambda _: p.revert(drain_timeout=0)}
        if not pair.enabled("cancel_upgrade"):
            illegal["cancel_upgrade"] = lambda _: p.cancel_upgrade()
        if not pair.enabled("acknowledge") or self.gone():
            illegal["acknowledge"] = lambda _: p.acknowledge()
        if not pair.enabled("unregister"):
            illegal["unregister"] = lambda _: p.unregister(timeout=0)
        return illegal

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """An operation in the wrong state: refused with the right error, and nothing changes (L3)."""
        illegal = self.out_of_place()
        kind = data.draw(st.sampled_from(sorted(illegal)))
        before = self.pair.kernel_view()
        op = Operation(self.pair, kind)
        self.begin(op, lambda: illegal[kind](op))
        assert self.pair.kernel_view() == before
        self.refused[self.policy, before["state"], kind] += 1


HOLD_ONLY = {"handover_fails", "drain_for_revert", "revert_times_out"}


def possible(policy: DrainPolicy) -> set[str]:
    names = {a.name for a in MODELS[policy.name].actions()}
    if policy is not DrainPolicy.HOLD:
        names -= HOLD_ONLY
    # An upgrade that never waits cannot be struck while it waits; test_interrupted.py strikes it elsewhere.
    return names - {"time_out", "interrupted"} if policy is DrainPolicy.OVERLAP else names


@pytest.mark.rule("L1", "L2", "L3", "L5", "R4", "R5", "T1", "D1", "D2", "D4", "D5", "D6", "M3", "M4", "M5", "M7", "B1")
@pytest.mark.parametrize("policy", DrainPolicy, ids=lambda p: p.name)
def test_kernel_and_protocol_agree(policy: DrainPolicy) -> None:
    witnessed: Counter[str] = Counter()
    for number in range(ROUNDS):
        machine = type(f"Lockstep{policy.name}", (Lockstep,), {"policy": policy, "witnessed": witnessed})
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                database=None,
                deadline=None,
                max_examples=EXAMPLES,
                phases=PHASES,
                stateful_step_count=60,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if possible(policy) <= set(witnessed):
            break
    report = [f"{policy.name}: {sum(witnessed.values())} protocol steps"]
    report += [f"  {name:36} {witnessed[name]:6}" for name in sorted(possible(policy))]
    sys.stdout.write("\n".join(report) + "\n")
    refused = {(state, kind): n for (p, state, kind), n in Lockstep.refused.items() if p is policy}
    sys.stdout.write("".join(f"  refused in {s:18} {k:16} {n:5}\n" for (s, k), n in sorted(refused.items())))
    missing = possible(policy) - set(witnessed)
    assert not missing, f"never taken: {sorted(missing)}"
