"""Choosers for the tests of the engine, and a small exhaustive search that shares no code with the strategies."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from quiesce_conformance.schedules import Choice, Engine, Execution, Scenario

PATIENCE = 60.0
"""Seconds in which a test's thread surely comes to its next point, on however busy a machine."""
SOON = 0.3
"""Patience for tests in which a thread never comes."""


class Stay:
    """Let the last thread go on as long as it can, then the first one; time-outs and interrupts only if nobody can."""

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        plain = [i for i, c in enumerate(choices) if "timeout" not in c.op.point and "interrupt" not in c.op.point]
        mine = [i for i in plain if choices[i].thread == last]
        return (mine or plain or [0])[0]


class Walk:
    """Uniformly at random."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        return int(self._random() * len(choices))


class Script(Stay):
    """What the script says, thread by thread or ``thread: point``; `Stay` afterwards."""

    def __init__(self, *script: str) -> None:
        self._script = list(script)
        self.seen: list[tuple[Choice, ...]] = []

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        self.seen.append(tuple(choices))
        if not self._script:
            return super().choose(choices, last)
        wanted = self._script.pop(0)
        fits = [i for i, c in enumerate(choices) if wanted in {c.thread, str(c)}]
        assert fits, f"{wanted!r} is not enabled: {[str(c) for c in choices]}"
        return fits[0]


class Indices:
    """Those indices, then always the first."""

    def __init__(self, indices: Sequence[int]) -> None:
        self.indices, self.widths = list(indices), list[int]()

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        i = len(self.widths)
        self.widths.append(len(choices))
        return self.indices[i] if i < len(self.indices) else 0


def every_schedule(engine: Engine, scenario: Scenario) -> Iterator[Execution]:
    """Depth first, without any reduction."""
    indices: list[int] = []
    while True:
        chooser = Indices(indices)
        yield engine.run(scenario, chooser)
        indices = indices + [0] * (len(chooser.widths) - len(indices))
        while indices and indices[-1] + 1 >= chooser.widths[len(indices) - 1]:
            indices.pop()
        if not indices:
            return
        indices[-1] += 1


def points(execution: Execution) -> list[str]:
    return [str(choice) for choice in execution.choices]
