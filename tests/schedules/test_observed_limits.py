"""Whatever cannot be controlled is named, and a search that would see nothing is an error."""

from __future__ import annotations

import gc
import sys
import threading
import types
from typing import Any

import pytest

from quiesce_conformance.schedules import Engine, LeftTheSeam, Spawner
from quiesce_conformance.schedules.observed import Coarser, NoMonitor, NothingObserved, Observed
from quiesce_conformance.schedules.observed.sites import Program
from quiesce_conformance.schedules.strategies import Dpor
from tests.schedules.observed_samples import counters


class InTurn:
    def choose(self, choices: Any, last: str | None) -> int:
        return next((i for i, c in enumerate(choices) if c.thread == last), 0)


class RoundRobin:
    def choose(self, choices: Any, last: str | None) -> int:
        return next((i for i, c in enumerate(choices) if c.thread != last), 0)


@pytest.mark.parametrize(
    ("method", "named"),
    [("start_thread", "_thread.start"), ("run_loop", "socket"), ("run_process", "subprocess.Popen 'true'")],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a loop that was refused half made
def test_threads_loops_and_processes_are_refused_and_named(method: str, named: str) -> None:
    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", getattr(counters.Restless(), method))

    with Observed([counters], scenario) as observed:
        ending = observed.run(InTurn()).ending
    assert isinstance(ending, LeftTheSeam)
    assert ending.thread == "a"
    assert named in ending.why
    assert any(method in line for line in ending.stack)
    gc.collect()  # what is left of the loop ends here, and not in a test that has nothing to do with it


def test_a_lock_from_before_is_named() -> None:
    counter = counters.Locked()  # made here, with the real lock

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", counter.add)

    with Observed([counters], scenario) as observed:
        ending = observed.run(InTurn()).ending
    assert isinstance(ending, LeftTheSeam)
    assert "made before the execution" in ending.why


@pytest.mark.parametrize("kind", [threading.Event, threading.Condition, threading.Semaphore])
def test_what_was_made_before_and_is_waited_for_is_named(kind: Any) -> None:
    thing: Any = kind(0) if kind is threading.Semaphore else kind()

    class Waiting(counters.Racy):
        def add(self) -> None:
            super().add()
            if kind is threading.Semaphore:
                thing.acquire()
            elif kind is threading.Condition:
                with thing:
                    thing.wait()
            else:
                thing.wait()

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", Waiting().add)

    with Observed([counters], scenario) as observed:
        ending = observed.run(InTurn()).ending
    assert isinstance(ending, LeftTheSeam)
    assert "made before the execution" in ending.why


def test_a_thread_that_blocks_in_c_is_given_up_and_named() -> None:
    let_go = threading.Lock()
    let_go.acquire()

    class Blocking(counters.Racy):
        def add(self) -> None:
            super().add()
            let_go.acquire()  # not in the watched module, so nobody sees it coming

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", Blocking().add)

    with Observed([counters], scenario, Engine(patience=0.2)) as observed:
        ending = observed.run(InTurn()).ending
    let_go.release()
    assert isinstance(ending, LeftTheSeam)
    assert any("let_go.acquire()" in line for line in ending.stack)


def test_an_execution_without_operations_of_the_watched_code_is_an_error() -> None:
    """The guard against a cold search that finishes and finds nothing."""

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", lambda: None)

    with Observed([counters], scenario) as observed, pytest.raises(NothingObserved, match="watch the modules"):
        observed.run(InTurn())


def test_the_very_first_run_of_a_function_has_points() -> None:
    """On some interpreters tracing gives no opcode events the first time that a code object is traced."""
    source = "class Cold:\n    def __init__(self):\n        self.x = 0\n    def add(self):\n        self.x += 1\n"
    cold = types.ModuleType("cold")
    exec(compile(source, "cold.py", "exec"), cold.__dict__)

    def scenario(spawner: Spawner) -> None:
        thing = cold.Cold()
        spawner.thread("a", thing.add)
        spawner.thread("b", thing.add)

    with Observed([cold], scenario) as observed:
        first = observed.run(RoundRobin())
        assert [str(c) for c in first.choices if c.op.point != "start"] == [
            "a: cold:Cold.add:load x",
            "b: cold:Cold.add:load x",
            "a: cold:Cold.add:store x",
            "b: cold:Cold.add:store x",
        ]
        assert [str(c) for c in observed.run(RoundRobin()).choices] == [str(c) for c in first.choices]


def test_without_code_to_watch_nothing_begins() -> None:
    with pytest.raises(ValueError, match="got none"):
        Observed([types.ModuleType("empty")], lambda _: None)


def test_a_receiver_that_cannot_be_told_makes_objects_coarser_and_says_so() -> None:
    source = (
        "class Box:\n    def __init__(self):\n        self.x = 0\n"
        "    @property\n    def other(self):\n        return self\n"
        "    def add(self):\n        self.other.x += 1\n"
    )
    odd = types.ModuleType("odd")
    exec(compile(source, "odd.py", "exec"), odd.__dict__)

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", odd.Box().add)

    with Observed([odd], scenario) as observed:
        with pytest.raises(Coarser, match="x"):
            observed.run(InTurn())
        again = observed.run(InTurn())
    report = Observed([odd], scenario).search(Dpor())
    assert report.exhausted, "a search begins anew by itself"
    assert {c.op.object for c in again.choices if c.op.point.endswith(" x")} == {"*.x"}


def test_points_keep_their_names_when_the_code_around_them_changes() -> None:
    def points(source: str) -> list[str]:
        module = types.ModuleType("edited")
        exec(compile(source, "edited.py", "exec"), module.__dict__)
        program = Program([module])
        return [site.point for sites in program.sites.values() for site in sites.values() if "add" in site.point]

    plain = "class Box:\n    def add(self):\n        self.x = 1\n        self.x = self.x\n"
    edited = '"""New."""\nimport os\n\n' + plain.replace("self.x = 1", "print('new', os.name)\n        self.x = 1")
    names = ["edited:Box.add:store x", "edited:Box.add:load x", "edited:Box.add:store x#2"]
    assert points(plain) == points(edited) == names


def test_everything_is_put_back() -> None:
    before = [threading.Lock, threading.Event, threading.RLock, vars(counters)["Lock"], counters.GUARD]

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", counters.Locked().add)

    with Observed([counters], scenario) as observed:
        observed.run(InTurn())
    after = [threading.Lock, threading.Event, threading.RLock, vars(counters)["Lock"], counters.GUARD]
    assert all(a is b for a, b in zip(before, after, strict=True))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tracing needs no tool id")
def test_if_every_monitoring_tool_is_in_use_that_is_said() -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]  # typed as of 3.11
    taken = [n for n in (2, 3, 4, 5) if monitoring.get_tool(n) is None]
    for tool in taken:
        monitoring.use_tool_id(tool, "somebody else")
    try:
        with pytest.raises(NoMonitor), Observed([counters], lambda _: None):
            pass
    finally:
        for tool in taken:
            monitoring.free_tool_id(tool)
