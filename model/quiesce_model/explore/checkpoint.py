"""Checkpoints: where a search stood when it began a depth, kept so that another run can go on from there.

A search is interrupted anywhere: between two states, or between two instructions of one.  The states that it has
reached carry their depth, so whatever it was doing, what it had when the present depth began can be told exactly: every
state of that depth or less.  That and the counts of that instant (a `Mark`) are what is written; the depth that was
under way is done again.  So a run that was stopped and resumed, any number of times and anywhere, ends with the counts,
the depths and the traces of one that was not.

Tables are not written.  They are filled again, in the order in which they were filled before, from the states that had
been expanded.

A checkpoint belongs to one exploration: same model (by digest), scope, symmetry, claims.  Anything else is refused.
Format: see `sections`.  About 2 bytes for each element and 2 for the depth of a state.
"""

from __future__ import annotations

import itertools
import json
import sys
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from quiesce_model.explore.loop import Group
from quiesce_model.explore.machine import Machine
from quiesce_model.explore.sections import CheckpointError, check_writable, read_sections, write_sections
from quiesce_model.language.digest import model_digest

__all__ = ["Checkpoint", "CheckpointError", "Mark"]

_ROOM = 1 << 20  # bytes of states in a section, about


@dataclass(frozen=True)
class Mark:
    """The counts of a search at the moment when it began a depth."""

    depth: int
    states: int
    edges: int
    on_edge: int
    deadlocks: int
    seconds: float
    levels: list[int]
    met: dict[str, int | None]
    taken: list[int]
    cut: list[int]
    groups: int
    local: int
    frontier: list[int]  # numbers of the groups, in the order in which they are expanded


class Checkpoint:
    """Writes and reads the checkpoints of one exploration.

    :param resume: go on from the file; else there must be none.
    :raises CheckpointError: there is a file though none should be, or the folder cannot be written to.
    """

    def __init__(self, path: Path, *, resume: bool, every_seconds: float, deadlock: bool) -> None:
        if not every_seconds >= 0:
            raise ValueError(f"checkpoint_seconds: expected a number of 0 or more, got {every_seconds!r}")
        self.path, self.resume, self.every_seconds, self.deadlock = path, resume, every_seconds, deadlock
        self.last = 0.0  # when the last one was written, in seconds since the search began
        if not resume:
            check_writable(path)

    def owner(self, machine: Machine) -> dict[str, Any]:
        """What has to be the same for a run to go on from this file."""
        layout, model = machine.layout, machine.model
        return {
            "model": f"{model.__module__}.{model.__qualname__}",
            "model digest": model_digest(model),
            "scope": {s.__name__: n for s, n in machine.scope.items()},
            "symmetry": [s.__name__ for s in machine.symmetric],
            "claims": list(machine.rules),
            "deadlock": self.deadlock,
            "cells": [f"{c.var}[{c.index}]" for c in layout.shared] + [c.var for c in layout.columns],
        }

    # -- out --------------------------------------------------------------------------------------------------------
    def write(self, machine: Machine, mark: Mark) -> None:
        """Write where the search stood at a mark; whatever it has done since is left out.

        :raises CheckpointError: the file cannot be written; an earlier one stays.
        """
        write_sections(self.path, self._sections(machine, mark))

    def _sections(self, machine: Machine, mark: Mark) -> Iterator[tuple[bytes, bytes]]:
        yield b"OWNR", json.dumps(self.owner(machine)).encode()
        yield b"MARK", json.dumps(asdict(mark)).encode()
        parts = {"groups": [g.part for g in machine.groups[: mark.groups]], "local": machine.local[: mark.local]}
        yield b"PART", json.dumps(parts).encode()
        out, size = [], 0
        for group in machine.groups[: mark.groups]:
            piece = _pack(machine, group, mark)
            out.append(piece)
            size += len(piece)
            if size > _ROOM:
                yield b"SEEN", b"".join(out)
                out, size = [], 0
        yield b"SEEN", b"".join(out)

    def is_due(self, seconds: float) -> bool:
        """Whether the last one was written long enough ago.  ``seconds``: since the search began."""
        return seconds - self.last >= self.every_seconds

    def write_if_possible(self, machine: Machine, mark: Mark, seconds: float) -> None:
        """Write one in the middle of a run, which a full disk is no reason to give up: the next may succeed."""
        with suppress(CheckpointError):
            self.write(machine, mark)
        self.last = seconds

    def drop(self) -> None:
        """Remove the file: the search came to its end, and there is nothing to go on with."""
        self.path.unlink(missing_ok=True)

    # -- in ---------------------------------------------------------------------------------------------------------
    def read(self, machine: Machine) -> tuple[Mark, list[tuple[Group, list[Any]]]]:
        """Put a new machine where the search stood; the mark, and the frontier of its depth.

        :raises CheckpointError: the file is no checkpoint, is damaged, or belongs to another exploration.
        """
        sections = read_sections(self.path)
        at = 0
        try:
            content, at = self._take(sections, b"OWNR")
            self._check_owner(dict(json.loads(content)), machine)
            content, at = self._take(sections, b"MARK")
            mark = Mark(**json.loads(content))
            content, at = self._take(sections, b"PART")
            parts = json.loads(content)
            machine.adopt([tuple(p) for p in parts["groups"]], [tuple(p) for p in parts["local"]])
            if (len(machine.groups), len(machine.local)) != (mark.groups, mark.local):
                raise ValueError(f"expected {mark.groups} and {mark.local} parts")
            todo = iter(machine.groups)
            for tag, content, here in sections:
                at = here
                if tag == b"SEEN":
                    _unpack(machine, todo, content, mark)
            states = sum(len(g.seen) for g in machine.groups)
            if states != mark.states:
                raise ValueError(f"expected {mark.states:,} states, got {states:,}")
            frontier = [(g, _at_depth(g, mark.depth)) for g in (machine.groups[n] for n in mark.frontier)]
        except (ValueError, TypeError, KeyError, IndexError) as error:
            reason = f"its content makes no sense ({error}); begin the run anew"
            raise CheckpointError(self.path, f"the section at byte {at:,}", reason) from error
        _refill(machine, mark)
        return mark, frontier

    def _take(self, sections: Iterator[tuple[bytes, bytes, int]], wanted: bytes) -> tuple[bytes, int]:
        tag, content, at = next(sections)
        if tag != wanted:
            reason = f"expected the section {wanted.decode()}, got {tag.decode('ascii', 'replace')}; begin the run anew"
            raise CheckpointError(self.path, f"byte {at:,}", reason)
        return content, at

    def _check_owner(self, theirs: dict[str, Any], machine: Machine) -> None:
        for name, mine in self.owner(machine).items():
            if theirs.get(name) != mine:
                reason = f"the file has {theirs.get(name)!r}, this run {mine!r}; resume what was begun, or begin anew"
                raise CheckpointError(self.path, name, reason)


def _at_depth(group: Group, depth: int) -> list[Any]:
    return [key for key, d in group.seen.items() if d == depth]


def _type(mark: Mark) -> str:
    """Two bytes for a number where they do, else four; as `array` calls it."""
    return "H" if max(mark.local, mark.depth) < 1 << 16 else "I"


def _swapped(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _pack(machine: Machine, group: Group, mark: Mark) -> bytes:
    """Of one group: how many states (8 bytes), their depths, their part numbers."""
    seen = {key: d for key, d in group.seen.items() if d <= mark.depth}
    flat = itertools.chain.from_iterable(map(machine.form.numbers, seen))
    depths, numbers = array(_type(mark), seen.values()), array(_type(mark), flat)
    return len(seen).to_bytes(8, "little") + _swapped(depths).tobytes() + _swapped(numbers).tobytes()


def _unpack(machine: Machine, groups: Iterator[Group], content: bytes, mark: Mark) -> None:
    n, at, form = machine.form.elements, 0, machine.form
    while at < len(content):
        group, count = next(groups, None), int.from_bytes(content[at : at + 8], "little")
        depths, flat = array(_type(mark)), array(_type(mark))
        width = depths.itemsize * count
        middle, end = at + 8 + width, at + 8 + width * (n + 1)
        if group is None or end > len(content):
            raise ValueError("more states than there are groups for")
        depths.frombytes(content[at + 8 : middle])
        flat.frombytes(content[middle:end])
        at = end
        _swapped(depths)
        _swapped(flat)
        if count and (max(depths) > mark.depth or (n and max(flat) >= mark.local)):
            raise ValueError(f"a state of group {group.number} is none")
        keys = map(form.key, map(list, zip(*[iter(flat)] * n, strict=True))) if n else [form.key([])] * count
        group.seen.update(zip(keys, depths, strict=True))
        if len(group.seen) != count:
            raise ValueError(f"a state of group {group.number} is there twice")


def _refill(machine: Machine, mark: Mark) -> None:
    """Make the table entries again that the expanded states had asked for, in that order."""
    for group in machine.groups:
        expanded = (key for key, d in group.seen.items() if d < mark.depth)
        numbers = dict.fromkeys(itertools.chain.from_iterable(map(machine.form.numbers, expanded)))
        if any(d < mark.depth for d in group.seen.values()):
            machine.prepare(group)
            for number in numbers:
                _ = group.row[1][number]  # type: ignore[index]  # the table makes the entry; `prepare` made the row
    machine.taken[:] = mark.taken
    machine.cut[:] = mark.cut
