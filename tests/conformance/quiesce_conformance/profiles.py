"""Which rules each profile is about.

A rule may belong to several profiles, since it says different things where there is more to go wrong: the policies are
held to D5, each to its own part.  Every rule of the rulebook is in some profile; a test holds that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .contract import NEEDS, Profile
from .rulebook import rulebook

__all__ = ["BEYOND_CORE", "claimed", "rules_of"]

BEYOND_CORE: Final[Mapping[Profile, tuple[str, ...]]] = {
    Profile.HOLD: ("D5", "R6", "V3"),
    Profile.OVERLAP: ("D5", "M7"),
    Profile.PROBATION: ("L3", "T4"),
    Profile.HANDOVER: ("H1", "H2"),
    Profile.MANAGER: ("G1", "G2", "G3"),
}
"""What a profile is about beside the rules that everybody is held to."""
_NOT_CORE: Final = {"R6", "M7", "H1", "H2", "G1", "G2", "G3"}
"""What means nothing without holding, overlapping, handing over or a manager.  D5, L3 and T4 do."""


def rules_of(profile: Profile) -> tuple[str, ...]:
    """The rules that a claim of `profile` is judged by, in the rulebook's order."""
    if profile is Profile.CORE:
        return tuple(rule for rule in rulebook() if rule not in _NOT_CORE)
    return tuple(rule for rule in rulebook() if rule in BEYOND_CORE[profile])


def claimed(capabilities: Iterable[str]) -> tuple[Profile, ...]:
    """The profiles that somebody with these capabilities claims: core, and each whose needs it has."""
    has = set(capabilities)
    return tuple(profile for profile in Profile if profile is Profile.CORE or NEEDS[profile] <= has)
