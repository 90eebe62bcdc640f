"""Threads that stop at named points and go on when told, so that a test knows at each instant what everyone is doing.

An actor is *busy* until it is paused in a hook, waits for one of the kernel's events, or has ended.  `Stage.settle`
waits until nobody is busy.  Time-outs are virtual: a wait ends when the event is set, or when the test says that its
time is up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from quiesce import Seam

PATIENCE = 30.0


class Actor(threading.Thread):
    """Work on a thread of its own.

    After `Stage.settle`: ``paused`` is the point at which it stands, ``waiting`` the event that it waits for, and
    ``ended`` says that it is over, with ``result`` or ``error``.
    """

    def __init__(self, stage: Stage, work: Callable[[], Any], name: str, owner: Any) -> None:
        super().__init__(name=name, daemon=True)
        self.stage, self.work, self.owner = stage, work, owner
        self.busy, self.ended = True, False
        self.paused: str | None = None
        self.waiting: StagedEvent | None = None
        self.time_is_up = self.struck = False
        self.order: Any = None
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        with self.stage.changed:
            self.ended, self.busy = True, False
            self.stage.changed.notify_all()


class Stage:
    """All actors of one test."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.actors: list[Actor] = []

    def start(self, work: Callable[[], Any], name: str, owner: Any = None) -> Actor:
        """Begin some work on behalf of its owner, and wait until nobody is busy."""
        actor = Actor(self, work, name, owner)
        self.actors.append(actor)
        actor.start()
        self.settle()
        return actor

    def pause(self, point: str) -> Any:
        """Called by an actor: stand here until told to go on; what it was told."""
        actor = threading.current_thread()
        if not isinstance(actor, Actor):
            return None
        with self.changed:
            actor.paused, actor.order, actor.busy = point, None, False
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: actor.paused is None, PATIENCE), f"nobody resumes {actor.name}"
            return actor.order

    def resume(self, actor: Actor, order: Any = None) -> None:
        """Let a paused actor go on, and wait until nobody is busy."""
        with self.changed:
            actor.order, actor.paused, actor.busy = order, None, True
            self.changed.notify_all()
        self.settle()

    def time_out(self, actor: Actor) -> None:
        """The time of a waiting actor is up; wait until nobody is busy."""
        with self.changed:
            actor.time_is_up, actor.busy, actor.waiting = True, True, None
            self.changed.notify_all()
        self.settle()

    def strike(self, actor: Actor) -> None:
        """Interrupt a waiting actor: a KeyboardInterrupt comes out of its wait."""
        with self.changed:
            actor.struck = True
        self.time_out(actor)

    def settle(self) -> None:
        """Wait until nobody is busy."""
        with self.changed:
            if not self.changed.wait_for(lambda: not any(a.busy for a in self.actors), PATIENCE):
                raise AssertionError(f"busy for {PATIENCE} s: {[a.name for a in self.actors if a.busy]}")
            self.actors = [a for a in self.actors if not a.ended]

    def seam(self) -> StagedSeam:
        return StagedSeam(self)


class StagedSeam(Seam):
    """The production seam, but for events: who waits is seen, and time is up when the test says so."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def event(self) -> StagedEvent:
        return StagedEvent(self.stage)


class StagedEvent:
    def __init__(self, stage: Stage) -> None:
        self.stage, self._set = stage, False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        with self.stage.changed:
            self._set = True
            for actor in self.stage.actors:
                if actor.waiting is self:
                    actor.waiting, actor.busy = None, True
            self.stage.changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        actor = threading.current_thread()
        assert isinstance(actor, Actor), "the thread that runs the test never waits"
        with self.stage.changed:
            if not self._set:
                actor.time_is_up, actor.waiting, actor.busy = False, self, False
                self.stage.changed.notify_all()
                assert self.stage.changed.wait_for(lambda: self._set or actor.time_is_up, PATIENCE), "waits for ever"
            if actor.struck:
                actor.struck = False
                raise KeyboardInterrupt
            return self._set
