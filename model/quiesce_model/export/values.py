"""States and scopes as JSON: enumeration members by name, maps as lists in the order of their keys."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from quiesce_model.language.sorts import Scope, Sort

__all__ = ["plain", "scope_of", "state_of", "write_scope"]


def plain(value: Any) -> Any:
    """A value of a state as JSON has it."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, dict):
        return [plain(v) for v in value.values()]
    return bool(value) if isinstance(value, bool) else int(value)


def state_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """A state, given by names."""
    return {name: plain(value) for name, value in values.items()}


def write_scope(scope: Scope) -> dict[str, int | None]:
    """A scope by the names of its sorts."""
    return {sort.__name__: n for sort, n in scope.items()}


def scope_of(written: Mapping[str, int | None], sorts: Mapping[str, type[Sort]]) -> dict[type, int | None]:
    """The scope that was written.

    :param sorts: the sorts by name.
    :raises KeyError: a sort is not among them.
    """
    return {sorts[name]: n for name, n in written.items()}
