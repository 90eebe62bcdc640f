"""What must hold before the specification is written; without Sphinx, so that tests can plant faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quiesce_model.export.digest import digest
from quiesce_model.rules import rules
from tests.unit.evidence import Evidence


def lint(specs: Path, table: dict[str, Any], found: Mapping[str, Evidence]) -> list[str]:
    """What is wrong with the sources of the specification, as sentences; empty when nothing is."""
    now = digest()
    wrong = []
    if table["digest"] != now:
        wrong.append(f"specs/transitions.json is of model {table['digest']}, the model is {now}: run make specs")
    for file in sorted((specs / "counterexamples").glob("*.json")):
        of = json.loads(file.read_text(encoding="utf-8"))["digest"]
        if of != now:
            wrong.append(f"{file.name} is of model {of}, the model is {now}: run make specs")
    claims = {rule for model in table["models"] for claim in model["claims"] for rule in claim["rules"]}
    for name, rule in rules().items():
        if "proved" in rule.evidence and name not in claims and not found[name].claims:
            wrong.append(f"{name} is said to be proved, and no invariant or promise of the model names it")
        if not found[name].tests:
            wrong.append(f"{name} has no test: mark one with @pytest.mark.rule({name!r})")
    return wrong
