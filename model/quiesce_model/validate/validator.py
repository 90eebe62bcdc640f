"""The set of possible model states, carried along a trace.

An event may have several readings, and a model may take steps that nobody records; so what is carried is every state in
which the model may be.  That is linear in the length of the trace times the size of the set.  (Rejected: a search with
backtracking, which is what a model checker does with a trace; its time grows with the choices made on the way, and its
counterexample is the deepest branch instead of the first impossible event.)

A successor that breaks a claim is not a possible state of what keeps its promises: it is dropped, and if nothing is
left the event is rejected with the rules that it breaks.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quiesce_model.language import Model, ModelError, Scope
from quiesce_model.validate.events import END, BrokenTrace, Event, check_event
from quiesce_model.validate.follower import Follower, OutOfRoom
from quiesce_model.validate.forgetting import Forgetting
from quiesce_model.validate.layout import Flat
from quiesce_model.validate.mapping import EventMap, Reading, UnknownEvent
from quiesce_model.validate.rejection import Accepted, Reason, Rejected

__all__ = ["TooManyStates", "Validated", "Validator", "validate"]


class TooManyStates(RuntimeError):
    """The events leave open more states than may be carried; nothing is said about the trace."""


@dataclass(frozen=True)
class Validated:
    """A trace that the model allows, to its end.

    :param events: how many there were, the end mark not counted.
    :param witnessed: action -> how often it was taken; only where the trace left no other reading.
    :param most_states: the largest set of possible states.
    :param renumberings: how often numbers were forgotten.
    """

    model: str
    events: int
    witnessed: Mapping[str, int]
    most_states: int
    renumberings: int


class Validator:
    """Feed it events in order, then call `finish`.

    Memory is constant: the set of states, the last few events, the names of living threads.  Not safe for use by
    several threads at once.

    :param model: the model class.
    :param mapping: kind of event -> its readings.
    :param scope: how many of each sort to begin with; widened where a trace needs more.  ``Numbered`` sorts that index
        no map may be left out.
    :param forgetting: which numbers may be dropped; sorts whose maps refer to others come first.
    :param hidden: actions that nobody records; any number of them may happen between two events.
    :param max_states: the largest set of states that is carried.
    :param tail: how many accepted events a rejection shows.
    :raises ModelError: the model breaks a claim in its first state, or does more with numbers than forgetting bears.
    """

    def __init__(
        self,
        model: type[Model],
        mapping: EventMap,
        *,
        scope: Scope,
        forgetting: Sequence[Forgetting] = (),
        hidden: Collection[str] = (),
        max_states: int = 10_000,
        tail: int = 12,
    ) -> None:
        self.model, self.mapping, self.hidden, self.max_states = model, mapping, tuple(hidden), max_states
        self.follower = Follower(model, scope, forgetting)
        unknown = set(self.hidden) - set(self.follower.compiled.actions)
        if unknown:
            raise ModelError(f"hidden: {model.__name__} has no action {sorted(unknown)}")
        self.events = 0
        self.most_states = 1
        self._witnessed: Counter[tuple[str, ...]] = Counter()
        self._tail: deque[tuple[Event, list[tuple[str, ...]]]] = deque(maxlen=tail)
        self._ended = False

    def feed(self, event: Event) -> None:
        """Take one event.

        :raises Rejected: no possible state allows it.
        :raises BrokenTrace: it is not the event that is due.
        :raises UnknownEvent: the mapping does not know its kind.
        :raises TooManyStates: it leaves open too much.
        """
        if self._ended:
            raise BrokenTrace(self.events + 2, f"expected nothing after the end mark, got {dict(event)}")
        op = check_event(event, self.events + 1)
        if op == END:
            self._ended = True
            return
        read = self.mapping.get(op)
        if read is None:
            raise UnknownEvent(f"event {self.events + 1}: expected one of {sorted(self.mapping)}, got op {op!r}")
        readings = read(event)
        names: list[tuple[str, ...]] = []
        if readings:
            taken = self._advance(readings)
            if not taken:
                raise self._rejected(event, readings)
            self._carry(list(taken))
            names = list({(*r.lead, r.action or "(no step)"): None for rs in taken.values() for r in rs})
            if len(names) == 1:
                self._witnessed[names[0]] += 1
        self.events += 1
        self._tail.append((event, names))

    def finish(self) -> Validated:
        """The verdict on a trace that has ended.

        :raises BrokenTrace: there were no events, or no end mark.
        """
        if not self._ended:
            raise BrokenTrace(0, f"expected the end mark {END!r} after event {self.events}: the trace is cut off")
        if not self.events:
            raise BrokenTrace(0, "expected at least one event before the end mark: an empty trace shows nothing")
        return Validated(self.model.__name__, self.events, self.witnessed, self.most_states, self.follower.renumberings)

    @property
    def witnessed(self) -> dict[str, int]:
        """Action -> how often it was taken so far; only where the trace left no other reading."""
        out: Counter[str] = Counter()
        for names, n in self._witnessed.items():
            for name in names:
                out[name] += n
        del out["(no step)"]
        return dict(out)

    def states(self) -> list[dict[str, Any]]:
        """The possible states, in the trace's names and numbers."""
        return self.follower.shown()

    def _advance(self, readings: Sequence[Reading]) -> dict[Flat, list[Reading]]:
        while True:
            try:
                if self.hidden:
                    self.follower.closure(self.hidden, self.max_states)
                    self._carry(self.follower.states)
                return self.follower.advance(readings)
            except OutOfRoom:
                self.follower.make_room()

    def _carry(self, states: list[Flat]) -> None:
        if len(states) > self.max_states:
            raise TooManyStates(f"more than {self.max_states} possible states at event {self.events + 1}")
        self.follower.states = states
        self.most_states = max(self.most_states, len(states))

    # -- why not ----------------------------------------------------------------------------------------------------
    def _rejected(self, event: Event, readings: Sequence[Reading]) -> Rejected:
        some = enumerate(self.follower.states[:3])
        reasons = [x for i, s in some for r in readings for x in self._reasons(i, s, r)]
        tail = [Accepted(e, tuple(" then ".join(n) for n in names)) for e, names in self._tail]
        return Rejected(self.model.__name__, event, self.events, tail, self.states(), reasons)

    def _reasons(self, i: int, state: Flat, r: Reading) -> list[Reason]:
        f = self.follower
        given = ", ".join(f"{n}={v}" for n, v in r.args.items())
        name = f"{' then '.join((*r.lead, r.action))}({given})" if r.action else "no step"
        seen = self._mismatches(state, r.before, "before")
        if r.action is None:
            return [Reason(name, i, mismatches=seen)]
        choices = f.arguments(r)
        if not choices:
            return [Reason(name, i, note="the event names a number that was freed and forgotten")]
        out = []
        for args in choices[:4]:
            before, action = state, r.action
            for action in (*r.lead, r.action):
                step = f.compiled.step(action, before, args)
                if step.after is None or step.broken or action == r.action:
                    break
                before = step.after
            if step.after is None:
                guard = tuple(f.compiled.why_disabled(action, before, args))
                protects = f.compiled.forced(action, before, args).broken
                out.append(Reason(name, i, guard, seen, protects=protects))
            else:
                mismatches = (*seen, *self._mismatches(step.after, r.after, "after"))
                out.append(Reason(name, i, mismatches=mismatches, broken=step.broken))
        return out

    def _mismatches(self, state: Flat, seen: Mapping[Any, Any], when: str) -> tuple[tuple[str, Any, Any], ...]:
        compared = self.follower.compared(state, seen)
        return tuple((f"{what} {when}", expected, got) for what, expected, got in compared if expected != got)


def validate(
    model: type[Model],
    mapping: EventMap,
    events: Iterable[Event],
    *,
    scope: Scope,
    forgetting: Sequence[Forgetting] = (),
    hidden: Collection[str] = (),
) -> Validated:
    """Validate a whole trace, read one event at a time.

    :raises Rejected: at the first event that the model does not allow.
    :raises BrokenTrace: the trace is empty, cut off, or has a gap.
    """
    v = Validator(model, mapping, scope=scope, forgetting=forgetting, hidden=hidden)
    for event in events:
        v.feed(event)
    return v.finish()
