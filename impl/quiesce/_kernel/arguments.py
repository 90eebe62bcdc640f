"""Arguments, checked in one place.

Callers without a type checker pass anything.  What does not fit is refused before anything is changed, with an error
that says what was expected and what was got.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Any, TypeVar

from .errors import InvalidArgument, InvalidTimeout, InvalidTimeoutType

__all__ = ["checked", "checked_callable", "checked_integer", "checked_timeout", "is_text"]

T = TypeVar("T")

_FOREVER = float(2**31)
"""Seconds; longer waits overflow the C types of some platforms, and nobody can tell 68 years from no limit."""


def checked(what: str, value: Any, kind: type[T]) -> T:
    """Give the value if it is of that kind.  Raises `InvalidArgument`."""
    if not isinstance(value, kind):
        raise InvalidArgument(what, f"a {kind.__name__}", value)
    return value


def checked_callable(what: str, value: Any, takes: str) -> Callable[..., Any] | None:
    """Give the value if it is None or can be called.  Raises `InvalidArgument`."""
    if value is not None and not callable(value):
        raise InvalidArgument(what, f"a callable that takes {takes}, or None", value)
    return value  # type: ignore[no-any-return]  # callable() does not narrow Any to a signature


def checked_integer(what: str, value: Any, lowest: int) -> int:
    """Give the value if it is an integer, but no bool, and not below `lowest`.  Raises `InvalidArgument`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
        raise InvalidArgument(what, f"an integer, at least {lowest}", value)
    return value


def checked_timeout(what: str, value: Any) -> float | None:
    """Give the timeout in seconds, or None for no limit (rule D4).

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


def is_text(value: Any) -> bool:
    """Say whether a name that somebody passed is text at all."""
    return isinstance(value, str)
