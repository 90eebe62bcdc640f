"""A counterexample as a sequence diagram: one column for each call, version and driver, one row for each event.

Drawn by the diagrams of schedules (`quiesce_conformance.schedules.diagram`), to which a list of events is an execution
like any other: who did it is the thread, what it is about is the object.  So a reader who knows one knows the other,
and escaping, colours and arrows are decided in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from quiesce_conformance.schedules.diagram import svg_diagram, text_diagram
from quiesce_conformance.schedules.execution import Execution, Failure, Outcome
from quiesce_conformance.schedules.points import Choice, Op

__all__ = ["Row", "svg", "text"]

WIDTH = 48
"""How many characters a label has at most."""
ROWS = 200
"""How many rows are drawn at most: the last ones, because that is where it broke."""


class Row(NamedTuple):
    """One event."""

    lane: str
    """Whose column, such as ``call 3``."""
    what: str
    """What happened, such as ``start on version 1``."""
    about: str = ""
    """What else it concerns, such as ``version 1``: rows about one thing are joined by arrows."""
    witness: bool = False
    """It is part of what shows that the rule is broken."""


class RuleBroken(Exception):
    """Only to be drawn: the rule that is broken, and how."""


def _execution(rows: Sequence[Row], what: str) -> Execution:
    choices = [
        Choice(_one_line(row.lane) or "?", Op(_one_line(row.what), row.about or f"row {n}", writes=True))
        for n, row in enumerate(rows)
    ]
    last = max((n for n, row in enumerate(rows) if row.witness), default=len(rows) - 1)
    lanes = dict.fromkeys(choice.thread for choice in choices)
    ending = Failure(RuleBroken(_one_line(what, 400)), choices[last].thread, last, where="observer")
    return Execution(choices, [[choice] for choice in choices], ending, {lane: Outcome() for lane in lanes})


def svg(rows: Sequence[Row], what: str, *, title: str) -> str:
    """Draw it as an SVG element; empty if there are no rows."""
    return svg_diagram(_execution(rows[-ROWS:], what), title=title) if rows else ""


def text(rows: Sequence[Row], what: str) -> str:
    """Draw it as lines of text; empty if there are no rows."""
    return text_diagram(_execution(rows[-ROWS:], what)) if rows else ""


def _one_line(label: str, width: int = WIDTH) -> str:
    line = "".join(c if c.isprintable() else " " for c in " ".join(label.split()))
    return line if len(line) <= width else line[: width - 1] + "~"
