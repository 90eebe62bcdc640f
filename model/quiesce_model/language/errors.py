"""What can be wrong with a model, as typed errors.

Every error says what was expected, what was got and what to write instead.  ``Disabled`` and
``OutOfScope`` are no errors of the model: they are how a method of a running model says that it
takes no step here.  They do not derive from each other: a refused step is knowledge about the
protocol, a step out of scope is a hole in what was looked at, and mixing them up would make a
finite search pass for a complete one.
"""

from __future__ import annotations

from dataclasses import dataclass


class ModelError(Exception):
    """The model, or the way it is used, is not what the modelling language allows."""


class ScopeError(ModelError):
    """A finite scope lacks a sort, or gives it a size that is not a positive whole number."""


@dataclass(frozen=True)
class Place:
    """A place in the source of a model: lines from 1, columns from 1."""

    file: str
    line: int
    column: int
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def _shown(place: Place | None, reason: str, advice: str) -> list[str]:
    out = [reason if place is None else f"{place}: {reason}"]
    if place is not None:
        out += [f"    {place.source}", "    " + " " * (place.column - 1) + "^"]
    return [*out, f"  write instead: {advice}"] if advice else out


class DefinitionError(ModelError):
    """A model class is not well formed: its state, its roles or what it overrides.

    :param reason: what was expected and what was got.
    :param place: where, if that is known.
    :param advice: what to write instead; may be empty.
    """

    def __init__(self, reason: str, place: Place | None = None, advice: str = "") -> None:
        self.reason, self.place, self.advice = reason, place, advice
        super().__init__(reason, place, advice)

    def __str__(self) -> str:
        return "\n".join(_shown(self.place, self.reason, self.advice))


class ReadError(ModelError):
    """The source of a method is not in the part of Python that is read as a model.

    :param place: where; ``place.source`` is the offending line.
    :param reason: what was expected and what was got.
    :param advice: what to write instead; may be empty.
    :param inlined: the calls through which the reader came here, outermost first.
    """

    def __init__(self, place: Place, reason: str, advice: str = "", inlined: tuple[str, ...] = ()) -> None:
        self.place, self.reason, self.advice, self.inlined = place, reason, advice, inlined
        super().__init__(place, reason, advice, inlined)

    @property
    def file(self) -> str:
        """The file that holds the offending line."""
        return self.place.file

    @property
    def line(self) -> int:
        """The line, counted from 1."""
        return self.place.line

    @property
    def column(self) -> int:
        """The column, counted from 1."""
        return self.place.column

    def __str__(self) -> str:
        out = _shown(self.place, self.reason, self.advice)
        if self.inlined:
            out.append(f"  read by way of: {' > '.join(self.inlined)}")
        return "\n".join(out)


class Disabled(Exception):
    """The guard of an action does not hold here.

    :param index: the number, from 0, of the first condition of its ``require`` that is false.
    """

    def __init__(self, index: int = 0) -> None:
        self.index = index
        super().__init__(index)


class OutOfScope(Exception):
    """The step needs a number that the finite scope does not have.

    :param what: the state variable or map that was to hold or to be read at the number.
    :param value: the number.
    :param sort: the sort whose scope ran out.
    """

    def __init__(self, what: str, value: int, sort: type) -> None:
        self.what, self.value, self.sort = what, value, sort
        super().__init__(what, value, sort)

    def __str__(self) -> str:
        return f"{self.what}: {self.sort.__name__} {self.value} is beyond the scope"
