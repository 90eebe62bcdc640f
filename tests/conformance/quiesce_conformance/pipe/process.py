"""One process in a group of its own, read line by line, never trusted, always ended and reaped.

    writer      any thread: `send`, without blocking longer than the limit
    reader      one thread: standard output in lines, standard error as a tail, until the process has ended
    waiter      one thread: waits for the process, then ends whoever is left of its group, then wakes the reader

Why two threads: the end of the process is an event of its own.  The end of its standard output is not that event, since
a child that it left behind may hold the pipe open for ever.  So the reader looks at both, and never waits for the pipe
once the process has gone.  Rejected: `communicate` and text streams (a line without an end would fill the memory), and
asking every few milliseconds whether the process still lives.

The group is ended while its leader is not reaped yet, so its number cannot have been given to anybody else meanwhile.
A child that leaves the group on purpose (`setsid`) is out of reach; it does not hold up anybody here.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from .limits import Limits

__all__ = ["AdapterProcess", "Exit", "Misbehaviour"]

TAIL = 4096
"""So many bytes of standard error are kept for the verdict."""
CHUNK = 65536


class Misbehaviour(Exception):
    """The process did what an adapter must not do; the text says what."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How the process ended."""

    code: int
    """As `subprocess` has it: negative for a signal."""
    half_line: bytes
    """What stood behind the last line end."""
    left_children: bool
    """Somebody else of its group was still there, and was ended."""

    def __str__(self) -> str:
        if self.code < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-self.code).name}"
        return f"ended with exit code {self.code}"


class AdapterProcess:
    """Starts `argv` and calls back for each line, for a misbehaviour, and for its end.

    The callbacks run in the reader thread.  `on_line` may raise `Misbehaviour`; the group is then ended, `on_fault` is
    called with it, and no line follows.  `on_exit` is called exactly once, last, when everything has been reaped.

    Raises:
        OSError: `argv` cannot be started.

    """

    def __init__(
        self,
        argv: Sequence[str],
        limits: Limits,
        on_line: Callable[[bytes], None],
        on_fault: Callable[[Misbehaviour], None],
        on_exit: Callable[[Exit], None],
    ) -> None:
        self._limits = limits
        self._on_line, self._on_fault, self._on_exit = on_line, on_fault, on_exit
        self._group_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._gone = threading.Event()  # reaped, with its group
        self._faulty = False
        self._left_children = False
        self._tail = bytearray()
        self._complaints = 0
        self._buffer = bytearray()
        self._scanned = 0
        # A session of its own, so that one signal reaches everybody whom it starts, and no terminal reaches it.
        self._process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin.fileno()
        self._stdout = self._process.stdout.fileno()
        self._stderr = self._process.stderr.fileno()
        self._woken, self._wake = os.pipe()
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe, False)
        self._waiter = threading.Thread(target=self._wait, name=f"waits for {self.pid}", daemon=True)
        self._reader = threading.Thread(target=self._read, name=f"reads from {self.pid}", daemon=True)
        self._waiter.start()
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process, and the group, by number."""
        return self._process.pid

    @property
    def complaints(self) -> str:
        """The end of what it wrote to standard error."""
        return self._tail.decode("utf-8", "replace").strip()

    # -- writing ------------------------------------------------------------------------------------------------------
    def send(self, line: bytes) -> None:
        """Write a line.  Safe from any thread.

        Raises:
            Misbehaviour: it does not read, or has closed its standard input, or has ended.

        """
        with self._write_lock:
            rest = memoryview(line)
            deadline = None
            while rest:
                try:
                    rest = rest[os.write(self._stdin, rest) :]
                except BlockingIOError:
                    deadline = deadline or monotonic() + self._limits.write
                    if not self._wait_until_it_reads(deadline - monotonic()):
                        raise Misbehaviour(f"did not read its standard input for {self._limits.write:g} s") from None
                except OSError:
                    raise Misbehaviour("closed its standard input") from None

    def _wait_until_it_reads(self, seconds: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdin, selectors.EVENT_WRITE)
            return bool(seconds > 0 and selector.select(seconds))

    # -- ending -------------------------------------------------------------------------------------------------------
    def end_group(self) -> None:
        """End everybody of its group, at once.  Safe from any thread, any number of times."""
        with self._group_lock:
            if not self._gone.is_set():
                self._signal_group()

    def close(self) -> None:
        """End the group, reap, end both threads, close every pipe.  Safe to repeat; never called by a callback."""
        self.end_group()
        self._waiter.join()
        self._reader.join()
        with self._write_lock:
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()

    def _signal_group(self) -> bool:
        """End the group; whether anybody was there."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        except PermissionError:  # macOS: nobody is left but the unreaped leader
            return False
        return True

    def _wait(self) -> None:
        if hasattr(os, "waitid"):
            # The leader has ended but is not reaped: its number still belongs to its group.
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._process.wait()
        with self._group_lock:
            self._process.wait()
            self._left_children = self._signal_group()
            self._gone.set()
        with contextlib.suppress(BrokenPipeError):  # the reader saw that it is gone, and has ended first
            os.write(self._wake, b".")
        os.close(self._wake)

    # -- reading ------------------------------------------------------------------------------------------------------
    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for pipe in (self._stdout, self._stderr, self._woken):
                selector.register(pipe, selectors.EVENT_READ)
            deadline: float | None = None
            while not self._gone.is_set():
                ready = selector.select(None if deadline is None else max(0.0, deadline - monotonic()))
                if deadline is not None and not ready:
                    self._fault(Misbehaviour("closed its standard output and went on running"))
                    deadline = None
                for key, _ in ready:
                    if key.fd == self._woken:
                        continue
                    if not self._take(key.fd):
                        selector.unregister(key.fd)
                        if key.fd == self._stdout and not self._faulty:
                            deadline = monotonic() + self._limits.answer
        # It has ended.  What it wrote is in the pipes, whoever else may hold them open.
        for pipe in (self._stderr, self._stdout):
            while not self._faulty and self._take(pipe):
                pass
        os.close(self._woken)
        self._on_exit(Exit(self._process.returncode, bytes(self._buffer), self._left_children))

    def _take(self, pipe: int) -> bool:
        """Read what is there; False at the end of the pipe, and once it has ended and nothing is there."""
        try:
            data = os.read(pipe, CHUNK)
        except BlockingIOError:
            return not self._gone.is_set()
        except OSError:
            return False
        try:
            if pipe == self._stderr:
                self._complain(data)
            else:
                self._lines(data)
        except Misbehaviour as fault:
            self._fault(fault)
        return bool(data)

    def _complain(self, data: bytes) -> None:
        self._complaints += len(data)
        self._tail = (self._tail + data)[-TAIL:]
        if self._complaints > self._limits.complaints:
            raise Misbehaviour(f"wrote more than {self._limits.complaints:,} bytes to standard error")

    def _lines(self, data: bytes) -> None:
        if self._faulty:
            return
        self._buffer += data
        while (end := self._buffer.find(b"\n", self._scanned)) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._scanned = 0
            self._within_limit(len(line))
            self._on_line(line)
        self._scanned = len(self._buffer)
        self._within_limit(self._scanned)

    def _within_limit(self, size: int) -> None:
        if size > self._limits.line:
            raise Misbehaviour(f"wrote a line of more than {self._limits.line:,} bytes")

    def _fault(self, fault: Misbehaviour) -> None:
        if self._faulty:
            return
        self._faulty = True
        self.end_group()
        self._on_fault(fault)
