"""Rules D2, D3, D5 and H1: what a drain waited for, seen from the calls' own stamps.

A publication that promises to have drained (CONTINUE, HOLD) says: every call that was running when the upgrade's
drain began, had ended when the upgrade was done.  One that promises to be exclusive (HOLD) says more: at no instant
did a call run on the old version while one ran on the new.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from .history import Call, History, Publication, Verdict

__all__ = ["check_drains"]

_NEVER = 1 << 63


def check_drains(history: History) -> Iterable[Verdict]:
    """D2 and D3 (one verdict each from the same comparison), D5 under HOLD, H1."""
    d2, d3, d5, h1 = (Verdict(rule) for rule in ("D2", "D3", "D5", "H1"))
    waited, exclusive, over = (
        "calls that an upgrade waited for",
        "exclusive swaps",
        "old calls that ran on after a swap",
    )
    d2.sometimes = {waited: 0}
    d3.sometimes = {waited: 0}
    d5.sometimes = {exclusive: 0, over: 0}
    running = _Running(history.calls)
    for before, after in zip(history.publications, history.publications[1:], strict=False):
        if after.done is None or before.version == after.version:
            continue
        if not after.drained:
            d5.sometimes[over] += running.ended_after(before.version, after.begun, after.done) is not None
            continue
        d2.checked += 1
        d2.sometimes[waited] += running.ended_between(after.begun, after.done)
        if (late := running.ended_after(before.version, after.begun, after.done)) is not None:
            d2.broken("a drain ended while a call that was there before it was still running", late, after)
        if after.exclusive:
            d3.checked += 1
            d3.sometimes[waited] = d2.sometimes[waited]
            d5.checked += 1
            d5.sometimes[exclusive] += 1
            if (pair := running.overlap(before.version, after)) is not None:
                d5.broken("old and new ran at once under HOLD", *pair, after)
            if (joined := running.ended_after(before.version, after.done, after.done)) is not None:
                d3.broken("a call ran on the old version after the drain was said to be complete", joined, after)
    _check_handovers(history, h1)
    return (d2, d3, d5, h1)


def _check_handovers(history: History, h1: Verdict) -> None:
    h1.sometimes = {"handovers": len(history.handovers)}
    by_start = sorted((c for c in history.calls if c.started is not None), key=lambda c: c.started or 0)
    starts = [c.started or 0 for c in by_start]
    tails = _running_maximum(by_start)
    for move in history.handovers:
        h1.checked += 1
        k = bisect_left(starts, move.imported)
        if k and tails[k - 1][0] > move.exported:
            h1.broken("a call was running while state was handed over", tails[k - 1][1], move)


def _running_maximum(calls: Iterable[Call]) -> list[tuple[int, Call]]:
    """For calls in the order of their start: the latest end so far, and whose it is."""
    found: list[tuple[int, Call]] = []
    for call in calls:
        end = _NEVER if call.ended is None else call.ended
        found.append((end, call) if not found or end > found[-1][0] else found[-1])
    return found


class _Running:
    """The calls of each version by their start, with the latest end so far: each question is one bisection."""

    def __init__(self, calls: Iterable[Call]) -> None:
        grouped: defaultdict[int, list[Call]] = defaultdict(list)
        for call in calls:
            if call.started is not None and call.outer is None:
                grouped[call.versions[0]].append(call)
        self._calls = {v: sorted(group, key=lambda c: c.started or 0) for v, group in grouped.items()}
        self._starts = {v: [c.started or 0 for c in group] for v, group in self._calls.items()}
        self._tails = {v: _running_maximum(group) for v, group in self._calls.items()}
        self._ends = sorted(
            (c.ended, c.invoked) for group in self._calls.values() for c in group if c.ended is not None
        )

    def ended_after(self, version: int, begun: int, done: int) -> Call | None:
        """A call on `version` that had started before `begun` and ended after `done`, if there is one."""
        k = bisect_left(self._starts.get(version, []), begun)
        if k and self._tails[version][k - 1][0] > done:
            return self._tails[version][k - 1][1]
        return None

    def ended_between(self, begun: int, done: int) -> int:
        """How many calls were there at `begun` and had ended by `done`."""
        low, high = bisect_left(self._ends, (begun, 0)), bisect_left(self._ends, (done, 0))
        return sum(invoked < begun for _, invoked in self._ends[low:high])

    def overlap(self, old: int, publication: Publication) -> tuple[Call, Call] | None:
        """A call on `old` and one on the new version that ran at one instant around `publication`."""
        assert publication.done is not None
        starts = self._starts.get(publication.version, [])
        k = bisect_left(starts, publication.begun)
        if k == len(starts):
            return None
        first = self._calls[publication.version][k]
        late = self.ended_after(old, publication.done, starts[k])
        return None if late is None else (late, first)
