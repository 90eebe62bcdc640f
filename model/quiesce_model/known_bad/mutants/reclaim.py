"""Mutants of reclamation: a version is freed too early, twice or never."""

from __future__ import annotations

from typing import ClassVar

from quiesce_model.algorithm import Continue, Overlap
from quiesce_model.language import action, require
from quiesce_model.vocabulary import Gate, HotReloadState, Life, Up, Upgrader, Version

S = HotReloadState


class FreesWithoutLookingAtHolders(Overlap):
    """Retired is taken to mean unused."""

    def unheld(s, v: Version) -> bool:
        return s.life[v] == Life.RETIRED


class FreesTwice(Overlap):
    """Whoever finds no holder frees, whether or not somebody has done so before."""

    def reclaim(s, v: Version) -> None:
        if s.life[v] in (Life.RETIRED, Life.FREED) and s.unheld(v):
            assert s.life[v] == Life.RETIRED, "M3: a version is freed exactly once"
            s.life[v] = Life.FREED


class LooksAtOneRecordOnly(Overlap):
    """Asks whether the version's last record has holders and forgets that the drain gave it another one."""

    @action
    def cleanup_old(s, u: Upgrader) -> None:
        require(s.up[u] == Up.LOOK)
        if s.life[s.mine[u]] == Life.RETIRED and s.holders[s.now - 1] == 0:
            assert s.nobody_runs(s.mine[u]), "R3: no running call loses its version"
            s.life[s.mine[u]] = Life.FREED
        s.leave(u)


class RetiresBeforeTheSwap(Continue):
    """The old version is retired when the drain ends: the next call starts on it all the same."""

    @action
    def drained_in_time(s, u: Upgrader) -> None:
        require(s.up[u] == Up.WAIT, s.woken[u])
        s.woken[u] = False
        if s.ticket[u]:
            s.ticket[u] = False
            s.state = S.SWAPPING
            s.life[s.code[s.now]] = Life.RETIRED
            s.up[u] = Up.SWAP
        else:
            s.up[u] = Up.DISCARD


class CommitsWithoutLooking(Continue):
    """The old version is retired, but nobody looks whether it is free already: it never is."""

    @action
    def commit(s, u: Upgrader) -> None:
        require(s.may_decide(u))
        s.state = S.ACTIVE
        s.succeeded += 1
        s.life[s.previous] = Life.RETIRED
        s.previous = Version(0)
        s.probation = False
        s.up[u] = Up.IDLE


class FreesOnProbation(Continue):
    """The old version is retired at the swap: a revert brings back what is being freed."""

    @action
    def begin_probation(s, u: Upgrader) -> None:
        require(s.up[u] == Up.DECIDE)
        s.life[s.previous] = Life.RETIRED
        s.reclaim(s.previous)
        s.probation = True
        s.up[u] = Up.IDLE


class ReinstatesTheRetired(Overlap):
    """After the commit the old version is published again: a look that was under way frees it under a running call."""

    @action(fair=False)
    def bring_back(s, u: Upgrader, v: Version) -> None:
        require(s.up[u] == Up.IDLE, s.state == S.ACTIVE, s.gate == Gate.OPEN, s.life[v] == Life.RETIRED)
        s.life[s.code[s.now]] = Life.RETIRED
        s.publish(v, Gate.OPEN)
        s.life[v] = Life.LIVE


class CandidateForgotten(Continue):
    """A candidate that was rolled back is dropped without being freed."""

    @action
    def discard(s, u: Upgrader) -> None:
        require(s.up[u] == Up.DISCARD)
        s.leave(u)


class CandidateFreedTwice(Continue):
    """Both the canceller and the upgrader discard the candidate."""

    @action(fair=False)
    def cancel_upgrade(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.state == S.PREPARING_UPGRADE, s.pending != 0)
        s.state = S.ACTIVE
        s.mine[u] = s.pending
        s.up[u] = Up.DISCARD


class UnregisterFreesAtOnce(Continue):
    """The version goes when the name goes, whoever is still inside."""

    @action(fair=False)
    def unregister(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.settled(), s.gate != Gate.SHUT)
        s.publish(s.code[s.now], Gate.SHUT)
        s.life[s.code[s.now]] = Life.FREED


class NoCapOnVersions(Overlap):
    """Upgrade after upgrade, while old versions are still held."""

    cap: ClassVar[int] = 2

    def room(s) -> bool:
        return True
