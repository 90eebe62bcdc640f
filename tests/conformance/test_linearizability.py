"""The general checker against a search through all linearizations; each specification good and broken."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from typing import Any

import pytest

from quiesce_conformance import Call, HistoryError, Publication, check_register
from quiesce_conformance.linearizability import (
    UNKNOWN,
    LinearizabilityStream,
    Operation,
    Specification,
    Stuck,
    TooManyConfigurations,
    UpgradeLifecycle,
    VersionedRegister,
    check_linearizable,
)


class Cell:
    """Read, write and compare-and-swap."""

    def initial(self) -> Hashable:
        return 0

    def steps(self, name: str, args: tuple[Any, ...], result: Any) -> Sequence[Hashable]:
        if name not in {"read", "write", "cas"}:
            raise ValueError(f"no operation {name}")
        return ((name, args, result),)

    def after(self, state: Any, step: Any) -> Iterable[Hashable]:
        name, args, result = step
        if name == "read":
            return (state,) if result in (UNKNOWN, state) else ()
        if name == "write":
            return (args[0],)
        done = args[0] == state
        return (args[1] if done else state,) if result in (UNKNOWN, done) else ()

    def observes(self, step: Any) -> bool:
        return bool(step[0] == "read")


def linearizable(specification: Specification, operations: Sequence[Operation], until: float = 10**9) -> bool:
    """By search over all orders; what returned after `until` need not be done."""
    steps = [specification.steps(o.name, o.args, UNKNOWN if o.returned is None else o.result) for o in operations]
    ends = [10**9 if o.returned is None or o.returned > until else o.returned for o in operations]
    due = [j for j, end in enumerate(ends) if end < 10**9]

    @cache
    def possible(state: Hashable, done: tuple[int, ...]) -> bool:
        if all(done[j] == len(steps[j]) for j in due):
            return True
        horizon = min(ends[j] for j in range(len(ends)) if done[j] < len(steps[j]))
        for j, operation in enumerate(operations):
            if done[j] < len(steps[j]) and operation.invoked <= min(horizon, until):
                for after in specification.after(state, steps[j][done[j]]):
                    if possible(after, (*done[:j], done[j] + 1, *done[j + 1 :])):
                        return True
        return False

    return possible(specification.initial(), (0,) * len(operations))


def run_of(
    specification: Specification, rng: random.Random, menu: Sequence[tuple[str, tuple[Any, ...], Sequence[Any]]], n: int
) -> list[Operation]:
    """Operations that really are linearizable, most of the time: taken one after the other, and their ends spread."""
    operations: list[Operation] = []
    state, clock = specification.initial(), 0
    for number in range(n):
        name, args, results = rng.choice(menu)
        possible = []
        for result in results:
            now: list[Hashable] = [state]
            for step in specification.steps(name, args, result):
                now = [after for s in now for after in specification.after(s, step)]
            possible += [(result, after) for after in now]
        if possible and rng.random() < 0.9:
            result, state = rng.choice(possible)
        else:
            result = rng.choice(results)
        clock += rng.randint(0, 4)
        begin, end = max(0, clock - rng.randint(0, 6)), clock + rng.randint(0, 6)
        operations.append(Operation(number, name, args, result, begin, None if rng.random() < 0.06 else end))
    rng.shuffle(operations)
    return operations


CELL = [
    *(("read", (), (0, 1, 2)) for _ in range(3)),
    ("write", (1,), (None,)),
    ("write", (2,), (None,)),
    ("cas", (1, 2), (True, False)),
    ("cas", (2, 0), (True, False)),
]
REGISTER = [
    *(("read", (), (1, 2, 3)) for _ in range(3)),
    *(("publish", (v,), (None,)) for v in (1, 2, 3)),
    *(("revert", (v,), (None,)) for v in (1, 2)),
]
STATES = ("ACTIVE", "PREPARING_UPGRADE", "DRAINING", "SWAPPING", "UPGRADE_COMPLETE", "ROLLED_BACK")
LIFECYCLE = [
    *(("prepare", (v,), ("ok", "failed", "cancelled", "refused")) for v in (2, 3)),
    *(("execute", a, ("ok", "ok", "timed out", "unhealthy", "refused", "interrupted")) for a in ((), ("probation",))),
    *((name, (), ("ok", "refused")) for name in ("cancel", "commit", "revert", "acknowledge")),
    ("state", (), STATES),
    ("state", (), STATES),
    ("stats", (), [(v, s, f) for v in (1, 2, 3) for s in (0, 1) for f in (0, 1, 2)]),
]


@pytest.mark.parametrize(
    ("specification", "menu", "most", "rounds"),
    [
        (Cell(), CELL, 7, 3000),
        (VersionedRegister(1), REGISTER, 7, 2000),
        (UpgradeLifecycle(1), LIFECYCLE, 6, 1500),
    ],
    ids=["cell", "versioned register", "lifecycle"],
)
def test_the_checker_agrees_with_a_search(specification: Specification, menu: Any, most: int, rounds: int) -> None:
    """The verdict, and where it says that the history ends: the events before are well, with that return they are not.

    Fed as a stream it says the same.
    """
    rng = random.Random(11)
    verdicts: Counter[bool] = Counter()
    unfinished = 0
    for _ in range(rounds):
        operations = run_of(specification, rng, menu, rng.randint(2, most))
        unfinished += any(o.returned is None for o in operations)
        expected = linearizable(specification, operations)
        found = check_linearizable(specification, operations)
        assert (found is None) == expected, (operations, found)
        assert (streamed(specification, operations) is None) == expected
        verdicts[expected] += 1
        if found is not None and found.operation.returned is not None:
            at = found.operation.returned
            assert not linearizable(specification, operations, at)
            assert linearizable(specification, operations, at - 1)
            assert found.states
    assert min(verdicts.values()) > rounds // 10, verdicts
    assert unfinished > rounds // 10


def streamed(specification: Specification, operations: Sequence[Operation]) -> Stuck | None:
    stream = LinearizabilityStream(specification)
    tokens: dict[int, int] = {}
    events = [(o.invoked, 0, j) for j, o in enumerate(operations)]
    events += [(o.returned, 1, j) for j, o in enumerate(operations) if o.returned is not None]
    for _, ends, j in sorted(events):
        operation = operations[j]
        if ends:
            stream.returned(tokens[j], operation.result)
        else:
            tokens[j] = stream.invoked(operation.client, operation.name, operation.args, operation.part)
    return stream.finish()


@pytest.mark.rule("T2", "T3", "T4")
def test_it_agrees_with_the_register_check() -> None:
    """Publications with their order known, among them reverts, and calls; two checks with nothing in common."""
    rng = random.Random(5)
    verdicts: Counter[bool] = Counter()
    for _ in range(2000):
        clock, publications = 0, [Publication(1, 0, 0)]
        for _ in range(rng.randint(1, 4)):
            begin = clock + rng.randint(1, 5)
            clock = begin + rng.randint(0, 5)
            publications.append(Publication(rng.randint(1, 3), begin, clock))
        calls = []
        for number in range(rng.randint(1, 6)):
            at = rng.randint(1, clock + 3)
            read = [p.version for p in publications if p.begun <= at][-1] if rng.random() < 0.8 else rng.randint(1, 3)
            calls.append(Call(number, number, max(1, at - rng.randint(0, 5)), at + 2, None, None, (read,)))
        operations = [
            Operation(-1, "publish", (p.version, k), None, p.begun, p.done) for k, p in enumerate(publications, 1)
        ]
        operations += [Operation(c.client, "read", (), c.version, c.invoked, c.started) for c in calls]
        found = check_linearizable(VersionedRegister(), operations)
        by_bounds = check_register(publications, calls)
        assert (found is None) == (by_bounds is None), (publications, calls)
        verdicts[found is None] += 1
    assert min(verdicts.values()) > 300, verdicts


def lifecycle(*ops: tuple[Any, ...]) -> list[Operation]:
    """(name, args, result, invoked, returned)."""
    return [Operation(k, *op) for k, op in enumerate(ops)]


@pytest.mark.rule("L1", "L3", "B2")
def test_an_upgrade_is_seen_half_way() -> None:
    good = lifecycle(
        ("prepare", (2,), "ok", 0, 10),
        ("state", (), "PREPARING_UPGRADE", 11, 12),
        ("execute", (), "ok", 20, 40),
        ("state", (), "DRAINING", 22, 23),
        ("prepare", (3,), "refused", 24, 26),
        ("stats", (), (2, 1, 0), 30, 50),
        ("state", (), "ACTIVE", 41, 42),
    )
    assert check_linearizable(UpgradeLifecycle(1), good) is None
    late = [*good, Operation(9, "state", (), "DRAINING", 41, 43)]
    found = check_linearizable(UpgradeLifecycle(1), late)
    assert found is not None
    assert found.operation.client == 9
    assert "DRAINING" in str(found)
    assert {state[0] for state in found.states if isinstance(state, tuple)} == {"ACTIVE"}
    with pytest.raises(ValueError, match="policy"):
        UpgradeLifecycle(1, "None")


@pytest.mark.parametrize(
    ("result", "after", "stats"),
    [
        ("ok", "ACTIVE", (2, 1, 0)),
        ("timed out", "ROLLED_BACK", (1, 0, 1)),
        ("interrupted", "ROLLED_BACK", (1, 0, 1)),
        ("unhealthy", "ROLLED_BACK", (1, 0, 1)),
    ],
)
@pytest.mark.rule("B1", "B2", "S1")
def test_every_end_of_an_upgrade(result: str, after: str, stats: tuple[int, int, int]) -> None:
    begin = lifecycle(("prepare", (2,), "ok", 0, 1), ("execute", (), result, 2, 3))
    for state in STATES:
        history = [*begin, Operation(3, "state", (), state, 4, 5)]
        assert (check_linearizable(UpgradeLifecycle(1), history) is None) == (state == after)
    for version, good, bad in [stats, (2, 0, 1), (1, 1, 0), (2, 1, 1), (1, 0, 0)]:
        history = [*begin, Operation(3, "stats", (), (version, good, bad), 4, 5)]
        assert (check_linearizable(UpgradeLifecycle(1), history) is None) == ((version, good, bad) == stats)


def test_plugins_are_looked_at_one_by_one() -> None:
    """Two parts that would each be linearizable alone; what is read in one says nothing of the other."""
    operations = [
        Operation(0, "write", (1,), None, 0, 1, "a"),
        Operation(0, "read", (), 0, 2, 3, "b"),
        Operation(0, "read", (), 1, 4, 5, "a"),
    ]
    assert check_linearizable(Cell(), operations) is None
    assert streamed(Cell(), operations) is None
    assert check_linearizable(Cell(), [o._replace(part=None) for o in operations]) is not None


def test_a_long_stream_keeps_little() -> None:
    stream = LinearizabilityStream(VersionedRegister(0))
    for version in range(1, 12_000):
        stream.returned(stream.invoked(0, "publish", (version,)), None)
        assert stream.returned(stream.invoked(1, "read"), version) is None
    assert stream.finish() is None
    assert stream.kept < 15_000


def test_what_cannot_be_judged_is_said() -> None:
    with pytest.raises(HistoryError, match="invoked <= returned"):
        check_linearizable(Cell(), [Operation(0, "read", (), 0, 5, 4)])
    with pytest.raises(ValueError, match="no operation"):
        check_linearizable(Cell(), [Operation(0, "jump", (), 0, 4, 5)])
    with pytest.raises(ValueError, match="expected an operation"):
        check_linearizable(UpgradeLifecycle(1), [Operation(0, "prepare", (2,), "well", 4, 5)])
    with pytest.raises(HistoryError, match="under way"):
        LinearizabilityStream(Cell()).returned(3, None)
    writes = [Operation(k, "write", (k,), None, 0, 100) for k in range(12)]
    with pytest.raises(TooManyConfigurations):
        check_linearizable(Cell(), [*writes, Operation(99, "read", (), 99, 0, 50)], max_configurations=100)
