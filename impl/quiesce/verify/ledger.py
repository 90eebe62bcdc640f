"""What directed runs of real code checked: a verdict per rule, filled in as the run goes.

The same type as for histories, so both end in the same table.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from quiesce_conformance import Verdict

__all__ = ["Ledger"]


class Ledger:
    """Counts checks, violations and sightings.  Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._verdicts: dict[str, Verdict] = {}
        self.kinds: Counter[str] = Counter()
        """How often each kind of thing happened, for the people who watch."""

    def check(self, rule: str, holds: bool, what: str, *witness: object) -> bool:
        """Count one check of `rule`; if it does not hold, note `what` happened and its witness."""
        with self._lock:
            verdict = self._verdicts.setdefault(rule, Verdict(rule))
            verdict.checked += 1
            if not holds:
                verdict.broken(what, *witness)
        return holds

    def expect(self, rule: str, *situations: str) -> None:
        """Say what has to come up, or `rule` was never in danger."""
        with self._lock:
            verdict = self._verdicts.setdefault(rule, Verdict(rule))
            for situation in situations:
                verdict.sometimes.setdefault(situation, 0)

    def saw(self, rule: str, situation: str) -> None:
        """Count a situation in which `rule` is in danger."""
        with self._lock:
            sometimes = self._verdicts.setdefault(rule, Verdict(rule)).sometimes
            sometimes[situation] = sometimes.get(situation, 0) + 1

    def did(self, kind: str) -> None:
        """Count a kind of upgrade or failure."""
        with self._lock:
            self.kinds[kind] += 1

    def verdicts(self) -> Iterable[Verdict]:
        """Everything so far."""
        with self._lock:
            return list(self._verdicts.values())
