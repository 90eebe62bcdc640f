"""Worker: how many schedules per second of processor time a peer makes.  Prints the number.

frontrun python -m tests.benchmarks.schedule_peers frontrun dpor|random
python -m tests.benchmarks.schedule_peers interleave dfs|random opcode|line
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

SCHEDULES = 100


class Shared:
    x = 0


def write(shared: Shared) -> None:
    for _ in range(10):
        shared.x = 1


def frontrun(strategy: str) -> int:
    from frontrun import explore

    bound = {"max_executions": SCHEDULES} if strategy == "dpor" else {"max_attempts": SCHEDULES}
    result = explore(setup=Shared, workers=write, count=3, invariant=lambda _: True, strategy=strategy, **bound)
    return int(result.num_explored)


def interleave(strategy: str, granularity: str) -> int:
    import interleave_test

    def model() -> None:
        shared = Shared()
        tasks = [interleave_test.spawn(write, shared) for _ in range(3)]
        for task in tasks:
            task.join()

    result = interleave_test.explore(
        model, iterations=SCHEDULES, seed=1, strategy=strategy, granularity=granularity, raise_on_failure=False
    )
    return int(result.schedules_run)


PEERS: dict[str, Callable[..., int]] = {"frontrun": frontrun, "interleave": interleave}


def main() -> None:
    which, *how = sys.argv[1:]
    PEERS[which](*how)  # imports, and what the first execution sets up
    begin = time.process_time()
    schedules = PEERS[which](*how)
    print(schedules / (time.process_time() - begin))


if __name__ == "__main__":
    main()
