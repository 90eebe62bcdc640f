"""The rules, transitions and operations of ``specs/rules.toml``, as typed data.

Why a data file: model claims, tests, code comments, the verdict table and the docs all refer to a rule by its id, and
an id that lives in one place can be linted (``tests/unit/test_rules.py``).  Rejected: an ``Enum`` of ids, because the
texts would drift away from it; docstrings as the source, because other tools could not read them.

The file is read from ``specs/`` in a source checkout and from inside the package in an installed wheel.
What each rule rests on in a checkout is listed by ``python -m tests.unit.evidence``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

__all__ = ["Kind", "Operation", "Rule", "RulesError", "Transition", "groups", "operations", "rules", "transitions"]

Kind = Literal["safety", "liveness", "api"]
Evidence = Literal["proved", "explored", "tested", "observed"]


class RulesError(Exception):
    """``rules.toml`` is missing, or an entry of it is not what it should be; says which entry, and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise with a stable id."""

    id: str
    """A group letter and a number, such as ``R3``; never reused."""
    title: str
    """A few words, for a table."""
    statement: str
    """The promise itself, in full sentences."""
    kind: Kind
    scope: str
    """What the rule does not say, and what it assumes."""
    evidence: frozenset[Evidence]
    """What the rule is meant to rest on."""
    group: str
    """The title of its group, such as ``Requests``."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One edge of the state machine (rule L1)."""

    source: str
    target: str
    by: tuple[str, ...]
    """The names of the model actions that take this edge."""
    when: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Where one public operation is legal (rule L3)."""

    name: str
    legal: frozenset[str]


def path() -> Path:
    """The ``rules.toml`` in force: the checkout's own, else the one inside the installed package."""
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent / "specs" / "rules.toml"
    for candidate in (checkout, package / "specs" / "rules.toml"):
        if candidate.is_file():
            return candidate
    raise RulesError(
        f"rules.toml: expected {checkout} or a copy inside the installed package {package}, found neither; "
        "reinstall quiesce"
    )


def rules() -> Mapping[str, Rule]:
    """Every rule by id, in the order of the file.  Read once; safe from any thread."""
    return _load()[0]


def transitions() -> tuple[Transition, ...]:
    """Every legal edge between the six states."""
    return _load()[1]


def operations() -> Mapping[str, Operation]:
    """Every public operation by name, with the states in which it is legal."""
    return _load()[2]


def groups() -> Mapping[str, str]:
    """Group letter to group title, in the order of the file."""
    return MappingProxyType({rule.id[0]: rule.group for rule in rules().values()})


@cache
def _load() -> tuple[Mapping[str, Rule], tuple[Transition, ...], Mapping[str, Operation]]:
    return parse(path().read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Mapping[str, Rule], tuple[Transition, ...], Mapping[str, Operation]]:
    """Read the text of a ``rules.toml``.

    Raises:
        RulesError: a doubled id, an unknown group, kind or evidence word, an empty text, a missing field.

    """
    data = tomllib.loads(text)
    titles = {_field(entry, "letter"): _field(entry, "title") for entry in data.get("group", [])}
    found: dict[str, Rule] = {}
    for entry in data.get("rule", []):
        rule = _rule(entry, titles)
        if rule.id in found:
            raise RulesError(f"rule {rule.id}: expected an id once, got it twice; use the next free number")
        found[rule.id] = rule
    edges = tuple(
        Transition(_field(entry, "from"), _field(entry, "to"), tuple(entry["by"]), _field(entry, "when"))
        for entry in data.get("transition", [])
    )
    legal = {
        name: Operation(name, frozenset(entry["legal"]))
        for entry in data.get("operation", [])
        for name in [_field(entry, "name")]
    }
    return MappingProxyType(found), edges, MappingProxyType(legal)


def _rule(entry: dict[str, Any], titles: Mapping[str, str]) -> Rule:
    name = _field(entry, "id")
    if name[0] not in titles or not name[1:].isdigit():
        raise RulesError(f"rule {name}: expected a letter of {sorted(titles)} and a number, got {name!r}")
    kind = _field(entry, "kind")
    if kind not in get_args(Kind):
        raise RulesError(f"rule {name}: expected kind to be one of {get_args(Kind)}, got {kind!r}")
    evidence = entry.get("evidence", [])
    strange = sorted(set(evidence) - set(get_args(Evidence)))
    if strange or not evidence:
        raise RulesError(f"rule {name}: expected evidence out of {get_args(Evidence)}, got {evidence!r}")
    return Rule(
        id=name,
        title=_field(entry, "title"),
        statement=_field(entry, "statement"),
        kind=cast(Kind, kind),
        scope=_field(entry, "scope"),
        evidence=frozenset(evidence),
        group=titles[name[0]],
    )


def _field(entry: Mapping[str, Any], field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise RulesError(f"{entry.get('id', entry)}: expected {field} to be a text, got {value!r}")
    return value
