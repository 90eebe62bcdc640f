"""What an implementation claims beside the core: hold, overlap, probation, handover, a manager."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from quiesce_conformance.check import ENDS_WITHIN, GRACE
from quiesce_conformance.contract import CandidateSpec, Capability, Profile, Ticket
from quiesce_conformance.inprocess import InProcessSession
from quiesce_conformance.recording import Script
from quiesce_conformance.session import Event

from .core import _closed, _initialised
from .stage import scenario

__all__ = ["CHECKS"]


def _started(number: int, events: Sequence[Event]) -> bool:
    return any(e.kind == "start" and e.call == number for e in events)


def held(script: Script) -> None:
    """While the old version is drained under HOLD, calls that come wait, and go on with the new one."""
    inside = script.at_gate(1, "a", raises=True)
    upgraded = script.upgrade(CandidateSpec(2))
    _initialised(script, 2)
    # Draining has begun when a call that comes does not start; the first that starts is one that came before it.
    number, waiting = 10, None
    while waiting is None and number < 200:
        pending = script.call(number)
        started = script.session.wait_for(partial(_started, number), GRACE)
        waiting = None if started else pending
        number += 1
    script.must("D5", waiting is not None, "no call was held while the old version was drained")
    script.must("R6", not upgraded.done(), "the upgrade ended while a call was inside")
    script.session.open("a")
    script.refused(inside, "R1", "a call that raises")
    script.well(upgraded, "R6", "an upgrade whose only call has raised")
    if waiting is not None:
        reply = script.well(waiting, "V3", "a call that was held")
        version = reply.value.get("version") if isinstance(reply.value, dict) else None
        script.must("D5", version == 2, f"expected a held call to run on version 2, got {version}")
    script.serves(2, 300, "T3")


def held_in_vain(script: Script) -> None:
    """When an upgrade under HOLD fails, who was held goes on with the old version."""
    inside = script.at_gate(1, "a")
    upgraded = script.upgrade(CandidateSpec(2), drain_timeout=0.1)
    _initialised(script, 2)
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
    _closed(script, 1)


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
        _closed(script, refused - 2)
        script.well(script.upgrade(CandidateSpec(90)), "M7", "an upgrade after the old versions were freed")


def reverted(script: Script) -> None:
    """Probation that ends badly: the version before serves again, and was not freed meanwhile."""
    script.well(script.upgrade(CandidateSpec(2), probation=True), "L3", "an upgrade on probation")
    script.serves(2, 1, "T3")
    early = script.session.wait_for(lambda events: any(e.kind == "close" for e in events), GRACE)
    script.must("M2", not early, "the version before was freed during probation")
    script.well(script.revert(1), "L3", "revert during probation")
    script.serves(1, 2, "T4")
    _closed(script, 2, "M5")
    script.refused(script.session.revert(), "L3", "revert after probation")
    script.well(script.upgrade(CandidateSpec(3)), "B3", "an upgrade after a revert")
    script.serves(3, 3, "T4")


def committed(script: Script) -> None:
    """Probation that ends well: the version before is freed, and there is no way back."""
    script.refused(script.session.commit(), "L3", "commit without probation")
    script.well(script.upgrade(CandidateSpec(2), probation=True), "L3", "an upgrade on probation")
    script.well(script.session.commit(), "L3", "commit during probation")
    _closed(script, 1, "M5")
    script.refused(script.session.revert(), "L3", "revert after commit")
    script.serves(2, 1, "T4")


def handed_over(script: Script) -> None:
    """State is exported and imported while no call runs."""
    inside = script.at_gate(1, "a")
    upgraded = script.upgrade(CandidateSpec(2))
    _initialised(script, 2)
    script.session.open("a")
    script.well(inside, "R1", "a call that was inside")
    script.well(upgraded, "V1", "an upgrade with a handover")
    kinds = [e.kind for e in script.session.events() if e.kind in {"export", "import"}]
    script.must("H1", kinds == ["export", "import"], f"expected one export and one import, got {kinds}")
    script.serves(2, 2, "T3")


def handover_fails(script: Script) -> None:
    """A handover that raises rolls back: the old version goes on."""
    for version, phase in ((2, "import"), (3, "import")):
        script.refused(
            script.upgrade(CandidateSpec(version, fail=frozenset({phase}))), "H2", f"an upgrade that fails in {phase}"
        )
        script.serves(1, version, "H2")
    script.well(script.upgrade(CandidateSpec(4)), "H2", "an upgrade after handovers that failed")
    script.serves(4, 9, "H2")


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
    _closed(script, 14, "G2")
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
