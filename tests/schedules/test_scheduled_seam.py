"""The kernel under the engine: the code that ships, every operation of it a step with a name that means something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from quiesce import Candidate, DrainPolicy, DrainTimeout, EpochTracker, HotReloadablePlugin, Manifest, UpgradeCancelled
from quiesce._kernel.records import Record
from quiesce.scheduled import ScheduledSeam
from quiesce_conformance.schedules import (
    Check,
    Choice,
    Chooser,
    Deadlock,
    Engine,
    Execution,
    Scenario,
    Spawner,
    replay,
    shrink,
)
from tests.schedules.engine_support import PATIENCE, Stay, Walk, every_schedule, points


class Plugin:
    def __init__(self, version: int) -> None:
        self.version, self.closed = version, False

    def ask(self) -> int:
        if self.closed:
            raise AssertionError("R3: it was closed under a call")
        return self.version

    def close(self) -> None:
        if self.closed:
            raise AssertionError("M3: closed twice")
        self.closed = True


def candidate(version: int) -> Candidate:
    return Candidate(Manifest("p", f"{version}.0.0", ("ask",)), lambda: Plugin(version))


class World:
    """One plugin, its seam, and what the threads are to do with it."""

    def __init__(self, spawner: Spawner, **how: Any) -> None:
        self.seam = ScheduledSeam(spawner.engine)
        self.plugin = HotReloadablePlugin(candidate(1), seam=self.seam, **how)
        self.plugin.call("ask")  # so that there is a free slot, and the first call takes the fast path

    def ask(self) -> int:
        version: int = self.plugin.call("ask")
        return version

    def settled(self) -> None:
        assert self.plugin.snapshot().live_versions == 1
        assert not self.seam.holds()


def one_upgrade(
    policy: DrainPolicy = DrainPolicy.CONTINUE, timeout: float | None = None, interrupts: int = 0
) -> Scenario:
    def scenario(spawner: Spawner) -> Check:
        world = World(spawner, policy=policy, drain_timeout=timeout)
        spawner.thread("a", world.ask, interrupts=interrupts)
        spawner.thread("b", world.plugin.upgrade, candidate(2), expects=DrainTimeout)
        return world.settled

    return scenario


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(patience=PATIENCE) as engine:
        yield engine


def scheduled(execution: Execution, thread: str) -> list[Choice]:
    """Its steps, but for the accesses that are only declared."""
    return [c for c in execution.choices if c.thread == thread and not c.op.point.startswith("plain.")]


def own(execution: Execution, thread: str) -> list[str]:
    return [c.op.point for c in scheduled(execution, thread)]


def objects(execution: Execution, thread: str) -> list[str]:
    return [c.op.object for c in scheduled(execution, thread)]


def test_a_call_is_five_steps_with_the_names_of_the_algorithm(engine: Engine) -> None:
    execution = engine.run(one_upgrade(), Stay())
    assert own(execution, "a") == ["start", "read", "announce", "confirm", "finish", "peek"]
    assert objects(execution, "a") == ["thread:a", "pointer", "pool:0", "pointer", "pool:0", "pointer"]
    assert [c.op.writes for c in scheduled(execution, "a")] == [False, False, True, False, True, False]


def test_fields_that_callers_read_without_the_lock_are_declared(engine: Engine) -> None:
    execution = engine.run(one_upgrade(), Stay())
    declared = {(c.thread, c.op.object, c.op.writes) for c in execution.choices if c.op.point.startswith("plain.")}
    assert {("a", "free:0", False), ("a", "functions:0", False)} <= declared
    assert {("b", "free:2", True), ("b", "functions:0", True), ("b", "close_ended:1", True)} <= declared
    assert ("b", "free:0", False) not in declared, "a section's reads are ordered by the lock"


def test_an_upgrade_is_its_sections(engine: Engine) -> None:
    execution = engine.run(one_upgrade(), Stay())
    steps = [c for c in execution.choices if c.thread == "b" and re.fullmatch(r"[a-z_]+", c.op.point)]
    assert [c.op.point for c in steps] == [
        *("start", "prepare_upgrade", "build", "prepared", "drain_in_flight", "scan", "drained_in_time"),
        *("atomic_swap", "commit", "cleanup_old"),
    ]
    assert {c.op.point for c in steps if c.op.object == "pointer"} == {"drain_in_flight", "atomic_swap"}
    counts = Counter(own(execution, "b"))
    assert counts["lock.acquire"] == counts["lock.release"] == 11


def test_a_call_that_is_overtaken_backs_out_and_looks(engine: Engine) -> None:
    execution = replay(engine, one_upgrade(), "a: read | b: drain_in_flight lock.release | a: ..")
    assert execution.ending == "finished"
    mine = [point for point in own(execution, "a") if re.fullmatch(r"[a-z_]+", point)]
    assert mine[:6] == ["start", "read", "announce", "confirm", "retract", "look"]
    assert mine[6:] == ["read", "announce", "announce", "confirm", "finish", "peek"], "the new pool has no slot yet"
    assert objects(execution, "a")[-4:] == ["slots:1", "pointer", "pool:1", "pointer"]
    assert execution.outcomes["a"].result == 1


@pytest.mark.parametrize("policy", DrainPolicy)
@pytest.mark.parametrize("interrupts", [0, 1])
def test_random_schedules_of_every_policy_end_well(engine: Engine, policy: DrainPolicy, interrupts: int) -> None:
    seen: Counter[str] = Counter()
    scenario = one_upgrade(policy, 5.0, interrupts)
    for seed in range(150):
        execution = engine.run(scenario, Walk(seed))
        assert execution.ending == "finished", (seed, execution.ending)
        seen.update(choice.op.point for choice in execution.choices)
    assert {"retract", "look"} <= set(seen)
    assert ({"drop", "interrupt@confirm", "interrupt-after@announce"} <= set(seen)) == bool(interrupts)
    assert ("event.timeout" in seen) == (policy is not DrainPolicy.OVERLAP and not interrupts)


def test_it_is_deterministic(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        world = World(spawner)
        for name in "ac":
            spawner.thread(name, lambda: [world.ask() for _ in range(2)], interrupts=1)
        spawner.thread("b", lambda: [world.plugin.upgrade(candidate(n)) for n in (2, 3)])
        return world.settled

    with Engine(patience=PATIENCE) as other:
        for seed in range(40):
            first = engine.run(scenario, Walk(seed))
            assert first.ending == "finished"
            assert other.run(scenario, Walk(seed)).steps == first.steps
    assert {name for name in objects(first, "b") if ":" in name} <= {
        *("thread:b", "event:b.1", "event:b.2"),
        *(f"{kind}:{n}" for kind in ("pool", "slots") for n in range(5)),
    }


def test_a_drain_that_times_out_lists_its_stragglers_by_name(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        world = World(spawner, drain_timeout=5.0)
        spawner.thread("a", world.ask)
        spawner.thread("b", world.plugin.upgrade, candidate(2), expects=DrainTimeout)
        return world.settled

    execution = replay(engine, scenario, "a: confirm | b: event.timeout ..")
    late = execution.outcomes["b"].error
    assert isinstance(late, DrainTimeout)
    (straggler,) = late.stragglers
    assert (straggler.thread, straggler.ident, straggler.epoch, straggler.age) == ("a", 1, 0, 5.0)
    assert any("in ask" in line or "world.ask" in line or "def ask" in line for line in straggler.stack)
    assert execution.outcomes["a"].result == 1
    assert execution.seconds == 5.0


def test_a_nested_call_is_seen_through_the_engine_s_frames(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        seam = ScheduledSeam(spawner.engine)
        inner: list[Any] = []

        class Nesting(Plugin):
            def ask(self) -> int:
                inner.append(plugin.call("tell"))
                return super().ask()

            def tell(self) -> int:
                return self.version

        def made(version: int) -> Candidate:
            return Candidate(Manifest("p", f"{version}.0.0", ("ask", "tell")), lambda: Nesting(version))

        plugin = HotReloadablePlugin(made(1), seam=seam, policy=DrainPolicy.HOLD)
        plugin.call("ask")
        inner.clear()
        spawner.thread("a", plugin.call, "ask")
        spawner.thread("b", plugin.upgrade, made(2))

        def check() -> None:
            assert len(inner) == 1

        return check

    execution = replay(engine, scenario, "a: confirm | b: drain_in_flight lock.release | a: ..")
    assert execution.ending == "finished"
    assert [point for point in own(execution, "a") if "nest" in point] == ["nest", "unnest"]
    assert execution.outcomes["a"].result == 1


@pytest.mark.parametrize(
    "where", ["interrupt-after@announce", "interrupt-after@finish", "interrupt@finish", "interrupt@confirm"]
)
def test_a_hold_ends_wherever_an_interrupt_strikes(engine: Engine, where: str) -> None:
    """Every schedule of an interrupted call, and then an upgrade: it always drains (R6)."""

    def scenario(spawner: Spawner) -> Check:
        world = World(spawner)
        spawner.thread("a", world.ask, interrupts=1)
        spawner.thread("b", world.plugin.upgrade, candidate(2))
        return world.settled

    execution = replay(engine, scenario, f"a: {where} .. | b: ..")
    assert execution.ending == "finished"
    assert isinstance(execution.outcomes["a"].error, KeyboardInterrupt)
    ended = "drop" if where == "interrupt-after@announce" else "finish" if "finish" in where else "retract"
    assert ended in own(execution, "a")


def test_a_slot_that_is_dropped_is_a_step_of_its_thread(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        seam = ScheduledSeam(spawner.engine)
        tracker = EpochTracker[str]("x", seam=seam)

        def forgets() -> str:
            return tracker.enter().payload  # nobody keeps the guard

        spawner.thread("a", forgets)
        spawner.thread("b", lambda: (tracker.advance(), tracker.wait_drain(0)))

    for seed in range(50):
        execution = engine.run(scenario, Walk(seed))
        assert execution.ending == "finished"
        assert own(execution, "a").count("drop") == 1


def test_a_lease_that_ends_in_another_thread_is_put_back_there(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        world = World(spawner)
        lease = world.plugin.lease()
        lease.__enter__()
        assert [hold.thread for hold in world.seam.holds()] == [""]
        spawner.thread("a", lease.__exit__, None, None, None)
        spawner.thread("b", world.plugin.upgrade, candidate(2))
        return world.settled

    execution = engine.run(scenario, Stay())
    assert execution.ending == "finished"
    assert own(execution, "a") == ["start", "finish", "peek"]


def test_a_race_inside_a_section_is_seen(engine: Engine) -> None:
    """Callers go on between any two looks of a section: the recording seam holds them off."""
    execution = replay(engine, one_upgrade(), "b: drain_in_flight drain_in_flight.copy | a: ..")
    assert execution.ending == "finished"
    names = points(execution)
    begin, end = names.index("b: drain_in_flight"), names.index("b: drain_in_flight.list")
    assert "b: lock.release" not in names[begin:end]
    assert {"a: read", "a: announce", "a: confirm", "a: finish", "a: peek"} <= set(names[begin:end])


def test_two_upgraders_and_a_cancel(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        world = World(spawner)
        spawner.thread("b", world.plugin.upgrade, candidate(2), expects=Exception)
        spawner.thread("c", world.plugin.upgrade, candidate(3), expects=Exception)
        spawner.thread("x", world.plugin.cancel_upgrade, expects=Exception)
        return world.settled

    errors: Counter[str] = Counter()
    for seed in range(200):
        execution = engine.run(scenario, Walk(seed))
        assert execution.ending == "finished", (seed, execution.ending)
        errors.update(type(o.error).__name__ for o in execution.outcomes.values())
    assert {"NoneType", "UpgradeInProgress", UpgradeCancelled.__name__, "WrongState"} <= set(errors)


def test_two_plugins_under_one_seam_are_told_apart(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        seam = ScheduledSeam(spawner.engine)
        plugins = [HotReloadablePlugin(candidate(1), seam=seam) for _ in range(2)]
        for name, plugin in zip("ab", plugins, strict=True):
            spawner.thread(name, plugin.call, "ask")

    execution = engine.run(scenario, Stay())
    assert set(objects(execution, "a")) == {"thread:a", "pointer", "pool:0", "slots:0"}
    assert set(objects(execution, "b")) == {"thread:b", "pointer@2", "pool:0@2", "slots:0@2"}


def test_the_steps_that_the_kernel_announces_are_told(engine: Engine) -> None:
    told: list[tuple[str, str, bool]] = []

    def scenario(spawner: Spawner) -> None:
        told.clear()
        seam = ScheduledSeam(
            spawner.engine, lambda thread, action, publishes, _: told.append((thread, action, publishes))
        )
        plugin = HotReloadablePlugin(candidate(1), seam=seam)
        spawner.thread("b", plugin.upgrade, candidate(2))

    execution = engine.run(scenario, Stay())
    assert ("b", "drain_in_flight", True) in told
    assert ("b", "commit", False) in told
    assert [action for _, action, _ in told] == [p for p in own(execution, "b") if re.fullmatch(r"[a-z_]+", p)][1:]


def test_a_planted_defect_is_found_and_shrinks_to_one_preemption(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drain that does not look at the holders: the version is closed under a call."""

    def scenario(spawner: Spawner) -> None:
        class Busy(Plugin):
            def ask(self) -> int:
                spawner.engine.point("run", "plugin")
                return super().ask()

        plugin = HotReloadablePlugin(
            Candidate(Manifest("p", "1.0.0", ("ask",)), lambda: Busy(1)),
            drain_timeout=None,
            seam=ScheduledSeam(spawner.engine),
        )
        plugin.call("ask")
        spawner.thread("a", plugin.call, "ask")
        spawner.thread("b", plugin.upgrade, candidate(2))

    def run(chooser: Chooser) -> Execution:
        return engine.run(scenario, chooser)

    assert not any(run(Walk(seed)).failed for seed in range(100))

    def nobody(record: Record) -> int:
        return 0

    monkeypatch.setattr(Record, "holders", nobody)
    roundabout = "b: prepare_upgrade | a: read | b: build lock.release | a: announce | b: prepared | a: confirm | b: .."
    execution = replay(engine, scenario, roundabout)
    assert "R3" in str(execution.ending)
    shrunk = shrink(run, execution)
    assert shrunk.text == "a: confirm | b: .."
    assert shrunk.fewest
    for _ in range(10):
        assert replay(engine, scenario, shrunk.text).choices == shrunk.execution.choices


def test_a_lost_wake_up_is_a_deadlock(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that does not look: the drain waits for ever."""
    from quiesce._kernel.reclaim import Core

    def blind(core: Core, record: Record) -> None:
        return

    monkeypatch.setattr(Core, "look", blind)
    execution = replay(engine, one_upgrade(), "a: confirm | b: ..")
    assert isinstance(execution.ending, Deadlock)
    assert execution.ending.waiting == (Choice("b", execution.ending.waiting[0].op),)
    assert "event.wait (event:b.1)" in str(execution.ending)


def test_small_scope_is_exhausted(engine: Engine) -> None:
    """Every interleaving of a call and the section that opens a drain: nothing is lost, whatever the order."""

    def scenario(spawner: Spawner) -> Check:
        seam = ScheduledSeam(spawner.engine)
        tracker = EpochTracker[int](0, seam=seam)
        tracker.enter().release()
        held: list[int] = []

        def read() -> None:
            with tracker.enter() as guard:
                held.append(guard.epoch)

        spawner.thread("a", read)
        spawner.thread("b", tracker.advance)

        def check() -> None:
            assert held in ([0], [1])
            assert tracker.refs_for_epoch(held[0]) == 0

        return check

    executions = list(every_schedule(engine, scenario))
    assert {e.ending for e in executions} == {"finished"}
    assert len(executions) > 100
    assert any("retract" in point for e in executions for point in points(e))
