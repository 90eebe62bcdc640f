"""The one who upgrades: every way in which an upgrade can go, one after the other, each outcome checked and recorded.

The driver knows what must come of each attempt and compares: the error and its phase (B4), who serves afterwards (B1),
the counts (B2, S1), that a new upgrade can begin (B3).  It records publications for the history: an attempt that ends
well is one, a revert is one of its own, a failed attempt is none.

All attempts are made by one thread, so the publications' windows do not overlap.  `moves.py` has the attempts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, cast

from quiesce import Candidate, DrainPolicy, HotReloadState, Phase, UpgradeFailed
from quiesce_conformance import Call, Gate, Publication, Rest

from .clients import Caller, Numbers, hang
from .files import Flavour, VersionFiles
from .ledger import Ledger
from .subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Driver"]

S = HotReloadState
LONG = 10.0
"""Seconds that no drain of this load should ever take: reaching it is a finding."""


OPERATIONS = frozenset(
    {"prepare_upgrade", "execute_upgrade", "cancel_upgrade", "commit", "revert", "acknowledge", "unregister"}
)


class _Noted:
    """A subject whose operations are noted before they begin."""

    def __init__(self, subject: Subject, note: Callable[[], None]) -> None:
        self._subject, self._note = subject, note

    def __getattr__(self, name: str) -> Any:
        if name in OPERATIONS:
            self._note()
        return getattr(self._subject, name)


class Driver:
    """Carries out attempts and keeps account.  For one thread."""

    def __init__(
        self,
        files: VersionFiles,
        load: Callable[[Path], Candidate],
        ledger: Ledger,
        numbers: Numbers,
        client: int,
    ) -> None:
        self.ledger = ledger
        self.calls: list[Call] = []
        self.publications: list[Publication] = []
        self.current = 0
        self.loud: list[int] = []
        """Versions whose close hook raises."""
        self.succeeded = self.failed = 0
        self.files, self._load = files, load
        self._numbers, self._client = numbers, client
        self._ids = itertools.count(1)
        self._after_failure = False
        self._files_of: dict[int, int] = {}
        self.rests: list[Rest] = []
        self._resting: tuple[int, str] | None = None
        self.subject: Subject

    def register(self, make: Callable[[Candidate], Subject]) -> Subject:
        """Make the subject with the first version."""
        begun = monotonic_ns()
        self.current, candidate = self.candidate()
        made = make(candidate)
        self.subject = cast("Subject", _Noted(made, self._moving))
        self.publications.append(Publication(self.current, begun, monotonic_ns()))
        self._files_of[self.subject.stats.version] = self.current
        return made

    def file_of(self, version: int) -> int:
        """The number in the file, for a number that the subject gave; -1 if it never gave that number."""
        return self._files_of.get(version, -1)

    def candidate(self, flavour: Flavour = Flavour.GOOD) -> tuple[int, Candidate]:
        """Write the next version's file and load it."""
        number, path = self.files.write(flavour)
        if flavour is Flavour.CLOSE:
            self.loud.append(number)
        candidate = self._load(path)
        path.unlink()  # the bytes were read; an upgrade that went back to the file would now fail
        return number, candidate

    # -- when nothing is under way -----------------------------------------------------------------------------------
    def _rest(self, state: HotReloadState) -> None:
        """From now until the next operation begins, the plugin stays in `state`."""
        self.ledger.check("L1", self.subject.state is state, f"expected {state}, got {self.subject.state}")
        self._resting = (monotonic_ns(), state.name)

    def _moving(self) -> None:
        """An operation is about to begin."""
        if (resting := self._resting) is not None:
            self._resting = None
            self.rests.append(Rest(resting[0], monotonic_ns(), resting[1]))

    # -- what a move is made of --------------------------------------------------------------------------------------
    def prepare(self, number: int, candidate: Candidate) -> None:
        """`prepare_upgrade` in a state where it is legal."""
        self._files_of[self.subject.prepare_upgrade(candidate)] = number
        self._rest(S.PREPARING_UPGRADE)
        if self._after_failure:
            self.ledger.check("B3", True, "")
            self._after_failure = False

    def execute(
        self,
        number: int,
        policy: DrainPolicy,
        *,
        timeout: float = LONG,
        probation: bool = False,
        health_check: Callable[[object], bool] | None = None,
    ) -> None:
        """`execute_upgrade` that must end well; recorded as a publication of `number`."""
        begun = monotonic_ns()
        self.subject.execute_upgrade(
            policy=policy, drain_timeout=timeout, probation=probation, health_check=health_check
        )
        self.published(number, begun, policy)
        if probation:
            self._rest(S.UPGRADE_COMPLETE)
        else:
            self.succeeded += 1
            self.settled(S.ACTIVE)

    def published(self, number: int, begun: int, policy: DrainPolicy, *, revert: bool = False) -> None:
        """Enter a publication that has just been seen to be done."""
        hold = policy is DrainPolicy.HOLD
        drained = hold or (policy is DrainPolicy.CONTINUE and not revert)
        self.publications.append(Publication(number, begun, monotonic_ns(), drained, hold, revert))
        self.current = number

    @contextmanager
    def failing(self, *phases: Phase, cause: type[BaseException] | None = None) -> Iterator[None]:
        """An attempt that must fail in one of `phases`, and change nothing but the count of failures."""
        try:
            yield
        except UpgradeFailed as error:
            self.ledger.check("B4", error.phase in phases, f"expected the phase {phases}, got {error.phase}", error)
            if cause is not None:
                chain = error.__cause__
                self.ledger.check("B4", isinstance(chain, cause), f"expected the cause {cause.__name__}", repr(chain))
        else:
            self.ledger.check("B4", False, f"an upgrade that had to fail in {phases} did not")
        self.failed += 1
        self._after_failure = True
        self.settled(S.ROLLED_BACK)

    def settled(self, state: HotReloadState) -> None:
        """After an attempt: the state, the version and the counts are what the attempts so far make them."""
        stats, manifest = self.subject.stats, self.subject.manifest
        self._rest(state)
        served = f"{self.current}.0.0"
        self.ledger.check("B1", str(manifest.version) == served, f"expected manifest {served}, got {manifest.version}")
        counts = (stats.successful_upgrades, stats.failed_upgrades)
        expected = (self.succeeded, self.failed)
        self.ledger.check("B2", counts[1] == expected[1], f"expected {expected[1]} failed upgrades, got {counts[1]}")
        self.ledger.check("S1", counts == expected, f"expected (succeeded, failed) {expected}, got {counts}")
        largest, total = stats.max_drain_time_us, stats.total_drain_time_us
        self.ledger.check("S1", 0 <= largest <= total, f"expected max <= total, got {largest} and {total}")
        answer = self.own_call("search", (("lease",),))
        served_by = answer.version if answer.started is not None else None
        self.ledger.check("B1", served_by == self.current, f"expected version {self.current} to serve", answer)

    # -- calls of its own --------------------------------------------------------------------------------------------
    def own_call(self, function: str, args: tuple[object, ...] = ()) -> Call:
        """One call on a thread of its own."""
        caller = Caller(self.subject, self._client, self._numbers.take(), function, args)
        caller.start()
        self.finish(caller)
        return caller.calls[-1]

    def start_call(self, function: str, args: tuple[object, ...]) -> Caller:
        """Start a call and do not wait for it."""
        caller = Caller(self.subject, self._client, self._numbers.take(), function, args)
        caller.start()
        return caller

    def hanging(self) -> tuple[Gate, Caller]:
        """A call that is inside the current version and stays there until the gate is opened."""
        gate = Gate()
        return gate, hang(self.subject, self._client, self._numbers.take(), gate)

    def take_number(self) -> int:
        """A call number for a nested call."""
        return self._numbers.take()

    def finish(self, caller: Caller) -> None:
        """Wait for a call to end and enter it."""
        caller.join(LONG)
        if self.ledger.check(
            "R1", not caller.is_alive(), "a call did not end within 10 s of being let go", caller.name
        ):
            self.calls.extend(caller.calls)
