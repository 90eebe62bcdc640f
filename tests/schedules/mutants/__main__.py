"""Make the kill matrix: see `matrix`."""

from __future__ import annotations

import argparse

from tests.schedules.mutants import MUTANTS
from tests.schedules.mutants.matrix import FILE, findings, matrix, write


def main() -> int:
    """Exit code 1 if something is in it that must not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.schedules.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants to look at; nothing is written then")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    asked = parser.parse_args()
    known = {mutant.name for mutant in MUTANTS}
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"expected names of mutants, got {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    if asked.workers < 1:
        parser.error(f"--workers: expected 1 or more, got {asked.workers}")
    chosen = [m for m in MUTANTS if not asked.names or m.name in asked.names]
    made = matrix(asked.workers, lambda line: print(line, flush=True), chosen)
    found = findings(made)
    for line in found:
        print(f"FINDING {line}")
    print(made["summary"])
    if not asked.names and not found:
        write(made)
        print(f"written: {FILE}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
