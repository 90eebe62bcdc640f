"""One protocol that must fail, and everything that is said about how it fails.

The point of a known-bad protocol is to show that the checks can fail, so nothing about it may be vague: which rule,
which claim, after how many steps.  `quiesce_model.known_bad.catalogue` collects the entries and checks each sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from quiesce_model.language import Model, Sort

Kind = Literal["safety", "trap", "liveness"]


@dataclass(frozen=True)
class KnownBad:
    """A model that breaks a rule.

    ``steps`` is the length of the shortest counterexample, in actions; None for liveness, whose witness is a fair cycle
    in the state graph and has no shortest length.  ``kind`` says how it is found: a claim that fails in a state or on a
    step (safety), a state with no way back to ACTIVE (trap), a fair run in which an upgrade never ends (liveness).
    """

    name: str
    model: type[Model]
    scope: Mapping[type[Sort], int]
    breaks: str  # the rule's id
    claim: str  # the name of the claim, or the label of the assertion, that fails
    steps: int | None
    story: str  # the failing run in plain words
    removed_by: tuple[str, ...]  # the actions of the correct algorithm that rule it out
    kind: Kind = "safety"
    defect: int | None = None  # number of the published defect that it is, if it is one
