"""The published protocol's epochs, two versions ahead: a bug that takes two upgrades and three preemptions.

A call counts itself under the epoch that it has read, then fetches the instance, and runs.  An upgrade publishes the
new instance, opens a new epoch, and frees the old instance if no call is counted under the epoch that it closed.  There
are two counters, used in turn.  With one upgrade that is safe.  With two:

    caller    reads epoch 0                                                 (preempted: 1)
    upgrader  publishes version 1, opens epoch 1, nobody is counted under 0, frees version 0   (preempted: 2)
    caller    counts itself under epoch 0, fetches version 1                (preempted: 3)
    upgrader  publishes version 2, opens epoch 2, nobody is counted under 1, frees version 1
    caller    runs version 1, which is gone

`confirmed` is the repair: the epoch is read again after counting, and a call that finds it moved takes itself back.
"""

from __future__ import annotations

from functools import cache

from quiesce_conformance.schedules import Cell, Engine, Execution, Spawner
from quiesce_conformance.schedules.engine import Scenario
from quiesce_conformance.schedules.points import Chooser


def stale_epoch(engine: Engine, *, confirmed: bool = False, upgrades: int = 2) -> Scenario:
    """Make the scenario: one call, and one thread that upgrades so many times."""

    def scenario(spawner: Spawner) -> None:
        epoch = Cell(engine, 0, "epoch")
        current = Cell(engine, 0, "current")
        calls = [Cell(engine, 0, "calls:0"), Cell(engine, 0, "calls:1")]
        freed = Cell[frozenset[int]](engine, frozenset(), "freed")

        def count() -> int:
            while True:
                mine = epoch.get()
                calls[mine % 2].update(lambda count: count + 1)
                if not confirmed or epoch.get() == mine:
                    return mine
                calls[mine % 2].update(lambda count: count - 1)

        def call() -> None:
            mine = count()
            version = current.get()
            assert version not in freed.get(), f"the call runs version {version}, which is freed"
            calls[mine % 2].update(lambda count: count - 1)

        def upgrade() -> None:
            for new in range(1, upgrades + 1):
                old = current.get()
                current.set(new)
                closed = epoch.get()
                epoch.set(closed + 1)
                if calls[closed % 2].get() != 0:
                    return  # a time-out: the old version is kept for good
                freed.set(freed.value | {old})

        spawner.thread("caller", call)
        spawner.thread("upgrader", upgrade)

    return scenario


@cache
def _engine() -> Engine:
    return Engine()


def run_stale(chooser: Chooser) -> Execution:
    """Run it once.  A function of a module, so that a process can be told to run it; each has an engine of its own."""
    return _engine().run(stale_epoch(_engine()), chooser)


def run_confirmed(chooser: Chooser) -> Execution:
    """Run the repaired one."""
    return _engine().run(stale_epoch(_engine(), confirmed=True), chooser)


def run_once_upgraded(chooser: Chooser) -> Execution:
    """Run it with one upgrade."""
    return _engine().run(stale_epoch(_engine(), upgrades=1), chooser)
