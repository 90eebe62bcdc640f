"""What an event may have been: the model actions that it can stand for, and what was seen.

A mapping is a function from an event to its readings.  Several readings are alternatives: those that the model allows
are all carried on, and later events decide.  No reading at all means that the event says nothing about the model.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.validate.events import Event

__all__ = ["ANY", "EventMap", "Reading", "UnknownEvent"]


class _Any:
    def __repr__(self) -> str:
        return "ANY"


ANY = _Any()
"""An argument that the event does not tell: every element of the sort is tried."""

Cell = str | tuple[str, Hashable]
"""A state variable, or an entry of a map: ``"now"``, ``("code", 3)``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One model action that an event may stand for.

    :param action: its name; ``None``: a stutter, the event changes nothing (``before`` is still looked at).
    :param args: parameter -> the trace's name of an element: any hashable for an unordered sort (a thread's number),
        the trace's number for a ``Numbered`` one, or ``ANY``.
    :param before: cell -> the value that was seen before the step.
    :param after: cell -> the value that was seen after it.
    :param lead: actions with the same arguments that nobody records and that come directly before.
    """

    action: str | None
    args: Mapping[str, Hashable] = field(default_factory=dict)
    before: Mapping[Cell, Any] = field(default_factory=dict)
    after: Mapping[Cell, Any] = field(default_factory=dict)
    lead: tuple[str, ...] = ()


EventMap = Mapping[str, Callable[[Event], Sequence[Reading]]]
"""Kind of event (``op``) -> its readings."""


class UnknownEvent(LookupError):
    """The mapping does not know the kind of an event: nothing can be said about the trace."""
