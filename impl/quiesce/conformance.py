"""The reference implementation as a subject of the conformance suite: ``quiesce.conformance:make_subject``.

The suite (`quiesce_conformance`) never imports `quiesce` and knows nothing of its names; this module is what any other
implementation would write, too: a thin adapter, here over the public names only.  It adds no lock, no check and no
state of its own, so what the suite sees is what `HotReloadablePlugin` does.

Rejected: giving `HotReloadablePlugin` the methods that the suite wants.  It would put the suite's vocabulary
(instances that exist already, manifests that are plain mappings) into the runtime for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    HotReloadManager,
    HotReloadState,
    HotReloadStats,
    InvalidArgument,
    Manifest,
    PluginSnapshot,
    Straggler,
)

__all__ = ["CAPABILITIES", "Manager", "Subject", "make_subject"]

CAPABILITIES: Final = frozenset(
    {
        "call",
        "upgrade",
        "close",
        "prepare",
        "cancel",
        "state",
        "stats",
        "manifest",
        "unregister",
        "drain-timeout",
        "stragglers",
        "nested",
        "observe",
        "policy",
        "hold",
        "overlap",
        "probation",
        "handover",
        "manager",
    }
)
"""What the reference implementation has.  Not ``async``: its calls run in the thread that makes them."""


class Subject:
    """One plugin, as the suite wants it.  Everything may be called from any thread.

    Errors are those of `quiesce`, unchanged.

    Args:
        plugin: what is judged.

    """

    capabilities: Final = CAPABILITIES

    def __init__(self, plugin: HotReloadablePlugin) -> None:
        self._plugin = plugin
        self.manager: Final = Manager()
        """An empty manager; plugins that are registered there have nothing to do with this one."""

    @property
    def state(self) -> HotReloadState:
        """One of the six states."""
        return self._plugin.state

    @property
    def stats(self) -> HotReloadStats:
        """Counts and times that add up (rule S1)."""
        return self._plugin.stats

    @property
    def manifest(self) -> Manifest:
        """The manifest of the version that serves."""
        return self._plugin.manifest

    def snapshot(self) -> PluginSnapshot:
        """All that can be seen at one instant (rule L5)."""
        return self._plugin.snapshot()

    def stragglers(self) -> list[Straggler]:
        """List the calls that hold an epoch which is over."""
        return self._plugin.stragglers()

    def call(self, function: str, /, *args: object) -> object:
        """Call an exported function on the version that serves."""
        return self._plugin.call(function, *args)

    def prepare(self, instance: object, manifest: Mapping[str, Any]) -> int:
        """Validate and initialise a candidate; give its number."""
        return self._plugin.prepare_upgrade(_candidate(instance, manifest))

    def execute(self, **how: Any) -> int:
        """Drain, swap and clean up; give the number of the version that serves now.

        Args:
            how: ``policy`` by name ("CONTINUE", "HOLD" or "OVERLAP"), ``drain_timeout`` in seconds, ``probation``.

        """
        return self._plugin.execute_upgrade(**_how(how))

    def upgrade(self, instance: object, manifest: Mapping[str, Any], **how: Any) -> int:
        """`prepare` and `execute`."""
        return self._plugin.upgrade(_candidate(instance, manifest), **_how(how))

    def cancel(self) -> None:
        """Cancel the upgrade that is under way."""
        self._plugin.cancel_upgrade()

    def commit(self) -> None:
        """End probation well."""
        self._plugin.commit()

    def revert(self) -> None:
        """End probation badly: the version before serves again."""
        self._plugin.revert()

    def acknowledge(self) -> None:
        """Take note of a failed upgrade: ROLLED_BACK becomes ACTIVE."""
        self._plugin.acknowledge()

    def unregister(self) -> bool:
        """Take the plugin out of service; say whether the calls in flight ended within the drain timeout."""
        return self._plugin.unregister()


class Manager:
    """Plugins by name, each as a `Subject`.  Everything may be called from any thread."""

    def __init__(self) -> None:
        self._manager = HotReloadManager()

    def register(self, instance: object, manifest: Mapping[str, Any], drain_timeout: float | None = 5.0) -> Subject:
        """Make a plugin of an instance and add it.

        Raises:
            DuplicatePlugin: there is one of that name already (rule G1); the instance is closed, nothing else changed.

        """
        plugin = HotReloadablePlugin(_candidate(instance, manifest), drain_timeout=drain_timeout)
        try:
            return Subject(self._manager.register(plugin))
        except BaseException:
            plugin.unregister(None)
            raise

    def get(self, name: str) -> Subject:
        """Give the plugin of that name.  Raises `UnknownPlugin` if there is none."""
        return Subject(self._manager.get(name))

    def list(self) -> list[str]:
        """The names of the plugins."""
        return self._manager.list()

    def unregister(self, name: str) -> bool:
        """Take the plugin out of service and forget it (rule G2)."""
        return self._manager.unregister(name)


def make_subject(instance: object, manifest: Mapping[str, Any], drain_timeout: float | None = 5.0) -> Subject:
    """Make a plugin whose first version is `instance`.

    Args:
        instance: what the suite supplies: ``init``, ``close`` and the functions that the manifest exports.
        manifest: ``name``, ``version``, ``exports`` and, if there are any, ``hooks``.
        drain_timeout: seconds that a drain may last; None means no limit.

    Raises:
        InvalidArgument, InvalidManifest, InvalidTimeout: as `HotReloadablePlugin` does.

    What ``instance.init()`` raises is raised unchanged.

    """
    return Subject(HotReloadablePlugin(_candidate(instance, manifest), drain_timeout=drain_timeout))


def _candidate(instance: object, manifest: Mapping[str, Any]) -> Candidate:
    # The manifest is read by the upgrade, so that what is wrong with it fails the phase VALIDATE (rule B4).
    return Candidate(lambda: _manifest(manifest), lambda: instance)


def _manifest(data: Mapping[str, Any]) -> Manifest:
    return Manifest(data["name"], data["version"], data["exports"], data.get("hooks", {}))


def _how(how: Mapping[str, Any]) -> dict[str, Any]:
    policy = how.get("policy")
    if policy is None:
        return {name: value for name, value in how.items() if name != "policy"}
    if policy not in DrainPolicy.__members__:
        raise InvalidArgument("policy", f"one of {', '.join(DrainPolicy.__members__)}", policy)
    return {**how, "policy": DrainPolicy[policy]}
