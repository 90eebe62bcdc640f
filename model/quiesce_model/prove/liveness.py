"""Why everything comes to its end, for any number of callers, upgraders, versions and epochs.

Fairness, as in ``endings``: a step that is not marked ``fair=False`` is taken sooner or later by a process that could
take it for ever.  "Hooks end" is part of that (build, init and handover each have a fair way on), as is "calls end",
with one thing besides: a call does not nest for ever.  Each function below is one argument: its docstring is the part
on paper, its obligations are the part for the solvers.

What is *not* shown, because it is not so: that each call starts however often the plugin is upgraded.  A second look
fails whenever there was a publication in between, so a caller is lock-free and not wait-free; `calls_start` says
exactly how much of it a publication can cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from quiesce_model import ranks
from quiesce_model.language import Model
from quiesce_model.language.expr import Expr, arith, const, land, lnot, lor, param, var
from quiesce_model.prove.obligation import Obligation
from quiesce_model.prove.ranking import Ranker
from quiesce_model.prove.system import Step, System, system
from quiesce_model.vocabulary import Thread, Upgrader, Version

__all__ = ["ARGUMENTS", "ranking", "with_a_timeout"]

WAITER, CALLER, VERSION = param("waiter", Upgrader), param("caller", Thread), param("version", Version)
CALLS_END = ("nest", "unnest")
"""The steps that a call may take to and fro; that it does so finitely often is the assumption."""


def with_a_timeout(fair: frozenset[str]) -> frozenset[str]:
    """The fair actions where calls do what they like and the timeout is finite (rule V2)."""
    return (fair - {"finish", "unnest"}) | {"time_out", "undo_times_out"}


def operations_end(s: System) -> Iterator[Obligation]:
    """V1: each operation of an upgrader ends, if it is not left asleep.

    Each of its steps brings it nearer to its end, nobody else's pushes it back, and unless it sleeps it can move, and
    stays able to: nobody but itself puts it back to sleep.  That nobody sleeps for ever is `drains_end`.
    """
    r = Ranker(s, ("V1",))
    rank = _rank(r, ranks.steps_to_the_end)
    yield from r.falls("the end of its operation", rank, WAITER)
    yield from r.is_not_raised("the end of its operation", rank, WAITER)
    asleep = r.word(ranks.sleeps, WAITER)
    yield from r.can_move("who is busy and not asleep", WAITER, land(r.word(ranks.is_busy, WAITER), lnot(asleep)))
    awake = r.word(ranks.is_awake, WAITER)
    yield from r.lasts("puts nobody else back to sleep", awake, awake, WAITER)


def operations_end_by_timeout(s: System) -> Iterator[Obligation]:
    """V2: with a finite timeout each operation ends, whatever calls do.

    The ranks are those of `operations_end`.  Where a call need not end but the time-out must come, an upgrader can
    always move, asleep or not; so its rank falls to zero.
    """
    fair = with_a_timeout(frozenset(step.name for step in s.steps if step.action.fair))
    r = Ranker(s, ("V2",), fair)
    yield from r.can_move("who is busy", WAITER, r.word(ranks.is_busy, WAITER))


def drains_end(s: System) -> Iterator[Obligation]:
    """V1: who waits for a drain is woken, if calls end.

    Only callers with an older record are waited for.  While an upgrader sleeps, each of their steps brings them nearer
    to letting go, nobody pushes them back, nobody becomes one of them, and each can move.  By an invariant there is one
    of them as long as somebody sleeps: the last one to look wakes the sleeper.
    """
    r = Ranker(s, ("V1",))
    asleep = r.word(ranks.sleeps, WAITER)
    rank = _rank(r, ranks.steps_to_let_go_of_an_old_record)
    yield from r.falls("letting go of an old record", rank, CALLER, asleep, free=CALLS_END)
    yield from r.is_not_raised("letting go of an old record", rank, CALLER, asleep)
    yield from _callers_can_move(s)
    yield from r.somebody("somebody is left to wake who sleeps", asleep, (lambda x: _some(rank(x)), Thread))


def upgrades_settle(s: System) -> Iterator[Obligation]:
    """V1: no upgrade stays under way.

    While one is under way and it is nobody's turn to decide, an upgrader drives it.  It drives until the upgrade is
    settled or somebody's turn has come; and its operation ends.
    """
    r = Ranker(s, ("V1",))
    at_rest = r.word(ranks.nothing_is_under_way)
    driving = r.word(ranks.drives, WAITER)
    yield from r.lasts("leaves the upgrade driven, or settled, or somebody's turn", driving, lor(driving, at_rest))
    somebody = (lambda x: r.word(ranks.drives, x), Upgrader)
    yield from r.somebody("somebody drives what is under way", lnot(at_rest), somebody)


def held_calls_go_on(s: System) -> Iterator[Obligation]:
    """V3: a call that is held goes on, within the timeout; and no other call waits.

    While the gate is held, an upgrader keeps it closed.  Only the end of its drain opens the gate, and then it is open;
    by `operations_end_by_timeout` that end comes.  A caller anywhere else than before a held gate can move.
    """
    r = Ranker(s, ("V3",))
    held, keeps = r.word(ranks.the_gate_is_held), r.word(ranks.keeps_the_gate_closed, WAITER)
    yield from r.lasts("leaves the gate to its keeper, or open", land(held, keeps), lor(lnot(held), keeps))
    somebody = (lambda x: r.word(ranks.keeps_the_gate_closed, x), Upgrader)
    yield from r.somebody("somebody keeps the gate closed", held, somebody)
    yield from r.can_move("who is not before a held gate", CALLER, r.word(ranks.is_on_its_way, CALLER))


def calls_start(s: System) -> Iterator[Obligation]:
    """V4: a publication is all that can delay a call, and it costs at most one lap.

    Each step of an invoked call brings it nearer to its start, seven steps at most, and only a publication pushes it
    back.  So a call starts after finitely many steps of its own unless there are publications without end; this is
    lock-freedom, not wait-freedom.
    """
    r = Ranker(s, ("V4",))
    rank = _rank(r, ranks.steps_to_the_start)
    now = var("now", s.sorts["now"])

    def published(step: Step) -> Expr:
        return arith("<", now, step.after(now))

    yield from r.falls("its start", rank, CALLER)
    yield from r.is_not_raised("its start", rank, CALLER, unless=published)


def what_is_retired_is_freed(s: System) -> Iterator[Obligation]:
    """M5: nothing retired stays unfreed, if calls end.

    Whoever may still touch a retired version is a caller with one of its records or the upgrader that retired it.  Each
    of their steps brings them nearer to having looked, nobody pushes them back, nobody joins them, and each can move.
    By an invariant there is one of them as long as the version is retired: the last one to look frees it.
    """
    r = Ranker(s, ("M5",))
    retired = r.word(ranks.is_retired, VERSION)

    def calls(x: Expr) -> Expr:
        return r.word(ranks.steps_to_let_go_of, x, VERSION)

    def looks(x: Expr) -> Expr:
        return r.word(ranks.looks_still_to_come, x, VERSION)

    yield from r.falls("letting go of a retired version", calls, CALLER, retired, free=CALLS_END)
    yield from r.is_not_raised("letting go of a retired version", calls, CALLER, retired)
    yield from r.falls("looking at what it retired", looks, WAITER, retired)
    yield from r.is_not_raised("looking at what it retired", looks, WAITER, retired)
    yield from r.can_move("who has yet to look", WAITER, _some(looks(WAITER)))
    yield from _callers_can_move(s)
    yield from r.lasts(
        "leaves what is retired retired, or frees it", retired, r.word(ranks.is_retired_or_freed, VERSION)
    )
    left = "somebody is left to free what is retired"
    yield from r.somebody(left, retired, (lambda x: _some(calls(x)), Thread), (lambda x: _some(looks(x)), Upgrader))


def active_can_be_reached(s: System) -> Iterator[Obligation]:
    """L4: no trap.

    By `upgrades_settle` whatever is under way comes to where it is rolled back, prepared, on probation or active; from
    each of these one step leads to ACTIVE, for which an upgrader at rest is enough.
    """
    r = Ranker(s, ("L4",))
    idle, active = r.word(ranks.is_at_rest, WAITER), r.word(ranks.it_is_active)
    ways = (
        ("what was rolled back can be acknowledged", ranks.an_upgrade_was_rolled_back, "acknowledge"),
        ("what is prepared can be cancelled", ranks.a_candidate_is_prepared, "cancel_upgrade"),
        ("what is on probation can be committed", ranks.a_version_is_on_probation, "commit"),
    )
    for about, situation, action in ways:
        yield from r.possible(about, land(r.word(situation), idle), action, (WAITER,), active)


ARGUMENTS: tuple[Callable[[System], Iterator[Obligation]], ...] = (
    operations_end,
    operations_end_by_timeout,
    drains_end,
    upgrades_settle,
    held_calls_go_on,
    calls_start,
    what_is_retired_is_freed,
    active_can_be_reached,
)


def ranking(model: type[Model]) -> list[Obligation]:
    """The obligations of all arguments, for one policy of the algorithm or a mutant of it."""
    s = system(model)
    found: dict[str, Obligation] = {}
    for argument in ARGUMENTS:
        for o in argument(s):
            found.setdefault(o.name, o)
    return list(found.values())


def _rank(r: Ranker, word: Callable[..., int]) -> Callable[[Expr], Expr]:
    return lambda x: r.word(word, x)


def _some(rank: Expr) -> Expr:
    return arith("<", const(0), rank)


def _callers_can_move(s: System) -> Iterator[Obligation]:
    r = Ranker(s, ("V1", "M5"))
    yield from r.can_move("who has a record", CALLER, _some(r.word(ranks.steps_to_let_go, CALLER)))
