"""Checks for any hot-reload implementation.  This package never imports `quiesce`.

General layout:

    contract.py      what an implementation offers, and what the suite hands to it
    session.py       the one interface over a subject in this process and one behind a pipe
    check.py         what a check is
    inprocess/       subjects in this process; `InProcessHost`
    hosts.py         from what a user wrote to one of the two
    pipe/            subjects in any language, over JSON lines; `PipeHost`
    history.py       what is recorded of a run, and what a check answers
    register.py      T2, T3, T4: versioned-register linearizability by bounds, with a witness of two records
    columns.py       calls as columns, for histories of millions
    linearizability/ any operations against any sequential specification
    tracevalidation/ recorded events as a behaviour of a transition system
    requests.py      R1 to R5
    drains.py        D2, D3, D5, H1
    reclamation.py   M1 to M5, from the probe's own view
    checks.py        all of them over one history
    probe.py         what a plugin under test reports, and the gates that it can be made to wait at
    schedules/       real threads, one step at a time: the engine and its searches
    recording.py     drive a session and make a history of it
    scenarios/       directed checks, steered by gates
    campaign/        randomized programs of calls, gates and upgrades; a failure shrinks
    suite.py         `run_conformance`; shard.py is one run of one check, ledger.py keeps what was done
    profiles.py      which rules each profile is about
    summing_up.py    from single runs to a verdict per rule
    cli/             the command; pytest_plugin.py and test_conformance.py: one pytest test for each rule
    report.py        a verdict per rule and the verdict of all; reports/ writes it in four forms
    rulebook.py      the rules' texts
    files.py         a file is there whole or not at all
"""

from .checks import check_history
from .columns import CallColumns
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
    "CallColumns",
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
