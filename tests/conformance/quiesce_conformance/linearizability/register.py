"""The plugin as a register that holds a version, for the general checker.

========== ================ ====================================================================================
operation  result           meaning
========== ================ ====================================================================================
publish(v) None             `v` is the current version
publish    None             the same, and it is publication number k, counted from 1: for records that know their
(v, k)                      order, as `check_register` wants it
revert(v)  None             `v`, which was current before the current one, is so again; then there is no way back
read()     a version        the current version
========== ================ ====================================================================================
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from .operations import UNKNOWN

__all__ = ["VersionedRegister"]

_State = tuple[Hashable, Hashable, int]


class VersionedRegister:
    """A state is the current version, the one before it (None: no way back), and how many publications there were."""

    def __init__(self, first: Hashable = None, *, publications: int = 0) -> None:
        self._first: _State = (first, None, publications)

    def initial(self) -> Hashable:
        """The version that it was registered with; None: it is not registered yet."""
        return self._first

    def steps(self, name: str, args: tuple[Any, ...], result: Any) -> Sequence[Hashable]:
        """One step each."""
        if len(args) not in {"publish": (1, 2), "revert": (1,), "read": (0,)}.get(name, ()):
            raise ValueError(f"expected publish(v), publish(v, k), revert(v) or read(), got {name}{args!r}")
        return ((name, args, result),)

    def after(self, state: _State, step: tuple[str, tuple[Any, ...], Any]) -> Iterable[Hashable]:
        """At most one state."""
        (current, before, count), (name, args, result) = state, step
        if name == "read":
            return (state,) if result is UNKNOWN or result == current else ()
        if name == "revert":
            return ((before, None, count),) if args[0] == before and before is not None else ()
        if len(args) == 1:
            return ((args[0], current, 0),)
        return ((args[0], None, count + 1),) if args[1] == count + 1 else ()

    def observes(self, step: tuple[str, tuple[Any, ...], Any]) -> bool:
        """Reads do."""
        return step[0] == "read"
