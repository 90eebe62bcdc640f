"""The same load as something to watch: calls per second, live versions, upgrades done and rolled back.

The last line counts what the checks found; nothing in it is a constant.
"""

from __future__ import annotations

import time
from collections import Counter

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from quiesce_conformance import Ending, Publication

from .evidence import Standing
from .load import Load, LoadResult, Progress
from .subject import MakeSubject, make_subject

__all__ = ["Tally", "demo", "tally"]

TORN = ("R2", "R3", "R4", "T1", "M1", "M2")
LATE = ("T2", "T3", "T4", "D2", "D3", "D5")


class Tally:
    """How many calls were checked, and what was found against them."""

    def __init__(self, result: LoadResult) -> None:
        self.checked = len(result.history.calls)
        endings = Counter(call.ending for call in result.history.calls)
        unfinished = sum(call.returned is None for call in result.history.calls)
        self.dropped = endings[Ending.BROKEN] + endings[Ending.FOREIGN] + unfinished
        self.torn = sum(len(result.observed[rule].violations) for rule in TORN)
        self.late = sum(len(result.observed[rule].violations) for rule in LATE)
        found = [v for verdict in (*result.tested, *result.observed.values()) for v in verdict.violations]
        self.violations = found
        self.other = len(found) - sum(len(result.observed[rule].violations) for rule in (*TORN, *LATE, "R1", "R5"))

    def __str__(self) -> str:
        def count(number: int) -> str:
            return f"{number:,}" if number else "none"

        line = (
            f"{self.checked:,} calls checked; dropped: {count(self.dropped)}, torn: {count(self.torn)}, "
            f"late: {count(self.late)}"
        )
        return line + (f"; other findings: {self.other:,}" if self.other else "")


def tally(result: LoadResult) -> Tally:
    """Count what a load found."""
    return Tally(result)


def _frame(now: Progress, rate: float, publications: int) -> Group:
    table = Table.grid(padding=(0, 3))
    for name, value in (
        ("time", f"{now.seconds:5.1f} s"),
        ("calls", f"{now.calls:,}"),
        ("calls/s", f"{rate:,.0f}"),
        ("state", now.state),
        ("serving", f"version {now.version}"),
        ("live versions", str(now.live)),
        ("upgrades done", f"{now.upgraded:,}"),
        ("rolled back", f"{now.rolled_back:,}"),
        ("publications", f"{publications:,}"),
    ):
        table.add_row(name, Text(value, style="bold"))
    kinds = "\n".join(f"{count:6,}  {kind}" for kind, count in sorted(now.kinds.items()))
    return Group(table, Text(), Text(kinds, style="dim"))


def demo(
    *,
    seconds: float = 20.0,
    threads: int = 8,
    seed: int = 0,
    console: Console | None = None,
    make: MakeSubject = make_subject,
) -> Standing:
    """Upgrade a plugin under load, live, and check every call.

    Returns:
        The verdict; its value is the exit code.

    """
    console = console or Console()
    load = Load(make, clients=threads, seed=seed)
    interrupted = False
    terminal = console.is_terminal
    with load.running():
        try:
            with Live(console=console, auto_refresh=False, transient=False) if terminal else _Plain() as live:
                _watch(load, seconds, console, live if isinstance(live, Live) else None)
        except KeyboardInterrupt:
            interrupted = True
    console.print("checking every call ...", highlight=False)
    result = load.finish()
    found = tally(result)
    for violation in found.violations[:3]:
        console.print(str(violation), highlight=False, markup=False)
    for error in result.errors:
        console.print(f"the load could not go on: {error}", highlight=False, markup=False)
    console.print(str(found), highlight=False)
    if found.violations:
        return Standing.BROKEN
    return Standing.UNFINISHED if interrupted or result.errors or not found.checked else Standing.HOLDS


class _Plain:
    """In the place of a live display where there is no terminal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None


def _watch(load: Load, seconds: float, console: Console, live: Live | None) -> None:
    ends = time.monotonic() + seconds
    before, at = 0, time.monotonic()
    step = 0.25 if live is not None else 1.0
    while (left := ends - time.monotonic()) > 0 and not load.halted.wait(min(step, left)):
        now, instant = load.progress(), time.monotonic()
        rate = (now.calls - before) / (instant - at)
        before, at = now.calls, instant
        publications: list[Publication] = load.driver.publications
        if live is not None:
            live.update(_frame(now, rate, len(publications)), refresh=True)
        else:
            console.print(
                f"{now.seconds:5.1f} s  {rate:8,.0f} calls/s  {now.live} live versions  {now.state}  "
                f"{now.upgraded:,} upgraded  {now.rolled_back:,} rolled back",
                highlight=False,
                soft_wrap=True,
            )
