"""What a subject has, and how what it says of itself is read.

A subject says it in `capabilities`; one that does not has every core capability whose method or property it has.  What
it says of itself may be an attribute or a method, a mapping or an object: an adapter should be a few lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from quiesce_conformance.contract import CORE, Capability
from quiesce_conformance.session import Look

__all__ = ["SubjectError", "capabilities_of", "look_at"]


class SubjectError(Exception):
    """There is no such subject, or it is none."""


_FOUND = {
    Capability.CALL: ("call",),
    Capability.UPGRADE: ("upgrade",),
    Capability.PREPARE: ("prepare", "execute"),
    Capability.CANCEL: ("cancel",),
    Capability.STATE: ("state",),
    Capability.STATS: ("stats",),
    Capability.MANIFEST: ("manifest",),
    Capability.UNREGISTER: ("unregister",),
}
"""What a subject without `capabilities` is taken to have, by the names that it has."""
_STATS = ("successful_upgrades", "failed_upgrades", "total_drain_time_us", "max_drain_time_us", "version")
_MANIFEST = ("name", "version", "exports", "hooks")


def capabilities_of(subject: object) -> frozenset[str]:
    """What `subject` has.

    Raises:
        SubjectError: it says something that is no capability, or does not have what nothing can be judged without.

    """
    said = getattr(subject, "capabilities", None)
    if said is None:
        has = {str(found) for found, names in _FOUND.items() if all(hasattr(subject, name) for name in names)}
        has |= {str(Capability.CLOSE), str(Capability.NESTED), str(Capability.DRAIN_TIMEOUT)}
    else:
        has = {str(getattr(one, "value", one)) for one in said}
    known = {str(one) for one in Capability}
    if unknown := sorted(has - known):
        raise SubjectError(f"expected capabilities out of {', '.join(sorted(known))}; got {', '.join(unknown)}")
    if missing := sorted(str(one) for one in CORE - has):
        raise SubjectError(f"expected at least {', '.join(sorted(CORE))}; missing: {', '.join(missing)}")
    return frozenset(has)


def look_at(subject: Any, capabilities: frozenset[str]) -> Look:
    """Read what `subject` says of itself: of one instant if it has ``observe``, else one thing after the other."""
    source = subject.snapshot() if Capability.OBSERVE in capabilities else subject

    def part(name: str) -> Any:
        value = getattr(source if hasattr(source, name) else subject, name, None)
        return value() if callable(value) and not isinstance(value, Enum) else value

    state = part("state") if Capability.STATE in capabilities else None
    stats = _fields(part("stats"), _STATS) if Capability.STATS in capabilities else None
    manifest = _fields(part("manifest"), _MANIFEST) if Capability.MANIFEST in capabilities else None
    version = part("version") if source is not subject else None
    if version is None and stats is not None:
        version = stats.get("version")
    return Look(
        None if state is None else str(getattr(state, "name", state)),
        stats,
        manifest,
        version if isinstance(version, int) else None,
    )


def _fields(value: Any, names: tuple[str, ...]) -> Mapping[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {name: value[name] for name in names if name in value}
    return {name: getattr(value, name) for name in names if hasattr(value, name)}
