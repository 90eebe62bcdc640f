"""Rules R1 to R5: what a client is promised about each of its calls."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from .history import Call, Ending, History, Verdict

__all__ = ["calls_across", "check_requests"]


def calls_across(history: History) -> int:
    """How many calls were under way at the very instant at which some publication was seen to be done."""
    stamps = sorted(p.done for p in history.publications if p.done is not None)
    return sum(
        call.ended is not None and bisect_left(stamps, call.ended) > bisect_right(stamps, call.invoked)
        for call in history.calls
    )


def check_requests(history: History) -> Iterable[Verdict]:
    """R1 to R5.  R6 shows in the settled end: a hold that leaked keeps its version from being freed (M5)."""
    closed = {life.version: min(life.closed) for life in history.lives if life.closed}
    ready = {life.version: life.initialised for life in history.lives}
    by_number = {call.number: call for call in history.calls}
    last = history.publications[-1].begun
    r1, r2, r3, r4, r5 = (Verdict(rule) for rule in ("R1", "R2", "R3", "R4", "R5"))
    r1.sometimes = {"calls that ended with their own exception": 0}
    r2.sometimes = {"calls in flight while a version was published": calls_across(history)}
    r3.sometimes = {"versions that were closed": len(closed)}
    r4.sometimes = {"nested calls whose version was no longer current": 0}
    r5.sometimes = {"publications": len(history.publications) - 1}
    done_by_version = _first_replacement(history)

    for call in history.calls:
        if call.ending is Ending.REFUSED:
            continue
        r1.checked += 1
        r1.sometimes["calls that ended with their own exception"] += call.ending is Ending.RAISED
        if call.ending is Ending.FOREIGN:
            r1.broken("a call ended with another call's result", call)
        elif call.returned is None and history.settled:
            r1.broken("a call never ended", call)
        r5.checked += 1
        if call.ending is Ending.BROKEN:
            r5.broken(f"a call failed by no fault of its own: {call.error}", call)
        if call.started is None:
            continue
        version = call.versions[0]
        r2.checked += 1
        if len(set(call.versions)) > 1:
            r2.broken(f"a call met versions {sorted(set(call.versions))}", call)
        r3.checked += 1
        gone = closed.get(version)
        if gone is not None and (call.ended is None or gone < call.ended):
            r3.broken(f"version {version} was closed at {gone} before a call on it had ended at {call.ended}", call)
        born = ready.get(version)
        if version in ready and (born is None or born > call.started):
            r3.broken(f"a call ran on version {version} before its init was done at {born}", call)
        if call.outer is not None:
            r4.checked += 1
            outer = by_number.get(call.outer)
            if outer is None or outer.version != version:
                r4.broken("a nested call ran on another version than the call around it", call, outer)
            replaced = done_by_version.get(version)
            r4.sometimes["nested calls whose version was no longer current"] += (
                replaced is not None and replaced <= call.invoked <= last
            )
    # "Exactly once": the client's side is one record per call; the plugin's side must not have run it twice.
    if len(by_number) != len(history.calls):
        seen: set[int] = set()
        for call in history.calls:
            if call.number in seen:
                r1.broken("a call was run more than once", call)
            seen.add(call.number)
    return (r1, r2, r3, r4, r5)


def _first_replacement(history: History) -> dict[int, int]:
    """For each version the stamp by which it had been replaced as the current one, for the first time."""
    replaced: dict[int, int] = {}
    for before, after in zip(history.publications, history.publications[1:], strict=False):
        if after.done is not None:
            replaced.setdefault(before.version, after.done)
    return replaced


def in_flight_at(calls: Iterable[Call], stamp: int) -> int:
    """How many calls had surely started before `stamp` and surely ended after it."""
    return sum(
        call.started is not None and call.started < stamp and (call.ended is None or call.ended > stamp)
        for call in calls
    )
