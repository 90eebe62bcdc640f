"""Mutants for rules that nothing else here breaks: a call that is dropped, a failure that is none, a door left shut."""

from __future__ import annotations

from quiesce_model.algorithm import Continue, Hold
from quiesce_model.known_bad.entry import KnownBad
from quiesce_model.language import action, require
from quiesce_model.vocabulary import DrainPolicy, Epoch, Gate, HotReloadState, Life, Pc, Thread, Up, Upgrader, scope

P, S = DrainPolicy, HotReloadState


class GivesUpAtTheGate(Hold):
    """A call that finds the gate closed is sent away instead of waiting."""

    @action
    def read(s, t: Thread) -> None:
        require(s.pc[t] == Pc.READ)
        if s.gate == Gate.OPEN:
            s.epoch[t] = s.now
            s.pc[t] = Pc.ANNOUNCE
        else:
            s.epoch[t] = Epoch(0)
            s.pc[t] = Pc.IDLE


class TimeOutSwapsAnyway(Continue):
    """When the drain times out the upgrade counts as failed, and the new version is published all the same."""

    @action(fair=False)
    def time_out(s, u: Upgrader) -> None:
        require(s.up[u] == Up.WAIT, s.ticket[u], not s.woken[u])
        s.roll_back(u)
        old = s.code[s.now]
        s.publish(s.mine[u], Gate.OPEN)
        s.life[s.mine[u]] = Life.LIVE
        s.retire(u, old)


class HandoverFailureKeepsTheGate(Hold):
    """When the state cannot be handed over, nobody lets the calls go on that wait."""

    @action
    def handover_fails(s, u: Upgrader) -> None:
        require(s.up[u] == Up.HANDOVER)
        s.roll_back(u)
        s.up[u] = Up.DISCARD


class UnregistersDuringAnUpgrade(Continue):
    """The plugin is taken out of service while an upgrade is under way, which goes on with it."""

    @action(fair=False)
    def unregister(s, u: Upgrader) -> None:
        require(s.up[u] == Up.IDLE, s.gate != Gate.SHUT, s.state != S.UPGRADE_COMPLETE)
        s.publish(s.code[s.now], Gate.SHUT)
        s.retire(u, s.code[s.now])


ENTRIES = [
    KnownBad(
        name="GivesUpAtTheGate",
        model=GivesUpAtTheGate,
        scope=scope(1, 1, 2, 4, 2),
        breaks="R1",
        claim="a_call_starts_once_and_ends_once",
        steps=6,
        story="A drain closes the gate; a call that arrives finds it closed and ends without having run.",
        removed_by=("read",),
    ),
    KnownBad(
        name="TimeOutSwapsAnyway",
        model=TimeOutSwapsAnyway,
        scope=scope(1, 1, 2, 4, 2),
        breaks="B1",
        claim="only_a_swap_and_a_revert_change_the_version",
        steps=9,
        story="A call outlasts the drain's timeout; the upgrade is counted as failed, and its version serves.",
        removed_by=("time_out",),
    ),
    KnownBad(
        name="HandoverFailureKeepsTheGate",
        model=HandoverFailureKeepsTheGate,
        scope=scope(1, 1, 2, 4, 2),
        breaks="H2",
        claim="a_failed_handover_leaves_the_old_version_behind_an_open_gate",
        steps=7,
        story="The state cannot be handed over; the plugin rolls back, and its gate stays closed.",
        removed_by=("handover_fails",),
    ),
    KnownBad(
        name="UnregistersDuringAnUpgrade",
        model=UnregistersDuringAnUpgrade,
        scope=scope(1, 2, 2, 4, 2),
        breaks="G2",
        claim="out_of_service_is_for_good",
        steps=2,
        story="An upgrade is being prepared when another thread unregisters the plugin.",
        removed_by=("unregister",),
    ),
]
