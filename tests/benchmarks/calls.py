"""Worker: nanoseconds per call, bare and under each kind of protection.  Prints JSON objects, one a line.

    PYTHONPATH=impl python -m tests.benchmarks.calls

Every candidate runs its statement in a loop of its own (`timeit`), so the loop costs all of them the same, and has a
plugin of its own.  Seconds are processor time: there is one thread, and a busy machine must not decide.
"""

from __future__ import annotations

import json
import platform
import threading
import time
import timeit
from collections.abc import Callable
from typing import Any

from quiesce import Candidate, HotReloadablePlugin, Manifest
from tests.benchmarks.measure import Row, in_turns

CALLS = 50_000
ROUNDS = 15


class Index:
    """The plugin: one cheap function, so that the protection shows."""

    def look_up(self, key: int) -> int:
        return key


def plugin() -> HotReloadablePlugin:
    return HotReloadablePlugin(Candidate(Manifest("index", "1.0.0", ("look_up",)), Index))


def locked(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a host would write that guards whatever it calls with a lock, as a handle does without one."""
    lock = threading.Lock()

    def guarded(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return function(*args, **kwargs)

    return guarded


def candidates() -> dict[str, tuple[str, dict[str, Any]]]:
    """Name to statement and its names."""
    function = Index().look_up
    rows: dict[str, tuple[str, dict[str, Any]]] = {
        "bare": ("f(1)", {"f": function}),
        "with threading.Lock()": ("with lock: f(1)", {"f": function, "lock": threading.Lock()}),
        "a wrapper around that": ("f(1)", {"f": locked(function)}),
        "plugin.function handle": ("f(1)", {"f": plugin().function("look_up")}),
        "plugin.call": ("call('look_up', 1)", {"call": plugin().call}),
        "with plugin.lease()": ("with lease() as it: it.look_up(1)", {"lease": plugin().lease}),
    }
    try:
        from readerwriterlock.rwlock import RWLockFair
    except ImportError:
        pass
    else:
        rows["readerwriterlock, read side"] = ("with lock: f(1)", {"f": function, "lock": RWLockFair().gen_rlock()})
    return rows


def timer(statement: str, names: dict[str, Any]) -> Callable[[], float]:
    clock = timeit.Timer(statement, timer=time.process_time, globals=names)
    return lambda: clock.timeit(CALLS) / CALLS * 1e9


def main() -> None:
    version = ".".join(platform.python_version_tuple()[:2])
    figures = in_turns(
        {name: timer(*case) for name, case in candidates().items()},
        ROUNDS,
        lambda text: print(json.dumps({"progress": text}), flush=True),
    )
    for name, values in figures.items():
        row = Row("call", name, version, values, "ns/call")
        print(json.dumps({"row": row.to_json()}), flush=True)


if __name__ == "__main__":
    main()
