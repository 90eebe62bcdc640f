"""Several plugins upgraded together, all or nothing.

    upgrade_group(manager, {"store": new_store, "pages": new_pages}, after={"pages": ["store"]})

Every candidate is prepared before anybody sees a new version; so what fails in validate, build or init changes nothing.
Then each is swapped, in the order of the dependencies, and stays on probation until all have been; if one fails, those
before it are reverted in the opposite order, each by a publication of its own, and the rest is cancelled.

Between the first swap and the last one, a caller may see a new `store` and an old `pages`.  Who must not, calls within
`manager.scope()`: a request that has seen one of them keeps what it saw.  One instant for all of them would need one
gate for all of them; it is not offered, because a stuck call on one plugin would then stop all the others.

Sources: OTP's release upgrade orders its modules by dependencies; HashiCorp Vault reloads plugins one by one, and its
users ask for all or nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, cast

from quiesce import (
    Candidate,
    HotReloadablePlugin,
    HotReloadManager,
    InvalidArgument,
    QuiesceError,
    WrongState,
)

__all__ = ["GroupUpgradeFailed", "upgrade_group"]

_log = logging.getLogger("quiesce")


class GroupUpgradeFailed(QuiesceError):
    """One upgrade of a group failed, and the others were taken back; `__cause__` says why.

    If something could not be taken back, `left` names it with the reason; it is on probation still, or prepared.
    """

    def __init__(self, plugin: str, reason: BaseException, left: Mapping[str, BaseException]) -> None:
        rest = "; ".join(f"{name} could not be taken back: {error}" for name, error in left.items())
        super().__init__(
            f"upgrade of a group failed at plugin {plugin!r}: {reason}; "
            + (rest or "every plugin serves the version that it served before")
        )
        self.plugin, self.left = plugin, dict(left)


def upgrade_group(
    manager: HotReloadManager,
    candidates: Mapping[str, Candidate],
    *,
    after: Mapping[str, Iterable[str]] | None = None,
    **how: Any,
) -> dict[str, int]:
    """Upgrade several plugins of a manager, all or nothing; give the number of each one's new version.

    Args:
        manager: whose plugins they are.
        candidates: the new version of each, by the plugin's name.
        after: which plugins are to be swapped before which: `{"pages": ["store"]}` swaps `store` first.  Names that
            are not in the group are already there and say nothing.
        **how: of each upgrade: `policy`, `drain_timeout`, `health_check`, `hand_over`, as in
            `HotReloadablePlugin.upgrade`.  `probation` is the group's own business.

    Raises:
        UnknownPlugin: one of the names; nothing was changed.
        InvalidArgument: an argument does not fit, or the dependencies run in a circle; nothing was changed.
        GroupUpgradeFailed: one of them failed.

    An asynchronous exception (KeyboardInterrupt) takes everything back as well, and goes on.  Any thread; two groups
    that share a plugin do not mix, because the second one is refused there (rule L2) and takes back what it has.

    """
    plugins = {name: manager.get(name) for name in _in_order(candidates, after or {})}
    if "probation" in how:
        raise InvalidArgument("probation", "nothing: the group is on probation until all of it is swapped", how)
    prepared: list[str] = []
    swapped: list[str] = []
    numbers: dict[str, int] = {}
    name = ""
    try:
        for name, plugin in plugins.items():
            plugin.prepare_upgrade(candidates[name])
            prepared.append(name)
        for name, plugin in plugins.items():
            prepared.remove(name)
            numbers[name] = plugin.execute_upgrade(probation=True, **how)
            swapped.append(name)
    except BaseException as error:
        left = _take_back(plugins, prepared, swapped)
        if not isinstance(error, Exception):
            raise
        raise GroupUpgradeFailed(name, error, left) from error
    for plugin in plugins.values():
        try:
            plugin.commit()
        except WrongState:  # somebody else decided meanwhile, which is his right on probation
            _log.warning("plugin %r: somebody else ended the probation of its group", plugin.name)
    return numbers


def _in_order(candidates: Mapping[str, Candidate], after: Mapping[str, Iterable[str]]) -> list[str]:
    """The names, each behind those that it comes after."""
    for name, candidate in candidates.items():
        found = cast("object", candidate)
        if not isinstance(found, Candidate):
            raise InvalidArgument(f"candidates[{name!r}]", "a Candidate", found)
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(candidates, ()))
    for name, before in after.items():
        if isinstance(before, str):
            raise InvalidArgument(f"after[{name!r}]", "several names", before)
        if name in candidates:
            sorter.add(name, *(each for each in before if each in candidates))
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise InvalidArgument("after", "dependencies without a circle", error.args[1]) from error


def _take_back(
    plugins: Mapping[str, HotReloadablePlugin], prepared: list[str], swapped: list[str]
) -> dict[str, BaseException]:
    """Revert what was swapped and cancel what was prepared, last first; say what could not be."""
    left: dict[str, BaseException] = {}
    undo: list[tuple[str, Callable[[], None]]] = [
        *((name, plugins[name].cancel_upgrade) for name in reversed(prepared)),
        *((name, plugins[name].revert) for name in reversed(swapped)),
    ]
    for name, step in undo:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - named in the error; the others are taken back all the same
            left[name] = error
            _log.exception("plugin %r: its part of a failed group upgrade could not be taken back", name)
    return left
