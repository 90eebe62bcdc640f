"""Which step of an execution must come before which, and which two could have come the other way round.

*Happens before* is the least order that contains the steps of each thread and every pair of dependent steps.  It is
kept as one integer per step, a bit for each step of its past, itself included: joining two pasts is one machine-speed
"or", and so is asking whether a step is in one.  (Rejected: vector clocks; for the dozens of steps of a schedule they
are slower in Python and need thread numbers.)

A step here is an `Event`: an operation together with those that leave no choice after it (`points.UNASKED`), because
nobody can come in between.  It depends on whatever one of them depends on.

A *race* is a pair of dependent steps of two threads with nothing in between that orders them anyway.  What makes locks
and waits special is that turning a pair round may be impossible: a lock cannot be taken before it is let go.  So the
partner of an operation that blocks (`Op.blocks`) is not what enabled it but the step before which it was last possible:

- taking a lock races with the previous *taking* of it;
- waiting for an event races with the setting or clearing before which the event was already set;
- any other operation that blocks is taken to race with what it depends on.  That is safe: an attempt that turns out
  to be impossible is dropped when it is made, and costs one schedule.

An operation with a timeout does not block: in front of the step that would let it go on, it times out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from quiesce_conformance.schedules.points import Choice, Op

__all__ = ["Detour", "Event", "Order", "dependent", "label"]


class Event(NamedTuple):
    """A step, and what is done with it."""

    thread: str
    choice: Choice
    ops: tuple[Op, ...]
    """Its operation, and those that nobody can come in front of."""
    sure: bool = True
    """Whether it was done once; else what is done with it is not known."""


class Detour(NamedTuple):
    """What is to be tried instead of a step, in the state before it: taken from an execution in which it came first."""

    steps: list[Event]
    fates: Mapping[str, Sequence[str]]
    """Thread -> the labels of what it did there after these steps, and of what it waited for in vain."""


def dependent(one: Event, other: Event) -> bool:
    """Does the order of the two matter?"""
    if one[0] == other[0]:
        return True
    for a in one[2]:
        for b in other[2]:
            if a[1] == b[1] and (a[2] or b[2]):
                return True
    return False


_LABELS: dict[Choice, str] = {}


def label(choice: Choice) -> str:
    """Name what a choice is an attempt at: a wait that times out is the same attempt as one that ends well."""
    name = _LABELS.get(choice)
    if name is None:
        point = choice.op.point
        stem = point.removesuffix(".timeout")
        if stem != point:
            point = stem + (".acquire" if stem.endswith("lock") else ".wait")
        name = _LABELS[choice] = f"{choice.thread} {point}"
    return name


class Order:
    """The steps of one execution, in order, and the past of each."""

    __slots__ = ("_of_object", "_of_thread", "events", "pasts")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pasts: list[int] = []
        self._of_thread: dict[str, list[int]] = {}
        self._of_object: dict[str, list[tuple[int, Op]]] = {}

    def cut(self, length: int) -> None:
        """Forget every step from index `length` on."""
        while len(self.events) > length:
            event = self.events.pop()
            self.pasts.pop()
            self._of_thread[event[0]].pop()
            for op in event[2]:
                self._of_object[op[1]].pop()

    def add(self, event: Event) -> None:
        """Append a step."""
        index = len(self.events)
        thread, _, ops, _ = event
        pasts = self.pasts
        mine = self._of_thread.setdefault(thread, [])
        past = 1 << index
        if mine:
            past |= pasts[mine[-1]]
        for op in ops:
            its = self._of_object.setdefault(op[1], [])
            for earlier, other in reversed(its):
                if earlier < index and (other[2] or op[2]):
                    past |= pasts[earlier]
                    if other[2]:
                        break
            its.append((index, op))
        self.events.append(event)
        pasts.append(past)
        mine.append(index)

    def detour(self, first: int, instead: Event, waiting: Sequence[Choice] = (), *, fates: bool = True) -> Detour:
        """Make the way around step `first`: every later step that need not come after it, in order, then `instead`.

        Args:
            first: its index.
            instead: what is to come before it, or in its place.
            waiting: what threads wait for in vain after the last step.
            fates: whether anybody will ask for the fates.

        """
        bit = 1 << first
        events, pasts = self.events[first:], self.pasts[first:]
        steps = [event for event, past in zip(events, pasts, strict=True) if not past & bit]
        steps.append(instead)
        if not fates:
            return Detour(steps, {})
        found: dict[str, list[str]] = {}
        for event, past in zip(events, pasts, strict=True):
            if past & bit and event[0] != instead[0]:  # what that one does afterwards is not known
                found.setdefault(event[0], []).append(label(event[1]))
        for choice in waiting:
            if choice[0] != instead[0]:
                found.setdefault(choice[0], []).append(label(choice))
        return Detour(steps, found)

    def rivals(self, event: Event, at: int) -> list[int]:
        """Give each step that races with one done at index `at`, or waited for in vain when `at` is the length."""
        found: set[int] = set()
        for op in event[2]:
            earlier = [(k, other) for k, other in self._of_object.get(op[1], ()) if k < at]
            if not earlier:
                continue
            if op[3] and op[0] == "lock.acquire":
                found.update(_taking(earlier))
            elif op[3] and op[0] == "event.wait":
                found.update(_unsetting(earlier))
            elif op[0] == "lock.release":
                found.update(_releasing(earlier))
            else:
                found.update(_touching(op[2], earlier))
        if not found:
            return []
        events, pasts = self.events, self.pasts
        past = 0
        for k in reversed(self._of_thread.get(event[0], ())):
            if k < at:
                past = pasts[k]
                break
        result = sorted(k for k in found if events[k][0] != event[0] and not past >> k & 1)
        if len(result) > 1:
            result = [k for k in result if not any(k != other and pasts[other] >> k & 1 for other in result)]
        return result


def _touching(writes: bool, earlier: list[tuple[int, Op]]) -> list[int]:
    """The last write; for a write, also the reads since."""
    found = []
    for k, op in reversed(earlier):
        if op[2]:
            found.append(k)
            break
        if writes:
            found.append(k)
    return found


def _taking(earlier: list[tuple[int, Op]]) -> list[int]:
    """Who looked at the lock since it was let go; if nobody did, who took it last."""
    taker: list[int] = []
    looks: list[int] = []
    held = False
    for k, op in earlier:
        if op[0] == "lock.release":
            held, looks = False, []
        elif not held and op[0] in {"lock.acquire", "lock.try"}:
            held, taker = True, [k]
        elif not held:
            looks.append(k)
    return taker if held or not looks else looks


def _releasing(earlier: list[tuple[int, Op]]) -> list[int]:
    """Who looked at the lock while it was held."""
    looks: list[int] = []
    held = False
    for k, op in earlier:
        if op[0] == "lock.release":
            held = False
        elif not held and op[0] in {"lock.acquire", "lock.try"}:
            held, looks = True, []
        elif held:
            looks.append(k)
    return looks if held else []


def _unsetting(earlier: list[tuple[int, Op]]) -> list[int]:
    """The last change of the event before which it was set."""
    found: list[int] = []
    is_set = False
    for k, op in earlier:
        if op[2]:
            if is_set:
                found = [k]
            is_set = op[0] == "event.set"
    return found
