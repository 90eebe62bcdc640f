"""The source of a function as a syntax tree, with its place in the file.

A file is parsed once and its functions are found by their first line (that of the first decorator,
which is what a code object records).  ``inspect.getsource`` was rejected: it cuts text out of the
file for each function, which costs the columns and, for a large model, most of the reading time.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any

from quiesce_model.language.errors import DefinitionError, Place

_COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class Source:
    """One function: its tree and where it stands.

    :param assigned: the names that are local to it, as Python scopes them.
    """

    fn: Any
    tree: ast.FunctionDef
    file: str
    lines: list[str] = field(repr=False)
    assigned: frozenset[str]

    def place(self, node: ast.AST) -> Place:
        """Where a node stands."""
        line = getattr(node, "lineno", self.tree.lineno)
        text = self.lines[line - 1].rstrip("\n") if line <= len(self.lines) else ""
        prefix = text.encode()[: getattr(node, "col_offset", 0)]  # ast counts bytes
        stripped = text.lstrip()
        column = len(prefix.decode(errors="replace")) + 1
        return Place(self.file, line, column, " " * (len(text) - len(stripped)) + stripped)

    def text(self, node: ast.AST) -> str:
        """A node as it is written, on one line."""
        found = ast.get_source_segment("".join(self.lines), node)
        return " ".join((found or ast.unparse(node)).split())

    def full_text(self) -> str:
        """The whole function, decorators included."""
        first = min([self.tree.lineno, *(d.lineno for d in self.tree.decorator_list)])
        return "".join(self.lines[first - 1 : self.tree.end_lineno])


@dataclass(frozen=True)
class _File:
    lines: list[str]
    functions: dict[int, ast.FunctionDef | ast.AsyncFunctionDef]


_FILES: dict[str, _File] = {}
_SOURCES: dict[FunctionType, Source] = {}


def _file(code: CodeType, names: dict[str, Any]) -> _File:
    name = code.co_filename
    lines = linecache.getlines(name, names)
    found = _FILES.get(name)
    if found is None or (found.lines is not lines and found.lines != lines):
        if not lines:
            raise DefinitionError(
                f"{code.co_qualname}: the source is not there ({name}); a model has to be in a file to be read"
            )
        functions: dict[int, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        for node in ast.walk(ast.parse("".join(lines), name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions[min([node.lineno, *(d.lineno for d in node.decorator_list)])] = node
        found = _FILES[name] = _File(lines, functions)
    return found


def source_of(fn: FunctionType) -> Source:
    """The source of a function.

    :raises DefinitionError: it has none, or the file changed after it was loaded.
    """
    found = _SOURCES.get(fn)  # not by its code: that of two functions in two files may be equal
    if found is None:
        found = _SOURCES[fn] = source_of_code(fn.__code__, fn.__globals__, fn)
    return found


def source_of_code(code: CodeType, names: dict[str, Any], fn: FunctionType | None = None) -> Source:
    """The source of a code object, whose module has these global names.

    :raises DefinitionError: it has none, or the file changed after it was loaded.
    """
    file = _file(code, names)
    tree = file.functions.get(code.co_firstlineno)
    if tree is None or tree.name != code.co_name:
        raise DefinitionError(
            f"{code.co_qualname}: {code.co_filename}:{code.co_firstlineno} does not define it "
            f"(a lambda, or the file changed after it was loaded)",
            _line(file, code.co_filename, code.co_firstlineno),
            "a method of the model, with def; if it has one, load the file again",
        )
    if isinstance(tree, ast.AsyncFunctionDef):
        reason = f"{code.co_qualname}: 'async' is not part of the modelling language"
        advice = "def without async: an action is one atomic step"
        raise DefinitionError(reason, _line(file, code.co_filename, tree.lineno), advice)
    params = frozenset(a.arg for a in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs))
    return Source(fn, tree, code.co_filename, file.lines, params | frozenset(_stored(tree.body)))


def _line(file: _File, name: str, line: int) -> Place | None:
    if not 0 < line <= len(file.lines):
        return None
    text = file.lines[line - 1].rstrip("\n")
    return Place(name, line, len(text) - len(text.lstrip()) + 1, text)


def _stored(nodes: list[Any]) -> Iterator[str]:
    """The names that a block assigns, but for those inside comprehensions, which have scopes of their own."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if isinstance(node, (*_COMPREHENSIONS, *_INNER)):
            continue
        yield from _stored(list(ast.iter_child_nodes(node)))


def has_return(node: ast.AST) -> bool:
    """Whether a statement may return from the function."""
    return any(isinstance(n, ast.Return) for n in ast.walk(node))


def behind_return(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The first statement of each block that stands behind a ``return`` of the same block."""
    for i, st in enumerate(statements):
        if isinstance(st, ast.Return) and i + 1 < len(statements):
            yield statements[i + 1]
        for block in (getattr(st, "body", []), getattr(st, "orelse", [])):
            if not isinstance(st, _INNER):
                yield from behind_return(block)
