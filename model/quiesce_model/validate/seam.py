"""The mapping for traces of a plugin's atomic operations (see ``quiesce.recording``) and the algorithm model.

``read`` is a read of the pointer; whether it is the model's ``read``, ``confirm`` or ``peek`` follows from the program
counter that the model has for the thread.  A thread of the trace that makes calls is a ``Thread`` of the model, one
that executes a step of an upgrade is an ``Upgrader``; it may be both.

A call may read the pointer and do nothing with what it read: it finds no free slot and takes the long way, or there is
no such function.  The model has no such step, so a read that nothing follows is one.  Which it is, the thread's next
event tells.  Both readings could be carried along until then; `foreseen` looks ahead instead, which keeps the set of
possible states small.  Where it cannot look far enough, both are carried.

Two kinds of event are no steps: ``closed`` (``closed``: the number of a version whose close hook begins) and
``observed`` (what an observer sees, see `_observed`).  They are held against the state that the model is in.

The trace numbers versions from 1, the model from 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from quiesce_model.language import Model
from quiesce_model.validate.events import Event
from quiesce_model.validate.mapping import EventMap, Reading
from quiesce_model.vocabulary import Gate, HotReloadState, Life, Pc

__all__ = ["FIRST_VERSION", "algorithm_events", "foreseen"]

FIRST_VERSION = 1
"""The number that the trace gives to the model's version 0."""

CALLERS = {"invoke", "read", "announce", "confirm", "retract", "nest", "unnest", "finish", "peek", "look"}
"""Actions of callers; all others with a parameter are an upgrader's."""


def foreseen(events: Iterable[Event], window: int = 1 << 15) -> Iterator[Event]:
    """The events, each ``read`` with what its thread did next as ``then``: an ``op``, or ``None`` for nothing.

    :param window: how many events are looked ahead; a read whose successor is further away is passed on as it is.
    """
    waiting: deque[dict[str, Any]] = deque()
    last: dict[Any, dict[str, Any]] = {}
    for event in events:
        copy = dict(event)
        thread = copy.get("thread")
        before = last.pop(thread, None)
        if before is not None:
            before["then"] = copy.get("op")
        if copy.get("op") == "read":
            last[thread] = copy
        waiting.append(copy)
        while waiting and (len(waiting) > window or waiting[0].get("op") != "read" or "then" in waiting[0]):
            out = waiting.popleft()
            if last.get(out.get("thread")) is out:
                del last[out.get("thread")]
            yield out
    for out in waiting:
        if out.get("op") == "read":
            out.setdefault("then", None)
        yield out


def algorithm_events(model: type[Model]) -> EventMap:
    """The mapping for a policy's algorithm, or for a subclass of it."""
    out: dict[str, Any] = {}
    for action in model.actions():
        if action.name not in CALLERS:
            out[action.name] = _section(action.name, "u" if action.params else None)
    out |= {
        "read": _read,
        "announce": _hold("announce", "nest"),
        "release": _hold("finish", "unnest", "retract"),
        "nest": _hold("", "nest"),
        "unnest": _hold("", "unnest"),
        "look": _look,
        "closed": lambda e: [Reading(None, before={("life", e["closed"] - FIRST_VERSION): Life.FREED})],
        "observed": _observed,
    }
    return out


def _published(e: Event) -> dict[Any, Any]:
    return {"now": e["now"], ("code", e["now"]): e["version"] - FIRST_VERSION, "gate": Gate(e["gate"])}


def _section(action: str, param: str | None) -> Any:
    def readings(e: Event) -> list[Reading]:
        after = _published(e)
        if "built" in e:
            after["newest"] = e["built"] - FIRST_VERSION
        return [Reading(action, {param: e["thread"]} if param else {}, after=after)]

    return readings


def _look(e: Event) -> list[Reading]:
    """A look; one that a nested call takes on its way out finds nothing, because the outer call holds the record."""
    t, published = e["thread"], _published(e)
    mine: dict[Any, Any] = {("epoch", t): e["epoch"]}
    return [
        Reading("look", {"t": t}, mine, published),
        Reading(None, before={("pc", t): Pc.RUN, **mine, **published}),
        Reading(None, before={("pc", t): Pc.NESTED, **mine, **published}),
    ]


def _observed(e: Event) -> list[Reading]:
    """What an observer of the plugin sees at one instant: ``note("observed", ...)``."""
    seen: dict[Any, Any] = {
        "state": HotReloadState(e["state"]),
        "succeeded": e["succeeded"],
        "failed": e["failed"],
        "probation": e["on_probation"],
        "now": e["now"],
        ("code", e["now"]): e["version"] - FIRST_VERSION,
    }
    return [Reading(None, before=seen)]


def _read(e: Event) -> list[Reading]:
    t, then = e["thread"], e.get("then", "unknown")
    args = {"t": t}
    seen = _published(e)
    out = [
        Reading("confirm", args, before=seen),
        Reading("peek", args, before=seen),
        Reading(None, before={("pc", t): Pc.RUN, **seen}),
        Reading(None, before={("pc", t): Pc.NESTED, **seen}),
    ]
    if e["gate"] == Gate.SHUT.value or then in {"announce", "unknown"}:
        out += [Reading("read", args, before=seen, lead=("invoke",)), Reading("read", args, before=seen)]
    if e["gate"] != Gate.SHUT.value and then != "announce":
        out += [Reading("invoke", args, before=seen), Reading(None, before={("pc", t): Pc.READ, **seen})]
    return out


def _hold(outermost: str, nested: str, instead: str = "") -> Any:
    """A hold taken or given back: of a call, of a nested one, or of one nested deeper, of which the model is silent."""

    def readings(e: Event) -> list[Reading]:
        t, depth = e["thread"], e["depth"]
        if depth > 2:
            return [Reading(None, before={("pc", t): Pc.NESTED})]
        before: dict[Any, Any] = {("epoch", t): e["epoch"]} if "epoch" in e else {}
        names = [nested] if depth == 2 else [n for n in (outermost, instead) if n]
        return [Reading(name, {"t": t}, before=before) for name in names]

    return readings
