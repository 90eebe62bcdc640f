"""Puts the verdicts of the last `make verify` (build/verify.json) into README.md, between the two markers.

    make readme             refresh the table
    .ci/readme.py --print   show what it would be

The block carries a digest of the model and the rules, so that `make stale` can tell when the table speaks of others.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
VERIFY = ROOT / "build" / "verify.json"
BEGIN, END = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"
KINDS = ("proved", "explored", "tested", "observed")


def digest() -> str:
    """Of everything that the proved and explored verdicts are about: the model's sources and the rules."""
    total = hashlib.sha256()
    for path in [*sorted((ROOT / "model").rglob("*.py")), ROOT / "specs" / "rules.toml"]:
        total.update(path.relative_to(ROOT).as_posix().encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def split(text: str) -> tuple[str, str, str]:
    """What stands before, between and after the markers."""
    before, begin, rest = text.partition(BEGIN)
    block, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md: expected the markers {BEGIN} and {END}; put them where the verdicts belong")
    return before, block, after


def block(result: Mapping[str, Any], stamp: str) -> str:
    """The table as Markdown."""
    return "\n".join(["", *_lines(result, stamp), ""])


def _lines(result: Mapping[str, Any], stamp: str) -> Iterator[str]:
    yield f"<!-- model and rules: {stamp} -->"
    yield (
        f"`make verify`: **{result['verdict']}** in {result['seconds']:.0f} s, "
        f"{result['implementation']} {result['python']}."
    )
    yield ""
    yield f"| rule | promise | {' | '.join(KINDS)} | known-bad caught | verdict |"
    yield f"|---|---|{'---|' * len(KINDS)}---|---|"
    for name, row in result["rules"].items():
        caught = str(len(row["known_bad_caught"]) or "")
        cells = [name, row["title"], *(_cell(row[kind]) for kind in KINDS), caught, row["verdict"]]
        yield f"| {' | '.join(cells)} |"


def _cell(findings: list[Mapping[str, Any]]) -> str:
    totals: dict[str, int] = {}
    for finding in findings:
        totals[finding["unit"]] = totals.get(finding["unit"], 0) + finding["count"]
    bad = {finding["verdict"] for finding in findings} - {"holds"}
    return " ".join([*(word.upper() for word in sorted(bad)), ", ".join(f"{n:,} {unit}" for unit, n in totals.items())])


def main() -> int:
    """Refresh the block; refuses a run that did not hold."""
    if not VERIFY.is_file():
        raise SystemExit(f"expected {VERIFY.relative_to(ROOT)}, found nothing; run `make verify` first")
    result = json.loads(VERIFY.read_text(encoding="utf-8"))
    table = block(result, digest())
    if "--print" in sys.argv[1:]:
        print(table)
        return 0
    if result["verdict"] != "holds":
        raise SystemExit(f"the last run says {result['verdict']!r}: the README shows only what holds; mend that first")
    before, _, after = split(README.read_text(encoding="utf-8"))
    README.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")
    print(f"README.md shows the run of {result['seconds']:.0f} s with {len(result['rules'])} rules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
