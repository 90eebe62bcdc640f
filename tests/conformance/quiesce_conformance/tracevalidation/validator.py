"""Events held against a transition system, one by one.

What is carried is the set of all states in which the system may be, steps that nobody recorded included.  Sets are
numbered, and what an event makes of a set is worked out once: after that an event is one look-up, so the automaton of
the sets is built while it is walked.  A trace whose sets never recur costs what the system's own answers cost.

Rejected: backtracking over the readings of events (its time grows with the choices on the way, and its counterexample
is the deepest branch, not the first impossible event); building the automaton beforehand (most of it is never met).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from .system import TransitionSystem

__all__ = ["ImpossibleEvent", "TooManyStates", "TraceValidator", "Validated", "validate_trace"]

_SHOWN = 10
_MOST_SETS = 100_000


@dataclass(frozen=True, slots=True)
class Validated:
    """The system allows the trace, to its end."""

    events: int
    most_states: int
    """The largest set of possible states."""


class TooManyStates(RuntimeError):
    """The events leave open more states than may be carried; nothing is said about the trace."""


class ImpossibleEvent(Exception):
    """An event that is possible in none of the states in which the system may be.

    Args:
        matched: how many events were possible before it: the longest prefix that is a behaviour.
        event: the impossible one.
        tail: the last events before it.
        states: the possible states before it.
        guards: what forbids it, for each of the first few states.

    """

    def __init__(
        self,
        matched: int,
        event: Hashable,
        tail: tuple[Hashable, ...],
        states: tuple[Hashable, ...],
        guards: tuple[str, ...],
    ) -> None:
        self.matched, self.event, self.tail, self.states, self.guards = matched, event, tail, states, guards
        super().__init__(matched, event, tail, states, guards)

    def __str__(self) -> str:
        lines = [f"event {self.matched + 1} is impossible: {self.event!r}"]
        lines += [f"    {guard}" for guard in self.guards]
        lines += [f"    the state before may have been {state!r}" for state in self.states[:_SHOWN]]
        lines.append(f"    after {self.matched} events, the last of them {list(self.tail)!r}")
        return "\n".join(lines)


class TraceValidator:
    """Feed it events in order.  For one thread.

    Args:
        system: what the events must be a behaviour of.
        max_states: the largest set that is carried.
        tail: how many events before an impossible one are shown.

    Raises:
        ValueError: the system has no first state.
        TooManyStates: its first states are too many.

    """

    def __init__(self, system: TransitionSystem, *, max_states: int = 10_000, tail: int = 12) -> None:
        self.system, self.max_states = system, max_states
        self.events = 0
        self.most_states = 0
        self._tail: deque[Hashable] = deque(maxlen=tail)
        self._broken = False
        self._sets: list[tuple[Hashable, ...]] = []
        self._tables: dict[frozenset[Hashable], dict[Any, Any]] = {}
        self._now = self._table(self._closed(system.first()))
        if not self._sets[0]:
            raise ValueError("expected a transition system with a first state, got none")

    def feed(self, events: Iterable[Hashable]) -> None:
        """Take events.

        Raises:
            ImpossibleEvent: at the first that is possible in no state; nothing may be fed after it.
            TooManyStates: nothing can be said; nothing may be fed after it.
            RuntimeError: the trace was found impossible before.

        """
        if self._broken:
            raise RuntimeError("expected no events after an impossible one: validate a new trace with a new validator")
        now, ran, note = self._now, self.events, self._tail.append
        self._broken = True
        try:
            for event in events:
                try:
                    now = now[event]
                except KeyError:
                    now = self._work_out(now, event, ran)
                ran += 1
                note(event)
            self._broken = False
        finally:
            self._now, self.events = now, ran

    def finish(self) -> Validated:
        """The verdict on a trace that has ended.

        Raises:
            ValueError: there were no events, which shows nothing.
            RuntimeError: the trace was found impossible.

        """
        if self._broken:
            raise RuntimeError("expected a trace that was possible so far")
        if not self.events:
            raise ValueError("expected at least one event, got an empty trace, which shows nothing")
        return Validated(self.events, self.most_states)

    @property
    def states(self) -> tuple[Hashable, ...]:
        """The possible states now."""
        return self._sets[self._number(self._now)]

    def _number(self, table: dict[Any, Any]) -> int:
        number: int = table[_NUMBER]
        return number

    def _work_out(self, now: dict[Any, Any], event: Hashable, matched: int) -> dict[Any, Any]:
        states = self._sets[self._number(now)]
        found = self._closed(after for state in states for after in self.system.after(state, event))
        if not found:
            guards = (guard for state in states[:_SHOWN] for guard in self.system.why_not(state, event))
            raise ImpossibleEvent(matched, event, tuple(self._tail), states, tuple(dict.fromkeys(guards)))
        if len(self._sets) >= _MOST_SETS:
            self._sets, self._tables = [], {}  # begin anew: memory does not grow with the trace
            return self._table(found)
        after = now[event] = self._table(found)
        return after

    def _table(self, states: tuple[Hashable, ...]) -> dict[Any, Any]:
        key = frozenset(states)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = {_NUMBER: len(self._sets)}
            self._sets.append(states)
            self.most_states = max(self.most_states, len(states))
        return table

    def _closed(self, states: Iterable[Hashable]) -> tuple[Hashable, ...]:
        """With all the states that unrecorded steps lead to."""
        found = dict.fromkeys(states)
        queue = list(found)
        while queue:
            if len(found) > self.max_states:
                raise TooManyStates(f"more than {self.max_states} possible states after {self.events} events")
            for state in self.system.unrecorded(queue.pop()):
                if state not in found:
                    found[state] = None
                    queue.append(state)
        return tuple(found)


class _Number:
    """No event is equal to it."""


_NUMBER = _Number()
"""Where a set's table keeps the set's own number."""


def validate_trace(system: TransitionSystem, events: Iterable[Hashable]) -> Validated:
    """Validate a whole trace, read one event at a time.

    Raises:
        ImpossibleEvent: at the first event that is no behaviour of the system.
        TooManyStates: nothing can be said.
        ValueError: the trace is empty.

    """
    validator = TraceValidator(system)
    validator.feed(events)
    return validator.finish()
