"""Is this thread inside a call on this plugin?  Its own stack knows.

A nested call must run on the version of the outer one (rule R4), and an operation that would wait for the very call
that it is made from must be refused (D6).  So somebody has to know what a thread is inside of.  The fast path writes
nothing down, because the question only comes up on the slow one: there, the thread walks its own stack and looks for
frames of `call`, of a handle, or of the slow path, that have a slot of this plugin in their local variable ``slot``;
and for the frames that opened a lease.

"Inside" is therefore the dynamic extent: everything called from the call, directly or not, in this thread or task.
That is right for generators and tasks as well, where a thread-local or context variable is wrong: a generator that
holds a lease and is suspended is not on the stack, so it does not capture the calls that its thread makes meanwhile,
and a coroutine's frames are on the stack exactly while it runs.

Rejected: a dict of threads (it costs on every call, see `records`); a context variable (a generator's changes leak into
its caller, and stay after it was suspended).

Invariants of those frames: ``slot`` is not None exactly while the frame is a holder of ``record``, but for the instants
between a step and the store of its result, in which no user code runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any
from weakref import ref

from .records import Record, Slot
from .seam import Pointer

if TYPE_CHECKING:
    from .leases import Lease

__all__ = ["HOLDING", "LEASED", "holds", "inside", "opener"]

HOLDING: set[CodeType] = set()
"""The code of every function whose frame may be a holder.  Filled when the kernel is imported."""

LEASED: set[CodeType] = set()
"""The code of every generator and coroutine function whose frame has an open `lease` while it runs (`held_open`)."""

_WRAPPERS = frozenset({"__enter__", "__aenter__"})


def holds(frame: FrameType, pointer: Pointer) -> tuple[Record, Slot] | None:
    """What the frame of a call on the plugin with this pointer holds, if it is one."""
    if frame.f_code in LEASED:
        lease: Lease[Any] = frame.f_locals["lease"]
        return lease.holds(pointer)
    if frame.f_code not in HOLDING:
        return None
    names = frame.f_locals
    slot = names.get("slot")
    if slot is None or names.get("pointer") is not pointer:
        return None
    return names["record"], slot


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """The frame, its caller, and so on."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def inside(pointer: Pointer, leases: set[ref[Lease]]) -> Record | None:
    """Give the record that the running thread holds from further out on its stack, if there is one."""
    openers = {lease.opener: lease for r in list(leases) if (lease := r()) is not None} if leases else {}
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the only way to one's own stack
    while frame is not None:  # no generator: an asynchronous exception that strikes while one is closed would be lost
        if (held := holds(frame, pointer)) is not None:
            return held[0]
        if frame in openers and (record := openers[frame].record) is not None:
            return record
        frame = frame.f_back
    return None


def opener(frame: FrameType) -> FrameType:
    """Find the frame whose dynamic extent a lease covers: the one with the `with` statement, seen from `__enter__`.

    Helpers that only pass the context manager on are skipped: contextlib's own frames, other `__enter__` methods, and
    the generator of a `@contextmanager` function.
    """
    candidate = frame
    while (back := candidate.f_back) is not None:
        code = candidate.f_code
        passes_on = code.co_flags & _SUSPENDABLE and _in_contextlib(back)
        if not (passes_on or code.co_name in _WRAPPERS or _in_contextlib(candidate)):
            return candidate
        candidate = back
    return candidate


def _in_contextlib(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") == "contextlib"


_SUSPENDABLE = 0x20 | 0x80 | 0x200
"""Generator, coroutine, asynchronous generator (inspect.CO_*)."""
