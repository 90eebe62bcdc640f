"""Client threads: each calls the plugin without pause and keeps its own record of what it saw.

A client's list belongs to its thread until the thread has ended, so recording takes no lock.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, Protocol

from quiesce_conformance import Answer, Call, Ending, Gate, ProbeError

from .word_index import TEXT

__all__ = ["Callee", "Client", "Numbers", "record_call"]

WORDS = tuple(TEXT.split())
BURST, PAUSE = 8, 0.006
"""So many calls one after the other, and then up to so many seconds of nothing."""
PLACES = {word: place for place, word in enumerate(WORDS)}


class Callee(Protocol):
    """The one thing that a client needs."""

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the plugin."""


class Numbers:
    """Call numbers that no two clients share: client k of n takes k, k + n, k + 2n, ..."""

    def __init__(self, first: int, step: int) -> None:
        self._next, self._step = first, step

    def take(self) -> int:
        """The next one.  For one thread only."""
        number = self._next
        self._next += self._step
        return number


def record_call(
    subject: Callee,
    calls: list[Call],
    client: int,
    number: int,
    function: str,
    args: tuple[object, ...] = (),
    *,
    value: object = None,
    outer: int | None = None,
    refusals: tuple[type[BaseException], ...] = (),
) -> Answer | None:
    """Make one call and append what came of it to `calls`.

    Args:
        subject: what is called.
        calls: the list of this thread.
        client: the client's number.
        number: the call's number; the plugin sends it back.
        function: name of the exported function; `args` follow the call's number.
        args: further arguments.
        value: what the answer's value must be; `None`: not looked at.
        outer: the number of the call that this one is made inside of.
        refusals: errors by which the subject may decline the call altogether.

    """
    invoked = monotonic_ns()
    answer: Answer | None = None
    ending, error = Ending.RESULT, ""
    try:
        answer = subject.call(function, number, *args)
    except ProbeError as raised:
        answer, ending = raised.answer, Ending.RAISED
    except refusals as raised:
        ending, error = Ending.REFUSED, repr(raised)
    except Exception as raised:  # noqa: BLE001 - whatever comes out is the finding, and the load goes on
        ending, error = Ending.BROKEN, repr(raised)
    returned = monotonic_ns()
    if answer is None:
        calls.append(Call(number, client, invoked, None, None, returned, (), ending, outer, error))
        return None
    if answer.number != number or (value is not None and answer.value != value):
        ending, error = Ending.FOREIGN, f"expected the value {value!r} of call {number}, got {answer!r}"
    calls.append(
        Call(number, client, invoked, answer.started, answer.ended, returned, answer.versions, ending, outer, error)
    )
    return answer


class Client(threading.Thread):
    """Calls the subject until it is told to stop."""

    def __init__(self, subject: Callee, client: int, clients: int, seed: int, halt: threading.Event) -> None:
        super().__init__(name=f"client-{client}", daemon=True)
        self.calls: list[Call] = []
        self.failure: BaseException | None = None
        self._subject, self._client, self._halt = subject, client, halt
        self._numbers = Numbers(client, clients)
        self._random = random.Random(f"{seed}/{client}")

    def run(self) -> None:
        """Until the halt event is set."""
        try:
            while not self._halt.is_set():
                for _ in range(BURST):
                    self._one()
                # A pause, as between the requests of a service: without it, the clients leave the upgrades no
                # interpreter time, and there is less to see, not more.
                self._halt.wait(self._random.random() * PAUSE)
        except BaseException as error:  # noqa: BLE001 - a thread has no caller: the driver reads it after the join
            self.failure = error

    def _one(self) -> None:
        dice = self._random.random()
        number = self._numbers.take()
        if dice < 0.70:
            words = tuple(self._random.choices(WORDS, k=8))
            self._record(number, "search", (words,), value=tuple(PLACES[word] for word in words))
        elif dice < 0.85:
            self._record(number, "browse", (4,), value=len(WORDS))
        elif dice < 0.90:
            self._record(number, "fail")
        elif dice < 0.95:
            self._record(number, "learn", ("word",), value="word")
        else:
            self._record(number, "nested", (self._inner(number), None))

    def _record(self, number: int, function: str, args: tuple[object, ...] = (), *, value: object = None) -> None:
        record_call(self._subject, self.calls, self._client, number, function, args, value=value)

    def _inner(self, outer: int) -> Callable[[], Answer | None]:
        number = self._numbers.take()

        def inner() -> Answer | None:
            return record_call(
                self._subject, self.calls, self._client, number, "search", (WORDS[:2],), value=(0, 1), outer=outer
            )

        return inner


class Caller(threading.Thread):
    """One call on a thread of its own: the driver's calls, and those that hang."""

    def __init__(self, subject: Callee, client: int, number: int, function: str, args: tuple[object, ...]) -> None:
        super().__init__(name=f"call-{number}", daemon=True)
        self.number = number
        self.calls: list[Call] = []
        self.answer: Answer | None = None
        self._make = (subject, self.calls, client, number, function, args)

    def run(self) -> None:
        """Make the call."""
        try:
            self.answer = record_call(*self._make)
        finally:
            for argument in self._make[-1]:
                if isinstance(argument, Gate):
                    argument.leave()  # a call that fails before its gate must not keep the driver waiting


def hang(subject: Callee, client: int, number: int, gate: Gate) -> Caller:
    """Start a call that waits at `gate`; returns when it is inside the plugin."""
    caller = Caller(subject, client, number, "wait", (gate,))
    caller.start()
    if not gate.reached(30.0):
        raise TimeoutError("expected a call to get into the plugin within 30 s")
    return caller
