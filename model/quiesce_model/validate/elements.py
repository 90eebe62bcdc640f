"""Which thread of a trace is which element of an unordered sort.

A trace names its threads as it likes.  An element is given out when a name is first seen.  When all are given out, one
that is at rest is taken back: in every possible state each of its cells has its first value.  That is exact because the
elements of an unordered sort are interchangeable: a thread that comes back after its element was taken is given another
one, at rest like the one that it had.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable

from quiesce_model.validate.layout import Flat, Layout

__all__ = ["Elements"]


class Elements:
    """The elements of one unordered sort, by the trace's names."""

    def __init__(self, sort: type) -> None:
        self.sort = sort
        self._of: dict[Hashable, int] = {}

    def find(self, name: Hashable, layout: Layout, states: Collection[Flat]) -> int | None:
        """The element of a name; ``None``: every one in scope is busy."""
        found = self._of.get(name)
        if found is not None:
            return found
        size = layout.width[layout.maps_over(self.sort)[0]] if layout.maps_over(self.sort) else 1
        taken = set(self._of.values())
        free = next((i for i in range(size) if i not in taken), None)
        if free is None:
            free = self._take_back(layout, states)
        if free is not None:
            self._of[name] = free
        return free

    def name(self, element: int) -> Hashable:
        """The trace's name of an element; the number itself where it has none."""
        return next((n for n, i in self._of.items() if i == element), element)

    def _take_back(self, layout: Layout, states: Collection[Flat]) -> int | None:
        maps = layout.maps_over(self.sort)
        for name, i in self._of.items():
            first = [(layout.offset[m] + i, layout.default(m, i)) for m in maps]
            if all(s[at] == value for s in states for at, value in first):
                del self._of[name]
                return i
        return None
