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

__all__ = ["Frontier", "Left", "Node", "Path", "Share", "Sleep", "Spine", "Stack", "begin", "resolve", "still_asleep"]

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


def begin(choice: Choice) -> Event:
    """Make the event of a choice of which it is not known yet what is done with it."""
    return Event(choice[0], choice, (choice[1],), sure=False)


class Node:
    """A state on the path of a search, and what is known of it.

    Invariant: every trace through this state that begins with a choice in `sleep` was seen, or will be elsewhere.
    """

    __slots__ = ("choices", "event", "held", "index", "sleep", "tree")

    def __init__(self, choices: Sequence[Choice], sleep: dict[Choice, Event], tree: Tree) -> None:
        self.choices = choices
        self.sleep = sleep
        self.tree = tree
        """What is still to be tried here."""
        self.index: int
        self.event: Event
        """What is done here."""
        self.held: list[Detour]
        """What it is taken to lead to, although it is not known yet all that is done with it."""

    def take(self, event: Event, held: list[Detour]) -> None:
        """Go this way."""
        self.index = self.choices.index(event.choice)
        self.event, self.held = event, held

    def retake(self) -> Tree | None:
        """Go the next way that is to be tried here; give what is to be tried after it, None if there is no next way."""
        while self.tree:
            event, below, held = self.tree.pop(0)
            if event.choice not in self.sleep:
                self.take(event, held)
                return list(below)
        return None


@dataclass(slots=True)
class Stack:
    """A share that was begun: the path to the next execution, and every state on it below the share's root.

    Gone on with by one, it is the very search that was stopped.  To be shared out, it is taken apart.
    """

    path: Path
    steps: tuple[Event, ...]
    root: int
    nodes: list[Node]
    tree: Tree
    """What is to be tried first after the last step."""

    @property
    def before(self) -> dict[Choice, Event]:
        """Who sleeps in the state before the last step."""
        return self.nodes[-1].sleep

    def take_apart(self) -> Left:
        """Make every state a spine, and everything that is still to be tried there a share."""
        left = Left()
        for depth, node in enumerate(self.nodes, self.root):
            last = depth == len(self.path) - 1
            if len(node.choices) == 1 and not last:
                continue  # no way but one
            path, steps = self.path[:depth], self.steps[:depth]
            spine = Spine(path, steps, tuple(node.choices), dict(node.sleep), set(node.sleep))
            if last:
                left.parts.append(spine.hand_out(node.event, self.tree, node.held))
            else:
                spine.sleep[node.event.choice] = node.event
                spine.out.add(node.event.choice)
            left.parts += [spine.hand_out(*child) for child in node.tree]
            left.spines.append(spine)
        return left


@dataclass(slots=True)
class Left:
    """What a worker brings back."""

    parts: list[Share | Stack] = field(default_factory=list["Share | Stack"])
    spines: list[Spine] = field(default_factory=list[Spine])
    found: list[tuple[Path, Choice, Detour]] = field(default_factory=list[tuple[Path, Choice, Detour]])
    """Races above the worker's root: where, what it did there itself, and what is to be tried instead."""
    tries: bool = False
    """A lock was tried, or given up after a timeout."""


_TRIES = "a lock is tried or taken with a timeout: a trace may be missed, see the known limit of dpor"


class Frontier:
    """All parts that nobody works on, and every spine."""

    def __init__(self, saved: Any = None) -> None:
        self.parts: list[Share | Stack] = []
        self.spines: dict[Path, Spine] = {}
        self.tries = False
        if saved is None:
            self.parts.append(Share((), (), {}, []))
            return
        self.tries = bool(saved["tries"])
        for path, steps, before, tree, held in saved["shares"]:
            self.parts.append(Share(_path(path), _events(steps), _sleep(before), _tree(tree), _detours(held)))
        for path, steps, root, nodes, tree in saved["stacks"]:
            self.parts.append(Stack(_path(path), _events(steps), int(root), list(map(_node, nodes)), _tree(tree)))
        for path, steps, choices, sleep, out in saved["spines"]:
            spine = Spine(_path(path), _events(steps), _choices(choices), _sleep(sleep), set(_choices(out)))
            self.spines[spine.path] = spine

    @property
    def notes(self) -> Sequence[str]:
        return (_TRIES,) if self.tries else ()

    @property
    def empty(self) -> bool:
        return not self.parts

    def take(self, share: int) -> Share | Stack | None:
        """Hand out the newest part, or the oldest if it is to be shared: the nearer to the root, the larger."""
        if share > 1:
            stacks = [part for part in self.parts if isinstance(part, Stack)]
            self.parts = [part for part in self.parts if isinstance(part, Share)]
            for stack in stacks:
                self.give_back(stack.take_apart())
        if not self.parts:
            return None
        return self.parts.pop(0 if share > 1 else -1)

    def give_back(self, part: Left | Share) -> None:
        if isinstance(part, Share):
            self.parts.append(part)
            return
        self.tries |= part.tries
        for spine in part.spines:
            self.spines[spine.path] = spine
        self.parts += part.parts
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
        self.parts.append(spine.hand_out(_turned(first, spine.choices[index]), tree, []))

    def save(self) -> dict[str, Any]:
        shares = [part for part in self.parts if isinstance(part, Share)]
        stacks = [part for part in self.parts if isinstance(part, Stack)]
        return {
            "tries": self.tries,
            "shares": [[part.path, part.steps, _sleepers(part.before), part.tree, part.held] for part in shares],
            "stacks": [
                [
                    part.path,
                    part.steps,
                    part.root,
                    [[n.choices, _sleepers(n.sleep), n.tree, n.event, n.held] for n in part.nodes],
                    part.tree,
                ]
                for part in stacks
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


def _node(data: Any) -> Node:
    choices, sleep, tree, event, held = data
    node = Node(_choices(choices), _sleep(sleep), _tree(tree))
    node.take(_event(event), _detours(held))
    return node


def _detours(data: Any) -> list[Detour]:
    return [
        Detour(list(_events(steps)), {str(thread): list(map(str, names)) for thread, names in fates.items()})
        for steps, fates in data
    ]
