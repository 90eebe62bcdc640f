"""Grounded expressions as Python text.

A cell is read straight out of the tuple that holds it (``E[4]``, ``A0[1]``): CPython indexes a tuple by a constant in
one specialised instruction, and the tables in front of this code make it run once for each pair of parts, not once for
each state (see ``layout``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quiesce_model.explore.layout import Layout
from quiesce_model.language.expr import Expr
from quiesce_model.language.sorts import BOOL, INT, MapSort, domain, ordinal

__all__ = ["Writer", "compile_text"]


def compile_text(text: str, name: str, names: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run generated text; the namespace that it leaves."""
    space: dict[str, Any] = dict(names or {})
    exec(compile(text, f"<generated from {name}>", "exec"), space)
    return space


class Writer:
    """Writes expressions over the cells of a layout.

    ``E`` is the shared part, ``A0``, ``A1`` ... are the local ones; after a step they are ``F``, ``B0``, ``B1`` ...
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def cell(self, name: str, index: int | None) -> str:
        """The text that reads one cell."""
        after = name.endswith("'")
        element, position = self.layout.place[name.rstrip("'"), index]
        if element is None:
            return f"F[{position}]" if after else f"E[{position}]"
        return f"B{element}[{position}]" if after else f"A{element}[{position}]"

    def __call__(self, e: Expr) -> str:
        """The text of an expression."""
        op, a = e.op, e.args
        match op:
            case "const":
                return str(ordinal(a[0]))
            case "cell":
                return self.cell(*a)
            case "read":
                return self._read(a[0], a[1])
            case "and" | "or":
                return "(" + f" {op} ".join(map(self, a)) + ")"
            case "not":
                if a[0].op == "=":
                    return f"({self(a[0].args[0])} != {self(a[0].args[1])})"
                return f"(not {self(a[0])})"
            case "=":
                return f"({self(a[0])} == {self(a[1])})"
            case "ite":
                return f"({self(a[1])} if {self(a[0])} else {self(a[2])})"
            case "mod":
                return f"({self(a[0])} % {self(a[1])})"
            case "<" | "<=" | "+" | "-":
                return f"({self(a[0])} {op} {self(a[1])})"
        msg = f"not a grounded expression: {e!r}"
        raise TypeError(msg)

    def number(self, e: Expr) -> str:
        """The text of an expression that is to be stored: a bool as 0 or 1."""
        stored = e.op in {"const", "cell", "read"}
        return self(e) if e.sort is not BOOL or stored else f"(1 if {self(e)} else 0)"

    def _read(self, arr: Expr, idx: Expr) -> str:
        assert isinstance(arr.sort, MapSort)
        name, size = arr.args[0], domain(arr.sort.key, self.layout.scope)
        first = self.layout.place[name.rstrip("'"), 0]
        part = "F" if name.endswith("'") else "E"
        i = self(idx)
        if first[0] is not None:  # a map over the local sort: its cells lie in as many parts
            return f"({', '.join(self.cell(name, k) for k in range(size))},)[{i}]"
        # A cell of the key's sort cannot leave its scope; whatever may, reads as 0 there (see `Grounder.default`).
        if idx.sort is not INT and idx.op in {"cell", "read"} and idx.sort == arr.sort.key:
            return f"{part}[{i} + {first[1]}]" if first[1] else f"{part}[{i}]"
        return f"({part}[i + {first[1]}] if 0 <= (i := {i}) < {size} else 0)"

    def part(self, cells: Mapping[int, Expr], width: int, old: str) -> str:
        """The text of a part of which some cells change; ``old`` if none does."""
        if not cells:
            return old
        return "(" + "".join(f"{self.number(cells[k]) if k in cells else f'{old}[{k}]'}, " for k in range(width)) + ")"
