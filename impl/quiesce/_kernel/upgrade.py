"""One upgrade, step by step.

    prepare   VALIDATE, BUILD, INIT             the candidate is built while the old version serves
    execute   DRAIN, HANDOVER, SWAP, HEALTH     a new epoch, the awaited calls end, the new version is published
    decide    PROBATION: commit or revert       the loser is retired (`decide`)

Every `core.write` and `core.publish` ends one critical section and is one action of the model.  User code (the
manifest's reader, build, hooks, the health check) runs between the sections, never in one.

Whatever goes wrong, `Attempt.at` says which step would have come next, and `give_up` takes the way out that there is
from there: so an upgrade that fails, for whatever reason (a KeyboardInterrupt included), is rolled back, counted once,
and leaves nothing half-done (rules B1, B2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .book import Attempt, Drain, Withdrawal
from .candidate import Candidate, Version, bind
from .decide import Decider, HealthCheck
from .errors import (
    DrainTimeout,
    HandoverFailed,
    HealthCheckFailed,
    TooManyVersions,
    UpgradeCancelled,
    UpgradeFailed,
    UpgradeInProgress,
    WrongState,
)
from .held_open import hold_open
from .states import DrainPolicy, Gate, HotReloadState, Life, Phase, Up
from .stragglers import stragglers

__all__ = ["HandOver", "HealthCheck", "Upgrader"]

HandOver = Callable[[object, object], object]
"""Gets the old and the new instance while no call runs on the plugin."""

S = HotReloadState


@dataclass(frozen=True, slots=True)
class Upgrader(Decider):
    """The upgrading side of one plugin.  Arguments have been checked by `HotReloadablePlugin`.  Any thread."""

    def attempt(
        self,
        policy: DrainPolicy = DrainPolicy.CONTINUE,
        timeout: float | None = None,
        request: Withdrawal | None = None,
    ) -> Attempt:
        """Make an attempt of this thread."""
        return Attempt(self.core.seam.get_ident(), policy, timeout, request)

    def upgrade(
        self,
        candidate: Candidate,
        policy: DrainPolicy,
        timeout: float | None,
        probation: bool,
        health_check: HealthCheck | None,
        hand_over: HandOver | None = None,
        request: Withdrawal | None = None,
    ) -> Version:
        """Prepare and execute the same candidate."""
        preparing = self.attempt(request=request)
        try:
            version = self.prepare(candidate, preparing)
            return self.execute(policy, timeout, probation, health_check, hand_over, version, request)
        finally:
            self._withdraw(preparing)

    def _withdraw(self, preparing: Attempt) -> None:
        """Cancel what was prepared and never executed: an interrupt would leave it to nobody."""
        if preparing.version is not None and self.core.book.pending is preparing.version:
            self.cancel()

    # -- prepare ------------------------------------------------------------------------------------------------------
    def prepare(self, candidate: Candidate, attempt: Attempt) -> Version:
        """Validate, build and initialise; leave the candidate pending."""
        try:
            return self._prepare(candidate, attempt)
        finally:
            self.abandon(attempt)

    def _prepare(self, candidate: Candidate, attempt: Attempt) -> Version:
        core, phase = self.core, Phase.VALIDATE
        serving = core.section(lambda: self._begin(attempt))
        try:
            manifest = candidate.read_manifest()
            manifest.check_replaces(serving.manifest)
            phase = Phase.BUILD
            instance = candidate.build()
            functions = bind(manifest, instance)
            version = core.section(
                lambda: self._built(
                    attempt,
                    Version(core.book.newest + 1, manifest, instance, functions, self.close_failed),
                )
            )
            hold_open(core, version)
            phase = Phase.INIT
            version.init()
        except Exception as error:
            cancelled = core.book.attempt is not attempt
            self.give_up(attempt)
            if cancelled:
                raise UpgradeCancelled(self.name, f"it was cancelled while it was prepared; then {error!r}") from error
            raise UpgradeFailed(self.name, phase, f"{type(error).__name__}: {error}") from error
        if not core.section(lambda: self._prepared(attempt, version)):
            self.give_up(attempt)
            raise UpgradeCancelled(self.name, "it was cancelled while it was prepared")
        return version

    def _begin(self, attempt: Attempt) -> Version:
        book = self.in_service()
        if attempt.request is not None and attempt.request.withdrawn:
            raise UpgradeCancelled(self.name, "the task that awaited it was cancelled")
        if not book.settled():
            raise UpgradeInProgress("prepare_upgrade", book.state, (S.ACTIVE, S.ROLLED_BACK), "an upgrade is under way")
        alive = len(book.lives) + book.building
        if alive >= self.bound:
            raise TooManyVersions(alive, self.bound)
        book = replace(book, state=S.PREPARING_UPGRADE, attempt=attempt, building=book.building + 1)
        # step: prepare_upgrade -- atomic because it is one section of the plugin's lock: the state is looked at and set
        # in one step, with the ticket (L1, L2).
        self.core.write("prepare_upgrade", book, attempt, Up.BUILD)
        return book.serving

    def _built(self, attempt: Attempt, version: Version) -> Version:
        book = self.core.book
        attempt.version = version
        lives = {**book.lives, version: Life.CANDIDATE}
        book = replace(book, newest=version.number, lives=lives, building=book.building - 1)
        # step: build -- atomic because it is one section of the plugin's lock.
        self.core.write("build", book, attempt, Up.INIT, version=version)
        return version

    def _prepared(self, attempt: Attempt, version: Version) -> bool:
        book, mine = self.core.book, self.core.book.attempt is attempt
        # step: prepared -- atomic because it is one section of the plugin's lock.  Without the ticket the candidate is
        # discarded: somebody cancelled meanwhile.
        if mine:
            self.core.write("prepared", replace(book, attempt=None, pending=version), attempt, Up.IDLE)
        else:
            self.core.write("prepared", book, attempt, Up.DISCARD)
        return mine

    # -- execute ------------------------------------------------------------------------------------------------------
    def execute(
        self,
        policy: DrainPolicy,
        timeout: float | None,
        probation: bool,
        health_check: HealthCheck | None,
        hand_over: HandOver | None = None,
        only: Version | None = None,
        request: Withdrawal | None = None,
    ) -> Version:
        """Drain, swap and decide.  With `only`, execute no other candidate than that.  Gives the new version."""
        attempt = self.attempt(policy, timeout, request)
        try:
            version = self._drain(attempt, only)
            if policy is DrainPolicy.HOLD:
                self._hand_over(attempt, version, hand_over)
            self.core.section(lambda: self._swap(attempt, version))
            if health_check is not None:
                self._check(health_check, attempt, version)
            if probation:
                self.core.section(lambda: self._begin_probation(attempt))
            else:
                self.core.section(lambda: self.commit_section(attempt))
                self.clean_up(attempt)
            return version
        finally:
            self.abandon(attempt)

    def _drain(self, attempt: Attempt, only: Version | None) -> Version:
        core, timeout = self.core, attempt.timeout
        version, drain = core.section(lambda: self._drain_in_flight(attempt, only))
        core.section(lambda: self.scan(attempt, drain))
        if timeout != 0:
            drain.event.wait(timeout)
        late = () if drain.event.is_set() else tuple(stragglers(core))
        cancelled = core.section(lambda: self._end_of_drain(attempt, drain))
        if attempt.at is Up.DISCARD:
            self.give_up(attempt)
            raise UpgradeCancelled(self.name) if cancelled else DrainTimeout(self.name, Phase.DRAIN, timeout, late)
        return version

    def _drain_in_flight(self, attempt: Attempt, only: Version | None) -> tuple[Version, Drain]:
        core, book = self.core, self.in_service()
        version = book.pending
        if attempt.request is not None and attempt.request.withdrawn:
            raise UpgradeCancelled(self.name, "the task that awaited it was cancelled")
        if only is not None and version is not only:
            raise UpgradeCancelled(self.name, "somebody cancelled it, or executed it, after it was prepared")
        if version is None:
            why = "the candidate is not ready yet" if book.state is S.PREPARING_UPGRADE else None
            raise WrongState("execute_upgrade", book.state, (S.PREPARING_UPGRADE,), why)
        gate = Gate.HELD if attempt.policy is DrainPolicy.HOLD else Gate.OPEN
        record = core.successor(book.serving, gate)
        drain = Drain(core.seam.event(), record.number, core.seam.monotonic())
        attempt.version, attempt.drain = version, drain
        book = replace(book, state=S.DRAINING, attempt=attempt, pending=None, policy=attempt.policy)
        # step: drain_in_flight -- atomic because callers see one store of the pointer, and everybody else one section
        # of the plugin's lock.  It opens the epoch that later calls belong to (D1).
        core.publish("drain_in_flight", record, book, attempt, Up.SCAN)
        return version, drain

    def scan(self, attempt: Attempt, drain: Drain) -> None:
        """Look once for what is awaited; from here on, whoever lets go looks."""
        core, book = self.core, self.core.book
        woken = attempt.policy is DrainPolicy.OVERLAP or book.attempt is not attempt or core.drained(drain.before)
        # step: scan -- atomic because it is one section of the plugin's lock, which whoever looks after a release takes
        # too; against announce it is ordered by each pool's own lock (see `reclaim`).
        core.write("scan", book, attempt, Up.WAIT)
        core.drains = (*core.drains, drain)
        if woken:
            drain.event.set()

    def _end_of_drain(self, attempt: Attempt, drain: Drain) -> bool:
        """Say whether somebody cancelled."""
        core, book = self.core, self.core.book
        core.drains = tuple(d for d in core.drains if d is not drain)
        if book.attempt is not attempt:
            # step: drained_in_time -- atomic because it is one section of the plugin's lock.  Cancelled: it never
            # swaps.
            core.write("drained_in_time", book, attempt, Up.DISCARD)
            return True
        if not drain.event.is_set():
            self.time_out(attempt, drain)
            return False
        book = replace(book, state=S.SWAPPING, attempt=None, stats=self.after_drain(drain))
        # step: drained_in_time -- atomic because it is one section of the plugin's lock: from here on nobody can
        # cancel.
        core.write("drained_in_time", book, attempt, Up.HANDOVER if attempt.policy is DrainPolicy.HOLD else Up.SWAP)
        return False

    def _hand_over(self, attempt: Attempt, version: Version, hand_over: HandOver | None) -> None:
        """Run the hooks: the gate is closed and drained, so no call runs until the swap (H1).  No limit of its own."""
        try:
            old = self.core.book.serving
            take, give = old.hook("export_state"), version.hook("import_state")
            if take is not None and give is not None:
                if hand_over is not None:
                    hand_over(old.instance, version.instance)
                else:
                    give(take())
        except Exception as error:
            self.give_up(attempt)
            raise HandoverFailed(self.name, f"{type(error).__name__}: {error}") from error

    def _check(self, health_check: HealthCheck, attempt: Attempt, version: Version) -> None:
        try:
            healthy = health_check(version.instance) is not False
        except Exception as error:
            self.give_up(attempt)
            raise HealthCheckFailed(self.name, f"{type(error).__name__}: {error}") from error
        if not healthy:
            self.give_up(attempt)
            raise HealthCheckFailed(self.name, "the health check returned False")

    def _swap(self, attempt: Attempt, version: Version) -> None:
        core, book = self.core, self.core.book
        if attempt.policy is DrainPolicy.HOLD:
            # step: hand_over -- atomic because it touches nothing shared but the attempt, in the section of the swap.
            core.seam.step("hand_over")
            attempt.at = Up.SWAP
        book = replace(
            book,
            serving=version,
            previous=book.serving,
            state=S.UPGRADE_COMPLETE,
            lives={**book.lives, version: Life.LIVE},
            stats=replace(book.stats, version=version.number),
        )
        # step: atomic_swap -- atomic because callers see one store of the pointer (T1), and everybody else one section
        # of the plugin's lock.
        core.publish("atomic_swap", core.successor(version, Gate.OPEN), book, attempt, Up.DECIDE)

    def _begin_probation(self, attempt: Attempt) -> None:
        # step: begin_probation -- atomic because it is one section of the plugin's lock.
        self.core.write("begin_probation", replace(self.core.book, probation=True), attempt, Up.IDLE)
