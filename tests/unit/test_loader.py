"""Python source as candidates: isolation, one reading of the bytes, nothing left behind after a failure."""

from __future__ import annotations

import gc
import sys
import traceback
import weakref
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from quiesce import HotReloadablePlugin, HotReloadState, InvalidManifest, Phase, UpgradeFailed
from quiesce.loaders import LoadError, load
from quiesce.loaders.source import read

MANIFEST = 'MANIFEST = {"name": "greeter", "version": "%s", "exports": ["greet"]}\n'
GREETER = dedent(
    """
    class Greeter:
        def greet(self, name):
            return WORD + ", " + name

    def build():
        return Greeter()
    """
)


def source(version: str = "1.0.0", word: str = "Hello") -> str:
    return MANIFEST % version + f"WORD = {word!r}\n" + GREETER


def private() -> set[str]:
    return {name for name in sys.modules if name.startswith("_quiesce_plugin_")}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return path


def build(path: Path, **options: Any) -> Any:
    return load(path, **options).build()


def test_two_versions_of_one_file_live_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "greeter.py"
    old = build(write(path, source()))
    new = build(write(path, source("2.0.0", "Good day")))
    assert (old.greet("Ada"), new.greet("Ada")) == ("Hello, Ada", "Good day, Ada")
    assert type(old).__module__ != type(new).__module__
    assert sys.modules[type(old).__module__].__file__ == str(path)


def test_the_bytes_that_were_read_are_the_bytes_that_run(tmp_path: Path) -> None:
    path = write(tmp_path / "greeter.py", source())
    candidate = load(path, sha256=read(path).sha256)
    write(path, "this is not Python")
    assert candidate.build().greet("Ada") == "Hello, Ada"
    with pytest.raises(LoadError, match="expected the sha256 0000"):
        load(path, sha256="0000")


def test_a_package_brings_its_own_module_tree(tmp_path: Path) -> None:
    write(
        tmp_path / "p/__init__.py", "from .words import WORD\nfrom . import deep\n" + source().replace("WORD =", "X =")
    )
    write(tmp_path / "p/words.py", "WORD = 'Hi'")
    write(tmp_path / "p/deep/__init__.py", "from ..words import WORD as AGAIN")
    old = build(tmp_path / "p")
    write(tmp_path / "p/words.py", "WORD = 'Ho'")
    new = build(tmp_path / "p")
    assert (old.greet("Ada"), new.greet("Ada")) == ("Hi, Ada", "Ho, Ada")


def test_a_late_import_of_a_sub_module_still_gets_the_bytes_of_its_version(tmp_path: Path) -> None:
    late = "class build:\n    def greet(self, name):\n        from . import words\n        return words.WORD\n"
    write(tmp_path / "p/__init__.py", MANIFEST % "1.0.0" + late)
    write(tmp_path / "p/words.py", "WORD = 'old'")
    instance = build(tmp_path / "p")
    write(tmp_path / "p/words.py", "WORD = 'new'")
    assert instance.greet("Ada") == "old"


def test_the_manifest_is_read_without_running_the_plugin(tmp_path: Path) -> None:
    path = write(tmp_path / "greeter.py", "raise SystemExit\n" + MANIFEST % "1.2.3")
    assert str(load(path).read_manifest().version) == "1.2.3"


def test_a_manifest_file_beside_the_source_comes_first(tmp_path: Path) -> None:
    path = write(tmp_path / "greeter.py", source())
    write(tmp_path / "greeter.toml", 'name = "greeter"\nversion = "7.0.0"\nexports = ["greet"]\n')
    assert str(load(path).read_manifest().version) == "7.0.0"


@pytest.mark.rule("B1", "B4")
@pytest.mark.parametrize(
    ("text", "phase", "cause", "match"),
    [
        ("def broken(:", Phase.VALIDATE, SyntaxError, ""),
        ("x = 1", Phase.VALIDATE, LoadError, "expected a manifest"),
        ("MANIFEST = make()", Phase.VALIDATE, LoadError, "literals only"),
        ("MANIFEST = [1]", Phase.VALIDATE, LoadError, "expected MANIFEST to be a dict"),
        ("MANIFEST = {'name': 'greeter', 'colour': 1}", Phase.VALIDATE, LoadError, "colour"),
        ("MANIFEST = {'name': 'greeter', 'version': 'x', 'exports': []}", Phase.VALIDATE, InvalidManifest, "version"),
        (MANIFEST % "2.0.0" + "import nothing_of_that_name", Phase.BUILD, ImportError, "nothing_of_that_name"),
        (MANIFEST % "2.0.0", Phase.BUILD, LoadError, "no such name"),
        (MANIFEST % "2.0.0" + "build = 7", Phase.BUILD, LoadError, "got 7"),
        (MANIFEST % "2.0.0" + "def build(): raise OSError('no disk')", Phase.BUILD, OSError, "no disk"),
        (MANIFEST % "2.0.0" + "class build: __slots__ = ()", Phase.BUILD, LoadError, "__weakref__"),
    ],
)
def test_whatever_is_wrong_is_a_failed_upgrade_and_leaves_nothing_behind(
    tmp_path: Path, text: str, phase: Phase, cause: type[Exception], match: str
) -> None:
    plugin = HotReloadablePlugin(load(write(tmp_path / "greeter.py", source())))
    before = private()
    with pytest.raises(UpgradeFailed) as caught:
        plugin.upgrade(load(write(tmp_path / "greeter.py", text)))
    assert caught.value.phase is phase
    assert isinstance(caught.value.__cause__, cause)
    assert match in str(caught.value.__cause__)
    assert private() <= before  # fewer, if plugins of earlier tests were collected meanwhile
    assert plugin.state is HotReloadState.ROLLED_BACK
    assert plugin.call("greet", "Ada") == "Hello, Ada"


def test_a_failing_import_takes_its_sub_modules_along(tmp_path: Path) -> None:
    write(tmp_path / "p/__init__.py", MANIFEST % "1.0.0" + "from . import words\nraise RuntimeError('late')")
    write(tmp_path / "p/words.py", "WORD = 'Hi'")
    before = private()
    with pytest.raises(RuntimeError, match="late"):
        build(tmp_path / "p")
    assert private() <= before


def test_a_module_goes_when_its_instance_does(tmp_path: Path) -> None:
    instance = build(write(tmp_path / "greeter.py", source()))
    name, kind = type(instance).__module__, weakref.ref(type(instance))
    assert name in sys.modules
    del instance
    assert name not in sys.modules
    gc.collect()
    assert kind() is None


def test_a_traceback_shows_the_lines_that_ran(tmp_path: Path) -> None:
    text = MANIFEST % "1.0.0" + "class build:\n    def greet(self, name):\n        return 1 / 0  # this very line\n"
    instance = build(write(tmp_path / "greeter.py", text))
    write(tmp_path / "greeter.py", "quite another text\n" * 9)
    try:
        instance.greet("Ada")
    except ZeroDivisionError as error:
        shown = "".join(traceback.format_exception(error))
    assert "this very line" in shown
    assert str(tmp_path / "greeter.py") in shown


def test_the_factory_can_be_named_and_given_arguments(tmp_path: Path) -> None:
    text = MANIFEST % "1.0.0" + "class Greeter:\n    def __init__(self, word): self.greet = lambda name: word + name\n"
    assert build(write(tmp_path / "g.py", text), factory="Greeter", args=("Oh ",)).greet("Ada") == "Oh Ada"


@pytest.mark.parametrize("name", ["missing.py", "greeter.txt", "empty"])
def test_what_is_no_python_source_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "greeter.txt").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(LoadError, match="expected"):
        load(tmp_path / name)


def test_a_compiled_extension_needs_a_restart(tmp_path: Path) -> None:
    write(tmp_path / "p/__init__.py", source())
    (tmp_path / "p" / f"fast{EXTENSION_SUFFIXES[0]}").write_bytes(b"")
    with pytest.raises(LoadError, match="needs a restart"):
        load(tmp_path / "p")
