"""Golden traces: runs that the model has, written down, for anybody who wants to know whether they understood it.

For each model: a shortest run to each thing that must be seen (``sometimes``), a shortest run that ends in each action
which those leave out, and walks that take every action in every one of the six states in which it can be taken.

A file is JSON lines: a head, then for each trace its own head, its steps with what each changed, and the state at its
end.  `check` takes every step by calling the methods of the model, and rejects a file of which one value is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from quiesce_model import algorithm, protocol
from quiesce_model.explore import state_graph, transition_tour
from quiesce_model.explore.analysis import Claim
from quiesce_model.explore.layout import Parts
from quiesce_model.explore.machine import Machine
from quiesce_model.export.runs import NotARunError, Run, Search, follow, written
from quiesce_model.export.values import plain, scope_of, state_of, write_scope
from quiesce_model.language import Model, PlainRun, Scope
from quiesce_model.language.expr import FALSE, land
from quiesce_model.language.sorts import Sort
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version, scope

__all__ = ["FORMAT", "MODELS", "GoldenError", "check", "golden"]

FORMAT = "quiesce golden traces, 1"
MODELS: dict[str, type[Model]] = {
    f"{module.__name__.rpartition('.')[2]}.{m.__name__}": m
    for module, policies in ((protocol, protocol.POLICIES), (algorithm, algorithm.POLICIES))
    for m in policies
}
SORTS: dict[str, type[Sort]] = {s.__name__: s for s in (Thread, Upgrader, Version, Epoch, Tally)}

SEEN_IN: Scope = scope(2, 1, 2, 5, 2)
TOURED: Scope = scope(1, 1, 2, 6, 3)


class GoldenError(Exception):
    """A golden file is not what it should be: which line, what was expected, what was got."""


def golden(name: str, head: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of one model's file.

    :param name: the model, as in `MODELS`.
    :param head: what the first line says besides.
    """
    model = MODELS[name]
    yield {"format": FORMAT, "model": name, **head}
    machine = Machine(model, SEEN_IN, claims=())
    search = Search(machine)
    runs = list(_shortest(model, machine, search))
    for title, run in runs:
        yield from _trace(machine, SEEN_IN, title, run)
    graph = state_graph(model, TOURED)
    parts = {n: graph.nodes[n]["parts"] for n in graph}
    tour = transition_tour(graph, view=lambda s: s["state"])
    for n, walk in enumerate(tour, 1):
        run = Run(tuple((label, parts[to]) for _, label, to in walk))
        yield from _trace(graph.graph["machine"], TOURED, f"tour of every action in every state, walk {n}", run)


def _shortest(model: type[Model], machine: Machine, search: Search) -> Iterator[tuple[str, Run]]:
    goals = {
        n: Claim(n, machine.grounder.ground(land(c.in_scope, c.expr))) for n, c in model.claims("sometimes").items()
    }
    actions = {a.name for a in model.actions() if a.guard is not FALSE}
    seen: dict[str, Run] = {}
    taken: dict[str, Run] = {}

    def look(parts: Parts) -> None:
        for n in [n for n, goal in goals.items() if n not in seen and machine.generated.judge(goal, parts)]:
            seen[n] = search.run_to(parts)

    look(machine.first)
    for before, move in search.moves():
        if move.target is not None:
            if move.label.action not in taken:
                taken[move.label.action] = Run((*search.run_to(before).steps, (move.label, move.target)))
            if len(seen) < len(goals):
                look(move.target)
        if len(seen) == len(goals) and taken.keys() >= actions:
            break
    else:
        left = sorted((goals.keys() - seen.keys()) | (actions - taken.keys()))
        raise GoldenError(f"{model.__name__}: not seen in this scope: {', '.join(left)}; take a larger one")
    shown: set[str] = set()
    for name in goals:
        yield f"sometimes {name}", seen[name]
        shown |= {label.action for label, _ in seen[name].steps}
    for name in sorted(actions):
        if name not in shown:
            yield f"action {name}", taken[name]
            shown |= {label.action for label, _ in taken[name].steps}


def _trace(machine: Machine, sizes: Scope, title: str, run: Run) -> Iterator[dict[str, Any]]:
    first = machine.layout.values(machine.first)
    yield {"trace": title, "scope": write_scope(sizes), "first": state_of(first)}
    yield from written(machine, run.steps)
    end = run.steps[-1][1] if run.steps else machine.first
    assert end is not None
    yield {"end": len(run), "state": state_of(machine.layout.values(end))}


def check(text: str) -> tuple[dict[str, Any], int, set[str]]:
    """Replay a golden file against the model that it names.

    Returns:
        Its head, how many traces it holds, and the actions that they take.

    Raises:
        GoldenError: it is no golden file, or a trace in it is no run of the model.

    """
    lines = []
    for n, line in enumerate(text.splitlines(), 1):
        try:
            lines.append((n, json.loads(line)))
        except ValueError as error:
            raise GoldenError(f"line {n}: expected JSON, got {line[:60]!r}") from error
    if not lines or lines[0][1].get("format") != FORMAT:
        raise GoldenError(f"line 1: expected the format {FORMAT!r}, got {text[:60]!r}")
    head = lines[0][1]
    if head.get("model") not in MODELS:
        raise GoldenError(f"line 1: expected a model out of {', '.join(MODELS)}, got {head.get('model')!r}")
    traces, actions = 0, set()
    at = 1
    while at < len(lines):
        end = next((i for i in range(at, len(lines)) if "end" in lines[i][1]), None)
        if end is None or "trace" not in lines[at][1]:
            raise GoldenError(f"line {lines[at][0]}: expected a trace with its end")
        actions |= _check(MODELS[head["model"]], lines[at : end + 1])
        traces += 1
        at = end + 1
    if not traces:
        raise GoldenError("expected a trace, found none")
    return head, traces, actions


def _check(model: type[Model], lines: list[tuple[int, dict[str, Any]]]) -> set[str]:
    where, about = lines[0]
    steps, last = [step for _, step in lines[1:-1]], lines[-1][1]
    try:
        run = PlainRun(model, scope_of(about["scope"], SORTS))
        if state_of(run.as_dict(run.initial())) != about["first"]:
            raise GoldenError(f"line {where}: that is not the first state of {model.__name__}: {about['first']}")
        states = [run.initial(), *(state for state, _ in follow(run, steps))]
    except NotARunError as error:
        raise GoldenError(f"line {where}, {about['trace']!r}: {error}") from error
    except (KeyError, TypeError) as error:
        raise GoldenError(f"line {where}: expected scope and first state of a trace, got {about}") from error
    if last != {"end": len(steps), "state": {n: plain(v) for n, v in run.as_dict(states[-1]).items()}}:
        raise GoldenError(f"line {lines[-1][0]}: {about['trace']!r} ends in another state, or after other steps")
    kind, _, name = about["trace"].partition(" ")
    if kind == "sometimes" and (name not in model.marks("sometimes") or run.claim(name, states[-1]) is not True):
        raise GoldenError(f"line {where}: the end of the trace does not show {name}")
    if kind == "action" and (not steps or steps[-1]["action"] != name):
        raise GoldenError(f"line {where}: the trace does not end in {name}")
    return {step["action"] for step in steps}
