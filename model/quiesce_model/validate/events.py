"""Recorded events: what a line of a trace is, and how a trace is read without holding it in memory.

An event is a JSON object on a line of its own with at least ``seq`` (1, 2, 3, ... without a gap: the one total order in
which things happened) and ``op`` (its kind).  The last line is the end mark ``{"seq": n, "op": "end"}``.

A trace without events, without its end mark or with a gap is an error and never a pass: validators that accepted an
empty file because a path was wrong have been reported for other tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["END", "BrokenTrace", "Event", "read_ndjson"]

Event = Mapping[str, Any]
"""One recorded event: ``seq``, ``op`` and whatever its kind says."""

END = "end"
"""The ``op`` of the end mark."""


class BrokenTrace(ValueError):
    """The trace is not one: it is empty or cut off, a line is no event, or events are missing.

    :param line: the line, counted from 1; 0 where the trace as a whole is meant.
    :param reason: what was expected and what was got.
    """

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason
        super().__init__(line, reason)

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


def read_ndjson(lines: Iterable[str | bytes]) -> Iterator[Event]:
    """Events from lines of JSON, one at a time; an open file will do.

    :raises BrokenTrace: a line is no JSON object, or not an event (the line is named).
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise BrokenTrace(number, "expected a JSON object, got an empty line")
        try:
            event = json.loads(line)
        except ValueError as error:
            raise BrokenTrace(number, f"expected a JSON object, got {_short(line)} ({error})") from error
        if not isinstance(event, dict):
            raise BrokenTrace(number, f"expected a JSON object, got {_short(line)}")
        yield event


def check_event(event: Event, number: int) -> str:
    """The kind of an event that has to be the ``number``-th.

    :raises BrokenTrace: it has no kind, or is not the one that is due.
    """
    op, seq = event.get("op"), event.get("seq")
    if not isinstance(op, str):
        raise BrokenTrace(number, f"expected an event with a text 'op', got {_short(str(dict(event)))}")
    if seq != number or isinstance(seq, bool):
        raise BrokenTrace(number, f"expected the event with seq {number}, got {seq!r}: events are missing or doubled")
    return op


def _short(line: str | bytes) -> str:
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    return repr(text if len(text) <= 80 else text[:77] + "...")
