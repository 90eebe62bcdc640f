"""Worker: histories and traces checked, per second.  Prints JSON objects, one a line.

    PYTHONPATH=.:impl:model:tests/conformance python -m tests.benchmarks.histories [peers]

With ``peers``: the general checker beside detangle and simloom, on the same histories of a cell with read, write and
compare-and-swap, all of them linearizable, in one process.  simloom is asked for 1,000 operations only, since it gives
no answer about 10,000 in minutes.  Without: the register check and trace validation, which have no peer.

Figures are of processor time, the making of the histories left out.
"""

from __future__ import annotations

import importlib
import json
import platform
import random
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any

from quiesce_conformance import Call, CallColumns, Publication, check_register
from quiesce_conformance.linearizability import UNKNOWN, Operation, check_linearizable
from quiesce_conformance.tracevalidation import TransitionSystem, UpgradeActions, validate_trace
from tests.benchmarks.measure import Row, in_turns

OURS = "quiesce_conformance"
CALLS, CLIENTS = 1_000_000, 64
EVENTS = 500_000
CALLERS = ("invoke", "read", "announce", "confirm", "retract", "finish", "peek", "look")


class Cell:
    """The specification of a cell for the general checker."""

    def initial(self) -> Hashable:
        return 0

    def steps(self, name: str, args: tuple[Any, ...], result: Any) -> Sequence[Hashable]:
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


def cell_history(count: int, clients: int, seed: int) -> list[Operation]:
    """Clients that are stepped by lot: invoke, take effect, return."""
    rng = random.Random(seed)
    under_way: dict[int, tuple[str, tuple[int, ...], int, list[Any]]] = {}
    out: list[Operation] = []
    value = clock = begun = 0
    while len(out) < count:
        client, clock = rng.randrange(clients), clock + 1
        if client not in under_way:
            if begun < count:
                begun += 1
                name = rng.choices(("read", "write", "cas"), (5, 3, 2))[0]
                args = tuple(rng.randrange(5) for _ in range({"read": 0, "write": 1, "cas": 2}[name]))
                under_way[client] = name, args, clock, []
            continue
        name, args, invoked, result = under_way[client]
        if result:
            del under_way[client]
            out.append(Operation(client, name, args, result[0], invoked, clock))
        elif name == "read":
            result.append(value)
        elif name == "write":
            value = args[0]
            result.append(None)
        else:
            result.append(value == args[0])
            value = args[1] if value == args[0] else value
    return out


def seconds(run: Callable[[], object], ends: Callable[[Any], bool]) -> float:
    """Processor time of a run that must end as it should."""
    begin = time.process_time()
    found = run()
    end = time.process_time()
    if not ends(found):
        raise RuntimeError(f"expected the history to be found good, got {found}")
    return end - begin


def fine(found: object) -> bool:
    return found is None


def detangle(operations: Sequence[Operation]) -> Callable[[], object]:
    lin = importlib.import_module("detangle.lin")
    history = []
    for i, o in enumerate(sorted(operations, key=lambda o: o.invoked)):
        argument = None if o.name == "read" else o.args[0] if o.name == "write" else o.args
        history.append(lin.Operation(i, o.client, o.name, argument, o.invoked, 0.0, o.result, "ok", o.returned, 0.0))
    return lambda: None if lin.check(history, lin.Register(0)).ok else "not linearizable"


def simloom(operations: Sequence[Operation]) -> Callable[[], object]:
    module = importlib.import_module("simloom._linearizability")
    history = module.RegisterHistory()
    calls: dict[int, Any] = {}
    events = [(o.invoked, i, o) for i, o in enumerate(operations)]
    events += [(o.returned or 0, i, o) for i, o in enumerate(operations)]
    for at, i, o in sorted(events):
        if at == o.invoked:
            calls[i] = history.invoke("cell", o.name, *o.args, process=o.client)
        else:
            calls[i].complete(o.result)
    return lambda: None if module.check_linearizable(history, initial=0).ok else "not linearizable"


def peers() -> Iterable[Row]:
    for count, others in ((10_000, (detangle,)), (1_000, (detangle, simloom))):
        what = f"{count:,} operations, 8 clients"
        operations = cell_history(count, 8, seed=1)
        runs: dict[str, Callable[[], object]] = {OURS: partial(check_linearizable, Cell(), operations)}
        for other in others:
            runs["detangle.lin" if other is detangle else "simloom"] = other(operations)
        candidates = {name: partial(rate, count, run, fine) for name, run in runs.items()}
        for name, values in in_turns(candidates, progress=progress).items():
            yield Row(what, name, platform.python_version(), values, "operations/s")


def rate(count: int, run: Callable[[], object], ends: Callable[[Any], bool]) -> float:
    return count / seconds(run, ends)


def calls_of(reverts: bool) -> tuple[list[Publication], CallColumns]:
    """Clients that call without a pause, and a publication for every thousand calls."""
    rng = random.Random(1)
    each = CALLS // CLIENTS
    span, publications, version = 45 * 1000 // CLIENTS, [Publication(1, 0, 1)], 1
    while len(publications) * span < 45 * each:
        at, before = len(publications) * span, publications[max(len(publications) - 2, 0)].version
        version += 1
        back = reverts and len(publications) % 2 == 0
        publications.append(Publication(before if back else version, at - 5, at + 5))
    columns = CallColumns()
    for client in range(CLIENTS):
        clock = rng.randint(2, 40)
        for _ in range(each):
            at = clock + rng.randint(0, 30)
            index = min(at // span, len(publications) - 1)
            columns.add(client, clock, at + rng.randint(0, 10), publications[index].version)
            clock = at + rng.randint(11, 30)
    return publications, columns


def own() -> Iterable[Row]:
    version = platform.python_version()
    publications, columns = calls_of(reverts=False)
    records: list[Call] = [columns.call(row) for row in range(len(columns))]
    runs = {
        "register history, a million calls, 64 clients": partial(check_register, publications, columns),
        "register history, the same as records": partial(check_register, publications, records),
        "register history, half of the publications reverts": partial(check_register, *calls_of(reverts=True)),
    }
    candidates = {what: partial(rate, len(columns), run, fine) for what, run in runs.items()}
    for what, values in in_turns(candidates, progress=progress).items():
        yield Row(what, OURS, version, values, "operations/s")
    actions = ("prepare_upgrade", "drain_in_flight", "drained", "atomic_swap", "commit")
    failed = ("prepare_upgrade", "drain_in_flight", "time_out", "acknowledge", "prepare_upgrade", "cancel_upgrade")
    rng = random.Random(2)
    trace: list[str] = []
    while len(trace) < EVENTS:
        trace += rng.choice((actions, failed))
    run = partial(rate, len(trace), lambda: validate_trace(UpgradeActions(), trace), bool)
    for values in in_turns({OURS: run}, progress=progress).values():
        yield Row("trace of upgrade actions", OURS, version, values, "events/s")


def steps(system: TransitionSystem, threads: int, count: int) -> list[tuple[Hashable, ...]]:
    """Callers that are stepped by lot, and about one upgrade in 25,000 events."""
    rng = random.Random(4)
    calls = [(name, t) for name in CALLERS for t in range(threads)]
    upgrade: tuple[str, ...] = (
        "prepare_upgrade",
        "build",
        "prepared",
        "drain_in_flight",
        "scan",
        "drained_in_time",
        "atomic_swap",
        "commit",
    )
    upgrade += ("cleanup_old",)
    others: list[tuple[Hashable, ...]] = [(name, 0) for name in upgrade]
    known: dict[Any, list[tuple[Any, Any]]] = {}
    [state] = system.first()
    out: list[tuple[Hashable, ...]] = []
    while len(out) < count:
        if len(out) % 25_000 < 100 and len(out) % 10 == 0:
            now = [(event, after) for event in others for after in system.after(state, event)]
        else:
            now = []
        if not now:
            if state not in known:
                known[state] = [(event, after) for event in calls for after in system.after(state, event)]
            now = known[state]
        event, state = rng.choice(now)
        out.append(event)
    return out


def model() -> Iterable[Row]:
    """Every step of callers and of upgrades held against the algorithm model, all its claims judged."""
    from quiesce.verify.model_system import ModelSystem
    from quiesce_model import algorithm
    from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version

    scope = {Thread: 3, Upgrader: 1, Version: 32, Epoch: 64, Tally: 1000}
    trace = steps(ModelSystem(algorithm.Continue, scope), 3, EVENTS)
    run = partial(rate, len(trace), lambda: validate_trace(ModelSystem(algorithm.Continue, scope), trace), bool)
    for values in in_turns({OURS: run}, progress=progress).values():
        yield Row("trace of the algorithm model", OURS, platform.python_version(), values, "events/s")


def progress(text: str) -> None:
    print(json.dumps({"progress": text}), flush=True)


def main() -> None:
    for row in peers() if sys.argv[1:] == ["peers"] else (*own(), *model()):
        print(json.dumps({"row": row.to_json()}), flush=True)


if __name__ == "__main__":
    main()
