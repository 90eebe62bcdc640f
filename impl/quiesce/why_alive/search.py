"""From the survivors backwards to the roots, breadth first and within bounds.

One `gc.get_referrers` looks through every object that the collector tracks, so a whole layer of the search is asked at
once, in slices: the cost is (objects visited / 256) passes over the heap.  A branch ends at a root; the others go on,
because a version that three roots keep is freed only when the third is known, too.

What the search makes itself refers to what it has found.  Nothing of it is a reason, so its containers are left out by
identity, and there is no generator and no closure here: the collector would see their frames.
"""

from __future__ import annotations

import gc
import itertools
import linecache
import typing
from collections.abc import Callable
from typing import Any, Final

from quiesce import InvalidArgument

from .canary import Canary
from .held import Held, held
from .report import Report, Root, RootKind
from .roots import Roots, describe

__all__ = ["why_alive"]

_SLICE: Final = 256


def why_alive(
    canary: Canary, *, flush_caches: bool = False, max_objects: int = 20_000, max_depth: int = 40, max_roots: int = 16
) -> Report:
    """Collect the garbage, then say what is left of the version that `canary` watches, and which roots keep it.

    Args:
        canary: from `watch`.
        flush_caches: first empty the caches that the standard library fills by itself: those of typing, for the whole
            process, and the lines that linecache keeps of the version's files.
        max_objects: how many objects are visited before the search gives up.
        max_depth: how many references away from a survivor a root may be.
        max_roots: how many roots are enough.

    Raises:
        InvalidArgument: an argument does not fit.

    Safe from any thread.  Stops nothing, but takes a pass over the whole heap for each layer, some 10 ms for 100,000
    objects: a diagnosis, not a metric.

    """
    if not isinstance(canary, Canary):
        raise InvalidArgument("canary", "what watch() returned", canary)
    for what, bound in (("max_objects", max_objects), ("max_depth", max_depth), ("max_roots", max_roots)):
        if type(bound) is not int or bound < 1:
            raise InvalidArgument(what, "an integer >= 1", bound)
    if flush_caches:
        flush(canary)
    gc.collect()
    unseen: dict[int, Held] = {}
    if canary.alive():
        unseen = held(canary.modules)
        gc.collect()
    search = _Search(canary, unseen)
    search.run(max_objects, max_depth, max_roots)
    return search.report()


def flush(canary: Canary) -> None:
    """Empty the caches that the standard library fills by itself."""
    cleanups: list[Callable[[], object]] = list(getattr(typing, "_cleanups", ()))
    for clear in cleanups:
        clear()
    overloads: dict[str, object] = getattr(typing, "_overload_registry", {})
    for name in canary.modules:
        overloads.pop(name, None)
    ends = tuple(f"({name})" for name in canary.modules)
    for filename in [name for name in list(linecache.cache) if name.endswith(ends)] if ends else []:
        linecache.cache.pop(filename, None)


class _Search:
    """One search.  Holds the survivors while it runs, and lets go of them in `report`."""

    def __init__(self, canary: Canary, unseen: dict[int, Held]) -> None:
        self.canary, self.unseen = canary, unseen
        self.names: dict[int, str] = {}
        self.objects: dict[int, Any] = {}
        """Invariant: everything visited is in here, so that no identity is used twice."""
        self.child: dict[int, int] = {}
        """What each object was found to refer to: the way back to the survivor."""
        self.found: dict[tuple[RootKind, str], Root] = {}
        self.dead_ends: list[int] = []
        self.complete = True
        for name, reference in canary.watched:
            survivor = reference()
            if survivor is not None:
                self.names.setdefault(id(survivor), name)
                self.objects[id(survivor)] = survivor
        survivor = None
        self.roots = Roots(canary.modules, canary.watched[0][1]() is not None)

    def run(self, max_objects: int, max_depth: int, max_roots: int) -> None:
        """Search, layer by layer."""
        layer = list(self.objects)
        for each in layer:
            self._unseen(each)
        depth = 0
        while layer and self.complete:
            if depth == max_depth or len(self.objects) >= max_objects or len(self.found) >= max_roots:
                self.complete = False
                break
            depth += 1
            following: list[int] = []
            for start in range(0, len(layer), _SLICE):
                self._layer(layer[start : start + _SLICE], following)
                if len(self.objects) >= max_objects:
                    break
            layer = following

    def _layer(self, keys: list[int], following: list[int]) -> None:
        asked = [self.objects[key] for key in keys]
        holders = gc.get_referrers(*asked)
        ours = {id(x) for x in (self.objects, self.__dict__, self, asked, holders, self.canary)}
        wanted, held_by_any = set(keys), set[int]()
        for holder in holders:
            if id(holder) in ours:
                continue
            for child in gc.get_referents(holder):
                key = id(child)
                if key in wanted and not self.roots.ignored(holder, child):
                    held_by_any.add(key)
                    self._visit(holder, key, following)
            child = None
        holder = None
        self.dead_ends += [key for key in keys if key not in held_by_any and key not in self.unseen]

    def _visit(self, holder: object, key: int, following: list[int]) -> None:
        if id(holder) in self.objects:
            return
        way = self._way(key)
        named = self.roots.name(holder, [self.objects[each] for each in way])
        if named is not None:
            self._root(named, way, describe(holder, self.objects[key]))
            return
        self.objects[id(holder)] = holder
        self.child[id(holder)] = key
        self._unseen(id(holder))
        following.append(id(holder))

    def _unseen(self, key: int) -> None:
        holder = self.unseen.get(key)
        if holder is not None:
            self._root((holder.kind, holder.name), self._way(key), holder.how)

    def _way(self, key: int) -> list[int]:
        """From the survivor to the object."""
        way = [key]
        while way[-1] in self.child:
            way.append(self.child[way[-1]])
        return way[::-1]

    def _root(self, named: tuple[RootKind, str], way: list[int], last: str) -> None:
        kind, name = named
        steps = [describe(self.objects[b], self.objects[a]) for a, b in itertools.pairwise(way)]
        self.found.setdefault(named, Root(kind, name, self.names[way[0]], (*steps, last)))

    def report(self) -> Report:
        """Give the answer and let go of everything."""
        if not self.found and self.names:
            for key in self.dead_ends[:3] or list(self.names)[:1]:
                way = self._way(key)
                at = f"no root was found; the way ends at {_name(self.objects[key])}"
                self._root((RootKind.UNKNOWN, at), way, "the collector sees no more referrers")
        roots = sorted(self.found.values(), key=lambda root: (root.kind is RootKind.MODULE, len(root.path)))
        survivors, visited = tuple(self.names.values()), len(self.objects)
        self.objects, self.child = {}, {}
        watched = len(self.canary.watched)
        return Report(self.canary.version, watched, survivors, tuple(roots), self.complete, visited)


def _name(each: object) -> str:
    return describe(each, None) if type(each) is not dict else "a dict"
