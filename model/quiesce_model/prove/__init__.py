"""Proof for any number of callers, upgraders, versions and epochs: the model's claims as obligations for two solvers.

General layout, each part built on the ones before it:

========================  =====================================================================
smt                       expressions as SMT-LIB 2 text
obligation                one thing to confirm, as a whole script
solvers, worker           z3 and cvc5, each in a child process that is killed at its limit
layers                    which invariants may carry the others
cardinality, counting     how many: counts that move with each step, and why that is allowed
system                    a model, read for proof: what holds before a step for something to hold after it
induction                 the inductive argument of one model, obligation by obligation
words                     words about a model that stand outside of it, read as formulas
refinement                every step of the algorithm is a step of the protocol or invisible to it
ranking, liveness         ranks that fall, and the arguments from them that everything comes to its end
finite                    a model within a small scope, for a solver
bounded                   the shortest run that breaks a claim
counterexample            a failing obligation as two states side by side
proof                     all of it, asked of both solvers, summed up by rule
vacuity, audit, soak      could the proof have failed?  Is it a matter of luck?
========================  =====================================================================

What a solver does not confirm is never called proved: ``sat``, ``unknown``, a time-out and a dead process alike.
"""

from __future__ import annotations

from quiesce_model.prove.induction import induction
from quiesce_model.prove.obligation import Obligation, Reading, formulate
from quiesce_model.prove.smt import ProveError
from quiesce_model.prove.solvers import Answer, Solver, SolverMissingError, check
from quiesce_model.prove.system import System, system

__all__ = [
    "Answer",
    "Obligation",
    "ProveError",
    "Reading",
    "Solver",
    "SolverMissingError",
    "System",
    "check",
    "formulate",
    "induction",
    "system",
]
