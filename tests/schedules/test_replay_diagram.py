"""The pictures of an execution, and the part of it that led to its end."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from quiesce_conformance.schedules import (
    Cell,
    Engine,
    Failure,
    Lock,
    Spawner,
    causal_slice,
    dependent,
    replay,
    svg_diagram,
    text_diagram,
)
from quiesce_conformance.schedules.slices import arrows, ends
from tests.schedules.engine_support import PATIENCE, Script, Stay, Walk, points
from tests.schedules.replay_programs import crossed, lost_update, stale_epoch, struck

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(patience=PATIENCE) as engine:
        yield engine


def with_bystanders(spawner: Spawner) -> None:
    one, other = Cell(spawner.engine, 0, "one"), Cell(spawner.engine, 0, "other")

    def fails() -> None:
        if one.get():
            raise AssertionError("it was written")

    def stands_by() -> None:
        other.set(1)
        other.set(2)

    spawner.thread("a", fails)
    spawner.thread("b", one.set, 1)
    spawner.thread("c", stands_by)


def test_the_slice_is_what_happens_before_the_failure(engine: Engine) -> None:
    execution = engine.run(with_bystanders, Script("c", "a", "c", "b", "b", "c", "a"))
    assert isinstance(execution.ending, Failure)
    sliced = [points(execution)[i] for i in causal_slice(execution)]
    assert sliced == ["a: start", "b: start", "b: set", "a: get"]


def test_what_is_left_out_of_a_slice_does_not_matter_to_it(engine: Engine) -> None:
    for seed in range(300):
        execution = engine.run(stale_epoch, Walk(seed))
        for step in range(0, len(execution.choices), 3):
            kept = causal_slice(execution, [step])
            assert kept[-1] == step
            for i in range(step):
                before = any(dependent(execution.choices[i], execution.choices[j]) for j in kept if j > i)
                assert before == (i in kept)


def test_the_ends_of_a_deadlock_are_where_its_threads_stand(engine: Engine) -> None:
    execution = replay(engine, crossed, "a: get lock.acquire | b: .. | c: ..")
    sliced = [execution.choices[i].thread for i in causal_slice(execution)]
    assert set(sliced) == {"a", "b"}
    assert {execution.choices[i].op.point for i in ends(execution)} <= {"lock.acquire", "get"}


def test_the_ends_of_a_failed_check_are_the_last_writes(engine: Engine) -> None:
    execution = replay(engine, lost_update, "a: get | b: ..")
    assert [points(execution)[i].partition(" ")[2] for i in ends(execution)] == ["set", "update"]


@pytest.mark.parametrize("bad", [[-1], [99], [0, 99]])
def test_steps_that_there_are_not_are_refused(engine: Engine, bad: list[int]) -> None:
    execution = engine.run(lost_update, Stay())
    for use in (causal_slice, text_diagram, svg_diagram):
        with pytest.raises(IndexError, match="expected steps from 0 to 20"):
            use(execution, bad)


def test_an_arrow_goes_to_who_depends_on_it(engine: Engine) -> None:
    execution = engine.run(with_bystanders, Script("c", "a", "c", "b", "b", "c", "a"))
    names = points(execution)
    assert [(names[i], names[j]) for i, j in arrows(execution, range(len(names)))] == [("b: set", "a: get")]


def test_the_text_has_a_column_for_each_thread(engine: Engine) -> None:
    execution = engine.run(with_bystanders, Script("c", "a", "c", "b", "b", "c", "a"))
    assert text_diagram(execution) == (
        "   a      b      c\n"
        "-  -----  -----  -----\n"
        "1  |      |      start\n"
        "2  start  |      |\n"
        "3  |      |      set\n"
        "4  |      start  |\n"
        "5  |      set    |\n"
        "6  |      |      set\n"
        "7  X get  |      |\n"
        "a raised AssertionError: it was written\n"
    )
    assert text_diagram(execution, causal_slice(execution)) == (
        "   a      b      c\n"
        "-  -----  -----  -\n"
        "   ... 1 left out\n"
        "2  start  |      |\n"
        "   ... 1 left out\n"
        "4  |      start  |\n"
        "5  |      set    |\n"
        "   ... 1 left out\n"
        "7  X get  |      |\n"
        "a raised AssertionError: it was written\n"
    )


def test_long_names_are_cut(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", spawner.engine.point, "p" * 100, "x")

    assert max(map(len, text_diagram(engine.run(scenario, Stay()), width=10).splitlines())) <= 13


def test_the_svg_is_well_formed_and_shows_every_step(engine: Engine) -> None:
    late = "reader: get | writer: get | reader: get | writer: .."
    for scenario, text in ((stale_epoch, late), (struck, "a: interrupt@set*4")):
        execution = replay(engine, scenario, text)
        root = ET.fromstring(svg_diagram(execution))
        labels = ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]
        for choice in execution.choices:
            assert choice.op.point in labels
            assert choice.thread in labels
        assert len(list(root.iter(f"{SVG}rect"))) == len(execution.choices)
        sliced = ET.fromstring(svg_diagram(execution, causal_slice(execution), title="The slice"))
        assert len(list(sliced.iter(f"{SVG}rect"))) == len(causal_slice(execution))
        assert sliced.findtext(f"{SVG}title") == "The slice"


def test_what_is_written_into_the_svg_is_escaped(engine: Engine) -> None:
    def scenario(spawner: Spawner) -> None:
        def work() -> None:
            spawner.engine.point("<script>&\x00", '"x"')
            raise AssertionError("<b>\x1b")

        spawner.thread("a", work)

    root = ET.fromstring(svg_diagram(engine.run(scenario, Stay()), title="<>&"))
    assert not list(root.iter(f"{SVG}script"))
    assert root.findtext(f"{SVG}title") == "<>&"


def test_nothing_at_all_can_be_drawn(engine: Engine) -> None:
    class Cutting:
        def choose(self, choices: object, last: str | None) -> int:
            return -1

    def scenario(spawner: Spawner) -> None:
        spawner.thread("a", Lock(spawner.engine).acquire)

    execution = engine.run(scenario, Cutting())
    assert text_diagram(execution) == "   a\n-  -\ncut\n"
    assert causal_slice(execution) == []
    assert ET.fromstring(svg_diagram(execution)) is not None
