"""How each known-bad protocol fails, written down: rule, claim, the shortest run, the story.

Safety: a run whose last step or last state breaks the claim.  Trap: a run to a state with no way back.  Liveness: the
way in and the way round.  `check` takes each step by calling the methods of the known-bad model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from quiesce_model.explore import explore
from quiesce_model.explore.analysis import Claim
from quiesce_model.explore.layout import Parts
from quiesce_model.explore.machine import Machine
from quiesce_model.export.runs import NotARunError, Run, Search, follow, written
from quiesce_model.export.values import scope_of, state_of, write_scope
from quiesce_model.known_bad.catalogue import KnownBad, catalogue, upgrades_end, with_goal
from quiesce_model.language import PlainRun
from quiesce_model.language.expr import imp
from quiesce_model.language.sorts import Sort
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version

__all__ = ["CounterexampleError", "check", "counterexample", "dumps"]

FORMAT = "quiesce counterexample, 1"
SORTS: dict[str, type[Sort]] = {s.__name__: s for s in (Thread, Upgrader, Version, Epoch, Tally)}


class CounterexampleError(Exception):
    """A counterexample is none: what was expected, what was got."""


def counterexample(entry: KnownBad, head: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of the catalogue with its run.

    :param head: what is said besides.
    :raises CounterexampleError: the entry does not fail as the catalogue says.
    """
    machine = Machine(entry.model, entry.scope, claims=[entry.claim])
    out = {"format": FORMAT, **head, **_about(entry), "first": state_of(machine.layout.values(machine.first))}
    if entry.kind == "liveness":
        found = upgrades_end(entry.model, entry.scope, calls_end=entry.breaks == "V1").lasso
        if found is None:
            raise CounterexampleError(f"{entry.name}: expected a fair cycle, found none")
        states = _states(machine, [label for hops in (found.stem, found.cycle) for _, label, _ in hops])
        knot = len(found.stem)
        at = states[knot - 1][1] if knot else machine.first
        return out | {"run": written(machine, states[:knot]), "cycle": written(machine, states[knot:], at)}
    run = _trap(entry, machine) if entry.kind == "trap" else _broken(entry, machine)
    if run is None or len(run) != entry.steps:
        got = "no run" if run is None else f"{len(run)} steps"
        raise CounterexampleError(f"{entry.name}: expected {entry.steps} steps, got {got}")
    return out | {"run": written(machine, run.steps)}


def _about(entry: KnownBad) -> dict[str, Any]:
    return {
        "name": entry.name,
        "model": f"{entry.model.__module__}.{entry.model.__qualname__}",
        "kind": entry.kind,
        "breaks": entry.breaks,
        "claim": entry.claim,
        "steps": entry.steps,
        "scope": write_scope(entry.scope),
        "story": entry.story,
        "removed_by": list(entry.removed_by),
    }


def dumps(found: Mapping[str, Any]) -> str:
    """A counterexample as text: one field a line, one step a line."""
    lines = []
    for name, value in found.items():
        if name in {"run", "cycle"} and value:
            steps = ",\n".join(f"  {json.dumps(step)}" for step in value)
            lines.append(f" {json.dumps(name)}: [\n{steps}\n ]")
        else:
            lines.append(f" {json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _states(machine: Machine, labels: list[Any]) -> list[tuple[Any, Parts | None]]:
    at = machine.first
    out: list[tuple[Any, Parts | None]] = []
    for label in labels:
        target = next(m.target for m in machine.moves(at)[0] if m.label == label)
        assert target is not None
        at = target
        out.append((label, at))
    return out


def _broken(entry: KnownBad, machine: Machine) -> Run | None:
    claims = entry.model.claims("invariant", "theorem")
    if entry.claim not in claims:
        return Search(machine).first(lambda _: False, lambda move: entry.claim in move.broken)
    c = claims[entry.claim]
    claim = Claim(c.name, machine.grounder.ground(imp(c.in_scope, c.expr)))
    return Search(machine).first(lambda parts: not machine.generated.judge(claim, parts))


def _trap(entry: KnownBad, machine: Machine) -> Run | None:
    goal = ["active_is_reached"]
    found = explore(
        with_goal(entry.model), entry.scope, claims=goal, always_reachable=goal, deadlock=False, vacuity=False
    ).violation
    if found is None or found.kind != "trap":
        return None
    return Run(tuple(_states(machine, [step.label for step in found.trace])))


def check(found: Mapping[str, Any]) -> None:
    """Replay a counterexample.

    :raises CounterexampleError: it is none.
    """
    entry = next((e for e in catalogue() if e.name == found.get("name")), None)
    if entry is None or found.get("format") != FORMAT:
        raise CounterexampleError(f"expected a counterexample of the catalogue, got {found.get('name')!r}")
    for name, value in _about(entry).items():
        if found.get(name) != value:
            raise CounterexampleError(f"{entry.name}: expected {name} to be {value!r}, got {found.get(name)!r}")
    try:
        run = PlainRun(entry.model, scope_of(found["scope"], SORTS))
        if state_of(run.as_dict(run.initial())) != found["first"]:
            raise CounterexampleError(f"{entry.name}: that is not the first state")
        way = follow(run, found["run"])
        end = way[-1][0] if way else run.initial()
        if entry.kind == "liveness":
            round_ = follow(run, found["cycle"], end)
            if round_ and round_[-1][0] != end:
                raise CounterexampleError(f"{entry.name}: the cycle does not come back to where it began")
    except NotARunError as error:
        raise CounterexampleError(f"{entry.name}: {error}") from error
    if entry.kind == "safety":
        broken = set(way[-1][1]) if way else set()
        if entry.claim in entry.model.claims("invariant", "theorem") and run.claim(entry.claim, end) is False:
            broken.add(entry.claim)
        if entry.claim not in broken or len(way) != found["steps"]:
            raise CounterexampleError(f"{entry.name}: the run does not break {entry.claim!r} by its last step")
