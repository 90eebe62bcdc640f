"""Rules T2, T3 and T4: the plugin as a versioned register, decided by bounds on each publication's instant.

A publication writes the register, a call reads it: at one instant between its invocation and its start, the
version that it ran on must have been the current one.  General linearizability checking is exponential.  Here
the order of the writes is known, and that makes it cheap.

Let x[k] be the unknown instant of publication k.  A call (invoked i, started s) that read publication k says
x[k] <= s and x[k+1] >= i; the publication's own record says begun <= x[k] <= done; and x never decreases.
Where each version is published once, these are bounds on single variables: sort the calls by their publication,
take the greatest lower bound (a running maximum) and the least upper bound of each, and compare.  O(n).

A revert publishes a version again, so such a call may have read one of several publications: a disjunction.
The set of solutions is still closed under taking the greater of two solutions, entry by entry (if the call reads
k in x and m > k in y, it can read k in max(x, y): the maximum at k is at most y[m] <= s, and at k+1 it is at
least x[k+1] >= i).  So there is a greatest solution, and it is found by lowering from the upper bounds: a call that
cannot read any publication as things stand lowers the *first* one that it still may read, which asks least of
the others.  Nothing is ever raised, so this ends.  `tests/conformance/test_history.py` holds it against a search
through all linearizations.

A failure has a witness of two records: the one that gave the lower bound and the one that gave the upper.

After Gibbons and Korach, *Testing shared memories* (1997), for the read-map case with known write order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .history import Call, HistoryError, Publication, Violation

__all__ = ["check_register"]

_LATER = 1 << 63  # later than any stamp


def check_register(publications: Sequence[Publication], calls: Sequence[Call]) -> Violation | None:
    """The first violation of T2, T3 or T4, or `None` if the calls are linearizable.

    Nested calls are left out (they follow R4), and so are calls that have not started.
    """
    places: dict[int, list[int]] = {}
    for k, publication in enumerate(publications):
        places.setdefault(publication.version, []).append(k)
    bounds = _Bounds(publications)
    several: list[Call] = []
    for call in calls:
        if call.outer is not None or call.started is None:
            continue
        found = places.get(call.versions[0])
        if found is None:
            return Violation("T2", "a call ran on a version that was never published", (call,))
        if len(found) > 1:
            several.append(call)
        else:
            bounds.read(found[0], call)
    bounds.spread()
    if (broken := bounds.contradiction()) is not None:
        return broken
    return bounds.settle(several, places)


class _Bounds:
    """For each publication's instant: the bounds, and the record that each of them comes from."""

    def __init__(self, publications: Sequence[Publication]) -> None:
        self.low = [p.begun for p in publications]
        self.low_from: list[Call | Publication] = list(publications)
        self.high = [_LATER if p.done is None else p.done for p in publications]
        self.high_from: list[Call | Publication] = list(publications)
        self.low.append(-_LATER)  # the publication after the last one: it may be as late as you like
        self.low_from.append(publications[-1])
        self.high.append(_LATER)
        self.high_from.append(publications[-1])

    def read(self, k: int, call: Call) -> None:
        """`call` read publication k, for there is no other of its version."""
        assert call.started is not None
        if call.started < self.high[k]:
            self.high[k], self.high_from[k] = call.started, call
        if call.invoked > self.low[k + 1]:
            self.low[k + 1], self.low_from[k + 1] = call.invoked, call

    def spread(self) -> None:
        """x never decreases, so a bound holds for all the later (lower bound) or earlier (upper bound) ones."""
        for k in range(1, len(self.low)):
            if self.low[k - 1] > self.low[k]:
                self.low[k], self.low_from[k] = self.low[k - 1], self.low_from[k - 1]
        for k in range(len(self.high) - 1, 0, -1):
            self._lower(k - 1, self.high[k], self.high_from[k])

    def _lower(self, k: int, value: int, source: Call | Publication) -> bool:
        if value >= self.high[k]:
            return False
        self.high[k], self.high_from[k] = value, source
        return True

    def contradiction(self) -> Violation | None:
        for k, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if low > high:
                return _named(self.low_from[k], self.high_from[k])
        return None

    def settle(self, several: Sequence[Call], places: dict[int, list[int]]) -> Violation | None:
        """Calls of a version that was published more than once: lower until all of them can read one."""
        while True:
            lowered = False
            for call in several:
                assert call.started is not None
                k = next(self._readable(call, places[call.versions[0]]), None)
                if k is None:
                    last = places[call.versions[0]][-1]
                    return _named(call, self.high_from[last + 1])
                for j in range(k, -1, -1):
                    if not self._lower(j, call.started, call):
                        break
                    lowered = True
                    if self.low[j] > self.high[j]:
                        return _named(self.low_from[j], call)
            if not lowered:
                return None

    def _readable(self, call: Call, ks: Sequence[int]) -> Iterator[int]:
        """The publications after which the call may still come before the next one."""
        return (k for k in ks if self.high[k + 1] >= call.invoked)


def _named(early: Call | Publication, late: Call | Publication) -> Violation:
    """`early` had to come before an instant that had to come before `late`, and yet it came after it."""
    match early, late:
        case Publication(), Call():
            return Violation("T2", "a call started on a version before that version's publication began", (late, early))
        case Call(), Publication():
            return Violation(
                "T3", "a call was invoked after a publication was done, and ran on an earlier version", (late, early)
            )
        case Call(), Call():
            return Violation(
                "T4",
                "versions went backwards: one call ran on the newer version before the other was invoked",
                (late, early),
            )
    raise HistoryError(f"expected publications in the order in which they happened, got {early} and then {late}")
