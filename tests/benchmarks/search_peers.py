"""Worker: how a peer looks for the three-preemption bug.  Prints milliseconds of processor time, and schedules.

frontrun python -m tests.benchmarks.search_peers frontrun
python -m tests.benchmarks.search_peers interleave SEED

The program is that of `tests/schedules/stale_epoch.py`, on plain attributes.  An increment there is atomic; here it is
written as one line, and taken apart by the peers, so theirs has more points.  Zero schedules: the bug was not found.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

MOST = 4_000


class Plugin:
    def __init__(self) -> None:
        self.epoch = self.current = 0
        self.even = self.odd = 0
        self.freed: frozenset[int] = frozenset()
        self.broken = False


def call(plugin: Plugin) -> None:
    mine = plugin.epoch
    if mine % 2:
        plugin.odd += 1
    else:
        plugin.even += 1
    if plugin.current in plugin.freed:
        plugin.broken = True
    if mine % 2:
        plugin.odd -= 1
    else:
        plugin.even -= 1


def upgrade(plugin: Plugin) -> None:
    for new in (1, 2):
        old = plugin.current
        plugin.current = new
        closed = plugin.epoch
        plugin.epoch = closed + 1
        if (plugin.odd if closed % 2 else plugin.even) != 0:
            return
        plugin.freed = plugin.freed | {old}


def frontrun() -> tuple[float, int]:
    """Its reduced search.  With its own bound of two preemptions it says that the property holds."""
    from frontrun import explore

    begin = time.process_time()
    result = explore(
        setup=Plugin,
        workers=[call, upgrade],
        invariant=lambda plugin: not plugin.broken,
        strategy="dpor",
        preemption_bound=None,
        max_executions=MOST,
        reproduce_on_failure=0,
    )
    return since(begin), 0 if result.property_holds else int(result.num_explored)


def interleave(seed: str) -> tuple[float, int]:
    """PCT with depth 5.  With its own depth of three it does not find it."""
    import interleave_test
    from interleave_test import PCTStrategy

    def model() -> None:
        plugin = Plugin()
        tasks = [interleave_test.spawn(work, plugin) for work in (call, upgrade)]
        for task in tasks:
            task.join()
        assert not plugin.broken

    begin = time.process_time()
    strategy = PCTStrategy(depth=5)
    result = interleave_test.explore(
        model, iterations=MOST, seed=int(seed), strategy=strategy, granularity="line", raise_on_failure=False
    )
    return since(begin), 0 if result.ok else int(result.schedules_run)


def since(begin: float) -> float:
    return (time.process_time() - begin) * 1e3


PEERS: dict[str, Callable[..., tuple[float, int]]] = {"frontrun": frontrun, "interleave": interleave}


def main() -> None:
    which, *how = sys.argv[1:]
    print(*PEERS[which](*how))


if __name__ == "__main__":
    main()
