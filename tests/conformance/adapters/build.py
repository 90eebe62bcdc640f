"""How each adapter is built and started: `argv(name, cache)`.

One table, so that a test, a person and the continuous integration start the same program.  A compiler that is not on
the machine is `Unavailable`, with the words to skip with; a compiler that complains is an error, warnings included.
What is built goes to a directory that the caller gives, never beside the sources.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["NAMES", "Unavailable", "argv"]

HERE = Path(__file__).parent
NAMES = ("rust", "javascript")
"""The adapters that there are."""


class Unavailable(Exception):
    """This machine has no compiler or interpreter for the adapter; the text says which."""


def argv(name: str, cache: Path) -> list[str]:
    """Build an adapter into `cache` and give the command that starts it.

    Raises:
        Unavailable: what builds or runs it is not on this machine.
        subprocess.CalledProcessError: it does not compile without a warning.
        ValueError: there is no adapter of this name.

    """
    if name == "javascript":
        return [_tool("node"), str(HERE / "javascript" / "adapter.mjs")]
    if name == "rust":
        program = cache / "adapter-rust"
        flags = ["--edition", "2021", "-O", "-D", "warnings", "-o", str(program)]
        subprocess.run([_tool("rustc"), *flags, str(HERE / "rust" / "main.rs")], check=True, timeout=100)
        return [str(program)]
    raise ValueError(f"expected one of {', '.join(NAMES)}, got {name!r}")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"skipped: no {name} on this machine")
    return found
