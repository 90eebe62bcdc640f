"""No trap: from every reachable state the goal can be reached (AG EF goal).

Backward reachability without stored edges: pass after pass over the states that are not known to reach the goal,
deepest first, each asking whether one of its successors does.  Steps mostly lead to deeper states, so two or three
passes do. A state in which the scope cuts a step off is counted as able to: what it cannot do here it might do
beyond.
"""

from __future__ import annotations

from collections.abc import Collection

from quiesce_model.explore.analysis import Claim
from quiesce_model.explore.bounds import Watch
from quiesce_model.explore.machine import Machine, State
from quiesce_model.language.expr import land

__all__ = ["find_trap"]


def find_trap(machine: Machine, goals: Collection[str], watch: Watch) -> tuple[State, str] | str | None:
    """A nearest state from which one of the goals cannot be reached, and that goal; why it is unknown; or ``None``.

    ``goals``: names of ``sometimes`` claims that are being judged.
    """
    depth = {(g, k): d for g in machine.groups for k, d in g.seen.items()}
    states = sorted(depth, key=depth.__getitem__, reverse=True)
    edge = {s for s in states if machine.on_edge(s)}
    for name in goals:
        claim = machine.model.claims("sometimes")[name]
        goal = Claim(name, machine.grounder.ground(land(claim.in_scope, claim.expr)))
        good = {s for s in states if machine.generated.judge(goal, machine.parts(s))} | edge
        todo = [s for s in states if s not in good]
        while todo:
            left = []
            for s in todo:
                if any(t in good for t in machine.successors(s)):
                    good.add(s)
                else:
                    left.append(s)
            if len(left) == len(todo):
                return left[-1], name
            todo = left
            why = watch.stop(len(states), 0, 0, len(todo))
            if why:
                return why
    return None
