"""Every way in which an upgrade can go.  Each move leaves the plugin in a settled state.

A move checks what it did through the driver; what it says that it *saw* is what the rules' *sometimes* ask for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic_ns

from quiesce import (
    DrainPolicy,
    DrainTimeout,
    HotReloadState,
    Phase,
    QuiesceError,
    SelfDeadlock,
    UpgradeCancelled,
    UpgradeFailed,
    UpgradeInProgress,
    WrongState,
)
from quiesce_conformance import Answer, Gate

from .clients import WORDS, record_call
from .driver import LONG, Driver
from .files import Flavour

__all__ = ["MOVES", "Move"]

Move = Callable[[Driver, DrainPolicy], None]
S = HotReloadState
SHORT = 0.005
"""Seconds after which a drain that cannot end is given up."""


def succeeds(driver: Driver, policy: DrainPolicy) -> None:
    """The plain case."""
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    driver.execute(number, policy)


def cannot_be_loaded(driver: Driver, policy: DrainPolicy) -> None:
    """A syntax error, and a plugin of another name: neither is ever run."""
    del policy
    for flavour, kind in ((Flavour.SYNTAX, "syntax error"), (Flavour.FOREIGN, "foreign manifest")):
        cause = SyntaxError if flavour is Flavour.SYNTAX else None
        with driver.failing(Phase.VALIDATE, Phase.BUILD, cause=cause):
            driver.subject.prepare_upgrade(driver.candidate(flavour)[1])
        driver.ledger.did(kind)


def cannot_be_built(driver: Driver, policy: DrainPolicy) -> None:
    """The import fails; the constructor fails."""
    del policy
    for flavour, cause in ((Flavour.IMPORT, ImportError), (Flavour.BUILD, RuntimeError)):
        with driver.failing(Phase.BUILD, cause=cause):
            driver.subject.prepare_upgrade(driver.candidate(flavour)[1])
        driver.ledger.did("failing build")


def cannot_start(driver: Driver, policy: DrainPolicy) -> None:
    """`init` raises."""
    del policy
    with driver.failing(Phase.INIT, cause=RuntimeError):
        driver.subject.prepare_upgrade(driver.candidate(Flavour.INIT)[1])
    driver.ledger.did("failing init")


def times_out(driver: Driver, policy: DrainPolicy) -> None:
    """A call hangs, and the drain is given up; the error names the call that it waited for."""
    if policy is DrainPolicy.OVERLAP:
        policy = DrainPolicy.CONTINUE  # OVERLAP waits for nothing
    gate, caller = driver.hanging()
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    caught: list[DrainTimeout] = []
    with driver.failing(Phase.DRAIN):
        try:
            driver.subject.execute_upgrade(policy=policy, drain_timeout=SHORT)
        except DrainTimeout as error:
            caught.append(error)
            raise
    named = [straggler.thread for error in caught for straggler in error.stragglers]
    driver.ledger.check("D4", caller.name in named, f"expected straggler {caller.name}, got {named}")
    driver.ledger.saw("V2", "drains given up")
    driver.ledger.check("V2", True, "")
    driver.ledger.did(f"drain time-out ({policy.name})")
    gate.open()
    driver.finish(caller)
    if number == driver.current:
        driver.ledger.check("B1", False, "a version became current whose drain timed out")


def runs_on(driver: Driver, policy: DrainPolicy) -> None:
    """Under OVERLAP a call hangs across the swap, and then calls the plugin again from within."""
    del policy
    before = driver.current
    gate = Gate()
    inner_number = driver.take_number()

    def inner() -> Answer | None:
        return record_call(
            driver.subject, caller.calls, -1, inner_number, "search", (WORDS[:2],), value=(0, 1), outer=caller.number
        )

    caller = driver.start_call("nested", (inner, gate))  # `inner` runs after the gate was opened
    if not gate.reached(LONG):
        raise TimeoutError(f"expected a call to get into the plugin within {LONG} s")
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    driver.execute(number, DrainPolicy.OVERLAP)
    gate.open()
    driver.finish(caller)
    nested = [call for call in caller.calls if call.outer is not None]
    driver.ledger.check("R4", [c.version for c in nested] == [before], f"expected version {before}", *nested)
    driver.ledger.check("D5", True, "")
    driver.ledger.did("call on the old version after a swap")


def cancelled_before(driver: Driver, policy: DrainPolicy) -> None:
    """Prepared and then cancelled: a decision, not a failure."""
    del policy
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    driver.subject.cancel_upgrade()
    driver.settled(S.ACTIVE)
    driver.ledger.did("cancel (prepared)")


def cancelled_in_drain(driver: Driver, policy: DrainPolicy) -> None:
    """Cancelled from another thread while it waits for a hanging call; second upgraders are refused meanwhile."""
    if policy is DrainPolicy.OVERLAP:
        policy = DrainPolicy.HOLD
    gate, caller = driver.hanging()
    number, candidate = driver.candidate()
    _, rival = driver.candidate()
    driver.prepare(number, candidate)
    outcome: list[BaseException | None] = []

    def execute() -> None:
        try:
            driver.subject.execute_upgrade(policy=policy, drain_timeout=LONG)
            outcome.append(None)
        except BaseException as error:  # noqa: BLE001 - a thread has no caller: it is looked at below
            outcome.append(error)

    thread = threading.Thread(target=execute, name="executing", daemon=True)
    thread.start()
    draining = _until_draining(driver)
    driver.ledger.check("L1", draining, "expected DRAINING within 10 s", driver.subject.state)
    refused(driver, "L2", (UpgradeInProgress, WrongState), lambda: driver.subject.prepare_upgrade(rival))
    refused(driver, "L3", (WrongState,), driver.subject.commit)
    refused(driver, "L3", (WrongState,), driver.subject.revert)
    driver.subject.cancel_upgrade()
    thread.join(LONG)
    driver.ledger.check(
        "V1", outcome != [] and isinstance(outcome[0], UpgradeCancelled), "expected UpgradeCancelled", outcome
    )
    driver.failed += 1
    driver.settled(S.ROLLED_BACK)
    gate.open()
    driver.finish(caller)
    driver.ledger.did(f"cancel (draining, {policy.name})")


def _until_draining(driver: Driver) -> bool:
    """Wait for the other thread to get there.  A state is all that a subject shows, so it has to be asked again."""
    pause = threading.Event()
    for _ in range(int(LONG / 0.0005)):
        if driver.subject.state is S.DRAINING:
            return True
        pause.wait(0.0005)
    return False


def refused(driver: Driver, rule: str, errors: tuple[type[QuiesceError], ...], operation: Callable[[], object]) -> None:
    """An operation that must be declined, with a typed error, and change nothing."""
    before = (driver.subject.state, driver.subject.stats)
    got: object = "it was carried out"
    try:
        operation()
    except errors as error:
        got = error
    except Exception as error:  # noqa: BLE001 - any other error is the finding
        got = error
    names = " or ".join(error.__name__ for error in errors)
    driver.ledger.check(rule, isinstance(got, errors), f"expected {names}, got {got!r}")
    after = (driver.subject.state, driver.subject.stats)
    driver.ledger.check(rule, before == after, f"a refused operation changed {before} to {after}")


def probation_kept(driver: Driver, policy: DrainPolicy) -> None:
    """On probation, then committed."""
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    driver.execute(number, policy, probation=True)
    refused(driver, "L3", (WrongState, UpgradeInProgress), lambda: driver.subject.prepare_upgrade(candidate))
    driver.subject.commit()
    driver.succeeded += 1
    driver.settled(S.ACTIVE)
    driver.ledger.did("commit after probation")


def probation_reverted(driver: Driver, policy: DrainPolicy) -> None:
    """On probation, serving, then taken back."""
    before = driver.current
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    driver.execute(number, policy, probation=True)
    driver.own_call("browse", (2,))
    begun = monotonic_ns()
    driver.subject.revert()
    driver.published(before, begun, policy, revert=True)
    driver.failed += 1
    driver.settled(S.ROLLED_BACK)
    driver.ledger.did(f"revert ({policy.name})")


def unhealthy(driver: Driver, policy: DrainPolicy) -> None:
    """Swapped in, found unhealthy, taken back."""
    before = driver.current
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    begun = monotonic_ns()
    looked: list[int] = []

    def check(_instance: object) -> bool:
        driver.published(number, begun, policy)
        looked.append(monotonic_ns())
        return False

    with driver.failing(Phase.HEALTH):
        try:
            driver.subject.execute_upgrade(policy=policy, drain_timeout=LONG, health_check=check)
        finally:
            if looked:
                driver.published(before, looked[0], policy, revert=True)
    driver.ledger.did("failed health check")


def hands_over(driver: Driver, policy: DrainPolicy) -> None:
    """Under HOLD what the old version has learnt goes to the new one."""
    del policy
    driver.own_call("learn", (f"word-{driver.current}",))
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)
    driver.execute(number, DrainPolicy.HOLD)
    driver.ledger.did("handover")


def refuses_the_state(driver: Driver, policy: DrainPolicy) -> None:
    """`import_state` of the new version raises: rolled back, the old version's state untouched."""
    del policy
    number, candidate = driver.candidate(Flavour.HANDOVER)
    driver.prepare(number, candidate)
    with driver.failing(Phase.HANDOVER, cause=RuntimeError):
        driver.subject.execute_upgrade(policy=DrainPolicy.HOLD, drain_timeout=LONG)
    driver.ledger.check("H2", driver.subject.state is S.ROLLED_BACK, "a failed handover did not roll back")
    driver.ledger.did("failed handover")


def does_not_go_quietly(driver: Driver, policy: DrainPolicy) -> None:
    """A version whose close hook raises is replaced: reported, and nothing else changes."""
    number, candidate = driver.candidate(Flavour.CLOSE)
    driver.prepare(number, candidate)
    driver.execute(number, policy)
    succeeds(driver, policy)
    driver.ledger.check("M6", driver.current != number, "a failing close hook kept its version in service")
    driver.ledger.did("failing close")


def from_inside(driver: Driver, policy: DrainPolicy) -> None:
    """An upgrade asked for from inside a call on the plugin, under a policy that would wait for that very call."""
    if policy is DrainPolicy.OVERLAP:
        policy = DrainPolicy.CONTINUE
    number, candidate = driver.candidate()
    driver.prepare(number, candidate)

    def inside() -> str:
        try:
            driver.subject.execute_upgrade(policy=policy, drain_timeout=LONG)
        except SelfDeadlock:
            return "refused"
        except UpgradeFailed as error:
            return repr(error)
        return "carried out"

    caller = driver.start_call("reenter", (inside,))
    driver.finish(caller)
    value = caller.answer.value if caller.answer is not None else None
    driver.ledger.check("D6", value == "refused", f"expected SelfDeadlock, got {value}")
    driver.subject.cancel_upgrade()
    driver.settled(S.ACTIVE)
    driver.ledger.did("upgrade from inside a call")


MOVES: tuple[tuple[Move, int], ...] = (
    (succeeds, 12),
    (cannot_be_loaded, 2),
    (cannot_be_built, 2),
    (cannot_start, 3),
    (times_out, 3),
    (runs_on, 4),
    (cancelled_before, 2),
    (cancelled_in_drain, 3),
    (probation_kept, 3),
    (probation_reverted, 5),
    (unhealthy, 3),
    (hands_over, 3),
    (refuses_the_state, 2),
    (does_not_go_quietly, 2),
    (from_inside, 1),
)
"""The moves with how often each is made, relative to the others."""
