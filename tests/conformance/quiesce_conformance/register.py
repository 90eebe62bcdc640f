"""Rules T2, T3 and T4: the plugin as a versioned register, decided by bounds on each publication's instant.

A publication writes the register, a call reads it: at one instant between its invocation and its start, the
version that it ran on must have been the current one.  General linearizability checking is exponential.  Here
the order of the writes is known, and that makes it cheap.

Let x[k] be the unknown instant of publication k.  A call (invoked i, started s) that read publication k says
x[k] <= s and x[k+1] >= i; the publication's own record says begun <= x[k] <= done; and x never decreases.
Where each version is published once, these are bounds on single variables: take the greatest lower bound (a running
maximum) and the least upper bound of each, and compare.  O(n), without a sort: a call's publication is one look-up.

A revert publishes a version again, so such a call may have read one of several publications: a disjunction.
For most calls the publications' own windows leave one of them, found by walking along the windows as a client's
stamps go up.  For the rest: the set of solutions is closed under taking the greater of two solutions, entry by entry
(if the call reads k in x and m > k in y, it can read k in max(x, y): the maximum at k is at most y[m] <= s, and at k+1
it is at least x[k+1] >= i).  So there is a greatest solution, and it is found by lowering from the upper bounds: a call
that cannot read any publication as things stand lowers the *first* one that it still may read, which asks least of
the others.  Nothing is ever raised, so this ends; each publication keeps the calls that read it in a heap, so that
a lowering looks only at those that have to move on.  (Rejected: passes over all calls until nothing changes, which is
quadratic in a chain of reverts.)  `tests/conformance/test_register.py` holds it against a search through all
linearizations.

A failure has a witness of two records: the one that gave the lower bound and the one that gave the upper.

After Gibbons and Korach, *Testing shared memories* (1997), for the read-map case with known write order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate, pairwise

from .columns import CallColumns
from .history import Call, HistoryError, Publication, Violation

__all__ = ["check_register"]

_LATER = 1 << 63
"""Later than any stamp."""
_Row = tuple[int, int, int, int]
"""A call: its row, the version, when it was invoked, when it started."""


def check_register(publications: Sequence[Publication], calls: Sequence[Call] | CallColumns) -> Violation | None:
    """The first violation of T2, T3 or T4, or `None` if the calls are linearizable.

    Args:
        publications: in the order in which they happened; the first one is the registration.
        calls: in any order; fastest where each client's calls stand together, as they were made.  Nested calls are
            left out (they follow R4), and so are calls that have not started.

    Returns:
        The violation with the two records that are enough to see it (where reverts leave a call a choice, they are
        enough together with the publications).

    Raises:
        HistoryError: there are no publications, or they do not stand in an order in which they can have happened.

    """
    if not publications:
        raise HistoryError("expected the registration as the first publication, got no publication at all")
    return _Bounds(publications, calls).violation()


def _rows(calls: Sequence[Call]) -> Iterator[_Row]:
    return (
        (row, call[6][0], call[2], call[3]) for row, call in enumerate(calls) if call[3] is not None and call[8] is None
    )


class _Bounds:
    """For each publication's instant: the bounds, and the record that each of them comes from.

    A source is the row of a call, or -1 - k for publication k.
    """

    def __init__(self, publications: Sequence[Publication], calls: Sequence[Call] | CallColumns) -> None:
        self.publications, self.calls = publications, calls
        n = len(publications)
        # One more entry, for the publication after the last one: it may be as late as you like.
        self.low = [*(p.begun for p in publications), -_LATER]
        self.high = [*(_LATER if p.done is None else p.done for p in publications), _LATER]
        self.low_from = [-1 - k for k in range(n)] + [-n]
        self.high_from = list(self.low_from)
        self.places: dict[int, list[int]] = {}
        for k, publication in enumerate(publications):
            self.places.setdefault(publication.version, []).append(k)

    def violation(self) -> Violation | None:
        """Take in the calls and compare the bounds."""
        rows = self.calls.rows() if isinstance(self.calls, CallColumns) else _rows(self.calls)
        if len(self.places) == len(self.publications):
            broken = self._read_each(rows)
            choosing: list[_Row] = []
        else:
            broken, choosing = self._read_one_of(rows)
        if broken is not None:
            return broken
        self._spread()
        for low, high, low_from, high_from in zip(self.low, self.high, self.low_from, self.high_from, strict=True):
            if low > high:
                return self._named(low_from, high_from)
        return self._settle(choosing) if choosing else None

    def _read_each(self, rows: Iterator[_Row]) -> Violation | None:
        """Calls where each version was published once.  This loop is all that a long history costs."""
        place = {version: ks[0] for version, ks in self.places.items()}
        low, high, low_from, high_from = self.low, self.high, self.low_from, self.high_from
        row = 0
        try:
            for row, version, invoked, started in rows:
                k = place[version]
                if started < high[k]:
                    high[k] = started
                    high_from[k] = row
                k += 1
                if invoked > low[k]:
                    low[k] = invoked
                    low_from[k] = row
        except KeyError:
            return self._unknown(row)
        return None

    def _read_one_of(self, rows: Iterator[_Row]) -> tuple[Violation | None, list[_Row]]:
        """The same, with reverts; gives the calls whose publication the windows leave open."""
        windows_begin = list(accumulate(self.low[:-1], max))
        windows_end = list(accumulate(reversed(self.high), min))[::-1]  # never decreases; the last one is _LATER
        version_at = [publication.version for publication in self.publications]
        begins_again = [_LATER] * len(version_at)  # when the same version's next publication begins, at the earliest
        for ks in self.places.values():
            for k, after in pairwise(ks):
                begins_again[k] = windows_begin[after]
        places, choosing = self.places, []
        low, high, low_from, high_from = self.low, self.high, self.low_from, self.high_from
        at = 0  # the first publication whose window ends at `invoked` or later
        for row in rows:
            number, version, invoked, started = row
            while windows_end[at] < invoked:
                at += 1
            if at and windows_end[at - 1] >= invoked:
                at = bisect_left(windows_end, invoked)
            k = at - 1 if at else 0  # nothing before it can have been current at `invoked`
            if version_at[k] != version:
                if version not in places:
                    return self._unknown(number), []
                ks = places[version]
                index = bisect_left(ks, k)
                if index == len(ks):
                    index -= 1  # too old: the bounds will say so
                k = ks[index]
            if begins_again[k] <= started:
                choosing.append(row)
                continue
            if started < high[k]:
                high[k] = started
                high_from[k] = number
            k += 1
            if invoked > low[k]:
                low[k] = invoked
                low_from[k] = number
        return None, choosing

    def _spread(self) -> None:
        """x never decreases, so a bound holds for all the later (lower bound) or earlier (upper bound) ones."""
        low, high = self.low, self.high
        for k in range(1, len(low)):
            if low[k - 1] > low[k]:
                low[k], self.low_from[k] = low[k - 1], self.low_from[k - 1]
        for k in range(len(high) - 1, 0, -1):
            if high[k] < high[k - 1]:
                high[k - 1], self.high_from[k - 1] = high[k], self.high_from[k]

    def _settle(self, choosing: list[_Row]) -> Violation | None:
        """Calls that may have read one of several publications: lower until all of them can read one."""
        low, high, high_from = self.low, self.high, self.high_from
        readers: list[list[tuple[int, _Row]]] = [[] for _ in self.publications]
        choosing.sort(key=lambda row: row[3], reverse=True)  # the earliest start is taken first: it asks for most
        while choosing:
            row = choosing.pop()
            number, version, invoked, started = row
            ks = self.places[version]
            index = bisect_left(ks, bisect_left(high, invoked) - 1)
            if index == len(ks):
                return self._named(number, high_from[ks[-1] + 1])
            k = ks[index]
            heappush(readers[k], (-invoked, row))
            while k >= 0 and high[k] > started:
                high[k], high_from[k] = started, number
                if low[k] > started:
                    return self._named(self.low_from[k], number)
                k -= 1
                if k >= 0:
                    moved = readers[k]
                    while moved and -moved[0][0] > started:
                        choosing.append(heappop(moved)[1])
        return None

    # -- words -------------------------------------------------------------------------------------------------------
    def _record(self, source: int) -> Call | Publication:
        if source < 0:
            return self.publications[-1 - source]
        return self.calls.call(source) if isinstance(self.calls, CallColumns) else self.calls[source]

    def _unknown(self, row: int) -> Violation:
        return Violation("T2", "a call ran on a version that was never published", (self._record(row),))

    def _named(self, early: int, late: int) -> Violation:
        """`early` had to come before an instant that had to come before `late`, and yet it came after it."""
        records = (self._record(late), self._record(early))
        try:
            rule, what = _WORDS[early < 0, late < 0]
        except KeyError:
            raise HistoryError(
                f"expected publications in the order in which they happened, got {records[1]} and then {records[0]}"
            ) from None
        return Violation(rule, what, records)


_WORDS: Mapping[tuple[bool, bool], tuple[str, str]] = {
    (True, False): ("T2", "a call started on a version before that version's publication began"),
    (False, True): ("T3", "a call was invoked after a publication was done, and ran on an earlier version"),
    (False, False): ("T4", "versions went backwards: one call ran on the newer version before the other was invoked"),
}
"""By whether the early record, and the late one, is a publication."""
