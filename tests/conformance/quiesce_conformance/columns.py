"""Calls as columns: what the register check reads of a call, and nothing else.

A `Call` is a tuple of ten, and a million of them are some 250 MB; a load that runs for hours keeps four numbers per
call instead.  Each client has columns of its own, so nobody waits for anybody while recording, and they are joined
when the run is over.

Rejected: numpy (the check reads each number once, in one loop of pure Python, and is far above what is asked of it);
one list of tuples (four times the memory of `array`, and the collector walks it).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import count

from .history import Call, HistoryError

__all__ = ["CallColumns"]


class CallColumns:
    """Calls that started and were not nested, a row for each.  Written by one thread; read by any number after that."""

    __slots__ = ("clients", "invoked", "started", "versions")

    def __init__(self) -> None:
        self.clients, self.invoked, self.started, self.versions = (array("q") for _ in range(4))

    def add(self, client: int, invoked: int, started: int, version: int) -> None:
        """Enter one call: two stamps of one clock (see `history`) and the version that it started on.

        Raises:
            OverflowError: a number does not fit into 64 bits; nothing is entered.

        """
        row = array("q", (client, invoked, started, version))
        self.clients.append(row[0])
        self.invoked.append(row[1])
        self.started.append(row[2])
        self.versions.append(row[3])

    @classmethod
    def of(cls, calls: Iterable[Call]) -> CallColumns:
        """The calls that the register check is about: those that started, nested ones left out."""
        columns = cls()
        for call in calls:
            if call.outer is None and call.started is not None:
                columns.add(call.client, call.invoked, call.started, call.versions[0])
        return columns

    @classmethod
    def joined(cls, parts: Iterable[CallColumns]) -> CallColumns:
        """The rows of all clients, one client after the other: the check needs no common order."""
        columns = cls()
        for part in parts:
            for name in cls.__slots__:
                getattr(columns, name).extend(getattr(part, name))
        return columns

    def check(self) -> None:
        """Raise `HistoryError` if the columns are of different lengths or a call started before it was invoked."""
        lengths = {len(getattr(self, name)) for name in self.__slots__}
        if len(lengths) != 1:
            raise HistoryError(f"expected columns of one length, got {sorted(lengths)}")
        for number, (invoked, started) in enumerate(zip(self.invoked, self.started, strict=True)):
            if started < invoked:
                raise HistoryError(f"expected invoked <= started, got {self.call(number)!r}")

    def __len__(self) -> int:
        return len(self.versions)

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        """For each call: its row, the version, when it was invoked, when it started."""
        return zip(count(), self.versions, self.invoked, self.started)

    def call(self, row: int) -> Call:
        """One row as a record, to be shown."""
        return Call(row, self.clients[row], self.invoked[row], self.started[row], None, None, (self.versions[row],))
