"""What must happen in the end: the liveness rules, each under the fairness that it states, checked on the state graph.

A step that is not marked ``fair=False`` is taken sooner or later by a process that could take it for ever.  That alone
says "every hook ends" (build, init, handover: each has a fair way on) and "every call ends" (``finish`` is fair), with
one thing besides: a call does not nest for ever.  For rule V2, which holds whatever calls do, the same models are taken
with the two exchanged: ``finish`` may never come, the time-out must.

Explored, not proved: every fair run within the scope; states on the scope's edge are left out and counted.  The same
for any size, by ranks that fall, is in ``prove.liveness``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from quiesce_model import algorithm
from quiesce_model.algorithm import Algorithm
from quiesce_model.explore import Liveness, fair_cycle, state_graph
from quiesce_model.language import Scope, Sort, action
from quiesce_model.vocabulary import Gate, HotReloadState, Pc, Thread, Up, Upgrader, scope

__all__ = ["ENDINGS", "SCOPES", "Ending", "check"]

Goal = Callable[[Mapping[str, Any]], bool]


class WhateverCallsDo(Algorithm):
    """A call need not end."""

    @action(fair=False)
    def finish(s, t: Thread) -> None:
        super().finish(t)

    @action(fair=False)
    def unnest(s, t: Thread) -> None:
        super().unnest(t)


class WithATimeOut(WhateverCallsDo):
    """Nor has it to, since the time-out must come."""

    @action
    def time_out(s, u: Upgrader) -> None:
        super().time_out(u)

    @action
    def undo_times_out(s, u: Upgrader) -> None:
        super().undo_times_out(u)


class ContinueWithTimeOut(WithATimeOut, algorithm.Continue):
    """CONTINUE with a finite timeout, whatever calls do."""


class HoldWithTimeOut(WithATimeOut, algorithm.Hold):
    """HOLD with a finite timeout, whatever calls do."""


class OverlapWhateverCallsDo(WhateverCallsDo, algorithm.Overlap):
    """OVERLAP, which needs no timeout."""


def _the_first_upgrader_is_at_rest(state: Mapping[str, Any]) -> bool:
    """Its operation has ended; one is as good as another."""
    return bool(state["up"][0] is Up.IDLE)


def _the_gate_is_not_held(state: Mapping[str, Any]) -> bool:
    return bool(state["gate"] is not Gate.HELD)


def _the_first_caller_is_at_rest(state: Mapping[str, Any]) -> bool:
    return bool(state["pc"][0] is Pc.IDLE)


def _settled_or_waiting_for_a_person(state: Mapping[str, Any]) -> bool:
    """No upgrade is under way, or a candidate is prepared, or a version is on probation."""
    settled = state["state"] in (HotReloadState.ACTIVE, HotReloadState.ROLLED_BACK)
    return bool(settled or state["pending"] != 0 or state["probation"])


@dataclass(frozen=True)
class Ending:
    """Something that must happen again and again on every fair run."""

    rule: str
    name: str
    model: type[Algorithm]
    goal: Goal
    finitely: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule} {self.name} ({self.model.__name__})"


_CALLS_END = ("nest",)

ENDINGS: tuple[Ending, ...] = (
    *(
        ending
        for model in algorithm.POLICIES
        for ending in (
            Ending(
                "V1",
                "if calls and hooks end, every operation on an upgrade ends",
                model,
                _the_first_upgrader_is_at_rest,
                _CALLS_END,
            ),
            Ending(
                "V1",
                "if calls and hooks end, no upgrade is left under way",
                model,
                _settled_or_waiting_for_a_person,
                _CALLS_END,
            ),
            Ending("V3", "a call that is invoked comes to its end", model, _the_first_caller_is_at_rest, _CALLS_END),
        )
    ),
    *(
        Ending(
            "V2",
            "with a finite timeout every operation on an upgrade ends, whatever calls do",
            model,
            _the_first_upgrader_is_at_rest,
        )
        for model in (ContinueWithTimeOut, HoldWithTimeOut, OverlapWhateverCallsDo)
    ),
    Ending("V3", "a gate that is held is opened again, whatever calls do", HoldWithTimeOut, _the_gate_is_not_held),
)

SCOPES: tuple[dict[type[Sort], int], ...] = (scope(1, 2, 2, 6, 2), scope(2, 1, 2, 6, 2))
"""Two upgraders that get in each other's way; two callers that take turns."""


def check(within: Scope, endings: Iterable[Ending] = ENDINGS) -> Iterator[tuple[Ending, Liveness]]:
    """Look, for each of the endings, for a fair run within the scope on which its goal never comes.

    The state graph of a model is built once for all its endings that stand side by side.

    Raises:
        GraphTooLargeError: the scope has too many states to say anything.

    """
    for model, group in groupby(endings, lambda ending: ending.model):
        graph = state_graph(model, within)
        for ending in group:
            yield ending, fair_cycle(graph, ending.goal, finitely=ending.finitely)
