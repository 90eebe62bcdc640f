"""The slow part, for `make soak`: the whole proof under five seeds, and whether it could have failed, in full.

    python -m quiesce_model.prove.soak [--seeds 5] [--audit FILE]

A proof that depends on a lucky order of instantiation is found here: every obligation has to be confirmed by both
solvers under every seed.  The audit is `audit`'s; it goes to the file as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from quiesce_model.prove.audit import audit
from quiesce_model.prove.proof import Proof, prove

__all__ = ["main", "seeds"]


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 if all was confirmed, 1 if something was refuted, 2 if something is unfinished."""
    parser = argparse.ArgumentParser(
        prog="python -m quiesce_model.prove.soak", description="the slow part of the proof"
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (5)")
    parser.add_argument("--audit", type=Path, help="write what the audit found to this file")
    given = parser.parse_args(arguments)
    proofs = seeds(given.seeds)
    code = max((p.exit_code for p in proofs), default=2)
    found = audit(say=print)
    if given.audit is not None:
        given.audit.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if found["open"]:
        sys.stdout.write("\n  ".join(["open:", *found["open"]]) + "\n")
        code = max(code, 1)
    return code


if __name__ == "__main__":
    sys.exit(main())
