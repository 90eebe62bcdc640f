"""The configurations in which a history may be, carried from event to event.

A configuration is a state and the steps of operations under way that have been taken already.  An invocation adds
steps; at a return every configuration in which the operation is not done takes other steps until it is, in every order,
and those that cannot are dropped.  If none is left, that return is where the history ceases to be linearizable.

What makes it fast: steps that never change a state are taken as soon as a state allows it (whatever can be done
without them can be done after them, so no other choice needs to be carried; without this, n reads under way are 2**n
configurations).  Other steps wait until a return asks for them.  States are numbered, and each step's effect on each
state is asked once.  Memory holds the configurations and the operations under way, whatever the length of the history.

Rejected: a search with backtracking over the whole history (Wing and Gong, Lowe), which is fast where the answer is yes
and many times slower where it is no, for it must then have tried everything; and whose sets of done operations are as
long as the history.  After Lowe, *Testing for linearizability* (2017), just-in-time linearization.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from quiesce_conformance.history import HistoryError

from .operations import UNKNOWN, Operation, Specification, Stuck, TooManyConfigurations

__all__ = ["LinearizabilityStream", "check_linearizable"]

MOST = 200_000
_MANY = 4_000
_Table = dict[int, tuple[int, ...]]


@dataclass(slots=True, eq=False)
class _Step:
    """A step of an operation under way: its bit, the bit of the step before it, what it does to each state."""

    bit: int
    needs: int
    label: Hashable
    table: _Table


class _Configurations:
    """Of one part."""

    def __init__(self, specification: Specification, most: int) -> None:
        self.specification, self.most = specification, most
        self.states: list[Hashable] = []
        self._ids: dict[Hashable, int] = {}
        self._tables: dict[Hashable, _Table] = {}
        self._observers: list[_Step] = []
        self._movers: list[_Step] = []
        self._free: list[int] = []
        self._bits = 0
        self._under_way: dict[int, tuple[Operation, list[_Step]]] = {}
        self.now = {(self._id(specification.initial()), 0)}
        self.events = 0

    def invoke(self, token: int, operation: Operation) -> None:
        """It is under way, and comes to the result that it has."""
        self.events += 1
        result = UNKNOWN if operation.returned is None else operation.result
        steps: list[_Step] = []
        observing = False
        for label in self.specification.steps(operation.name, operation.args, result):
            if not self._free:
                self._free.append(1 << self._bits)
                self._bits += 1
            step = _Step(self._free.pop(), steps[-1].bit if steps else 0, label, self._tables.setdefault(label, {}))
            steps.append(step)
            observes = self.specification.observes(label)
            observing |= observes
            (self._observers if observes else self._movers).append(step)
        if not steps:
            raise ValueError(f"expected a specification to give at least one step, got none for {operation}")
        self._under_way[token] = operation, steps
        if observing:
            self.now = {self._observed(state, taken) for state, taken in self.now}

    def end(self, token: int) -> Stuck | None:
        """It returned."""
        self.events += 1
        operation, steps = self._under_way.pop(token)
        last, all_of_it = steps[-1].bit, 0
        for step in steps:
            all_of_it |= step.bit
        done: set[tuple[int, int]] = set()
        waiting: list[tuple[int, int]] = []
        for c in self.now:
            if c[1] & last:
                done.add((c[0], c[1] & ~all_of_it))
            else:
                waiting.append(c)
        if waiting:
            self._take(waiting, last, all_of_it, done)
        if not done:
            states = {state: None for state, _ in sorted(self.now)}
            beside = tuple(other for other, _ in self._under_way.values())
            return Stuck(operation, self.events, tuple(self.states[state] for state in states), beside)
        self.now = done
        for step in steps:
            (self._observers if step in self._observers else self._movers).remove(step)
            self._free.append(step.bit)
        if len(self.states) > _MANY + 4 * len(done):
            self._forget()
        return None

    def size(self) -> int:
        """How much is kept."""
        return len(self.states) + len(self._tables) + len(self.now)

    def _forget(self) -> None:
        """Number the states anew that are still possible: versions go on for ever, and memory must not."""
        old = self.states
        self.states, self._ids, self._tables = [], {}, {}
        self.now = {(self._id(old[state]), taken) for state, taken in self.now}
        for step in (*self._observers, *self._movers):
            step.table = self._tables.setdefault(step.label, {})

    def _take(self, waiting: list[tuple[int, int]], last: int, all_of_it: int, done: set[tuple[int, int]]) -> None:
        """Take steps, in every order, until the one that is asked for was taken."""
        movers, observers = self._movers, self._observers
        seen = set(waiting)
        while waiting:
            state, taken = waiting.pop()
            for step in movers:
                if taken & step.bit or (step.needs and not taken & step.needs):
                    continue
                found = step.table.get(state)
                if found is None:
                    found = self._ask(step, state)
                for after in found:
                    c = (after, taken | step.bit)
                    if observers:
                        c = self._observed(*c)
                    if c[1] & last:
                        done.add((after, c[1] & ~all_of_it))
                    elif c not in seen:
                        seen.add(c)
                        waiting.append(c)
            if len(seen) + len(done) > self.most:
                raise TooManyConfigurations(f"more than {self.most} configurations at event {self.events}")

    def _observed(self, state: int, taken: int) -> tuple[int, int]:
        """With every observing step taken that can be."""
        for step in self._observers:
            if taken & step.bit or (step.needs and not taken & step.needs):
                continue
            found = step.table.get(state)
            if found is None:
                found = self._ask(step, state)
            if found:
                taken |= step.bit
        return state, taken

    def _ask(self, step: _Step, state: int) -> tuple[int, ...]:
        after = self.specification.after(self.states[state], step.label)
        found = step.table[state] = tuple(dict.fromkeys(self._id(s) for s in after))
        return found

    def _id(self, state: Hashable) -> int:
        found = self._ids.get(state)
        if found is None:
            found = self._ids[state] = len(self.states)
            self.states.append(state)
        return found


def check_linearizable(
    specification: Specification, operations: Iterable[Operation], *, max_configurations: int = MOST
) -> Stuck | None:
    """Whether there is an order of the operations that each client could have seen: `None`, or where it ends.

    Equal stamps mean "at once": an operation that returned at the stamp at which another was invoked overlaps it.
    Parts are looked at one by one; with several that are broken, the one whose stuck operation returned first is given.

    Args:
        specification: of one part.
        operations: in any order.
        max_configurations: the most that are carried at once.

    Raises:
        HistoryError: an operation returned before it was invoked.
        ValueError: the specification knows no such operation.
        TooManyConfigurations: nothing can be said.

    """
    parts: dict[Hashable, list[Operation]] = {}
    for operation in operations:
        if operation.returned is not None and operation.returned < operation.invoked:
            raise HistoryError(f"expected invoked <= returned, got {operation}")
        parts.setdefault(operation.part, []).append(operation)
    verdicts = (_check_part(specification, part, max_configurations) for part in parts.values())
    found = [stuck for stuck in verdicts if stuck is not None]
    return min(found, key=lambda stuck: stuck.operation.returned or 0, default=None)


def _check_part(specification: Specification, operations: list[Operation], most: int) -> Stuck | None:
    events = [(o.invoked, 0, token) for token, o in enumerate(operations)]
    events += [(o.returned, 1, token) for token, o in enumerate(operations) if o.returned is not None]
    configurations = _Configurations(specification, most)
    for _, kind, token in sorted(events):
        if not kind:
            configurations.invoke(token, operations[token])
        elif (stuck := configurations.end(token)) is not None:
            return stuck
    return None


@dataclass(slots=True)
class _Pending:
    operation: Operation
    resolved: bool = False


@dataclass(slots=True)
class _Queue:
    configurations: _Configurations
    waiting: deque[tuple[bool, int]] = field(default_factory=deque)


class LinearizabilityStream:
    """The same, fed with invocations and returns as they happen.  For one thread.

    A return is judged once everything invoked before it in its part has returned, since results are needed; so what
    is kept is as long as the longest operation takes, and no longer.  Events come in the order in which they
    happened: one that is fed later counts as later.
    """

    def __init__(self, specification: Specification, *, max_configurations: int = MOST) -> None:
        self._specification, self._most = specification, max_configurations
        self._queues: dict[Hashable, _Queue] = {}
        self._pending: dict[int, _Pending] = {}
        self._next = self._clock = 0
        self.stuck: Stuck | None = None
        """The first that was found; what comes after it is not looked at."""

    def invoked(self, client: int, name: str, args: tuple[Hashable, ...] = (), part: Hashable = None) -> int:
        """An operation begins; gives its token."""
        token, self._next, self._clock = self._next, self._next + 1, self._clock + 1
        self._pending[token] = _Pending(Operation(client, name, args, UNKNOWN, self._clock, None, part))
        if part not in self._queues:
            self._queues[part] = _Queue(_Configurations(self._specification, self._most))
        self._queues[part].waiting.append((False, token))
        return token

    def returned(self, token: int, result: Hashable) -> Stuck | None:
        """It returned; gives what has been found so far.

        Raises:
            HistoryError: there is no such operation under way.
            ValueError: the specification knows no such operation.
            TooManyConfigurations: nothing can be said.

        """
        pending = self._pending.get(token)
        if pending is None or pending.resolved:
            raise HistoryError(f"expected the token of an operation under way, got {token}")
        self._clock += 1
        pending.operation = pending.operation._replace(result=result, returned=self._clock)
        pending.resolved = True
        queue = self._queues[pending.operation.part]
        queue.waiting.append((True, token))
        self._advance(queue, to_the_end=False)
        return self.stuck

    def finish(self) -> Stuck | None:
        """The stream is over: what has not returned never will.  Gives the verdict on all of it."""
        for queue in self._queues.values():
            self._advance(queue, to_the_end=True)
        return self.stuck

    @property
    def kept(self) -> int:
        """How many states, steps' effects and operations are kept: bounded, however long the stream."""
        parts = [queue.configurations for queue in self._queues.values()]
        return len(self._pending) + sum(part.size() for part in parts)

    def _advance(self, queue: _Queue, *, to_the_end: bool) -> None:
        while queue.waiting and self.stuck is None:
            ends, token = queue.waiting[0]
            pending = self._pending[token]
            if not (pending.resolved or to_the_end):
                return
            queue.waiting.popleft()
            if ends:
                del self._pending[token]
                self.stuck = queue.configurations.end(token)
            else:
                queue.configurations.invoke(token, pending.operation)
