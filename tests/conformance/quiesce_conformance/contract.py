"""What an implementation has to offer to be judged, and what the suite hands to it.

Three things meet here.  A *subject* is one hot-reloadable plugin of the implementation.  An *instance* is one version
of that plugin, supplied by the suite: it reports what happens to it and waits where it is told to.  A *capability* is
something that a subject has; a rule that needs one that is missing is *not applicable*, and never counts as kept.

Why instances come from the suite: then no implementation marks its own work, and every interleaving of calls with an
upgrade can be steered from outside, in any language.  Rejected: asking an implementation for hooks inside its own code.

The same, for a subject in another language, is ``specs/adapter-protocol.schema.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final, Protocol

__all__ = [
    "CORE",
    "NEEDS",
    "UNSET",
    "CandidateSpec",
    "Capability",
    "Instance",
    "MakeSubject",
    "Manifest",
    "Profile",
    "Subject",
    "Ticket",
    "Unset",
]

Manifest = Mapping[str, Any]
"""``{"name": "probe", "version": "2.0.0", "exports": ["work", "again"], "hooks": {"before_insert": "work"}}``.

A candidate is valid only if its name is that of the plugin and every hook's function is exported."""


class Unset(Enum):
    """Nothing was said, so the subject's own value counts; None would mean "no limit"."""

    UNSET = 0


UNSET: Final = Unset.UNSET


class Capability(StrEnum):
    """Something that a subject has."""

    CALL = "call"
    UPGRADE = "upgrade"
    CLOSE = "close"
    """It runs `Instance.close` when a version is freed."""
    PREPARE = "prepare"
    """`prepare` and `execute`, beside `upgrade`."""
    CANCEL = "cancel"
    STATE = "state"
    STATS = "stats"
    MANIFEST = "manifest"
    UNREGISTER = "unregister"
    DRAIN_TIMEOUT = "drain-timeout"
    STRAGGLERS = "stragglers"
    """The error of a drain that timed out says who did not end."""
    NESTED = "nested"
    """A call may be made from inside a call."""
    OBSERVE = "observe"
    """`snapshot()` gives state, version and manifest of one instant."""
    POLICY = "policy"
    """`execute` and `upgrade` take ``policy=``."""
    HOLD = "hold"
    OVERLAP = "overlap"
    PROBATION = "probation"
    """``probation=True``, `commit` and `revert`."""
    HANDOVER = "handover"
    """Under HOLD, the old version's state is exported and imported by the new one."""
    MANAGER = "manager"
    """``subject.manager`` has `register`, `get`, `list` and `unregister`."""
    ASYNC = "async"
    """`call` gives an awaitable."""


CORE: Final = frozenset({Capability.CALL, Capability.UPGRADE, Capability.CLOSE})
"""What nothing can be judged without."""


class Profile(StrEnum):
    """A part of the rules, so that an implementation is judged by what it claims."""

    CORE = "core"
    HOLD = "hold"
    OVERLAP = "overlap"
    PROBATION = "probation"
    HANDOVER = "handover"
    MANAGER = "manager"


NEEDS: Final[Mapping[Profile, frozenset[Capability]]] = {
    Profile.CORE: CORE,
    Profile.HOLD: CORE | {Capability.POLICY, Capability.HOLD},
    Profile.OVERLAP: CORE | {Capability.POLICY, Capability.OVERLAP},
    Profile.PROBATION: CORE | {Capability.PROBATION},
    Profile.HANDOVER: CORE | {Capability.POLICY, Capability.HOLD, Capability.HANDOVER},
    Profile.MANAGER: CORE | {Capability.MANAGER, Capability.UNREGISTER},
}
"""What a subject must have to claim a profile."""


class Instance(Protocol):
    """One version of the plugin, supplied by the suite.

    A subject calls `init` once before the version serves and `close` once after its last call; the functions that the
    manifest exports are called as ``getattr(instance, name)(*args)``, from any thread.
    """

    def init(self) -> None:
        """Get ready.  May raise: then the version must never serve."""

    def close(self) -> None:
        """Let go of everything.  May raise: that is to be reported, and changes nothing."""

    def export_state(self) -> object:
        """Give the state to hand over."""

    def import_state(self, state: object) -> None:
        """Take over what the version before has exported."""


class Subject(Protocol):
    """One plugin of the implementation under test.  Everything is called from any thread.

    Whatever is refused raises, whatever the exception is, and changes nothing.  `state`, `stats` and `manifest` may be
    attributes or methods; `capabilities`, a collection of `Capability`, says what there is beyond `CORE`.
    """

    def call(self, function: str, /, *args: object) -> object:
        """Call an exported function on the version that serves; give what it gives, raise what it raises."""

    def upgrade(self, instance: Instance, manifest: Manifest, /) -> object:
        """Validate, initialise, drain, swap, free: when it returns, the new version serves.  If it raises, the old."""


class MakeSubject(Protocol):
    """What the suite is given: ``mypkg:make_subject``."""

    def __call__(self, instance: Instance, manifest: Manifest, drain_timeout: float | None, /) -> Subject:
        """Make a plugin whose first version is `instance`; a drain lasts at most `drain_timeout` seconds."""


@dataclass(frozen=True, slots=True)
class CandidateSpec:
    """A version that the suite makes."""

    version: int
    """1 is the first; also the first part of the manifest's version, ``3.0.0``."""
    name: str = "probe"
    exports: tuple[str, ...] = ("work", "again")
    hooks: Mapping[str, str] = field(default_factory=dict)
    """Hook -> the function that it calls."""
    fail: frozenset[str] = frozenset()
    """Which of ``init``, ``close``, ``export`` and ``import`` raise."""
    gates: Mapping[str, str] = field(default_factory=dict)
    """Which of those wait, and at which gate."""

    def manifest(self) -> dict[str, Any]:
        """Write it as a manifest."""
        return {
            "name": self.name,
            "version": f"{self.version}.0.0",
            "exports": list(self.exports),
            "hooks": dict(self.hooks),
        }


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one call is to do inside the plugin."""

    number: int
    """The call's own; its result must say it."""
    function: str = "work"
    gate: str | None = None
    """Where it waits, having started."""
    raises: bool = False
    nested: Ticket | None = None
    """A call that it makes on the plugin, after the gate."""
    nested_op: str | None = None
    """An operation that it asks of the plugin instead, such as ``cancel``."""
