"""What is left of a reduced search, in pieces that can be worked on apart.

A `Share` is a subtree: the picks that lead to it, who sleeps there, and the sequences that are to be tried first.  A
`Spine` is a state above some share: what could be done there, who sleeps there, and what was handed out.  A worker that
finds a race above its root brings it here; `Frontier.give_back` makes a new share of it, unless something that sleeps
or was handed out there leads to it anyway.

Why that is complete: at each spine, shares are ordered by when they were made.  A share treats the ones before it as
asleep, never one after it, and every share is worked on to its end; so each trace has a share that does not skip it.
A step that nobody has done yet may do more than is known (`Event.sure`).  Such a one is handed out and not put to
sleep: then a trace may be run twice, and none is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiesce_conformance.schedules.points import Choice, Op

from .order import Detour, Event, dependent, label
from .wakeup import Tree, covers

__all__ = ["Frontier", "Left", "Path", "Share", "Sleep", "Spine", "resolve", "still_asleep"]

Path = tuple[int, ...]
"""Picks from the start: the index of the choice that was taken at each step that leaves one."""
Sleep = Mapping[Choice, Event]
"""Choices that need not be tried again until something happens that depends on them.  (Godefroid, "Partial-order
methods for the verification of concurrent systems", LNCS 1032, 1996, chapter 5.)"""


def resolve(choice: Choice, choices: Sequence[Choice]) -> int | None:
    """Find a choice, or what became of it: a wait ends well in one state and times out in another."""
    name = label(choice)
    found = None
    for index, other in enumerate(choices):
        if other == choice:
            return index
        if found is None and other[0] == choice[0] and label(other) == name:
            found = index
    return found


def still_asleep(sleep: Sleep, done: Event) -> dict[Choice, Event]:
    """Give those who sleep on when `done` is done."""
    return {choice: sleeper for choice, sleeper in sleep.items() if not dependent(sleeper, done)}


@dataclass(slots=True)
class Share:
    """A subtree that is to be searched."""

    path: Path
    steps: tuple[Event, ...]
    """What the picks were."""
    before: dict[Choice, Event]
    """Who sleeps in the state before the last of them."""
    tree: Tree
    """What is to be tried first after it."""
    held: list[Detour] = field(default_factory=list[Detour])
    """What the last step is taken to lead to; see `wakeup.Tree`."""


@dataclass(slots=True)
class Spine:
    """A state above a share."""

    path: Path
    steps: tuple[Event, ...]
    choices: tuple[Choice, ...]
    sleep: dict[Choice, Event]
    """Who sleeps there.  What was handed out is among them, if it is known what it does."""
    out: set[Choice]
    """What was handed out."""

    def hand_out(self, event: Event, tree: Tree, held: list[Detour]) -> Share:
        """Make the share that begins with an event."""
        index = self.choices.index(event.choice)
        share = Share((*self.path, index), (*self.steps, event), dict(self.sleep), tree, held)
        self.out.add(event.choice)
        if event.sure:
            self.sleep[event.choice] = event
        return share


@dataclass(slots=True)
class Left:
    """What a worker brings back."""

    shares: list[Share] = field(default_factory=list[Share])
    spines: list[Spine] = field(default_factory=list[Spine])
    found: list[tuple[Path, Choice, Detour]] = field(default_factory=list[tuple[Path, Choice, Detour]])
    """Races above the worker's root: where, what it did there itself, and what is to be tried instead."""
    tries: bool = False
    """A lock was tried, or given up after a timeout."""


_TRIES = "a lock is tried or taken with a timeout: a trace may be missed, see the known limit of dpor"


class Frontier:
    """All shares that nobody works on, and every spine."""

    def __init__(self, saved: Any = None) -> None:
        self.tries = saved is not None and bool(saved["tries"])
        self.spines: dict[Path, Spine] = {}
        if saved is None:
            self.shares = [Share((), (), {}, [])]
        else:
            self.shares = [
                Share(_path(path), _events(steps), _sleep(before), _tree(tree), _detours(held))
                for path, steps, before, tree, held in saved["shares"]
            ]
            for path, steps, choices, sleep, out in saved["spines"]:
                spine = Spine(_path(path), _events(steps), _choices(choices), _sleep(sleep), set(_choices(out)))
                self.spines[spine.path] = spine

    @property
    def notes(self) -> Sequence[str]:
        return (_TRIES,) if self.tries else ()

    @property
    def empty(self) -> bool:
        return not self.shares

    def take(self, share: int) -> Share | None:
        """Hand out the newest share, or the oldest if it is to be shared: the nearer to the root, the larger."""
        if not self.shares:
            return None
        return self.shares.pop(0 if share > 1 else -1)

    def give_back(self, part: Left | Share) -> None:
        if isinstance(part, Share):
            self.shares.append(part)
            return
        self.tries |= part.tries
        for spine in part.spines:
            self.spines[spine.path] = spine
        self.shares += part.shares
        for path, taken, detour in part.found:
            if path in self.spines:  # else there was no way but one
                self._add(self.spines[path], taken, detour)

    def _add(self, spine: Spine, taken: Choice, detour: Detour) -> None:
        first = detour.steps[0]
        index = resolve(first.choice, spine.choices)
        if index is None or spine.choices[index] in spine.out:
            return  # it cannot come first, or does so already
        if covers((sleeper for choice, sleeper in spine.sleep.items() if choice != taken), detour):
            return
        tree: Tree = []
        for event in reversed(detour.steps[1:]):
            tree = [[event, tree, []]]
        self.shares.append(spine.hand_out(_turned(first, spine.choices[index]), tree, []))

    def save(self) -> dict[str, Any]:
        return {
            "tries": self.tries,
            "shares": [
                [share.path, share.steps, _sleepers(share.before), share.tree, share.held] for share in self.shares
            ],
            "spines": [
                [spine.path, spine.steps, spine.choices, _sleepers(spine.sleep), sorted(spine.out)]
                for spine in self.spines.values()
            ],
        }


def _turned(event: Event, choice: Choice) -> Event:
    """What became of an event in a state in which its choice is another one."""
    return event if event.choice == choice else Event(choice.thread, choice, (choice.op, *event.ops[1:]), sure=False)


def _sleepers(sleep: Sleep) -> list[Event]:
    return sorted(sleep.values())


def _path(data: Any) -> Path:
    path = tuple(data)
    if not all(isinstance(pick, int) for pick in path):
        raise TypeError(f"expected picks, got {data!r}")
    return path


def _op(data: Any) -> Op:
    point, object_, writes, blocks = data
    if not (isinstance(point, str) and isinstance(object_, str)):
        raise TypeError(f"expected a point and an object, got {data!r}")
    return Op(point, object_, bool(writes), bool(blocks))


def _choice(data: Any) -> Choice:
    thread, op = data
    if not isinstance(thread, str):
        raise TypeError(f"expected a thread and an operation, got {data!r}")
    return Choice(thread, _op(op))


def _choices(data: Any) -> tuple[Choice, ...]:
    return tuple(map(_choice, data))


def _event(data: Any) -> Event:
    _, choice, ops, sure = data
    found = _choice(choice)
    return Event(found.thread, found, tuple(map(_op, ops)), bool(sure))


def _events(data: Iterable[Any]) -> tuple[Event, ...]:
    return tuple(map(_event, data))


def _sleep(data: Iterable[Any]) -> dict[Choice, Event]:
    return {event.choice: event for event in _events(data)}


def _tree(data: Any) -> Tree:
    return [[_event(event), _tree(below), _detours(held)] for event, below, held in data]


def _detours(data: Any) -> list[Detour]:
    return [
        Detour(list(_events(steps)), {str(thread): list(map(str, names)) for thread, names in fates.items()})
        for steps, fates in data
    ]
