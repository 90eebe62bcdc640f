"""How to run a counterexample again: its recipe, and the command that takes it."""

from __future__ import annotations

import json
import shlex

from quiesce_conformance.report import Counterexample, Report

__all__ = ["again", "recipe_text"]


def recipe_text(counterexample: Counterexample) -> str:
    """The recipe as one line of JSON."""
    return json.dumps(dict(counterexample.recipe), sort_keys=True, separators=(",", ":"))


def again(report: Report, counterexample: Counterexample) -> str:
    """The command that runs it again, quoted for a shell; the recipe alone if the report names no command."""
    recipe = recipe_text(counterexample)
    if not report.program or not report.how:
        return recipe
    return f"{report.program} --replay {shlex.quote(recipe)} {report.how}"
