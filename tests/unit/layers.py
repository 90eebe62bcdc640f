"""The import rules of the project, as functions over source text, so that they can be tried on bad snippets.

Why our own `ast` walk and not an import linter from the package index: five rules, no configuration language, and the
findings name file, line and reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import stdlib_module_names

ROOT = Path(__file__).resolve().parents[2]
KERNEL = "quiesce._kernel"
SEAM = "quiesce._kernel.seam"
"""The one module that may reach for locks, clocks and threads."""
SEAM_ONLY = frozenset(
    {"threading", "_thread", "time", "queue", "concurrent", "multiprocessing", "asyncio", "contextvars"}
)


@dataclass(frozen=True)
class Finding:
    """One broken rule, at one place."""

    module: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class Source:
    """One module, by its dotted name."""

    module: str
    tree: ast.Module
    package: bool = False

    @classmethod
    def of(cls, module: str, text: str, *, package: bool = False) -> Source:
        return cls(module, ast.parse(text), package)

    def only_for_checkers(self, line: int) -> bool:
        """Is the line in the body of an `if TYPE_CHECKING:`?  Checkers know typing_extensions; nobody imports it."""
        return any(
            isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
            and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0)
            for node in ast.walk(self.tree)
        )


def sources(root: Path, package: str) -> Iterator[Source]:
    """Every module of the package that lies below `root`."""
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        init = parts[-1] == "__init__"
        yield Source.of(".".join(parts[:-1] if init else parts), path.read_text(encoding="utf-8"), package=init)


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, inside functions and TYPE_CHECKING blocks as well."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = source.module.split(".")
                above = parts[: len(parts) - node.level + source.package]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def never_imports(source: Source, package: str) -> list[Finding]:
    """The module does not import `package`, by statement or by name."""
    found = [
        Finding(source.module, line, f"imports {name}; {package} must not be known here")
        for line, name in imports(source)
        if within(name, package)
    ]
    for call in _calls(source.tree, {"import_module", "__import__"}):
        match call.args:
            case [ast.Constant(value=str(name)), *_] if within(name, package):
                found.append(Finding(source.module, call.lineno, f"imports {name} by name"))
            case _:
                pass
    return found


def kernel_is_closed(source: Source) -> list[Finding]:
    """A kernel module imports the standard library and the kernel; locks, clocks and threads in the seam only."""
    found = []
    for line, name in imports(source):
        top = name.partition(".")[0]
        typing_only = top == "typing_extensions" and source.only_for_checkers(line)
        if not within(name, KERNEL) and top not in stdlib_module_names and not typing_only:
            found.append(
                Finding(source.module, line, f"imports {name}; the kernel uses the standard library and itself")
            )
        if top in SEAM_ONLY and not within(source.module, SEAM):
            found.append(Finding(source.module, line, f"imports {name}; only {SEAM} may reach for it"))
    return found


def outside_uses_public_names(source: Source, public: frozenset[str]) -> list[Finding]:
    """An outer module reaches the kernel through `quiesce` and its exported names only."""
    if within(source.module, KERNEL) or source.module == "quiesce":
        return []
    found = []
    for line, name in imports(source):
        if within(name, KERNEL):
            found.append(Finding(source.module, line, f"imports {name}; build on what `quiesce` exports"))
        elif name.startswith("quiesce.") and name.count(".") == 1:
            tail = name.partition(".")[2]
            folder = (ROOT / "impl" / "quiesce" / tail).is_dir() or (ROOT / "impl" / "quiesce" / f"{tail}.py").is_file()
            if tail not in public and not folder:
                found.append(Finding(source.module, line, f"imports {tail}, which `quiesce` does not export"))
    return found


def no_sleeping(source: Source) -> list[Finding]:
    """Whoever waits is woken by an event."""
    found = [
        Finding(source.module, line, "imports sleep; wait for an event")
        for line, name in imports(source)
        if name in {"time.sleep", "asyncio.sleep"}
    ]
    found += [
        Finding(source.module, call.lineno, "sleeps; wait for an event") for call in _calls(source.tree, {"sleep"})
    ]
    return found


def no_polling(source: Source) -> list[Finding]:
    """No wait with a small literal timeout."""
    found = []
    for call in _calls(source.tree, {"wait", "acquire", "get", "join", "wait_for", "poll", "select"}):
        timeouts = [keyword.value for keyword in call.keywords if keyword.arg == "timeout"]
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"wait", "join"}:
            timeouts += call.args[:1]
        for value in timeouts:
            match value:
                case ast.Constant(value=int() | float() as seconds) if 0 < seconds < 1:
                    found.append(Finding(source.module, call.lineno, f"waits {seconds} s at a time: that is polling"))
                case _:
                    pass
    return found


def _calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            func = node.func
            name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else None
            if name in names:
                yield node
