"""A search that is stopped, anywhere, and gone on with ends as one that was not; what is no checkpoint is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from quiesce_model.algorithm import Continue, Hold
from quiesce_model.explore import CheckpointError, Progress, Result, Verdict, explore
from quiesce_model.explore.loop import Form
from quiesce_model.explore.sections import read_sections, write_sections
from quiesce_model.language import Model, action, require
from quiesce_model.language.digest import model_digest
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version
from tests.model.explore_models import (
    EndlessStairs,
    GoodMutex,
    Latch,
    Light,
    Mutex,
    Other,
    Place,
    Stairs,
    Together,
    Walker,
)

ALGORITHM: dict[type, int] = {Thread: 2, Upgrader: 1, Version: 2, Epoch: 3, Tally: 2}
CASES: list[tuple[type[Model], dict[type, int]]] = [
    (Stairs, {Walker: 4, Place: 4}),
    (EndlessStairs, {Walker: 3, Place: 3}),
    (GoodMutex, {Walker: 3, Place: 3, Other: 2}),
    (Mutex, {Walker: 3, Place: 3, Other: 2}),
    (Latch, {Walker: 4}),
    (Together, {Walker: 3, Place: 4}),
    (Hold, ALGORITHM),
]
COUNTED = ("verdict", "states", "edges", "depth", "edge_of_scope", "sometimes", "actions_taken", "deadlocks", "parts")


def case_name(value: object) -> str:
    return value.__name__ if isinstance(value, type) else "x".join(map(str, value.values()))  # type: ignore[attr-defined]


def said(found: Result) -> dict[str, Any]:
    """All that a search says, but for seconds and bytes."""
    steps = [] if found.violation is None else [(str(s.label), s.state) for s in found.violation.trace]
    return {n: getattr(found, n) for n in (*COUNTED, "levels", "unreduced", "expanded")} | {"steps": steps}


class Strike:
    """Ctrl-C at the n-th time that something happens."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quiesce_model.explore.bounds.Watch.INTERVAL", 0.0)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("form", [{}, {"symmetric": True, "unreduced": True}, {"packed": True}], ids=str)
@pytest.mark.parametrize(("model", "scope"), CASES, ids=case_name)
def test_stopped_again_and_again_it_ends_as_if_it_had_not_been(
    model: type[Model], scope: Mapping[type, int], form: dict[str, Any], tmp_path: Path
) -> None:
    file, stops = tmp_path / "run", 0
    found = explore(model, scope, progress=Strike(2), checkpoint=file, **form)
    while found.verdict is Verdict.UNFINISHED and "interrupted" in found.why:
        stops += 1
        assert str(file) in found.why
        assert 0 <= found.expanded < found.states
        found = explore(model, scope, progress=Strike(9), checkpoint=file, resume=True, **form)
    assert stops >= 1
    assert said(found) == said(explore(model, scope, **form))
    assert not file.exists(), "nothing is left to go on with"


@pytest.mark.parametrize("instant", [1, 2, 5, 40, 1000])
def test_an_interrupt_within_a_state_loses_nothing(
    instant: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It strikes wherever a new entry of a table is made: between two steps of one state."""
    file, strike = tmp_path / "run", Strike(instant)
    real = Form.change

    def change(*args: Any) -> Any:
        strike()
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Form, "change", change)
        stopped = explore(Continue, ALGORITHM, symmetric=True, checkpoint=file)
    assert (stopped.verdict, stopped.why.partition(";")[0]) == (Verdict.UNFINISHED, "interrupted")
    found = explore(Continue, ALGORITHM, symmetric=True, checkpoint=file, resume=True)
    assert said(found) == said(explore(Continue, ALGORITHM, symmetric=True))


def test_out_of_bounds_is_kept_and_gone_on_with_in_the_other_form(tmp_path: Path) -> None:
    """What is kept is not bound to the form of a state's key."""
    file = tmp_path / "run"
    stopped = explore(Continue, ALGORITHM, max_states=3_000, checkpoint=file)
    assert stopped.verdict is Verdict.UNFINISHED
    assert "out of bounds" in stopped.why
    found = explore(Continue, ALGORITHM, packed=True, checkpoint=file, resume=True)
    assert found.seconds > stopped.seconds, "the time that was spent before is counted"
    whole = explore(Continue, ALGORITHM)
    assert {n: getattr(found, n) for n in COUNTED} == {n: getattr(whole, n) for n in COUNTED}


@pytest.mark.usefixtures("no_waiting")
def test_stopped_while_traps_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("quiesce_model.explore.breadth.find_trap", Strike(1))
        stopped = explore(Latch, {Walker: 3}, always_reachable=["all_closed"], checkpoint=file)
    assert "interrupted" in stopped.why
    found = explore(Latch, {Walker: 3}, always_reachable=["all_closed"], checkpoint=file, resume=True)
    assert found.violation is not None
    assert (found.violation.kind, len(found.violation)) == ("trap", 2)


def test_checkpoints_are_written_at_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a crash costs no more than the time between two."""
    file, sizes = tmp_path / "run", []

    def look(_: Progress) -> None:
        sizes.append(file.stat().st_size)

    monkeypatch.setattr("quiesce_model.explore.bounds.Watch.INTERVAL", 0.0)
    explore(Stairs, {Walker: 4, Place: 4}, checkpoint=file, checkpoint_seconds=0, progress=look)
    assert len(set(sizes)) > 5
    assert sizes == sorted(sizes)
    sizes.clear()
    with pytest.raises(FileNotFoundError):
        explore(Stairs, {Walker: 4, Place: 4}, checkpoint=file, checkpoint_seconds=3_600, progress=look)


def test_a_real_ctrl_c_leaves_a_checkpoint(tmp_path: Path) -> None:
    """A process of its own, a real signal, at whatever instruction it strikes."""
    file = tmp_path / "run"
    code = """
import sys
from quiesce_model.explore import explore
from tests.model.explore_models import Place, Stairs, Walker
def progress(now):
    print(now.states, flush=True)
found = explore(Stairs, {Walker: 10, Place: 4}, checkpoint=sys.argv[1], progress=progress)
print(found.verdict.value, found.why, sep=": ")
sys.exit(found.exit_code)
"""
    root = Path(__file__).resolve().parents[2]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(root / "model"), str(root)]))
    command = [sys.executable, "-c", code, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdecimal()
        process.send_signal(signal.SIGINT)
        last = process.stdout.read().splitlines()[-1]
    assert process.returncode == 2
    assert last.startswith("unfinished: interrupted; ")
    assert last.endswith(str(file))
    found = explore(Stairs, {Walker: 10, Place: 4}, checkpoint=file, resume=True, max_states=60_000)
    assert found.states > 0
    assert found.levels[0] == 1
    assert next(iter(found.levels[1:])) == 10


# -- what is refused ------------------------------------------------------------------------------------------------
@pytest.fixture
def kept(tmp_path: Path) -> Path:
    file = tmp_path / "run"
    found = explore(GoodMutex, {Walker: 3, Place: 3, Other: 2}, max_states=20, checkpoint=file)
    assert found.verdict is Verdict.UNFINISHED
    return file


def go_on(file: Path, model: type[Model] = GoodMutex, walkers: int = 3, **more: Any) -> Result:
    return explore(model, {Walker: walkers, Place: 3, Other: 2}, checkpoint=file, resume=True, **more)


class AlmostGoodMutex(GoodMutex):
    @action
    def enter(s, w: Walker) -> None:
        require(s.here[w] == 1, s.light == Light.GREEN, s.here[w] != 2)
        s.here[w] = Place(2)


@pytest.mark.parametrize(
    ("different", "where", "got"),
    [
        ({"model": AlmostGoodMutex}, "model", "AlmostGoodMutex"),
        ({"walkers": 2}, "scope", "'Walker': 2"),
        ({"symmetric": True}, "symmetry", "Walker"),
        ({"claims": ["X2"]}, "claims", "one_at_a_time"),
        ({"deadlock": False}, "deadlock", "False"),
    ],
    ids=str,
)
def test_a_checkpoint_of_another_run_is_refused(kept: Path, different: dict[str, Any], where: str, got: str) -> None:
    before = kept.read_bytes()
    with pytest.raises(CheckpointError) as caught:
        go_on(kept, **different)
    error = caught.value
    assert (error.path, error.where) == (kept, where)
    assert got in error.reason.partition("this run ")[2]
    assert "resume what was begun" in str(error)
    assert kept.read_bytes() == before


def test_a_model_of_the_same_name_that_says_something_else_is_refused(kept: Path) -> None:
    """The digest is over what the methods say."""
    sections = [(tag, content) for tag, content, _ in read_sections(kept) if tag != b"DONE"]
    owner = json.loads(sections[0][1])
    assert owner["model digest"] == model_digest(GoodMutex) != model_digest(AlmostGoodMutex)
    owner["model digest"] = model_digest(AlmostGoodMutex)
    write_sections(kept, [(b"OWNR", json.dumps(owner).encode()), *sections[1:]])
    with pytest.raises(CheckpointError, match="model digest: the file has"):
        go_on(kept)


def test_a_byte_that_changed_anywhere_is_found_and_said_where(kept: Path) -> None:
    good = kept.read_bytes()
    for at in range(0, len(good), max(1, len(good) // 41)):
        kept.write_bytes(good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :])
        with pytest.raises(CheckpointError) as caught:
            go_on(kept)
        assert caught.value.where.startswith(("line 1", "section", "byte"))
        assert "anew" in caught.value.reason or "expected" in caught.value.reason


def test_a_file_that_was_cut_short_anywhere_is_found(kept: Path) -> None:
    good = kept.read_bytes()
    for at in range(0, len(good), max(1, len(good) // 41)):
        kept.write_bytes(good[:at])
        with pytest.raises(CheckpointError, match=r"cut short|expected"):
            go_on(kept)


def changed(kept: Path, tag: bytes, content: bytes) -> None:
    sections = [(t, content if t == tag else c) for t, c, _ in read_sections(kept) if t != b"DONE"]
    write_sections(kept, sections)


def nonsense(kept: Path) -> Iterator[tuple[bytes, bytes]]:
    """Sections whose checksums are right, and whose content is not."""
    by = {tag: content for tag, content, _ in read_sections(kept)}
    mark, parts = json.loads(by[b"MARK"]), json.loads(by[b"PART"])
    yield b"OWNR", b"{"
    yield b"OWNR", b"[1]"
    yield b"MARK", b"not json"
    yield b"MARK", b"[]"
    yield b"MARK", json.dumps(mark | {"states": mark["states"] + 1}).encode()
    yield b"MARK", json.dumps(mark | {"frontier": [10_000]}).encode()
    yield b"MARK", json.dumps(mark | {"local": 2}).encode()
    yield b"MARK", json.dumps({k: v for k, v in mark.items() if k != "met"}).encode()
    yield b"MARK", json.dumps(mark | {"depth": 0}).encode()
    yield b"PART", json.dumps(parts | {"groups": parts["groups"][:-1]}).encode()
    yield b"PART", json.dumps(parts | {"local": [[1, 2, 3]] * len(parts["local"])}).encode()
    yield b"SEEN", by[b"SEEN"][:-2]
    yield b"SEEN", by[b"SEEN"] * 2
    yield b"SEEN", by[b"SEEN"][:-2] + b"\xff\xff"
    yield b"SEEN", b""


def test_content_that_makes_no_sense_is_refused_with_its_place(kept: Path) -> None:
    good = kept.read_bytes()
    for tag, content in list(nonsense(kept)):
        changed(kept, tag, content)
        with pytest.raises(CheckpointError, match=r"the section at byte .*makes no sense"):
            go_on(kept)
        kept.write_bytes(good)


@pytest.mark.parametrize("content", [b"", b"something else\n", b"quiesce-checkpoint 2\n"])
def test_something_else_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "run"
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="line 1: expected"):
        go_on(file)


def test_nothing_is_no_checkpoint_and_a_folder_is_none_either(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="leave out resume=True"):
        go_on(tmp_path / "run")
    with pytest.raises(CheckpointError, match="expected a checkpoint"):
        go_on(tmp_path)


def test_a_run_that_could_not_be_kept_does_not_begin(tmp_path: Path) -> None:
    scope = {Walker: 3, Place: 3, Other: 2}
    with pytest.raises(CheckpointError, match="expected a folder that can be written to"):
        explore(GoodMutex, scope, checkpoint=tmp_path / "nowhere" / "run")
    (tmp_path / "run").write_text("somebody's")
    with pytest.raises(CheckpointError, match="is there already"):
        explore(GoodMutex, scope, checkpoint=tmp_path / "run")
    assert (tmp_path / "run").read_text() == "somebody's"
    with pytest.raises(ValueError, match="name its file"):
        explore(GoodMutex, scope, resume=True)
    with pytest.raises(ValueError, match="checkpoint_seconds"):
        explore(GoodMutex, scope, checkpoint=tmp_path / "other", checkpoint_seconds=float("nan"))


def test_a_disk_that_is_full_leaves_the_checkpoint_before(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run says that it kept nothing; what was there is there; nothing else is left in the folder."""
    before = kept.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quiesce_model.explore.sections.os.fsync", full)
    stopped = go_on(kept, max_states=60)
    assert stopped.verdict is Verdict.UNFINISHED
    assert "; no checkpoint: " in stopped.why
    assert "No space left" in stopped.why
    assert kept.read_bytes() == before
    assert list(kept.parent.iterdir()) == [kept]


def test_a_second_ctrl_c_while_it_is_written_leaves_the_checkpoint_before(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept.read_bytes()
    monkeypatch.setattr("quiesce_model.explore.sections.os.fsync", Strike(1))
    stopped = go_on(kept, max_states=60)
    assert "interrupted again" in stopped.why
    assert kept.read_bytes() == before
    assert list(kept.parent.iterdir()) == [kept]


# -- the digest -----------------------------------------------------------------------------------------------------
def test_the_digest_is_the_same_in_every_process_and_different_for_every_model() -> None:
    models = (Stairs, EndlessStairs, Mutex, GoodMutex, AlmostGoodMutex, Latch, Together, Continue, Hold)
    mine = [model_digest(m) for m in models]
    assert len(set(mine)) == len(mine)
    code = "from tests.model.explore_models import *; from quiesce_model.language.digest import model_digest as d; "
    root = Path(__file__).resolve().parents[2]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(root / "model"), str(root)]), PYTHONHASHSEED="4711")
    run = [sys.executable, "-c", code + "print(d(Stairs), d(GoodMutex), d(Together))"]
    theirs = subprocess.run(run, capture_output=True, text=True, check=True, env=env, cwd=root, timeout=60).stdout
    assert theirs.split() == [mine[0], mine[3], mine[6]]
