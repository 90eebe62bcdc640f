"""Time limits for what a plugin does while it is upgraded: its build, its hooks.

Python cannot stop a thread.  So what is limited runs in a thread of its own, and when its time is up the upgrade fails
and goes its way out, while that thread goes on until its code returns, with nobody listening.  It is a daemon thread:
it does not keep the process from ending.  For code that must really stop, use a process or WebAssembly.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import replace
from math import isnan
from typing import TypeVar, cast

from quiesce import Candidate, InvalidArgument, InvalidTimeout

__all__ = ["limited", "seconds", "within"]

T = TypeVar("T")
P = TypeVar("P")


def limited(candidate: Candidate[P], build_timeout: float) -> Candidate[P]:
    """Give the candidate with a time limit on its build, for an import or a factory that may never end.

    An upgrade to it then fails in the phase BUILD with a `TimeoutError` as its cause, and the old version serves on.
    What a build that comes too late returns is dropped: it was never initialised, so it is not closed either.

    Raises:
        InvalidArgument, InvalidTimeout: an argument does not fit.

    """
    given = cast("object", candidate)  # callers without a type checker pass anything
    if not isinstance(given, Candidate):
        raise InvalidArgument("candidate", "a Candidate", candidate)
    limit = seconds("build_timeout", build_timeout)
    return replace(candidate, build=lambda: within(limit, candidate.build, "build"))


def seconds(what: str, value: object) -> float:
    """Give a time limit in seconds, more than zero.  Raises `InvalidTimeout`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or isnan(value) or value <= 0:
        raise InvalidTimeout(what, value)
    return min(float(value), threading.TIMEOUT_MAX)


def within(limit: float, work: Callable[[], T], what: str) -> T:
    """Run `work` in a thread of its own and a copy of the running context, for at most `limit` seconds.

    Raises `TimeoutError` if it has not ended by then, and what `work` raises, unchanged.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name=f"quiesce {what}", daemon=True)
    thread.start()
    thread.join(limit)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"{what}: expected an end within {limit:g} s, got none; its thread goes on, unheard")
    return results[0]
