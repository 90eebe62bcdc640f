"""What happens in the end: no trap, and no fair run on which an upgrade or a call waits for ever.

On the algorithm's unreduced state graph, under each policy.  Each question comes with its assumption, as a choice of
who is fair (a fair process that can take a step from some point on for ever, takes one):

    L4  from every state, ACTIVE can be reached again; or the plugin is out of service
    B3  from every state, another upgrade can begin; or the plugin is out of service
    H2  a failed handover leaves the version that served, behind an open gate, in ROLLED_BACK (HOLD)
    V1  every upgrade ends, if calls end: callers and upgraders are fair, a call nests finitely often, nothing times out
    V2  every upgrade ends, if time runs out: upgraders are fair and so is the time-out; callers may hang for ever
    V3  every call gets past the gate, if time runs out: as V2, and that one caller is fair

States on the scope's edge are left out, and how many there are is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quiesce_model.explore import fair_cycle, no_trap, state_at, state_graph
from quiesce_model.vocabulary import Gate, HotReloadState, Pc, Thread, Up

__all__ = ["Answer", "questions"]

State = Mapping[str, Any]
TIMERS = frozenset({"time_out", "undo_times_out"})
"""Actions that are time running out: fair only where that is assumed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered; `text` is the counterexample if it does not hold."""

    rule: str
    holds: bool
    states: int
    text: str


def questions(model: Any, scope: Mapping[Any, int]) -> Iterator[Answer]:
    """Ask all of them of one model within a scope."""
    graph = state_graph(model, scope)
    states = len(graph)

    def trap(rule: str, goal: Callable[[State], bool]) -> Answer:
        found = no_trap(graph, goal)
        return Answer(rule, not found, states, f"{len(found)} states without a way back, the first is node {found[:1]}")

    yield trap("L4", lambda s: s["state"] is HotReloadState.ACTIVE or s["gate"] is Gate.SHUT)
    if (handover := _failed_handovers(graph)) is not None:
        yield handover
    yield trap("B3", lambda s: s["state"] is HotReloadState.PREPARING_UPGRADE or s["gate"] is Gate.SHUT)

    ended = fair_cycle(graph, _all_at_rest, finitely=("nest",))
    yield Answer("V1", ended.holds, states, ended.text)

    _assume(graph, lambda action, process, fair: (fair and not _is_thread(process)) or action in TIMERS)
    ended = fair_cycle(graph, _all_at_rest)
    yield Answer("V2", ended.holds, states, ended.text)

    # Callers are interchangeable: what holds for the first of them holds for each.
    _assume(graph, lambda _action, process, fair: fair or process == (Thread, 0))
    ended = fair_cycle(graph, lambda s: s["pc"][0] in {Pc.IDLE, Pc.RUN, Pc.NESTED})
    yield Answer("V3", ended.holds, states, ended.text)


def _failed_handovers(graph: Any) -> Answer | None:
    """H2: after each failed handover the same version is published, behind an open gate, in ROLLED_BACK."""
    failures = [(a, b) for a, b, action in graph.edges(data="action") if action == "handover_fails"]
    for a, b in failures:
        before, after = state_at(graph, a), state_at(graph, b)
        same = before["code"][before["now"]] == after["code"][after["now"]]
        if not same or after["gate"] is not Gate.OPEN or after["state"] is not HotReloadState.ROLLED_BACK:
            return Answer(
                "H2", holds=False, states=len(graph), text=f"a failed handover leads from {before} to {after}"
            )
    return Answer("H2", holds=True, states=len(graph), text="") if failures else None


def _assume(graph: Any, rule: Callable[[str, Any, bool], bool]) -> None:
    """Say anew of each step whether it is fair."""
    for _, _, step in graph.edges(data=True):
        step["fair"] = rule(step["action"], step["process"], step["fair"])


def _is_thread(process: Any) -> bool:
    return process is not None and process[0] is Thread


def _all_at_rest(state: State) -> bool:
    return all(step is Up.IDLE for step in state["up"].values())
