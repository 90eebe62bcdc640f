"""The `quiesce` command: `quiesce verify`, `quiesce prove`, `quiesce conform` and `quiesce demo`.

`main` imports nothing but the standard library until it knows that the extras are there: an installation without them
gets one clear line and exit code 2, not a traceback.

Exit codes: 0 holds, 1 broken (the counterexample is printed), 2 unfinished, interrupted or misused.
"""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["main"]

NEEDED = ("click", "rich", "networkx")
"""What the commands import beyond the standard library and this distribution."""


def main(args: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: the arguments; those of the process if not given.

    Returns:
        The exit code.

    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"quiesce: this command needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed; install them with: pip install 'quiesce[verify]'",
            file=sys.stderr,
        )
        return 2
    from quiesce.verify.commands import run

    return run(args)


if __name__ == "__main__":
    sys.exit(main())
