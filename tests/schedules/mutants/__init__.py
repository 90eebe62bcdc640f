"""Mutants of the runtime: the kernel with one thing wrong, fifty times over, and which engine finds which.

General layout:

* `mutant`: what is said of one;
* `calls`, `drain`, `reclaim`, `lifecycle`: the mutants, by what they break;
* `load`: a private copy of the runtime with a patch in it;
* `extras`: small worlds for what the configurations of `quiesce.verify.schedules` leave out;
* `kill`: what a kill is;
* `engines`: those that run the code, each with its budget;
* `onmodel`: those that judge the model's counterpart;
* `matrix`: mutant times engine, as `specs/kill-matrix.json`, and whether that is stale.

They are to the runtime what `quiesce_model.known_bad` is to the model: negative controls.  A mutant that no engine
kills means a check too few.
"""

from __future__ import annotations

from tests.schedules.mutants import calls, drain, lifecycle, reclaim
from tests.schedules.mutants.mutant import BadMutant, Mutant, Patch

__all__ = ["MUTANTS", "BadMutant", "Mutant", "Patch"]

MUTANTS: tuple[Mutant, ...] = (*calls.MUTANTS, *drain.MUTANTS, *reclaim.MUTANTS, *lifecycle.MUTANTS)
