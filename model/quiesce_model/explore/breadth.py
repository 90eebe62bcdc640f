"""One breadth-first search: depth after depth, every claim judged on the way.

A claim about the shared part or about one element is judged when a state is expanded (by its table entries), a joint
claim when a state is first reached, an assert or a transition when the step is taken; the search ends a depth before it
reports what was found one step ahead, so the run that it prints is a shortest one.

Of each state its depth is kept, and no parent: the way to a violation is searched backwards, which costs time only when
there is one.  The garbage collector is off during the search: it would walk millions of tuples again and again, and
what the search makes is taken apart by hand at its end.

At the beginning of each depth the counts are noted (`Mark`).  An interrupt may strike anywhere, so what it leaves is
reported, and checkpointed, as it was then.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from quiesce_model.explore.beside import Beside, Found
from quiesce_model.explore.bounds import Watch, resident_bytes
from quiesce_model.explore.checkpoint import Checkpoint, CheckpointError, Mark
from quiesce_model.explore.loop import Group
from quiesce_model.explore.machine import Machine, State
from quiesce_model.explore.pieces import Room, no_collector, pieces
from quiesce_model.explore.replay import replay
from quiesce_model.explore.result import Result, Violation
from quiesce_model.explore.trace import chain_to, violation
from quiesce_model.explore.traps import find_trap
from quiesce_model.explore.verdict import INTERRUPTED, conclude

__all__ = ["Search"]

Frontier = list[tuple[Group, list[Any]]]


class Search(Beside):
    """One search; used once."""

    def __init__(
        self,
        machine: Machine,
        watch: Watch,
        *,
        deadlock: bool = True,
        vacuity: bool = True,
        always_reachable: Collection[str] = (),
        unreduced: bool = False,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        super().__init__(machine, deadlock=deadlock)
        self.watch, self.checkpoint = watch, checkpoint
        self.vacuity, self.always_reachable, self.unreduced = vacuity, always_reachable, unreduced
        self.states = 0
        self.levels: list[int] = []
        self.mark: Mark | None = None  # where the search stood when it began the present depth
        self.resident = resident_bytes()

    def run(self) -> Result:
        """Search until there is an answer."""
        found: Violation | None = None
        with no_collector():
            try:
                found, why = self._answer()
            except KeyboardInterrupt:
                why = INTERRUPTED
                if self.ahead is not None:  # a claim is broken, and that is known
                    with suppress(KeyboardInterrupt):
                        found, why = self._violation(*self.ahead), ""
                if found is None:
                    self._back_to_the_mark()
            if self.checkpoint is not None:
                if why:
                    why += self._keep(self.checkpoint)
                else:
                    self.checkpoint.drop()
            result = conclude(self, found, why)
            self.machine.reset()
        return result

    def _answer(self) -> tuple[Violation | None, str]:
        """The violation, if there is one, and why the search stopped before its end, if it did."""
        try:
            why = self._search()
            if self.ahead is not None:
                return self._violation(*self.ahead), ""
            if not why and self.always_reachable:
                trap = find_trap(self.machine, self.always_reachable, self.watch)
                if isinstance(trap, tuple):
                    return self._violation("trap", *trap), ""
                why = trap or ""
        except Found as end:
            return self._violation(end.kind, end.state, end.label), ""
        return None, why

    def _violation(self, kind: str, state: State, label: str) -> Violation:
        found = violation(self.machine, kind, chain_to(self.machine, state), label)
        replay(self.machine.model, self.machine.scope, found)
        return found

    # -- where it stands --------------------------------------------------------------------------------------------
    def _begin(self) -> Frontier:
        """The first state, or where a checkpoint says that an earlier run stood."""
        machine = self.machine
        if self.checkpoint is not None and self.checkpoint.resume:
            mark, frontier = self.checkpoint.read(machine)
            self.watch.earlier = mark.seconds
            self.checkpoint.last = self.watch.seconds
            self.met, self.levels = dict(mark.met), list(mark.levels)
            self.mark = mark
            self._back_to_the_mark()
        else:
            group, key = machine.state(machine.first)
            group.seen[key] = 0
            self.states = 1
            label = machine.generated.check_all(*machine.first)
            if label is not None:
                raise Found("claim", (group, key), label)
            frontier = [(group, [key])]
        self.looked_for = {c.name for c in machine.analysis.joint_sometimes if self.met[c.name] is None}
        return frontier

    def _note(self, frontier: Frontier) -> Mark:
        machine = self.machine
        return Mark(
            depth=self.depth,
            states=self.states,
            edges=self.edges,
            on_edge=self.on_edge,
            deadlocks=self.deadlocks,
            seconds=self.watch.seconds,
            levels=self.levels[:],
            met=dict(self.met),
            taken=machine.taken[:],
            cut=machine.cut[:],
            groups=len(machine.groups),
            local=len(machine.local),
            frontier=[g.number for g, _ in frontier],
        )

    def _back_to_the_mark(self) -> None:
        """Forget the counts since the mark: the present depth may be half done, within a state or between two."""
        if self.mark is not None:
            m = self.mark
            self.depth, self.states, self.edges = m.depth, m.states, m.edges
            self.on_edge, self.deadlocks = m.on_edge, m.deadlocks

    def _keep(self, keeper: Checkpoint) -> str:
        """Write a checkpoint; what to say of it behind the reason for a stop."""
        if self.mark is None:
            return ""
        try:
            keeper.write(self.machine, self.mark)
        except CheckpointError as error:
            return f"; no checkpoint: {error}"
        except KeyboardInterrupt:
            return f"; interrupted again while {keeper.path} was written: what was there before stays"
        finally:
            keeper.last = self.watch.seconds
        return f"; {self.mark.states:,} states to depth {self.mark.depth} are kept in {keeper.path}"

    # -- the search -------------------------------------------------------------------------------------------------
    def _search(self) -> str:
        machine, watch = self.machine, self.watch
        frontier = self._begin()
        room = Room()
        while frontier:
            self.mark = self._note(frontier)
            if self.checkpoint is not None and self.checkpoint.is_due(watch.seconds):
                self.checkpoint.write_if_possible(machine, self.mark, watch.seconds)
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
