"""The abstraction: which state of the algorithm model the real plugin is in.

Everything but the callers' program counters is read off the real objects, at an instant at which no other thread runs:

================  =====================================================================================================
model             real
================  =====================================================================================================
state             ``book.state``
now, gate         number and gate of the record that the pointer shows, and not of ``core.current``
code              version of each record, noted when it was published
holders           slots of a record that are alive and not in its pool; a nested call's own slot is not counted twice
newest            ``book.newest``
life              ``book.lives``; a number that was given and is not in there is FREED
pending           ``book.pending``
previous          ``book.previous``
probation         ``book.probation``
succeeded/failed  ``book.stats``
up, mine          ``attempt.at`` and ``attempt.version`` of the attempt that the thread is at
ticket            ``book.attempt`` is that attempt
woken             the attempt's event is set; or the ticket is gone, for then whoever took it is on the way to set it
================  =====================================================================================================

``mine`` is what the attempt must publish, discard or see freed: between the swap and the decision that is nothing.
``pc``, ``epoch`` and ``inner`` of a caller are in no shared object: they follow from the operations that it did, one by
one (see `refine`).

This reads private attributes of the runtime: an abstraction function has to, and here is the only place that does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from quiesce_model.validate.layout import Layout
from quiesce_model.vocabulary import Gate, HotReloadState, Life, Up

__all__ = ["Abstraction", "core_of"]

_STATE: Final = {member.name: i for i, member in enumerate(HotReloadState)}
_GATE: Final = {member.name: i for i, member in enumerate(Gate)}
_LIFE: Final = {member.name: i for i, member in enumerate(Life)}
_UP: Final = {member.name: i for i, member in enumerate(Up)}
_WAITING: Final = frozenset({"WAIT", "UNDO_WAIT"})
_OWING: Final = frozenset({"INIT", "SCAN", "WAIT", "HANDOVER", "SWAP", "LOOK", "DISCARD"})


def core_of(subject: Any) -> Any:
    """The core of a plugin, or of an epoch tracker."""
    return subject._core  # noqa: SLF001 - see the module


class Abstraction:
    """Reads one plugin.  Built when the plugin is; `record` must be told of every publication.

    Args:
        layout: where the model's variables are.
        core: the plugin's shared state.
        first: the number that the runtime gives to the model's version 0.

    """

    def __init__(self, layout: Layout, core: Any, first: int) -> None:
        self.core, self.first = core, first
        at = layout.offset
        self._at = at
        self.versions = layout.width["life"]
        self.upgraders = layout.width["up"]
        self.records: list[Any] = [core.current]
        """Every record that was published, by its number."""
        self.attempts: dict[int, Any] = {}
        """Upgrader -> what it is at, or was at last."""
        self.surplus: dict[int, int] = {}
        """Epoch -> slots of nested calls: the model counts a thread once."""

    def publish(self, record: Any) -> None:
        """Take note of a record that the pointer shows from now on."""
        self.records.append(record)

    def held(self, record: Any) -> int:
        """Slots of a record that are alive and not in its pool; looks at nothing through the seam."""
        alive = sum(reference() is not None for reference in set.__iter__(record.slots))
        return alive - len(record.pool)

    def over(self, state: tuple[int, ...], shown: Any) -> tuple[int, ...]:
        """The model's state with everything that can be read off the real objects put in its place.

        Args:
            state: the state that the model is in.
            shown: the record that the pointer shows.

        """
        at, book, out = self._at, self.core.book, list(state)
        out[at["state"]] = _STATE[book.state.name]
        out[at["now"]] = shown.number
        out[at["gate"]] = _GATE[shown.gate.name]
        first = self.first
        code, holders = at["code"], at["holders"]
        for number, record in enumerate(self.records):
            out[code + number] = record.version.number - first
            out[holders + number] = self.held(record) - self.surplus.get(number, 0)
        newest = out[at["newest"]] = book.newest - first
        life = at["life"]
        out[life : life + self.versions] = [_LIFE["FREED"]] * (newest + 1) + [0] * (self.versions - newest - 1)
        for version, stage in book.lives.items():
            out[life + version.number - first] = _LIFE[stage.name]
        out[at["pending"]] = 0 if book.pending is None else book.pending.number - first
        out[at["previous"]] = 0 if book.previous is None else book.previous.number - first
        out[at["probation"]] = int(book.probation)
        out[at["succeeded"]] = book.stats.successful_upgrades
        out[at["failed"]] = book.stats.failed_upgrades
        up, mine, ticket, woken = at["up"], at["mine"], at["ticket"], at["woken"]
        for u, attempt in self.attempts.items():
            name, has = attempt.at.name, book.attempt is attempt
            out[up + u] = _UP[name]
            out[mine + u] = 0 if attempt.version is None or name not in _OWING else attempt.version.number - first
            out[ticket + u] = int(has)
            waits = name in _WAITING
            out[woken + u] = int(waits and ((name == "WAIT" and not has) or attempt.drain.event.happened))
        return tuple(out)


def side_by_side(model: Mapping[str, Any], real: Mapping[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Rows of two shown states: variable, model, code, whether they differ."""
    return [(k, word(model[k]), word(real[k]), model[k] != real[k]) for k in model]


def word(value: Any) -> str:
    """A model value for people."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{word(k)}: {word(v)}" for k, v in value.items()) + "}"
    return str(getattr(value, "name", value))
