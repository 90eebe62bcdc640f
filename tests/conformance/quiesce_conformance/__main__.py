"""``python -m quiesce_conformance``: the command, where `quiesce` itself is not installed."""

from __future__ import annotations

import importlib.util
import sys


def main() -> int:
    """Run the command; say in one line what is missing, if something is."""
    missing = [name for name in ("click", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"quiesce_conformance: this command needs {' and '.join(missing)}; pip install 'quiesce[conformance,cli]'",
            file=sys.stderr,
        )
        return 2
    from quiesce_conformance.cli.command import conform

    conform(prog_name="python -m quiesce_conformance")
    return 0


if __name__ == "__main__":
    sys.exit(main())
