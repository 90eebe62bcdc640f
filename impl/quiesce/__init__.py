"""Upgrade a plugin inside a running process without dropping, tearing or mixing a single call.

    from quiesce import Candidate, HotReloadablePlugin, Manifest

    plugin = HotReloadablePlugin(Candidate(Manifest("search", "1.0.0", ("find",)), SearchV1))
    plugin.call("find", "word")
    plugin.upgrade(Candidate(Manifest("search", "2.0.0", ("find",)), SearchV2))

General layout: the names below are the kernel (`quiesce._kernel`), which knows threads and nothing else.  The rest of
the package is built on these names only:

    quiesce.aio         what the kernel needs of asyncio
    quiesce.limits      time limits for builds and hooks
    quiesce.handover    state handover with versions and a time limit
    quiesce.groups      several plugins upgraded together, all or nothing
    quiesce.loaders     plugins from where people keep them: a Python file on disk
    quiesce.why_alive   what keeps a freed version's objects alive, by name
    quiesce.conformance what the conformance suite is given of this implementation
    quiesce.verify      explores the models, drives a real plugin, and prints what is known about each rule
    quiesce.cli         the command line

Everything here may be used from any thread unless it says otherwise.
"""

from __future__ import annotations

from ._kernel.awaited import AsyncLease
from ._kernel.candidate import Candidate, CloseFailure
from ._kernel.epochs import EpochGuard, EpochTracker
from ._kernel.errors import (
    DrainTimeout,
    DuplicatePlugin,
    HandoverFailed,
    HealthCheckFailed,
    InvalidArgument,
    InvalidEpoch,
    InvalidManifest,
    InvalidTimeout,
    PluginUnregistered,
    QuiesceError,
    SelfDeadlock,
    TooManyVersions,
    UnknownFunction,
    UnknownPlugin,
    UpgradeCancelled,
    UpgradeFailed,
    UpgradeInProgress,
    WrongState,
)
from ._kernel.leases import Lease
from ._kernel.loops import LOOPS as _LOOPS
from ._kernel.manager import HotReloadManager
from ._kernel.manifest import Hook, Manifest, Resources
from ._kernel.plugin import HotReloadablePlugin, PluginSnapshot
from ._kernel.scopes import Scope
from ._kernel.seam import Event, Seam
from ._kernel.states import TRANSITIONS, DrainPolicy, HotReloadState, Phase
from ._kernel.stats import HotReloadStats
from ._kernel.stragglers import Straggler
from .aio import Asyncio as _Asyncio

__all__ = [
    "TRANSITIONS",
    "AsyncLease",
    "Candidate",
    "CloseFailure",
    "DrainPolicy",
    "DrainTimeout",
    "DuplicatePlugin",
    "EpochGuard",
    "EpochTracker",
    "Event",
    "HandoverFailed",
    "HealthCheckFailed",
    "Hook",
    "HotReloadManager",
    "HotReloadState",
    "HotReloadStats",
    "HotReloadablePlugin",
    "InvalidArgument",
    "InvalidEpoch",
    "InvalidManifest",
    "InvalidTimeout",
    "Lease",
    "Manifest",
    "Phase",
    "PluginSnapshot",
    "PluginUnregistered",
    "QuiesceError",
    "Resources",
    "Scope",
    "Seam",
    "SelfDeadlock",
    "Straggler",
    "TooManyVersions",
    "UnknownFunction",
    "UnknownPlugin",
    "UpgradeCancelled",
    "UpgradeFailed",
    "UpgradeInProgress",
    "WrongState",
]

_LOOPS.loops = _Asyncio()
