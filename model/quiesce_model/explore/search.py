"""The explorer's front door: `explore`.

What a search does is in `breadth`; what it keeps, in `tables`; how far it may go, in `bounds`; how it is stopped and
gone on with, in `checkpoint`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from quiesce_model.explore.asked import check_claims, check_goals, check_model, check_scope, check_sorts
from quiesce_model.explore.bounds import Bounds, Watch
from quiesce_model.explore.breadth import Search
from quiesce_model.explore.checkpoint import Checkpoint
from quiesce_model.explore.machine import Machine, PackedOverflow
from quiesce_model.explore.result import Progress, Result
from quiesce_model.language.model import Model
from quiesce_model.language.sorts import Scope, Sort

__all__ = ["explore"]

FIRST_BITS = 12


def explore(
    model: type[Model],
    scope: Scope,
    *,
    packed: bool = False,
    symmetric: bool | Collection[type[Sort]] = (),
    claims: Collection[str] | None = None,
    max_states: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
    progress: Callable[[Progress], object] | None = None,
    deadlock: bool = True,
    vacuity: bool = True,
    always_reachable: Collection[str] = (),
    unreduced: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = 300.0,
    resume: bool = False,
) -> Result:
    """Visit every state that a model can reach within a scope, and judge every claim on the way.

    Args:
        model: the model class.
        scope: how many elements of each sort there are.
        packed: keep each state as one integer: less memory, more time.
        symmetric: ``True`` or the unordered sorts whose elements are taken to be interchangeable.
        claims: names or rule ids of the claims to judge; ``None`` for all.  Asserts in actions are always judged.
        max_states: stop beyond so many states.
        max_seconds: stop after so many seconds of monotonic time.
        max_bytes: stop beyond so many bytes of resident memory.
        progress: called with a `Progress` at most ten times a second, in the searching thread.
        deadlock: whether a state in which nothing can be done is a violation.
        vacuity: whether a ``sometimes`` that no state shows, or an action that is never taken, is one.
        always_reachable: names of ``sometimes`` claims that must be reachable again from every state (no trap).
        unreduced: count the states and edges that a reduced exploration stands for as well.
        checkpoint: a file to keep the search in, at times and when it is stopped; it is removed when the search comes
            to its end.
        checkpoint_seconds: how long to wait at least between two checkpoints; they are written between two depths.
        resume: go on from the file that ``checkpoint`` names: the counts, depths and traces are those of a run that was
            never stopped.  The bounds are those of this run; ``max_seconds`` counts from now.

    Returns:
        What was found.  Out of bounds, or after Ctrl-C, the verdict is UNFINISHED and the counts are those so far;
        after Ctrl-C, those at the beginning of the depth that was under way.

    Raises:
        SymmetryError: sorting is not exact for one of the sorts in ``symmetric``.
        ModelError: the model or the scope is not well formed.
        UnknownClaimError: the model has no such claim or rule.
        TypeError, ValueError: an argument is of another kind, or a bound is none.
        CheckpointError: the checkpoint cannot be written there, is there already (without ``resume``), or (with it) is
            missing, damaged, or of another model, scope, symmetry or set of claims.
    """
    check_model(model)
    check_scope(model, scope)
    check_claims(model, claims)
    sorts = check_sorts(symmetric, scope)
    watch = Watch(Bounds(max_states, max_seconds, max_bytes), progress)
    if resume and checkpoint is None:
        raise ValueError("resume=True: expected a checkpoint to go on from, got none; name its file")
    keeper = None
    if checkpoint is not None:
        keeper = Checkpoint(Path(checkpoint), resume=resume, every_seconds=checkpoint_seconds, deadlock=deadlock)
    bits = FIRST_BITS if packed else 0
    while True:
        machine = Machine(model, scope, claims=claims, symmetric=sorts, bits=bits)
        check_goals(model, always_reachable, machine.sometimes)
        try:
            return Search(
                machine,
                watch,
                deadlock=deadlock,
                vacuity=vacuity,
                always_reachable=always_reachable,
                unreduced=unreduced,
                checkpoint=keeper,
            ).run()
        except PackedOverflow:
            bits *= 2
