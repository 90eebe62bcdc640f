"""A file is there whole or not at all: it is written beside its place and moved there."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write"]


def write(path: Path, text: str) -> None:
    """Write a text file as UTF-8; whoever reads it meanwhile sees the old one or the new one.

    Folders above it are made.

    Raises:
        OSError: it cannot be written; then the old one is as it was.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
