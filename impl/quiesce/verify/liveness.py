"""What happens in the end, on the algorithm's unreduced state graph under each policy.

    L4  from every state, ACTIVE can be reached again; or the plugin is out of service
    B3  from every state, another upgrade can begin; or the plugin is out of service
    V1, V2, V3  no fair run on which what must happen never does: see `quiesce_model.endings`

States on the scope's edge are left out, and how many there are is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quiesce_model import endings
from quiesce_model.explore import no_trap, state_at, state_graph
from quiesce_model.vocabulary import Gate, HotReloadState

__all__ = ["Answer", "questions"]

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered; `text` is the counterexample if it does not hold."""

    rule: str
    holds: bool
    states: int
    text: str


def questions(model: Any, scope: Mapping[Any, int]) -> Iterator[Answer]:
    """Ask all of them of one policy's model within a scope."""
    graph = state_graph(model, scope)

    def trap(rule: str, goal: Callable[[State], bool]) -> Answer:
        found = no_trap(graph, goal)
        where = f"; the first: {state_at(graph, found[0])}" if found else ""
        return Answer(rule, not found, len(graph), f"{len(found)} states without a way back{where}")

    yield trap("L4", lambda s: s["state"] is HotReloadState.ACTIVE or s["gate"] is Gate.SHUT)
    yield trap("B3", lambda s: s["state"] is HotReloadState.PREPARING_UPGRADE or s["gate"] is Gate.SHUT)
    for ending, found in endings.check(scope, [e for e in endings.ENDINGS if issubclass(e.model, model)]):
        yield Answer(ending.rule, found.holds, found.states, f"{ending}: {found.text}")
