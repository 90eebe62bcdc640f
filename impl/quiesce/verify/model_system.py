"""A model as a transition system for the suite's trace validation: its actions and claims, compiled.

The suite knows no model, and the model knows no suite; this is where they meet.  An event is the name of an action and
the numbers of its parameters.  A step that breaks a claim is no step of what keeps its promises, as in
`quiesce_model.validate`.

Beside `quiesce_model.validate.Validator`: that one forgets numbers, so a trace may be endless, and costs some
40 microseconds for each event.  Here a set of states and an event are worked out once, so a trace in which calls
outnumber upgrades costs a look-up for an event; but the scope must have room for all of its versions and epochs.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from itertools import product
from typing import TYPE_CHECKING

from quiesce_model.language.sorts import size
from quiesce_model.validate.compiled import Compiled

if TYPE_CHECKING:
    from quiesce_model.language import Model, Scope
    from quiesce_model.validate.layout import Flat

__all__ = ["ModelSystem", "OutOfScope"]

Event = tuple[Hashable, ...]
"""The name of an action, and its parameters as numbers."""


class OutOfScope(RuntimeError):
    """The scope has no room for a step; nothing is said about the trace."""


class ModelSystem:
    """The transition system of a model in a finite scope.  For one thread.

    Args:
        model: the model class.
        scope: how many of each sort.
        hidden: actions that leave no event.

    Raises:
        ValueError: the model has no such action.

    """

    def __init__(self, model: type[Model], scope: Scope, hidden: Collection[str] = ()) -> None:
        self._compiled = Compiled(model, scope)
        if unknown := set(hidden) - set(self._compiled.actions):
            raise ValueError(f"expected actions of {model.__name__}, got {sorted(unknown)}")
        self._hidden = frozenset(hidden)
        self._steps: list[tuple[str, tuple[int, ...]]] = [
            (name, args)
            for name in sorted(hidden)
            for args in product(*(range(size(s, scope) or 0) for _, s in self._compiled.actions[name].params))
        ]

    def first(self) -> Iterable[Flat]:
        """The model's first state."""
        return (self._compiled.layout.first(),)

    def after(self, state: Flat, event: Event) -> Iterable[Flat]:
        """Where an action leads.

        Raises:
            OutOfScope: there is no room for it.

        """
        found = self._known(event)
        return () if found is None else self._step(state, *found)

    def unrecorded(self, state: Flat) -> Iterable[Flat]:
        """Where hidden actions lead."""
        return [after for name, args in self._steps for after in self._step(state, name, args)]

    def why_not(self, state: Flat, event: Event) -> Iterable[str]:
        """The conditions that do not hold, or the claims that the step would break."""
        found = self._known(event)
        if found is None:
            return (f"{event!r} is no recorded action of {self._compiled.model.__name__} with its parameters in scope",)
        name, args = found
        step = self._compiled.step(name, state, args)
        if step.after is None:
            return [f"{name} requires {c.text}    ({c.place})" for c in self._compiled.why_disabled(name, state, args)]
        return [f"{name} breaks {', '.join(rules) or 'a lemma'}: {claim}" for claim, rules in step.broken]

    def _step(self, state: Flat, name: str, args: tuple[int, ...]) -> tuple[Flat, ...]:
        step = self._compiled.step(name, state, args)
        if step.edge:
            raise OutOfScope(f"expected room for {name}{args}: widen the scope, which is {self._compiled.scope}")
        return () if step.after is None or step.broken else (step.after,)

    def _known(self, event: Event) -> tuple[str, tuple[int, ...]] | None:
        """The action and its parameters; `None`: there is no such thing."""
        name, args = event[0], event[1:]
        if not isinstance(name, str) or name in self._hidden or name not in self._compiled.actions:
            return None
        params = self._compiled.actions[name].params
        numbers = tuple(arg for arg in args if isinstance(arg, int) and not isinstance(arg, bool))
        if not len(numbers) == len(args) == len(params):
            return None
        limits = (size(sort, self._compiled.scope) or 0 for _, sort in params)
        return (name, numbers) if all(0 <= n < top for n, top in zip(numbers, limits, strict=True)) else None
