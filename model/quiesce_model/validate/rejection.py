"""Why an event is impossible, in words: what was matched, where the model may be, and what stood against each reading.

A rejection that says only "no" has been the main complaint about trace validation elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quiesce_model.language import Condition
from quiesce_model.validate.events import Event

__all__ = ["Accepted", "Reason", "Rejected", "show_state"]


@dataclass(frozen=True)
class Accepted:
    """One event of the matched prefix, and what it was taken for."""

    event: Event
    actions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{dict(self.event)}  as  {' or '.join(self.actions)}"


@dataclass(frozen=True)
class Reason:
    """What stood against one reading of the event in one possible state.

    :param reading: the action with its arguments, in the trace's names.
    :param state: the number of the possible state, from 0.
    :param guard: conditions of the action's guard that do not hold.
    :param mismatches: ``(what, expected by the model, got from the event)``.
    :param broken: asserts and claims that the step breaks, with their rule ids.
    :param protects: where the guard does not hold: what the step would break if it were taken all the same.
    """

    reading: str
    state: int
    guard: tuple[Condition, ...] = ()
    mismatches: tuple[tuple[str, Any, Any], ...] = ()
    broken: tuple[tuple[str, tuple[str, ...]], ...] = ()
    protects: tuple[tuple[str, tuple[str, ...]], ...] = ()
    note: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that are broken, or would be."""
        return tuple(dict.fromkeys(r for _, rules in (*self.broken, *self.protects) for r in rules))

    def lines(self) -> list[str]:
        """The reason as text."""
        out = [f"{self.reading}, in state {self.state}:"]
        out += [f"    guard does not hold: {c.text}    ({c.place})" for c in self.guard]
        out += [f"    {what}: expected {_word(e)}, got {_word(g)}" for what, e, g in self.mismatches]
        out += [f"    breaks {', '.join(r) or 'a lemma'}: {name}" for name, r in self.broken]
        out += [f"    were it taken, it would break {', '.join(r) or 'a lemma'}: {name}" for name, r in self.protects]
        if self.note:
            out.append(f"    {self.note}")
        return out


class Rejected(Exception):
    """An event that no possible state of the model allows.

    :param model: the name of the model.
    :param event: the impossible event.
    :param matched: how many events were accepted before it: the longest matched prefix.
    :param tail: the last of them.
    :param states: the possible states before the event, in the trace's numbers.
    :param reasons: what stood against each reading in each state.
    """

    def __init__(
        self,
        model: str,
        event: Event,
        matched: int,
        tail: Sequence[Accepted],
        states: Sequence[Mapping[str, Any]],
        reasons: Sequence[Reason],
    ) -> None:
        self.model, self.event, self.matched = model, event, matched
        self.tail, self.states, self.reasons = tuple(tail), tuple(states), tuple(reasons)
        super().__init__(model, event, matched)

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules at stake, over all readings."""
        return tuple(dict.fromkeys(r for reason in self.reasons for r in reason.rules))

    @property
    def guards(self) -> tuple[str, ...]:
        """The source text of every guard condition that did not hold."""
        return tuple(dict.fromkeys(c.text for reason in self.reasons for c in reason.guard))

    def __str__(self) -> str:
        out = [f"{self.model} does not allow event {self.matched + 1}: {dict(self.event)}", ""]
        out.append(f"Matched before it: {self.matched} events, the last of them")
        out += [f"    {a}" for a in self.tail] or ["    (none)"]
        out.append(f"Possible states: {len(self.states)}")
        for i, s in enumerate(self.states[:3]):
            out += [f"  state {i}:", *(f"    {line}" for line in show_state(s))]
        if len(self.states) > 3:
            out.append(f"  ... and {len(self.states) - 3} more")
        out.append("What stood against each reading:")
        out += [f"  {line}" for reason in self.reasons for line in reason.lines()]
        if not self.reasons:
            out.append("  the event has no reading")
        return "\n".join(out)


def show_state(state: Mapping[str, Any]) -> list[str]:
    """A state as lines of text; a map's entries in one line."""
    out = []
    for name, value in state.items():
        if isinstance(value, Mapping):
            cells = ", ".join(f"{_word(k)}: {_word(v)}" for k, v in value.items())
            out.append(f"{name:<12} {{{cells}}}")
        else:
            out.append(f"{name:<12} {_word(value)}")
    return out


def _word(value: Any) -> str:
    return str(getattr(value, "name", value))
