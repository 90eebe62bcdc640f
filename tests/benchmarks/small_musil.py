"""The small protocol for musil 0.36.7 (Python 3.12 or later)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from musil import Action, Model, check
from musil.core import ActionSchema, enumerate_actions

from tests.benchmarks.small import ANNOUNCED, CALLERS, IDLE, READ, RUN, UPGRADES

LIMIT = 10_000_000


def put(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*values[:index], value, *values[index + 1 :])


def explore(model: Model[Any]) -> int:
    """States reached; raises if a claim fails or the search is cut short."""
    result = check(model, max_states=LIMIT)
    if not result.ok or result.truncated:
        raise AssertionError(f"expected every claim to hold, got {result}")
    return int(result.states_explored)


# --- idiomatic: a frozen dataclass, parameterised actions -------------------------------------------------------------


@dataclass(frozen=True)
class State:
    now: int = 0
    freed: int = 0
    waits: bool = False
    holders: tuple[int, ...] = (0,) * (UPGRADES + 1)
    pc: tuple[int, ...] = (IDLE,) * CALLERS
    held: tuple[int, ...] = (0,) * CALLERS


def read(s: State, t: int) -> State:
    return replace(s, held=put(s.held, t, s.now), pc=put(s.pc, t, READ))


def announce(s: State, t: int) -> State:
    v = s.held[t]
    return replace(s, holders=put(s.holders, v, s.holders[v] + 1), pc=put(s.pc, t, ANNOUNCED))


def confirm(s: State, t: int) -> State:
    return replace(s, pc=put(s.pc, t, RUN))


def let_go(s: State, t: int) -> State:
    v = s.held[t]
    return replace(s, holders=put(s.holders, v, s.holders[v] - 1), held=put(s.held, t, 0), pc=put(s.pc, t, IDLE))


def alive(s: State) -> bool:
    return all(s.held[t] >= s.freed for t in range(CALLERS) if s.pc[t] == RUN)


def counted(s: State) -> bool:
    return all(
        s.holders[v] == sum(s.held[t] == v and s.pc[t] in (ANNOUNCED, RUN) for t in range(CALLERS))
        for v in range(UPGRADES + 1)
    )


def idiomatic() -> int:
    callers = {"t": range(CALLERS)}
    return explore(
        Model(
            init=State(),
            actions=[
                *enumerate_actions(
                    [
                        ActionSchema("read", read, callers, lambda s, t: s.pc[t] == IDLE),
                        ActionSchema("announce", announce, callers, lambda s, t: s.pc[t] == READ),
                        ActionSchema(
                            "confirm", confirm, callers, lambda s, t: s.pc[t] == ANNOUNCED and s.held[t] == s.now
                        ),
                        ActionSchema(
                            "retract", let_go, callers, lambda s, t: s.pc[t] == ANNOUNCED and s.held[t] != s.now
                        ),
                        ActionSchema("finish", let_go, callers, lambda s, t: s.pc[t] == RUN),
                    ]
                ),
                Action(
                    "swap",
                    lambda s: not s.waits and s.now < UPGRADES,
                    lambda s: replace(s, now=s.now + 1, waits=True),
                ),
                Action(
                    "free",
                    lambda s: s.waits and s.holders[s.now - 1] == 0,
                    lambda s: replace(s, freed=s.now, waits=False),
                ),
            ],
            invariants={"alive": alive, "counted": counted, "behind": lambda s: s.freed <= s.now},
        )
    )


# --- tuned: flat tuples, `actions_fn` returns only what is enabled, each with its successor already made --------------

NOW, FREED, WAITS = 0, 1, 2
HOLDERS = 3
PC = HOLDERS + UPGRADES + 1
HELD = PC + CALLERS
Flat = tuple[int, ...]


def _always(_: Flat) -> bool:
    return True


def _enabled(s: Flat) -> Iterator[Action[Flat]]:
    now = s[NOW]
    for t in range(CALLERS):
        pc, held = s[PC + t], s[HELD + t]
        n = list(s)
        if pc == IDLE:
            n[PC + t], n[HELD + t], label = READ, now, "read"
        elif pc == READ:
            n[PC + t], label = ANNOUNCED, "announce"
            n[HOLDERS + held] += 1
        elif pc == ANNOUNCED and held == now:
            n[PC + t], label = RUN, "confirm"
        else:
            label = "finish" if pc == RUN else "retract"
            n[PC + t], n[HELD + t] = IDLE, 0
            n[HOLDERS + held] -= 1
        yield Action(label, _always, lambda _, successor=tuple(n): successor)
    if s[WAITS]:
        if s[HOLDERS + now - 1] == 0:
            yield Action("free", _always, lambda s: (now, now, 0, *s[3:]))
    elif now < UPGRADES:
        yield Action("swap", _always, lambda s: (now + 1, s[FREED], 1, *s[3:]))


def _counted(s: Flat) -> bool:
    counts = [0] * (UPGRADES + 1)
    for t in range(CALLERS):
        if s[PC + t] >= ANNOUNCED:
            counts[s[HELD + t]] += 1
    return s[HOLDERS:PC] == tuple(counts)


def tuned() -> int:
    return explore(
        Model(
            # One tuple would be read as several initial states.
            init=[(0,) * (HELD + CALLERS)],
            actions_fn=_enabled,
            invariants={
                "alive": lambda s: all(s[HELD + t] >= s[FREED] for t in range(CALLERS) if s[PC + t] == RUN),
                "counted": _counted,
                "behind": lambda s: s[FREED] <= s[NOW],
            },
        )
    )
