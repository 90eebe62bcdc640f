"""A counterexample as text: numbered steps, who does what, and only what changes."""

from __future__ import annotations

import enum
from typing import Any

from quiesce_model.explore.result import Violation

__all__ = ["render", "show"]

_ENDS = {
    "claim": "is false in this state",
    "step": "is broken by this step",
    "deadlock": "nothing can be done in this state",
    "trap": "cannot be reached from this state",
    "never": "was never seen, and nothing lies beyond the scope",
}


def show(value: Any) -> str:
    """A value of the model, as short as its name."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, dict):
        return "[" + ", ".join(show(v) for v in value.values()) + "]"
    return str(value)


def render(violation: Violation) -> str:
    """The steps of a violation, one a line, the changes beside them; the broken claim with its rules last."""
    first = ", ".join(f"{k} = {show(v)}" for k, v in violation.initial.items())
    width = max((len(str(s.label)) for s in violation.trace), default=0)
    lines = [f"   0  at first: {first}"] if violation.kind != "never" else []
    for n, step in enumerate(violation.trace, 1):
        changes = ", ".join(f"{k}: {show(a)} -> {show(b)}" for k, (a, b) in step.changed.items()) or "no change"
        lines.append(f"{n:4}  {step.label!s:{width}}  {changes}")
    rules = f" [{', '.join(violation.rules)}]" if violation.rules else ""
    lines.append(f"      => {violation.claim}{rules}: {_ENDS[violation.kind]}")
    if violation.also:
        lines.append(f"         with it: {', '.join(violation.also)}")
    return "\n".join(lines)
