"""An execution as a sequence diagram, one column per thread: as text for a terminal, as SVG for a page.

Hand-made, because what is on the package index draws messages between named parties, and has no word for a step that is
not a message, for a switch, or for the step at which it failed.  No script, no font, no colour that a dark page hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from .execution import Execution, Failure
from .points import disturbs
from .slices import arrows

__all__ = ["svg_diagram", "text_diagram"]

_GAP: Final = 2


def text_diagram(execution: Execution, steps: Iterable[int] | None = None, *, width: int = 24) -> str:
    """Draw it as lines of text.

    Args:
        execution: what is drawn.
        steps: the indices of those that are shown, such as `causal_slice` gives; all unless given.
        width: how many characters a column has at most.

    """
    threads, shown = _threads(execution), _shown(execution, steps)
    labels = {i: _label(execution, i) for i in shown}
    columns = {
        thread: min(width, max([len(thread), *(len(labels[i]) for i in shown if _of(execution, i) == thread)]))
        for thread in threads
    }
    number = len(str(len(execution.choices)))
    lines = [_line(" " * number, [thread.ljust(columns[thread]) for thread in threads])]
    lines.append(_line("-" * number, ["-" * columns[thread] for thread in threads]))
    before = -1
    for i in shown:
        if i > before + 1:
            lines.append(f"{'':>{number}}  ... {i - before - 1} left out")
        before = i
        cells = [(_cut(labels[i], columns[t]) if _of(execution, i) == t else "|").ljust(columns[t]) for t in threads]
        lines.append(_line(f"{i + 1:>{number}}", cells))
    if before + 1 < len(execution.choices):
        lines.append(f"{'':>{number}}  ... {len(execution.choices) - before - 1} left out")
    return "\n".join([*lines, _ending(execution)]) + "\n"


def svg_diagram(execution: Execution, steps: Iterable[int] | None = None, *, title: str = "Schedule") -> str:
    """Draw it as an SVG element that stands by itself or inside a page.

    A box is a step; a dashed arrow goes from a step to one of another thread that depends on it; a red box is where
    it failed; a box with a dashed border is a time-out or an interrupt.  Hovering over a box names its object.

    Args:
        execution: what is drawn.
        steps: as in `text_diagram`.
        title: what a screen reader calls it.

    """
    threads, shown = _threads(execution), _shown(execution, steps)
    labels = {i: execution.choices[i].op.point for i in shown}
    wide = max([110, *(8 * len(label) + 20 for label in labels.values()), *(8 * len(t) + 20 for t in threads)])
    column, row, left, top = wide + 40, 30, 50, 50
    x = {thread: left + column * k + column // 2 for k, thread in enumerate(threads)}
    y = {i: top + row * k + row // 2 for k, i in enumerate(shown)}
    height, total = top + row * len(shown) + 40, left + column * len(threads) + 10
    failing = (
        execution.ending.step if isinstance(execution.ending, Failure) and execution.ending.where != "check" else None
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
        'role="img" font-family="monospace" font-size="13" fill="currentColor" stroke="none">',
        f"<title>{_xml(title)}</title>",
        f"<desc>{_xml(_ending(execution))}</desc>",
        '<defs><marker id="quiesce-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 l8 4 l-8 4 z" fill="currentColor"/></marker></defs>',
    ]
    for thread in threads:
        parts.append(f'<text x="{x[thread]}" y="24" text-anchor="middle" font-weight="bold">{_xml(thread)}</text>')
        parts.append(
            f'<line x1="{x[thread]}" y1="34" x2="{x[thread]}" y2="{height - 36}" stroke="currentColor" opacity="0.3"/>'
        )
    for i, j in arrows(execution, shown):
        a, b = x[_of(execution, i)], x[_of(execution, j)]
        side = wide // 2 if a < b else -wide // 2
        parts.append(
            f'<line x1="{a + side}" y1="{y[i]}" x2="{b - side}" y2="{y[j]}" stroke="currentColor" opacity="0.5" '
            'stroke-dasharray="3 3" marker-end="url(#quiesce-arrow)"/>'
        )
    for i in shown:
        choice = execution.choices[i]
        middle = x[choice.thread]
        colour = "#c62828" if i == failing else "#4c78a8"
        dashes = ' stroke-dasharray="4 2"' if disturbs(choice.op.point) else ""
        parts.append(
            f"<g><title>{_xml(f'{i + 1}. {choice.thread}: {choice.op}')}</title>"
            f'<rect x="{middle - wide // 2}" y="{y[i] - 11}" width="{wide}" height="22" rx="4" fill="{colour}" '
            f'fill-opacity="0.25" stroke="{colour}"{dashes}/>'
            f'<text x="{middle}" y="{y[i] + 4}" text-anchor="middle">{_xml(choice.op.point)}</text></g>'
        )
        parts.append(f'<text x="{left - 10}" y="{y[i] + 4}" text-anchor="end" opacity="0.6">{i + 1}</text>')
    parts.append(f'<text x="10" y="{height - 12}">{_xml(_cut(_ending(execution), total // 8))}</text>')
    return "".join([*parts, "</svg>"]) + "\n"


def _threads(execution: Execution) -> list[str]:
    return list(dict.fromkeys([*execution.outcomes, *(choice.thread for choice in execution.choices)]))


def _shown(execution: Execution, steps: Iterable[int] | None) -> Sequence[int]:
    if steps is None:
        return range(len(execution.choices))
    shown = sorted(set(steps))
    if shown and not 0 <= shown[0] <= shown[-1] < len(execution.choices):
        raise IndexError(f"expected steps from 0 to {len(execution.choices) - 1}, got {shown}")
    return shown


def _of(execution: Execution, step: int) -> str:
    return execution.choices[step].thread


def _label(execution: Execution, step: int) -> str:
    ending = execution.ending
    failed = isinstance(ending, Failure) and ending.where != "check" and ending.step == step
    return ("X " if failed else "") + execution.choices[step].op.point


def _line(number: str, cells: Sequence[str]) -> str:
    return f"{number}  {(' ' * _GAP).join(cells)}".rstrip()


def _ending(execution: Execution) -> str:
    return execution.ending if isinstance(execution.ending, str) else str(execution.ending).splitlines()[0]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "~"


def _xml(text: str) -> str:
    return escape("".join(c if c.isprintable() else " " for c in text))
