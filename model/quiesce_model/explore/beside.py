"""What a search does beside the generated loop: it is told what was noted at the parts of a state, and judges it.

The loop itself knows nothing of claims.  It calls back for states at whose parts something was noted, for states from
which there is no step, and (by way of the tables) when a joint claim breaks or a ``sometimes`` is met.
"""

from __future__ import annotations

from typing import Any

from quiesce_model.explore.loop import Group
from quiesce_model.explore.machine import Machine, State
from quiesce_model.explore.steps import Outcome

__all__ = ["Beside", "Found"]


class Found(Exception):
    """A state at the present depth breaks a claim: no shorter run can."""

    def __init__(self, kind: str, state: Any, label: str) -> None:
        super().__init__(kind, state, label)
        self.kind, self.state, self.label = kind, state, label


class Beside:
    """The findings of a search so far, and the calls that bring them."""

    def __init__(self, machine: Machine, *, deadlock: bool) -> None:
        self.machine, self.deadlock = machine, deadlock
        self.edges = self.depth = self.on_edge = self.deadlocks = 0
        self.met: dict[str, int | None] = dict.fromkeys(machine.sometimes)
        self.looked_for: set[str] = set()  # joint ``sometimes`` that were not met yet
        self.ahead: tuple[str, State, str] | None = None  # found one step beyond the present depth: kind, state, label
        machine.on_joint_claim = self._false_ahead  # type: ignore[method-assign]  # the machine's outgoing calls
        machine.on_met = self._seen_now  # type: ignore[method-assign]  # the same

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
                raise Found("claim", state, out.false[0])
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
            raise Found("deadlock", state, "no deadlock")

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
