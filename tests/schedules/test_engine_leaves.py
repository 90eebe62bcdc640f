"""What cannot be controlled is named, never silently passed, and never hangs the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from quiesce_conformance.schedules import (
    Cell,
    Choice,
    Deadlock,
    Engine,
    EngineMisused,
    Event,
    Execution,
    Failure,
    LeftTheSeam,
    Lock,
    Spawner,
)
from tests.schedules.engine_support import PATIENCE, SOON, Script, Stay, Walk, points

MAIN = threading.main_thread().ident


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Not patient: in these tests a thread that does not come is the point."""
    with Engine(patience=SOON) as engine:
        yield engine


def harmless(spawner: Spawner) -> None:
    cell = Cell(spawner.engine, 0)
    for name in "abc":
        spawner.thread(name, lambda: cell.set(cell.get() + 1))


def goes_on(engine: Engine) -> None:
    """The engine can still be used, and what was lost does not come back."""
    patience, engine.patience = engine.patience, PATIENCE
    for seed in range(20):
        execution = engine.run(harmless, Walk(seed))
        assert execution.ending == "finished"
        assert len(execution.choices) == 9
    engine.patience = patience


def test_a_thread_that_waits_for_something_else_is_named_with_its_stack(engine: Engine) -> None:
    never, cleaned = threading.Event(), list[str]()

    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        def leaves() -> None:
            cell.get()
            never.wait(PATIENCE)

        def stays() -> None:
            try:
                cell.get()
                cell.get()
            finally:
                cleaned.append("b")

        spawner.thread("b", stays)
        spawner.thread("a", leaves)

    execution = engine.run(scenario, Script("b", "b", "a", "a"))
    left = execution.ending
    assert isinstance(left, LeftTheSeam)
    assert left.thread == "a"
    assert "never.wait(PATIENCE)" in "".join(left.stack)
    assert "did not come to a point" in str(left)
    assert execution.failed
    assert cleaned == ["b"], "the others are unwound"
    goes_on(engine)
    never.set()
    goes_on(engine)


def test_a_thread_that_comes_back_late_is_unwound_and_changes_nothing(engine: Engine) -> None:
    late, ended = threading.Event(), threading.Event()
    cells: list[Cell[int]] = []

    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)
        cells.append(cell)

        def leaves() -> None:
            try:
                assert late.wait(PATIENCE)
                cell.set(1)
                cell.set(2)
            finally:
                ended.set()

        spawner.thread("a", leaves)

    assert isinstance(engine.run(scenario, Stay()).ending, LeftTheSeam)

    def meanwhile(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        def work() -> None:
            cell.get()
            late.set()
            assert ended.wait(PATIENCE), "it is unwound while another execution is under way"
            cell.get()

        spawner.thread("a", work)

    patient = engine.patience
    engine.patience = PATIENCE
    assert points(engine.run(meanwhile, Stay())) == ["a: start", "a: get", "a: get"]
    engine.patience = patient
    assert cells[0].value == 0


def test_a_thread_that_the_engine_does_not_know_is_named(engine: Engine) -> None:
    refused: list[BaseException] = []

    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        def stray() -> None:
            try:
                cell.set(1)
            except EngineMisused as error:
                refused.append(error)

        def work() -> None:
            cell.get()
            thread = threading.Thread(target=stray)
            thread.start()
            thread.join(PATIENCE)
            cell.get()

        spawner.thread("a", work)

    execution = engine.run(scenario, Stay())
    assert isinstance(execution.ending, LeftTheSeam)
    assert "none of the scenario's" in str(execution.ending)
    assert "cell.set(1)" in "".join(execution.ending.stack)
    assert len(refused) == 1
    goes_on(engine)


def test_a_chooser_that_never_answers_is_named(engine: Engine) -> None:
    answer = threading.Event()

    class Slow(Stay):
        def choose(self, choices: object, last: str | None) -> int:
            if last is not None:
                answer.wait(PATIENCE)
            return 0

    with pytest.raises(EngineMisused, match="the chooser and the observer to answer"):
        engine.run(harmless, Slow())
    goes_on(engine)
    answer.set()
    goes_on(engine)


def test_a_thread_that_swallows_everything_is_left_to_itself(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        def stubborn() -> None:
            while True:
                with suppress(BaseException):
                    cell.get()

        def fails() -> None:
            raise ZeroDivisionError

        spawner.thread("a", stubborn)
        spawner.thread("b", fails)

    assert isinstance(engine.run(scenario, Script("a", "a", "b")).ending, Failure)
    goes_on(engine)


def test_a_thread_that_goes_on_after_being_unwound_comes_to_its_end(engine: Engine) -> None:
    ended: list[str] = []

    def scenario(spawner: Spawner) -> None:
        event, lock = Event(spawner.engine), Lock(spawner.engine)

        def stubborn() -> None:
            for _ in range(3):
                with suppress(BaseException):
                    event.wait()
            with lock:
                ended.append("a")

        spawner.thread("a", stubborn)

    assert isinstance(engine.run(scenario, Stay()).ending, Deadlock)
    assert ended == ["a"]
    goes_on(engine)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system sends no signals to threads")
@pytest.mark.parametrize("step", [0, 1, 5])
def test_ctrl_c_is_raised_and_leaves_nobody_stuck(step: int) -> None:
    unwound: list[str] = []

    class Struck(Walk):
        def __init__(self) -> None:
            super().__init__(1)
            self.step = 0

        def choose(self, choices: object, last: str | None) -> int:
            if self.step == step:
                assert MAIN is not None
                signal.pthread_kill(MAIN, signal.SIGINT)
            self.step += 1
            return super().choose(choices, last)  # type: ignore[arg-type]  # passed on

    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        def endless(name: str) -> None:
            try:
                while True:
                    cell.get()
            finally:
                unwound.append(name)

        for name in "abc":
            spawner.thread(name, endless, name)

    with Engine(patience=PATIENCE, max_steps=10**9) as engine:
        for _ in range(5):
            unwound.clear()
            with pytest.raises(KeyboardInterrupt):
                engine.run(scenario, Struck())
            assert engine.idle_workers == 3
            assert len(unwound) <= 3
        goes_on(engine)


CTRL_C = """
import sys
from quiesce_conformance.schedules import Cell, Engine

def scenario(spawner):
    cell = Cell(spawner.engine, 0)
    def endless():
        while True:
            cell.get()
    spawner.thread("a", endless)
    spawner.thread("b", endless)

class Stay:
    told = False
    def choose(self, choices, last):
        if not self.told:
            self.told = True
            print("running", flush=True)
        return 0

engine = Engine(max_steps=10**9)
try:
    engine.run(scenario, Stay())
except KeyboardInterrupt:
    print(engine.idle_workers, flush=True)
    sys.exit(3)
"""


def test_a_real_ctrl_c_ends_the_process_promptly() -> None:
    with subprocess.Popen([sys.executable, "-c", CTRL_C], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "2\n")


@pytest.mark.skipif(not hasattr(os, "fork") or sys.version_info >= (3, 12), reason="3.12 warns of forks with threads")
def test_the_child_of_a_fork_makes_its_own_workers(engine: Engine) -> None:
    goes_on(engine)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            goes_on(engine)
            status = 0
        finally:
            os._exit(status)  # the child must not go on with the tests
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_workers_end_with_the_engine() -> None:
    before = set(threading.enumerate())
    with Engine(patience=PATIENCE) as engine:
        goes_on(engine)
        workers = set(threading.enumerate()) - before
        assert len(workers) == engine.idle_workers == 3
    for worker in workers:
        worker.join(PATIENCE)
        assert not worker.is_alive()

    forgotten = Engine(patience=PATIENCE)
    goes_on(forgotten)
    workers = set(threading.enumerate()) - before
    del forgotten
    for worker in workers:
        worker.join(PATIENCE)
        assert not worker.is_alive()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system lets no thread choose its processor")
def test_the_calling_thread_is_given_back_as_it_was() -> None:
    def settings() -> tuple[object, int]:
        return os.sched_getaffinity(0), os.sched_getscheduler(0)

    before = settings()
    seen: list[tuple[object, int]] = []

    def looking(spawner: Spawner) -> None:
        seen.append(settings())
        harmless(spawner)

    engine = Engine(patience=PATIENCE)
    engine.run(looking, Stay())
    assert settings() == before
    with engine:
        engine.run(harmless, Stay())
    assert settings() == before
    if len(os.sched_getaffinity(0)) > 1:
        assert seen[0] != before, "meanwhile it stays on one processor"
    untouched = Engine(patience=PATIENCE, one_processor=False)
    untouched.run(looking, Stay())
    assert seen[-1] == before


def finalizers(make: Callable[[], object]) -> Execution:
    """A scenario that leaves garbage behind, whose finalizer would take a step."""

    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        class Circle:
            def __init__(self) -> None:
                self.me = self

            def __del__(self) -> None:
                cell.set(1)

        def work() -> None:
            for _ in range(50):
                Circle()
                cell.get()
                make()

        spawner.thread("a", work)

    with Engine(patience=PATIENCE) as engine:
        return engine.run(scenario, Stay())


def test_the_collection_of_garbage_is_no_step_of_anybody() -> None:
    quiet = finalizers(int)
    busy = finalizers(lambda: [[] for _ in range(5_000)])
    assert quiet.choices == busy.choices == [Choice("a", quiet.choices[0].op), *[quiet.choices[1]] * 50]
