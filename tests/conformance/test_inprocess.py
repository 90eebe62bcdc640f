"""Subjects in this process: what a session does with one that is right, one that hangs, and one that is none."""

from __future__ import annotations

import asyncio
import pickle
import threading
from typing import Any

import pytest

from quiesce_conformance.contract import CORE, CandidateSpec, Ticket
from quiesce_conformance.inprocess import InProcessHost, SubjectError
from quiesce_conformance.session import Host, Look, Options, Session, StillPending

LIMIT = 10.0


class Locked:
    """A subject with one lock around everything; nested calls come through, because it is reentrant."""

    def __init__(self, instance: Any, manifest: Any, drain_timeout: float | None) -> None:
        self._lock = threading.RLock()
        instance.init()
        self._current, self.manifest = instance, manifest
        self.drain_timeout = drain_timeout
        self.state = "Active"
        self.stats = {"successful_upgrades": 0, "version": 1}

    def call(self, function: str, /, *args: object) -> object:
        with self._lock:
            return getattr(self._current, function)(*args)

    def upgrade(self, instance: Any, manifest: Any) -> None:
        instance.init()
        with self._lock:
            old, self._current, self.manifest = self._current, instance, manifest
            self.stats = {"successful_upgrades": self.stats["successful_upgrades"] + 1, "version": 2}
        old.close()


class Looping:
    """An asynchronous subject on a loop of its own."""

    capabilities = CORE | {"async", "nested"}

    def __init__(self, instance: Any, manifest: Any, drain_timeout: float | None) -> None:
        instance.init()
        self._current = instance
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    async def call(self, function: str, /, *args: object) -> object:
        return await getattr(self._current, function)(*args)

    async def upgrade(self, instance: Any, manifest: Any) -> None:
        instance.init()
        self._current = instance

    def shutdown(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Hanging(Locked):
    """Its upgrade never ends."""

    stuck = threading.Event()

    def upgrade(self, instance: Any, manifest: Any) -> None:
        self.stuck.wait()


def refusing(instance: Any, manifest: Any, drain_timeout: float | None) -> Any:
    raise ValueError("not today")


def boasting(instance: Any, manifest: Any, drain_timeout: float | None) -> Any:
    made = Locked(instance, manifest, drain_timeout)
    made.capabilities = ["call", "upgrade", "close", "magic"]  # type: ignore[attr-defined]  # that is what is tested
    return made


def session(make: Any, **first: Any) -> Session:
    host: Host = InProcessHost(make)
    return host.session(CandidateSpec(1, **first), 5.0)


def test_calls_upgrades_and_what_is_seen_of_them() -> None:
    at = session(Locked)
    try:
        inside = at.call(Ticket(1, gate="g", nested=Ticket(2, function="again")))
        assert at.reached("g", LIMIT)
        upgraded = at.upgrade(CandidateSpec(2), Options())
        assert at.wait_for(lambda events: any(e.kind == "init_done" and e.version == 2 for e in events), LIMIT)
        at.open("g")
        assert inside.result(LIMIT).value == {"number": 1, "version": 1}
        assert upgraded.result(LIMIT).ok
        assert at.call(Ticket(3)).result(LIMIT).value == {"number": 3, "version": 2}
        kinds = [(e.kind, e.version, e.call) for e in at.events() if e.kind in {"start", "end", "close", "gate"}]
        assert kinds[:5] == [
            ("start", 1, 1), ("gate", 1, 1), ("start", 1, 2), ("end", 1, 2), ("end", 1, 1)
        ]  # fmt: skip
        assert ("close", 1, None) in kinds
        look = at.look().result(LIMIT).value
        assert isinstance(look, Look)
        assert (look.state, look.version, look.manifest and look.manifest["version"]) == ("Active", 2, "2.0.0")
        seqs = [e.seq for e in at.events()]
        assert seqs == sorted(set(seqs))
    finally:
        at.close()


def test_a_subject_without_capabilities_has_what_its_names_say() -> None:
    at = session(Locked)
    at.close()
    assert at.capabilities == CORE | {"state", "stats", "manifest", "nested", "drain-timeout"}


def test_failures_are_answers_with_their_causes() -> None:
    at = session(Locked)
    try:
        raised = at.call(Ticket(1, raises=True)).result(LIMIT)
        assert (raised.ok, raised.error_kind, "call 1" in raised.message) == (False, "ProbeFailure", True)
        failed = at.upgrade(CandidateSpec(2, fail=frozenset({"init"})), Options()).result(LIMIT)
        assert not failed.ok
        assert not at.call(Ticket(2, function="missing")).result(LIMIT).ok
        assert [e.kind for e in at.events() if e.version == 2] == ["built", "init"]
    finally:
        at.close()


def test_a_gate_stops_the_task_and_not_the_loop() -> None:
    at = session(Looping)
    try:
        inside = at.call(Ticket(1, gate="g", nested=Ticket(2)))
        assert at.reached("g", LIMIT)
        assert at.call(Ticket(3)).result(LIMIT).ok
        assert at.upgrade(CandidateSpec(2), Options()).result(LIMIT).ok
        assert not inside.done()
        at.open("g")
        assert inside.result(LIMIT).value == {"number": 1, "version": 1}
    finally:
        at.close()


def test_what_hangs_is_pending_and_is_left_behind() -> None:
    made = InProcessHost(Hanging).session(CandidateSpec(1), 5.0)
    upgraded = made.upgrade(CandidateSpec(2), Options())
    with pytest.raises(StillPending, match=r"upgrade to version 2 .* has not ended after 0.01 s"):
        upgraded.result(0.01)
    made.close()
    assert made.left == 1
    Hanging.stuck.set()
    assert upgraded.result(LIMIT).ok


@pytest.mark.parametrize(
    ("subject", "error", "said"),
    [
        ("nothing", SubjectError, "mypkg.module:make_subject"),
        ("no_such_package:make", SubjectError, "cannot import 'no_such_package'"),
        ("json:make_subject", SubjectError, "has no 'make_subject'"),
        ("json:__name__", SubjectError, "expected a function make_subject"),
        (boasting, SubjectError, "got magic"),
        (refusing, RuntimeError, "ValueError: not today"),
    ],
)
def test_what_is_no_subject_is_said(subject: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        InProcessHost(subject).session(CandidateSpec(1), None)


def test_a_host_travels_as_its_subjects_name() -> None:
    host = pickle.loads(pickle.dumps(InProcessHost(Locked, "mine")))
    assert host.name == "mine"
    at = host.session(CandidateSpec(1), None)
    at.close()
    assert InProcessHost("json:loads").name == "json:loads"
