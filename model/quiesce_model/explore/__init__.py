"""The explorer: every state that a model can reach within a finite scope, and the graph of them.

General layout, each part built on the ones before it:

========================  =====================================================================
ground                    a model within a scope: instances of actions, no quantifiers left
layout, symmetry          which parts a state has; when elements are interchangeable
analysis                  which parts a step or claim looks at, what need not be checked again
codegen, steps, loop      generated Python: expressions; steps and claims; the search loop
tables, machine           numbered parts and what happens at them; the compiled model
bounds, pieces, result    how far to go; when to look; what was found
trace, replay, render     genuine, unpermuted counterexamples: found, run again, as text
traps, orbits             no-trap by backward passes; what a reduced exploration stands for
sections, checkpoint      a search kept in a file, and gone on with
beside, breadth, verdict  breadth-first search with all checks
asked, search, shards     what is asked, checked; one exploration; many, on any executor
graph, liveness, tour     the unreduced graph for networkx; fair cycles; walks over all edges
========================  =====================================================================

Import the names below and no others: the rest changes for speed's sake.
"""

from __future__ import annotations

from quiesce_model.explore.asked import UnknownClaimError
from quiesce_model.explore.graph import GraphTooLargeError, no_trap, nodes_where, state_at, state_graph
from quiesce_model.explore.liveness import Lasso, Liveness, fair_cycle
from quiesce_model.explore.replay import ReplayError
from quiesce_model.explore.result import Label, Progress, Result, Step, Unreduced, Verdict, Violation
from quiesce_model.explore.search import explore
from quiesce_model.explore.sections import CheckpointError
from quiesce_model.explore.shards import Answer, Job, explore_many
from quiesce_model.explore.symmetry import SymmetryError
from quiesce_model.explore.tour import transition_tour

__all__ = [
    "Answer",
    "CheckpointError",
    "GraphTooLargeError",
    "Job",
    "Label",
    "Lasso",
    "Liveness",
    "Progress",
    "ReplayError",
    "Result",
    "Step",
    "SymmetryError",
    "UnknownClaimError",
    "Unreduced",
    "Verdict",
    "Violation",
    "explore",
    "explore_many",
    "fair_cycle",
    "no_trap",
    "nodes_where",
    "state_at",
    "state_graph",
    "transition_tour",
]
