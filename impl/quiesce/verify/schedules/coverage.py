"""Which actions of the model the running code was seen to take, by configuration.

An action that no step of the code ever stood for was never compared with anything: then agreement between the two says
nothing about it, and the check fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quiesce_model import algorithm

from .runs import Report

__all__ = ["Coverage", "actions"]


def actions() -> dict[str, frozenset[str]]:
    """Policy -> the actions that its model has; those that its guards rule out altogether are left out."""
    out: dict[str, frozenset[str]] = {}
    for model in algorithm.POLICIES:
        never = {"CONTINUE": _HOLD_ONLY, "OVERLAP": _HOLD_ONLY | {"time_out"}, "HOLD": frozenset()}[model.policy.name]
        out[model.policy.name] = frozenset(a.name for a in model.actions()) - never
    return out


_HOLD_ONLY = frozenset({"hand_over", "handover_fails", "undo_scan", "undo", "undo_times_out"})


@dataclass(slots=True)
class Coverage:
    """Action by configuration: how often a step of the code was that."""

    rows: dict[str, dict[str, int]]
    """Configuration -> action -> count."""
    policies: dict[str, str]
    """Configuration -> its drain policy."""

    @classmethod
    def of(cls, reports: Iterable[Report]) -> Coverage:
        """Add up."""
        rows, policies = {}, {}
        for report in reports:
            rows[report.configuration.name] = dict(report.seen.witnessed)
            policies[report.configuration.name] = report.configuration.policy.name
        return cls(rows, policies)

    def total(self, policy: str) -> Mapping[str, int]:
        """Over all configurations of a policy."""
        out: dict[str, int] = {}
        for name, row in self.rows.items():
            if self.policies[name] == policy:
                for action, n in row.items():
                    out[action] = out.get(action, 0) + n
        return out

    def never(self) -> list[str]:
        """What was never witnessed, as ``policy: action``: empty, or the check is vacuous."""
        return [f"{policy}: {a}" for policy, every in actions().items() for a in sorted(every - {*self.total(policy)})]

    def lines(self) -> list[str]:
        """A table: action, and how often under each policy."""
        policies = list(actions())
        every = sorted(frozenset().union(*actions().values()))
        out = [f"{'action':<18}" + "".join(f"{policy:>12}" for policy in policies)]
        for action in every:
            cells = []
            for policy in policies:
                n = self.total(policy).get(action, 0)
                cells.append(f"{n:>12,}" if n or action in actions()[policy] else f"{'-':>12}")
            out.append(f"{action:<18}" + "".join(cells))
        return out
