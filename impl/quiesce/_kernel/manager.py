"""`HotReloadManager`: plugins by name."""

from __future__ import annotations

from typing import Any, cast

from .arguments import checked, is_text
from .candidate import Candidate
from .errors import DuplicatePlugin, InvalidArgument, UnknownPlugin
from .plugin import UNSET, HotReloadablePlugin
from .scopes import Scope
from .seam import PRODUCTION, Seam
from .stats import HotReloadStats

__all__ = ["HotReloadManager"]


class HotReloadManager:
    """Plugins by name.  Everything may be called from any thread.

    The manager's lock is held for dict operations only, never while a plugin does anything: a plugin that is stuck does
    not delay another one (rule G3).

    Args:
        seam: where the lock comes from, and what plugins made by `register` use; for checkers.
        **defaults: how `register` makes a plugin of a `Candidate`: keyword arguments of `HotReloadablePlugin`.

    """

    def __init__(self, *, seam: Seam = PRODUCTION, **defaults: Any) -> None:
        self._seam, self._defaults = checked("seam", seam, Seam), defaults
        self._lock = seam.lock()
        self._plugins: dict[str, HotReloadablePlugin] = {}
        """Invariant G1: `all(plugin.name == name for name, plugin in self._plugins.items())`."""

    def register(self, plugin: HotReloadablePlugin | Candidate) -> HotReloadablePlugin:
        """Add a plugin, or make one of a candidate and add it; give it.

        Raises:
            DuplicatePlugin: there is one of that name already (rule G1); nothing was changed.
            InvalidArgument: it is neither.

        Of a candidate, what building or initialising it raises is raised unchanged.

        """
        if isinstance(plugin, Candidate):
            name = plugin.read_manifest().name
            if name in self._plugins:
                raise DuplicatePlugin(name)
            made: HotReloadablePlugin[Any] = HotReloadablePlugin(plugin, seam=self._seam, **self._defaults)
            try:
                return self._add(made)
            except DuplicatePlugin:  # another thread was faster
                made.unregister(None)
                raise
        return self._add(plugin)

    def _add(self, plugin: HotReloadablePlugin) -> HotReloadablePlugin:
        found = cast("object", plugin)  # callers without a type checker pass anything
        if not isinstance(found, HotReloadablePlugin):
            raise InvalidArgument("plugin", "a HotReloadablePlugin or a Candidate", found)
        with self._lock:
            if self._plugins.setdefault(plugin.name, plugin) is not plugin:
                raise DuplicatePlugin(plugin.name)
        return plugin

    def scope(self) -> Scope:
        """Keep, for the length of a `with` block, of each plugin of this manager the version that is seen first.

        Calls and leases in the block run on that version whatever is published meanwhile, and pass a closed gate.
        Tasks made in the block inherit the scope.  A drain waits for it as for a call; an upgrade that would wait for
        the scope that it is asked for in is refused (`SelfDeadlock`).  A scope within a scope is the same request.
        """
        return Scope(lambda core: any(plugin.has(core) for plugin in self._plugins.copy().values()))

    def get(self, name: str) -> HotReloadablePlugin:
        """Give the plugin of that name.

        Raises:
            UnknownPlugin: there is none.

        """
        plugin = self._plugins.get(name) if is_text(name) else None
        if plugin is None:
            raise UnknownPlugin(name, self.list())
        return plugin

    def upgrade(self, name: str, candidate: Candidate, /, **how: Any) -> int:
        """Upgrade the plugin of that name; see `HotReloadablePlugin.upgrade`.

        Raises:
            UnknownPlugin: there is none.

        """
        return self.get(name).upgrade(candidate, **how)

    def unregister(self, name: str, timeout: Any = UNSET) -> bool:
        """Take the plugin out of service and forget it; see `HotReloadablePlugin.unregister`.

        The name is free again as soon as the plugin turns calls away, also if calls in flight outlast the timeout.

        Raises:
            UnknownPlugin: there is none.
            UpgradeInProgress, SelfDeadlock: refused; the plugin stays registered and serves.

        """
        plugin = self.get(name)
        try:
            return plugin.unregister(timeout)
        finally:
            if plugin.snapshot().unregistered:
                with self._lock:
                    if self._plugins.get(name) is plugin:
                        del self._plugins[name]

    def list(self) -> list[str]:
        """The names of the plugins, in the order of their registration."""
        # One atomic step: list(dict) is one C function under the GIL, and takes the dict's lock on free-threaded
        # builds.
        return list(self._plugins)

    def all_stats(self) -> dict[str, HotReloadStats]:
        """The statistics of every plugin, each consistent in itself."""
        return {name: plugin.stats for name, plugin in self._plugins.copy().items()}
