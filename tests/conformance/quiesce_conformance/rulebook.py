"""What the rules say: id, title and statement, from ``specs/rules.toml``.

The suite reads the same file as the model does and never a second list.  It is read from ``specs/`` in a checkout and,
in an installed wheel, from where the wheel has its one copy of it: beside `quiesce_model`, which is not imported.

Rejected: asking `quiesce_model.rules`.  The suite must run where only the suite is installed, and reads three texts of
each rule, not the whole table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Promise", "RulebookError", "rulebook"]


class RulebookError(Exception):
    """The file with the rules is missing, or is not what it should be."""


class Promise(NamedTuple):
    """One rule, in the words of the specification."""

    id: str
    """Such as ``R3``; never reused."""
    title: str
    statement: str
    scope: str
    """What the rule does not say."""


@cache
def rulebook() -> Mapping[str, Promise]:
    """Every rule by id, in the order of the file.  Read once; safe from any thread.

    Raises:
        RulebookError: the file is not there, or not what it should be.

    """
    package = Path(__file__).resolve().parent
    places = (package.parents[2] / "specs" / "rules.toml", package.parent / "quiesce_model" / "specs" / "rules.toml")
    for path in places:
        if path.is_file():
            try:
                entries = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
                found = [Promise(e["id"], e["title"], e["statement"], e["scope"]) for e in entries]
            except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
                raise RulebookError(
                    f"{path}: expected rules with id, title, statement and scope, got {error}"
                ) from error
            return MappingProxyType({promise.id: promise for promise in found})
    raise RulebookError(
        f"expected rules.toml at {places[1]} (or, in a checkout, {places[0]}), found neither; reinstall quiesce"
    )
