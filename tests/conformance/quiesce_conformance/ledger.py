"""Results on disk, a line for each, so that a run can go on where it was interrupted.

The first line says what the run is of; a file of another run is refused.  A last line that is cut off (the machine went
down while it was written) is left out and run again.  Rejected: one JSON document, which a campaign of millions of runs
would have to write anew for each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from .shard import ShardResult

__all__ = ["BadLedger", "Ledger"]

FORMAT: Final = "quiesce conformance ledger 1"


class BadLedger(Exception):
    """A file that no run can go on from; it is as it was."""


class Ledger:
    """The results of one run.  For one thread.

    Args:
        path: the file; made if it is not there.
        of: what the run is of, as plain data.

    Raises:
        BadLedger: the file is no ledger, or of another run; says which.
        OSError: it cannot be read or written.

    """

    def __init__(self, path: Path, of: Mapping[str, Any]) -> None:
        head = json.dumps({"format": FORMAT, "of": of}, sort_keys=True)
        self.done: dict[str, ShardResult] = {}
        """What the file holds, by the key of the shard."""
        whole = 0
        if path.exists() and path.stat().st_size:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.endswith(b"\n"):
                        break
                    self._read(path, number, line, head)
                    whole += len(line)
        self._file = path.open("r+b" if path.exists() else "wb")
        self._file.truncate(whole)
        self._file.seek(whole)
        if not whole:
            self._write(head)

    def _read(self, path: Path, number: int, line: bytes, head: str) -> None:
        try:
            data = json.loads(line)
            if number > 1:
                result = ShardResult.from_data(data)
                self.done[result.key] = result
                return
        except (ValueError, KeyError, TypeError) as error:
            raise BadLedger(f"{path}, line {number}: expected a result, got {error}; remove the file") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise BadLedger(f"{path}: expected {FORMAT!r}, got something else; remove the file or name another")
        if data != json.loads(head):
            raise BadLedger(f"{path}: it belongs to another run ({data.get('of')}); remove the file or name another")

    def add(self, result: ShardResult) -> None:
        """Add a result; it is on its way to the disk when this returns."""
        self._write(json.dumps(result.to_data(), sort_keys=True))

    def _write(self, line: str) -> None:
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
