"""What a plugin says about itself, checked in one place.

A manifest is a frozen value: an upgrade publishes a new one together with the new instance (rule T1), so nobody can see
the new manifest on the old code.  Reading manifests from TOML is a loader's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from types import MappingProxyType
from typing import cast

from .errors import InvalidManifest

__all__ = ["Hook", "Manifest", "Resources"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")
_FUNCTION = re.compile(r"[^\W\d]\w*")
# semver.org, the suggested expression
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?",
    re.ASCII,
)


class Hook(Enum):
    """The six moments at which a host calls a plugin."""

    BEFORE_INSERT = "before_insert"
    AFTER_INSERT = "after_insert"
    BEFORE_UPDATE = "before_update"
    AFTER_UPDATE = "after_update"
    BEFORE_DELETE = "before_delete"
    AFTER_DELETE = "after_delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Limits for loaders that can enforce them.  None: no limit is asked for."""

    memory_limit_mb: int | None = None
    """Megabytes, 1 to 1024."""
    fuel_limit: int | None = None
    """Units of work, 1 or more."""
    timeout_ms: int | None = None
    """Milliseconds for one call, 1 to 60000."""
    max_instances: int | None = None
    """Instances at once, 1 or more."""

    def __post_init__(self) -> None:
        highest = {"memory_limit_mb": 1024, "timeout_ms": 60_000}
        for each in fields(self):
            value: object = getattr(self, each.name)
            if value is None:
                continue
            top = highest.get(each.name)
            expected = f"an integer from 1 to {top}, or None" if top else "an integer >= 1, or None"
            if not isinstance(value, int) or isinstance(value, bool) or value < 1 or (top and value > top):
                raise InvalidManifest(f"resources.{each.name}: expected {expected}, got {value!r}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A plugin's name, version, exports and hooks.

    Everything is checked when it is made; `InvalidManifest` names field, value and reason.
    """

    name: str
    """A letter, then letters, digits, `_`, `.` or `-`; at most 128.  An upgrade keeps it."""
    version: str
    """SemVer.  For people: the kernel compares nothing but its own version numbers."""
    exports: tuple[str, ...]
    """The functions that may be called."""
    hooks: Mapping[Hook, str] = field(default_factory=lambda: MappingProxyType({}))
    """Which exported function the host calls when.  Keys may be given as text, such as "before_insert"."""
    description: str = field(default="", kw_only=True)
    author: str = field(default="", kw_only=True)
    license: str = field(default="", kw_only=True)
    homepage: str = field(default="", kw_only=True)
    capabilities: tuple[str, ...] = field(default=(), kw_only=True)
    resources: Resources = field(default_factory=Resources, kw_only=True)
    """May be given as a mapping with the same keys."""

    def __post_init__(self) -> None:
        _text("name", self.name, _NAME, "a letter, then letters, digits, '_', '.' or '-', at most 128 in all")
        _text("version", self.version, _SEMVER, "a SemVer version such as 1.2.3")
        exports = _names("exports", self.exports)
        object.__setattr__(self, "exports", exports)
        object.__setattr__(self, "hooks", MappingProxyType(_hooks(self.hooks, exports)))
        for each in ("description", "author", "license", "homepage"):
            value: object = getattr(self, each)
            if not isinstance(value, str):
                raise InvalidManifest(f"{each}: expected text, got {value!r} of type {type(value).__name__}")
        object.__setattr__(self, "capabilities", _strings("capabilities", self.capabilities))
        object.__setattr__(self, "resources", _resources(self.resources))

    def check_replaces(self, old: Manifest) -> None:
        """Check that an upgrade from `old` to this is valid: the same name, and every hook function is still exported.

        All six kinds of hooks are looked at.  Raises `InvalidManifest`.
        """
        if self.name != old.name:
            raise InvalidManifest(
                f"name: expected {old.name!r}, the name of the plugin that is upgraded, got {self.name!r}"
            )
        for when, function in old.hooks.items():
            if function not in self.exports:
                raise InvalidManifest(
                    f"exports: expected {function!r} among them, because it is the {when.value} hook of version "
                    f"{old.version}; got {', '.join(self.exports) or 'nothing'}"
                )

    def __hash__(self) -> int:
        return hash((self.name, self.version, self.exports))


def _text(what: str, value: object, pattern: re.Pattern[str], expected: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidManifest(f"{what}: expected {expected}, got {_short(value)} of type {type(value).__name__}")


def _strings(what: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidManifest(f"{what}: expected several names, got {_short(value)} of type {type(value).__name__}")
    found: list[str] = []
    for each in cast("Iterable[object]", value):
        if not isinstance(each, str):
            raise InvalidManifest(f"{what}: expected text, got {_short(each)} of type {type(each).__name__}")
        found.append(each)
    return tuple(found)


def _names(what: str, value: object) -> tuple[str, ...]:
    names = _strings(what, value)
    seen: set[str] = set()
    for name in names:
        _text(what, name, _FUNCTION, "a Python identifier")
        if name in seen:
            raise InvalidManifest(f"{what}: expected each name once, got {_short(name)} more than once")
        seen.add(name)
    return names


def _hooks(value: object, exports: tuple[str, ...]) -> dict[Hook, str]:
    if not isinstance(value, Mapping):
        raise InvalidManifest(f"hooks: expected a mapping, got {_short(value)} of type {type(value).__name__}")
    found: dict[Hook, str] = {}
    for key, function in cast("Mapping[object, object]", value).items():
        try:
            when = Hook(key)
        except ValueError:
            kinds = ", ".join(hook.value for hook in Hook)
            raise InvalidManifest(f"hooks: expected one of {kinds}, got {_short(key)}") from None
        if not isinstance(function, str) or function not in exports:
            raise InvalidManifest(
                f"hooks.{when.value}: expected an exported function ({_short(', '.join(exports))}), "
                f"got {_short(function)}"
            )
        found[when] = function
    return found


def _resources(value: object) -> Resources:
    if isinstance(value, Resources):
        return value
    if not isinstance(value, Mapping):
        raise InvalidManifest(f"resources: expected Resources, got {_short(value)} of type {type(value).__name__}")
    table = cast("Mapping[str, int | None]", value)
    known = {each.name for each in fields(Resources)}
    strange = [key for key in table if key not in known]
    if strange:
        raise InvalidManifest(f"resources: expected {', '.join(sorted(known))}, got {_short(strange)}")
    return Resources(**table)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}... ({len(text)} characters)"
