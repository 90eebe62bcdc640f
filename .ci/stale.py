"""Fails if something generated no longer matches its source: each finding says what to run.

README.md      the verdict table: every rule once, with its present title, made from the present model and rules
specs/         exactly the files that specs/README.md lists, and those that are generated made from the present model

    make stale             all of it, in less than half a minute
    .ci/stale.py --listed  the table and the list only
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase

from readme import README, ROOT, digest, split

from quiesce_model.export.artefacts import check
from quiesce_model.prove.audit import stale
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
    """The folder against its own list, in which ``*`` stands for any name."""
    folder = ROOT / "specs"
    listed = set(re.findall(r"^\| `([^`]+)` \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"README.md"}
    for pattern in sorted(listed):
        if not any(_is(name, pattern) for name in there):
            yield f"specs/{pattern}: listed in specs/README.md and missing"
    for name in sorted(there):
        if not any(_is(name, pattern) for pattern in listed):
            yield f"specs/{name}: not listed in specs/README.md"


def audit() -> Iterator[str]:
    """The audit of the proof, which takes minutes to make, against the digests of the models that it is about."""
    for name in stale(json.loads((ROOT / "specs" / "proof-audit.json").read_text(encoding="utf-8"))):
        yield f"specs/proof-audit.json: {name} is not what it was; run: make soak, or its first line alone"


def kill_matrix() -> Iterator[str]:
    """The matrix of mutants and engines against what it was made from."""
    sys.path.insert(0, str(ROOT))
    from tests.schedules.mutants.matrix import FILE
    from tests.schedules.mutants.matrix import digest as made_from

    if json.loads(FILE.read_text(encoding="utf-8"))["digest"] != made_from():
        yield "specs/kill-matrix.json: made from another kernel, model or mutants: make kill-matrix"


def _is(name: str, pattern: str) -> bool:
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)


def main() -> int:
    """Print every finding; exit code 1 if there is one."""
    findings = [*readme(), *specs()]
    if "--listed" not in sys.argv[1:]:
        findings += [*check(ROOT / "specs"), *audit(), *kill_matrix()]
    for finding in findings:
        print(f"stale: {finding}")
    if findings:
        print("Generated files of specs/ are made by: make specs.  The verdict table: make verify readme")
        return 1
    print("nothing is stale")
    return 0


if __name__ == "__main__":
    sys.exit(main())
