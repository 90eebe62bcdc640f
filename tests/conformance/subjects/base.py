"""The bookkeeping that the subjects share: states, statistics, validation, failures.

How calls and swaps meet is left to a subclass, in `enter`, `leave` and `swap`, so that each is a design of its own.
Rejected: no shared part at all, because then each fault would need a whole plugin around it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from time import monotonic
from typing import Any

__all__ = ["Base", "Refused"]


class Refused(Exception):
    """The operation is not legal here, or the upgrade failed; nothing has changed."""


class Base:
    """One plugin.  Safe from any thread."""

    capabilities: tuple[str, ...] = (
        "call",
        "upgrade",
        "close",
        "prepare",
        "cancel",
        "state",
        "stats",
        "manifest",
        "nested",
        "drain-timeout",
    )

    def __init__(self, instance: Any, manifest: Mapping[str, Any], drain_timeout: float | None) -> None:
        self.guard = threading.Lock()
        self.inside = threading.local()
        self.drain_timeout = drain_timeout
        self.state = "ACTIVE"
        self.pending: tuple[Any, Mapping[str, Any]] | None = None
        self.manifest = manifest
        self.done = self.failures = self.total = self.longest = 0
        instance.init()
        self.start(instance)

    # -- the protocol: each subject's own ---------------------------------------------------------------------------
    def start(self, instance: Any) -> None:
        """Publish the first version."""
        raise NotImplementedError

    def enter(self) -> tuple[Any, Any]:
        """Take hold of the current version: the instance, and what `leave` wants."""
        raise NotImplementedError

    def leave(self, hold: Any) -> None:
        """Let go of it."""
        raise NotImplementedError

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        """Drain, publish, free the old one; False if the drain did not end by `deadline`, and nothing is changed."""
        raise NotImplementedError

    # -- what is the same for all -----------------------------------------------------------------------------------
    @property
    def stats(self) -> dict[str, int]:
        """The counts."""
        with self.guard:
            return {
                "successful_upgrades": self.done,
                "failed_upgrades": self.failures,
                "total_drain_time_us": self.total,
                "max_drain_time_us": self.longest,
                "version": self.done + 1,
            }

    def call(self, function: str, /, *args: object) -> object:
        """Run on one version from start to end, inside another call on that one's."""
        outer = getattr(self.inside, "instance", None)
        if outer is not None:
            return getattr(outer, function)(*args)
        instance, hold = self.enter()
        self.inside.instance = instance
        try:
            return getattr(instance, function)(*args)
        finally:
            self.inside.instance = None
            self.leave(hold)

    def prepare(self, instance: Any, manifest: Mapping[str, Any]) -> None:
        """Validate and initialise a candidate."""
        self.move({"ACTIVE", "ROLLED_BACK"}, "PREPARING_UPGRADE")
        try:
            self.validate(manifest)
            instance.init()
        except BaseException as error:
            self.failed(instance)
            raise Refused(f"prepare: {error}") from error
        with self.guard:
            self.pending = (instance, manifest)

    def execute(self) -> None:
        """Drain, swap, clean up."""
        if getattr(self.inside, "instance", None) is not None:
            raise Refused("expected an upgrade from outside, got one from inside a call that it would wait for")
        with self.guard:
            if self.state != "PREPARING_UPGRADE" or self.pending is None:
                raise Refused(f"expected a prepared upgrade, got {self.state}")
            self.state = "DRAINING"
            (instance, manifest), self.pending = self.pending, None
        begun = monotonic()
        deadline = None if self.drain_timeout is None else begun + self.drain_timeout
        if not self.swap(instance, manifest, deadline):
            self.failed(instance)
            raise Refused("drain: calls were still running when its time was over")
        with self.guard:
            self.count(int((monotonic() - begun) * 1e6))
            self.state = "ACTIVE"

    def count(self, lasted: int) -> None:
        """Count a drain, in microseconds."""
        self.total += lasted
        self.longest = max(self.longest, lasted)

    def published(self, manifest: Mapping[str, Any]) -> None:
        """Say what was published; called in the step that publishes it."""
        self.manifest = manifest
        self.done += 1

    def cancel(self) -> None:
        """Give up a prepared upgrade."""
        with self.guard:
            if self.state != "PREPARING_UPGRADE" or self.pending is None:
                raise Refused(f"expected a prepared upgrade, got {self.state}")
            (instance, _), self.pending = self.pending, None
            self.state = "ACTIVE"
        self.free(instance)

    def upgrade(self, instance: Any, manifest: Mapping[str, Any]) -> None:
        """Both in one."""
        self.prepare(instance, manifest)
        self.execute()

    def validate(self, manifest: Mapping[str, Any]) -> None:
        """Refuse another plugin's candidate and hooks that are not exported."""
        if manifest["name"] != self.manifest["name"]:
            raise Refused(f"expected a candidate of {self.manifest['name']!r}, got {manifest['name']!r}")
        if not set(manifest["hooks"].values()) <= set(manifest["exports"]):
            raise Refused(f"expected hooks within {manifest['exports']}, got {manifest['hooks']}")

    def move(self, legal: set[str], to: str) -> None:
        """Check and set the state in one step."""
        with self.guard:
            if self.state not in legal:
                raise Refused(f"expected one of {sorted(legal)}, got {self.state}")
            self.state = to

    def failed(self, instance: Any) -> None:
        """Roll back."""
        self.free(instance)
        with self.guard:
            self.failures += 1
            self.state = "ROLLED_BACK"

    def free(self, instance: Any) -> None:
        """Close a version; what its hook raises changes nothing."""
        try:
            instance.close()
        except Exception:  # noqa: BLE001  these subjects do not claim to report it
            return


def left(deadline: float | None) -> float | None:
    """Seconds until `deadline`; None if there is none."""
    return None if deadline is None else max(0.0, deadline - monotonic())
