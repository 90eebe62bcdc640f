"""What an implementation claims beside the core: hold, overlap, probation, handover, a manager."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from quiesce_conformance.check import ENDS_WITHIN, GRACE
from quiesce_conformance.contract import CandidateSpec, Capability, Profile, Ticket
from quiesce_conformance.inprocess import InProcessSession
from quiesce_conformance.recording import Script
from quiesce_conformance.session import Event, Pending

from .stage import scenario
from .steering import UNDER_WAY, closed, initialised

__all__ = ["CHECKS"]


LAST = 300
"""Calls that are tried before it is said that none is held."""


def _started(numbers: Collection[int], events: Sequence[Event]) -> bool:
    return set(numbers) <= {event.call for event in events if event.kind == "start"}


def held(script: Script) -> None:
    """While the old version is drained under HOLD, calls that come wait, and go on with the new one."""
    inside = script.at_gate(1, "a", raises=True)
    upgraded = script.upgrade(CandidateSpec(2))
    initialised(script, 2)
    # Draining has begun when calls that come do not start.  Three at a time: one alone might just be slow.
    number, waiting = 10, list[Pending]()
    while not waiting and number < LAST:
        came = {number + n: script.call(number + n) for n in range(3)}
        script.session.wait_for(partial(_started, came), UNDER_WAY)
        begun = {event.call for event in script.session.events() if event.kind == "start"}
        waiting = [pending for call, pending in came.items() if call not in begun]
        number += 3
        if not waiting:  # the upgrader may not have come to its drain: in all, it is given some three seconds
            script.session.wait_for(lambda _: False, GRACE)
    script.must("R6", not upgraded.done(), "the upgrade ended while a call was inside")
    script.session.open("a")
    script.refused(inside, "R1", "a call that raises")
    drained = script.well(upgraded, "R6", "an upgrade whose only call has raised")
    answers = [script.well(pending, "V3", "a call that was held").value for pending in waiting]
    held_back = [answer for answer in answers if isinstance(answer, dict) and answer.get("version") == 2]
    script.must("D5", bool(held_back), "no call that came while the old version was drained was held", drained)
    late = [e for e in script.session.events() if e.kind == "end" and e.version == 1 and e.seq > drained.seq_returned]
    script.must("D3", not late, "a call of the old version ran on after the drain", drained)
    script.serves(2, LAST, "T3")


def held_in_vain(script: Script) -> None:
    """When an upgrade under HOLD fails, who was held goes on with the old version."""
    inside = script.at_gate(1, "a")
    upgraded = script.upgrade(CandidateSpec(2), drain_timeout=0.1)
    initialised(script, 2)
    late = script.call(2)
    script.refused(upgraded, "V2", "an upgrade whose drain has a limit")
    reply = script.well(late, "V3", "a call that was held for an upgrade that failed")
    version = reply.value.get("version") if isinstance(reply.value, dict) else None
    script.must("D5", version == 1, f"expected it to run on version 1, got {version}")
    script.session.open("a")
    script.well(inside, "R1", "a call that was inside")


def overlapping(script: Script) -> None:
    """Under OVERLAP the new version serves while calls are still inside the old one, which is freed by the last."""
    inside = script.at_gate(1, "a")
    script.well(script.upgrade(CandidateSpec(2)), "D5", "an upgrade under OVERLAP with a call inside")
    script.serves(2, 2, "D5")
    early = script.session.wait_for(lambda events: any(e.kind == "close" for e in events), GRACE)
    script.must("M1", not early, "the old version was freed while a call was inside")
    script.session.open("a")
    script.well(inside, "R3", "a call that was inside")
    closed(script, 1)


def bounded(script: Script) -> None:
    """Versions that cannot be freed add up to a limit: an upgrade beyond it is refused, and works again later."""
    refused = None
    for version in range(2, 40):
        script.at_gate(version, "a")
        reply = script.reply(script.upgrade(CandidateSpec(version)), "V1", "an upgrade under OVERLAP")
        if not reply.ok:
            refused = version
            break
    script.must("M7", refused is not None, "38 versions lived at once, and no upgrade was refused")
    script.session.open("a")
    if refused is not None:
        closed(script, refused - 2)
        script.well(script.upgrade(CandidateSpec(90)), "M7", "an upgrade after the old versions were freed")


def reverted(script: Script) -> None:
    """Probation that ends badly: the version before serves again, and was not freed meanwhile."""
    script.well(script.upgrade(CandidateSpec(2), probation=True), "L3", "an upgrade on probation")
    script.serves(2, 1, "T3")
    early = script.session.wait_for(lambda events: any(e.kind == "close" for e in events), GRACE)
    script.must("M2", not early, "the version before was freed during probation")
    script.well(script.revert(1), "L3", "revert during probation")
    script.serves(1, 2, "T4")
    closed(script, 2, "M5")
    script.refused(script.session.revert(), "L3", "revert after probation")
    script.well(script.upgrade(CandidateSpec(3)), "B3", "an upgrade after a revert")
    script.serves(3, 3, "T4")


def committed(script: Script) -> None:
    """Probation that ends well: the version before is freed, and there is no way back."""
    script.refused(script.session.commit(), "L3", "commit without probation")
    script.well(script.upgrade(CandidateSpec(2), probation=True), "L3", "an upgrade on probation")
    script.well(script.session.commit(), "L3", "commit during probation")
    closed(script, 1, "M5")
    script.refused(script.session.revert(), "L3", "revert after commit")
    script.serves(2, 1, "T4")


def handed_over(script: Script) -> None:
    """State is exported and imported while no call runs."""
    inside = script.at_gate(1, "a")
    upgraded = script.upgrade(CandidateSpec(2))
    initialised(script, 2)
    script.session.open("a")
    script.well(inside, "R1", "a call that was inside")
    script.well(upgraded, "V1", "an upgrade with a handover")
    kinds = [e.kind for e in script.session.events() if e.kind in {"export", "import"}]
    script.must("H1", kinds == ["export", "import"], f"expected one export and one import, got {kinds}")
    script.serves(2, 2, "T3")


def handover_fails(script: Script) -> None:
    """A handover that raises rolls back, in import and in export: the old version goes on."""
    failing = script.upgrade(CandidateSpec(2, fail=frozenset({"import"})))
    script.refused(failing, "H2", "an upgrade that fails in import")
    script.serves(1, 1, "H2")
    script.well(
        script.upgrade(CandidateSpec(3, fail=frozenset({"export"}))), "H2", "an upgrade after a failed handover"
    )
    script.serves(3, 2, "H2")
    script.refused(script.upgrade(CandidateSpec(4)), "H2", "an upgrade whose old version fails in export")
    script.serves(3, 3, "H2")


def managed(script: Script) -> None:
    """Plugins of one manager have names of their own and nothing to do with each other."""
    at = script.session
    if not isinstance(at, InProcessSession):
        return
    other = "other"
    script.well(at.register(CandidateSpec(11, name=other)), "G1", "registering a plugin")
    script.well(at.register(CandidateSpec(12, name="third")), "G1", "registering another")
    script.refused(at.register(CandidateSpec(13, name=other)), "G1", "registering a name twice")
    names = script.well(at.names(), "G1", "listing the plugins")
    listed = sorted(names.value) if isinstance(names.value, list) else None
    script.must("G1", listed == [other, "third"], f"expected other and third, got {listed}")
    # One of them hangs in its init hook: the other one is called and upgraded all the same.
    stuck = at.upgrade_named(CandidateSpec(14, name=other, gates={"init": "i"}))
    script.must("G3", at.reached("i", ENDS_WITHIN), "an upgrade did not come to its init hook")
    script.well(at.upgrade_named(CandidateSpec(15, name="third")), "G3", "upgrading the other plugin meanwhile")
    script.well(at.call_named("third", Ticket(21)), "G3", "calling the other plugin meanwhile")
    at.open("i")
    script.well(stuck, "G3", "the upgrade that had hung")
    inside = at.call_named(other, Ticket(22, gate="u"))
    script.must("G2", at.reached("u", ENDS_WITHIN), "a call did not start")
    leaving = at.unregister_named(other)
    early = at.wait_for(lambda events: any(e.kind == "close" and e.version == 14 for e in events), GRACE)
    script.must("G2", not early, "a plugin was freed while a call was inside")
    at.open("u")
    script.well(inside, "G2", "a call that was inside while its plugin was unregistered")
    script.well(leaving, "G2", "unregistering a plugin")
    closed(script, 14, "G2")
    script.refused(at.call_named(other, Ticket(23)), "G2", "a call of a plugin that was unregistered")


CHECKS = (
    scenario("held", held, "D3 D5 R6 V3", profile=Profile.HOLD, policy="HOLD"),
    scenario(
        "held-in-vain", held_in_vain, "D5 V3", profile=Profile.HOLD, policy="HOLD", needs={Capability.DRAIN_TIMEOUT}
    ),
    scenario("overlapping", overlapping, "D5 M1 R3 M5", profile=Profile.OVERLAP, policy="OVERLAP"),
    scenario("bounded", bounded, "M7", profile=Profile.OVERLAP, policy="OVERLAP"),
    scenario("reverted", reverted, "L3 T4 M2 M5 B3", profile=Profile.PROBATION),
    scenario("committed", committed, "L3 T4 M5", profile=Profile.PROBATION),
    scenario("handed-over", handed_over, "H1", profile=Profile.HANDOVER, policy="HOLD"),
    scenario("handover-fails", handover_fails, "H2", profile=Profile.HANDOVER, policy="HOLD"),
    scenario("managed", managed, "G1 G2 G3", profile=Profile.MANAGER),
)
