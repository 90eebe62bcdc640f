"""What a state of the algorithm means as a state of the protocol, and the check that every step keeps the meaning.

The mapping is a table: one method for each variable of the protocol.  A step of the algorithm must be, under it, a step
of the protocol, or change nothing that the protocol can see (a stutter).  Checked here on every step within a bound
(*explored*); two things make the mapping more than a renaming:

- a call *runs* from its successful second look to the release of its holder, so ``confirm`` is the protocol's ``start``
  and all that a caller does before and after is invisible;
- a drain *awaits* the calls that run on a record from before the current one.

Rejected: checking histories instead of steps (finds the same, says less about where).  Source: Abadi and Lamport,
"The Existence of Refinement Mappings" (1991); no history or prophecy variables are needed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.algorithm import Algorithm
from quiesce_model.language import PlainRun, Scope
from quiesce_model.language.plain import Frozen
from quiesce_model.protocol import Protocol
from quiesce_model.vocabulary import DrainPolicy, Gate, HotReloadState, Life, Pc, Phase, Thread, Up, Upgrader

_PHASE = {
    Pc.IDLE: Phase.IDLE,
    Pc.READ: Phase.INVOKED,
    Pc.ANNOUNCE: Phase.INVOKED,
    Pc.CONFIRM: Phase.INVOKED,
    Pc.RETRACT: Phase.INVOKED,
    Pc.LOOK_AGAIN: Phase.INVOKED,
    Pc.RUN: Phase.RUNNING,
    Pc.NESTED: Phase.NESTED,
    Pc.PEEK: Phase.IDLE,
    Pc.LOOK: Phase.IDLE,
}


@dataclass(frozen=True)
class Meaning:
    """The protocol's variables, read off a state of the algorithm; one method for each, in the protocol's order."""

    s: Algorithm
    threads: int
    upgraders: int

    def state(self) -> HotReloadState:
        return self.s.state

    def current(self) -> int:
        return self.s.code[self.s.now]

    def manifest(self) -> int:
        """The manifest is part of the version, and so is behind the same pointer."""
        return self.s.code[self.s.now]

    def epoch(self) -> int:
        return self.s.now

    def gate(self) -> Gate:
        return self.s.gate

    def newest(self) -> int:
        return self.s.newest

    def life(self) -> tuple[Life, ...]:
        return tuple(self.s.life.cells)

    def building(self) -> int:
        return sum(self.s.up[Upgrader(u)] == Up.BUILD for u in range(self.upgraders))

    def candidate(self) -> int:
        for u in map(Upgrader, range(self.upgraders)):
            if self.s.up[u] in (Up.HANDOVER, Up.SWAP) or (
                self.s.ticket[u] and self.s.up[u] in (Up.INIT, Up.SCAN, Up.WAIT)
            ):
                return self.s.mine[u]
        return self.s.pending

    def ready(self) -> bool:
        return self.s.pending != 0

    def previous(self) -> int:
        return self.s.previous

    def undecided(self) -> bool:
        return self.s.state is HotReloadState.UPGRADE_COMPLETE and not self._undoing()

    def succeeded(self) -> int:
        return self.s.succeeded

    def failed(self) -> int:
        return self.s.failed

    def phase(self) -> tuple[Phase, ...]:
        return tuple(_PHASE[pc] for pc in self.s.pc.cells)

    def runs(self) -> tuple[int, ...]:
        return tuple(self.s.code[self.s.epoch[t]] if self.s.runs(t) else 0 for t in self._callers())

    def inner(self) -> tuple[int, ...]:
        return tuple(self.s.code[self.s.inner[t]] if self.s.pc[t] is Pc.NESTED else 0 for t in self._callers())

    def awaited(self) -> tuple[bool, ...]:
        draining = self.s.state is HotReloadState.DRAINING or self._undoing()
        waits = draining and self.s.policy is not DrainPolicy.OVERLAP
        return tuple(waits and self.s.runs(t) and self.s.epoch[t] < self.s.now for t in self._callers())

    def _callers(self) -> list[Thread]:
        return [Thread(t) for t in range(self.threads)]

    def _undoing(self) -> bool:
        return any(up in (Up.UNDO_SCAN, Up.UNDO_WAIT) for up in self.s.up.cells)


@dataclass(frozen=True)
class Deviation:
    """A step of the algorithm that is no step of the protocol: the action and both meanings of its two states."""

    action: str
    args: tuple[Any, ...]
    before: dict[str, Any]
    after: dict[str, Any]

    def __str__(self) -> str:
        changed = [n for n in self.before if self.before[n] != self.after[n]]
        lines = [f"{n}: {self.before[n]} -> {self.after[n]}" for n in changed]
        return f"{self.action}{self.args} is no step of the protocol: " + "; ".join(lines)


@dataclass
class RefinementResult:
    """What the check saw.

    ``steps`` counts, for each action of the algorithm, the actions of the protocol that its steps were ("-": stutter).
    """

    states: int = 0
    edges: int = 0
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether there was something to check, and every step was a step of the protocol or invisible to it."""
        return self.edges > 0 and not self.deviations


def refines(algorithm: type[Algorithm], protocol: type[Protocol], scope: Scope) -> RefinementResult:
    """Check every step of the algorithm within the scope against the protocol.

    Runs the plain methods, not the compiled ones: small scopes, and nothing in common with the explorer.
    """
    concrete, abstract = PlainRun(algorithm, scope), PlainRun(protocol, scope)
    threads, upgraders = scope[Thread] or 0, scope[Upgrader] or 0
    variables = tuple(abstract.sorts)
    meanings: dict[Frozen, Frozen] = {}
    following: dict[Frozen, dict[Frozen, str]] = {}

    def meaning(frozen: Frozen) -> Frozen:
        found = meanings.get(frozen)
        if found is None:
            s = concrete.thaw(frozen)
            assert isinstance(s, Algorithm)
            read = Meaning(s, threads, upgraders)
            found = meanings[frozen] = tuple(getattr(read, name)() for name in variables)
        return found

    def protocol_steps(frozen: Frozen) -> dict[Frozen, str]:
        found = following.get(frozen)
        if found is None:
            found = following[frozen] = {}
            for name, _, outcome in abstract.steps(frozen):
                if outcome.state is not None:
                    found.setdefault(outcome.state, name)
        return found

    result = RefinementResult()
    if meaning(concrete.initial()) != abstract.initial():
        first = abstract.as_dict(abstract.initial())
        result.deviations.append(Deviation("the first state", (), first, abstract.as_dict(meaning(concrete.initial()))))
    for frozen, steps in concrete.reachable().items():
        result.states += 1
        for action, args, outcome in steps:
            if outcome.state is None:
                continue
            result.edges += 1
            before, after = meaning(frozen), meaning(outcome.state)
            seen = "-" if before == after else protocol_steps(before).get(after)
            if seen is None:
                result.deviations.append(Deviation(action, args, abstract.as_dict(before), abstract.as_dict(after)))
            else:
                result.steps.setdefault(action, Counter())[seen] += 1
    return result
