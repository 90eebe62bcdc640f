"""An operation, what a sequential specification is, and what is said of a history that has no linearization.

A specification speaks of *steps*.  Most operations are one step; one that others can see half-way (an upgrade that
drains) is several, taken in order at instants of their own between its invocation and its return.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

__all__ = ["UNKNOWN", "Operation", "Specification", "Stuck", "TooManyConfigurations", "Unknown"]


class Unknown(Enum):
    """The result of an operation that never returned."""

    UNKNOWN = "?"


UNKNOWN: Final = Unknown.UNKNOWN


class Operation(NamedTuple):
    """One operation as its client saw it.  `args` and `result` are hashable; stamps are as in `history`."""

    client: int
    name: str
    args: tuple[Hashable, ...]
    result: Hashable
    invoked: int
    returned: int | None
    """None: it never returned.  It may have taken effect, or not, and its result counts as `UNKNOWN`."""
    part: Hashable = None
    """What it was done to, such as a plugin's name.  Operations of different parts know nothing of each other."""

    def __str__(self) -> str:
        result = "?" if self.returned is None else repr(self.result)
        until = "never returned" if self.returned is None else f"returned {self.returned}"
        return (
            f"client {self.client}: {self.name}({', '.join(map(repr, self.args))}) -> {result}"
            f" (invoked {self.invoked}, {until})"
        )


class Specification(Protocol):
    """What the operations do when they are done one after the other.  Stateless: one may be used for many parts."""

    def initial(self) -> Hashable:
        """The state before the first operation."""
        ...

    def steps(self, name: str, args: tuple[Any, ...], result: Any) -> Sequence[Hashable]:
        """The steps of an operation, at least one, in order.

        Raises:
            ValueError: no such operation, or arguments or a result that it cannot have.

        """
        ...

    def after(self, state: Any, step: Any) -> Iterable[Hashable]:
        """The states in which a step may leave that state; none: it cannot be taken there.

        Depends on nothing but the two, for it is asked once for each pair.
        """
        ...

    def observes(self, step: Any) -> bool:
        """Whether a step never changes any state.  Such a step is taken as soon as it can be, which costs nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Stuck:
    """There is no linearization: `operation` returned, and there is no instant at which it can have been done.

    The prefix of `events` invocations and returns is the shortest that has none, where the operations that are
    still under way have the results that they came to later.
    """

    operation: Operation
    events: int
    """How many invocations and returns of its part had been seen, its own return included."""
    states: tuple[Hashable, ...]
    """Every state in which the part may have been before that return, where all before it is well."""
    beside: tuple[Operation, ...]
    """The other operations that were under way."""

    def __str__(self) -> str:
        lines = [f"no linearization after {self.events} events: {self.operation}"]
        lines += [f"    the state before may have been {state!r}" for state in self.states[:10]]
        if len(self.states) > 10:
            lines.append(f"    ... or one of {len(self.states) - 10} more")
        lines += [f"    under way: {operation}" for operation in self.beside]
        return "\n".join(lines)


class TooManyConfigurations(RuntimeError):
    """The operations leave open more than may be carried; nothing is said about the history."""
