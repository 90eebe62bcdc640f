"""Reading schedules: what `text` says they look like, with the place of whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from .errors import ScheduleSyntaxError
from .points import disturbs

__all__ = ["Segment", "Target", "parse"]

_WORD: Final = re.compile(
    r"""\s* (?: (?P<rest> \.\. ) (?= [\s|] | $ )
              | (?P<mark> [|:] )
              | (?P<word> "(?: [^"\\] | \\. )*" | [^\s|:*"]+ ) (?: \* (?P<count> [^\s|:]* ) )? )""",
    re.VERBOSE,
)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


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
        text: see `text`.  White space and line ends are as good as a space.
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
