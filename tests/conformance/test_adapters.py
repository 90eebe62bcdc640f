"""The adapters that come with the suite: each speaks the protocol and keeps what it claims."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from quiesce_conformance.contract import CORE, CandidateSpec, Ticket
from quiesce_conformance.pipe import PipeHost
from quiesce_conformance.session import Look, Options, Session

LIMIT = 20.0


def _load() -> ModuleType:
    path = Path(__file__).parent / "adapters" / "build.py"
    spec = importlib.util.spec_from_file_location("quiesce_adapters_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BUILD = _load()


@pytest.fixture(scope="module", params=BUILD.NAMES)
def adapter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeHost]:
    try:
        command = BUILD.argv(request.param, tmp_path_factory.mktemp("adapter"))
    except BUILD.Unavailable as missing:
        pytest.skip(str(missing))
    with PipeHost(command) as host:
        yield host


@pytest.fixture
def session(adapter: PipeHost) -> Iterator[Session]:
    made = adapter.session(CandidateSpec(1), 5.0)
    yield made
    made.close()
    assert adapter.broken is None


def seen(session: Session) -> Look:
    value = session.look().result(LIMIT).value
    assert isinstance(value, Look)
    return value


def closed(session: Session) -> list[int]:
    return [event.version for event in session.events() if event.kind == "close"]


def test_it_says_hello_and_has_the_core(adapter: PipeHost) -> None:
    assert adapter.capabilities >= CORE


def test_a_gated_call_ends_on_its_version_across_an_upgrade(session: Session) -> None:
    inside = session.call(Ticket(1, gate="g"))
    assert session.reached("g", LIMIT)
    assert session.prepare(CandidateSpec(2)).result(LIMIT).ok
    executed = session.execute(Options())
    assert session.call(Ticket(2)).result(LIMIT).value == {"number": 2, "version": 1}
    assert not executed.done()
    session.open("g")
    assert inside.result(LIMIT).value == {"number": 1, "version": 1}
    assert executed.result(LIMIT).ok
    assert session.call(Ticket(3)).result(LIMIT).value == {"number": 3, "version": 2}
    assert seen(session).version == 2
    assert closed(session) == [1]


def test_a_failing_init_leaves_the_old_version_and_a_retry_succeeds(session: Session) -> None:
    failed = session.prepare(CandidateSpec(2, fail=frozenset({"init"}))).result(LIMIT)
    assert not failed.ok
    assert failed.causes
    assert seen(session).version == 1
    assert session.upgrade(CandidateSpec(3), Options()).result(LIMIT).ok
    assert session.call(Ticket(1)).result(LIMIT).value == {"number": 1, "version": 3}


def test_a_cancelled_upgrade_closes_its_candidate_only(session: Session) -> None:
    assert session.prepare(CandidateSpec(2)).result(LIMIT).ok
    assert session.cancel().result(LIMIT).ok
    assert not session.execute(Options()).result(LIMIT).ok
    assert closed(session) == [2]
    assert seen(session).version == 1


def test_a_drain_timeout_rolls_back(session: Session) -> None:
    inside = session.call(Ticket(1, gate="g"))
    assert session.reached("g", LIMIT)
    assert not session.upgrade(CandidateSpec(2), Options(drain_timeout=0.01)).result(LIMIT).ok
    assert seen(session).version == 1
    session.open("g")
    assert inside.result(LIMIT).value == {"number": 1, "version": 1}
    assert session.upgrade(CandidateSpec(3), Options()).result(LIMIT).ok


def test_a_nested_call_runs_on_the_outer_version(session: Session) -> None:
    outer = session.call(Ticket(1, nested=Ticket(2)))
    assert outer.result(LIMIT).ok
    assert [(e.call, e.version) for e in session.events() if e.kind == "start"] == [(1, 1), (2, 1)]
