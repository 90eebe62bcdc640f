"""One published epoch, and the slots that say who holds it.

A record has a pool of free slots.  A caller that takes a slot out of the pool is a *holder* until it puts it back, so

    holders(record) = the slots that are alive and not in the pool

Why slots, and not a count or a dict of threads:

- `count += 1` is atomic on no build, and a lock around it costs more than the call.
- A dict of threads costs two dict operations and `get_ident()`: measured at 1.3 to 1.5 times `with Lock():` around the
  same forwarded call, where the pool is at about 0.9.
- A count that is anonymous (append anything, pop anything) cannot tell, when an asynchronous exception strikes between
  the two, whether *this* caller is in it.  A slot can: if the exception strikes after the slot left the pool and before
  it was stored in a local variable, or leaves it open whether the slot was put back, then the caller drops its
  reference.  Either the slot is in the pool (or with the next caller), or it dies; both ways the equation above holds.
- A reference to the version as the hold itself (drained when its weak reference dies) is cheaper still, but every
  debugger and every stored traceback becomes a holder.

Slots are made on the slow path; the fast path only ever moves them.

This code assumes, and CPython 3.11 to 3.14 give: `deque.pop`, `deque.append` and `deque.copy` are each one atomic step.
On the GIL build each is one C function that runs no Python code between its first look and its last write (a collection
that its allocation sets off runs before the copying starts).  On the free-threaded build each takes the deque's own
lock.  That lock orders announce against scan: see `reclaim`.  Where there is no slot to take, one is made, and announce
is `set.add`, scan is `list` of that set: the same holds for them and the set's own lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from weakref import ref

from .seam import Event, Pool, Seam
from .states import Gate

__all__ = ["NO_SLOTS", "Record", "Slot"]


class Slot:
    """The right to hold one record.  It says nothing; that it is not in the pool says it all."""

    __slots__ = ("__weakref__",)


NO_SLOTS: Pool = deque[Slot](maxlen=0)
"""An empty pool that stays empty: a caller that tries to take a slot from it is sent to the slow path."""


class Record:
    """One epoch: what was published, and who holds it.

    Immutable but for the pool; for `free`, which goes from `NO_SLOTS` to `pool` at most once; for `superseded_at`,
    which is written once; and for `functions`, which is emptied when the version was freed.  All but the pool under
    the lock.
    """

    __slots__ = (
        "closed_by",
        "free",
        "functions",
        "gate",
        "number",
        "pool",
        "reopened",
        "slots",
        "superseded_at",
        "version",
    )

    number: int
    """Invariant T1: two records never have the same number, and a later publication has a higher one."""
    version: Any
    """Invariant R2: never assigned again, so that a holder's version cannot change."""
    functions: Mapping[str, Callable[..., Any]]
    gate: Gate
    """Invariant D3: a record whose gate is not OPEN never has a holder of its own; `free is NO_SLOTS`."""
    pool: Pool
    free: Pool
    """Invariant R4: `free is pool` only if no older record is held.  Then whoever is inside a call on this plugin is
    inside a call on *this* record, and a nested call may enter like any other."""
    slots: set[ref[Slot]]
    """Invariant M1: every slot that is alive is here, and a slot is here before it is first in the pool.  A weak
    reference leaves when its slot dies: adding and discarding are one atomic step each, a C function on the GIL build,
    the set's own lock on the free-threaded build."""
    reopened: Event | None
    """Set when this record is no longer the current one; there only under a closed gate."""
    closed_by: int | None
    """The thread that closed the gate: a call that it makes itself would wait for itself."""
    superseded_at: float | None

    def __init__(
        self, seam: Seam, number: int, version: Any, functions: Mapping[str, Callable[..., Any]], gate: Gate
    ) -> None:
        self.number, self.version, self.functions, self.gate = number, version, functions, gate
        self.pool = seam.pool()
        self.free = NO_SLOTS
        self.slots = seam.register(self.pool)
        self.reopened = seam.event() if gate is Gate.HELD else None
        self.closed_by = seam.get_ident() if gate is Gate.HELD else None
        self.superseded_at = None

    def take(self) -> Slot:
        """Become a holder; the slot that says so.  Any thread, no lock: calls get in while somebody is in a section."""
        try:
            # step: announce -- atomic because deque.pop is one C function under the GIL, and takes the deque's own
            # lock on the free-threaded build.
            return self.pool.pop()
        except IndexError:
            made = [Slot()]
        try:
            # step: announce -- atomic because set.add is one C function under the GIL, and takes the set's own lock on
            # the free-threaded build.  A slot that is registered and in no pool is a hold.  Not put into the pool to be
            # popped from there: until then it would hold, then not, then again, and a drain would see that.
            self.slots.add(ref(made[0], self.slots.discard))
            return made.pop()
        except BaseException:
            made.clear()  # a traceback keeps this frame, and with it what its variables hold
            raise

    def held_slots(self) -> list[Slot]:
        """The slots that were held at the instant of the copy, or were made since.

        Proof: a slot that is alive and was not in the pool at the instant of the copy was held then, or is new, and a
        new one is held from the instant at which it is registered.  One that died meanwhile is held by nobody.
        """
        # The copy is one atomic step (see the module), and goes through the same lock as announce.
        free = frozenset(self.pool.copy())
        # list(set) is one atomic step as well, and goes through the same lock as announce with a new slot.
        return [slot for r in list(self.slots) if (slot := r()) is not None and slot not in free]

    def holders(self) -> int:
        """Count them."""
        return len(self.held_slots())

    def __repr__(self) -> str:
        return f"<epoch {self.number} of {self.version!r}, gate {self.gate.value}>"
