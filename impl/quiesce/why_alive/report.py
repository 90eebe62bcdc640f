"""What `why_alive` answers.  Text and numbers only: a report keeps nothing alive."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Report", "Root", "RootKind"]


class RootKind(Enum):
    """What sort of root keeps a version; the value is what to do about it."""

    TYPING_CACHE = "typing remembers it, as in Optional[P] or Generic[P]: ask with flush_caches=True, or use host types"
    LRU_CACHE = "call cache_clear() of that function after an upgrade, or give it no objects of a plugin"
    SINGLEDISPATCH = "singledispatch cannot forget a class: register host classes only, or make the function anew"
    ATEXIT = "call atexit.unregister(function) in close()"
    THREAD = "end the thread, or the call that it is in, in close()"
    TASK = "cancel the asyncio task in close()"
    CONTEXTVAR = "reset the variable with its token in the context that set it"
    LOGGING_HANDLER = "call removeHandler or removeFilter in close()"
    EXCEPTION = "do not keep exceptions: their tracebacks keep every frame; del, or error.with_traceback(None)"
    WARNING_FILTER = "take the filter out of warnings.filters, or use warnings.catch_warnings()"
    COPYREG = "remove the class from copyreg.dispatch_table in close()"
    SIGNAL = "put the earlier signal handler back in close()"
    SYS_MODULES = "remove the name from sys.modules in close()"
    GC_CALLBACK = "remove the function from gc.callbacks in close()"
    FINALIZER = "call detach() of the weakref.finalize in close()"
    PLUGIN = "the runtime has not freed that version: it serves, is kept for a revert, or is held; see stragglers()"
    MODULE = "the host keeps it: look at that name"
    UNKNOWN = "C code holds a reference where the collector does not see it, or the search ended at its bounds"


@dataclass(frozen=True, slots=True)
class Root:
    """One root, and a shortest way from it to what it keeps."""

    kind: RootKind
    name: str
    """Which one of its kind, such as `functools.lru_cache of host.render`."""
    keeps: str
    """The survivor at the other end."""
    path: tuple[str, ...]
    """How each object is held, from the survivor to the root."""

    def __str__(self) -> str:
        way = "".join(f"\n      {step}" for step in self.path)
        return f"{self.name}\n    keeps {self.keeps}{way}\n    {self.kind.value}"


@dataclass(frozen=True, slots=True)
class Report:
    """What lives on of a version, and why.  Immutable."""

    version: str
    """What was watched."""
    watched: int
    """How many objects were watched."""
    survivors: tuple[str, ...]
    """Those that were alive after a garbage collection."""
    roots: tuple[Root, ...]
    """What keeps them; known kinds first."""
    complete: bool
    """False if a bound ended the search: there may be more roots than are listed."""
    looked_at: int
    """Objects that the search visited."""

    @property
    def freed(self) -> bool:
        """Nothing that was watched is alive."""
        return not self.survivors

    def __str__(self) -> str:
        if self.freed:
            return f"{self.version}: nothing is left of {self.watched} watched objects"
        some = ", ".join(self.survivors[:5]) + (", ..." if len(self.survivors) > 5 else "")
        lines = [f"{self.version}: {len(self.survivors)} of {self.watched} watched objects are alive ({some})"]
        lines += [f"  {number}. {root}" for number, root in enumerate(self.roots, 1)]
        if not self.complete:
            lines.append(f"  the search ended at its bounds after {self.looked_at} objects; there may be more roots")
        return "\n".join(lines)
