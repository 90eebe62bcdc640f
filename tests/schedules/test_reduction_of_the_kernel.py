"""The reduced search of the real kernel leaves out no schedule: what chance finds, it has found.

`Dpor` takes for granted that threads share nothing but what they declare.  A field of the kernel that is read without
the lock, and not declared, makes it leave out schedules in silence.  So each small configuration is exhausted, and then
sampled by a search that knows nothing of dependence; every sampled schedule has to be of a kind that was run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest

from quiesce.scheduled import ScheduledSeam
from quiesce.verify.schedules.configurations import find
from quiesce.verify.schedules.tally import Seen
from quiesce.verify.schedules.world import quiet_log
from quiesce_conformance.schedules import Choice, Engine
from quiesce_conformance.schedules.strategies import Dpor, Pct, Strategy, Walk

Trace = frozenset[tuple[tuple[str, int], frozenset[tuple[str, int]]]]
"""For each step, named by its thread and its number there: the steps that come before it in every equal schedule."""

CHANCE = (Walk(seed=1, schedules=150), Pct(depth=3, seed=2, schedules=250))


def trace(choices: Sequence[Choice]) -> Trace:
    """Name what all schedules that differ in the order of independent steps alone have in common."""
    count: dict[str, int] = defaultdict(int)
    last: dict[str, int] = {}
    of_object: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    pasts: list[int] = []
    names: list[tuple[str, int]] = []
    for index, (thread, op) in enumerate(choices):
        past = pasts[last[thread]] if thread in last else 0
        for earlier, writes in reversed(of_object[op.object]):
            if writes or op.writes:
                past |= pasts[earlier]
            if writes:
                break
        names.append((f"{thread} {op.point} {op.object}", count[thread]))
        count[thread] += 1
        pasts.append(past | 1 << index)
        last[thread] = index
        of_object[op.object].append((index, op.writes))
    return frozenset(
        (name, frozenset(names[k] for k in range(index) if pasts[index] >> k & 1)) for index, name in enumerate(names)
    )


def traces(engine: Engine, name: str, strategy: Strategy) -> Iterator[Trace]:
    configuration, frontier = find(name), strategy.frontier()
    while (part := frontier.take(1)) is not None:
        explorer = strategy.explorer(part)
        while (chooser := explorer.next()) is not None:
            execution = configuration.run(engine, chooser, Seen())
            assert not execution.failed, str(execution.ending)
            if explorer.learn(execution) and execution.ending == "finished":
                yield trace(execution.choices)
        frontier.give_back(explorer.rest())


def missed(engine: Engine, name: str) -> int:
    """How many kinds of schedules were sampled that the exhausted search did not run."""
    explored = set(traces(engine, name, Dpor()))
    sampled = {sample for strategy in CHANCE for sample in traces(engine, name, strategy)}
    assert len(sampled) > 20, "chance must have found something to compare"
    return len(sampled - explored)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    quiet_log()
    with Engine() as made:
        yield made


@pytest.mark.parametrize("name", ["hold/swap", "hold/timeout", "hold/nested", "continue/struck-tracker"])
def test_chance_finds_no_schedule_that_was_left_out(engine: Engine, name: str) -> None:
    assert missed(engine, name) == 0


def test_what_is_not_declared_is_missed_and_noticed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScheduledSeam, "plain", lambda *_args, **_kwargs: None)
    assert missed(engine, "hold/swap") > 0
