"""The small protocol for minicheck 0.4.0."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minicheck import Model, Protocol, check_safety, invariant, transition

from tests.benchmarks.small import ANNOUNCED, CALLERS, IDLE, READ, RUN, UPGRADES

LIMIT = 10_000_000


def put(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*values[:index], value, *values[index + 1 :])


def explore(protocol: Protocol) -> int:
    """States reached; raises if a claim fails or the search is cut short."""
    report = check_safety(protocol, max_states=LIMIT)
    if not report["exhaustive"] or any(not claim["holds"] for claim in report["properties"].values()):
        raise AssertionError(f"expected every claim to hold, got {report['properties']}")
    return int(report["reachable_states"])


# --- idiomatic: a Model class, one guarded transition per caller and step ---------------------------------------------


def _caller_steps(t: int) -> Iterable[tuple[str, Callable[[Any], bool], Callable[[Any], None]]]:
    def read(s: Any) -> None:
        s.held = put(s.held, t, s.now)
        s.pc = put(s.pc, t, READ)

    def announce(s: Any) -> None:
        s.holders = put(s.holders, s.held[t], s.holders[s.held[t]] + 1)
        s.pc = put(s.pc, t, ANNOUNCED)

    def confirm(s: Any) -> None:
        s.pc = put(s.pc, t, RUN)

    def let_go(s: Any) -> None:
        s.holders = put(s.holders, s.held[t], s.holders[s.held[t]] - 1)
        s.held = put(s.held, t, 0)
        s.pc = put(s.pc, t, IDLE)

    yield f"read({t})", lambda s: s.pc[t] == IDLE, read
    yield f"announce({t})", lambda s: s.pc[t] == READ, announce
    yield f"confirm({t})", lambda s: s.pc[t] == ANNOUNCED and s.held[t] == s.now, confirm
    yield f"retract({t})", lambda s: s.pc[t] == ANNOUNCED and s.held[t] != s.now, let_go
    yield f"finish({t})", lambda s: s.pc[t] == RUN, let_go


class Announce(Model):  # type: ignore[misc] # minicheck carries no types
    now: int = 0
    freed: int = 0
    waits: int = 0
    holders: tuple[int, ...] = (0,) * (UPGRADES + 1)
    pc: tuple[int, ...] = (IDLE,) * CALLERS
    held: tuple[int, ...] = (0,) * CALLERS

    for _t in range(CALLERS):
        for _label, _when, _body in _caller_steps(_t):
            vars()[_label] = transition(when=_when, label=_label)(_body)

    @transition(when=lambda s: not s.waits and s.now < UPGRADES)  # type: ignore[untyped-decorator] # no types
    def swap(s: Any) -> None:
        s.now += 1
        s.waits = 1

    @transition(when=lambda s: s.waits and s.holders[s.now - 1] == 0)  # type: ignore[untyped-decorator] # no types
    def free(s: Any) -> None:
        s.freed = s.now
        s.waits = 0

    @invariant  # type: ignore[untyped-decorator] # no types
    def alive(s: Any) -> bool:
        return all(s.held[t] >= s.freed for t in range(CALLERS) if s.pc[t] == RUN)

    @invariant  # type: ignore[untyped-decorator] # no types
    def counted(s: Any) -> bool:
        return all(
            s.holders[v] == sum(s.held[t] == v and s.pc[t] in (ANNOUNCED, RUN) for t in range(CALLERS))
            for v in range(UPGRADES + 1)
        )

    @invariant  # type: ignore[untyped-decorator] # no types
    def behind(s: Any) -> bool:
        return bool(s.freed <= s.now)


def idiomatic() -> int:
    return explore(Announce.protocol())


# --- tuned: a Protocol over flat tuples, one hand-written successor function ------------------------------------------

NOW, FREED, WAITS = 0, 1, 2
HOLDERS = 3
PC = HOLDERS + UPGRADES + 1
HELD = PC + CALLERS
State = tuple[int, ...]


def successors(s: State) -> list[tuple[str, State]]:
    out: list[tuple[str, State]] = []
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
        out.append((label, tuple(n)))
    if s[WAITS]:
        if s[HOLDERS + now - 1] == 0:
            out.append(("free", (now, now, 0, *s[3:])))
    elif now < UPGRADES:
        out.append(("swap", (now + 1, s[FREED], 1, *s[3:])))
    return out


def _alive(d: dict[str, int]) -> bool:
    return all(d[f"held{t}"] >= d["freed"] for t in range(CALLERS) if d[f"pc{t}"] == RUN)


def _counted(d: dict[str, int]) -> bool:
    counts = [0] * (UPGRADES + 1)
    for t in range(CALLERS):
        if d[f"pc{t}"] >= ANNOUNCED:
            counts[d[f"held{t}"]] += 1
    return all(d[f"holders{v}"] == counts[v] for v in range(UPGRADES + 1))


def tuned() -> int:
    return explore(
        Protocol(
            name="announce",
            candidate=False,
            fields=(
                *("now", "freed", "waits"),
                *(f"holders{v}" for v in range(UPGRADES + 1)),
                *(f"pc{t}" for t in range(CALLERS)),
                *(f"held{t}" for t in range(CALLERS)),
            ),
            initial=(0,) * (HELD + CALLERS),
            transitions=successors,
            invariants={"alive": _alive, "counted": _counted, "behind": lambda d: d["freed"] <= d["now"]},
        )
    )
