"""SPIN, run on an exported model: how many states and transitions, and the way to an error.

SPIN writes a program in C, which the C compiler turns into the search itself (``pan``); both are needed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SpinError", "SpinMissing", "SpinRun", "available", "missing", "spin"]


class SpinMissing(Exception):
    """No ``spin`` or no C compiler on this machine; the check is *skipped*, which is not green."""


class SpinError(Exception):
    """SPIN or the compiler refused the text, the search did not end, or its report is not understood."""


@dataclass(frozen=True)
class SpinRun:
    """What SPIN said.

    ``states`` are those stored; ``transitions`` are its "stored+matched"; ``steps`` is the length of the error's trail,
    if there is one, and ``error`` its first line.  ``complete``: the search visited everything.
    """

    states: int
    transitions: int
    depth: int
    errors: int
    complete: bool
    error: str
    steps: tuple[str, ...]
    report: str


def missing() -> str:
    """What is not there: an empty text if all is."""
    return ", ".join(name for name in ("spin", "gcc") if shutil.which(name) is None)


def available() -> bool:
    """Whether ``spin`` and ``gcc`` are on the path."""
    return not missing()


def spin(
    text: str,
    *,
    shortest: bool = False,
    liveness: bool = False,
    processes: int = 255,
    seconds: float = 300,
    megabytes: int = 4000,
    depth: int = 5_000_000,
) -> SpinRun:
    """Search a Promela text exhaustively, without partial-order reduction.

    :param text: from `quiesce_model.export.promela`.
    :param shortest: breadth first, so that the first error is a nearest one.
    :param liveness: check the never claim under weak fairness instead of assertions only.
    :param seconds: for each of the three programs; one that takes longer is killed.
    :raises SpinMissing: a program is not there.
    :raises SpinError: see there.
    """
    if missing():
        raise SpinMissing(f"{missing()}: not on this machine; on Debian: apt-get install spin gcc")
    with tempfile.TemporaryDirectory(prefix="quiesce-spin-") as folder:
        where = Path(folder)
        (where / "model.pml").write_text(text, encoding="ascii")
        _run(["spin", *(["-DLIVENESS"] if liveness else []), "-a", "model.pml"], where, seconds)
        flags = ["-DNOREDUCE", "-DNOFIX", f"-DMEMLIM={megabytes}", "-DVECTORSZ=4096", "-w"]
        flags += [f"-DNFAIR={processes // 31 + 1}"] if liveness else ["-DSAFETY"]
        flags += ["-DBFS"] if shortest else []
        _run(["gcc", "-O1", *flags, "-o", "pan", "pan.c"], where, seconds)
        options = ["-a", "-f"] if liveness else ["-E"]
        report = _run(["./pan", f"-m{depth}", "-n", *options], where, seconds, check=False)
        trail = where / "model.pml.trail"
        steps = tuple(trail.read_text(encoding="ascii").splitlines()) if trail.exists() else ()
        return _read(report, steps)


def _run(command: Sequence[str], where: Path, seconds: float, *, check: bool = True) -> str:
    try:
        done = subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=seconds, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired as error:
        raise SpinError(f"{command[0]}: no end within {seconds:.0f} s; take a smaller scope or more time") from error
    if check and done.returncode != 0:
        raise SpinError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"[:4000])
    return done.stdout + done.stderr


def _read(report: str, trail: tuple[str, ...]) -> SpinRun:
    def number(pattern: str) -> int:
        found = re.search(pattern, report)
        if found is None:
            raise SpinError(f"expected {pattern!r} in the report of pan, got\n{report[:4000]}")
        return int(float(found[1]))

    error = re.search(r"^pan:\s*\d+:\s*([a-z ]*[a-z])", report, re.MULTILINE)
    errors = number(r"errors: (\d+)")
    if "out of memory" in report or "max search depth too small" in report:
        raise SpinError(f"the search was cut short:\n{report[:2000]}")
    return SpinRun(
        states=number(r"([\d.e+]+) states, stored"),
        transitions=number(r"([\d.e+]+) transitions \(= (?:stored|visited)"),
        depth=number(r"depth reached (\d+)"),
        errors=errors,
        complete=errors == 0 and "Search not completed" not in report,
        error=error[1] if error else "",
        steps=tuple(line for line in trail if not line.startswith("-")),
        report=report,
    )
