"""From what a user wrote to a host: the one word ``mypkg:make_subject`` is a subject here, all else an adapter."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from .inprocess import InProcessHost
from .pipe import PipeHost
from .session import Host

__all__ = ["host_of"]

_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def host_of(words: Sequence[str]) -> tuple[Host, str]:
    """Make the host, and give the words as ``quiesce conform`` takes them, quoted for a shell.

    Raises:
        SubjectError: there is no such subject.
        ValueError: there are no words.

    """
    if len(words) == 1 and _PATH.fullmatch(words[0]):
        return InProcessHost(words[0]), words[0]
    return PipeHost(words), f"-- {shlex.join(words)}"
