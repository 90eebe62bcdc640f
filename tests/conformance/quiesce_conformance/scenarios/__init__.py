"""Directed checks: each drives a subject into one dangerous situation by gates, and says what has to come of it.

stage.py     from a function that drives a script to a check
steering.py  waits that scenarios share
core.py      what everybody is held to
claims.py    hold, overlap, probation, handover, manager
"""

from collections.abc import Mapping
from typing import Final

from quiesce_conformance.check import Check

from . import claims, core

__all__ = ["CHECKS", "OUT_OF_SCOPE"]

CHECKS: Final[tuple[Check, ...]] = (*core.CHECKS, *claims.CHECKS)
OUT_OF_SCOPE: Final[Mapping[str, str]] = {
    "D1": "an epoch is nothing that can be seen from outside; what follows from it is judged by D2 and D3",
    "V4": "a retry inside an implementation is nothing that can be seen from outside",
}
"""Rules that no check from outside can show, and why."""
