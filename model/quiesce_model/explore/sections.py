"""A file of checked sections: how a checkpoint lies on the disk.

    first line   ``quiesce-checkpoint 1``
    section      4 letters, length of the content (8 bytes, little-endian), content, CRC-32 of all that (4 bytes)
    last         the section ``DONE``, empty: what ends without it was cut short

A file appears under its name only when it is whole and on the disk: it is written under another name beside it,
synced, and renamed.  So a crash, a full disk or a second Ctrl-C leaves the checkpoint before it as it was.

Rejected: ``pickle`` (loading one runs what it says, and a damaged one fails anywhere), one checksum for the whole file
(it cannot say where the damage is), a database (a checkpoint is read from end to end, once).  A CRC finds accidents; it
is no seal against forgery, so whoever reads the content has to check it for sense as well.
"""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from quiesce_model.language.errors import ModelError

__all__ = ["CheckpointError", "check_writable", "read_sections", "write_sections"]

FIRST_LINE = b"quiesce-checkpoint "
VERSION = 1
_HEAD = struct.Struct("<4sQ")
_CRC = struct.Struct("<I")


class CheckpointError(ModelError):
    """A checkpoint cannot be written, cannot be read, or belongs to another exploration.

    :param path: the file.
    :param where: the part of it, or the place in it, that is not as expected.
    :param reason: what was expected, what was got, what to do.
    """

    def __init__(self, path: Path, where: str, reason: str) -> None:
        self.path, self.where, self.reason = path, where, reason
        super().__init__(path, where, reason)

    def __str__(self) -> str:
        return f"{self.path}: {self.where}: {self.reason}"


def check_writable(path: Path) -> None:
    """Find out before hours of work whether a file can be written there.

    :raises CheckpointError: it cannot, or there is something already.
    """
    if path.exists():
        reason = "it is there already; explore with resume=True to go on from it, or remove it to begin anew"
        raise CheckpointError(path, "the file", reason)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        reason = f"expected a folder that can be written to ({error}); choose another"
        raise CheckpointError(path, "the folder", reason) from error


def write_sections(path: Path, sections: Iterable[tuple[bytes, bytes]]) -> int:
    """Write a file of sections; the bytes written.  Whatever goes wrong, an earlier file of that name stays.

    :param sections: names of four letters, and contents.
    :raises CheckpointError: the file cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise CheckpointError(path, "the folder", f"no file can be made there ({error}); choose another") from error
    size = 0
    try:
        with os.fdopen(handle, "wb") as file:
            size += file.write(FIRST_LINE + b"%d\n" % VERSION)
            for tag, content in (*sections, (b"DONE", b"")):
                head = _HEAD.pack(tag, len(content))
                size += file.write(head) + file.write(content)
                size += file.write(_CRC.pack(zlib.crc32(content, zlib.crc32(head))))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise CheckpointError(path, f"byte {size:,}", f"it cannot be written ({error}); make room") from error
    finally:
        with suppress(FileNotFoundError):  # as a rule: it was renamed
            Path(name).unlink()
    return size


def read_sections(path: Path) -> Iterator[tuple[bytes, bytes, int]]:
    """The sections of a file, each with the byte at which it begins.

    :raises CheckpointError: the file is not there, is something else, was cut short or is damaged.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(64)
            if not line.startswith(FIRST_LINE):
                raise CheckpointError(path, "line 1", f"expected {FIRST_LINE.decode()!r}, got {line[:32]!r}")
            version = line[len(FIRST_LINE) :].strip()
            if version != b"%d" % VERSION:
                reason = f"expected version {VERSION}, got {version.decode(errors='replace')!r}; begin the run anew"
                raise CheckpointError(path, "line 1", reason)
            tag = b""
            left = path.stat().st_size
            while tag != b"DONE":
                at = file.tell()
                head = file.read(_HEAD.size)
                short = CheckpointError(path, f"byte {at:,}", "the file was cut short here; begin the run anew")
                if len(head) < _HEAD.size:
                    raise short
                tag, length = _HEAD.unpack(head)
                if length > left - at:
                    raise short
                content, crc = file.read(length), file.read(_CRC.size)
                if len(crc) < _CRC.size:
                    raise short
                if _CRC.unpack(crc)[0] != zlib.crc32(content, zlib.crc32(head)):
                    where = f"section {tag.decode('ascii', 'replace')} at bytes {at:,} to {file.tell():,}"
                    raise CheckpointError(path, where, "its checksum does not match: damaged; begin the run anew")
                yield tag, content, at
    except OSError as error:
        reason = f"expected a checkpoint, got {error.strerror or error}; leave out resume=True to begin anew"
        raise CheckpointError(path, "the file", reason) from error
