"""What the algorithm means as the protocol: a table of variables and a table of steps, in the modelling language.

``MEANING`` says of each variable of the protocol what it is in a state of the algorithm.  ``STEPS`` says of each action
of the algorithm which action of the protocol it is, for whom, and in which case; what no case speaks of is invisible.
Both are plain functions of a state.  ``refinement`` runs them on every step within a bound (explored); ``prove``
reads their source and asks the solvers about every step there can be (proved).  Neither knows anything else of how the
two models hang together.

Three lines are more than a renaming:

- a call *runs* from its successful second look to the release of its holder, so ``confirm`` is the protocol's ``start``
  and all that a caller does before and after is invisible;
- a drain *awaits* the calls that run on a record from before the current one;
- the *candidate* belongs to whichever upgrader is at work on the attempt.  A formula cannot say "that upgrader's", so
  this meaning is a condition on a version that exactly one version meets.

Rejected: a history variable that names the upgrader (the algorithm has none, so the table would speak of something that
is not there); "some step of the protocol" instead of a named one (a solver has to guess, and a reader learns nothing).
Source: Abadi and Lamport, "The Existence of Refinement Mappings" (1991); no history or prophecy variables are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from quiesce_model.algorithm import Algorithm
from quiesce_model.language import every
from quiesce_model.vocabulary import (
    DrainPolicy,
    Epoch,
    Gate,
    HotReloadState,
    Life,
    Pc,
    Phase,
    Tally,
    Thread,
    Up,
    Upgrader,
    Version,
)

__all__ = ["INVISIBLE", "MEANING", "STEPS", "Step", "singles_out"]

S, P = HotReloadState, DrainPolicy


# == the variables, in the protocol's order ===========================================================================
def state(s: Algorithm) -> HotReloadState:
    return s.state


def current(s: Algorithm) -> Version:
    return s.code[s.now]


def manifest(s: Algorithm) -> Version:
    """The manifest is part of the version, and so is behind the same pointer."""
    return s.code[s.now]


def epoch(s: Algorithm) -> Epoch:
    return s.now


def gate(s: Algorithm) -> Gate:
    return s.gate


def newest(s: Algorithm) -> Version:
    return s.newest


def life(s: Algorithm, v: Version) -> Life:
    return s.life[v]


def building(s: Algorithm) -> int:
    return sum(s.up[u] == Up.BUILD for u in every(Upgrader))


def candidate(s: Algorithm, it: Version) -> bool:
    """Exactly one version meets this: the one at which somebody is at work, or else the one that is pending."""
    if any(works_on_a_candidate(s, u) for u in every(Upgrader)):
        return any(works_on_a_candidate(s, u) and s.mine[u] == it for u in every(Upgrader))
    return s.pending == it


def ready(s: Algorithm) -> bool:
    return s.pending != 0


def previous(s: Algorithm) -> Version:
    return s.previous


def undecided(s: Algorithm) -> bool:
    return s.state == S.UPGRADE_COMPLETE and not reverting(s)


def succeeded(s: Algorithm) -> Tally:
    return s.succeeded


def failed(s: Algorithm) -> Tally:
    return s.failed


def phase(s: Algorithm, t: Thread) -> Phase:
    if s.pc[t] == Pc.RUN:
        return Phase.RUNNING
    if s.pc[t] == Pc.NESTED:
        return Phase.NESTED
    return Phase.IDLE if s.pc[t] in (Pc.IDLE, Pc.PEEK, Pc.LOOK) else Phase.INVOKED


def runs(s: Algorithm, t: Thread) -> Version:
    return s.code[s.epoch[t]] if s.runs(t) else Version(0)


def inner(s: Algorithm, t: Thread) -> Version:
    return s.code[s.inner[t]] if s.pc[t] == Pc.NESTED else Version(0)


def awaited(s: Algorithm, t: Thread) -> bool:
    draining = s.policy != P.OVERLAP and (s.state == S.DRAINING or reverting(s))
    return draining and s.runs(t) and s.epoch[t] < s.now


def works_on_a_candidate(s: Algorithm, u: Upgrader) -> bool:
    return s.up[u] in (Up.HANDOVER, Up.SWAP) or (s.ticket[u] and s.up[u] in (Up.INIT, Up.SCAN, Up.WAIT))


def reverting(s: Algorithm) -> bool:
    return s.policy == P.HOLD and any(s.up[u] in (Up.UNDO_SCAN, Up.UNDO_WAIT) for u in every(Upgrader))


MEANING: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        state,
        current,
        manifest,
        epoch,
        gate,
        newest,
        life,
        building,
        candidate,
        ready,
        previous,
        undecided,
        succeeded,
        failed,
        phase,
        runs,
        inner,
        awaited,
    )
}


def singles_out(name: str) -> bool:
    """Whether the meaning of a variable is a condition that exactly one value meets, instead of that value."""
    return name == "candidate"


# == the steps ========================================================================================================
@dataclass(frozen=True)
class Step:
    """What an action of the algorithm is to the protocol, in one case.

    ``of`` gives the parameters of the protocol's action from the state and the parameters of the algorithm's.  ``when``
    is the case; the cases of an action are asked in order.  A step without a name is invisible.
    """

    name: str | None
    of: tuple[Callable[..., Any], ...] = ()
    when: Callable[..., bool] | None = None

    def __str__(self) -> str:
        return self.name or "-"


INVISIBLE = Step(None)


def the_caller(s: Algorithm, t: Thread) -> Thread:
    return t


def its_version(s: Algorithm, t: Thread) -> Version:
    return s.code[s.epoch[t]]


def its_own(s: Algorithm, u: Upgrader) -> Version:
    return s.mine[u]


def the_plugin_is_gone(s: Algorithm, t: Thread) -> bool:
    return s.gate == Gate.SHUT


def the_pointer_has_not_moved(s: Algorithm, t: Thread) -> bool:
    return s.epoch[t] == s.now


def the_last_caller_leaves(s: Algorithm, t: Thread) -> bool:
    return can_be_freed(s, s.code[s.epoch[t]])


def no_caller_is_left(s: Algorithm, u: Upgrader) -> bool:
    return can_be_freed(s, s.mine[u])


def can_be_freed(s: Algorithm, v: Version) -> bool:
    return s.life[v] == Life.RETIRED and s.unheld(v)


def nobody_has_cancelled(s: Algorithm, u: Upgrader) -> bool:
    return s.ticket[u]


def still_under_way(s: Algorithm, u: Upgrader) -> bool:
    return s.ticket[u] or s.up[u] in (Up.HANDOVER, Up.SWAP)


def the_policy_is_hold(s: Algorithm, u: Upgrader) -> bool:
    return s.policy == P.HOLD


STEPS: Mapping[str, tuple[Step, ...]] = {
    # -- a call
    "invoke": (Step("invoke", (the_caller,)),),
    "read": (Step("turned_away", (the_caller,), when=the_plugin_is_gone), INVISIBLE),
    "announce": (INVISIBLE,),
    "confirm": (Step("start", (the_caller,), when=the_pointer_has_not_moved), INVISIBLE),
    "retract": (INVISIBLE,),
    "nest": (Step("nest", (the_caller,)),),
    "unnest": (Step("unnest", (the_caller,)),),
    "finish": (Step("finish", (the_caller,)),),
    "peek": (INVISIBLE,),
    "look": (Step("cleanup_old", (its_version,), when=the_last_caller_leaves), INVISIBLE),
    # -- an upgrade
    "prepare_upgrade": (Step("prepare_upgrade"),),
    "build_fails": (Step("build_fails", when=nobody_has_cancelled), Step("build_of_a_cancelled_upgrade_fails")),
    "build": (Step("build", when=nobody_has_cancelled), Step("build_of_a_cancelled_upgrade")),
    "init_fails": (Step("init_fails", when=nobody_has_cancelled), INVISIBLE),
    "prepared": (Step("prepared", when=nobody_has_cancelled), INVISIBLE),
    "drain_in_flight": (Step("drain_in_flight"),),
    "scan": (INVISIBLE,),
    "drained_in_time": (Step("drained", when=nobody_has_cancelled), INVISIBLE),
    "time_out": (Step("time_out"),),
    "interrupted": (Step("interrupted", when=still_under_way), INVISIBLE),
    "hand_over": (INVISIBLE,),
    "handover_fails": (Step("handover_fails"),),
    "atomic_swap": (Step("atomic_swap"),),
    # -- probation
    "begin_probation": (INVISIBLE,),
    "commit": (Step("commit"),),
    "revert": (Step("drain_for_revert", when=the_policy_is_hold), Step("revert")),
    "undo_scan": (INVISIBLE,),
    "undo": (Step("revert"),),
    "undo_times_out": (Step("revert_times_out"),),
    "cleanup_old": (Step("cleanup_old", (its_own,), when=no_caller_is_left), INVISIBLE),
    # -- giving up
    "cancel_upgrade": (Step("cancel_upgrade"),),
    "discard": (Step("discard", (its_own,)),),
    "acknowledge": (Step("acknowledge"),),
    "unregister": (Step("unregister"),),
}
