"""What a transition system is, and the one that the model's transition table describes.

The suite knows no model.  Whatever can say which states an event may lead to can be validated against: a table, a
compiled model, twenty lines of Python.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, Protocol

from quiesce_conformance.linearizability.lifecycle import edges_of, transition_table

__all__ = ["TransitionSystem", "UpgradeActions"]


class TransitionSystem(Protocol):
    """States, and what events do to them.  Answers depend on nothing but the arguments: each is asked for once."""

    def first(self) -> Iterable[Hashable]:
        """The states in which it may begin: at least one."""
        ...

    def after(self, state: Any, event: Any) -> Iterable[Hashable]:
        """The states to which an event may lead from a state; none: it is impossible there."""
        ...

    def unrecorded(self, state: Any) -> Iterable[Hashable]:
        """The states to which one step leads that leaves no event."""
        ...

    def why_not(self, state: Any, event: Any) -> Iterable[str]:
        """The guards that forbid the event in that state, in words."""
        ...


class UpgradeActions:
    """The states of an upgrade and the actions that lead from one to another; an event is the name of an action.

    Args:
        policy: ``"Continue"``, ``"Hold"`` or ``"Overlap"``.
        recorded: the actions that leave an event; all that change the state, unless given.
        table: the transition table; read from where it is unless given.

    Raises:
        ValueError: no protocol model of that policy, or a recorded action that changes no state.

    """

    def __init__(
        self,
        policy: str = "Continue",
        recorded: Collection[str] | None = None,
        table: Mapping[str, Any] | None = None,
    ) -> None:
        models = (transition_table() if table is None else table)["models"]
        found = [m for m in models if m["model"] == "protocol" and m["policy"] == policy]
        if not found:
            raise ValueError(f"expected the policy of a protocol model, got {policy!r}")
        actions = [action for action in found[0]["actions"] if "state" in action["changes"] and action["possible"]]
        self._edges = {action["name"]: edges_of(action) for action in actions}
        self._guards = {action["name"]: tuple(action["guard"]["written"]) for action in actions}
        self.recorded = frozenset(self._edges if recorded is None else recorded)
        if unknown := self.recorded - set(self._edges):
            raise ValueError(f"expected some of {sorted(self._edges)}, got {sorted(unknown)}")

    def first(self) -> Iterable[str]:
        """ACTIVE."""
        return ("ACTIVE",)

    def after(self, state: str, event: str) -> Iterable[str]:
        """Where the action leads."""
        return [end for begin, end in self._edges[event] if begin == state] if event in self.recorded else ()

    def unrecorded(self, state: str) -> Iterable[str]:
        """Where the other actions lead."""
        hidden = (edges for name, edges in self._edges.items() if name not in self.recorded)
        return [end for edges in hidden for begin, end in edges if begin == state]

    def why_not(self, state: str, event: str) -> Iterable[str]:
        """The action's guard, and the states in which it holds."""
        if event not in self.recorded:
            return (f"no recorded action is called {event!r}",)
        allowed = sorted({begin for begin, _ in self._edges[event]})
        return (f"{event} requires {', '.join(self._guards[event])}: expected {' or '.join(allowed)}, got {state}",)
