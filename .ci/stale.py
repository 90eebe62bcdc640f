"""Fails if something generated no longer matches its source: each finding says what to run.

README.md      the verdict table: every rule once, with its present title, made from the present model and rules
specs/         exactly the files that specs/README.md lists
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from readme import README, ROOT, digest, split

from quiesce_model.rules import rules


def readme() -> Iterator[str]:
    """The verdict table against the rules and the model."""
    _, table, _ = split(README.read_text(encoding="utf-8"))
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.*?) \|", table, re.MULTILINE)
    if rows != [(rule.id, rule.title) for rule in rules().values()]:
        yield f"README.md: expected a row for each of the {len(rules())} rules, by id and title, got {len(rows)} rows"
    if f"<!-- model and rules: {digest()} -->" not in table:
        yield "README.md: the verdict table was made from another model or other rules"


def specs() -> Iterator[str]:
    """The folder against its own list."""
    folder = ROOT / "specs"
    listed = set(re.findall(r"^\| `([^`]+)` \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"README.md"}
    for name in sorted(listed - there):
        yield f"specs/{name}: listed in specs/README.md and missing"
    for name in sorted(there - listed):
        yield f"specs/{name}: not listed in specs/README.md"


def main() -> int:
    """Print every finding; exit code 1 if there is one."""
    findings = [*readme(), *specs()]
    for finding in findings:
        print(f"stale: {finding}")
    if findings:
        print("If only the verdict table is stale: make verify readme")
        return 1
    print("nothing is stale")
    return 0


if __name__ == "__main__":
    sys.exit(main())
