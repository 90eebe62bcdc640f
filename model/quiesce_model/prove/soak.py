"""The slow part, for `make soak`: the whole proof under five seeds, whether it could have failed, and shortest runs.

    python -m quiesce_model.prove.soak [--seeds 5] [--audit FILE]

A proof that depends on a lucky order of instantiation is found here: every obligation has to be confirmed by both
solvers under every seed.  The audit is `audit`'s; it goes to the file as JSON.  The shortest run that breaks each
known-bad protocol is found by a solver, too, and has to be as long as the explorer's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.prove.audit import audit
from quiesce_model.prove.bounded import shortest
from quiesce_model.prove.proof import Proof, prove

__all__ = ["main", "runs", "seeds"]


def seeds(
    n: int = 5, *, limit_seconds: float = 10.0, workers: int = 2, say: Callable[[str], object] = print
) -> list[Proof]:
    """The whole proof under seeds 1 to n.

    Raises:
        SolverMissingError: a solver is not installed, or too old.

    """
    out = []
    for seed in range(1, n + 1):
        proof = prove(limit_seconds=limit_seconds, workers=workers, seed=seed)
        slowest = max(proof.answers, key=lambda a: a.seconds)
        state = "confirmed" if proof.holds else "NOT CONFIRMED"
        say(
            f"seed {seed}: {proof.obligations} obligations by {' and '.join(proof.solvers)} {state} "
            f"in {proof.seconds:.0f} s; slowest {slowest}"
        )
        for answer in [*proof.refuted, *proof.unfinished]:
            say(f"  {answer}")
        out.append(proof)
    return out


def runs(*, limit_seconds: float = 120.0, say: Callable[[str], object] = print) -> list[str]:
    """The known-bad protocols whose shortest run a solver finds to be of another length than the catalogue says."""
    entries = [entry for entry in catalogue() if entry.kind == "safety"]
    wrong = []
    for entry in entries:
        try:
            found = shortest(entry.model, entry.scope, entry.claim, limit_seconds=limit_seconds)
        except TimeoutError as late:
            wrong.append(f"{entry.name}: {late}")
            continue
        if found is None or len(found) != entry.steps:
            got = "none" if found is None else str(len(found))
            wrong.append(f"{entry.name}: expected a shortest run of {entry.steps} steps, got {got}")
    say(f"{len(entries) - len(wrong)} of {len(entries)} shortest runs are as long as the explorer's")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 if all was confirmed, 1 if something was refuted, 2 if something is unfinished."""
    parser = argparse.ArgumentParser(
        prog="python -m quiesce_model.prove.soak", description="the slow part of the proof"
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (5); 0: the audit alone")
    parser.add_argument("--audit", type=Path, help="write what the audit found to this file")
    given = parser.parse_args(arguments)
    proofs = seeds(given.seeds)
    code: int = max((p.exit_code for p in proofs), default=0)
    found = audit(say=print)
    if given.audit is not None:
        given.audit.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if wrong := runs():
        sys.stdout.write("\n  ".join(["runs of another length:", *wrong]) + "\n")
        code = max(code, 1)
    if found["open"]:
        sys.stdout.write("\n  ".join(["open:", *found["open"]]) + "\n")
        code = max(code, 1)
    return code


if __name__ == "__main__":
    sys.exit(main())
