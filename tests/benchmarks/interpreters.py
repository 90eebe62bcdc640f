"""Finds the interpreters on this machine and makes what the peers need in each.

The kernel imports the standard library only, so the price of a call is measured in any interpreter, with `impl` on the
path.  The explorer's peers need an environment each; musil needs Python 3.12.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "bench"
OLDEST = (3, 11)
PIP = ["-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "install"]
PROBE = (
    "import sys, sysconfig; "
    "print('%d.%d%s' % (*sys.version_info[:2], 't' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''))"
)


@cache
def found() -> dict[str, Path]:
    """One interpreter per version (3.11, 3.12, 3.13t ...), oldest first; the running one is always among them."""
    result: dict[str, Path] = {}
    for path in _candidates():
        try:
            run = subprocess.run([path, "-I", "-c", PROBE], capture_output=True, text=True, check=True, timeout=30)
        except (OSError, subprocess.SubprocessError):
            continue  # a shim without an interpreter behind it
        version = run.stdout.strip()
        if _order(version)[:2] >= OLDEST:
            result.setdefault(version, path)
    return dict(sorted(result.items(), key=lambda item: _order(item[0])))


def running() -> Path:
    """The interpreter that runs this."""
    return Path(sys.executable)


def _order(version: str) -> tuple[int, int, bool]:
    major, minor = version.rstrip("t").split(".")
    return int(major), int(minor), version.endswith("t")


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    name = re.compile(r"python3\.\d+t?")
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder).is_dir():
            yield from sorted(path for path in Path(folder).iterdir() if name.fullmatch(path.name))
    for pattern in (".pyenv/versions/*/bin/python3", ".local/share/uv/python/*/bin/python3"):
        yield from sorted(Path.home().glob(pattern))


def peers_anywhere() -> Path:
    """A folder with readerwriterlock in it (pure Python), to put on any interpreter's path."""
    folder = BUILD / "peers"
    if not (folder / "readerwriterlock").is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, *PIP, "--target", str(folder), "readerwriterlock==1.0.10"])
    return folder


def musil_environment(interpreters: dict[str, Path]) -> tuple[str, Path] | None:
    """The version and python of an environment with musil and minicheck, or None without Python 3.12 or later."""
    for version, path in interpreters.items():
        if _order(version) >= (3, 12, False) and not version.endswith("t"):
            folder = BUILD / f"venv-{version}"
            python = folder / "bin" / "python"
            ready = folder / ".ready"
            if not ready.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                _run([str(path), "-m", "venv", str(folder)])
                _run([str(python), *PIP, "minicheck==0.4.0", "musil==0.36.7", "networkx>=3.2"])
                ready.touch()
            return version, python
    return None


def schedule_environment(interpreters: dict[str, Path]) -> tuple[str, Path] | None:
    """The version and the folder with the commands of an environment with frontrun and interleave-test, or None.

    An environment of its own: frontrun adds a plugin to every pytest beside it.  interleave-test needs Python 3.12.
    """
    for version, path in interpreters.items():
        if _order(version) >= (3, 12, False) and not version.endswith("t"):
            folder = BUILD / f"schedules-{version}"
            commands = folder / "bin"
            ready = folder / ".ready"
            if not ready.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                _run([str(path), "-m", "venv", str(folder)])
                _run([str(commands / "python"), *PIP, "frontrun==0.7.0", "interleave-test==0.1.0"])
                ready.touch()
            return version, commands
    return None


def history_environment(interpreters: dict[str, Path]) -> tuple[str, Path] | None:
    """The version and python of an environment with detangle and simloom, or None without Python 3.12 or later."""
    for version, path in interpreters.items():
        if _order(version) >= (3, 12, False) and not version.endswith("t"):
            folder = BUILD / f"histories-{version}"
            python = folder / "bin" / "python"
            ready = folder / ".ready"
            if not ready.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                _run([str(path), "-m", "venv", str(folder)])
                _run([str(python), *PIP, "detangle==0.1.0", "simloom==0.5.0"])
                ready.touch()
            return version, python
    return None


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, cwd=ROOT)


def worker(python: Path, module: str, *arguments: str, path: list[Path]) -> Iterator[dict[str, Any]]:
    """Run a worker module and yield the JSON objects that it prints, one a line, as they come."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, path)), PYTHONHASHSEED="0")
    command = [str(python), "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}; run it alone to see why")
