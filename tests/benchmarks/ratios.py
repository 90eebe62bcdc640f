"""What is compared with what, and what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.measure import Row

EXPLORER = "quiesce_model"
ENGINE = "quiesce_conformance"
OURS = {EXPLORER, ENGINE, "plugin.function handle", "plugin.call"}
APART = {"with plugin.lease()", "a handle made after schedules were run"}
"""Ours too, but for another purpose: shown, not compared."""
WANTED = {
    ("small protocol", "minicheck, idiomatic"): 5.0,
    ("small protocol", "musil, idiomatic"): 5.0,
    ("algorithm, 3 callers", "methods run as they are"): 30.0,
    ("call", "with threading.Lock()"): 1.0,
    ("3 threads x 10 points, 2 preemptions", "frontrun, DPOR"): 25.0,
    ("3 threads x 10 points, 2 preemptions", "interleave-test, DFS"): 25.0,
    ("3 threads x 10 points, random", "frontrun, random"): 25.0,
    ("3 threads x 10 points, random", "interleave-test, random"): 25.0,
    ("10,000 operations, 8 clients", "detangle.lin"): 1.0,
    ("1,000 operations, 8 clients", "detangle.lin"): 1.0,
    ("1,000 operations, 8 clients", "simloom"): 1.0,
    ("the seam in production", "the same lines without a seam"): 0.85,
}
"""How many times better ours is to be, at least, than a peer in a comparison."""
RATES = {
    "3 threads x 10 points, 2 preemptions": 10_000.0,
    "3 threads x 10 points, unbounded": 10_000.0,
    "algorithm, 3 callers": 150_000.0,
    "algorithm, 1.6 million states": 1_600_000 / 20,
    "algorithm, 4 callers, symmetry": 50_000.0,
    "register history, a million calls, 64 clients": 2_000_000.0,
    "register history, the same as records": 2_000_000.0,
    "register history, half of the publications reverts": 2_000_000.0,
    "trace of upgrade actions": 300_000.0,
    "trace of the algorithm model": 300_000.0,
}
"""The least states per second that the explorer is to reach, every claim judged; so too for the rest."""
LIMITS = {
    ("algorithm, 4 callers, symmetry", "MB resident"): 1_500.0,
    ("time to the three-preemption bug", "ms"): 50.0,
    ("schedules to the three-preemption bug", "schedules"): 40.0,
}
"""The most that it may take of something, in the unit named."""


@dataclass(frozen=True)
class Ratio:
    """One of ours beside a peer, on one interpreter."""

    what: str
    ours: str
    peer: str
    interpreter: str
    ratio: float
    """How many times better ours is."""
    wanted: float | None
    """The least that it should be, where somebody said so."""

    @property
    def met(self) -> bool | None:
        return None if self.wanted is None else self.ratio >= self.wanted

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"met": self.met}


def ratios(rows: Iterable[Row]) -> Iterator[Ratio]:
    """Each of ours beside every peer of the same comparison and interpreter, and beside the rate that was asked for."""
    rows = list(rows)
    for ours in (row for row in rows if row.candidate in OURS):
        for peer in rows:
            if (peer.what, peer.interpreter) == (ours.what, ours.interpreter) and peer.candidate not in OURS | APART:
                wanted = WANTED.get((ours.what, peer.candidate))
                ratio = ours.times_better_than(peer)
                yield Ratio(ours.what, ours.candidate, peer.candidate, ours.interpreter, ratio, wanted)
        if (ours.what, ours.unit) in LIMITS:
            limit = LIMITS[ours.what, ours.unit]
            yield Ratio(
                ours.what, ours.candidate, f"{limit:,.0f} {ours.unit}", ours.interpreter, limit / ours.median, 1.0
            )
        if ours.what in RATES and ours.unit in {"states/s", "schedules/s", "operations/s", "events/s"}:
            rate = RATES[ours.what]
            yield Ratio(
                ours.what, ours.candidate, f"{rate:,.0f} {ours.unit}", ours.interpreter, ours.median / rate, 1.0
            )
