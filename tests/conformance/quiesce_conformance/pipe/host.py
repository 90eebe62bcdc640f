"""`PipeHost`: judge an implementation in any language, through an adapter that is a program.

A process serves one session after the other, since starting one costs what a hundred sessions cost; a session that does
not come to rest costs its process.  Sessions that are open at once have a process each.

A verdict on the adapter is for good: whoever asks for a session afterwards gets it again, at once.  Otherwise a hanging
adapter would hang once for every check.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Sequence
from pathlib import PurePath
from types import TracebackType
from typing import Any, Self

from quiesce_conformance.contract import CandidateSpec
from quiesce_conformance.session import BrokenAdapter, StillPending

from .connection import Connection
from .limits import Limits
from .messages import Failed
from .session import PipeSession, candidate_fields, seconds

__all__ = ["PipeHost"]


class _Pool:
    """The processes that nobody uses, and those that somebody does.  Apart from the host, which can be finalised."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: list[Connection] = []
        self.busy: set[Connection] = set()
        self.verdict: BrokenAdapter | None = None

    def end_all(self) -> None:
        """End every process, whatever it is at."""
        with self.lock:
            connections = [*self.idle, *self.busy]
            self.idle.clear()
            self.busy.clear()
        for connection in connections:
            connection.close()


class PipeHost:
    """Starts the adapter `argv` when a session is wanted.  Safe from any thread; can be pickled, without its processes.

    Close it, or use it as a context manager: the last verdict (the adapter left a child behind, did not end when told
    to) can only be given then.

    Args:
        argv: the adapter's command and arguments; no shell is involved.
        limits: how long and how much it may.

    Raises:
        ValueError: `argv` is empty.

    """

    def __init__(self, argv: Sequence[str], limits: Limits | None = None) -> None:
        if isinstance(argv, str) or not argv:
            raise ValueError(f"expected the adapter's command and arguments as a list, got {argv!r}")
        self._argv = tuple(map(str, argv))
        self._limits = limits or Limits()
        self._pool = _Pool()
        self._finalizer = weakref.finalize(self, self._pool.end_all)

    def __reduce__(self) -> tuple[Any, ...]:
        return PipeHost, (self._argv, self._limits)

    @property
    def name(self) -> str:
        """The command, or how the adapter called itself once it has."""
        with self._pool.lock:
            known = next(iter([*self._pool.idle, *self._pool.busy]), None)
        return PurePath(self._argv[0]).name if known is None else known.hello.name

    @property
    def broken(self) -> BrokenAdapter | None:
        """The verdict on the adapter, if there is one."""
        return self._pool.verdict

    @property
    def capabilities(self) -> frozenset[str]:
        """What the adapter says that the implementation has.  Raises `BrokenAdapter` if it cannot say it."""
        connection = self._connection()
        try:
            return frozenset(connection.hello.capabilities)
        finally:
            self._take_back(connection, True)

    def session(self, first: CandidateSpec, drain_timeout: float | None) -> PipeSession:
        """Begin a session whose plugin has `first` as its first version.

        Raises:
            BrokenAdapter: the adapter is broken.
            StillPending: the implementation does not come back from registering it.
            RuntimeError: the implementation refused it; the text says why.

        """
        connection = self._connection()
        session = PipeSession(connection, self._limits.rest, self._take_back)
        try:
            fields = {"candidate": candidate_fields(first), "drain_timeout": seconds(drain_timeout)}
            answer = connection.answer(connection.ask("make", fields, first), self._limits.session)
            if answer is None:
                raise StillPending(f"the plugin was not registered within {self._limits.session:g} s")
            if isinstance(answer, Failed):
                raise RuntimeError(f"the plugin was refused: {answer.kind}: {answer.message}")  # noqa: TRY004 - no matter of types
        except BaseException:
            session.close()
            raise
        return session

    def _connection(self) -> Connection:
        with self._pool.lock:
            if self._pool.verdict is not None:
                raise BrokenAdapter(*self._pool.verdict.args) from self._pool.verdict
            connection = self._pool.idle.pop() if self._pool.idle else None
        try:
            if connection is None:
                connection = Connection(self._argv, self._limits)
            connection.check()
        except BrokenAdapter as verdict:
            self._note(verdict)
            if connection is not None:
                connection.close()
            raise
        with self._pool.lock:
            self._pool.busy.add(connection)
        return connection

    def _take_back(self, connection: Connection, usable: bool) -> None:
        with self._pool.lock:
            self._pool.busy.discard(connection)
            if usable and not connection.broken:
                self._pool.idle.append(connection)
                return
        try:
            connection.check()
        except BrokenAdapter as verdict:
            self._note(verdict)
        connection.close()

    def _note(self, verdict: BrokenAdapter) -> None:
        with self._pool.lock:
            self._pool.verdict = self._pool.verdict or verdict

    def close(self) -> None:
        """Let every idle process leave, end the others, and leave nothing behind.  Safe to repeat.

        Raises:
            BrokenAdapter: there is a verdict, or one follows now from how a process leaves.

        """
        with self._pool.lock:
            leaving, self._pool.idle = self._pool.idle, []
        for connection in leaving:
            try:
                connection.leave()
            except BrokenAdapter as verdict:
                self._note(verdict)
        self._pool.end_all()
        if self._pool.verdict is not None:
            raise BrokenAdapter(*self._pool.verdict.args) from self._pool.verdict

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            with contextlib.suppress(BrokenAdapter):  # what was raised inside is the better reason
                self.close()
