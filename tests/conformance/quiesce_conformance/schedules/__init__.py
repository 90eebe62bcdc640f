"""Controlled schedules: real threads, one of which goes on at a time, as a search decides.

General layout:

    points.py       what a thread is about to do (`Op`), what could be next (`Choice`), who decides (`Chooser`)
    engine.py       runs a scenario once, under a chooser, and is the watchdog
    decisions.py    parking at a point, deciding who goes on, handing over
    thread.py       one thread of a scenario
    workers.py      the threads, reused, and the processor on which they stay
    primitives.py   a cell, a pool, a lock, an event, whose operations are points
    execution.py    what a run was, and how it ended
    livelock.py     who goes round, when a run does not end
    text.py         schedules as text
    grammar.py      reads them
    following.py    choosers that follow a schedule, or an execution
    shrink.py       makes a failing schedule as simple as it gets
    slices.py       the steps that happen before the end
    diagram.py      one column per thread, as text and as SVG
    search.py       runs what a strategy wants run, within limits; report.py, checkpoint.py, limits.py
    independence.py asks whether steps commute that are said to be independent
    strategies/     who goes on next: exhaustive, DPOR, PCT, random walk, Hypothesis
    errors.py       what can go wrong with the engine itself

The interface, in short:

    engine.run(scenario, chooser, observer=None, *, max_steps=None) -> Execution
    scenario(spawner) -> check | None           fresh objects, spawner.thread("a", f, *args, expects=..., interrupts=k)
    chooser.choose(choices, last) -> int        the index of what is next, or CUT
    observer.before(choice), observer.after(choice)

- A thread's alternatives: its operation; ``event.timeout`` or ``lock.timeout`` while it would have to wait, and has a
  timeout; ``interrupt@POINT`` and ``interrupt-after@POINT`` as long as it has interrupts left.  Interrupts are counted
  by thread, not by execution, so that one does not disable another's: each depends on its own thread's steps only.
- Letting go of a lock, and the death of a slot, are steps with one choice: what they do to others is in the execution,
  but nobody can be let in before them.  A chooser is asked all the same.
- Objects are named after their kind and who made them, so names do not depend on the interleaving.

What is not seen: shared memory that is not reached through the engine's objects.  What a thread does there counts as
part of its step before, so it is interleaved with the others' steps, but not by itself, and `dependent` knows nothing
of it.  Two time-outs move the clock; that is not counted as a dependence either.
"""

from .diagram import svg_diagram, text_diagram
from .engine import Check, Engine, Scenario, Spawner, Thread
from .errors import (
    Abandoned,
    DoesNotFit,
    EngineBusy,
    EngineMisused,
    Nondeterminism,
    ScheduleError,
    ScheduleSyntaxError,
)
from .execution import Deadlock, Ending, Execution, Failure, LeftTheSeam, Livelock, Outcome
from .following import Again
from .points import CUT, Choice, Chooser, Observer, Op, Step, dependent, disturbs
from .primitives import Cell, Event, Lock, Pool
from .shrink import Shrunk, same_ending, shrink
from .slices import causal_slice
from .text import Replay, chooser_from_text, parse, replay, schedule_to_text

__all__ = [
    "CUT",
    "Abandoned",
    "Again",
    "Cell",
    "Check",
    "Choice",
    "Chooser",
    "Deadlock",
    "DoesNotFit",
    "Ending",
    "Engine",
    "EngineBusy",
    "EngineMisused",
    "Event",
    "Execution",
    "Failure",
    "LeftTheSeam",
    "Livelock",
    "Lock",
    "Nondeterminism",
    "Observer",
    "Op",
    "Outcome",
    "Pool",
    "Replay",
    "Scenario",
    "ScheduleError",
    "ScheduleSyntaxError",
    "Shrunk",
    "Spawner",
    "Step",
    "Thread",
    "causal_slice",
    "chooser_from_text",
    "dependent",
    "disturbs",
    "parse",
    "replay",
    "same_ending",
    "schedule_to_text",
    "shrink",
    "svg_diagram",
    "text_diagram",
]
