"""A pure-Python implementation as it is, under the engine: nothing in it was changed to be checked.

    report = Observed([counter_module], scenario).search(Dpor(), max_seconds=60)

The scenario is like any other one: it makes fresh objects and spawns threads.  Points are the operations of the watched
code on shared state (see `sites`) and on what it gets instead of `threading` and `time` (see `outside`).

What this does not see.  Code that is not watched, the C code of extension modules included, counts as a part of the
operation before it.  A comparison of two containers, and all but the first argument of a builtin, are no operations.
The C functions of the standard library that are not listed in `sites` are taken to touch no shared state.  Weak
memory is not modelled: operations are whole, in one order.  Values that a thread has loaded live on until the end of
the execution, so finalizers run late.
"""

from __future__ import annotations

import sys
from _thread import LockType
from collections.abc import Callable, Iterable
from types import FrameType, FunctionType, ModuleType
from typing import Any, Self

from quiesce_conformance.schedules.engine import Engine, Scenario, Spawner
from quiesce_conformance.schedules.errors import EngineMisused, ScheduleError
from quiesce_conformance.schedules.execution import Execution, LeftTheSeam
from quiesce_conformance.schedules.points import Chooser, Observer
from quiesce_conformance.schedules.report import SearchReport
from quiesce_conformance.schedules.search import search
from quiesce_conformance.schedules.strategies import Strategy

from .cells import UNKNOWN, Labels, Memory, evaluate
from .events import watcher
from .outside import Outside, here, stack_text
from .sites import CONTAINERS, ITEMS, Program, Site
from .watched import Watched

__all__ = ["Coarser", "NothingObserved", "Observed"]


class NothingObserved(ScheduleError):
    """An execution ended without one operation of the watched code: whatever was searched, it was not that."""


class Coarser(ScheduleError):
    """The receiver of an operation could not be told, so objects must be told apart less finely: search again."""


class ObservedSpawner(Spawner):
    """Spawns threads whose functions are watched."""

    __slots__ = ("_observed",)

    def __init__(self, engine: Engine, observed: Observed) -> None:
        super().__init__(engine)
        self._observed = observed

    def thread(self, name: str, function: Callable[..., Any], *args: Any, **how: Any) -> Any:
        """Spawn a thread; see `Spawner.thread`."""
        observed = self._observed
        observed.roots[name] = (function, args)
        with observed.outside.suspended():
            thread = super().thread(name, observed.watcher.follow, function, *args, **how)
        observed.outside.welcome(thread.ident)
        return thread


class Observed:
    """A scenario over code that was not written for the engine.

    Args:
        watched: modules, classes or functions; operations of their code are points.  A module means all of its own.
        scenario: as for `Engine.run`.
        engine: one to use; a new one if not given.

    Raises:
        ValueError: nothing that can be watched was given.

    Thread-safety: one search at a time.

    """

    def __init__(
        self,
        watched: Iterable[Watched],
        scenario: Scenario,
        engine: Engine | None = None,
    ) -> None:
        things = list(watched)
        self.program = Program(things)
        self.engine = Engine() if engine is None else engine
        self._scenario = scenario
        self._modules = _modules(things)
        self.outside = Outside(self.engine, self._modules)
        self.watcher = watcher(self.program.sites, self._told)
        self.roots: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
        self._labels: Labels | None = None
        self._memory: Memory = {}
        self._changing = frozenset(self.program.globals | self.program.cells)
        self._blurred_anew: set[str] = set()
        self.points = 0
        """Operations of the watched code in the last execution."""

    def __enter__(self) -> Self:
        here()
        self.watcher.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.watcher.end()

    def search(self, strategy: Strategy, **limits: Any) -> SearchReport:
        """Search the schedules; begin anew if objects turn out to have been told apart too finely.

        Args:
            strategy: which schedules are tried.
            **limits: as for `quiesce_conformance.schedules.search.search`.

        Raises what that raises, and what `run` raises but for `Coarser`.

        """
        while True:  # ends: each time round, one more name is blurred, and there are only so many
            try:
                with self:
                    return search(self.run, strategy, **limits)
            except Coarser:
                continue

    def run(self, chooser: Chooser, observer: Observer | None = None, *, max_steps: int | None = None) -> Execution:
        """Run the scenario once, as the chooser decides.  Inside a `with` block of this object.

        Raises:
            NothingObserved: it came to its end without a single operation of the watched code.
            Coarser: some receiver could not be told; call again, and begin the search anew.

        """
        self.roots, self._labels, self._memory, self.points = {}, None, {}, 0
        self._blurred_anew = set()
        with self.outside.in_place():
            execution = self.engine.run(self._set_up, chooser, observer, max_steps=max_steps)
        self._labels, self._memory = None, {}
        if self._blurred_anew:
            names = ", ".join(sorted(self._blurred_anew))
            raise Coarser(f"expected to find the receiver of every operation, did not for {names}: search anew")
        if execution.ending == "finished" and not self.points:
            raise NothingObserved(
                f"expected operations of the watched code ({len(self.program.codes)} functions), got an execution of "
                f"{len(execution.choices)} steps without any: watch the modules that the threads run"
            )
        return execution

    def _set_up(self, spawner: Spawner) -> Any:
        return self._scenario(ObservedSpawner(spawner.engine, self))

    # -- what an event means ------------------------------------------------------------------------------------------
    def _told(self, site: Site, frame: FrameType) -> None:
        me = self.engine.me()
        if me is None:
            return
        object_ = self._object(site, frame, me.name)
        if object_ is not None:
            self.points += 1
            self.engine.point(site.point, object_, writes=site.writes)
        if site.keeps:
            key = (id(frame), site.offset)
            self._memory.pop(key, None)
            value = evaluate(site.load, frame, self._memory, self._changing)
            if value is not UNKNOWN:
                self._memory[key] = value

    def _object(self, site: Site, frame: FrameType, thread: str) -> str | None:
        """Name what the operation is on; None if it is no operation on shared state."""
        if site.kind == "global":
            return f"{site.point.partition(':')[0]}.{site.name}"
        if site.kind == "cell":
            return f"nonlocal {site.name}"
        thing = evaluate(site.base, frame, self._memory, self._changing)
        if site.kind == "with":
            if isinstance(thing, _LOCKS):
                self._raw_lock(thing, thread, frame)
            return None
        if site.kind == "items":
            if thing is not UNKNOWN and not isinstance(thing, CONTAINERS) and not _is_iterator(thing, site):
                return None
            return self._name(thing, ITEMS, thread, "")
        return self._name(thing, site.name, thread, ".")

    def _name(self, thing: Any, what: str, thread: str, dot: str) -> str:
        if thing is UNKNOWN and what not in self.program.blurred:
            self.program.blurred.add(what)
            self._blurred_anew.add(what)
        if what in self.program.blurred:
            return f"*{dot}{what}"
        if self._labels is None:
            self._labels = Labels(self._things())
        return f"{self._labels.of(thing, thread)}{dot}{what}"

    def _things(self) -> dict[str, Any]:
        """Whatever the threads begin with, by name: what a function closes over, its own object, its arguments."""
        things: dict[str, Any] = {}
        for name, (function, args) in self.roots.items():
            owner = getattr(function, "__self__", None)
            if owner is not None:
                things.setdefault(type(owner).__name__, owner)
            if isinstance(function, FunctionType):
                for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                    things.setdefault(variable, _contents(cell))
            things.update({f"{name}({i})": arg for i, arg in enumerate(args)})
        for module in self._modules:
            short = module.__name__.rpartition(".")[2]
            things.update({f"{short}.{n}": v for n, v in vars(module).items() if not n.startswith("__")})
        return things

    def _raw_lock(self, lock: object, thread: str, frame: FrameType) -> None:
        why = f"it uses a {type(lock).__qualname__} that was made before the execution began"
        self.engine.fail(LeftTheSeam(thread, why, stack_text(frame)))
        raise EngineMisused(f"{thread}: {why}: make it in the scenario, so that the engine's twin takes its place")


_LOCKS = (LockType, type(__import__("threading").RLock()))


def _is_iterator(thing: Any, site: Site) -> bool:
    return site.writes and hasattr(type(thing), "__next__")


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def _modules(things: Iterable[Any]) -> list[ModuleType]:
    names = {t.__name__ if isinstance(t, ModuleType) else t.__module__ for t in things}
    found = {n: sys.modules.get(n) for n in names}
    found.update({t.__name__: t for t in things if isinstance(t, ModuleType)})
    return [m for m in found.values() if m is not None]
