"""From a chain of reduced states to a genuine run of the unreduced model.

A state that symmetry reduction keeps stands for many; the chain of them says nothing of names.  The run is found by
taking, from the true initial state on, any step whose target is stood for by the next state of the chain.  There is
one, because interchangeable elements have interchangeable steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quiesce_model.explore.layout import Parts
from quiesce_model.explore.machine import Machine, Move, State
from quiesce_model.explore.result import Step, Violation

__all__ = ["chain_to", "changes", "deadlocked", "run_along", "violation"]


def chain_to(machine: Machine, state: State) -> list[State]:
    """The states from the first one to ``state``, each at the depth before the next.

    No parents are kept: a state's depth is, and of the groups only those are searched that lead to the one at hand.
    """
    chain = [state]
    depth = state[0].seen[state[1]]
    while depth:
        depth -= 1
        chain.append(_before(machine, chain[-1], depth))
    return chain[::-1]


def _before(machine: Machine, state: State, depth: int) -> State:
    group, key = state
    for g in machine.groups:
        if group.number in g.leads_to or machine.has_joint_steps:
            for k, d in g.seen.items():
                if d == depth and any(to is group and t == key for to, t in machine.successors((g, k))):
                    return g, k
    msg = f"no state at depth {depth} leads to {machine.layout.values(machine.parts(state))}"
    raise AssertionError(msg)


def run_along(machine: Machine, chain: list[State]) -> tuple[Parts, list[Move]]:
    """A run of the unreduced model through states that ``chain`` stands for: where it ends, and its steps."""
    at, moves = machine.first, []
    for state in chain[1:]:
        for move in machine.moves(at)[0]:
            if move.target is not None and machine.state(move.target) == state:
                moves.append(move)
                at = move.target
                break
        else:
            msg = f"no step of the unreduced model leads on from {machine.layout.values(at)}"
            raise AssertionError(msg)
    return at, moves


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two states, entry by entry."""
    out: dict[str, tuple[Any, Any]] = {}
    for name, old in before.items():
        new = after[name]
        if isinstance(old, dict):
            out |= {f"{name}[{_key(k)}]": (v, new[k]) for k, v in old.items() if v != new[k]}
        elif old != new:
            out[name] = (old, new)
    return out


def _key(key: Any) -> str:
    return str(getattr(key, "name", key))


def violation(machine: Machine, kind: str, chain: list[State], label: str | None = None) -> Violation:
    """The violation at the end of a chain; for a broken step, ``label`` is the claim that a step from there breaks."""
    at, moves = run_along(machine, chain)
    broken: list[str] = []
    if kind == "step":
        bad = [m for m in machine.moves(at)[0] if m.broken]
        last = next((m for m in bad if label in m.broken), bad[0])
        moves.append(last)
        broken = list(last.broken)
    if kind in {"claim", "step"} and (not moves or moves[-1].target is not None):
        broken += machine.false_claims(at if not moves else moves[-1].target or at)
    claim = label if label is not None and (label in broken or kind in {"deadlock", "trap"}) else broken[0]
    initial = machine.layout.values(machine.first)
    steps, before = [], initial
    for m in moves:
        state = before if m.target is None else machine.layout.values(m.target)
        steps.append(Step(m.label, state, changes(before, state)))
        before = state
    also = tuple(dict.fromkeys(b for b in broken if b != claim))
    return Violation(kind, claim, machine.rules_of(claim), initial, tuple(steps), also)


def deadlocked(machine: Machine, parts: Parts) -> bool:
    """Whether no step is possible, and the scope cuts none off."""
    moves, cut = machine.moves(parts)
    return not moves and not cut
