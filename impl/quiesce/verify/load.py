"""Real threads on a real plugin, upgraded every few milliseconds; everything that happens is recorded and checked.

Eight clients call without pause, one driver upgrades in every way that there is, one observer looks at the plugin from
outside.  Afterwards the whole history is checked: nothing is sampled.

What this does not show: interleavings that these threads did not happen to take.  That is what the models are for.
"""

from __future__ import annotations

import logging
import random
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, monotonic_ns
from typing import TYPE_CHECKING

from quiesce import Candidate, DrainPolicy, HotReloadState, QuiesceError
from quiesce.loaders import python
from quiesce_conformance import History, Probe, Sighting, Verdict, check_history, merged

from .clients import Client, Numbers
from .driver import LONG, Driver
from .files import VersionFiles
from .ledger import Ledger
from .moves import MOVES, Move
from .subject import MakeSubject

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Load", "LoadResult", "Progress"]

SWITCH = 0.0001
"""Seconds after which the interpreter lets another thread run: short, for more interleavings."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What can be seen of a load while it runs."""

    seconds: float
    calls: int
    state: str
    version: int
    live: int
    upgraded: int
    rolled_back: int
    kinds: dict[str, int]


@dataclass(slots=True)
class LoadResult:
    """What a load found."""

    history: History
    observed: dict[str, Verdict]
    tested: list[Verdict]
    progress: Progress
    interrupted: bool = False
    errors: list[str] = field(default_factory=list)
    """What kept the load itself from going on: then nothing that it says is green."""
    checking_seconds: float = 0.0


@contextmanager
def closing_reports(reports: list[str]) -> Iterator[None]:
    """Collect what the runtime logs meanwhile (failing close hooks, rule M6) instead of showing it."""

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            reports.append(record.getMessage())

    logger, handler = logging.getLogger("quiesce"), Collect()
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


class Load:
    """One run: `start`, then `progress` as often as you like, then `finish`."""

    def __init__(self, make: MakeSubject, *, clients: int = 8, seed: int = 0) -> None:
        self._make, self._clients, self._seed = make, clients, seed
        self._halt = threading.Event()
        self._threads: list[threading.Thread] = []
        self._began = self._ended = 0.0
        self._errors: list[str] = []
        self._looks: list[tuple[int, int, int, int, str]] = []
        self._reports: list[str] = []
        self.covered = threading.Event()
        """Set when every move was made under every policy."""
        self.probe = Probe()
        self.ledger = Ledger()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything is set up, runs, and is stopped and cleaned up on every way out."""
        interval = sys.getswitchinterval()
        with tempfile.TemporaryDirectory(prefix="quiesce-") as directory:
            self._start(Path(directory))
            sys.setswitchinterval(SWITCH)
            try:
                with closing_reports(self._reports):
                    yield
                    self._stop()
            finally:
                self._stop()
                sys.setswitchinterval(interval)

    def _stop(self) -> None:
        self._halt.set()
        for thread in self._threads:
            thread.join(2 * LONG)
        self._ended = self._ended or monotonic()

    def _start(self, directory: Path) -> None:
        total = self._clients + 1
        numbers = Numbers(self._clients, total)
        self.driver = Driver(VersionFiles(directory), self._loader(directory), self.ledger, numbers, self._clients)
        self._began = monotonic()
        self._subject = self.driver.register(self._make)
        self.clients = [Client(self._subject, k, total, self._seed, self._halt) for k in range(self._clients)]
        self._threads = [
            *self.clients,
            threading.Thread(target=self._drive, name="upgrades", daemon=True),
            threading.Thread(target=self._observe, name="observer", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _loader(self, directory: Path) -> Callable[[Path], Candidate]:
        return lambda path: python.load(path, args=(self.probe, directory))

    # -- the upgrades ------------------------------------------------------------------------------------------------
    def _drive(self) -> None:
        dice = random.Random(self._seed)
        policies = tuple(DrainPolicy)
        every = [(move, policy) for move, _ in MOVES for policy in policies]
        dice.shuffle(every)
        moves, weights = [move for move, _ in MOVES], [weight for _, weight in MOVES]
        while not self._halt.is_set():
            move, policy = every.pop() if every else (dice.choices(moves, weights)[0], dice.choice(policies))
            if not self._one(move, policy):
                self._halt.set()
            if not every:
                self.covered.set()

    def _one(self, move: Move, policy: DrainPolicy) -> bool:
        try:
            move(self.driver, policy)
        except QuiesceError as error:
            what = f"{move.__name__} under {policy.name} ended with {error!r} (cause: {error.__cause__!r})"
            return self.ledger.check("V1", False, what)
        except Exception as error:  # noqa: BLE001 - a subject under test may raise anything; that is the finding
            what = f"{move.__name__} under {policy.name} ended with {error!r}, which is no error of the interface"
            return self.ledger.check("L3", False, what)
        self.ledger.check("V1", True, "")
        self.ledger.did(policy.name)
        return True

    # -- the observer ------------------------------------------------------------------------------------------------
    def _observe(self) -> None:
        """Look again and again: statistics only ever grow, and go together; a version has its own manifest."""
        before = self._subject.snapshot().stats
        while not self._halt.wait(0.001):  # a pause between looks, so that the observer is not the load
            begun = monotonic_ns()
            snapshot = self._subject.snapshot()
            stats = snapshot.stats
            number = int(snapshot.manifest.version.partition(".")[0])
            self._looks.append((begun, monotonic_ns(), snapshot.version, number, snapshot.state.name))
            self.ledger.check("S1", stats.version == snapshot.version, f"counts of another version: {snapshot}")
            legal = snapshot.on_probation <= (snapshot.state is HotReloadState.UPGRADE_COMPLETE)
            legal = legal and (snapshot.pending is None) >= (snapshot.state is not HotReloadState.PREPARING_UPGRADE)
            self.ledger.check("L5", legal, f"a combination that no state has: {snapshot}")
            self.ledger.check("M7", snapshot.live_versions <= 8, f"expected at most 8 live versions: {snapshot}")
            grown = (
                stats.successful_upgrades >= before.successful_upgrades
                and stats.failed_upgrades >= before.failed_upgrades
                and stats.total_drain_time_us >= before.total_drain_time_us
            )
            self.ledger.check("S1", grown, f"counts went down: {before}, then {stats}")
            together = 0 <= stats.max_drain_time_us <= stats.total_drain_time_us
            self.ledger.check("S1", together, f"expected max <= total, got {stats}")
            before = stats

    # -- from outside ------------------------------------------------------------------------------------------------
    @property
    def halted(self) -> threading.Event:
        """Set when the load has stopped by itself, after a finding that it could not go on from."""
        return self._halt

    def progress(self) -> Progress:
        """How far it has come.  Safe at any time from any thread."""
        return Progress(
            seconds=(self._ended or monotonic()) - self._began,
            calls=sum(len(client.calls) for client in self.clients),
            state=self._subject.state.name,
            version=self.driver.current,
            live=len(self.probe.open_versions()),
            upgraded=self.driver.succeeded,
            rolled_back=self.driver.failed,
            kinds=dict(self.ledger.kinds),
        )

    def finish(self, *, interrupted: bool = False) -> LoadResult:
        """Check everything.  Call it after `running` has ended."""
        errors = [f"{client.name}: {client.failure!r}" for client in self.clients if client.failure is not None]
        alive = [thread.name for thread in self._threads if thread.is_alive()]
        if alive:
            errors.append(f"threads that did not end: {alive}")
        history = History(
            publications=self.driver.publications,
            calls=merged([*(list(client.calls) for client in self.clients), self.driver.calls]),
            lives=list(self.probe.lives.values()),
            handovers=self.probe.handovers,
            sightings=[
                Sighting(begun, done, self.driver.file_of(version), manifest, state)
                for begun, done, version, manifest, state in self._looks
            ],
            rests=self.driver.rests,
            settled=not alive,
        )
        began = monotonic()
        self._check_end()
        observed = check_history(history)
        return LoadResult(
            history,
            observed,
            list(self.ledger.verdicts()),
            self.progress(),
            interrupted,
            errors,
            monotonic() - began,
        )

    def _check_end(self) -> None:
        """When all is at rest nobody holds anything, and every close hook that failed was reported once."""
        failing = [version for version in self.driver.loud if self.probe.lives[version].closed]
        self.ledger.check(
            "M6", len(self._reports) == len(failing), f"expected a report for each of {failing}", self._reports
        )
        self.ledger.check("R6", not self._subject.stragglers(), "a holder was left", self._subject.stragglers())
