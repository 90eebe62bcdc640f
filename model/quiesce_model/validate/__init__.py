"""Trace validation: is what was recorded a behaviour of the model?

General layout:

===========  ==========================================================================
events       what a line of a trace is; NDJSON; empty and truncated traces are errors
mapping      which model actions an event may stand for
layout       states as flat tuples
compiled     actions and claims of a model as functions
forgetting   renumbering, so that endless runs fit a small scope, and why that is exact
elements     which thread of the trace is which element of the model
follower     the possible states, and what a reading makes of them
validator    the set of possible states, carried along
rejection    why an event is impossible, in words
seam         the mapping for traces of the kernel's seam and the algorithm model
===========  ==========================================================================

Nothing here imports the runtime: a trace from any implementation will do.
"""

from __future__ import annotations

from quiesce_model.validate.events import END, BrokenTrace, Event, read_ndjson
from quiesce_model.validate.forgetting import Forgetting
from quiesce_model.validate.mapping import ANY, EventMap, Reading, UnknownEvent
from quiesce_model.validate.rejection import Reason, Rejected
from quiesce_model.validate.validator import TooManyStates, Validated, Validator, validate

__all__ = [
    "ANY",
    "END",
    "BrokenTrace",
    "Event",
    "EventMap",
    "Forgetting",
    "Reading",
    "Reason",
    "Rejected",
    "TooManyStates",
    "UnknownEvent",
    "Validated",
    "Validator",
    "read_ndjson",
    "validate",
]
