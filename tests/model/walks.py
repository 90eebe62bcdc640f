"""Random behaviours of a model, as traces: what a validator must accept."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from quiesce_model.language import Model
from quiesce_model.validate import Event, EventMap, Forgetting, Reading
from quiesce_model.validate.follower import Follower


class BrokenStep(Exception):
    """The model took a step that breaks its own claims: so a mutant does.  It is the event that comes next."""

    def __init__(self, event: Event) -> None:
        self.event = event
        super().__init__(event)


def own_actions(model: type[Model]) -> EventMap:
    """The mapping for traces that name the model's own actions: ``{"op": action, parameter: ...}``."""

    def reader(name: str, params: list[str]) -> Any:
        return lambda event: [Reading(name, {p: event[p] for p in params}, after=event.get("after", {}))]

    return {a.name: reader(a.name, [n for n, _ in a.params]) for a in model.actions()}


def walk(
    model: type[Model],
    scope: Mapping[type, int],
    forgetting: Collection[Forgetting],
    *,
    seed: int,
    events: int,
    without: Collection[str] = (),
) -> Iterator[Event]:
    """A random behaviour of any length, the end mark included.

    Actions are drawn first and parameters second, so that rare actions are not drowned by callers.
    """
    rng = random.Random(seed)
    follower = Follower(model, scope, tuple(forgetting))
    actions = [a for a in model.actions() if a.name not in without]
    seq = 0
    while seq < events:
        a = rng.choice(actions)
        args = tuple(rng.randrange(follower.scope[s]) for _, s in a.params if isinstance(s, type))
        [state] = follower.states
        step = follower.compiled.step(a.name, state, args)
        if step.edge:
            follower.make_room()
        elif step.after is not None:
            seq += 1
            names = {n: _name(follower, s, x) for (n, s), x in zip(a.params, args, strict=True)}
            event = {"seq": seq, "op": a.name, **names}
            if step.broken:
                raise BrokenStep(event)
            follower.states = [step.after]
            yield event
    yield {"seq": seq + 1, "op": "end"}


def _name(follower: Follower, sort: Any, number: int) -> int:
    return follower.numberings[sort].name(number) if sort in follower.numberings else number
