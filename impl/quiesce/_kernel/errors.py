"""Every error that the kernel raises.

Each says what was expected, what was got and what to do.  All derive from `QuiesceError`; where Python has a word for
the mistake (`TypeError`, `ValueError`, `LookupError`), the error is that as well, so that callers who have never heard
of this package handle it rightly.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .states import HotReloadState, Phase

if TYPE_CHECKING:
    from .seam import Event
    from .stragglers import Straggler

__all__ = [
    "DrainTimeout",
    "DuplicatePlugin",
    "GateHeld",
    "HandoverFailed",
    "HealthCheckFailed",
    "InvalidArgument",
    "InvalidEpoch",
    "InvalidManifest",
    "InvalidTimeout",
    "PluginUnregistered",
    "QuiesceError",
    "SelfDeadlock",
    "TooManyVersions",
    "UnknownFunction",
    "UnknownPlugin",
    "UpgradeCancelled",
    "UpgradeFailed",
    "UpgradeInProgress",
    "WrongState",
]


class QuiesceError(Exception):
    """The root of every error of this package.

    A function's own exception is never wrapped: what a call raises is what the plugin's function raised (rule R1).
    """


class InvalidArgument(QuiesceError, TypeError):
    """An argument has the wrong type.  Nothing was changed."""

    def __init__(self, what: str, expected: str, got: object) -> None:
        super().__init__(f"{what}: expected {expected}, got {got!r} of type {type(got).__name__}")


class InvalidTimeout(QuiesceError, ValueError):
    """A timeout is not None and not a number of seconds that is zero or more.  Nothing was changed."""

    def __init__(self, what: str, got: object) -> None:
        super().__init__(
            f"{what}: expected seconds as a number >= 0, or None for no limit, got {got!r} of type {type(got).__name__}"
        )


class InvalidTimeoutType(InvalidTimeout, TypeError):
    """The timeout is not even a number."""


class InvalidEpoch(QuiesceError, ValueError):
    """There is no such epoch, or it is still the current one."""


class InvalidManifest(QuiesceError, ValueError):
    """A manifest, or what it says of the plugin, does not hold.  The message names field, value and reason."""


class UnknownFunction(QuiesceError, LookupError):
    """The plugin does not export a function of that name."""

    def __init__(self, plugin: str, function: object, exports: Iterable[str]) -> None:
        listed = ", ".join(exports) or "nothing"
        super().__init__(f"plugin {plugin!r} exports {listed}; got {function!r}")
        self.plugin, self.function = plugin, function


class UnknownPlugin(QuiesceError, LookupError):
    """The manager has no plugin of that name."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        super().__init__(f"expected one of the registered plugins ({', '.join(known) or 'none'}), got {name!r}")
        self.name = name


class DuplicatePlugin(QuiesceError, ValueError):
    """The manager already has a plugin of that name (rule G1).  Upgrade it, or unregister it first."""

    def __init__(self, name: str) -> None:
        super().__init__(f"expected a name that is not registered yet, got {name!r}; upgrade it or unregister it first")
        self.name = name


class PluginUnregistered(QuiesceError):
    """The plugin was taken out of service; no call on it starts any more (rule G2)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"plugin {name!r} was unregistered: it takes no calls and no upgrades")
        self.name = name


class WrongState(QuiesceError):
    """The operation is not legal in this state (rule L3).  Nothing was changed."""

    def __init__(
        self, operation: str, state: HotReloadState, legal: Iterable[HotReloadState], why: str | None = None
    ) -> None:
        self.operation, self.state, self.legal = operation, state, frozenset(legal)
        names = " or ".join(sorted(s.name for s in self.legal))
        super().__init__(f"{operation} is legal in {names}, got {state.name}" + (f": {why}" if why else ""))


class UpgradeInProgress(WrongState):
    """An upgrade of the plugin is under way already (rule L2).  Wait for it, or cancel it; nothing was changed."""


class GateHeld(QuiesceError):
    """A drain under `DrainPolicy.HOLD` is on, and the caller must not block: wait for `reopened` and try again.

    Never raised to users: whoever enters without blocking handles it.
    """

    def __init__(self, plugin: str, reopened: Event) -> None:
        super().__init__(f"plugin {plugin!r}: the gate is closed until the drain has ended")
        self.reopened = reopened


class SelfDeadlock(QuiesceError):
    """The operation would wait for the very thread that asks for it (rule D6).  Nothing was changed."""


class TooManyVersions(QuiesceError):
    """So many versions are alive that a new candidate would exceed the bound (rule M7).  Nothing was changed."""

    def __init__(self, alive: int, bound: int) -> None:
        super().__init__(
            f"expected fewer than {bound} live versions, got {alive}: retired ones are still held by calls; "
            "look at stragglers(), let them end, or raise max_live_versions"
        )
        self.alive, self.bound = alive, bound


class UpgradeFailed(QuiesceError):
    """An upgrade failed and was rolled back: the version before it serves (rules B1 to B4).

    `phase` says where; `__cause__` is the exception that did it, where there was one.
    """

    def __init__(self, plugin: str, phase: Phase, reason: str) -> None:
        super().__init__(f"upgrade of plugin {plugin!r} failed in phase {phase.value}: {reason}")
        self.plugin, self.phase = plugin, phase


class DrainTimeout(UpgradeFailed):
    """Calls that were awaited did not end in time (rule D4).  `stragglers` lists them."""

    def __init__(self, plugin: str, phase: Phase, timeout: float | None, stragglers: Iterable[Straggler]) -> None:
        self.timeout = timeout
        self.stragglers = tuple(stragglers)
        listed = "; ".join(str(s) for s in self.stragglers) or "none left by now"
        super().__init__(plugin, phase, f"not drained within {timeout} s; still running: {listed}")


class UpgradeCancelled(UpgradeFailed):
    """Somebody cancelled the upgrade."""

    def __init__(self, plugin: str, reason: str = "it was cancelled") -> None:
        super().__init__(plugin, Phase.CANCEL, reason)


class HandoverFailed(UpgradeFailed):
    """`export_state()` of the old or `import_state()` of the new version raised (rule H2)."""

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(plugin, Phase.HANDOVER, reason)


class HealthCheckFailed(UpgradeFailed):
    """The health check raised or returned False: the old version was published again."""

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(plugin, Phase.HEALTH, reason)
