"""What is held where the collector sees nothing.

`gc.get_referrers` asks the objects that the collector tracks.  It does not see the frames that are running (a thread
in a call of the plugin), the exceptions that threads are handling, and what the C modules keep in their own tables
(signal handlers, trace functions).  These are looked up here, by the identity of what they hold.

On Python 3.11 and 3.12 a look at the locals of a running function leaves a copy of them with its frame until it
returns or is looked at again.  `why_alive` therefore looks first and counts the survivors afterwards.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from .report import RootKind

__all__ = ["Held", "held"]

_OURS: Final = __name__.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Held:
    """A root that the collector does not see, and how it holds an object."""

    kind: RootKind
    name: str
    how: str


def held(names: frozenset[str]) -> dict[int, Held]:
    """Find what C code holds, by `id`.

    Args:
        names: the version's modules: a thread that runs one of their functions keeps their globals.

    """
    found: dict[int, Held] = {}
    _handlers(found)
    _exceptions(found)
    known = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - its name in the documentation
        title = f"thread {known.get(ident, str(ident))!r}"
        _stack(found, title, frame, names)
    return found


def _stack(found: dict[int, Held], title: str, innermost: FrameType, names: frozenset[str]) -> None:
    frame: FrameType | None = innermost
    while frame is not None:
        home: Any = frame.f_globals.get("__name__", "?")
        if not str(home).startswith(_OURS):
            at = f"{frame.f_code.co_qualname}, line {frame.f_lineno}"
            if home in names:
                found.setdefault(
                    id(frame.f_globals), Held(RootKind.THREAD, f"{title} in {at}", "runs with its globals")
                )
            if frame.f_locals is not frame.f_globals:
                for name, value in list(frame.f_locals.items()):
                    found.setdefault(
                        id(value), Held(RootKind.THREAD, f"{title} in {at}", f"local variable {name!r} of {at}")
                    )
        frame = frame.f_back


def _handlers(found: dict[int, Held]) -> None:
    for number in signal.valid_signals():
        try:
            handler = signal.getsignal(number)
        except (ValueError, OSError):  # the platform keeps that one for itself
            continue
        if callable(handler) and not isinstance(handler, int):
            name = signal.Signals(number).name if number in signal.Signals.__members__.values() else str(int(number))
            for each, how in ((handler, "is the handler"), (getattr(handler, "__self__", None), "its method is")):
                if each is not None:
                    found[id(each)] = Held(RootKind.SIGNAL, f"the handler of the signal {name}", how)


def _exceptions(found: dict[int, Held]) -> None:
    current: dict[int, Any] = sys._current_exceptions()  # noqa: SLF001 - its name in the documentation
    for ident, error in current.items():
        # 3.11 gives the three parts, later versions the exception.
        raised = error[1] if isinstance(error, tuple) else error
        if raised is not None:
            name = f"the exception {type(raised).__name__} that thread {ident} is handling"
            found[id(raised)] = Held(RootKind.EXCEPTION, name, "is being handled")
