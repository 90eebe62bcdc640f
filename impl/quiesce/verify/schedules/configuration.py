"""What a configuration is: a small world with a drain policy, a few threads, and what has to come up in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiesce import DrainPolicy
from quiesce_conformance.schedules import Chooser, Engine, Execution, Failure, Spawner
from quiesce_model import algorithm
from quiesce_model.language import Model
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version

from .graph import Graph, graph
from .tally import Seen
from .world import World

__all__ = ["Body", "Configuration", "Kind", "Script", "Scripts", "Size"]

Body = Callable[[Any], object]
"""Is given the world of the configuration's kind."""
MODELS = {model.policy.name: model for model in algorithm.POLICIES}


@dataclass(frozen=True, slots=True)
class Script:
    """One thread."""

    name: str
    body: Body
    caller: bool = False
    """It calls; all others upgrade, cancel, revert or unregister.  A caller may do that, too."""
    interrupts: int = 0
    """How many times a KeyboardInterrupt may strike it, at any of its points."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a configuration is."""

    callers: int
    upgrades: int
    preemptions: int | None = None
    """At most so many switches away from a thread that could go on; None: any number."""

    def __str__(self) -> str:
        return f"{self.callers}x{self.upgrades}"


Scripts = Callable[[DrainPolicy, Size], tuple[Script, ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is alike in a configuration under every policy and of every size."""

    about: str
    rules: tuple[str, ...]
    scripts: Scripts
    sizes: Mapping[DrainPolicy, Size]
    """What the suite runs without more words; a policy that is missing has no such configuration."""
    also: Size | None = Size(2, 2, 1)
    """What the suite runs besides."""
    larger: tuple[Size, ...] = (Size(2, 1), Size(2, 2, 2), Size(2, 2))
    """What soaking runs."""
    sometimes: Mapping[DrainPolicy, tuple[str, ...]] = field(default_factory=dict[DrainPolicy, tuple[str, ...]])
    """What has to come up in the schedules of a complete search, or it shows nothing."""
    setup: Body | None = None
    world: Callable[[Engine, DrainPolicy, Graph, Sequence[str], Seen], Any] = World
    """What is set up for each execution."""
    model: type[Model] | None = None
    """What it is held against, if that is not the algorithm of its drain policy."""
    warm: bool = True
    """Calls find a free slot of the first record, as they do in a plugin that has served for a while."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One small world.

    Attributes:
        name: such as ``hold/cancel``; of another size than the suite's, ``hold/cancel@2x2``.

    """

    name: str
    policy: DrainPolicy
    kind: Kind
    size: Size
    scripts: tuple[Script, ...]

    @property
    def sometimes(self) -> tuple[str, ...]:
        """What has to come up."""
        return self.kind.sometimes.get(self.policy, ())

    @property
    def bound(self) -> str:
        """What a search that came to its end has covered, in words."""
        n = self.size.preemptions
        return "every schedule" if n is None else f"every schedule with at most {n} preemption{'s' if n > 1 else ''}"

    @property
    def graph(self) -> Graph:
        """The model that it is held against, in a scope that has room for it."""
        threads = len(self.scripts) + 1
        scope = {Thread: threads, Upgrader: threads, Version: 6, Epoch: 16, Tally: 1 << 30}
        return graph(self.kind.model or MODELS[self.policy.name], scope)

    def run(self, engine: Engine, chooser: Chooser, seen: Seen) -> Execution:
        """Run it once.

        Args:
            engine: runs the threads.
            chooser: decides the schedule.
            seen: is told what came up.

        """
        worlds: list[Any] = []

        def scenario(spawner: Spawner) -> Callable[[], None]:
            names = [script.name for script in self.scripts]
            world = self.kind.world(engine, self.policy, self.graph, names, seen)
            worlds.append(world)
            if self.kind.warm:
                world.warm_up()
            if self.kind.setup is not None:
                self.kind.setup(world)
            for script in self.scripts:
                name = script.name
                world.threads[name] = spawner.thread(name, script.body, world, interrupts=script.interrupts)
            world.running_threads = True
            judge: Callable[[], None] = world.judge
            return judge

        execution = engine.run(scenario, chooser)
        if execution.failed:
            # What went wrong first tells more than what it led to: a deadlock, or a plugin that raises.
            first = worlds[0].refiner.failure or worlds[0].violation
            if first is not None:
                ending = Failure(first, None, len(execution.choices) - 1, "check")
                return Execution(execution.choices, execution.enabled, ending, execution.outcomes, execution.seconds)
        return execution
