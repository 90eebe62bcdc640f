"""Python source read once: the bytes that are hashed are the bytes that run.

A `Snapshot` holds the bytes of a plugin's file, or of every Python file of its package directory.  A build imports
them under a private name that no other build ever has, through a finder that knows only snapshots, so

- two versions of one file live side by side, each with its own module tree;
- an edit of the file after it was read changes nothing;
- a failing import leaves nothing behind in `sys.modules`, sub-modules included.

Rejected: `importlib.reload` (changes the old version's module under its running calls), `sys.path` (a plugin could
shadow the host's modules), leaving the module out of `sys.modules` (dataclasses, pickle and a later `from . import x`
need it there), and `.pyc` files (bytes that nobody hashed).

A plugin imports its own files relatively (`from . import words`); everything else it imports is the host's.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import linecache
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path
from types import MappingProxyType, ModuleType

__all__ = ["LoadError", "Snapshot", "SourceFile", "import_snapshot", "read", "unload"]

_PREFIX = "_quiesce_plugin_"
_serial = itertools.count(1)
_installing = threading.Lock()


class LoadError(ValueError):
    """A plugin's source cannot be used: says which path, what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One Python file as it was read."""

    path: Path
    data: bytes
    is_package: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A plugin's source at one instant; immutable."""

    path: Path
    modules: Mapping[str, SourceFile]
    """Dotted name below the plugin, `""` for its top, to the file."""
    manifest: bytes | None
    """The bytes of the manifest file beside the source, if there is one."""
    sha256: str
    """Over every module's name and bytes, in the order of the names, and the manifest file."""

    @property
    def top(self) -> SourceFile:
        """The file that is imported first."""
        return self.modules[""]


def read(path: str | Path) -> Snapshot:
    """Read a Python file, or a package directory with an `__init__.py`, each file once.

    Raises:
        LoadError: there is no such file, it is not Python source, or the package holds a compiled extension.

    """
    top = Path(path)
    try:
        if top.is_dir():
            files, beside = _read_package(top), top / "plugin.toml"
        elif top.suffix == ".py":
            files, beside = {"": SourceFile(top, top.read_bytes(), is_package=False)}, top.with_suffix(".toml")
        else:
            raise LoadError(f"{top}: expected a .py file or a package directory, got {_kind(top)}")
        manifest = beside.read_bytes() if beside.is_file() else None
    except OSError as error:
        raise LoadError(f"{top}: expected a readable .py file or package directory: {error}") from error
    digest = hashlib.sha256()
    parts = [(name, files[name].data) for name in sorted(files)]
    for name, data in [*parts, *([("manifest", manifest)] if manifest is not None else [])]:
        digest.update(f"{len(name)}:{name}:{len(data)}:".encode())
        digest.update(data)
    return Snapshot(top, MappingProxyType(files), manifest, digest.hexdigest())


def _kind(path: Path) -> str:
    if not path.exists():
        return "nothing there"
    return f"a file with the suffix {path.suffix!r}"


def _read_package(top: Path) -> dict[str, SourceFile]:
    files: dict[str, SourceFile] = {}
    for path in sorted(top.rglob("*")):
        if path.name.endswith(tuple(EXTENSION_SUFFIXES)):
            raise LoadError(
                f"{path}: expected Python source, got a compiled extension: a process can load it only once, "
                "so a new version of it needs a restart"
            )
        if path.suffix != ".py" or not path.is_file():
            continue
        parts = path.relative_to(top).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        files[name] = SourceFile(path, path.read_bytes(), is_package)
    if "" not in files:
        raise LoadError(f"{top}: expected a package with an __init__.py, got a directory without one")
    return files


def import_snapshot(snapshot: Snapshot) -> ModuleType:
    """Import the snapshot under a new private name.  Safe from any thread.

    Raises whatever the plugin's code raises while it is imported (`SyntaxError` included); then nothing of it is
    left in `sys.modules`.
    """
    _FINDER.install()
    stem = "".join(c if c.isalnum() else "_" for c in snapshot.path.stem)
    name = f"{_PREFIX}{next(_serial)}_{stem}"
    _FINDER.snapshots[name] = snapshot
    try:
        return importlib.import_module(name)
    except BaseException:
        unload(name)
        raise


def unload(name: str) -> None:
    """Forget a module that `import_snapshot` made, with its sub-modules.  Doing it twice does nothing."""
    snapshot = _FINDER.snapshots.pop(name, None)
    if snapshot is None:
        return
    for module in [m for m in list(sys.modules) if m == name or m.startswith(name + ".")]:
        sys.modules.pop(module, None)
    for rest, source in snapshot.modules.items():
        linecache.cache.pop(_filename(source, f"{name}.{rest}" if rest else name), None)


class _SnapshotFinder(MetaPathFinder):
    """Finds only modules below a private name, and only in that name's snapshot."""

    def __init__(self) -> None:
        self.snapshots: dict[str, Snapshot] = {}

    def install(self) -> None:
        with _installing:
            if self not in sys.meta_path:
                sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target  # the snapshot knows where everything is
        if not fullname.startswith(_PREFIX):
            return None
        top, _, rest = fullname.partition(".")
        snapshot = self.snapshots.get(top)
        source = snapshot.modules.get(rest) if snapshot else None
        if source is None:
            return None
        return ModuleSpec(fullname, _SnapshotLoader(source), origin=str(source.path), is_package=source.is_package)


class _SnapshotLoader(Loader):
    """Compiles and runs the bytes that were read."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._source.path)
        filename = _filename(self._source, module.__name__)
        code = compile(self._source.data, filename, "exec", dont_inherit=True)
        # Tracebacks show the lines that ran, also after the file on disk has changed.
        lines = self._source.data.decode("utf-8", "replace").splitlines(keepends=True)
        linecache.cache[filename] = (len(self._source.data), None, lines, filename)
        exec(code, module.__dict__)


def _filename(source: SourceFile, module: str) -> str:
    """The path, for the reader of a traceback, and the module, since several versions have that path."""
    return f"{source.path} ({module})"


_FINDER = _SnapshotFinder()
