"""Wakeup trees: how a search that found a race says where to go, and not only that it should go elsewhere.

A node of a tree is ``[event, children]``; a path from the root is a
sequence that is still to be tried.  Plain lists, because they go to workers and into files.

`insert` adds a sequence unless a sequence in the tree leads to it anyway.  It is the operation of the same name in
Abdulla, Aronis, Jonsson and Sagonas, "Source sets: a foundation for optimal dynamic partial order reduction" (JACM
2017, section 6).  What a thread did next matters because it can have alternatives in one state, to go on or to be
interrupted: one of them that the sequence does not contain leads to it only if it is the one that its thread went on
with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quiesce_conformance.schedules.points import INTERRUPT

from .order import Detour, Event, dependent, label

__all__ = ["Tree", "covers", "insert", "leads_to"]

_INTERRUPT = f" {INTERRUPT}"
"""In the label of an interrupt, and of nothing else."""
Tree = list[Any]
"""Children: ``[[event, tree, held], ...]``, in the order in which they are to be tried.

Held are detours that were taken to be led to by a step of which it is not known yet all that is done with it
(`Event.sure`).  When it is known, they are looked at again."""


Fates = Mapping[str, Sequence[str]]


def _without(first: Event, steps: Sequence[Event], fates: Fates) -> Sequence[Event] | None:
    """Give what is left of the steps when `first` was done in front of them; None if that is not the same thing.

    `first` is a *weak initial* of the steps if it is among them and depends on nothing in front of it, or if its
    thread is not among them and it depends on nothing there: then doing it first leads where the steps lead.
    """
    thread, choice = first[0], first[1]
    for index, step in enumerate(steps):
        if step[0] == thread:
            same = step[1] is choice or label(step[1]) == label(choice)
            return [*steps[:index], *steps[index + 1 :]] if same else None
        if dependent(first, step):
            return None
    if fate := fates.get(thread):
        name = label(choice)
        if name != fate[0] and (_INTERRUPT in name or _INTERRUPT in fate[0]):
            return None  # an alternative of what it did
    return steps


def leads_to(event: Event, detour: Detour) -> bool:
    """Say whether the event could come first."""
    return _without(event, *detour) is not None


def covers(sleep: Iterable[Event], detour: Detour) -> bool:
    """Is there a sleeper that could come first, so that this is seen where the sleeper comes first?"""
    steps, fates = detour
    return any(_without(sleeper, steps, fates) is not None for sleeper in sleep)


def insert(tree: Tree, detour: Detour) -> bool:
    """Add it behind everything that is there, unless something there leads to it; say whether it was added."""
    steps: Sequence[Event] = detour.steps
    fates: Fates = detour.fates
    while True:
        for event, below, held in tree:
            rest = _without(event, steps, fates)
            if rest is not None:
                if not event.sure:
                    held.append(Detour(list(steps), fates))
                if not below or not rest:
                    return False  # from a leaf the search goes on freely, and finds it there
                if len(rest) == len(steps) and fates.get(event[0]):
                    fates = {**fates, event[0]: fates[event[0]][1:]}
                tree, steps = below, rest
                break
        else:
            for event in steps:
                node: Tree = [event, [], []]
                tree.append(node)
                tree = node[1]
            return True
