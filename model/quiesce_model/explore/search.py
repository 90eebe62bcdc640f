"""Breadth-first exploration of a model within a scope.

Breadth first, so the first state that breaks a claim is a nearest one.  A claim about the shared part or about one
element is judged when a state is expanded (by its table entries), a joint claim when a state is first reached, an
assert or a transition when the step is taken; the search ends a depth before it reports what was found one step
ahead, so the run that it prints is a shortest one.

Of each state its depth is kept, and no parent: the way to a violation is searched backwards, which costs time only when
there is one.  The garbage collector is off during the search: it would walk millions of tuples again and again, and
what the search makes is taken apart by hand at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

from quiesce_model.explore.bounds import Bounds, Watch
from quiesce_model.explore.loop import Group
from quiesce_model.explore.machine import Machine, PackedOverflow, State
from quiesce_model.explore.pieces import Room, no_collector, pieces
from quiesce_model.explore.replay import replay
from quiesce_model.explore.result import Progress, Result, Verdict, Violation
from quiesce_model.explore.steps import Outcome
from quiesce_model.explore.trace import chain_to, violation
from quiesce_model.explore.traps import find_trap
from quiesce_model.language.model import Model
from quiesce_model.language.sorts import Scope, Sort, is_unordered

__all__ = ["explore"]

FIRST_BITS = 12


class _Found(Exception):
    """A state at the present depth breaks a claim: no shorter run can."""

    def __init__(self, kind: str, state: Any, label: str) -> None:
        super().__init__(kind, state, label)
        self.kind, self.state, self.label = kind, state, label


def explore(
    model: type[Model],
    scope: Scope,
    *,
    packed: bool = False,
    symmetric: Literal[True] | Collection[type[Sort]] = (),
    claims: Collection[str] | None = None,
    max_states: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
    progress: Callable[[Progress], object] | None = None,
    deadlock: bool = True,
    vacuity: bool = True,
    always_reachable: Collection[str] = (),
) -> Result:
    """Visit every state that a model can reach within a scope, and judge every claim on the way.

    Args:
        model: the model class.
        scope: how many elements of each sort there are.
        packed: keep each state as one integer: half the memory, more time.
        symmetric: ``True`` or the unordered sorts whose elements are taken to be interchangeable.
        claims: names or rule ids of the claims to judge; ``None`` for all.  Asserts in actions are always judged.
        max_states: stop beyond so many states.
        max_seconds: stop after so many seconds of monotonic time.
        max_bytes: stop beyond so many bytes of resident memory.
        progress: called with a `Progress` at most ten times a second, in the searching thread.
        deadlock: whether a state in which nothing can be done is a violation.
        vacuity: whether a ``sometimes`` that no state shows, or an action that is never taken, is one.
        always_reachable: names of ``sometimes`` claims that must be reachable again from every state (no trap).

    Returns:
        What was found.  Out of bounds, or after Ctrl-C, the verdict is UNFINISHED and the counts are those so far.

    Raises:
        SymmetryError: sorting is not exact for one of the sorts in ``symmetric``.
        ModelError: the model or the scope is not well formed.
    """
    sorts = [s for s in scope if is_unordered(s)] if symmetric is True else list(symmetric)
    watch = Watch(Bounds(max_states, max_seconds, max_bytes), progress)
    bits = FIRST_BITS if packed else 0
    while True:
        machine = Machine(model, scope, claims=claims, symmetric=sorts, bits=bits)
        try:
            return Search(machine, watch, deadlock, vacuity, always_reachable).run()
        except PackedOverflow:
            bits *= 2


class Search:
    """One search; used once."""

    def __init__(
        self, machine: Machine, watch: Watch, deadlock: bool, vacuity: bool, always_reachable: Collection[str]
    ) -> None:
        self.machine, self.watch = machine, watch
        self.deadlock, self.vacuity, self.always_reachable = deadlock, vacuity, always_reachable
        self.states = self.edges = self.depth = self.on_edge = self.deadlocks = 0
        self.met: dict[str, int | None] = dict.fromkeys(machine.sometimes)
        self.looked_for = {c.name for c in machine.analysis.joint_sometimes}
        self.ahead: tuple[str, State, str] | None = None  # found one step beyond the present depth: kind, state, label
        self.levels: list[int] = []
        machine.on_joint_claim = self._false_ahead  # type: ignore[method-assign]  # the machine's outgoing calls
        machine.on_met = self._seen_now  # type: ignore[method-assign]  # the same

    def run(self) -> Result:
        """Search until there is an answer."""
        found: Violation | None = None
        why = ""
        with no_collector():
            try:
                why = self._search()
                if not why and self.ahead is None and self.always_reachable:
                    trap = find_trap(self.machine, self.always_reachable, self.watch)
                    if isinstance(trap, str):
                        why = trap
                    elif trap is not None:
                        found = self._violation("trap", *trap)
            except _Found as end:
                found = self._violation(end.kind, end.state, end.label)
            except KeyboardInterrupt:
                why = "interrupted"
            if found is None and self.ahead is not None:
                found, why = self._violation(*self.ahead), ""
            result = self._result(found, why)
            self.machine.reset()
        return result

    def _violation(self, kind: str, state: State, label: str) -> Violation:
        found = violation(self.machine, kind, chain_to(self.machine, state), label)
        replay(self.machine.model, self.machine.scope, found)
        return found

    def _search(self) -> str:
        machine, watch = self.machine, self.watch
        group, key = machine.state(machine.first)
        group.seen[key] = 0
        self.states = 1
        label = machine.generated.check_all(*machine.first)
        if label is not None:
            raise _Found("claim", (group, key), label)
        frontier: list[tuple[Group, list[Any]]] = [(group, [key])]
        room = Room()
        while frontier:
            done = sum(len(keys) for _, keys in frontier)
            self.levels.append(done)
            edges_before = self.edges
            reached: dict[int, Group] = {}
            for batch in pieces(frontier, room):
                before = watch.seconds
                work = sum(len(keys) for _, keys in batch)
                edges = machine.form.expand(batch, self.depth + 1, machine.prepare, self._slow, self._dead)
                self.edges += edges  # not in one statement: joint steps count theirs meanwhile
                if self.looked_for:
                    self._look_for(batch)
                done -= work
                for g, _ in batch:
                    reached |= g.leads_to
                if watch.due(self.states + self.edges - edges_before):  # each new state took a step
                    fresh = sum(len(g.new) for g in reached.values())
                    why = watch.stop(self.states + fresh, self.edges, self.depth, done + fresh)
                    if why and done + fresh:
                        self.states += fresh
                        return why
                room.adapt(watch.seconds - before)
            frontier = []
            for g in reached.values():
                if g.new:
                    frontier.append((g, g.new[:]))
                    g.new.clear()
            self.states += sum(len(keys) for _, keys in frontier)
            if self.ahead is not None:
                return ""
            self.depth += 1
        self.depth -= 1
        return ""

    # -- called by the generated loop -------------------------------------------------------------------------------
    def _slow(self, group: Group, keys: list[Any]) -> None:
        """States at whose parts something was noted."""
        machine, numbers = self.machine, self.machine.form.numbers
        cut: set[int] = set()  # local parts at which the scope ends
        clash: dict[int, set[int]] = {}  # local part -> the parts that break a pair assert beside it
        urgent = machine.has_joint_steps
        for local, notes in group.flags.items():
            urgent = urgent or notes.urgent
            if notes.edge:
                cut.add(local)
            if notes.out.pairs and self.ahead is None:
                if len(notes.pairs) < len(group.row[1]):  # type: ignore[index]  # the row is made before what is noted
                    machine.match(group, local, notes)
                if notes.misfits:
                    clash[local] = notes.misfits
        if urgent:
            for key in keys:
                self._look_at((group, key))
        elif -1 in cut:
            self.on_edge += len(keys)
        elif cut:
            self.on_edge += sum(not cut.isdisjoint(numbers(key)) for key in keys)
        if clash:
            self._clash(group, keys, clash)

    def _clash(self, group: Group, keys: list[Any], clash: dict[int, set[int]]) -> None:
        for key in keys:
            numbers = self.machine.form.numbers(key)
            for local, misfits in clash.items():
                if local < 0 or local in numbers:
                    others = list(numbers)
                    if local >= 0:
                        others.remove(local)
                    bad = next((x for x in others if x in misfits), None)
                    if bad is not None and self.ahead is None:
                        label = group.flags[local].pairs[bad]
                        assert label is not None
                        self.ahead = ("step", (group, key), label)
                        return

    def _look_at(self, state: State) -> None:
        machine, edge = self.machine, False
        for element, notes in machine.flagged(state):
            edge = edge or notes.edge
            out = notes.out
            if out.false:
                raise _Found("claim", state, out.false[0])
            if out.broken or out.doubtful:
                self._broken_ahead(state, element, out)
        if machine.has_joint_steps:
            edge = self._joint(state) or edge
        self.on_edge += edge

    def _broken_ahead(self, state: State, element: int, out: Outcome) -> None:
        if self.ahead is not None:
            return
        labels = [label for _, label, _ in out.broken]
        if not labels:
            machine = self.machine
            parts, doubts = machine.parts(state), machine.generated.doubts
            labels = [doubts[d][0] for _, d in out.doubtful if not machine.holds(d, element, parts)]
        if labels:
            self.ahead = ("step", state, labels[0])

    def _false_ahead(self, group: Group, key: Any, label: str) -> None:
        if self.ahead is None:
            self.ahead = ("claim", (group, key), label)

    def _joint(self, state: State) -> bool:
        machine = self.machine
        out = machine.joint(machine.parts(state))
        self._broken_ahead(state, -2, out)
        for n, target, *then, _ in out.moves:
            machine.taken[n] += 1
            group, key = machine.state((target, *then))
            state[0].leads_to[group.number] = group
            if key not in group.seen:
                group.seen[key] = self.depth + 1
                group.new.append(key)
                label = machine.generated.check_all(target, *then)
                if label is not None:
                    self._false_ahead(group, key, label)
        for n in out.edge:
            machine.cut[n] += 1
        self.edges += len(out.moves)
        return bool(out.edge)

    def _dead(self, group: Group, key: Any) -> None:
        state, machine = (group, key), self.machine
        if machine.on_edge(state) or (machine.has_joint_steps and machine.joint(machine.parts(state)).moves):
            return
        self.deadlocks += 1
        if self.deadlock:
            raise _Found("deadlock", state, "no deadlock")

    def _seen_now(self, name: str) -> None:
        if self.met[name] is None:
            self.met[name] = self.depth
        self.looked_for.discard(name)

    def _look_for(self, batch: list[tuple[Group, list[Any]]]) -> None:
        """The ``sometimes`` that look at several elements, until each was met."""
        met, parts = self.machine.generated.joint_met, self.machine.parts
        for group, keys in batch:
            for key in keys:
                for name in met(*parts((group, key))):
                    self._seen_now(name)
                if not self.looked_for:
                    return

    # -- the verdict ------------------------------------------------------------------------------------------------
    def _result(self, found: Violation | None, why: str) -> Result:
        machine = self.machine
        taken = dict.fromkeys(machine.actions, 0)
        for step, n in zip(machine.generated.steps, machine.taken, strict=True):
            taken[step.instance.action] += n
        verdict = Verdict.BROKEN if found is not None else Verdict.UNFINISHED if why else Verdict.HOLDS
        missing = [n for n, d in self.met.items() if d is None] + [a for a, n in taken.items() if not n]
        if verdict is Verdict.HOLDS and self.vacuity and missing:
            named = ", ".join(missing)
            if self.on_edge:
                verdict, why = Verdict.UNFINISHED, f"not seen in this scope, which cuts steps off: {named}"
            else:
                verdict, why = Verdict.BROKEN, f"never seen: {named}"
                initial = machine.layout.values(machine.first)
                rules = machine.rules_of(missing[0])
                found = Violation("never", missing[0], rules, initial, (), tuple(missing[1:]))
        if verdict is Verdict.BROKEN and not why and found is not None:
            why = f"{found.claim}, after {len(found)} steps"
        return Result(
            model=machine.model.__name__,
            verdict=verdict,
            why=why,
            states=self.states,
            edges=self.edges,
            depth=self.depth,
            seconds=self.watch.seconds,
            edge_of_scope=self.on_edge,
            violation=found,
            sometimes=self.met,
            actions_taken=taken,
            deadlocks=self.deadlocks,
            parts=(len(machine.groups), len(machine.local)),
            levels=tuple(self.levels),
        )
