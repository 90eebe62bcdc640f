"""Numbered parts, and tables of what happens at them.

The tables fill themselves as states ask: an entry is computed by generated code the first time that its parts meet, and
only parts that meet in a reachable state ever do.  So a claim that is judged when an entry is made is judged for
exactly the reachable states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from quiesce_model.explore.loop import Form, Group, Notes
from quiesce_model.explore.steps import Generated, Outcome

__all__ = ["PackedOverflow", "State", "Tables"]

Part = tuple[int, ...]
State = tuple[Group, Any]
"""A group and the key of the rest; made anew for each use."""


class PackedOverflow(Exception):
    """A local part's number does not fit the packed state's field."""


class _Table(dict[Any, Any]):
    """A dict that asks its owner for what it lacks."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, key: Any) -> Any:
        value = self[key] = self.make(key)
        return value


class Tables:
    """The parts of the states that were reached, and the table entries of each group.

    ``sort_shared`` sorts the interchangeable columns of a shared part (the identity without symmetry).
    """

    def __init__(self, generated: Generated, form: Form, sort_shared: Callable[[Part], Part]) -> None:
        self.generated, self.form, self.sort_shared = generated, form, sort_shared
        self.has_joint_steps = bool(generated.analysis.joint_steps)
        self.reset()

    def reset(self) -> None:
        """Forget all parts and all findings; at once, for the tables refer to each other in circles."""
        for group in getattr(self, "groups", ()):
            group.row = None
            group.flags.clear()
            group.leads_to.clear()
        self.groups: list[Group] = []
        self.local: list[Part] = []
        self._group = _Table(self._new_group)
        self._local = _Table(self._new_local)
        self._owner: dict[int, Group] = {}
        self.taken = [0] * len(self.generated.steps)
        self.cut = [0] * len(self.generated.steps)

    def _new_group(self, part: Part) -> Group:
        group = Group(len(self.groups), part)
        self.groups.append(group)
        self._owner[id(group.seen)] = group
        return group

    def _new_local(self, part: Part) -> int:
        number = len(self.local)
        if self.form.bits and number >> self.form.bits:
            raise PackedOverflow
        self.local.append(part)
        return number

    def adopt(self, shared: Sequence[Part], local: Sequence[Part]) -> None:
        """Number these parts in this order: those of a search that is to be gone on with.

        Raises:
            ValueError: one of them has another length than the parts of this model.
            PackedOverflow: there are more local parts than the packed field has room for.
        """
        layout = self.generated.layout
        if {len(p) for p in shared} - {len(layout.shared)} or {len(p) for p in local} - {len(layout.columns)}:
            raise ValueError("a part has more or fewer cells than the model")
        for part in shared:
            _ = self._group[part]
        for part in local:
            _ = self._local[part]

    def prepare(self, group: Group) -> None:
        """Make the row of a group: what its shared part does by itself, and empty tables for the rest."""
        out = Outcome()
        self.generated.shared_claims(group.part, out)
        self.generated.shared_steps(group.part, out)
        moves = []
        for n, target, check in out.moves:
            self.taken[n] += 1
            to = self._lead(group, target)
            moves.append((to.seen, self._push(to, check)))
        self._flag(group, -1, out)
        group.rare = group.rare or self.has_joint_steps
        entries = _Table(lambda local: self._entry(group, local))
        tables = [_Table(self._placed(entries, place)) for place in range(self.form.tables)]
        group.row = (tuple(moves), *tables)

    def _placed(self, entries: _Table, place: int) -> Callable[[int], tuple[Any, ...]]:
        change = self.form.change
        entry = self.form.entry
        return lambda local: entry([(seen, change(place, local, then), push) for seen, then, push in entries[local]])

    def _lead(self, group: Group, target: Part) -> Group:
        to: Group = group if target is group.part else self._group[self.sort_shared(target)]
        group.leads_to[to.number] = to
        return to

    def _push(self, to: Group, check: int) -> Callable[[Any], None]:
        """How a new state enters the frontier; with a look at the joint claims if the step may have broken one."""
        append = to.new.append
        if not check:
            return append
        judge, report = self.generated.check[check], self.on_joint_claim
        local, numbers = self.local, self.form.numbers

        def push(key: Any) -> None:
            append(key)
            label = judge(to.part, *[local[x] for x in numbers(key)])
            if label is not None:
                report(to, key, label)

        return push

    def on_joint_claim(self, group: Group, key: Any, label: str) -> None:
        """Called when a state that was just reached breaks a joint claim.  The search says what then."""

    def _entry(self, group: Group, local: int) -> tuple[Any, ...]:
        mine, out = self.local[local], Outcome()
        self.generated.local_claims(group.part, mine, out)
        self.generated.local_steps(group.part, mine, out)
        moves = []
        for n, target, then, check in out.moves:
            self.taken[n] += 1
            to = self._lead(group, target)
            moves.append((to.seen, self._local[then], self._push(to, check)))
        self._flag(group, local, out)
        return tuple(moves)

    def _flag(self, group: Group, local: int, out: Outcome) -> None:
        for n in out.edge:
            self.cut[n] += 1
        for name in out.met:
            self.on_met(name)
        if out.edge or out.broken or out.doubtful or out.false or out.pairs:
            out.moves = []  # they are in the tables; what is kept here is kept for long
            group.flags[local] = Notes(out)
            group.rare = True

    def on_met(self, name: str) -> None:
        """Called when a state that is being expanded meets a ``sometimes``.  The search says what then."""

    def match(self, group: Group, local: int, notes: Notes) -> None:
        """Judge the pair asserts noted at ``local`` (-1: no element) against each part that occurs in the group."""
        known, generated = notes.pairs, self.generated
        mover = () if local < 0 else (self.local[local],)
        for number in group.row[1]:  # type: ignore[index]  # the row is made before anything is noted
            if number not in known:
                other = self.local[number]
                known[number] = None
                for k in notes.out.pairs:
                    if not generated.pair[k](group.part, *mover, other):
                        known[number] = generated.pairs[k][1]
                        notes.misfits.add(number)
                        break
