"""The register check against a search through all linearizations, and what it costs.

The speed itself is measured by `make bench`; here only that the work grows with the history and no faster.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest

from quiesce_conformance import Call, CallColumns, HistoryError, Publication, check_register


def linearizable(publications: Sequence[Publication], calls: Sequence[Call]) -> bool:
    """By search: take any operation that none of the remaining ones precedes; a read must give the current version."""
    writes = [(p.begun, p.done if p.done is not None else 10**9, p.version) for p in publications]
    reads = [(c.invoked, c.started, c.versions[0]) for c in calls if c.started is not None and c.outer is None]

    @cache
    def possible(done_writes: int, left: frozenset[int]) -> bool:
        if not left:
            return True
        pending_ends = [writes[k][1] for k in range(done_writes, len(writes))] + [reads[j][1] for j in left]
        horizon = min(pending_ends)  # whatever begins after this is preceded by something that is not done yet
        if done_writes < len(writes) and writes[done_writes][0] <= horizon and possible(done_writes + 1, left):
            return True
        current = writes[done_writes - 1][2] if done_writes else None
        return any(
            reads[j][0] <= horizon and reads[j][2] == current and possible(done_writes, left - {j}) for j in left
        )

    return possible(0, frozenset(range(len(reads))))


def random_history(rng: random.Random) -> tuple[list[Publication], list[Call]]:
    """A plausible run with true instants, some of whose stamps or versions are then disturbed."""
    count = rng.randint(1, 5)
    instants = sorted(rng.randint(0, 24) for _ in range(count))
    overlapping = rng.random() < 0.3
    publications: list[Publication] = []
    version = fresh = 1
    for k, instant in enumerate(instants):
        low = 0 if not k else (0 if overlapping else publications[-1].done or 0)
        begun = rng.randint(min(low, instant), instant)
        room = instants[k + 1] if k + 1 < count and not overlapping else instant + 6
        done: int | None = rng.randint(instant, room)
        if k and rng.random() < 0.45:
            version = rng.choice([p.version for p in publications])
        elif k:
            fresh += 1
            version = fresh
        if k == count - 1 and rng.random() < 0.2:
            done = None
        publications.append(Publication(version, begun, done))
    calls = []
    for number in range(rng.randint(1, 6)):
        instant = rng.randint(0, 28)
        current = [p.version for p, at in zip(publications, instants, strict=True) if at <= instant]
        version = current[-1] if current and rng.random() < 0.8 else rng.choice(publications).version
        invoked = max(0, instant - rng.randint(0, 6))
        started = instant + rng.randint(0, 6)
        calls.append(Call(number, number, invoked, started, started, started, (version,)))
    return publications, calls


@pytest.mark.rule("T2", "T3", "T4")
def test_the_register_check_agrees_with_a_search_through_all_linearizations() -> None:
    rng = random.Random(20240)
    verdicts = {True: 0, False: 0}
    rules: Counter[str] = Counter()
    repeated = overlapping = 0
    for _ in range(6000):
        publications, calls = random_history(rng)
        repeated += len({p.version for p in publications}) < len(publications)
        overlapping += any(a.done is None or b.begun < a.done for a, b in itertools.pairwise(publications))
        expected = linearizable(publications, calls)
        try:
            found = check_register(publications, calls)
        except HistoryError:
            assert not expected
            continue
        assert (found is None) == expected, (publications, calls, found)
        verdicts[expected] += 1
        assert str(check_register(publications, CallColumns.of(calls))) == str(found)
        if found is not None:
            rules[found.rule] += 1
            assert len(found.witness) == 2
            # The two records of the witness are enough by themselves, unless a revert leaves a choice of reads.
            few = [c for c in found.witness if isinstance(c, Call)]
            if len({p.version for p in publications}) == len(publications):
                assert not linearizable(publications, few), (publications, calls, found)
    assert min(verdicts.values()) > 800
    assert min(rules[rule] for rule in ("T2", "T3", "T4")) > 100, rules
    assert repeated > 1000
    assert overlapping > 500


def reverting_history(rng: random.Random) -> tuple[list[Publication], list[Call]]:
    """Two versions published in turns, by windows so wide that a call has the choice of several."""
    instants = sorted(rng.randint(0, 40) for _ in range(rng.randint(3, 8)))
    publications = [
        Publication(1 + k % 2, max(0, at - rng.randint(0, 12)), at + rng.randint(0, 12))
        for k, at in enumerate(instants)
    ]
    calls = []
    for number in range(rng.randint(2, 7)):
        at = rng.randint(0, 40)
        version = 1 + (sum(instant <= at for instant in instants) - 1) % 2 if rng.random() < 0.9 else rng.randint(1, 2)
        invoked = max(0, at - rng.randint(0, 8))
        calls.append(Call(number, number, invoked, at + rng.randint(0, 8), None, None, (version,)))
    return publications, calls


@pytest.mark.rule("T2", "T3", "T4")
def test_chains_of_reverts_agree_with_a_search_through_all_linearizations() -> None:
    rng = random.Random(7)
    verdicts: Counter[bool] = Counter()
    for _ in range(3000):
        publications, calls = reverting_history(rng)
        expected = linearizable(publications, calls)
        try:
            found = check_register(publications, calls)
        except HistoryError:
            assert not expected
            continue
        assert (found is None) == expected, (publications, calls, found)
        assert (check_register(publications, CallColumns.of(calls)) is None) == expected
        verdicts[expected] += 1
    assert min(verdicts.values()) > 400, verdicts


def rounds_of(versions: Sequence[int], clients: int, calls: int) -> tuple[list[Publication], list[CallColumns]]:
    """Every client calls `calls` times during each publication's reign, all of them at once."""
    span = 4 * calls
    publications = [Publication(version, k * span, k * span + 1) for k, version in enumerate(versions)]
    parts = [CallColumns() for _ in range(clients)]
    for k, version in enumerate(versions):
        for client, part in enumerate(parts):
            for n in range(calls):
                begin = k * span + 4 * n + 1
                part.add(client, begin, begin + 2, version)
    return publications, parts


@pytest.mark.parametrize("versions", [range(100), [1, 2] * 50], ids=["new versions", "reverts"])
def test_one_call_out_of_many_is_found(versions: Sequence[int]) -> None:
    """Good as it is; with one call that ran on the version before, that call is in the witness."""
    publications, parts = rounds_of(versions, clients=16, calls=10)
    assert check_register(publications, CallColumns.joined(parts)) is None
    parts[5].versions[505] = versions[49]
    found = check_register(publications, CallColumns.joined(parts))
    assert found is not None
    assert any(isinstance(record, Call) and record.client == 5 for record in found.witness)
    assert len(found.witness) == 2


def test_a_long_chain_of_choices_is_not_quadratic() -> None:
    """All windows overlap, so that every call may have read every publication of its version, and the last is late."""
    n = 4000
    publications = [Publication(1 + k % 2, k, 10 * n) for k in range(n)]
    calls = [Call(k, k, k, k + 3, None, None, (1 + k % 2,)) for k in range(n)]
    assert check_register(publications, calls) is None
    late = Call(n, n, 9 * n, 9 * n, None, None, (3,))
    assert check_register(publications, [*calls, late]) is not None


def test_columns() -> None:
    columns = CallColumns()
    columns.add(3, 10, 20, 7)
    assert columns.call(0) == Call(0, 3, 10, 20, None, None, (7,))
    columns.check()
    with pytest.raises(OverflowError):
        columns.add(3, 10, 1 << 64, 7)
    assert len(columns) == 1
    columns.add(3, 30, 20, 7)
    with pytest.raises(HistoryError, match="invoked <= started"):
        columns.check()
    columns.clients.append(1)
    with pytest.raises(HistoryError, match="one length"):
        columns.check()


def test_a_register_without_publications_is_the_recorders_fault() -> None:
    with pytest.raises(HistoryError, match="no publication at all"):
        check_register([], [])
    with pytest.raises(HistoryError, match="in which they happened"):
        check_register([Publication(1, 10, 20), Publication(2, 0, 5)], [])
