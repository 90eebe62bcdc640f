"""What the suite says of every subject whose verdict is known beforehand, rule by rule, as a file.

    python -m tests.conformance.subjects.matrix [runs]      (`make adequacy`)

A fault mostly breaks more rules than its own, so the whole row is written and not only "caught".  The right designs are
run `runs` times with as many seeds; any alarm is written down.  The file is ``specs/adequacy-matrix.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "conformance")]

from quiesce_conformance import files  # noqa: E402 - the suite is beside this file where it is not installed
from quiesce_conformance.inprocess import InProcessHost  # noqa: E402
from quiesce_conformance.report import Report, Standing  # noqa: E402
from quiesce_conformance.suite import run_conformance  # noqa: E402
from subjects.bad import ALL_BAD  # noqa: E402
from subjects.correct import ALL_CORRECT  # noqa: E402

PATH = ROOT / "specs" / "adequacy-matrix.json"


def row(report: Report) -> dict[str, Any]:
    """What is written of one run."""
    broken = {
        rule.rule: rule.counterexamples[0].check if rule.counterexamples else ""
        for rule in report.standing(Standing.BROKEN)
    }
    return {"verdict": report.verdict.words, "holds": len(report.standing(Standing.HOLDS)), "broken": broken}


def main(runs: int) -> int:
    """Run everything and write the file; 1 if a fault was missed or a right design alarmed."""
    bad: dict[str, Any] = {}
    for name, subject in ALL_BAD.items():
        found = row(run_conformance(InProcessHost(subject, name)))
        caught = set(subject.breaks) <= set(found["broken"])
        bad[name] = {"breaks": list(subject.breaks), "caught": caught, **found}
        sys.stderr.write(f"{name}: {'caught' if caught else 'MISSED'} on {' '.join(subject.breaks)}\n")
    right: dict[str, Any] = {}
    for name, design in ALL_CORRECT.items():
        alarms = []
        for seed in range(runs):
            report = run_conformance(InProcessHost(design, name), seed=seed)
            if report.exit_code:
                alarms.append({"seed": seed, **row(report)})
        right[name] = {"runs": runs, "alarms": alarms}
        sys.stderr.write(f"{name}: {len(alarms)} alarms in {runs} runs\n")
    files.write(PATH, json.dumps({"bad": bad, "right": right}, indent=1) + "\n")
    return int(any(not one["caught"] for one in bad.values()) or any(one["alarms"] for one in right.values()))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
