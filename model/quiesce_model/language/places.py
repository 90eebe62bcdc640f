"""Where a class of a model, or a member of it, stands in its file: for errors that are raised while it is made.

A class statement runs before anything could ask ``inspect`` for its source, so the place is taken from the frame that
runs it, and the member's line from the syntax tree of the file.  Where there is no file to read, there is no place, and
the error goes without: a place is a help, never a condition.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from pathlib import Path

from quiesce_model.language.errors import Place

__all__ = ["calling_place", "member_place", "written_twice"]

_PACKAGE = str(Path(__file__).parent)
_CLASSES: dict[str, tuple[list[str], list[ast.ClassDef]]] = {}


def calling_place() -> Place | None:
    """The line outside of this package that is being run."""
    frame = sys._getframe(1)  # noqa: SLF001 - there is no other way to the line that is being run
    while frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    return _place(frame.f_code.co_filename, lines, frame.f_lineno) if 0 < frame.f_lineno <= len(lines) else None


def _place(file: str, lines: list[str], line: int) -> Place:
    text = lines[line - 1].rstrip("\n")
    return Place(file, line, len(text) - len(text.lstrip()) + 1, text)


def _class(origin: Place, name: str) -> tuple[list[str], ast.ClassDef] | None:
    lines = linecache.getlines(origin.file)
    found = _CLASSES.get(origin.file)
    if found is None or found[0] is not lines:
        try:
            nodes = [n for n in ast.walk(ast.parse("".join(lines))) if isinstance(n, ast.ClassDef)]
        except SyntaxError:  # the file is not what was loaded
            return None
        found = _CLASSES[origin.file] = lines, nodes
    for node in found[1]:
        if node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= origin.line <= (node.end_lineno or first):
                return lines, node
    return None


def _members(cls: ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    for st in cls.body:
        match st:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, st
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, st
            case ast.Assign():
                for target in st.targets:
                    if isinstance(target, ast.Name):
                        yield target.id, st


def member_place(origin: Place | None, cls: str, member: str) -> Place | None:
    """Where a member of a class stands; the class itself if it is not found.  ``origin``: where the class stands."""
    found = _class(origin, cls) if origin is not None else None
    if origin is None or found is None:
        return origin
    lines, tree = found
    at = [st for name, st in _members(tree) if name == member]
    return _place(origin.file, lines, at[-1].lineno) if at else origin


def written_twice(origin: Place | None, cls: str) -> Iterator[tuple[str, Place]]:
    """The members that a class body defines a second time, and where: Python silently forgets the first."""
    found = _class(origin, cls) if origin is not None else None
    if origin is None or found is None:
        return
    lines, tree = found
    seen: set[str] = set()
    for name, st in _members(tree):
        if name in seen and not _of_property(st):
            yield name, _place(origin.file, lines, st.lineno)
        seen.add(name)


def _of_property(st: ast.stmt) -> bool:
    decorators = st.decorator_list if isinstance(st, ast.FunctionDef) else []
    return any(isinstance(d, ast.Attribute) and d.attr in {"setter", "deleter", "getter"} for d in decorators)
