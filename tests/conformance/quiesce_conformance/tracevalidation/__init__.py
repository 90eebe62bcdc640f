"""Recorded events as a behaviour of a transition system: the possible states, carried along.

system.py          what a transition system is; one that is read from ``specs/transitions.json``
validator.py       events held against it, one by one; the first impossible one with the guards that forbid it
"""

from .system import TransitionSystem, UpgradeActions
from .validator import ImpossibleEvent, TooManyStates, TraceValidator, Validated, validate_trace

__all__ = [
    "ImpossibleEvent",
    "TooManyStates",
    "TraceValidator",
    "TransitionSystem",
    "UpgradeActions",
    "Validated",
    "validate_trace",
]
