"""What a run of a hot-reload implementation left behind: calls, publications, lives of versions.

A history is recorded from outside (by the clients, by the one who upgrades, and by the plugin's own probe), so
it says nothing about how the implementation works and can be taken from any of them.

All stamps are integers of one clock that never runs backwards for any pair of threads (`time.monotonic_ns`, or
a counter under one lock).  **Equal stamps mean "at once", never "before"**: a check must find a strict order
before it may speak of one, so a coarse clock costs sharpness and never raises a false alarm.

Versions are named by a number that is given to an instance when it is built and never used again.  The number
says nothing of an order: the order is that of the publications, so a revert is simply one more publication of a
version that had been published before.

Rejected: records built by the implementation under test (it would mark its own work), and one shared event list
(its lock would serialise exactly the races that are looked for; each client keeps a list of its own instead).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

__all__ = [
    "Call",
    "Ending",
    "Handover",
    "History",
    "HistoryError",
    "Life",
    "Outcome",
    "Publication",
    "Rest",
    "Sighting",
    "Verdict",
    "Violation",
]


class HistoryError(ValueError):
    """The record itself cannot be right (stamps out of order, an unknown reference): the recorder's fault."""


class Ending(Enum):
    """How a call ended, as its client saw it."""

    RESULT = "its own result"
    RAISED = "its own exception"
    FOREIGN = "the result of another call"
    BROKEN = "an exception that is not the function's own"
    REFUSED = "refused before it started, with a typed error (after an unregister)"


class Call(NamedTuple):
    """One call, from its client's and from the plugin's own view.

    A named tuple, since a run makes hundreds of thousands of them.

    `invoked` and `returned` are the client's stamps; `started` and `ended` are taken by the plugin function
    itself as its first and its last act.  `None` for a stamp that was never reached.  The true start of the
    call lies between `invoked` and `started`.
    """

    number: int
    client: int
    invoked: int
    started: int | None
    ended: int | None
    returned: int | None
    versions: tuple[int, ...]
    """Every version that the call met on its way (code, data, at the start and at the end): one and the same
    number again and again, if R2 holds."""
    ending: Ending = Ending.RESULT
    outer: int | None = None
    """The number of the call inside which this one was made, on the same plugin and thread."""
    error: str = ""

    @property
    def version(self) -> int | None:
        """The version that the call started on, `None` if it never started."""
        return self.versions[0] if self.versions else None

    def __str__(self) -> str:
        ran = f"on version {self.version}" if self.versions else "never started"
        return f"call {self.number} of client {self.client}, {ran} (invoked {self.invoked}, started {self.started})"


class Publication(NamedTuple):
    """`version` became the current one at an instant between `begun` and `done`.

    `done` is `None` while that is not known to have ended.  `drained` says that the implementation promised to
    have waited for the calls before it (CONTINUE, HOLD); `exclusive` that no old call may run beside a new one
    (HOLD).
    """

    version: int
    begun: int
    done: int | None
    drained: bool = False
    exclusive: bool = False
    revert: bool = False

    def __str__(self) -> str:
        kind = "revert to" if self.revert else "publication of"
        return f"{kind} version {self.version} (between {self.begun} and {self.done})"


@dataclass(slots=True)
class Life:
    """The life of one version as its own instance recorded it."""

    version: int
    built: int
    initialised: int | None = None
    closed: list[int] = field(default_factory=list)
    """A stamp for every time that its close hook ran: exactly one in the end."""


class Handover(NamedTuple):
    """State was exported by `old` at `exported` and imported by `new`, which was done at `imported`."""

    old: int
    new: int
    exported: int
    imported: int


class Sighting(NamedTuple):
    """One consistent look at the plugin from outside: which version and which manifest it said to have."""

    begun: int
    done: int
    version: int
    manifest: int
    """The version that the manifest belongs to."""
    state: str = ""
    """The name of the state; empty if it was not looked at."""


class Rest(NamedTuple):
    """From `begun` to `done` no operation was under way, and the last one had left the plugin in `state`."""

    begun: int
    done: int
    state: str


class Outcome(Enum):
    """What may be said of a rule after a history was checked against it."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNSEEN = "not seen"
    """Nothing happened that could have broken the rule: no evidence, and therefore never green."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule was broken; `witness` are the few records (mostly two) that are enough to see it."""

    rule: str
    what: str
    witness: tuple[object, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.rule}: {self.what}", *(f"    {record}" for record in self.witness)])


@dataclass(slots=True)
class Verdict:
    """What a history says of one rule.

    `checked` counts the records that could have broken the rule, `sometimes` what must have been seen for the
    rule to have been in danger at all.
    """

    rule: str
    checked: int = 0
    violations: list[Violation] = field(default_factory=list)
    sometimes: dict[str, int] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        if self.violations:
            return Outcome.BROKEN
        if not self.checked or not all(self.sometimes.values()):
            return Outcome.UNSEEN
        return Outcome.HOLDS

    @property
    def unseen(self) -> tuple[str, ...]:
        """The names of what should have been seen and was not."""
        return tuple(name for name, count in self.sometimes.items() if not count)

    def broken(self, what: str, *witness: object) -> None:
        """Note a violation."""
        self.violations.append(Violation(self.rule, what, witness))


@dataclass(slots=True)
class History:
    """All that was recorded about one plugin.

    Publications stand in the order in which they happened; the first one is the registration.  `settled` says
    that the run came to its end in good order: all calls had returned and no upgrade was under way, so that what
    is still open by then is a leak.
    """

    publications: Sequence[Publication]
    calls: Sequence[Call] = ()
    lives: Sequence[Life] = ()
    handovers: Sequence[Handover] = ()
    sightings: Sequence[Sighting] = ()
    rests: Sequence[Rest] = ()
    settled: bool = True

    def check_record(self) -> None:
        """Raise `HistoryError` if the record contradicts itself."""
        if not self.publications:
            raise HistoryError("expected the registration as the first publication, got no publication at all")
        previous = None
        for publication in self.publications:
            if publication.done is not None and publication.done < publication.begun:
                raise HistoryError(f"expected begun <= done, got {publication}")
            if previous is not None and previous > (publication.done if publication.done is not None else previous):
                raise HistoryError(f"expected publications in the order in which they happened, got {publication}")
            previous = publication.begun
        for call in self.calls:
            stamps = [s for s in (call.invoked, call.started, call.ended, call.returned) if s is not None]
            if stamps != sorted(stamps):
                raise HistoryError(f"expected invoked <= started <= ended <= returned, got {call!r}")
            if (call.started is None) != (not call.versions):
                raise HistoryError(f"expected versions exactly for a call that started, got {call!r}")


def merged(parts: Iterable[Iterable[Call]]) -> list[Call]:
    """The calls of all clients as one list, in the order of their invocation."""
    return sorted((call for part in parts for call in part), key=lambda call: call.invoked)
