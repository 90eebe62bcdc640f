"""Plugin versions as files on disk, good ones and bad ones, made from `word_index.py`."""

from __future__ import annotations

import itertools
from enum import Enum
from pathlib import Path

__all__ = ["Flavour", "VersionFiles"]


class Flavour(Enum):
    """What is wrong with a version, if anything."""

    GOOD = "good"
    SYNTAX = "syntax"
    IMPORT = "import"
    FOREIGN = "foreign"
    BUILD = "build"
    INIT = "init"
    HANDOVER = "handover"
    CLOSE = "close"


class VersionFiles:
    """Writes one file per version into a directory.  One writer thread; the files are read by any.

    A version's number is never used again, so `version` alone names the file, the instance and its answers.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._template = Path(__file__).with_name("word_index.py").read_text(encoding="utf-8")
        self._numbers = itertools.count(1)

    def write(self, flavour: Flavour = Flavour.GOOD) -> tuple[int, Path]:
        """Write the next version.

        Returns:
            Its number and its file.

        """
        number = next(self._numbers)
        text = _with(self._template, "VERSION = 1\n", f"VERSION = {number}\n")
        text = _with(text, '"version": "1.0.0"', f'"version": "{number}.0.0"')
        match flavour:
            case Flavour.SYNTAX:
                text += "\n\ndef unfinished(:\n"
            case Flavour.IMPORT:
                text += "\n\nraise ImportError('a library that this version needs is not there')\n"
            case Flavour.FOREIGN:
                text = _with(text, '"name": "search"', '"name": "another-plugin"')
            case _:
                text = _with(text, 'FLAVOUR = "good"', f'FLAVOUR = "{flavour.value}"')
        path = self.directory / f"search_v{number}.py"
        path.write_text(text, encoding="utf-8")
        return number, path


def _with(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise AssertionError(f"expected {old!r} exactly once in word_index.py, got it {text.count(old)} times")
    return text.replace(old, new)
