"""What the load needs of the plugin that it drives, so that a broken implementation can be driven in its place.

The names are those of `quiesce.HotReloadablePlugin`, which fits as it is.  The tests put in subjects that free without
draining or swap in two steps, and the same load must then find it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    HotReloadState,
    HotReloadStats,
    Manifest,
    PluginSnapshot,
)

__all__ = ["MakeSubject", "Subject", "make_subject"]


class Subject(Protocol):
    """One hot-reloadable plugin.  All of it may be called from any thread."""

    @property
    def state(self) -> HotReloadState:
        """One of the six."""

    @property
    def stats(self) -> HotReloadStats:
        """Counts that belong together."""

    @property
    def manifest(self) -> Manifest:
        """That of the current version."""

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call an exported function on the current version."""

    def prepare_upgrade(self, candidate: Candidate, /) -> Any:
        """Validate, build and initialise."""

    def execute_upgrade(
        self,
        *,
        policy: DrainPolicy | None = None,
        drain_timeout: float | None = None,
        probation: bool = False,
        health_check: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Drain and swap."""

    def cancel_upgrade(self) -> Any:
        """Give up the upgrade that is under way."""

    def commit(self) -> Any:
        """End the probation: the new version stays."""

    def revert(self) -> Any:
        """End the probation: the old version is published again."""

    def snapshot(self) -> PluginSnapshot:
        """All that can be seen of it at one instant."""

    def stragglers(self) -> Sequence[Any]:
        """Who holds a version that is no longer current."""


MakeSubject = Callable[[Candidate], Subject]


def make_subject(candidate: Candidate) -> Subject:
    """The real thing."""
    return HotReloadablePlugin(candidate)
