"""Checks for any hot-reload implementation.  This package never imports `quiesce`.

General layout:

    history.py      what is recorded of a run, and what a check answers
    register.py     T2, T3, T4: versioned-register linearizability by bounds, with a witness of two records
    requests.py     R1 to R5
    drains.py       D2, D3, D5, H1
    reclamation.py  M1 to M5, from the probe's own view
    checks.py       all of them over one history
    probe.py        what a plugin under test reports, and the gates that it can be made to wait at
"""

from .checks import check_history
from .history import (
    Call,
    Ending,
    Handover,
    History,
    HistoryError,
    Life,
    Outcome,
    Publication,
    Rest,
    Sighting,
    Verdict,
    Violation,
    merged,
)
from .probe import Answer, Gate, Probe, ProbeError
from .register import check_register

__all__ = [
    "Answer",
    "Call",
    "Ending",
    "Gate",
    "Handover",
    "History",
    "HistoryError",
    "Life",
    "Outcome",
    "Probe",
    "ProbeError",
    "Publication",
    "Rest",
    "Sighting",
    "Verdict",
    "Violation",
    "check_history",
    "check_register",
    "merged",
]
