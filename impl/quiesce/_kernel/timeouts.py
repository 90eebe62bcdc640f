"""Timeouts, checked in one place (rule D4)."""

from __future__ import annotations

from math import isnan

from .errors import InvalidTimeout, InvalidTimeoutType

__all__ = ["checked_timeout"]

_FOREVER = float(2**31)
"""Seconds; longer waits overflow the C types of some platforms, and nobody can tell 68 years from no limit."""


def checked_timeout(what: str, value: object) -> float | None:
    """Give the timeout in seconds, or None for no limit.

    Raises `InvalidTimeout` (a `ValueError`) for NaN and negative numbers; for what is no number at all, bool included,
    an error that is a `TypeError` as well.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTimeoutType(what, value)
    if isnan(value) or value < 0:
        raise InvalidTimeout(what, value)
    return float(value) if value < _FOREVER else None
