"""A search on disk: what is left to do, and what came of the rest.

One JSON file, written beside its place and moved there, so that it is whole or not there at all.  It says what it is
for (scenario, strategy) and has a digest of everything in it: a file that was cut off, edited or made for something
else is refused with the reason, and nothing is run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quiesce_conformance import files

from .errors import ScheduleError

__all__ = ["BadCheckpoint", "Saved", "load", "save"]

FORMAT: Final = "quiesce search checkpoint"
VERSION: Final = 1
_COUNTS: Final = ("schedules", "steps", "pruned")


class BadCheckpoint(ScheduleError, ValueError):
    """A file that no search can go on from.  Nothing has been run, and the file is as it was."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; remove the file to begin anew")
        self.path = path


@dataclass(frozen=True, slots=True)
class Saved:
    """What the file holds."""

    scenario: str
    strategy: str
    schedules: int
    steps: int
    pruned: int
    seconds: float
    left: Any
    """What `Frontier.save` gave."""


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def save(path: Path, saved: Saved) -> None:
    """Write the file; whoever reads it meanwhile sees the old one or the new one."""
    body = {
        "scenario": saved.scenario,
        "strategy": saved.strategy,
        "schedules": saved.schedules,
        "steps": saved.steps,
        "pruned": saved.pruned,
        "seconds": saved.seconds,
        "left": json.loads(json.dumps(saved.left)),
    }
    text = json.dumps({"format": FORMAT, "version": VERSION, "digest": _digest(body), **body})
    files.write(path, text + "\n")


def load(path: Path, scenario: str, strategy: str) -> Saved | None:
    """Read the file; None if there is none.

    Raises:
        BadCheckpoint: it is no checkpoint, or damaged, or of another version, scenario or strategy; says which.
        OSError: it cannot be read.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise BadCheckpoint(path, f"byte {error.start}: expected UTF-8, got {error.object[error.start]:#x}") from error
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadCheckpoint(path, f"line {error.lineno}, column {error.colno}: expected JSON: {error.msg}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadCheckpoint(path, f"expected a file with format {FORMAT!r}, got something else")
    if data.get("version") != VERSION:
        raise BadCheckpoint(path, f"expected version {VERSION}, got {data.get('version')!r}")
    body = {name: value for name, value in data.items() if name not in {"format", "version", "digest"}}
    if data.get("digest") != _digest(body):
        raise BadCheckpoint(path, "its digest does not fit: it was damaged or edited")
    for name, expected in (("scenario", scenario), ("strategy", strategy)):
        if body.get(name) != expected:
            raise BadCheckpoint(path, f"expected a search of {name} {expected!r}, got one of {body.get(name)!r}")
    try:
        counts = {name: int(body[name]) for name in _COUNTS}
        return Saved(scenario, strategy, **counts, seconds=float(body["seconds"]), left=body["left"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadCheckpoint(path, f"expected counts and what is left, got {error!r}") from error
