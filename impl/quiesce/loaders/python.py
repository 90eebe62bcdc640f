"""A Python file or package directory as a candidate for an upgrade.

    plugin = HotReloadablePlugin(load("search.py"))
    plugin.upgrade(load("search.py"))       # after an edit

Reading the source happens in `load`, once; what is wrong with it shows when an upgrade validates or builds the
candidate, as `UpgradeFailed` with the phase VALIDATE (no readable manifest, one that does not fit, a syntax error) or
BUILD (an import or a factory that fails).  So a broken file is a failed upgrade, counted as one, and the old version
goes on serving.

The manifest is read without running any code of the plugin, from the first of these that is there:

1. `plugin.toml` in the package directory, or `NAME.toml` beside `NAME.py`;
2. a module-level `MANIFEST = {...}` made of literals only.

The keys are the fields of `quiesce.Manifest`.  The instance is what the module-level `build` (a function or a class)
returns; see `factory` and `args`.

The module lives in `sys.modules` under a private name until its instance is garbage.
"""

from __future__ import annotations

import ast
import dataclasses
import tomllib
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from quiesce import Candidate, Manifest, Resources

from .source import LoadError, Snapshot, SourceFile, import_snapshot, read, unload

__all__ = ["load"]


def load(
    path: str | Path, *, factory: str = "build", args: tuple[object, ...] = (), sha256: str | None = None
) -> Candidate:
    """Read a plugin's source, once, and make a candidate of it.  Safe from any thread.

    Args:
        path: a `.py` file, or a directory with an `__init__.py`.
        factory: name of the module-level function or class that makes the instance.
        args: what the factory is called with.
        sha256: the digest that the source must have (see `Snapshot.sha256`); not looked at if not given.

    Raises:
        LoadError: there is nothing to read at `path`, it is not Python source, or its digest is another one.

    """
    snapshot = read(path)
    if sha256 is not None and snapshot.sha256 != sha256.lower():
        raise LoadError(f"{path}: expected the sha256 {sha256}, got {snapshot.sha256}")
    return Candidate(lambda: manifest_of(snapshot), lambda: _build(snapshot, factory, args))


def manifest_of(snapshot: Snapshot) -> Manifest:
    """The manifest in a snapshot, once all its modules were parsed; runs no code of the plugin.

    Raises:
        LoadError: there is none, or it cannot be read.
        SyntaxError: a module is not Python.
        InvalidManifest: it is there, and a field of it is wrong.

    """
    trees = {name: _parsed(source) for name, source in snapshot.modules.items()}
    table = dict(_from_file(snapshot) if snapshot.manifest is not None else _from_source(snapshot.path, trees[""]))
    _check_keys("manifest", Manifest, table, snapshot.path)
    resources = table.get("resources")
    if isinstance(resources, dict):
        limits = cast("dict[str, Any]", resources)
        _check_keys("resources", Resources, limits, snapshot.path)
        table["resources"] = Resources(**limits)
    return Manifest(**table)


def _parsed(source: SourceFile) -> ast.Module:
    try:
        return ast.parse(source.data, str(source.path))
    except ValueError as error:  # a null byte, on Python 3.11
        raise LoadError(f"{source.path}: expected Python source: {error}") from error


def _check_keys(what: str, kind: type[Manifest | Resources], table: Mapping[str, Any], path: Path) -> None:
    """Every key is a field of `kind`, and no field without a default is missing."""
    fields = dataclasses.fields(kind)
    strange = sorted(set(table) - {field.name for field in fields})
    if strange:
        raise LoadError(f"{path}: expected {what} fields out of {[field.name for field in fields]}, got {strange}")
    needed = {f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    if missing := sorted(needed - set(table)):
        raise LoadError(f"{path}: expected the {what} fields {sorted(needed)}, found no {', '.join(missing)}")


def _from_file(snapshot: Snapshot) -> Mapping[str, Any]:
    assert snapshot.manifest is not None
    try:
        return tomllib.loads(snapshot.manifest.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LoadError(f"{snapshot.path}: expected a manifest file in TOML: {error}") from error


def _from_source(path: Path, tree: ast.Module) -> Mapping[str, Any]:
    """The last module-level `MANIFEST = {...}`."""
    found: ast.expr | None = None
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="MANIFEST")], value=value):
                found = value
            case ast.AnnAssign(target=ast.Name(id="MANIFEST"), value=ast.expr() as value):
                found = value
            case _:
                pass
    if found is None:
        raise LoadError(f"{path}: expected a manifest, got neither a TOML file beside it nor a module-level MANIFEST")
    try:
        table: object = ast.literal_eval(found)
    except (ValueError, TypeError, RecursionError) as error:
        raise LoadError(
            f"{path}:{found.lineno}: expected MANIFEST to be made of literals only, since it is read without running "
            f"the plugin: {error}"
        ) from error
    if not isinstance(table, dict):
        raise LoadError(f"{path}:{found.lineno}: expected MANIFEST to be a dict, got {table!r}")
    named = cast("dict[object, Any]", table)
    if strange := [key for key in named if not isinstance(key, str)]:
        raise LoadError(f"{path}:{found.lineno}: expected MANIFEST to have text keys, got {strange!r}")
    return cast("dict[str, Any]", named)


def _build(snapshot: Snapshot, factory: str, args: tuple[object, ...]) -> object:
    """Import the snapshot and make the instance.  Whatever goes wrong, nothing of it stays in `sys.modules`."""
    module = import_snapshot(snapshot)
    try:
        make = getattr(module, factory, None)
        if not callable(make):
            got = "no such name" if make is None else repr(make)
            raise LoadError(f"{snapshot.path}: expected a module-level function or class {factory!r}, got {got}")
        instance: object = make(*args)
        _unload_with(instance, module.__name__, snapshot)
    except BaseException:
        unload(module.__name__)
        raise
    return instance


def _unload_with(instance: object, module: str, snapshot: Snapshot) -> None:
    """The module goes when its instance does."""
    try:
        weakref.finalize(instance, unload, module).atexit = False
    except TypeError as error:
        raise LoadError(
            f"{snapshot.path}: expected an instance that allows weak references, got {type(instance).__name__}; "
            "add '__weakref__' to its __slots__"
        ) from error
