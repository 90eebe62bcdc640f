"""A schedule as text: what it says is what is done, every time; what does not fit is refused where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quiesce_conformance.schedules import (
    Cell,
    Check,
    DoesNotFit,
    Engine,
    Execution,
    Lock,
    Scenario,
    ScheduleSyntaxError,
    Spawner,
    chooser_from_text,
    parse,
    replay,
    schedule_to_text,
)
from tests.schedules.engine_support import PATIENCE, Walk, every_schedule, points
from tests.schedules.replay_programs import PROGRAMS, crossed, impatient, lost_update, stale_epoch, struck


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(patience=PATIENCE) as engine:
        yield engine


def failing(engine: Engine, scenario: Scenario) -> Execution:
    for seed in range(20_000):
        execution = engine.run(scenario, Walk(seed))
        if execution.failed:
            return execution
    raise AssertionError("expected the fault to show in 20,000 random schedules")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_failure_is_replayed_ten_times_out_of_ten(engine: Engine, name: str) -> None:
    execution = failing(engine, PROGRAMS[name])
    text = schedule_to_text(execution)
    for _ in range(10):
        again = replay(engine, PROGRAMS[name], text)
        assert again.choices == execution.choices
        assert str(again.ending) == str(execution.ending)
    with Engine(patience=PATIENCE) as another:
        assert replay(another, PROGRAMS[name], text).choices == execution.choices


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_schedule_can_be_written_and_read(engine: Engine, name: str) -> None:
    shortest, longest = 10**9, 0
    for seed in range(150):
        execution = engine.run(PROGRAMS[name], Walk(seed))
        text = schedule_to_text(execution)
        assert replay(engine, PROGRAMS[name], text).choices == execution.choices, text
        shortest, longest = min(shortest, len(text)), max(longest, len(text))
    assert longest > shortest


def test_all_schedules_of_a_small_program_have_different_texts(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        lock, cell = Lock(spawner.engine), Cell(spawner.engine, 0)

        def work() -> None:
            with lock:
                cell.set(cell.get() + 1)

        spawner.thread("a", work)
        spawner.thread("b", work, interrupts=1)

    texts = {}
    for execution in every_schedule(engine, scenario):
        text = schedule_to_text(execution)
        assert replay(engine, scenario, text).choices == execution.choices, text
        texts[text] = tuple(execution.choices)
    assert len(texts) == len(set(texts.values()))
    assert "" in texts, "the one in which nobody is preempted"


def test_the_text_is_short(engine: Engine) -> None:
    execution = replay(engine, lost_update, "a: get | b: ..")
    assert execution.failed
    assert schedule_to_text(execution) == "a: get | b: .."
    assert schedule_to_text(replay(engine, impatient, "a: event.timeout")) == "a: event.timeout"
    assert schedule_to_text(replay(engine, struck, "a: interrupt@set*4")) == "a: interrupt@set*4"


def test_the_text_survives_edits_that_do_not_touch_its_points(engine: Engine) -> None:
    def edited(spawner: Spawner) -> Callable[[], object]:
        """`lost_update` with a lock in front, more noise, and a fourth thread."""
        counter, lock = Cell(spawner.engine, 0), Lock(spawner.engine)
        extra = Cell(spawner.engine, 0)

        def add() -> None:
            with lock:
                extra.update(lambda n: n + 1)
            counter.set(counter.get() + 1)

        for name in "abcd":
            spawner.thread(name, add)

        def check() -> None:
            if counter.get() != 4:
                raise AssertionError("an update was lost")

        return check

    assert replay(engine, lost_update, "a: get | b: ..").failed
    assert replay(engine, edited, "a: get | b: ..").failed


def test_a_switch_in_the_plumbing_is_named_after_the_point_before_it(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        lock, cell = Lock(spawner.engine), Cell(spawner.engine, 0)

        def work() -> None:
            cell.get()
            with lock:
                pass
            with lock:
                cell.get()

        spawner.thread("a", work)
        spawner.thread("b", work)

    execution = replay(engine, scenario, "a: get lock.release | b: ..")
    assert points(execution)[:5] == ["a: start", "a: get", "a: lock.acquire", "a: lock.release", "b: start"]
    assert schedule_to_text(execution) == "a: get lock.release | b: .."


def test_names_that_are_no_words_are_quoted(engine: Engine) -> None:
    odd = ['module:f:load "x"', "a b", "x*2", "..", "|", "back\\slash"]

    def scenario(spawner: Spawner) -> None:
        def work() -> None:
            for point in odd:
                spawner.engine.point(point, "thing", writes=True)

        spawner.thread("a", work)
        spawner.thread("b", work)

    for seed in range(50):
        execution = engine.run(scenario, Walk(seed))
        text = schedule_to_text(execution)
        assert replay(engine, scenario, text).choices == execution.choices, text
    assert parse(r'a: "x\"y" "..*"*2')[0].targets[1].point == "..*"


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("a", 2, "expected ':'"),
        ("a:", 3, "expected a point"),
        ("a: |", 4, "expected a point"),
        ("a: x |", 7, "expected the name of a thread"),
        ("| a: x", 1, "expected the name of a thread"),
        ("a: x || b: y", 7, "expected the name of a thread"),
        (": x", 1, "expected the name of a thread"),
        ("a b: x", 3, "expected ':'"),
        ("a: x b: y", 7, "expected '|'"),
        ("a: x*", 6, "a count of 1 or more"),
        ("a: x*0", 6, "a count of 1 or more"),
        ("a: x*-1", 6, "a count of 1 or more"),
        ("a: x*two", 6, "a count of 1 or more"),
        ("a: x*9999999999", 6, "a count of 1 or more"),
        ("a: ..*2", 4, "no count"),
        ('a: "x', 4, "expected a point"),
        ("a*2: x", 1, "expected the name of a thread"),
        ("..: x", 1, "expected the name of a thread"),
        ("a: x\n| b", 9, "expected ':'"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_place(text: str, column: int, problem: str) -> None:
    with pytest.raises(ScheduleSyntaxError) as caught:
        chooser_from_text(text)
    assert caught.value.column == column, str(caught.value)
    assert str(caught.value).startswith(f"column {column}: ")
    assert problem in str(caught.value)


@given(st.text(alphabet='ab:|.* x@1\n"\\', max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    refused: ScheduleSyntaxError | None = None
    try:
        segments = parse(text)
    except ScheduleSyntaxError as error:
        refused, segments = error, []
    assert refused is None or 1 <= refused.column <= len(text) + 1
    assert [str(s) for s in parse(" | ".join(map(str, segments)))] == [str(s) for s in segments]


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_schedule_preempts_nobody(engine: Engine, text: str) -> None:
    assert replay(engine, lost_update, text).switches() == 2


@pytest.mark.parametrize("text", [None, 3, b"a: x"])
def test_a_schedule_is_text(text: object) -> None:
    with pytest.raises(TypeError, match="as text"):
        parse(text)  # type: ignore[arg-type]  # that is the point


def test_what_is_known_to_be_unknown_is_refused_before_anything_runs(engine: Engine) -> None:
    ran: list[int] = []

    def scenario(spawner: Spawner) -> Check:
        ran.append(1)
        return lost_update(spawner)

    with pytest.raises(ScheduleSyntaxError, match=r"column 4: unknown point 'gte'; did you mean 'get'\?"):
        replay(engine, scenario, "a: gte", threads="ab", points=["get", "set"])
    with pytest.raises(ScheduleSyntaxError, match="column 10: unknown thread 'd'"):
        replay(engine, scenario, "a: get | d: set", threads="ab", points=["get", "set"])
    with pytest.raises(ScheduleSyntaxError, match="unknown point 'interrupt@gte'"):
        replay(engine, scenario, "a: interrupt@gte", points=["get", "set"])
    assert not ran
    assert replay(engine, scenario, "a: get | b: ..", threads="ab", points=["get", "set"]).failed


@pytest.mark.parametrize(
    ("scenario", "text", "problem"),
    [
        (lost_update, "a: gte", r"column 4: a does not come to gte: it has ended.*did you mean 'get'\?"),
        (lost_update, "a: .. | a: get", "column 12: a does not come to get: it has ended"),
        (lost_update, "a: get*2", r"column 4: a does not come to get\*2: it has ended, after .*get > set"),
        (lost_update, "z: get", "there is no such thread so far; there are a, b, c"),
        (lost_update, "a: event.timeout", "a does not come to event.timeout: it has ended"),
        (lost_update, "a: interrupt@get", "a does not come to interrupt@get: it has ended"),
        (crossed, "a: get*2 | b: get*3", r"b does not come to get\*3: it waits at lock.acquire \(one\), which a has"),
        (impatient, "a: set", r"it waits and could only be: event.timeout"),
        (
            stale_epoch,
            "writer: .. | writer: ..  | reader: get*9",
            r"was over \(finished\) before .*'reader: get\*9' at column 28",
        ),
    ],
)
def test_what_does_not_fit_is_refused_where_it_does_not(
    engine: Engine, scenario: Scenario, text: str, problem: str
) -> None:
    idle = engine.idle_workers
    with pytest.raises(DoesNotFit, match=problem) as caught:
        replay(engine, scenario, text)
    assert text in str(caught.value)
    assert engine.idle_workers >= idle, "nothing is left half-way"


def test_a_schedule_that_goes_on_after_the_end_is_refused(engine: Engine) -> None:
    with pytest.raises(DoesNotFit, match="was over"):
        replay(engine, lost_update, "a: .. | b: .. | c: .. | a: get")


def test_a_failure_may_come_before_the_schedule_is_used_up(engine: Engine) -> None:
    assert replay(engine, stale_epoch, "reader: get | writer: get | reader: get | writer: .. | reader: get*9").failed
