"""What an execution consists of, and that the choices determine it."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from quiesce_conformance.schedules import (
    CUT,
    Again,
    Cell,
    Check,
    Choice,
    Engine,
    EngineBusy,
    EngineMisused,
    Execution,
    Failure,
    Lock,
    Nondeterminism,
    Observer,
    Op,
    Pool,
    Spawner,
    dependent,
)
from tests.schedules.engine_support import PATIENCE, Script, Stay, Walk, every_schedule, points


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(patience=PATIENCE) as engine:
        yield engine


def lost_update(spawner: Spawner) -> Check:
    counter = Cell(spawner.engine, 0)

    def add() -> int:
        counter.set(counter.get() + 1)
        return counter.value

    spawner.thread("a", add)
    spawner.thread("b", add)

    def check() -> None:
        assert counter.get() == 2, "an update was lost"

    return check


def interleavings(*lengths: int) -> int:
    total = math.factorial(sum(lengths))
    for length in lengths:
        total //= math.factorial(length)
    return total


def test_a_step_is_one_operation_of_one_thread(engine: Engine) -> None:
    execution = engine.run(lost_update, Script("a", "b", "a", "b", "b", "a"))
    assert points(execution) == ["a: start", "b: start", "a: get", "b: get", "b: set", "a: set"]
    assert [step.choice.op.object for step in execution.steps[2:]] == ["cell"] * 4
    assert [len(step.enabled) for step in execution.steps] == [2, 2, 2, 2, 2, 1]
    assert isinstance(execution.ending, Failure)
    assert execution.ending.where == "check"
    assert execution.failed
    assert {name: (o.result, o.ended) for name, o in execution.outcomes.items()} == {"a": (1, True), "b": (1, True)}


@pytest.mark.parametrize("lengths", [(1, 1), (2, 2), (3, 2), (2, 2, 2)])
def test_there_are_as_many_schedules_as_interleavings(engine: Engine, lengths: tuple[int, ...]) -> None:
    def scenario(spawner: Spawner) -> None:
        def work(times: int) -> None:
            for _ in range(times):
                cell.get()

        cell = Cell(spawner.engine, 0)
        for name, times in zip("abc", lengths, strict=False):
            spawner.thread(name, work, times)

    found = [tuple(points(execution)) for execution in every_schedule(engine, scenario)]
    assert len(found) == interleavings(*(n + 1 for n in lengths))  # each thread's start is a step as well
    assert len(set(found)) == len(found)


def test_every_outcome_of_the_lost_update_is_found(engine: Engine) -> None:
    endings = Counter(execution.failed for execution in every_schedule(engine, lost_update))
    assert endings == {True: 12, False: 8}  # 2 orders, times 4 places for the start of the later one


def test_sections_of_a_lock_come_in_every_order_and_never_mixed(engine: Engine) -> None:
    orders: Counter[str] = Counter()

    def scenario(spawner: Spawner) -> Check:
        lock, log = Lock(spawner.engine), list[str]()

        def section(name: str) -> None:
            with lock:
                log.append(name)
                cell.get()
                log.append(name)

        cell = Cell(spawner.engine, 0)
        for name in "abc":
            spawner.thread(name, section, name)
        return lambda: orders.update(["".join(log)])

    assert all(not e.failed for e in every_schedule(engine, scenario))
    assert set(orders) == {x * 2 + y * 2 + z * 2 for x in "abc" for y in "abc" for z in "abc" if len({x, y, z}) == 3}


def test_the_same_choices_give_the_same_steps(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        lock, pool = Lock(spawner.engine), Pool(spawner.engine, [1, 2, 3])

        def work() -> None:
            own = Cell(spawner.engine, 0)
            for _ in range(3):
                with lock:
                    own.set(pool.pop())
                pool.append(own.get())

        for name in "abc":
            spawner.thread(name, work)

    for seed in range(20):
        first = engine.run(scenario, Walk(seed))
        again = [engine.run(scenario, Walk(seed)) for _ in range(3)]
        assert all(e.steps == first.steps for e in again)
    with Engine(patience=PATIENCE, one_processor=False) as other:
        assert other.run(scenario, Walk(19)).steps == first.steps


def test_objects_are_named_after_who_made_them_and_not_when() -> None:
    names: set[tuple[str, ...]] = set()

    def scenario(spawner: Spawner) -> Check:
        Cell(spawner.engine, 0)
        made = [Cell(spawner.engine, 0, "mine")]

        def work() -> None:
            made.append(Cell(spawner.engine, 0))
            made[-1].get()
            made.append(Cell(spawner.engine, 0))

        spawner.thread("a", work)
        spawner.thread("b", work)
        return lambda: names.add(tuple(sorted(cell.name for cell in made)))

    with Engine() as engine:
        assert all(not e.failed for e in every_schedule(engine, scenario))
    assert names == {("cell:a.1", "cell:a.2", "cell:b.1", "cell:b.2", "mine")}


def test_threads_are_numbered_in_the_order_of_spawning(engine: Engine) -> None:
    seen: dict[str, tuple[int, str]] = {}

    def scenario(spawner: Spawner) -> None:
        def work(name: str) -> None:
            seen[name] = spawner.engine.ident(), spawner.engine.thread_name(spawner.engine.ident())

        seen["set-up"] = spawner.engine.ident(), spawner.engine.thread_name(0)
        spawner.thread("x", work, "x")
        spawner.thread("y", work, "y")

    for order in ("xy", "yx"):
        engine.run(scenario, Script(*order))
        assert seen == {"set-up": (0, "thread 0"), "x": (1, "x"), "y": (2, "y")}


def test_threads_are_reused(engine: Engine) -> None:
    idents: set[int] = set()

    def scenario(spawner: Spawner) -> None:
        for name in "ab":
            spawner.thread(name, lambda: idents.add(threading.get_ident()))

    for seed in range(50):
        engine.run(scenario, Walk(seed))
    assert len(idents) <= engine.idle_workers
    assert threading.get_ident() not in idents


def test_the_set_up_and_the_check_take_no_steps(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        cell = Cell(spawner.engine, 0)
        cell.set(cell.get() + 1)
        with Lock(spawner.engine):
            pass
        spawner.thread("a", cell.get)
        return cell.get

    execution = engine.run(scenario, Stay())
    assert points(execution) == ["a: start", "a: get"]
    assert execution.outcomes["a"].result == 1


def test_objects_of_an_execution_can_be_looked_at_afterwards(engine: Engine) -> None:
    cells: list[Cell[int]] = []

    def scenario(spawner: Spawner) -> None:
        cells.append(Cell(spawner.engine, 0))
        spawner.thread("a", cells[0].set, 7)

    engine.run(scenario, Stay())
    assert cells[0].get() == 7


def test_an_atomic_update_is_one_step(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> Check:
        cell = Cell[int | None](spawner.engine, 0)
        none = Cell[int | None](spawner.engine, None)
        won: list[str] = []

        def work(name: str) -> None:
            cell.update(lambda value: (value or 0) + 1)
            if none.compare_and_set(None, 1):
                won.append(name)

        spawner.thread("a", work, "a")
        spawner.thread("b", work, "b")

        def check() -> None:
            assert cell.get() == 2
            assert len(won) == 1

        return check

    assert all(not execution.failed for execution in every_schedule(engine, scenario))


def test_dependence_is_the_same_thread_or_a_write_to_the_same_object() -> None:
    read, write, other = Op("get", "cell", writes=False), Op("set", "cell", writes=True), Op("set", "x", writes=True)
    assert dependent(Choice("a", read), Choice("a", other))
    assert dependent(Choice("a", read), Choice("b", write))
    assert not dependent(Choice("a", read), Choice("b", read))
    assert not dependent(Choice("a", write), Choice("b", other))


def test_a_chooser_can_cut_an_execution_short(engine: Engine) -> None:
    class Cutting:
        def choose(self, choices: object, last: str | None) -> int:
            return CUT if last else 0

    execution = engine.run(lost_update, Cutting())
    assert execution.ending == "cut"
    assert not execution.failed
    assert points(execution) == ["a: start"]
    assert not any(outcome.ended for outcome in execution.outcomes.values())


@pytest.mark.parametrize("answer", [2, -2, 10**9])
def test_an_index_that_is_none_is_refused(engine: Engine, answer: int) -> None:
    class Wrong:
        def choose(self, choices: object, last: str | None) -> int:
            return answer

    with pytest.raises(EngineMisused, match="index below 2"):
        engine.run(lost_update, Wrong())
    assert not engine.run(lost_update, Stay()).failed


def test_what_a_chooser_raises_is_raised_and_the_engine_goes_on(engine: Engine) -> None:
    class Broken(Stay):
        def choose(self, choices: object, last: str | None) -> int:
            if last == "a":
                raise ZeroDivisionError
            return 0

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            engine.run(lost_update, Broken())
    assert not engine.run(lost_update, Stay()).failed


def test_an_observer_sees_each_step_before_and_after(engine: Engine) -> None:
    seen: list[str] = []

    def scenario(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)

        class Looking(Observer):
            def before(self, choice: Choice) -> None:
                seen.append(f"{choice.op.point} {cell.get()}")

            def after(self, choice: Choice) -> None:
                seen.append(f"{choice.op.point} {cell.get()}")

        looking.append(Looking())
        spawner.thread("a", cell.set, 5)

    looking: list[Observer] = []

    class Late(Observer):
        def before(self, choice: Choice) -> None:
            looking[0].before(choice)

        def after(self, choice: Choice) -> None:
            looking[0].after(choice)

    execution = engine.run(scenario, Stay(), Late())
    assert seen == ["start 0", "start 0", "set 0", "set 5"]
    assert points(execution) == ["a: start", "a: set"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_an_observer_raises_is_the_failure_at_that_step(engine: Engine, when: str) -> None:
    class Strict(Observer):
        def before(self, choice: Choice) -> None:
            assert (when, choice.op.point) != ("before", "set"), "no writes"

        def after(self, choice: Choice) -> None:
            assert (when, choice.op.point) != ("after", "set"), "no writes"

    execution = engine.run(lost_update, Stay(), Strict())
    failure = execution.ending
    assert isinstance(failure, Failure)
    assert (failure.thread, failure.where) == ("a", "observer")
    assert execution.choices[failure.step].op.point == "set"
    assert "no writes" in str(failure)


def test_an_engine_runs_one_execution_at_a_time(engine: Engine) -> None:
    def nested(spawner: Spawner) -> None:
        spawner.thread("a", lambda: engine.run(lost_update, Stay()), expects=EngineBusy)

    assert isinstance(engine.run(nested, Stay()).outcomes["a"].error, EngineBusy)


def test_a_scenario_without_threads_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineMisused, match="at least one thread"):
        engine.run(lambda spawner: None, Stay())


@pytest.mark.parametrize("name", ["", "a b", "a:", "|", "..", "*"])
def test_a_name_that_no_schedule_could_be_written_with_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(EngineMisused, match="name"):
        engine.run(lambda spawner: spawner.thread(name, int), Stay())  # type: ignore[arg-type, return-value]  # refused first


def test_two_threads_of_one_name_are_refused(engine: Engine) -> None:
    def twice(spawner: Spawner) -> None:
        spawner.thread("a", int)
        spawner.thread("a", int)

    with pytest.raises(EngineMisused, match="'a'"):
        engine.run(twice, Stay())
    assert engine.run(lost_update, Stay()).ending == "finished"


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, None, "1", True])
def test_a_bound_that_is_none_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="patience: expected"):
        Engine(patience=bad)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="max_steps: expected"):
        Engine(max_steps=bad)  # type: ignore[arg-type]  # that is the point


def test_what_the_set_up_raises_is_raised_unchanged(engine: Engine) -> None:
    def broken(spawner: Spawner) -> None:
        spawner.thread("a", int)
        raise ZeroDivisionError

    idle = engine.idle_workers
    with pytest.raises(ZeroDivisionError):
        engine.run(broken, Stay())
    assert engine.idle_workers >= idle
    assert isinstance(engine.run(lost_update, Stay()), Execution)


def test_what_is_not_determined_by_the_choices_is_found_and_named(engine: Engine) -> None:
    runs: list[int] = []

    def moody(spawner: Spawner) -> None:
        runs.append(1)
        cell = Cell(spawner.engine, 0)
        spawner.thread("a", cell.get if len(runs) % 2 else cell.set, *([] if len(runs) % 2 else [1]))

    first = engine.run(moody, Stay())
    with pytest.raises(Nondeterminism, match=r"step 2: expected a: get \(cell\).* got a: set \(cell\)"):
        engine.run(moody, Again(first))

    def longer(spawner: Spawner) -> None:
        cell = Cell(spawner.engine, 0)
        spawner.thread("a", lambda: [cell.get(), cell.get()])

    with pytest.raises(Nondeterminism, match="step 3: expected the end"):
        engine.run(longer, Again(first))
    for seed in range(20):
        execution = engine.run(lost_update, Walk(seed))
        assert engine.run(lost_update, Again(execution)).steps == execution.steps


def test_the_engine_needs_the_standard_library_only() -> None:
    script = (
        "import sys; before = set(sys.modules); import quiesce_conformance.schedules; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert set(run.stdout.split()) - {"quiesce_conformance"} <= sys.stdlib_module_names
