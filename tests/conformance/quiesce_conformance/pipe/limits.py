"""How long and how much an adapter may: past a limit it is broken, and the suite goes on.

The defaults are generous for a correct adapter on a loaded machine (a Java virtual machine starts in half a second) and
small enough that a hostile one costs seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What an adapter is given.  All times are seconds of monotonic time."""

    start: float = 20.0
    """From the start of the process to its answer to `hello`."""
    answer: float = 5.0
    """For an answer that the adapter owes by itself, whatever the implementation does: to `ping`, after `open`."""
    session: float = 10.0
    """For `make`, with which a session begins: it runs the implementation's registration."""
    rest: float = 2.0
    """For `end`: until the threads of a session have ended once all gates are open.  Past it the process is replaced,
    and no verdict follows: an implementation may be stuck for good, and that is what the checks are there to say."""
    leave: float = 5.0
    """From `bye` to the end of the process."""
    write: float = 5.0
    """For the adapter to take one message off its standard input."""
    line: int = 1 << 20
    """Bytes in one line."""
    lines: int = 1000
    """Lines that may arrive beyond `lines_per_request` for each message that was sent."""
    lines_per_request: int = 50
    complaints: int = 16 << 20
    """Bytes on standard error, in the whole life of the process."""

    def __post_init__(self) -> None:
        """Refuse a limit that is none.

        Raises:
            ValueError: a limit is not a positive number.

        """
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"expected a positive number as limit {field.name!r}, got {value!r}")
