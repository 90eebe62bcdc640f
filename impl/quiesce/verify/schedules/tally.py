"""What came up over many executions: the *sometimes* beside every *always*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Seen"]


@dataclass(slots=True)
class Seen:
    """Counts, added up over executions and over processes."""

    witnessed: Counter[str] = field(default_factory=Counter)
    """Model action -> how often a step of the code was that."""
    situations: Counter[str] = field(default_factory=Counter)
    """What the threads of a configuration ran into."""
    allowances: Counter[str] = field(default_factory=Counter)
    """Where the comparison is more permissive than the model, and how often that was made use of."""

    def add(self, other: Seen) -> None:
        """Take in what another one counted."""
        for mine, theirs in zip(self._all(), other._all(), strict=True):
            mine.update(theirs)

    def _all(self) -> tuple[Counter[str], ...]:
        return self.witnessed, self.situations, self.allowances

    def as_json(self) -> dict[str, dict[str, int]]:
        """Plain data."""
        return {
            "witnessed": dict(sorted(self.witnessed.items())),
            "situations": dict(sorted(self.situations.items())),
            "allowances": dict(sorted(self.allowances.items())),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Seen:
        """Read what `as_json` wrote."""
        return Seen(*(Counter(data.get(name, {})) for name in ("witnessed", "situations", "allowances")))
