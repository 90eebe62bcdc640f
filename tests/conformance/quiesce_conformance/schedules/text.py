"""Schedules as text: short, readable, and still good after edits that do not touch what they name.

    a: announce | b: .. | a: interrupt@confirm

    schedule  = segment { "|" segment }        may be empty: nobody is preempted
    segment   = thread ":" target { target }
    target    = point [ "*" count ] | ".."
    point     = a word, or anything in double quotes, with a backslash before a double quote or a backslash

A segment lets one thread go on until it has done each of its targets in turn: a step with that point's name, the
count-th from there on; for an interrupt, at the count-th point where it could strike.  ``..`` lets it go on as long as
it can by itself: until it is blocked, has ended, or could only time out or be interrupted.  A time-out or an interrupt
happens only where it is a target (``event.timeout``, ``interrupt@confirm``).  After the last segment the last thread
goes on as long as it can, then the first one that can, in the order of spawning.

So what a segment passes by on its way is not written down.  Points may be added, removed or renamed there, and locks
taken, without any change in what the text means.  Where a switch is between two points that have a model's name, the
text names the last of them, and then a point of the plumbing (one with a dot, such as ``lock.release``).

Rejected: indices into the enabled threads (die with the first edit); all steps by name (say what no one needs to
know); a hash or a seed (says nothing, and depends on the search).  Loom and Shuttle write encoded choices, Coyote a
trace file: they are for the build that made them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from .engine import Engine, Scenario
from .errors import DoesNotFit
from .execution import Execution
from .following import Replay, rest
from .grammar import Segment, Target, parse
from .points import INTERRUPT, UNASKED, Choice, Observer, disturbs

__all__ = ["Replay", "Segment", "Target", "chooser_from_text", "parse", "replay", "rest", "schedule_to_text"]

_PLUMBING: Final = re.compile(r"start|\w+\.\w+")


def chooser_from_text(
    text: str,
    *,
    threads: Iterable[str] | None = None,
    points: Iterable[str] | None = None,
    state: Callable[[str], str] | None = None,
) -> Replay:
    """Make a chooser that follows the text, for one execution.  Arguments as in `parse` and `Replay`.

    Raises:
        ScheduleSyntaxError: it is no schedule, or names what is not known.  Nothing was run.

    """
    return Replay(parse(text, threads, points), text, state)


def replay(
    engine: Engine,
    scenario: Scenario,
    text: str,
    observer: Observer | None = None,
    *,
    threads: Iterable[str] | None = None,
    points: Iterable[str] | None = None,
) -> Execution:
    """Run the scenario as the text says.

    Raises:
        ScheduleSyntaxError: it is no schedule.  Nothing was run.
        DoesNotFit: the scenario does not do what the text says, or ends well before all of it was done.

    """
    chooser = chooser_from_text(text, threads=threads, points=points, state=engine.state_of)
    execution = engine.run(scenario, chooser, observer)
    undone = chooser.undone
    if undone is not None and not execution.failed:
        where = f"the segment '{undone}' at column {undone.column}"
        raise DoesNotFit(f"the execution was over ({execution.ending}) before all of {where} was done\n  {text}")
    return execution


def schedule_to_text(execution: Execution) -> str:
    """Write an execution's schedule.  Replayed on the same scenario, it gives the same steps."""
    segments = _segments(execution)
    if not _follows(segments, execution):  # an operation that is named like a time-out, say
        segments = [
            Segment(thread, tuple(Target(execution.choices[i].op.point) for i in steps))
            for thread, steps in _turns(execution.choices)
        ]
    return " | ".join(map(str, segments))


def _turns(choices: Sequence[Choice]) -> list[tuple[str, range]]:
    """Runs of steps of one thread."""
    turns: list[tuple[str, range]] = []
    begin = 0
    for i in range(1, len(choices) + 1):
        if i == len(choices) or choices[i].thread != choices[begin].thread:
            turns.append((choices[begin].thread, range(begin, i)))
            begin = i
    return turns


def _segments(execution: Execution) -> list[Segment]:
    choices, enabled = execution.choices, execution.enabled
    said = _last_said(execution)
    segments: list[Segment] = []
    for thread, steps in _turns(choices):
        if steps.start > said:
            break
        able = steps.stop < len(choices) and any(
            c.thread == thread and not disturbs(c.op.point) for c in enabled[steps.stop]
        )
        targets: list[Target] = []
        begin = steps.start
        for i in steps:
            if disturbs(choices[i].op.point):
                _disturb(targets, execution, begin, i)
                begin = i + 1
        if begin < steps.stop and begin <= said:
            if not able:
                targets.append(Target(None))
            else:
                _up_to(targets, choices, begin, steps.stop)
        segments.append(Segment(thread, tuple(targets)))
    return segments


def _last_said(execution: Execution) -> int:
    """The index of the last step that `rest` would not have chosen; -1: there is none."""
    for i in range(len(execution.choices) - 1, -1, -1):
        enabled = execution.enabled[i]
        last = execution.choices[i - 1].thread if i else None
        if enabled[rest(enabled, last)] != execution.choices[i]:
            return i
    return -1


def _up_to(targets: list[Target], choices: Sequence[Choice], begin: int, end: int) -> None:
    """The last step with a model's name, and then the last of the plumbing, unless nobody is asked about that."""
    named = [i for i in range(begin, end) if not _PLUMBING.fullmatch(choices[i].op.point)]
    if named:
        _add(targets, choices, begin, named[-1])
        begin = named[-1] + 1
    if any(choices[i].op.point not in UNASKED for i in range(begin, end)):
        _add(targets, choices, begin, end - 1)


def _disturb(targets: list[Target], execution: Execution, begin: int, step: int) -> None:
    choice = execution.choices[step]
    if choice.op.point.startswith(INTERRUPT):
        targets.append(Target(choice.op.point, sum(choice in execution.enabled[i] for i in range(begin, step + 1))))
    else:
        _add(targets, execution.choices, begin, step)


def _add(targets: list[Target], choices: Sequence[Choice], begin: int, step: int) -> None:
    point = choices[step].op.point
    count = sum(choices[i].op.point == point for i in range(begin, step + 1))
    targets.append(Target(point, count))


def _follows(segments: Sequence[Segment], execution: Execution) -> bool:
    chooser = Replay([replace(segment) for segment in segments])
    last = None
    for choice, enabled in zip(execution.choices, execution.enabled, strict=True):
        try:
            if enabled[chooser.choose(enabled, last)] != choice:
                return False
        except DoesNotFit:
            return False
        last = choice.thread
    return True
