"""The suite as a whole: subjects with one fault each are caught, a right one is not, and nothing is green unseen."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from quiesce_conformance.check import Check, CheckResult
from quiesce_conformance.contract import CandidateSpec, Profile
from quiesce_conformance.inprocess import InProcessHost, SubjectError
from quiesce_conformance.ledger import BadLedger
from quiesce_conformance.pipe import PipeHost
from quiesce_conformance.profiles import claimed, rules_of
from quiesce_conformance.report import Conformance, Report, Standing
from quiesce_conformance.rulebook import rulebook
from quiesce_conformance.session import Host
from quiesce_conformance.suite import ALL_CHECKS, Progress, UnknownName, run_conformance


class Right:
    """Counts the calls of each version and frees one when the last has left; calls inside calls stay on theirs."""

    capabilities = ("call", "upgrade", "close", "stats", "manifest", "nested")

    def __init__(self, instance: Any, manifest: Any, drain_timeout: float | None) -> None:
        self.changed = threading.Condition()
        self.upgrading = threading.Lock()
        self.inside = threading.local()
        self.busy: dict[Any, int] = {}
        self.stats = {"successful_upgrades": 0, "failed_upgrades": 0, "total_drain_time_us": 0, "max_drain_time_us": 0}
        instance.init()
        self.current, self.manifest = instance, manifest

    def enter(self) -> Any:
        with self.changed:
            found = self.current
            self.busy[found] = self.busy.get(found, 0) + 1
            return found

    def leave(self, version: Any) -> None:
        with self.changed:
            self.busy[version] -= 1
            self.changed.notify_all()

    def call(self, function: str, /, *args: object) -> object:
        outer = getattr(self.inside, "version", None)
        if outer is not None:
            return getattr(outer, function)(*args)
        version = self.enter()
        self.inside.version = version
        try:
            return getattr(version, function)(*args)
        finally:
            self.inside.version = None
            self.leave(version)

    def upgrade(self, instance: Any, manifest: Any) -> None:
        with self.upgrading:
            try:
                self.validate(manifest)
                instance.init()
            except BaseException:
                self.failed(instance)
                raise
            old = self.swap(instance, manifest)
            self.free(old)

    def validate(self, manifest: Mapping[str, Any]) -> None:
        if manifest["name"] != self.manifest["name"]:
            raise ValueError(f"expected a candidate of {self.manifest['name']!r}, got {manifest['name']!r}")
        if not set(manifest["hooks"].values()) <= set(manifest["exports"]):
            raise ValueError(f"expected hooks within {manifest['exports']}, got {manifest['hooks']}")

    def failed(self, instance: Any) -> None:
        self.stats["failed_upgrades"] += 1
        instance.close()

    def swap(self, instance: Any, manifest: Any) -> Any:
        with self.changed:
            self.changed.wait_for(lambda: not self.busy.get(self.current))
            old, self.current, self.manifest = self.current, instance, manifest
            self.stats["successful_upgrades"] += 1
            return old

    def free(self, old: Any) -> None:
        try:
            old.close()
        except Exception:  # noqa: BLE001  reported nowhere: this subject does not claim that
            return


class ClosesAtOnce(Right):
    def swap(self, instance: Any, manifest: Any) -> Any:
        with self.changed:
            old, self.current, self.manifest = self.current, instance, manifest
            self.stats["successful_upgrades"] += 1
            return old


class ClosesTwice(Right):
    def free(self, old: Any) -> None:
        super().free(old)
        super().free(old)


class NeverCloses(Right):
    def free(self, old: Any) -> None:
        pass


class LeavesTheManifest(Right):
    def swap(self, instance: Any, manifest: Any) -> Any:
        return super().swap(instance, self.manifest)


class CountsFailuresTwice(Right):
    def failed(self, instance: Any) -> None:
        self.stats["failed_upgrades"] += 1
        super().failed(instance)


class TakesAnything(Right):
    def validate(self, manifest: Mapping[str, Any]) -> None:
        pass


class PublishesBeforeInit(Right):
    def upgrade(self, instance: Any, manifest: Any) -> None:
        with self.upgrading:
            self.validate(manifest)
            old = self.swap(instance, manifest)
            instance.init()
            self.free(old)


class LosesHoldsOfFailures(Right):
    def call(self, function: str, /, *args: object) -> object:
        version = self.enter()
        result = getattr(version, function)(*args)
        self.leave(version)
        return result


class HidesTheCause(Right):
    def upgrade(self, instance: Any, manifest: Any) -> None:
        try:
            super().upgrade(instance, manifest)
        except Exception:  # noqa: BLE001  that is the fault
            raise RuntimeError("upgrade failed") from None


BAD: Mapping[str, tuple[type[Right], str]] = {
    one.__name__: (one, rule)
    for one, rule in (
        (ClosesAtOnce, "R3"),
        (ClosesTwice, "M3"),
        (NeverCloses, "M5"),
        (LeavesTheManifest, "T1"),
        (CountsFailuresTwice, "B2"),
        (TakesAnything, "B1"),
        (PublishesBeforeInit, "B1"),
        (LosesHoldsOfFailures, "V1"),
        (HidesTheCause, "B4"),
    )
}

HANG = {"NeverCloses", "PublishesBeforeInit", "LosesHoldsOfFailures"}
"""Those in which something waits for what never comes."""


def judged(subject: Any, **how: Any) -> Report:
    return run_conformance(InProcessHost(subject, "one"), **how)


def test_what_is_right_conforms_and_what_it_lacks_is_not_green() -> None:
    report = judged(Right)
    assert (report.verdict, report.exit_code) == (Conformance.CONFORMS, 0), report.summary
    assert report.profiles == ("core",)
    assert report.rules["R3"].standing is Standing.HOLDS
    assert report.rules["L3"].standing is Standing.NOT_APPLICABLE
    assert "it has no prepare" in report.rules["L3"].why
    assert set(report.out_of_scope) == {"D1", "V4"}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_caught_on_its_rule_and_again_by_its_recipe(name: str, hurry: Callable[[float], None]) -> None:
    hurry(0.2 if name in HANG else 3.0)
    subject, rule = BAD[name]
    report = judged(subject)
    assert report.verdict is Conformance.DOES_NOT_CONFORM
    found = report.rules[rule]
    assert found.standing is Standing.BROKEN, report.summary
    example = found.counterexamples[0]
    assert example.rows
    again = judged(subject, replay=json.loads(json.dumps(example.recipe)))
    assert again.rules[rule].standing is Standing.BROKEN


def test_every_rule_is_in_a_profile_and_is_judged_or_out_of_scope() -> None:
    assert {rule for profile in Profile for rule in rules_of(profile)} == set(rulebook())
    names = [check.name for check in ALL_CHECKS]
    assert len(names) == len(set(names))
    assert all(rule in rulebook() for check in ALL_CHECKS for rule in check.rules)
    assert claimed(()) == (Profile.CORE,)


def test_only_what_was_asked_for_is_judged() -> None:
    seen: list[Progress] = []
    report = judged(Right, rules=["T1"], progress=seen.append)
    assert list(report.rules) == ["T1"]
    assert report.selected
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, report.shards[1], report.shards[1])
    other = judged(Right, rules=["G1", "T1"])
    assert other.rules["G1"].standing is Standing.NOT_APPLICABLE
    assert "not claimed" in other.rules["G1"].why
    unwatched = judged(Right, rules=["T1"], checks=[])
    assert (unwatched.rules["T1"].standing, unwatched.exit_code) == (Standing.UNFINISHED, 2)
    with pytest.raises(UnknownName, match="got X9"):
        judged(Right, rules=["X9"])
    with pytest.raises(UnknownName, match="a check that there is"):
        judged(Right, replay={"check": "nothing"})


def refusing(instance: Any, manifest: Any, drain_timeout: float | None) -> Any:
    raise ValueError("not today")


def test_what_cannot_be_begun_is_undecided_and_nothing_is_not_applicable() -> None:
    report = judged(refusing)
    assert (report.verdict, report.exit_code) == (Conformance.UNDECIDED, 2)
    assert "not today" in report.stopped
    assert {rule.standing for rule in report.rules.values()} == {Standing.UNFINISHED}
    with pytest.raises(SubjectError):
        InProcessHost("nowhere:at_all")
    broken = run_conformance(PipeHost([sys.executable, "-c", ""]))
    assert (broken.verdict, broken.exit_code) == (Conformance.BROKEN_ADAPTER, 2)


def raising(host: Host, seed: int, recipe: Mapping[str, Any]) -> CheckResult:
    raise LookupError("planted")


def interrupted(host: Host, seed: int, recipe: Mapping[str, Any]) -> CheckResult:
    raise KeyboardInterrupt


def one(name: str, run: Any, **more: Any) -> Check:
    return Check(name, ("R1",), Profile.CORE, frozenset(), run, **more)


def test_a_check_that_fails_to_run_is_unfinished_and_so_is_one_that_was_not_run() -> None:
    report = judged(Right, checks=[one("raising", raising)], rules=["R1"])
    assert report.rules["R1"].standing is Standing.UNFINISHED
    assert "LookupError: planted" in report.rules["R1"].why
    stopped = judged(Right, checks=[one("interrupted", interrupted), one("raising", raising)], rules=["R1"])
    assert (stopped.stopped, stopped.exit_code) == ("interrupted", 2)
    late = judged(Right, max_seconds=0.0)
    assert (late.verdict, late.shards[0]) == (Conformance.UNDECIDED, 0)


def test_it_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    first = judged(Right, resume=path)
    size = path.stat().st_size
    with path.open("r+b") as file:  # the last line is cut off, as if the machine had gone down
        file.truncate(size - 10)
    seen: list[Progress] = []
    second = judged(Right, resume=path, progress=seen.append)
    assert seen[0].done == first.shards[1] - 1
    assert second.verdict is Conformance.CONFORMS
    with pytest.raises(BadLedger, match="another run"):
        judged(Right, resume=path, seed=5)
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(BadLedger, match="something else"):
        judged(Right, resume=path)


class Losing(Executor):
    """Loses everything that it is given."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("the worker died"))
        return future


def test_runs_go_to_any_executor_and_what_it_loses_is_unfinished() -> None:
    lost = judged(Right, executor=Losing(), rules=["R1"])
    assert lost.rules["R1"].standing is Standing.UNFINISHED
    assert "the worker died" in lost.rules["R1"].why
    with ProcessPoolExecutor(2) as executor:
        report = judged(Right, executor=executor)
    assert report.verdict is Conformance.CONFORMS
    assert CandidateSpec(1).manifest()["name"] == "probe"


class Closing(InProcessHost):
    """A host that makes no session any more once it was closed."""

    closed = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Closing, (Right, "closing")

    def session(self, first: CandidateSpec, drain_timeout: float | None) -> Any:
        if self.closed:
            raise RuntimeError("closed by another run")
        return super().session(first, drain_timeout)

    def close(self) -> None:
        self.closed = True


def test_runs_in_threads_of_this_process_do_not_end_the_host_of_each_other() -> None:
    with ThreadPoolExecutor(2) as executor:
        report = run_conformance(Closing(Right, "closing"), executor=executor)
    assert report.verdict is Conformance.CONFORMS, report.summary


def test_runs_go_to_a_cluster() -> None:
    """A real one: scheduler, worker and client talk as they do on several machines, in threads of this process."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'quiesce[dask]'")
    address: dict[str, Any] = {"dashboard_address": None, "worker_dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **address) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        right = judged(Right, executor=executor)
        wrong = judged(ClosesTwice, executor=executor)
    assert right.verdict is Conformance.CONFORMS, right.summary
    assert wrong.rules["M3"].standing is Standing.BROKEN
