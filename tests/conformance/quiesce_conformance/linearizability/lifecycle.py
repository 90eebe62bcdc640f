"""The upgrade operations as a specification, read from the transition table that is generated from the model.

Which action leads from which state to which, whose failure counts, and which action publishes a version are not
written here a second time: they come from ``specs/transitions.json``.  Written here is only which actions an operation
is made of, for its outcome.

================================= ============================================================================
operation                         results
================================= ============================================================================
prepare(version)                  ``"ok"``, ``"failed"`` (build or init), ``"cancelled"`` meanwhile, ``"refused"``
execute(), execute("probation")   ``"ok"``, ``"timed out"``, ``"interrupted"`` (a handover that failed too),
                                  ``"cancelled"`` meanwhile, ``"unhealthy"`` (published, and taken back), ``"refused"``
cancel(), commit(), revert(),     ``"ok"``, ``"refused"``
acknowledge()
state()                           the name of a state
stats()                           (version, upgrades that succeeded, upgrades that failed)
================================= ============================================================================

An execute that never returned may have stopped after any of its actions.  What it may do then is more than a real one
would (it may act for an upgrade that another began), so it can hide a fault and never invents one.

Left out: calls (the register checks have them) and unregister, after which no more is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .operations import UNKNOWN

__all__ = ["UpgradeLifecycle", "edges_of", "transition_table"]

_BEGIN, _DRAINED, _SWAP = ("drain_in_flight",), ("drained",), ("atomic_swap",)
_SWAPPED = (_BEGIN, _DRAINED, _SWAP)
_PLANS: Mapping[tuple[str, object], tuple[tuple[str, ...], ...]] = {
    ("prepare", "ok"): (("prepare_upgrade",), ("prepared",)),
    ("prepare", "failed"): (("prepare_upgrade",), ("build_fails", "init_fails")),
    ("prepare", "cancelled"): (("prepare_upgrade",),),
    ("prepare", UNKNOWN): (("prepare_upgrade",), ("prepared", "build_fails", "init_fails")),
    ("execute", "ok"): (*_SWAPPED, ("commit",)),
    ("execute", "timed out"): (_BEGIN, ("time_out",)),
    ("execute", "interrupted"): (_BEGIN, ("drained", "interrupted"), ("interrupted", "handover_fails", "(over)")),
    ("execute", "cancelled"): (_BEGIN,),
    ("execute", "unhealthy"): (*_SWAPPED, ("revert",)),
    ("execute", UNKNOWN): (
        _BEGIN,
        ("drained", "time_out", "interrupted"),
        ("atomic_swap", "interrupted"),
        ("commit", "revert"),
    ),
    **{
        (name, result): ((action,),)
        for name, action in (
            ("cancel", "cancel_upgrade"),
            ("commit", "commit"),
            ("revert", "revert"),
            ("acknowledge", "acknowledge"),
        )
        for result in ("ok", UNKNOWN)
    },
}
"""The actions that make up an operation with an outcome, alternatives side by side."""
_FIRST = {
    "prepare": "prepare_upgrade",
    "execute": "drain_in_flight",
    "cancel": "cancel_upgrade",
    "commit": "commit",
    "revert": "revert",
    "acknowledge": "acknowledge",
}
_STATE = re.compile(r"HotReloadState\.([A-Z_]+)")


class _State(NamedTuple):
    name: str
    version: Hashable
    candidate: Hashable
    ready: bool
    previous: Hashable
    succeeded: int
    failed: int


def transition_table() -> Mapping[str, Any]:
    """What ``specs/transitions.json`` says, from a checkout or from the installed suite.

    Raises:
        FileNotFoundError: neither is there.

    """
    package = Path(__file__).resolve().parents[1]
    places = [package.parents[2] / "specs" / "transitions.json", package / "specs" / "transitions.json"]
    for path in places:
        if path.is_file():
            loaded: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return loaded
    raise FileNotFoundError(f"expected the transition table at one of {[str(path) for path in places]}, got neither")


class UpgradeLifecycle:
    """The specification, for a plugin that was registered with version `first`.

    Args:
        first: the version that it was registered with.
        policy: ``"Continue"``, ``"Hold"`` or ``"Overlap"``.
        table: the transition table; read from where it is unless given.

    Raises:
        ValueError: the table has no protocol model of that policy.

    """

    def __init__(self, first: Hashable, policy: str = "Continue", table: Mapping[str, Any] | None = None) -> None:
        models = (transition_table() if table is None else table)["models"]
        found = [m for m in models if m["model"] == "protocol" and m["policy"] == policy]
        if not found:
            raise ValueError(f"expected the policy of a protocol model, got {policy!r}")
        self._first = _State("ACTIVE", first, None, False, None, 0, 0)
        self._changes = {action["name"]: frozenset(action["changes"]) for action in found[0]["actions"]}
        self._edges = {action["name"]: edges_of(action) for action in found[0]["actions"]}

    def initial(self) -> Hashable:
        """ACTIVE."""
        return self._first

    def steps(self, name: str, args: tuple[Any, ...], result: Any) -> Sequence[Hashable]:
        """One for each action."""
        if name in {"state", "stats"}:
            return ((name, (), result),)
        if result == "refused" and name in _FIRST:
            return (("refused", (_FIRST[name],), None),)
        plan = _PLANS.get((name, result))
        if plan is None:
            raise ValueError(f"expected an operation of the table in the docstring, got {name}{args!r} -> {result!r}")
        if (name, result) == ("execute", "ok") and "probation" in args:
            plan = _SWAPPED
        version = args[0] if name == "prepare" else None
        return tuple(("act", actions, version) for actions in plan)

    def after(self, state: _State, step: tuple[str, tuple[str, ...], Any]) -> Iterable[Hashable]:
        """The states after any of a step's actions."""
        kind, actions, what = step
        if kind == "state":
            return (state,) if what is UNKNOWN or what == state.name else ()
        if kind == "stats":
            stats = (state.version, state.succeeded, state.failed)
            return (state,) if what is UNKNOWN or what == stats else ()
        if kind == "refused":
            return () if any(True for _ in self._acts(state, actions[0], None)) else (state,)
        return [after for action in actions for after in self._acts(state, action, what)]

    def observes(self, step: tuple[str, tuple[str, ...], Any]) -> bool:
        """All but the actions."""
        return step[0] != "act"

    def _acts(self, state: _State, action: str, version: Hashable) -> Iterable[_State]:
        if action == "(over)":  # the step before it has said all
            if state.name == "ROLLED_BACK":
                yield state
            return
        changes = self._changes[action]
        needs_ready = {"drain_in_flight": True, "prepared": False, "build_fails": False, "init_fails": False}
        for begin, end in self._edges[action]:
            if begin != state.name or state.ready is not needs_ready.get(action, state.ready):
                continue
            after = state._replace(name=end)
            if action == "prepare_upgrade":
                after = after._replace(candidate=version, ready=False)
            elif action == "prepared":
                after = after._replace(ready=True)
            elif "candidate" in changes:
                after = after._replace(candidate=None, ready=False)
            if "current" in changes:
                became = state.previous if action == "revert" else state.candidate
                after = after._replace(version=became, previous=None if action == "revert" else state.version)
            if "succeeded" in changes:
                after = after._replace(succeeded=state.succeeded + 1, previous=None)
            if "failed" in changes and end == "ROLLED_BACK":
                after = after._replace(failed=state.failed + 1)
            yield after


def edges_of(action: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """From which state to which an action leads: as listed, or as its guard and its effect say."""
    if action["state"]:
        return tuple((edge["from"], edge["to"]) for edge in action["state"])
    begins = [name for text in action["guard"]["read"] for name in _STATE.findall(text)]
    ends = _STATE.findall(action["effect"].get("state", "")) or None
    return tuple((begin, end) for begin in begins for end in (ends or [begin]))
