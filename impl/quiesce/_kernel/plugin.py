"""`HotReloadablePlugin`: one plugin that can be upgraded while it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar, cast

from .arguments import checked, checked_callable, checked_integer, checked_timeout, is_text
from .awaited import AwaitedCalls
from .book import Withdrawal
from .calls import enter, join, make_handle
from .candidate import Candidate, CloseFailure, P, Version, bind
from .errors import InvalidArgument, SelfDeadlock, UnknownFunction
from .frames import inside
from .held_open import hold_open
from .leases import Lease
from .loops import LOOPS
from .manifest import Manifest
from .reclaim import Core
from .scopes import held
from .seam import PRODUCTION, Seam
from .states import DrainPolicy, HotReloadState
from .stats import HotReloadStats
from .stragglers import Straggler, stragglers
from .upgrade import HandOver, HealthCheck, Upgrader

__all__ = ["HotReloadablePlugin", "PluginSnapshot"]

T = TypeVar("T")


class _Unset:
    """Stands for the plugin's own drain timeout, because None means no limit."""

    def __repr__(self) -> str:
        return "the plugin's own"


UNSET: Final = _Unset()


@dataclass(frozen=True, slots=True)
class PluginSnapshot:
    """What the plugin was at one instant (rules L5, S1)."""

    name: str
    state: HotReloadState
    version: int
    manifest: Manifest
    stats: HotReloadStats
    live_versions: int
    """Built and not freed: current, kept for a revert, pending, or retired and still held."""
    on_probation: bool
    """`commit()` and `revert()` are legal."""
    pending: Manifest | None
    """The candidate that is prepared and waits to be executed."""
    unregistered: bool


class HotReloadablePlugin(AwaitedCalls[P]):
    """A plugin that serves calls, and can be upgraded meanwhile without dropping, tearing or mixing one.

        plugin = HotReloadablePlugin(candidate)
        plugin.call("search", "word")
        plugin.upgrade(new_candidate)

    Everything may be called from any thread, at any time; an operation that is not legal in the plugin's state is
    refused with `WrongState` and changes nothing.

    Args:
        candidate: the first version: a `Candidate`, which is built and initialised here, or a `Manifest` together with
            `instance`, an object that is initialised already.
        instance: see above.
        drain_timeout: seconds that a drain may last unless an upgrade says otherwise; 0 means "only if already
            quiescent", None means no limit.
        policy: the drain policy unless an upgrade says otherwise.
        max_live_versions: how many versions may be alive at once, candidates included (rule M7); at least 2.
        close_failed: called with a `CloseFailure` when a close hook raises.  It is logged in any case.
        seam: where locks, clocks and threads come from; for checkers.

    Raises:
        InvalidArgument, InvalidTimeout, InvalidManifest: an argument does not fit.

    What building or initialising the first version raises is raised unchanged; if `init` fails, `close` is called.

    """

    def __init__(
        self,
        candidate: Candidate[P] | Manifest,
        instance: P | None = None,
        *,
        drain_timeout: float | None = 5.0,
        policy: DrainPolicy = DrainPolicy.CONTINUE,
        max_live_versions: int = 8,
        close_failed: Callable[[CloseFailure], object] | None = None,
        seam: Seam = PRODUCTION,
    ) -> None:
        self._timeout = checked_timeout("drain_timeout", drain_timeout)
        self._policy = checked("policy", policy, DrainPolicy)
        checked("seam", seam, Seam)
        checked_integer("max_live_versions", max_live_versions, 2)
        checked_callable("close_failed", close_failed, "a CloseFailure")
        version = _first_version(candidate, instance, close_failed)
        super().__init__(Core(seam, version))
        hold_open(self._core, version)
        self._name = version.manifest.name
        self._upgrader = Upgrader(self._core, self._name, max_live_versions, close_failed)

    # -- looking at it ------------------------------------------------------------------------------------------------
    @property
    def name(self) -> str:
        """The plugin's name.  It never changes."""
        return self._name

    @property
    def state(self) -> HotReloadState:
        """The state at this instant (rule L1)."""
        return self._core.book.state

    @property
    def manifest(self) -> Manifest:
        """The manifest of the version that serves."""
        return self._core.book.serving.manifest

    @property
    def version(self) -> int:
        """The number of the version that serves: 1 is the first, and numbers are never reused."""
        return self._core.book.serving.number

    @property
    def epoch(self) -> int:
        """The number of the current epoch: it grows by one with every publication."""
        return self._core.current.number

    @property
    def stats(self) -> HotReloadStats:
        """Counts and times, as one value that adds up (rule S1)."""
        return self._core.book.stats

    def current(self) -> P:
        """Give the instance that serves at this instant.

        Nothing holds it: it may be superseded, closed and freed while you use it.  `lease()` holds it.
        """
        return cast("P", self._serving(lambda version: version.instance))

    def _serving(self, what: Callable[[Version], T]) -> T:
        """Look at the version that serves.  A version that was freed has let go of what it had: then look again."""
        core = self._core
        while True:
            version = core.book.serving
            found = what(version)
            if core.book.serving is version:
                return found

    def snapshot(self) -> PluginSnapshot:
        """Give what the plugin is at one instant, as one value (rule L5)."""
        book = self._core.book  # one load of one reference: everything below is of the same instant
        return PluginSnapshot(
            name=self._name,
            state=book.state,
            version=book.serving.number,
            manifest=book.serving.manifest,
            stats=book.stats,
            live_versions=len(book.lives),
            on_probation=book.probation,
            pending=None if book.pending is None else book.pending.manifest,
            unregistered=book.shut,
        )

    def stragglers(self) -> list[Straggler]:
        """List the calls and leases that hold an epoch which is over; oldest first.

        They are what a drain waits for, and what keeps a retired version alive.
        """
        return stragglers(self._core)

    def in_flight(self) -> int:
        """Count the calls and leases that hold any epoch, at one instant.  Takes the plugin's lock."""
        core = self._core
        return core.section(lambda: sum(record.holders() for record in (*core.past, core.current)))

    # -- using it -----------------------------------------------------------------------------------------------------
    def function(self, name: str) -> Callable[..., Any]:
        """Give a function that calls `name` on whatever version serves; keep it as long as you like.

        Calling it is `call(name, ...)` at a lower price.

        Raises:
            UnknownFunction: the version that serves does not export `name`.

        """
        functions = self._serving(lambda version: version.functions)
        if not is_text(name) or name not in functions:
            raise UnknownFunction(self._name, name, functions)
        return make_handle(self._core, name)

    def lease(self) -> Lease[P]:
        """Hold the version that serves for the length of a `with` block, which gets its instance.

        The version is not freed and a drain waits for it, as for a call.  Calls on the plugin that are made from
        within the block run on the same version (rule R4).  "Within" is the stack: a generator that is suspended
        inside the block does not capture the calls that others make meanwhile.  May be left in another thread.
        """
        return Lease(self._core, partial(join, self._core, enter))

    # -- upgrading it -------------------------------------------------------------------------------------------------
    def prepare_upgrade(self, candidate: Candidate[P], /) -> int:
        """Validate, build and initialise a candidate while the current version serves; give its number.

        Then `execute_upgrade()` or `cancel_upgrade()`, from any thread.

        Raises:
            InvalidArgument: `candidate` is no `Candidate`.
            UpgradeInProgress: another upgrade is under way (rule L2).
            TooManyVersions: so many versions are alive that this one would exceed the bound (rule M7).
            PluginUnregistered: the plugin is out of service.
            UpgradeFailed: it failed in the phase VALIDATE, BUILD or INIT; `__cause__` is the reason.
            UpgradeCancelled: somebody cancelled it meanwhile.

        """
        upgrader = self._upgrader
        return upgrader.prepare(checked("candidate", candidate, Candidate), upgrader.attempt()).number

    def execute_upgrade(
        self,
        *,
        policy: DrainPolicy | None = None,
        drain_timeout: float | None | _Unset = UNSET,
        probation: bool = False,
        health_check: HealthCheck | None = None,
        hand_over: HandOver | None = None,
    ) -> int:
        """Drain, swap and clean up: make the prepared candidate the version that serves; give its number.

        Args:
            policy: what calls that arrive during the drain do, and what it waits for; the plugin's own if not given.
            drain_timeout: seconds that the drain may last; 0 means "only if already quiescent", None means no limit;
                the plugin's own if not given.  Held calls wait at most as long, and as long as the handover takes.
            probation: keep the old version until `commit()` or `revert()`.
            health_check: called with the new instance when it serves already.  If it raises or returns False, the old
                version is published again.
            hand_over: called under HOLD with the old and the new instance in place of the two hooks, if both have
                theirs.  If it raises, the upgrade fails in its HANDOVER phase.  `quiesce.handover.Handover` has a time
                limit; without it there is none.

        Raises:
            InvalidArgument, InvalidTimeout: an argument does not fit; nothing was changed.
            WrongState: there is no prepared candidate.
            SelfDeadlock: called from inside a call on this plugin, for which the drain would wait (rule D6).
            PluginUnregistered: the plugin is out of service.
            DrainTimeout: awaited calls did not end in time; the error lists them.
            UpgradeCancelled: somebody cancelled it meanwhile.
            HandoverFailed, HealthCheckFailed: as they say; `__cause__` is the reason.

        After every failure the old version serves, but for one: if under HOLD a failed health check cannot be undone
        because calls on the new version do not end in time, that is a `DrainTimeout`, and the upgrade stays on
        probation.

        """
        how = self._checked_execution("execute_upgrade", policy, drain_timeout, probation, health_check, hand_over)
        return self._upgrader.execute(*how).number

    def upgrade(
        self,
        candidate: Candidate[P],
        /,
        *,
        policy: DrainPolicy | None = None,
        drain_timeout: float | None | _Unset = UNSET,
        probation: bool = False,
        health_check: HealthCheck | None = None,
        hand_over: HandOver | None = None,
    ) -> int:
        """`prepare_upgrade` and then `execute_upgrade`; the arguments and errors are theirs."""
        checked("candidate", candidate, Candidate)
        how = self._checked_execution("upgrade", policy, drain_timeout, probation, health_check, hand_over)
        return self._upgrader.upgrade(candidate, *how).number

    def cancel_upgrade(self) -> None:
        """Cancel the upgrade that is being prepared, is prepared, or drains.

        While it is prepared this is a decision and counted nowhere; while it drains it is a failed upgrade.  The thread
        that is at it gets `UpgradeCancelled`.

        Raises:
            WrongState: there is nothing to cancel, or the drain has ended and it is too late.

        """
        self._upgrader.cancel()

    def commit(self) -> None:
        """End probation well: retire the old version.

        Raises:
            WrongState: the plugin is not on probation.

        """
        self._upgrader.commit()

    def revert(self, drain_timeout: float | None | _Unset = UNSET) -> None:
        """End probation badly: publish the old version again, under a new epoch, and retire the new one.

        After an upgrade under HOLD the new version is drained first, behind a closed gate, for at most `drain_timeout`
        seconds (the plugin's own if not given).

        Raises:
            WrongState: the plugin is not on probation.
            DrainTimeout: under HOLD, calls on the new version did not end in time: it stays on probation.
            SelfDeadlock: under HOLD, called from inside a call on this plugin.

        """
        timeout = self._drain_timeout(drain_timeout)
        if self._core.book.policy is DrainPolicy.HOLD:
            self._refuse_inside("revert")
        self._upgrader.revert(timeout)

    def acknowledge(self) -> None:
        """Take note of a failed upgrade: ROLLED_BACK becomes ACTIVE.  Optional; a new upgrade may begin from both.

        Raises:
            WrongState: the plugin is not in ROLLED_BACK.

        """
        self._upgrader.acknowledge()

    def unregister(self, timeout: float | None | _Unset = UNSET) -> bool:
        """Take the plugin out of service: later calls get `PluginUnregistered`, those in flight complete (rule G2).

        Waits until all of them have ended and every version is closed, for at most `timeout` seconds (the drain
        timeout if not given), and says whether that came in time.  If not, the last call to end does the rest.

        Raises:
            UpgradeInProgress: an upgrade is under way; cancel it or let it end.
            PluginUnregistered: it was taken out of service already.
            SelfDeadlock: called from inside a call on this plugin.

        """
        limit = self._drain_timeout(timeout, "timeout")
        self._refuse_inside("unregister")
        return self._upgrader.shut_down(limit)

    # -- the same, awaited --------------------------------------------------------------------------------------------
    async def prepare_upgrade_async(self, candidate: Candidate[P], /) -> int:
        """`prepare_upgrade` in a thread of its own, awaited; the arguments and errors are its.

        A task that is cancelled withdraws the candidate and waits until its thread has ended: hooks cannot be stopped.
        """
        upgrader, request = self._upgrader, Withdrawal()
        checked("candidate", candidate, Candidate)

        def work() -> Version:
            return upgrader.prepare(candidate, upgrader.attempt(request=request))

        version: Version = await LOOPS.loops.in_thread(work, lambda: upgrader.withdraw(request))
        return version.number

    async def execute_upgrade_async(
        self,
        *,
        policy: DrainPolicy | None = None,
        drain_timeout: float | None | _Unset = UNSET,
        probation: bool = False,
        health_check: HealthCheck | None = None,
        hand_over: HandOver | None = None,
    ) -> int:
        """`execute_upgrade` in a thread of its own, awaited; the arguments and errors are its.

        A task that is cancelled cancels the upgrade, if it still drains, and waits until its thread has ended.
        """
        how = self._checked_execution("execute_upgrade", policy, drain_timeout, probation, health_check, hand_over)
        return await self._awaited(lambda request: self._upgrader.execute(*how, request=request))

    async def upgrade_async(
        self,
        candidate: Candidate[P],
        /,
        *,
        policy: DrainPolicy | None = None,
        drain_timeout: float | None | _Unset = UNSET,
        probation: bool = False,
        health_check: HealthCheck | None = None,
        hand_over: HandOver | None = None,
    ) -> int:
        """`upgrade` in a thread of its own, awaited; the arguments and errors are its.

        A task that is cancelled cancels the upgrade, unless it has drained already, and waits until its thread has
        ended: then either nothing has changed or the new version serves, and `version` says which.
        """
        checked("candidate", candidate, Candidate)
        how = self._checked_execution("upgrade", policy, drain_timeout, probation, health_check, hand_over)
        return await self._awaited(lambda request: self._upgrader.upgrade(candidate, *how, request=request))

    async def _awaited(self, work: Callable[[Withdrawal], Version]) -> int:
        request = Withdrawal()
        version: Version = await LOOPS.loops.in_thread(lambda: work(request), lambda: self._upgrader.withdraw(request))
        return version.number

    async def revert_async(self, drain_timeout: float | None | _Unset = UNSET) -> None:
        """`revert` in a thread of its own, awaited.  Once it has begun, cancelling the task does not stop it."""
        timeout = self._drain_timeout(drain_timeout)
        if self._core.book.policy is DrainPolicy.HOLD:
            self._refuse_inside("revert")
        await LOOPS.loops.in_thread(lambda: self._upgrader.revert(timeout), lambda: None)

    async def unregister_async(self, drain_timeout: float | None | _Unset = UNSET) -> bool:
        """`unregister` in a thread of its own, awaited.  Once it has begun, cancelling the task does not stop it."""
        limit = self._drain_timeout(drain_timeout)
        self._refuse_inside("unregister")
        in_time: bool = await LOOPS.loops.in_thread(lambda: self._upgrader.shut_down(limit), lambda: None)
        return in_time

    # -- checking arguments -------------------------------------------------------------------------------------------
    def _drain_timeout(self, value: float | None | _Unset, what: str = "drain_timeout") -> float | None:
        return self._timeout if isinstance(value, _Unset) else checked_timeout(what, value)

    def _checked_execution(
        self,
        operation: str,
        policy: DrainPolicy | None,
        drain_timeout: float | None | _Unset,
        probation: bool,
        health_check: HealthCheck | None,
        hand_over: HandOver | None,
    ) -> tuple[DrainPolicy, float | None, bool, HealthCheck | None, HandOver | None]:
        chosen = self._policy if policy is None else checked("policy", policy, DrainPolicy)
        timeout = self._drain_timeout(drain_timeout)
        checked("probation", probation, bool)
        checked_callable("health_check", health_check, "the instance")
        checked_callable("hand_over", hand_over, "the old and the new instance")
        if chosen is not DrainPolicy.OVERLAP:
            self._refuse_inside(operation)
        return chosen, timeout, probation, health_check, hand_over

    def _refuse_inside(self, operation: str) -> None:
        """Refuse what would wait for the very call that it is made from (rule D6)."""
        if inside(self._pointer, self._core.leases) is not None or held(self._core):
            raise SelfDeadlock(
                f"{operation} of plugin {self._name!r}: expected to be asked for outside every call and lease on the "
                "plugin; got one from inside, and it would wait for that one: ask in another thread, or use OVERLAP"
            )

    def __repr__(self) -> str:
        book = self._core.book
        return f"<HotReloadablePlugin {self._name!r} version {book.serving.number} {book.state.name}>"


def _first_version(
    candidate: Candidate[P] | Manifest,
    instance: P | None,
    close_failed: Callable[[CloseFailure], object] | None,
) -> Version:
    if isinstance(candidate, Manifest):
        if instance is None:
            raise InvalidArgument("instance", "an object that has the exported functions", instance)
        return Version(1, candidate, instance, bind(candidate, instance), close_failed)
    checked("candidate", candidate, Candidate)
    if instance is not None:
        raise InvalidArgument("instance", "None beside a Candidate, which builds its own", instance)
    manifest = candidate.read_manifest()
    built = candidate.build()
    version = Version(1, manifest, built, bind(manifest, built), close_failed)
    try:
        version.init()
    except BaseException:
        version.close()
        raise
    return version
