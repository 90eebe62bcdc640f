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
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from .engine import Engine, Scenario
from .errors import DoesNotFit, ScheduleSyntaxError
from .execution import Execution
from .points import INTERRUPT, UNASKED, Choice, Observer, disturbs

__all__ = ["Replay", "Segment", "Target", "chooser_from_text", "parse", "replay", "rest", "schedule_to_text"]

_WORD: Final = re.compile(
    r"""\s* (?: (?P<rest> \.\. ) (?= [\s|] | $ )
              | (?P<mark> [|:] )
              | (?P<word> "(?: [^"\\] | \\. )*" | [^\s|:*"]+ ) (?: \* (?P<count> [^\s|:]* ) )? )""",
    re.VERBOSE,
)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_PLUMBING: Final = re.compile(r"start|\w+\.\w+")


@dataclass(frozen=True, slots=True)
class Target:
    """What a thread has to do before its segment goes on."""

    point: str | None
    """None: it goes on as long as it can."""
    count: int = 1
    column: int = 0

    def __str__(self) -> str:
        if self.point is None:
            return ".."
        point = _quoted(self.point)
        return point if self.count == 1 else f"{point}*{self.count}"


@dataclass(frozen=True, slots=True)
class Segment:
    """What one thread does in one go."""

    thread: str
    targets: tuple[Target, ...]
    column: int = 0

    def __str__(self) -> str:
        return f"{self.thread}: {' '.join(map(str, self.targets))}"


def parse(text: str, threads: Iterable[str] | None = None, points: Iterable[str] | None = None) -> list[Segment]:
    """Read a schedule.

    Args:
        text: see the module.  White space and line ends are as good as a space.
        threads: the names that there are, where they are known; others are refused.
        points: the same for points.  ``interrupt@`` and ``interrupt-after@`` one of them are points, too.

    Raises:
        ScheduleSyntaxError: it is no schedule, or names what is not known; says where.

    """
    if not isinstance(text, str):
        raise TypeError(f"expected a schedule as text, got {type(text).__name__}")
    if not text.strip():
        return []
    known_threads = None if threads is None else sorted(threads)
    known_points = None if points is None else sorted(points)
    words = _Words(text)
    segments: list[Segment] = []
    while True:
        column, thread = words.name()
        _is_known(text, column, "thread", thread, thread, known_threads)
        words.mark(":", f"expected ':' after the thread {thread!r}")
        targets = words.targets()
        for target in targets:
            if target.point is not None:
                bare = target.point.partition("@")[2] if disturbs(target.point) else target.point
                _is_known(text, target.column, "point", target.point, bare or target.point, known_points)
        segments.append(Segment(thread, targets, column))
        if words.end():
            return segments
        words.mark("|", "expected '|' between two segments")


class _Words:
    """The text, word by word."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def wrong(self, problem: str, column: int | None = None) -> ScheduleSyntaxError:
        if column is None:
            column = len(self.text) - len(self.text[self.at :].lstrip()) + 1
        return ScheduleSyntaxError(self.text, column, problem)

    def end(self) -> bool:
        return not self.text[self.at :].strip()

    def look(self) -> re.Match[str] | None:
        return _WORD.match(self.text, self.at)

    def mark(self, mark: str, problem: str) -> None:
        match = self.look()
        if match is None or match["mark"] != mark:
            raise self.wrong(problem)
        self.at = match.end()

    def name(self) -> tuple[int, str]:
        match = self.look()
        if match is None or match["word"] is None or match["count"] is not None or not _NAME.fullmatch(match["word"]):
            raise self.wrong("expected the name of a thread, of letters, digits, '_' and '-'")
        self.at = match.end()
        return match.start("word") + 1, match["word"]

    def targets(self) -> tuple[Target, ...]:
        found: list[Target] = []
        while (match := self.look()) is not None and match["mark"] is None:
            if match["rest"]:
                found.append(Target(None, column=match.start("rest") + 1))
            else:
                found.append(self.target(match))
            self.at = match.end()
        if not self.end() and self.look() is None:
            raise self.wrong("expected a point, '..' or '|'")
        if not found:
            raise self.wrong("expected a point to go on to, or '..' to go on as long as possible")
        return tuple(found)

    def target(self, match: re.Match[str]) -> Target:
        column, count = match.start("word") + 1, match["count"]
        if count is not None and not re.fullmatch(r"[1-9][0-9]{0,8}", count):
            raise self.wrong(f"expected a count of 1 or more after '*', got {count!r}", match.start("count") + 1)
        if match["word"] == "..":
            raise self.wrong("expected '..' alone: it has no count", column)
        return Target(_unquoted(match["word"]), int(count or 1), column)


def _quoted(point: str) -> str:
    match = _WORD.fullmatch(point)
    plain = match is not None and match["word"] == point and match["count"] is None and point[0] != '"'
    return point if plain else '"' + re.sub(r'(["\\])', r"\\\1", point) + '"'


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _is_known(text: str, column: int, kind: str, name: str, bare: str, known: Sequence[str] | None) -> None:
    if known is not None and name not in known and bare not in known:
        near = get_close_matches(bare, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}" if known else ""
        raise ScheduleSyntaxError(text, column, f"unknown {kind} {name!r}{hint}")


def rest(choices: Sequence[Choice], last: str | None) -> int:
    """Choose when nothing is said: the last thread as long as it can, then the first that can.

    Only if nobody can go on by himself does somebody time out; only if nobody can do that is somebody interrupted.
    """
    for rank in range(3):
        able = [i for i, choice in enumerate(choices) if _rank(choice) == rank]
        if able:
            return next((i for i in able if choices[i].thread == last), able[0])
    return 0


def _rank(choice: Choice) -> int:
    return (1 if choice.op.point.endswith(".timeout") else 2) if disturbs(choice.op.point) else 0


class Replay:
    """A chooser that follows a schedule.

    Args:
        segments: what to follow.
        text: what they were read from, for messages.
        state: says of a thread why it cannot go on, for messages: `Engine.state_of`.

    """

    def __init__(self, segments: Sequence[Segment], text: str = "", state: Callable[[str], str] | None = None) -> None:
        self._segments, self._text, self._state = list(segments), text, state
        self._at = self._target = self._count = 0
        self._seen: dict[str, None] = {}
        self._passed: list[str] = []

    @property
    def left_over(self) -> Segment | None:
        """The segment that it has not come to the end of; None: all is done."""
        return self._segments[self._at] if self._at < len(self._segments) else None

    @property
    def undone(self) -> Segment | None:
        """The first segment with a point that was not come to; None: there is none."""
        for at, segment in enumerate(self._segments[self._at :]):
            if any(target.point is not None for target in segment.targets[0 if at else self._target :]):
                return segment
        return None

    def choose(self, choices: Sequence[Choice], last: str | None, /) -> int:
        """Follow the schedule.

        Raises:
            DoesNotFit: the thread that is to go on cannot, or has come to its end without the point.

        """
        for choice in choices:
            self._seen.setdefault(choice.thread)
        if len(choices) == 1 and choices[0].op.point in UNASKED:
            self._take(choices[0])
            return 0
        while (segment := self.left_over) is not None:
            index = self._of(segment, choices)
            if index is not None:
                self._take(choices[index])
                return index
            if segment.targets[self._target].point is not None:
                raise self._wrong(segment, choices)
            self._next_target()
        return rest(choices, last)

    def _of(self, segment: Segment, choices: Sequence[Choice]) -> int | None:
        """What the segment's thread does now; None: it cannot go on as it is to."""
        wanted, plain = segment.targets[self._target].point, None
        for index, choice in enumerate(choices):
            if choice.thread == segment.thread:
                if choice.op.point == wanted and self._is_time(segment.targets[self._target]):
                    return index
                if plain is None and not disturbs(choice.op.point):
                    plain = index
        return plain

    def _is_time(self, target: Target) -> bool:
        """Is this the occasion that is meant?  Asked once for each step of the segment's thread."""
        if target.point is None or not target.point.startswith(INTERRUPT):
            return True
        self._count += 1
        return self._count == target.count

    def _take(self, choice: Choice) -> None:
        segment = self.left_over
        if segment is None or segment.thread != choice.thread:
            return
        target = segment.targets[self._target]
        self._passed.append(choice.op.point)
        if target.point == choice.op.point:
            self._count += not target.point.startswith(INTERRUPT)
            if self._count == target.count:
                self._next_target()

    def _next_target(self) -> None:
        self._target, self._count = self._target + 1, 0
        if self._target == len(self._segments[self._at].targets):
            self._at, self._target = self._at + 1, 0
            self._passed = []

    def _wrong(self, segment: Segment, choices: Sequence[Choice]) -> DoesNotFit:
        target, thread = segment.targets[self._target], segment.thread
        own = [choice.op.point for choice in choices if choice.thread == thread]
        if own:
            why = f"it waits and could only be: {', '.join(own)}"
        elif self._state is not None:
            why = self._state(thread)
        elif thread not in self._seen:
            why = f"there is no such thread so far; there are {', '.join(self._seen)}"
        else:
            why = "it has ended, or is blocked"
        passed = f", after {' > '.join(self._passed[-8:])}" if self._passed else ""
        near = get_close_matches(target.point or "", self._passed, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        where = f"column {target.column}" if target.column else f"segment {self._at + 1}"
        pointer = (
            f"\n  {' '.join(self._text.split(chr(10)))}\n  {' ' * (target.column - 1)}^"
            if self._text and target.column
            else ""
        )
        return DoesNotFit(f"{where}: {thread} does not come to {target}: {why}{passed}{hint}{pointer}")


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
