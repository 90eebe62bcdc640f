"""Programs small enough to know the answer, run in memory: the test-bed of the search strategies.

A thread is a generator that yields the operation that it will do next and does it when it is let go, just as a parked
thread does; so a strategy cannot tell these from real threads, and 100,000 schedules a second can be tried.

`tally` is the yardstick: over every schedule it counts Mazurkiewicz traces (classes of schedules that differ only in
the order of independent steps) by comparing canonical forms.  It shares no code with the reduced search.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from quiesce_conformance.schedules.execution import Deadlock, Execution, Failure
from quiesce_conformance.schedules.points import CUT, Choice, Chooser, Op
from quiesce_conformance.schedules.strategies import Strategy

Thread = Generator["Op | Timed", bool, None]
Instruction = tuple[str, str]
Code = Mapping[str, Sequence[Instruction]]


@dataclass(frozen=True)
class Timed:
    """A wait that ends when it can, or by a timeout while it cannot."""

    operation: Op


@dataclass
class State:
    """What the threads share."""

    memory: dict[str, int] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    seen: list[tuple[str, str, object]] = field(default_factory=list)
    """Thread, operation, result: in the order of each thread."""

    def outcome(self) -> tuple[object, ...]:
        """What can be told apart from outside: what each thread saw, in its own order, and what is left."""
        mine: dict[str, list[tuple[str, object]]] = {}
        for thread, what, result in self.seen:
            mine.setdefault(thread, []).append((what, result))
        return (
            tuple(sorted((thread, tuple(saw)) for thread, saw in mine.items())),
            tuple(sorted(self.memory.items())),
            frozenset(self.events),
        )


Program = Callable[[State], Mapping[str, Thread]]


def run(program: Program, chooser: Chooser, *, interrupts: int = 0, states: list[State] | None = None) -> Execution:
    """Run one execution; append its final state to `states`.

    With `interrupts`, each thread may be given so many KeyboardInterrupts, each instead of its next operation.
    """
    state = State()
    if states is not None:
        states.append(state)
    taken: list[Choice] = []
    offered: list[list[Choice]] = []
    last: str | None = None
    threads = dict(program(state))
    left = dict.fromkeys(threads, interrupts)
    parked: dict[str, Op | Timed] = {}
    for name in list(threads):
        _go_on(threads, parked, name, None)
    while parked:
        choices = _choices(parked, state, left, last)
        if all(choice.op.point == "interrupt" for choice in choices):  # only Ctrl-C would end it: a deadlock
            waiting = tuple(Choice(name, _operation(wish)) for name, wish in parked.items())
            return Execution(taken, offered, Deadlock(waiting), {})
        pick = chooser.choose(choices, last)
        if pick == CUT:
            return Execution(taken, offered, "cut", {})
        choice = choices[pick]
        last, op = choice
        taken.append(choice)
        offered.append(choices)
        try:
            if op.point == "interrupt":
                left[last] -= 1
                state.seen.append((last, "interrupt", None))
                _go_on(threads, parked, last, KeyboardInterrupt())
            else:
                _go_on(threads, parked, last, _perform(op, state))
        except AssertionError as error:
            return Execution(taken, offered, Failure(error, last, len(taken) - 1), {})
    return Execution(taken, offered, "finished", {})


def _go_on(
    threads: dict[str, Thread], parked: dict[str, Op | Timed], name: str, answer: bool | KeyboardInterrupt | None
) -> None:
    thread = threads[name]
    try:
        if answer is None:
            parked[name] = next(thread)
        elif isinstance(answer, KeyboardInterrupt):
            parked[name] = thread.throw(answer)
        else:
            parked[name] = thread.send(answer)
    except (StopIteration, KeyboardInterrupt):
        parked.pop(name, None)
        del threads[name]


def _choices(parked: Mapping[str, Op | Timed], state: State, left: Mapping[str, int], last: str | None) -> list[Choice]:
    """What could be next.  Letting a lock go is glued to the step before it, as it is on real threads."""
    if last is not None:
        wish = parked.get(last)
        if isinstance(wish, Op) and wish.point == "lock.release":
            return [Choice(last, wish)]
    choices: list[Choice] = []
    for name, wish in parked.items():
        choices += _alternatives(name, wish, state, left[name])
    return choices


def _operation(wish: Op | Timed) -> Op:
    return wish if isinstance(wish, Op) else wish.operation


def _alternatives(name: str, wish: Op | Timed, state: State, interrupts: int) -> Iterator[Choice]:
    op = _operation(wish)
    blocked = (
        op.object in state.held
        if op.point == "lock.acquire"
        else op.point == "event.wait" and (op.object not in state.events)
    )
    if not blocked:
        yield Choice(name, op)
    elif isinstance(wish, Timed):
        yield Choice(name, Op(op.point.partition(".")[0] + ".timeout", op.object, False))
    if interrupts:
        yield Choice(name, Op("interrupt", f"thread:{name}", False))


def _perform(op: Op, state: State) -> bool:
    """Do it; say whether it was done, and not given up."""
    point, thing = op.point, op.object
    if point == "lock.acquire" or (point == "lock.try" and thing not in state.held):
        state.held.add(thing)
    elif point == "lock.release":
        state.held.remove(thing)
    elif point == "event.set":
        state.events.add(thing)
    elif point == "event.clear":
        state.events.discard(thing)
    elif point in {"lock.try", "event.timeout", "lock.timeout"}:
        return False
    return True


POINTS = {"r": "read", "w": "write", "-": "lock.release", "set": "event.set", "clear": "event.clear"}
BLOCKING = {"+": "lock.acquire", "wait": "event.wait"}
"""With a question mark behind: with a timeout.  ``try``: take the lock if it is free."""


def program(code: Code) -> Program:
    """Make a program of straight-line instructions, such as ``("w", "x")`` or ``("wait?", "e")``.

    A thread that did not get a lock goes on without it, and does not let it go.
    """
    return lambda state: {name: _interpret(name, lines, state) for name, lines in code.items()}


def run_code(code: Code, chooser: Chooser) -> Execution:
    """Run a program of instructions once.  `functools.partial` of it can be sent to a process."""
    return run(program(code), chooser)


def _interpret(name: str, lines: Sequence[Instruction], state: State) -> Thread:
    mine: set[str] = set()
    for number, (what, thing) in enumerate(lines):
        if what == "-" and thing not in mine:
            continue
        done = yield _wish(what, thing)
        if what in {"+", "+?", "try"} and done:
            mine.add(thing)
        elif what == "-":
            mine.discard(thing)
        elif what == "w":
            state.memory[thing] = state.memory.get(thing, 0) * 10 + ord(name[-1]) % 8 + number
        state.seen.append((name, what, state.memory.get(thing, 0) if what == "r" else done))


def _wish(what: str, thing: str) -> Op | Timed:
    if what == "try":
        return Op("lock.try", thing, True)
    if what in POINTS:
        return Op(POINTS[what], thing, what != "r")
    timed = what.endswith("?")
    op = Op(BLOCKING[what.rstrip("?")], thing, what.startswith("+"), not timed)
    return Timed(op) if timed else op


def random_code(
    dice: Random, *, threads: int = 3, length: int = 4, most: int = 9, takes: Sequence[str] = ("+",)
) -> Code:
    """Draw a small program: locks are let go of in the end (mostly), everything else is anything."""
    code: dict[str, list[Instruction]] = {}
    left = most
    for name in "abcd"[:threads]:
        lines: list[Instruction] = []
        held: list[str] = []
        for _ in range(min(left, dice.randint(1, length))):
            what = dice.choice(["r", "r", "w", "w", "take", "take", "take", "take", "set", "wait?", "wait", "clear"])
            if what == "take":
                free = [lock for lock in ("L", "M") if lock not in held]
                if free:
                    held.append(dice.choice(free))
                    lines.append((dice.choice(takes), held[-1]))
            elif what in {"r", "w"}:
                lines.append((what, dice.choice("xyz")))
            else:
                lines.append((what, "e"))
            if held and dice.random() < 0.4:
                lines.append(("-", held.pop()))
        if dice.random() < 0.9:
            lines += [("-", lock) for lock in reversed(held)]
        left -= sum(what != "-" for what, _ in lines)
        code[name] = lines
    return code


# --- the yardstick --------------------------------------------------------------------------------------------------


def canonical(steps: Sequence[Choice]) -> frozenset[object]:
    """The trace that a schedule belongs to: each step with everything that must come before it."""
    before: list[frozenset[int]] = []
    names: list[object] = []
    counts: dict[str, int] = {}
    for index, (thread, op) in enumerate(steps):
        counts[thread] = counts.get(thread, 0) + 1
        names.append((thread, counts[thread], op))
        past: set[int] = set()
        for earlier in range(index):
            other, its = steps[earlier]
            if other == thread or (its.object == op.object and (its.writes or op.writes)):
                past |= {earlier} | before[earlier]
        before.append(frozenset(past))
    return frozenset((names[index], frozenset(names[k] for k in past)) for index, past in enumerate(before))


def executions(run_it: Callable[[Chooser], Execution], strategy: Strategy) -> Iterator[tuple[Execution, bool]]:
    """Run every schedule of a strategy; tell with each whether it counts."""
    frontier = strategy.frontier()
    while (part := frontier.take(1)) is not None:
        explorer = strategy.explorer(part)
        while (chooser := explorer.next()) is not None:
            execution = run_it(chooser)
            yield execution, explorer.learn(execution)
        frontier.give_back(explorer.rest())


@dataclass
class Tally:
    """What a search of a program came to."""

    schedules: int = 0
    stopped: int = 0
    """Executions that a sleep set ended."""
    traces: set[frozenset[object]] = field(default_factory=set)
    outcomes: set[object] = field(default_factory=set)
    deadlocks: int = 0


def tally(body: Program, strategy: Strategy, *, interrupts: int = 0, most: int = 1_000_000) -> Tally | None:
    """Search a program; None if that takes more than `most` schedules."""
    result = Tally()
    states: list[State] = []
    for execution, counts in executions(
        lambda chooser: run(body, chooser, interrupts=interrupts, states=states), strategy
    ):
        state = states.pop()
        if not counts:
            result.stopped += 1
            continue
        result.schedules += 1
        if result.schedules > most:
            return None
        result.traces.add(canonical(execution.choices))
        ending = execution.ending
        result.deadlocks += isinstance(ending, Deadlock)
        result.outcomes.add((state.outcome(), ending.waiting if isinstance(ending, Deadlock) else ending))
    return result
