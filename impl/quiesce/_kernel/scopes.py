"""Request scopes: within one, every plugin keeps the version that was seen first.

    with manager.scope():
        pages.call("render")        # version 1
        await asyncio.gather(...)   # child tasks are in the scope, too
        pages.call("render")        # version 1 again, whatever was published meanwhile

Calls in a scope run on one version per plugin, in whatever frame or task they are made.  The stack cannot say so (see
`frames`), and a context variable costs every call of everybody.  So calls look at one list, `OPEN`, which is empty in a
process without open scopes; only if it is not, the slow path asks the context for its scope.

Why a call in a scope is safe (rule R3), though it reads no pointer and asks no gate:

    The call takes a slot of the lease's record (announce) and then looks whether the lease still has its own slot
    (confirm).  A lease that ends gives up `Lease.slot` before it puts the slot back.  So if the lease still has it at
    the second look, then the record was held by the lease from before the announcement until after it: it was never
    seen without holders, its version was not freed, and from here on the call holds it itself.

Rule D3 stays: a drain that ended saw the record without the lease, and then nobody can join it any more.

Not covered by the models and the proof: they have no scopes.  This is argued here, and tested.

Rejected: a context variable read in the fast path (measured: a fifth of the price of a handle), and holding every
plugin of a manager when the scope begins (a request would hold what it never calls, and delay the upgrade of it).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from .leases import Lease
from .reclaim import Core
from .records import Record, Slot
from .seam import context_variable

__all__ = ["OPEN", "Enter", "Scope", "find", "held"]

Enter = Callable[[Core], tuple[Record, Slot]]
"""How to become a holder of the current record."""

OPEN: Final[list[Scope]] = []
"""The scopes that are open, in whatever thread or task.  `append` and `remove` are one atomic step each."""

_CURRENT = context_variable("quiesce.scope")


class Scope:
    """One request's versions; see `HotReloadManager.scope`.  For one `with` block.

    Tasks that are made inside the block inherit it (PEP 567); threads do only if they are run in a copy of the context.
    When the block ends, so does the scope: a task that outlives it calls whatever serves then.
    """

    __slots__ = ("_covers", "_leases", "_outer", "_token", "closed")

    def __init__(self, covers: Callable[[Core], bool]) -> None:
        self._covers = covers
        self._leases: dict[Core, Lease[Any]] = {}
        """Invariant R2: one lease for each plugin, and never another one.  Single dict operations are atomic."""
        self._outer: Scope | None = None
        self._token: Any = None
        self.closed = False

    def __enter__(self) -> Self:
        if self._token is not None or self.closed:
            raise RuntimeError("expected a scope that is not entered yet, got a used one: ask the manager for another")
        self._outer = _CURRENT.get()
        OPEN.append(self)
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        try:
            _CURRENT.reset(self._token)
        except ValueError:
            pass  # left in another context than it was entered in: nobody calls from here any more
        finally:
            self._close()

    def _close(self) -> None:
        """Let every lease go; an asynchronous exception in between lets the others go all the same."""
        try:
            while self._leases:
                self._leases.popitem()[1].__exit__(None, None, None)
        finally:
            if self in OPEN:
                OPEN.remove(self)
            self._leases.clear()  # a lease that nobody keeps any more ends

    def lease(self, core: Core, enter: Enter | None) -> Lease[Any] | None:
        """Give the lease on that plugin, entered with `enter` if need be; None if the scope is closed or not about it.

        Raises what entering raises.
        """
        found = self._leases.get(core)
        if found is None:
            outer = self._outer
            if outer is not None and (found := outer.lease(core, enter)) is not None:
                return found  # what the outer scope has seen, or is to see: it is the same request
            if enter is None or self.closed or not self._covers(core):
                return None
            mine: Lease[Any] = Lease(core, partial(enter, core))
            mine.__enter__()
            mine.opener = None  # it belongs to a context, not to a frame
            found = self._leases.setdefault(core, mine)
            if found is not mine or self.closed:
                mine.__exit__(None, None, None)  # another task of the request was faster, or the request is over
        return None if self.closed else found


def find(core: Core, enter: Enter) -> Lease[Any] | None:
    """Give the lease that the running context's scope has on the plugin, if there is a scope that is about it."""
    scope = _CURRENT.get()
    return None if scope is None else scope.lease(core, enter)


def held(core: Core) -> bool:
    """Does the running context's scope hold the plugin?  Then a drain that it asks for would wait for itself (D6)."""
    scope = _CURRENT.get() if OPEN else None
    return scope is not None and scope.lease(core, None) is not None
