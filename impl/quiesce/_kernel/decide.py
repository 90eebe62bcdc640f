"""The ends of an upgrade: commit, revert, give up, cancel; and the end of the plugin.

A version that lost is retired strictly after the winner was published, and retired is for ever: were it published
again, a thread that saw it retired and unheld, and stalled, would free it under a running call.  So a revert is
possible only before the old version is retired; it is a publication of its own, under a new epoch, and it is the *new*
version that is then retired.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from .book import Attempt, Book, Drain, Withdrawal
from .candidate import CloseFailure
from .errors import DrainTimeout, PluginUnregistered, UpgradeInProgress, WrongState
from .reclaim import Core
from .states import DrainPolicy, Gate, HotReloadState, Life, Phase, Up
from .stats import HotReloadStats
from .stragglers import stragglers

__all__ = ["Decider", "HealthCheck"]

HealthCheck = Callable[[object], object]
S: Final = HotReloadState


@dataclass(frozen=True, slots=True)
class Decider:
    """What ends an upgrade.  Methods ending in `_section`, and those that say so, run inside a section."""

    core: Core
    name: str
    bound: int
    close_failed: Callable[[CloseFailure], object] | None

    def in_service(self) -> Book:
        """Give the book.  Inside a section.  Raises `PluginUnregistered`."""
        book = self.core.book
        if book.shut:
            raise PluginUnregistered(self.name)
        return book

    # -- commit and revert --------------------------------------------------------------------------------------------
    def commit(self) -> None:
        """End probation well."""
        self._decide(lambda attempt: self.core.section(lambda: self.commit_section(attempt, "commit")))

    def revert(self, timeout: float | None) -> None:
        """End probation badly: publish the old version again."""
        self._decide(lambda attempt: self._undo(attempt, "revert"), timeout)

    def _decide(self, work: Callable[[Attempt], None], timeout: float | None = None) -> None:
        attempt = Attempt(self.core.seam.get_ident(), self.core.book.policy, timeout)
        try:
            work(attempt)
            self.clean_up(attempt)
        finally:
            self.abandon(attempt)

    def _on_probation(self, operation: str | None) -> Book:
        """Check that anybody may decide; with no operation, the attempt that swapped asks, and it always may."""
        book = self.in_service() if operation else self.core.book
        if operation and not book.probation:
            why = "its own upgrade has not decided yet" if book.state is S.UPGRADE_COMPLETE else None
            raise WrongState(operation, book.state, (S.UPGRADE_COMPLETE,), why)
        return book

    def commit_section(self, attempt: Attempt, operation: str | None = None) -> None:
        """Inside a section: retire the old version."""
        book = self._on_probation(operation)
        old = book.previous
        assert old is not None, "M2: in UPGRADE_COMPLETE the old version is kept"
        attempt.version = old
        stats = replace(book.stats, successful_upgrades=book.stats.successful_upgrades + 1)
        lives = {**book.lives, old: Life.RETIRED}
        book = replace(book, state=S.ACTIVE, stats=stats, lives=lives, previous=None, probation=False)
        # step: commit -- atomic because it is one section of the plugin's lock.  From here on the old version only
        # loses holders: it is no longer published, and never will be.
        self.core.write("commit", book, attempt, Up.LOOK)

    def _undo(self, attempt: Attempt, operation: str | None = None) -> None:
        """Publish the old version again.  Under HOLD the new one is drained first, behind a closed gate."""
        core = self.core
        if not core.section(lambda: self._begin_undo(attempt, operation)):
            return
        drain = attempt.drain
        assert drain is not None, "a drain was begun"
        core.section(lambda: self._undo_scan(attempt, drain))
        if attempt.timeout != 0:
            drain.event.wait(attempt.timeout)
        late = () if drain.event.is_set() else tuple(stragglers(core))
        if not core.section(lambda: self._end_undo(attempt, drain)):
            raise DrainTimeout(self.name, Phase.PROBATION, attempt.timeout, late)

    def _begin_undo(self, attempt: Attempt, operation: str | None) -> bool:
        core, book = self.core, self._on_probation(operation)
        attempt.policy = book.policy
        if book.policy is not DrainPolicy.HOLD:
            # step: revert -- atomic because callers see one store of the pointer, and everybody else one section.
            self._reinstate("revert", attempt)
            return False
        record = core.successor(book.serving, Gate.HELD)
        attempt.drain = Drain(core.seam.event(), record.number, core.seam.monotonic())
        # step: revert -- atomic because callers see one store of the pointer, and everybody else one section.  Under
        # HOLD this only closes the gate: old and new must never run at once.
        core.publish("revert", record, replace(book, probation=False), attempt, Up.UNDO_SCAN)
        return True

    def _undo_scan(self, attempt: Attempt, drain: Drain) -> None:
        core = self.core
        woken = core.drained(drain.before)
        # step: undo_scan -- atomic as `scan` is.
        core.write("undo_scan", core.book, attempt, Up.UNDO_WAIT)
        core.drains = (*core.drains, drain)
        if woken:
            drain.event.set()

    def _end_undo(self, attempt: Attempt, drain: Drain) -> bool:
        core, book = self.core, self.core.book
        core.drains = tuple(d for d in core.drains if d is not drain)
        if drain.event.is_set():
            # step: undo -- atomic because callers see one store of the pointer, and everybody else one section.
            self._reinstate("undo", attempt)
            return True
        # step: undo_times_out -- atomic because callers see one store of the pointer, and everybody else one section.
        # The new version cannot be drained: it goes on serving, on probation.
        core.publish(
            "undo_times_out", core.successor(book.serving, Gate.OPEN), replace(book, probation=True), attempt, Up.IDLE
        )
        return False

    def _reinstate(self, action: str, attempt: Attempt) -> None:
        core, book = self.core, self.core.book
        old, new = book.previous, book.serving
        assert old is not None, "M2: in UPGRADE_COMPLETE the old version is kept"
        attempt.version = new
        book = replace(
            book,
            serving=old,
            previous=None,
            probation=False,
            state=S.ROLLED_BACK,
            lives={**book.lives, new: Life.RETIRED},
            stats=replace(book.stats, failed_upgrades=book.stats.failed_upgrades + 1, version=old.number),
        )
        core.publish(action, core.successor(old, Gate.OPEN), book, attempt, Up.LOOK)

    def clean_up(self, attempt: Attempt) -> None:
        """Free what was retired, if nobody holds it; else its last holder will."""
        core = self.core

        def body() -> None:
            version = attempt.version
            assert version is not None, "somebody lost"
            # step: cleanup_old -- atomic because it is one section of the plugin's lock: a version is looked at and
            # freed in one step, so exactly once (M3).
            core.write("cleanup_old", core.reclaimed(core.book, version), attempt, Up.IDLE)
            core.settle(drains=False)

        if attempt.at is Up.LOOK:
            core.section(body)
            core.close_freed()

    # -- giving up ----------------------------------------------------------------------------------------------------
    def abandon(self, attempt: Attempt) -> None:
        """Leave nothing half-done: for a `finally`.  Does nothing if the attempt has come to its end."""
        try:
            if attempt.at is not Up.IDLE or self.core.book.due:
                self.give_up(attempt)
        finally:
            if attempt.at is not Up.IDLE:  # struck before it could begin
                self.give_up(attempt)

    def give_up(self, attempt: Attempt) -> bool:
        """Take the way out from wherever the attempt is; say whether there was anything to do.

        An asynchronous exception may strike here, too: then this goes on where it was, and raises it at the end, so
        that no interrupt is swallowed.  Bounded, because every round that is not cut short takes at least one step.
        """
        begun, struck = attempt.at is not Up.IDLE, None
        for _ in range(len(Up)):
            if attempt.at is Up.IDLE:
                break
            try:
                self._way_out(attempt)
            except Exception:
                raise
            except BaseException as error:  # noqa: BLE001 - raised below, when nothing is left half-done
                struck = error
        self.core.close_freed()
        if struck is not None:
            raise struck
        return begun

    def _way_out(self, attempt: Attempt) -> None:
        core, at, drain = self.core, attempt.at, attempt.drain
        if at in {Up.BUILD, Up.INIT}:
            core.section(lambda: self._fail_early(attempt))
        elif at in {Up.SCAN, Up.WAIT, Up.HANDOVER, Up.SWAP}:
            core.section(lambda: self._fail_late(attempt))
        elif at is Up.DECIDE:
            self._undo(attempt)
        elif at is Up.UNDO_SCAN and drain is not None:
            core.section(lambda: self._undo_scan(attempt, drain))
        elif at is Up.UNDO_WAIT and drain is not None:
            core.section(lambda: self._end_undo(attempt, drain))
        elif at is Up.LOOK:
            self.clean_up(attempt)
        elif at is Up.DISCARD:
            self._discard(attempt)

    def _fail_early(self, attempt: Attempt) -> None:
        core, book = self.core, self.core.book
        building = attempt.at is Up.BUILD
        if building:
            book = replace(book, building=book.building - 1)
        if core.book.attempt is attempt:
            book = self._failed(book, core.book.stats)
        # step: build_fails -- atomic because it is one section of the plugin's lock.
        # step: init_fails -- atomic because it is one section of the plugin's lock.
        if building:
            core.write("build_fails", book, attempt, Up.IDLE)
        else:
            core.write("init_fails", book, attempt, Up.DISCARD)

    def _fail_late(self, attempt: Attempt) -> None:
        core, drain = self.core, attempt.drain
        assert drain is not None, "a drain was begun"
        core.drains = tuple(d for d in core.drains if d is not drain)
        if attempt.at is Up.HANDOVER and core.current.gate is Gate.HELD:
            # step: handover_fails -- atomic because callers see one store of the pointer, and everybody else one
            # section of the plugin's lock.
            self._reopen("handover_fails", self._failed(core.book, core.book.stats), attempt)
        elif core.book.attempt is attempt or attempt.at in {Up.HANDOVER, Up.SWAP}:
            # step: interrupted -- atomic because callers see at most one store of the pointer, and everybody else one
            # section of the plugin's lock.
            draining = attempt.at in {Up.SCAN, Up.WAIT}
            stats = self.after_drain(drain) if draining else core.book.stats
            self._reopen("interrupted", self._failed(core.book, stats), attempt)
        else:
            # step: interrupted -- atomic because it is one section of the plugin's lock.  Cancelled meanwhile.
            core.write("interrupted", core.book, attempt, Up.DISCARD)

    def time_out(self, attempt: Attempt, drain: Drain) -> None:
        """Inside a section: roll back, and open the gate again if it is held (D4, D5)."""
        # step: time_out -- atomic because callers see at most one store of the pointer, and everybody else one section.
        self._reopen("time_out", self._failed(self.core.book, self.after_drain(drain)), attempt)

    def _failed(self, book: Book, stats: HotReloadStats) -> Book:
        stats = replace(stats, failed_upgrades=stats.failed_upgrades + 1)
        return replace(book, state=S.ROLLED_BACK, attempt=None, stats=stats)

    def _reopen(self, action: str, book: Book, attempt: Attempt, at: Up = Up.DISCARD) -> None:
        core = self.core
        if core.current.gate is Gate.HELD:
            core.publish(action, core.successor(book.serving, Gate.OPEN), book, attempt, at)
        else:
            core.write(action, book, attempt, at)

    def after_drain(self, drain: Drain) -> HotReloadStats:
        """Inside a section: the statistics with the drain that has just ended."""
        stats = self.core.book.stats
        spent = max(0, round((self.core.seam.monotonic() - drain.started) * 1_000_000))
        return replace(
            stats,
            total_drain_time_us=stats.total_drain_time_us + spent,
            max_drain_time_us=max(stats.max_drain_time_us, spent),
        )

    def _discard(self, attempt: Attempt) -> None:
        core = self.core

        def body() -> None:
            version = attempt.version
            assert version is not None, "there is a candidate"
            # step: discard -- atomic because it is one section of the plugin's lock: CANDIDATE becomes FREED in it, and
            # only its owner does that, so exactly once (M4).
            core.write("discard", core.freed(core.book, version), attempt, Up.IDLE)

        core.section(body)
        core.close_freed()

    def withdraw(self, request: Withdrawal) -> None:
        """Cancel the upgrade of that request, and no other one, if it is not too late."""
        # Refused: too late; or it has no ticket just now, and will get none because it is withdrawn.
        with suppress(PluginUnregistered, WrongState):
            self.cancel(request)

    def cancel(self, only: Withdrawal | None = None) -> None:
        """Take the ticket away from whoever has it; with `only`, from nobody else than that request's attempt."""
        core = self.core
        attempt = Attempt(core.seam.get_ident())
        victims: list[Attempt] = []
        try:
            core.section(lambda: self._cancel_section(attempt, victims, only))
            self._wake(victims)
            self.give_up(attempt)
        finally:
            try:
                self._wake(victims)
            finally:
                self.abandon(attempt)

    def _wake(self, victims: list[Attempt]) -> None:
        for victim in victims:
            # Set only what was really cancelled: an event that is set with the ticket in hand means "drained".
            if self.core.book.attempt is not victim and victim.drain is not None:
                victim.drain.event.set()

    def _cancel_section(self, attempt: Attempt, victims: list[Attempt], only: Withdrawal | None) -> None:
        if only is not None:
            only.withdrawn = True
        core, book = self.core, self.in_service()
        legal = (S.PREPARING_UPGRADE, S.DRAINING)
        another = only is not None and (book.attempt is None or book.attempt.request is not only)
        if book.state not in legal or another:
            raise WrongState("cancel_upgrade", book.state, legal)
        victim = book.attempt
        if victim is not None:
            victims.append(victim)
        # step: cancel_upgrade -- atomic because callers see at most one store of the pointer, and everybody else one
        # section of the plugin's lock: it wins or loses against the end of the drain, never both.
        if book.state is S.DRAINING and victim is not None and victim.drain is not None:
            self._reopen("cancel_upgrade", self._failed(book, self.after_drain(victim.drain)), attempt, Up.IDLE)
        else:
            attempt.version = book.pending
            at = Up.IDLE if book.pending is None else Up.DISCARD
            book = replace(book, state=S.ACTIVE, attempt=None, pending=None)
            core.write("cancel_upgrade", book, attempt, at)

    def acknowledge(self) -> None:
        """ROLLED_BACK becomes ACTIVE."""

        def body() -> None:
            book = self.in_service()
            if book.state is not S.ROLLED_BACK:
                raise WrongState("acknowledge", book.state, (S.ROLLED_BACK,))
            # step: acknowledge -- atomic because it is one section of the plugin's lock.
            self.core.write("acknowledge", replace(book, state=S.ACTIVE))

        self.core.section(body)

    # -- the end of the plugin ----------------------------------------------------------------------------------------
    def shut_down(self, timeout: float | None) -> bool:
        """Turn later calls away, let those in flight complete, free; say whether that came in time."""
        core = self.core
        attempt = Attempt(core.seam.get_ident())
        try:
            core.section(lambda: self._unregister(attempt))
            self.clean_up(attempt)
        finally:
            self.abandon(attempt)
        return core.gone.is_set() if timeout == 0 else core.gone.wait(timeout)

    def _unregister(self, attempt: Attempt) -> None:
        core, book = self.core, self.in_service()
        if not book.settled():
            legal = (S.ACTIVE, S.ROLLED_BACK)
            raise UpgradeInProgress(
                "unregister", book.state, legal, "an upgrade is under way: cancel it, or let it end"
            )
        attempt.version = book.serving
        book = replace(book, shut=True, lives={**book.lives, book.serving: Life.RETIRED})
        # step: unregister -- atomic because callers see one store of the pointer, and everybody else one section.
        core.publish("unregister", core.successor(book.serving, Gate.SHUT), book, attempt, Up.LOOK)
