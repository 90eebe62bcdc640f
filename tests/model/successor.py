"""The algorithm once more, by hand: who may do what next, as one plain function on plain values.

Written from the prose of ``quiesce_model.algorithm`` and not through its language: no reader, no expressions, no sorts.
Steps are grouped by where a caller or an upgrader stands, enumeration members are strings, a state is a dict of plain
values, and a step is what it puts in place.  Its only use is to disagree (``test_export_successor``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

State = dict[str, Any]
Sizes = dict[str, int]  # Thread, Upgrader, Version, Epoch, Tally
Taken = Iterator[tuple[str, State]]
BEYOND = "beyond the scope"
BOUNDED = {"newest": "Version", "now": "Epoch", "succeeded": "Tally", "failed": "Tally"}


def first(n: Sizes) -> State:
    """Version 0 serves, nobody does anything."""
    plugin = {"state": "ACTIVE", "now": 0, "code": (0,) * n["Epoch"], "gate": "OPEN", "holders": (0,) * n["Epoch"]}
    plugin |= {"newest": 0, "life": ("LIVE",) + ("UNBORN",) * (n["Version"] - 1), "pending": 0, "previous": 0}
    plugin |= {"probation": False, "succeeded": 0, "failed": 0}
    callers = {"pc": ("IDLE",) * n["Thread"], "epoch": (0,) * n["Thread"], "inner": (0,) * n["Thread"]}
    upgraders = {"up": "IDLE", "mine": 0, "ticket": False, "woken": False}
    return plugin | callers | {name: (value,) * n["Upgrader"] for name, value in upgraders.items()}


def put(cells: tuple[Any, ...], i: int, value: Any) -> tuple[Any, ...]:
    return (*cells[:i], value, *cells[i + 1 :])


def at(s: State, i: int, **values: Any) -> State:
    """One caller's or upgrader's variables, changed."""
    return {name: put(s[name], i, value) for name, value in values.items()}


def publish(s: State, version: int, gate: str) -> State:
    """A new record; beyond the scope it has no place, and the step is discarded."""
    code = put(s["code"], s["now"] + 1, version) if s["now"] + 1 < len(s["code"]) else s["code"]
    return {"now": s["now"] + 1, "code": code, "gate": gate}


def reopened(s: State) -> State:
    return publish(s, s["code"][s["now"]], "OPEN") if s["gate"] == "HELD" else {}


def failed(s: State, u: int) -> State:
    return {"state": "ROLLED_BACK", "failed": s["failed"] + 1} | at(s, u, ticket=False)


def left(s: State, u: int) -> State:
    return at(s, u, up="IDLE", mine=0, ticket=False)


def retired(s: State, u: int, v: int) -> State:
    return {"life": put(s["life"], v, "RETIRED"), "previous": 0, "probation": False} | at(s, u, mine=v, up="LOOK")


def freed_if_unheld(s: State, v: int) -> State:
    unheld = not any(s["holders"][e] for e in range(s["now"] + 1) if s["code"][e] == v)
    return {"life": put(s["life"], v, "FREED")} if s["life"][v] == "RETIRED" and unheld else {}


def caller(s: State, t: int, policy: str) -> Taken:
    """What a caller may do."""
    e, now = s["epoch"][t], s["now"]
    held = {c: put(s["holders"], e, s["holders"][e] + c) for c in (1, -1)}
    match s["pc"][t]:
        case "IDLE":
            yield "invoke", at(s, t, pc="READ")
        case "READ" if s["gate"] != "HELD":
            yield "read", at(s, t, pc="ANNOUNCE", epoch=now) if s["gate"] == "OPEN" else at(s, t, pc="IDLE")
        case "ANNOUNCE":
            yield "announce", {"holders": held[1]} | at(s, t, pc="CONFIRM")
        case "CONFIRM":
            yield "confirm", at(s, t, pc="RUN" if e == now else "RETRACT")
        case "RETRACT":
            yield "retract", {"holders": held[-1]} | at(s, t, pc="LOOK_AGAIN")
        case "RUN":
            yield "nest", at(s, t, pc="NESTED", inner=e)
            yield "finish", {"holders": held[-1]} | at(s, t, pc="PEEK")
        case "NESTED":
            yield "unnest", at(s, t, pc="RUN", inner=0)
        case "PEEK":
            yield "peek", at(s, t, pc="IDLE", epoch=0) if e == now else at(s, t, pc="LOOK")
        case "LOOK" | "LOOK_AGAIN" as pc:
            changed = freed_if_unheld(s, s["code"][e]) | at(s, t, pc="IDLE" if pc == "LOOK" else "READ", epoch=0)
            if drained(s, policy):
                woken = tuple(w or x in {"WAIT", "UNDO_WAIT"} for w, x in zip(s["woken"], s["up"], strict=True))
                changed |= {"woken": woken}
            yield "look", changed


def drained(s: State, policy: str) -> bool:
    return policy == "OVERLAP" or not any(s["holders"][: s["now"]])


def upgrader(s: State, u: int, policy: str) -> Taken:
    """What an upgrader may do."""
    ticket, woken, mine, up = s["ticket"][u], s["woken"][u], s["mine"][u], s["up"][u]
    give_up = failed(s, u) | reopened(s) | at(s, u, up="DISCARD", ticket=False)
    match up:
        case "IDLE":
            yield from upgrader_at_rest(s, u, policy)
        case "BUILD":
            yield "build_fails", (failed(s, u) if ticket else {}) | left(s, u)
            v = s["newest"] + 1
            life = put(s["life"], v, "CANDIDATE") if v < len(s["life"]) else ()
            yield "build", {"newest": v, "life": life} | at(s, u, mine=v, up="INIT")
        case "INIT":
            yield "init_fails", (failed(s, u) if ticket else {}) | at(s, u, up="DISCARD")
            yield "prepared", {"pending": mine} | left(s, u) if ticket else at(s, u, up="DISCARD")
        case "SCAN":
            yield "scan", at(s, u, up="WAIT", woken=drained(s, policy) or not ticket)
        case "WAIT" if woken and ticket:
            then = "HANDOVER" if policy == "HOLD" else "SWAP"
            yield "drained_in_time", {"state": "SWAPPING"} | at(s, u, up=then, woken=False, ticket=False)
        case "WAIT" if woken:
            yield "drained_in_time", at(s, u, up="DISCARD", woken=False)
        case "WAIT" if ticket and policy != "OVERLAP":
            yield "time_out", give_up
        case "HANDOVER":
            yield "hand_over", at(s, u, up="SWAP")
            yield "handover_fails", give_up
        case "SWAP":
            life = put(s["life"], mine, "LIVE")
            changed = {"state": "UPGRADE_COMPLETE", "previous": s["code"][s["now"]], "life": life}
            yield "atomic_swap", publish(s, mine, "OPEN") | changed | at(s, u, mine=0, up="DECIDE")
        case "DECIDE":
            yield "begin_probation", {"probation": True} | at(s, u, up="IDLE")
            yield from decide(s, u, policy)
        case "UNDO_SCAN":
            yield "undo_scan", at(s, u, up="UNDO_WAIT", woken=drained(s, policy))
        case "UNDO_WAIT" if woken:
            yield "undo", reinstated(s, u) | at(s, u, woken=False)
        case "UNDO_WAIT":
            again = publish(s, s["code"][s["now"]], "OPEN")
            yield "undo_times_out", again | {"probation": True} | at(s, u, up="IDLE")
        case "LOOK":
            yield "cleanup_old", freed_if_unheld(s, mine) | left(s, u)
        case "DISCARD":
            yield "discard", {"life": put(s["life"], mine, "FREED")} | left(s, u)
    if up in {"SCAN", "WAIT", "HANDOVER", "SWAP"}:
        counts = ticket or up in {"HANDOVER", "SWAP"}
        yield "interrupted", (give_up if counts else at(s, u, up="DISCARD")) | at(s, u, woken=False)


def reinstated(s: State, u: int) -> State:
    undone = {"state": "ROLLED_BACK", "failed": s["failed"] + 1}
    return publish(s, s["previous"], "OPEN") | undone | retired(s, u, s["code"][s["now"]])


def decide(s: State, u: int, policy: str) -> Taken:
    """To keep the new version, or to bring the old one back."""
    done = {"state": "ACTIVE", "succeeded": s["succeeded"] + 1}
    yield "commit", done | retired(s, u, s["previous"])
    closed = publish(s, s["code"][s["now"]], "HELD") | {"probation": False} | at(s, u, up="UNDO_SCAN")
    yield "revert", closed if policy == "HOLD" else reinstated(s, u)


def upgrader_at_rest(s: State, u: int, policy: str) -> Taken:
    """What anybody may begin."""
    current = s["code"][s["now"]]
    if s["probation"]:
        yield from decide(s, u, policy)
    if s["state"] in {"ACTIVE", "ROLLED_BACK"} and s["gate"] != "SHUT":
        yield "unregister", publish(s, current, "SHUT") | retired(s, u, current)
        if sum(x in {"CANDIDATE", "LIVE", "RETIRED"} for x in s["life"]) + s["up"].count("BUILD") < 3:
            yield "prepare_upgrade", {"state": "PREPARING_UPGRADE"} | at(s, u, ticket=True, up="BUILD")
    nobody = {"ticket": (False,) * len(s["ticket"])}
    if s["state"] == "PREPARING_UPGRADE":
        waiting = {"pending": 0} | at(s, u, mine=s["pending"], up="DISCARD") if s["pending"] else {}
        yield "cancel_upgrade", {"state": "ACTIVE"} | waiting | nobody
        if s["pending"]:
            drain = publish(s, current, "HELD" if policy == "HOLD" else "OPEN") | {"state": "DRAINING", "pending": 0}
            yield "drain_in_flight", drain | at(s, u, ticket=True, mine=s["pending"], up="SCAN")
    if s["state"] == "DRAINING":
        woken = {"woken": tuple(w or x == "WAIT" for w, x in zip(s["woken"], s["up"], strict=True))}
        yield "cancel_upgrade", failed(s, u) | reopened(s) | woken | nobody


def successors(s: State, policy: str, n: Sizes) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """Every step from a state: its name, who takes it, and the state after it or `BEYOND`."""
    steps: list[tuple[str, tuple[int, ...], State]] = []
    steps += [(name, (t,), changed) for t in range(n["Thread"]) for name, changed in caller(s, t, policy)]
    steps += [(name, (u,), changed) for u in range(n["Upgrader"]) for name, changed in upgrader(s, u, policy)]
    if s["state"] == "ROLLED_BACK" and s["gate"] != "SHUT":
        steps.append(("acknowledge", (), {"state": "ACTIVE"}))
    for name, who, changed in steps:
        beyond = any(changed.get(x, 0) >= n[sort] for x, sort in BOUNDED.items())
        yield name, who, BEYOND if beyond else s | changed
