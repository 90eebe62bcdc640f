"""All known-bad protocols, and the check that each fails exactly as it is said to.

A check that has never been seen to fail is no evidence, so nothing about these entries is taken on trust.  `check` asks
of each: does the explorer call it broken; by that rule and that claim; after exactly so many steps; does the search
without symmetry reduction agree on the length; does the run, taken step by step by the methods themselves, keep the
claim until its last step and break it there; and, where the model is small, does the plain breadth-first search find
nothing one step earlier.  The last two do without the reader's expressions, the generated code and the explorer.

For a trap the run ends in a state from which ACTIVE cannot be reached any more (a state in which the scope runs out is
not one); for liveness the witness is a fair cycle of the state graph in which an upgrader never comes to rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal

from quiesce_model.explore import Lasso, Liveness, Result, Violation, explore, fair_cycle, state_graph
from quiesce_model.known_bad.entry import KnownBad
from quiesce_model.known_bad.plainly import NotARun, can_reach, first_failure, goes_round, replay
from quiesce_model.language import Model, Sort, sometimes
from quiesce_model.language.roles import rules_in
from quiesce_model.vocabulary import HotReloadState

__all__ = [
    "ENDS",
    "NO_TRAP",
    "Caught",
    "KnownBad",
    "Missed",
    "at_rest",
    "catalogue",
    "check",
    "upgrades_end",
    "with_goal",
]

NO_TRAP = "ACTIVE can be reached from every state"
"""The claim of an entry that is found by a state with no way back."""

ENDS = "every upgrade ends"
"""The claim of an entry that is found by a fair cycle."""

PAST_AN_ASSERTION = 50_000
"""So many states the plain search may need where it is the only one that can tell."""


@dataclass(frozen=True)
class Caught:
    """The entry fails as it is said to.

    ``states`` is the number of states that the search needed.  ``violation`` is the run, of a trap the run into it;
    a cycle has a ``lasso`` instead.  Neither is there if an assertion fails sooner and only the plain search, which
    keeps no runs, gets past it.  ``sooner`` is another claim that fails after fewer steps, as a rule a part of the
    argument, and how many.  ``plain_states`` is the number of states that the plain search looked at to find nothing
    shorter; None where they were too many.
    """

    entry: KnownBad
    states: int
    seconds: float
    violation: Violation | None = None
    sooner: tuple[str, int] | None = None
    lasso: Lasso | None = None
    plain_states: int | None = None

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        how = f"a fair cycle of {len(self.lasso)} states" if self.lasso else f"{self.entry.steps} steps"
        return f"{self.entry.name}: breaks {self.entry.breaks} ({self.entry.claim}), {how}, {self.states:,} states"


@dataclass(frozen=True)
class Missed:
    """The entry does not fail as it is said to: how ``expected`` and ``got`` differ."""

    entry: KnownBad
    expected: str
    got: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.entry.name}: expected {self.expected}, got {self.got}"


def catalogue() -> list[KnownBad]:
    """Every known-bad protocol: the published one with its defects and repairs, and the mutants of the algorithm."""
    from quiesce_model.known_bad.mutants import MUTANTS
    from quiesce_model.known_bad.published.entries import PUBLISHED

    return [*PUBLISHED, *MUTANTS]


def check(entry: KnownBad, *, plain_states: int = 5_000) -> Caught | Missed:
    """Whether the entry fails as it is said to.

    :param plain_states: where the plain search needs no more states than these, it has to find nothing shorter.
    """
    match entry.kind:
        case "safety":
            return _check_safety(entry, plain_states)
        case "trap":
            return _check_trap(entry)
        case "liveness":
            return _check_cycle(entry)


def _check_safety(entry: KnownBad, plain_states: int) -> Caught | Missed:
    missed = _misses(entry, f"{entry.breaks} ({entry.claim}) to be broken after {entry.steps} steps")
    if entry.breaks not in (rules := _rules_of(entry)):
        return missed(f"a claim of {', '.join(rules) or 'no rule'}")
    everything = explore(entry.model, entry.scope, symmetric=True, deadlock=False, vacuity=False)
    first = everything.violation
    if first is None:
        return missed(str(everything))
    if len(first) == entry.steps and entry.claim in (first.claim, *first.also):
        found, run = everything, first
    else:
        found = _explore_for(entry, symmetric=True)
        if _stopped_by_an_assertion(found, entry):
            return _check_plainly(entry, found, missed)
        if found.violation is None or found.violation.claim != entry.claim or len(found.violation) != entry.steps:
            return missed(str(found))
        run = found.violation
    if (unreduced := _length(_explore_for(entry))) != entry.steps:
        return missed(f"{unreduced} steps without symmetry reduction")
    try:
        steps = [(step.label.action, step.label.args) for step in run.trace]
        if (at := replay(entry.model, entry.scope, steps, entry.claim)) != entry.steps:
            return missed(f"{at} steps when the methods run")
    except NotARun as error:
        return missed(f"a run that the methods do not take: {error}")
    searched = first_failure(entry.model, entry.scope, plain_states, entry.claim)
    if searched is not None and (searched[0] is None or searched[0].steps != entry.steps):
        return missed(f"{searched[0]} by the plain search")
    sooner = (first.claim, len(first)) if len(first) < len(run) else None
    return Caught(entry, found.states, found.seconds, run, sooner, plain_states=searched[1] if searched else None)


def _stopped_by_an_assertion(found: Result, entry: KnownBad) -> bool:
    run = found.violation
    return run is not None and run.claim not in entry.model.claims() and len(run) < (entry.steps or 0)


def _check_plainly(entry: KnownBad, stopped: Result, missed: Callable[[str], Missed]) -> Caught | Missed:
    """The explorer ends at the first assertion that fails; the plain search can look past it for a claim."""
    assert stopped.violation is not None
    began = monotonic()
    searched = first_failure(entry.model, entry.scope, PAST_AN_ASSERTION, entry.claim)
    if searched is None or searched[0] is None or searched[0].steps != entry.steps:
        return missed(f"{searched} by the plain search, past {stopped.violation.claim}")
    sooner = (stopped.violation.claim, len(stopped.violation))
    return Caught(entry, searched[1], monotonic() - began, sooner=sooner, plain_states=searched[1])


def _explore_for(entry: KnownBad, *, symmetric: Literal[True] | tuple[()] = ()) -> Result:
    """Judge the entry's claim and no other (assertions are always judged)."""
    named = [entry.claim] if entry.claim in entry.model.claims() else []
    return explore(entry.model, entry.scope, symmetric=symmetric, claims=named, deadlock=False, vacuity=False)


class _SeesActive(Model):
    """The goal of no-trap, to be mixed into a model."""

    state: HotReloadState = HotReloadState.ACTIVE

    @sometimes("L4")
    def active_is_reached(s) -> bool:
        return s.state == HotReloadState.ACTIVE


def with_goal(model: type[Model]) -> type[Model]:
    """The model with one more claim, ``active_is_reached``, so that its reachability can be asked for everywhere."""
    return type(f"{model.__name__}", (_SeesActive, model), {})


def _check_trap(entry: KnownBad) -> Caught | Missed:
    missed = _misses(entry, f"no way back to ACTIVE after {entry.steps} steps")
    if entry.breaks != "L4" or entry.claim != NO_TRAP:
        return missed(f"an entry that says {entry.breaks} ({entry.claim}); a trap breaks L4 ({NO_TRAP})")
    goal, model = ["active_is_reached"], with_goal(entry.model)
    found = explore(model, entry.scope, symmetric=True, claims=goal, always_reachable=goal, deadlock=False)
    run = found.violation
    if run is None or run.kind != "trap" or len(run) != entry.steps:
        return missed(str(found))
    other = explore(model, entry.scope, claims=goal, always_reachable=goal, deadlock=False)
    if _length(other) != entry.steps:
        return missed(f"{_length(other)} steps without symmetry reduction")
    steps = [(step.label.action, step.label.args) for step in run.trace]
    try:
        if can_reach(entry.model, entry.scope, steps, _is_active):
            return missed("a way back when the methods run")
        if not can_reach(entry.model, entry.scope, steps[:-1], _is_active):
            return missed("no way back one step earlier either")
    except NotARun as error:
        return missed(f"a run that the methods do not take: {error}")
    return Caught(entry, found.states, found.seconds, run)


def _is_active(state: Mapping[str, Any]) -> bool:
    return bool(state["state"] == HotReloadState.ACTIVE)


def at_rest(state: Mapping[str, Any]) -> bool:
    """The goal of liveness (rules V1 and V2): the first upgrader's operation has ended; one is as good as another.

    Not that all are at rest at once: two that take turns never need be, in the correct algorithm either.
    """
    return bool(state["up"][0].name == "IDLE")


def upgrades_end(model: type[Model], scope: Mapping[type[Sort], int], *, calls_end: bool = True) -> Liveness:
    """Whether every upgrade ends: no fair run on which some upgrader never comes to rest.

    :param calls_end: if calls end (rule V1), which is taken to mean that a call nests finitely often: what is left for
        it to do is to end.  Otherwise whatever calls do (rule V2), in a model whose time-outs are fair instead.
    """
    return fair_cycle(state_graph(model, scope), at_rest, finitely=("nest",) if calls_end else ())


def _check_cycle(entry: KnownBad) -> Caught | Missed:
    missed = _misses(entry, f"{entry.breaks} ({entry.claim}) to be broken by a fair cycle")
    if entry.breaks not in {"V1", "V2"} or entry.claim != ENDS or entry.steps is not None:
        return missed(
            f"an entry of {entry.steps} steps that says {entry.breaks} ({entry.claim}), not V1 or V2 ({ENDS})"
        )
    began = monotonic()
    found = upgrades_end(entry.model, entry.scope, calls_end=entry.breaks == "V1")
    if found.lasso is None:
        return missed(str(found))
    stem, cycle = (
        [(label.action, label.args) for _, label, _ in hops] for hops in (found.lasso.stem, found.lasso.cycle)
    )
    try:
        if not goes_round(entry.model, entry.scope, stem, cycle, at_rest):
            return missed("a run that does not come back, or comes to rest, when the methods run")
    except NotARun as error:
        return missed(f"a run that the methods do not take: {error}")
    return Caught(entry, found.states, monotonic() - began, lasso=found.lasso)


def _misses(entry: KnownBad, expected: str) -> Callable[[str], Missed]:
    return lambda got: Missed(entry, expected, got)


def _length(result: Result) -> int | None:
    return None if result.violation is None else len(result.violation)


def _rules_of(entry: KnownBad) -> tuple[str, ...]:
    """The rules that the entry's claim is about: a claim of the model by name, or an assertion by its label."""
    claim = entry.model.claims().get(entry.claim)
    return rules_in(entry.claim) if claim is None else claim.rules
