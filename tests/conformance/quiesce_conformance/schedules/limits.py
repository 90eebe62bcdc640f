"""Bounds that a search is given, checked before anything runs.

A bound of zero, or one that is no number, would make a search that covers nothing and passes: so each of these is an
error that says what was expected.
"""

from __future__ import annotations

import math

from .errors import ScheduleError

__all__ = ["BadLimit", "seconds", "whole"]


class BadLimit(ScheduleError, ValueError):
    """A bound that makes no sense.  Nothing has been run."""

    def __init__(self, name: str, expected: str, got: object) -> None:
        super().__init__(f"{name}: expected {expected}, got {got!r} ({type(got).__name__})")
        self.name = name


def whole(name: str, value: object, *, least: int = 1, optional: str | None = None) -> None:
    """Raise `BadLimit` unless it is a whole number, `least` or more, or None where `optional` says what that means."""
    if value is None and optional is not None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        wanted = f"a whole number, {least} or more"
        raise BadLimit(name, f"{wanted}, or None for {optional}" if optional is not None else wanted, value)


def seconds(name: str, value: object, *, optional: str | None = None) -> None:
    """Raise `BadLimit` unless it is a finite number above 0, or None where `optional` says what that means."""
    if value is None and optional is not None:
        return
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    if not fits:
        wanted = "a finite number of seconds above 0"
        raise BadLimit(name, f"{wanted}, or None for {optional}" if optional is not None else wanted, value)
