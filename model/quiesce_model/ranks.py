"""How far everybody is from the end of what they do: the numbers and the situations that a liveness proof needs.

Plain functions of a state, in the modelling language, so that they can be run and be read; ``prove.ranking`` turns them
into obligations.  Each rank counts the steps that are left at most, so each step of one's own has to lower it, and
nobody else may raise it.

Positions that share a rank (``RUN`` and ``NESTED``) are those between which a call may go to and fro for as long as it
likes: that it comes out of them is what "calls end" means.
"""

from __future__ import annotations

from quiesce_model.algorithm import Algorithm
from quiesce_model.vocabulary import Gate, HotReloadState, Life, Pc, Thread, Up, Upgrader, Version

S = HotReloadState


# == an upgrader's operation ===========================================================================================
def steps_to_the_end(s: Algorithm, u: Upgrader) -> int:
    """Of an operation: prepare, execute, commit, revert, cancel, unregister."""
    if s.up[u] == Up.BUILD:
        return 11
    if s.up[u] == Up.INIT:
        return 10
    if s.up[u] == Up.SCAN:
        return 9
    if s.up[u] == Up.WAIT:
        return 8
    if s.up[u] == Up.HANDOVER:
        return 7
    if s.up[u] == Up.SWAP:
        return 6
    if s.up[u] == Up.DECIDE:
        return 5
    if s.up[u] == Up.UNDO_SCAN:
        return 4
    if s.up[u] == Up.UNDO_WAIT:
        return 3
    return 0 if s.up[u] == Up.IDLE else 1


def is_busy(s: Algorithm, u: Upgrader) -> bool:
    return s.up[u] != Up.IDLE


def is_at_rest(s: Algorithm, u: Upgrader) -> bool:
    return s.up[u] == Up.IDLE


def sleeps(s: Algorithm, u: Upgrader) -> bool:
    """It waits for a drain, and nobody has woken it yet."""
    return s.up[u] in (Up.WAIT, Up.UNDO_WAIT) and not s.woken[u]


def is_awake(s: Algorithm, u: Upgrader) -> bool:
    return s.woken[u]


def drives(s: Algorithm, u: Upgrader) -> bool:
    return s.drives(u)


def keeps_the_gate_closed(s: Algorithm, u: Upgrader) -> bool:
    return s.drives(u) and s.up[u] in (Up.SCAN, Up.WAIT, Up.HANDOVER, Up.SWAP, Up.UNDO_SCAN, Up.UNDO_WAIT)


# == a caller ==========================================================================================================
def steps_to_let_go(s: Algorithm, t: Thread) -> int:
    """Until the caller has released its record and has looked whether somebody waits for that."""
    if s.pc[t] in (Pc.IDLE, Pc.READ):
        return 0
    if s.pc[t] == Pc.ANNOUNCE:
        return 5
    if s.pc[t] == Pc.CONFIRM:
        return 4
    if s.pc[t] in (Pc.RETRACT, Pc.RUN, Pc.NESTED):
        return 3
    return 2 if s.pc[t] == Pc.PEEK else 1


def steps_to_let_go_of_an_old_record(s: Algorithm, t: Thread) -> int:
    return steps_to_let_go(s, t) if s.epoch[t] < s.now else 0


def steps_to_let_go_of(s: Algorithm, t: Thread, v: Version) -> int:
    return steps_to_let_go(s, t) if s.code[s.epoch[t]] == v else 0


def steps_to_the_start(s: Algorithm, t: Thread) -> int:
    """Of an invoked call; a caller that read a record which is old by now has a lap to go."""
    if s.pc[t] == Pc.ANNOUNCE:
        return 7 if s.epoch[t] < s.now else 2
    if s.pc[t] == Pc.CONFIRM:
        return 6 if s.epoch[t] < s.now else 1
    if s.pc[t] == Pc.RETRACT:
        return 5
    if s.pc[t] == Pc.LOOK_AGAIN:
        return 4
    return 3 if s.pc[t] == Pc.READ else 0


def is_on_its_way(s: Algorithm, t: Thread) -> bool:
    """It is invoked, and does not stand before a closed gate."""
    return s.pc[t] != Pc.IDLE and not (s.pc[t] == Pc.READ and s.gate == Gate.HELD)


# == a version =========================================================================================================
def is_retired(s: Algorithm, v: Version) -> bool:
    return s.life[v] == Life.RETIRED


def is_retired_or_freed(s: Algorithm, v: Version) -> bool:
    return s.life[v] in (Life.RETIRED, Life.FREED)


def looks_still_to_come(s: Algorithm, u: Upgrader, v: Version) -> int:
    """Whether the upgrader that retired the version has yet to look whether it can be freed at once."""
    return 1 if s.up[u] == Up.LOOK and s.mine[u] == v else 0


# == the plugin ========================================================================================================
def nothing_is_under_way(s: Algorithm) -> bool:
    """Settled, or it is a person's turn: to execute what is prepared, to decide on a probation."""
    return s.settled() or a_candidate_is_prepared(s) or a_version_is_on_probation(s)


def a_candidate_is_prepared(s: Algorithm) -> bool:
    return s.state == S.PREPARING_UPGRADE and s.pending != 0


def a_version_is_on_probation(s: Algorithm) -> bool:
    return s.state == S.UPGRADE_COMPLETE and s.probation


def the_gate_is_held(s: Algorithm) -> bool:
    return s.gate == Gate.HELD


def an_upgrade_was_rolled_back(s: Algorithm) -> bool:
    return s.state == S.ROLLED_BACK and s.gate != Gate.SHUT


def it_is_active(s: Algorithm) -> bool:
    return s.state == S.ACTIVE
