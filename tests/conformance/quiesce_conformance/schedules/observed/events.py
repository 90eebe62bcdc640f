"""The interpreter says what comes next: by `sys.monitoring` from 3.12 on, by opcode tracing on 3.11.

Both call `on(site, frame)` in the running thread *before* the instruction is executed, and may block there.

`sys.monitoring` asks for INSTRUCTION events of the watched code only, and answers DISABLE at every instruction that is
no site, so that each of those costs one call in the whole search.

Traps, each measured:

- On 3.12.1 and 3.13.0 `sys.settrace` gives no opcode events in a code object's first traced run.  So tracing is used
  on 3.11 alone, and whatever is used, an execution without a single point is an error (see `run`).
- On 3.11 the interpreter copies a frame's variables to a dict before it calls a trace function and back afterwards.  A
  thread that was parked in between would write old values back into closure variables that others have changed.
  Reading `f_locals` again, last of all, refreshes that dict.
- A trace function that raises is taken off its thread.  So on 3.11 what a thread does after an interrupt, up to its
  end, is one step: the outcome says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any, Final, Protocol

from quiesce_conformance.schedules.errors import ScheduleError

from .sites import Site

__all__ = ["NoMonitor", "Watcher", "watcher"]

On = Callable[[Site, FrameType], None]
Sites = Mapping[CodeType, Mapping[int, Site]]


class NoMonitor(ScheduleError):
    """Nobody can be told of what the code under test does: every tool id of `sys.monitoring` is in use."""


class Watcher(Protocol):
    """Tells of sites.  `begin` and `end` for the whole search; `follow` runs a thread's function under its eyes."""

    def begin(self) -> None:
        """From here on, sites are told of."""
        ...

    def end(self) -> None:
        """And here no more."""
        ...

    def follow(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call the function in the running thread."""
        ...


def watcher(sites: Sites, on: On) -> Watcher:
    """Make the watcher that this interpreter has."""
    return Monitored(sites, on) if sys.version_info >= (3, 12) else Traced(sites, on)


class Monitored:
    """By `sys.monitoring`."""

    def __init__(self, sites: Sites, on: On) -> None:
        self._sites, self._on = sites, on
        self._tool: int | None = None

    def begin(self) -> None:
        """Raises `NoMonitor`."""
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]  # typed as of 3.11
        disable, get_frame, sites, on = monitoring.DISABLE, sys._getframe, self._sites, self._on  # noqa: SLF001 - the frame that the event is of

        def told(code: CodeType, offset: int) -> Any:
            site = sites[code].get(offset)
            if site is None:
                return disable
            on(site, get_frame(1))
            return None

        tool = next((n for n in _TOOLS if monitoring.get_tool(n) is None), None)
        if tool is None:
            raise NoMonitor(f"expected one of the monitoring tools {_TOOLS} to be free, got all of them in use")
        monitoring.use_tool_id(tool, "quiesce schedules")
        self._tool = tool
        event = monitoring.events.INSTRUCTION
        monitoring.register_callback(tool, event, told)
        for code in sites:
            monitoring.set_local_events(tool, code, event)
        monitoring.restart_events()

    def end(self) -> None:
        """Doing it twice does nothing."""
        tool, self._tool = self._tool, None
        if tool is None:
            return
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]  # as above
        for code in self._sites:
            monitoring.set_local_events(tool, code, 0)
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, None)
        monitoring.free_tool_id(tool)

    def follow(self, function: Callable[..., Any], *args: Any) -> Any:
        """Nothing to do: events are the code's, not the thread's."""
        return function(*args)


class Traced:
    """By a trace function in each thread."""

    def __init__(self, sites: Sites, on: On) -> None:
        self._sites, self._on = sites, on

    def begin(self) -> None:
        """Nothing to do: threads are traced one by one."""

    def end(self) -> None:
        """Nothing to do."""

    def follow(self, function: Callable[..., Any], *args: Any) -> Any:
        """Trace the thread for as long as the function runs."""
        sys.settrace(self._called)
        try:
            return function(*args)
        finally:
            sys.settrace(None)

    def _called(self, frame: FrameType, event: str, _: Any) -> Any:
        sites = self._sites.get(frame.f_code)
        if event != "call" or sites is None:
            return None
        on = self._on

        def told(frame: FrameType, event: str, _: Any) -> Any:
            if event == "opcode":
                site = sites.get(frame.f_lasti)
                if site is not None:
                    on(site, frame)
                    frame.f_locals  # noqa: B018 - refreshed, last of all: see the module
            return told

        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return told


_TOOLS: Final = (4, 3, 5, 2)
"""Tool numbers of `sys.monitoring`: those without a use of their own first, never the debugger's or coverage's."""
