"""The algorithm does what the protocol promises, step by step, and the check can tell when it does not."""

from __future__ import annotations

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.known_bad.mutants import calls, drain, lifecycle, reclaim
from quiesce_model.refinement import refines
from quiesce_model.vocabulary import scope

PAIRS = list(zip(algorithm.POLICIES, protocol.POLICIES, strict=True))
BOUNDS = [scope(1, 2, 2, 4, 2), scope(1, 1, 2, 6, 3)]


@pytest.mark.parametrize(("concrete", "abstract"), PAIRS, ids=lambda m: m.__name__)
@pytest.mark.parametrize(
    "bound",
    [
        pytest.param(scope(1, 2, 2, 4, 2), id="two upgraders", marks=pytest.mark.long),
        pytest.param(scope(1, 1, 2, 6, 3), id="room for a revert"),
    ],
)
def test_every_step_is_a_step_of_the_protocol(
    concrete: type[algorithm.Algorithm], abstract: type[protocol.Protocol], bound: dict[type, int]
) -> None:
    """No deviation, and no action of the protocol that the algorithm never takes."""
    result = refines(concrete, abstract, bound)
    assert result.holds, "\n".join(map(str, result.deviations[:3]))
    taken = {name for seen in result.steps.values() for name in seen}
    assert "start" in taken
    assert result.steps["confirm"].keys() == {"start", "-"}


@pytest.mark.parametrize(
    ("mutant", "abstract", "bound"),
    [
        (calls.NoSecondLook, protocol.Continue, scope(1, 1, 2, 4, 2)),
        (calls.NestedReadsThePointer, protocol.Overlap, scope(1, 1, 2, 4, 2)),
        (drain.DrainsNothing, protocol.Continue, scope(1, 1, 2, 4, 2)),
        (drain.GateBesideThePointer, protocol.Hold, scope(1, 1, 2, 4, 2)),
        (lifecycle.IgnoresCancel, protocol.Continue, scope(1, 2, 2, 4, 2)),
        (reclaim.RetiresBeforeTheSwap, protocol.Continue, scope(1, 1, 2, 4, 2)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_mutant_is_no_refinement(
    mutant: type[algorithm.Algorithm], abstract: type[protocol.Protocol], bound: dict[type, int]
) -> None:
    """A mutant whose fault an observer could see takes a step that the protocol does not have."""
    result = refines(mutant, abstract, bound)
    assert not result.holds
    assert "is no step of the protocol" in str(result.deviations[0])
