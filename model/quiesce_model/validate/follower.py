"""The states in which a model may be, and what a reading of an event makes of them.

States are kept in the numbers of a small scope; events speak in the trace's numbers and names.  Everything that crosses
between the two does so here.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from quiesce_model.language import Model, ModelError, Scope
from quiesce_model.language.sorts import MapSort, is_numbered, is_unordered, ordinal, size
from quiesce_model.validate.compiled import EDGE, Compiled
from quiesce_model.validate.elements import Elements
from quiesce_model.validate.forgetting import Forgetting, Numbering, check, renumbered
from quiesce_model.validate.layout import Flat, value_of
from quiesce_model.validate.mapping import ANY, Reading

__all__ = ["Follower", "OutOfRoom"]

UNBOUNDED = 1 << 62


class OutOfRoom(Exception):
    """The scope has no element or number left for a step."""


class Follower:
    """A set of possible states.  See `Validator` for the parameters."""

    def __init__(self, model: type[Model], scope: Scope, forgetting: Sequence[Forgetting]) -> None:
        self.model, self.forgetting = model, tuple(forgetting)
        self.scope = _completed(model, scope)
        self.compiled = Compiled(model, self.scope)
        self.elements = {s: Elements(s) for s in self.scope if is_unordered(s)}
        self.numberings = {f.sort: Numbering(check(model, f.sort, f.counter)) for f in self.forgetting}
        self.states: list[Flat] = [self.compiled.layout.first()]
        self.renumberings = 0
        broken = self.compiled.false_claims(self.states[0])
        if broken:
            raise ModelError(f"the first state of {model.__name__} breaks {broken}")

    # -- steps ------------------------------------------------------------------------------------------------------
    def advance(self, readings: Sequence[Reading]) -> dict[Flat, list[Reading]]:
        """Each possible state after the event, and the readings that lead to it.

        :raises OutOfRoom: the scope ran out; nothing changed.
        """
        out: dict[Flat, list[Reading]] = {}
        resolved: dict[int, list[tuple[int, int]] | None] = {}
        for r in readings:
            choices = self.arguments(r)
            for state in self.states:
                for args in choices:
                    after = self._after(r, state, args, resolved)
                    if after is not None:
                        out.setdefault(after, []).append(r)
        return out

    def _after(self, r: Reading, state: Flat, args: tuple[int, ...], resolved: dict[int, Any]) -> Flat | None:
        """The state after a reading; ``None`` where it is not possible.  What is cheap to refuse is refused first."""
        c, steps, now = self.compiled, [], state
        for name in (*r.lead, r.action) if r.action is not None else ():
            new = c.take(name, now, args)
            if new is None:
                return None
            if new is EDGE:
                if self._shows(state, r.before, resolved):
                    raise OutOfRoom
                return None
            steps.append((name, now, new))
            now = new
        if not self._shows(state, r.before, resolved) or not self._shows(now, r.after, resolved):
            return None
        return None if any(c.judge(name, old, new, args) for name, old, new in steps) else now

    def _shows(self, state: Flat, seen: Mapping[Any, Any], resolved: dict[int, Any]) -> bool:
        """Whether a state shows what was seen; what the trace's numbers are is looked up once for each event."""
        if not seen:
            return True
        key = id(seen)
        if key not in resolved:
            resolved[key] = self._resolve(seen)
        cells = resolved[key]
        return cells is not None and all(state[i] == n for i, n in cells)

    def _resolve(self, seen: Mapping[Any, Any]) -> list[tuple[int, int]] | None:
        """Places and numbers; ``None``: something was forgotten, so no state shows it."""
        layout, out = self.compiled.layout, []
        for cell, got in seen.items():
            name, index = self._cell(cell)
            if index is None:
                if self._at_rest(name) == got:
                    continue  # forgotten, and so it is what it was when it was
                return None
            sort = layout.value_sort(name)
            number = self.numberings[sort].number(got) if sort in self.numberings else ordinal(got)
            if number is None:
                return None
            if index >= layout.width[name]:
                raise OutOfRoom
            out.append((layout.offset[name] + index, number))
        return out

    def _at_rest(self, name: str) -> Any:
        """What a map has at a number that was forgotten, if that is known."""
        sort = self.compiled.layout.key_sort(name)
        return next((f.at_rest.get(name) for f in self.forgetting if f.sort is sort), None)

    def closure(self, hidden: Collection[str], limit: int) -> None:
        """Add all states that hidden actions lead to; more than ``limit`` are not looked for.

        :raises OutOfRoom: the scope ran out; nothing changed.
        """
        found = dict.fromkeys(self.states)
        queue = list(self.states)
        actions = {name: [n for n, _ in self.compiled.actions[name].params] for name in hidden}
        choices = {name: self.arguments(Reading(name, dict.fromkeys(ns, ANY))) for name, ns in actions.items()}
        while queue and len(found) <= limit:
            state = queue.pop()
            for name, every in choices.items():
                for args in every:
                    step = self.compiled.step(name, state, args)
                    if step.edge:
                        raise OutOfRoom
                    if step.after is not None and not step.broken and step.after not in found:
                        found[step.after] = None
                        queue.append(step.after)
        self.states = list(found)

    # -- the trace's words ------------------------------------------------------------------------------------------
    def arguments(self, r: Reading) -> list[tuple[int, ...]]:
        """The parameters of a reading's action, as elements and numbers; none where a number was forgotten.

        :raises OutOfRoom: no element is left in scope.
        :raises ModelError: no such action, or other parameters.
        """
        if r.action is None:
            return [()]
        action = self.compiled.actions.get(r.action)
        if action is None or [n for n, _ in action.params] != list(r.args):
            expected = f"{r.action}({', '.join(n for n, _ in action.params)})" if action else "an action of the model"
            raise ModelError(f"a reading: expected {expected}, got {r.action}({', '.join(r.args)})")
        out: list[tuple[int, ...]] = [()]
        for name, sort in action.params:
            given = r.args[name]
            if given is ANY:
                out = [(*a, v) for a in out for v in range(size(sort, self.scope) or 0)]
                continue
            found = self.element(sort, given)
            if found is None:
                return []
            out = [(*a, found) for a in out]
        return out

    def element(self, sort: Any, given: Hashable) -> int | None:
        """A name or number of the trace as one of the state; ``None``: it was forgotten.

        :raises OutOfRoom: no element is left in scope.
        """
        if sort in self.elements:
            found = self.elements[sort].find(given, self.compiled.layout, self.states)
            if found is None:
                raise OutOfRoom
            return found
        if sort in self.numberings:
            assert isinstance(given, int)
            return self.numberings[sort].number(given)
        return ordinal(given)

    def compared(self, state: Flat, seen: Mapping[Any, Any]) -> list[tuple[str, Any, Any]]:
        """Cell by cell: its name, what the state has there, what was seen."""
        layout, out = self.compiled.layout, []
        for cell, got in seen.items():
            name, index = self._cell(cell)
            what = name if isinstance(cell, str) else f"{name}[{cell[1]}]"
            if index is None:
                out.append((what, self._at_rest(name) or "forgotten", got))
            elif index >= layout.width[name]:
                out.append((what, "nothing: there is no such number yet", got))
            else:
                out.append((what, self._named(layout.value_sort(name), state[layout.offset[name] + index]), got))
        return out

    def _cell(self, cell: Any) -> tuple[str, int | None]:
        """A variable and the index in it; ``None``: the index was forgotten."""
        layout = self.compiled.layout
        name, key = cell if isinstance(cell, tuple) else (cell, None)
        if name not in layout.sorts or (layout.key_sort(name) is None) != (key is None):
            raise ModelError(f"a reading of {self.model.__name__}: no cell {cell!r} in its state")
        return name, 0 if key is None else self.element(layout.key_sort(name), key)

    def _named(self, sort: Any, number: int) -> Any:
        numbering = self.numberings.get(sort)
        return numbering.name(number) if numbering else value_of(sort, number)

    # -- room -------------------------------------------------------------------------------------------------------
    def make_room(self) -> None:
        """Forget what can be forgotten; if that gives nothing, double the scope."""
        before = self._newest()
        layout = self.compiled.layout
        self.states = list(dict.fromkeys(renumbered(layout, self.states, self.forgetting, self.numberings)))
        if self._newest() != before:
            self.renumberings += 1
            return
        self.scope = {s: n if n >= UNBOUNDED else 2 * n for s, n in self.scope.items()}
        self.compiled = Compiled(self.model, self.scope)
        self.states = [layout.widened(self.compiled.layout, s) for s in self.states]

    def _newest(self) -> list[int]:
        offset = self.compiled.layout.offset
        return [max(s[offset[f.counter]] for s in self.states) for f in self.forgetting]

    # -- words ------------------------------------------------------------------------------------------------------
    def shown(self) -> list[dict[str, Any]]:
        """The possible states, in the trace's names and numbers; numbers not handed out yet are left out."""
        for f, newest in zip(self.forgetting, self._newest(), strict=True):
            self.numberings[f.sort].extend(newest)
        return [self._show(s) for s in self.states]

    def _show(self, state: Flat) -> dict[str, Any]:
        layout = self.compiled.layout
        out: dict[str, Any] = {}
        for name, value in layout.show(state).items():
            key, sort = layout.key_sort(name), layout.value_sort(name)
            if key is None:
                out[name] = self._word(sort, value)
                continue
            limit = len(self.numberings[key].names) if key in self.numberings else None
            shown = {k: v for k, v in value.items() if limit is None or ordinal(k) < limit}
            out[name] = {self._key(key, k): self._word(sort, v) for k, v in shown.items()}
        return out

    def _word(self, sort: Any, value: Any) -> Any:
        return self.numberings[sort].name(value) if sort in self.numberings else value

    def _key(self, sort: Any, key: Any) -> Any:
        return self.elements[sort].name(key) if sort in self.elements else self._word(sort, key)


def _completed(model: type[Model], scope: Scope) -> dict[type, int]:
    """The scope, with numbered sorts that index no map unbounded."""
    out: dict[type, int] = {s: n for s, n in scope.items() if n is not None}
    for sort in model.state_sorts().values():
        value = sort.value if isinstance(sort, MapSort) else sort
        if is_numbered(value) and value not in out:
            assert isinstance(value, type)
            out[value] = UNBOUNDED
    return out
