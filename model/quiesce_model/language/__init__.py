"""The modelling language: a transition system written once, as plain typed Python, and read several ways.

General layout, each part built on the ones before it:

========================  =====================================================================
errors                    what can be wrong, as typed errors with place, reason and advice
sorts, values             the kinds of things, and what a running model is made of
roles                     the decorators
node, expr                the expressions that a model's source is read into
source, symbols           syntax trees with their places; what a name stands for while reading
context .. statements     the reader, in layers; ``reader`` is its face
model                     the base class
plain                     the reference run: the methods themselves, run
evaluate, compare         the expressions, evaluated; both readings held against each other
render                    expressions in model words
========================  =====================================================================

A model imports from here and from nowhere else.
"""

from __future__ import annotations

from quiesce_model.language.compare import Differences, compare_readings, edges_plain, edges_read
from quiesce_model.language.errors import (
    DefinitionError,
    Disabled,
    ModelError,
    OutOfScope,
    Place,
    ReadError,
    ScopeError,
)
from quiesce_model.language.model import Model
from quiesce_model.language.plain import Frozen, Outcome, PlainRun, Refusal
from quiesce_model.language.reader import Action, Claim, Condition, Obligation
from quiesce_model.language.roles import action, invariant, sometimes, theorem, transition
from quiesce_model.language.sorts import Numbered, Scope, Sort
from quiesce_model.language.values import Map, each, every, implies, require

__all__ = [
    "Action",
    "Claim",
    "Condition",
    "DefinitionError",
    "Differences",
    "Disabled",
    "Frozen",
    "Map",
    "Model",
    "ModelError",
    "Numbered",
    "Obligation",
    "OutOfScope",
    "Outcome",
    "Place",
    "PlainRun",
    "ReadError",
    "Refusal",
    "Scope",
    "ScopeError",
    "Sort",
    "action",
    "compare_readings",
    "each",
    "edges_plain",
    "edges_read",
    "every",
    "implies",
    "invariant",
    "require",
    "sometimes",
    "theorem",
    "transition",
]
