"""The frontier in pieces: small enough to look at the clock and the bounds between two of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from quiesce_model.explore.loop import Group

__all__ = ["Room", "no_collector", "pieces"]


class Room:
    """How many states to expand between two looks at the clock: about a fiftieth of a second's work."""

    def __init__(self) -> None:
        self.states = 256

    def adapt(self, seconds: float) -> None:
        """The last piece took so long."""
        self.states = min(self.states * 2, 1 << 14) if seconds < 0.02 else max(self.states // 2, 64)


def pieces(frontier: list[tuple[Group, list[Any]]], size: Room) -> Iterator[list[tuple[Group, list[Any]]]]:
    """The frontier in pieces of about ``size.states`` states."""
    batch: list[tuple[Group, list[Any]]] = []
    room = size.states
    for group, keys in frontier:
        at = 0
        while at < len(keys):
            piece = keys[at : at + room] if at or len(keys) > room else keys
            batch.append((group, piece))
            at += len(piece)
            room -= len(piece)
            if room <= 0:
                yield batch
                batch, room = [], size.states
    if batch:
        yield batch


@contextmanager
def no_collector() -> Iterator[None]:
    """Without the garbage collector, if it was on: it would walk millions of tuples again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
