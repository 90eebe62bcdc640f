"""The four promises: calls across an upgrade, failures that leave the old version serving, freeing once and in time."""

from __future__ import annotations

from itertools import pairwise

from quiesce_conformance.check import ENDS_WITHIN, GRACE
from quiesce_conformance.contract import CandidateSpec, Capability, Ticket
from quiesce_conformance.recording import Script
from quiesce_conformance.session import Look, Options, Reply

from .stage import scenario
from .steering import begun, closed, initialised

__all__ = ["CHECKS"]


def _one_version(script: Script, number: int) -> None:
    """What a call met at its start, at its gate and at its end, while an upgrade was under way, is one version."""
    met = {e.version for e in script.session.events() if e.call == number}
    if met:  # one that never started is R5's
        script.must("R2", len(met) == 1, f"call {number} met versions {sorted(met)}")


def across_an_upgrade(script: Script) -> None:
    """Calls are inside the old version while a new one is published; one raises; calls come meanwhile."""
    script.serves(1, 1, "T2")
    inside = script.at_gate(2, "a")
    upgraded = script.upgrade(CandidateSpec(2))
    initialised(script, 2)
    raising = script.call(3, raises=True)
    beside = script.call(4)
    script.session.open("a")
    script.well(inside, "R1", "a call that was inside")
    script.refused(raising, "R1", "a call that raises")
    script.well(beside, "R5", "a call that came meanwhile")
    drained = script.well(upgraded, "V1", "an upgrade whose calls have ended")
    for number in (2, 3, 4):
        _one_version(script, number)
        on_old = [e.seq for e in script.session.events() if e.kind == "end" and e.call == number and e.version == 1]
        end = max(on_old, default=None)
        freed = next((e.seq for e in script.session.events() if e.kind == "close" and e.version == 1), None)
        if end is not None and number == 2:
            late = "a call of before the drain was running when the upgrade returned"
            script.must("D3", end < drained.seq_returned, late, drained)
        if end is not None:
            script.must(
                "M1", freed is None or end < freed, f"version 1 was freed at {freed}, call {number} ended at {end}"
            )
    script.serves(2, 5, "T3")
    current = [e.seq for e in script.session.events() if e.kind == "close" and e.version == 2]
    script.must("M2", not current, f"version 2 was freed at {current} and is the one that serves")
    closed(script, 1)
    script.serves(2, 6, "T4")


def once_more(script: Script) -> None:
    """Five upgrades, one after the other, each with a call inside; each is freed exactly once."""
    for version in range(2, 7):
        gate = f"g{version}"
        inside = script.at_gate(version * 10, gate)
        upgraded = script.upgrade(CandidateSpec(version))
        initialised(script, version)
        script.session.open(gate)
        script.well(inside, "R1", "a call that was inside")
        script.well(upgraded, "V1", "an upgrade whose calls have ended")
        script.serves(version, version * 10 + 1, "T3")
        closed(script, version - 1)


def nested_calls(script: Script) -> None:
    """A call that calls the plugin again, while an upgrade waits for it, stays on its version and does not lock up."""
    inside = script.at_gate(1, "a", nested=Ticket(2, "again", gate="b"))
    upgraded = script.upgrade(CandidateSpec(2))
    initialised(script, 2)
    script.session.open("a")
    reached = script.session.reached("b", ENDS_WITHIN)
    script.must("R4", reached, f"a call from inside a call did not start within {ENDS_WITHIN:g} s")
    script.session.open("b")
    script.well(inside, "R4", "a call with a call inside")
    script.well(upgraded, "V1", "an upgrade whose calls have ended")
    versions = {e.call: e.version for e in script.session.events() if e.kind == "start"}
    script.must("R4", versions.get(2) == versions.get(1) == 1, f"expected both calls on version 1, got {versions}")
    script.serves(2, 3, "T3")


def a_crowd(script: Script) -> None:
    """Many calls race ten upgrades, with nothing to steer them."""
    number = 100
    for version in range(2, 12):
        early = [script.call(number + n) for n in range(6)]
        upgraded = script.upgrade(CandidateSpec(version))
        late = [script.call(number + 6 + n) for n in range(6)]
        number += 12
        for pending in (*early, *late):
            script.well(pending, "R5", "a call that raced an upgrade")
        script.well(upgraded, "V1", "an upgrade that raced calls")
        script.serves(version, number, "T3")
        number += 1


def _failed(script: Script, version: int, what: str, number: int) -> None:
    """After a failed upgrade: the version before serves, and the next upgrade works."""
    script.serves(1, number, "B1")
    script.state("ACTIVE", "ROLLED_BACK")
    script.well(script.upgrade(CandidateSpec(version)), "B3", f"an upgrade after {what}")
    script.serves(version, number + 1, "B3")
    script.serves(version, number + 2, "L4")


def init_fails(script: Script) -> None:
    """A candidate that fails in init never serves and is freed at most once; the error has its cause."""
    inside = script.at_gate(1, "a")
    failing = script.upgrade(CandidateSpec(2, fail=frozenset({"init"})))
    begun(script, 2)
    script.session.open("a")
    script.well(inside, "R5", "a call that was inside while an upgrade failed")
    reply = script.refused(failing, "B1", "an upgrade that fails in init")
    if not reply.ok:
        # What it says is known of instances in this process only; of others, whether there is a cause at all.
        told = "init of version 2 was told to fail"
        known = any(told in said for said in (reply.message, *reply.causes)) or (
            bool(reply.causes) and not script.our_words
        )
        script.must("B4", known, "the error of a failed upgrade does not carry what the init hook raised", reply)
    _failed(script, 3, "one that failed in init", 2)


def invalid_candidates(script: Script) -> None:
    """A candidate of another name, or with a hook that it does not export, is refused before it is initialised."""
    strange = CandidateSpec(2, name="somebody-else")
    hooked = CandidateSpec(3, hooks={"before_insert": "nothing"})
    for spec in (strange, hooked):
        script.refused(script.upgrade(spec), "B1", "an upgrade to an invalid candidate")
        early = any(e.kind == "init" and e.version == spec.version for e in script.session.events())
        script.must("B1", not early, f"the invalid version {spec.version} was initialised")
    _failed(script, 4, "invalid candidates", 1)


def close_fails(script: Script) -> None:
    """A close hook that raises is not run again, and the new version serves all the same."""
    script.reply(script.upgrade(CandidateSpec(2, fail=frozenset({"close"}))), "V1", "an upgrade")
    script.serves(2, 1, "T3")
    script.reply(script.upgrade(CandidateSpec(3)), "V1", "an upgrade whose old version fails to close")
    script.serves(3, 2, "M6")
    script.well(script.upgrade(CandidateSpec(4)), "M6", "an upgrade after a close hook failed")
    closes = sum(e.kind == "close" and e.version == 2 for e in script.session.events())
    script.must("M6", closes == 1, f"expected the failing close hook to run once, it ran {closes} times")


def drain_times_out(script: Script) -> None:
    """A drain with a limit ends by it: the call goes on, the old version serves, and the next upgrade works."""
    inside = script.at_gate(1, "a")
    reply = script.refused(script.upgrade(CandidateSpec(2)), "V2", "an upgrade whose drain has a limit")
    script.must("D4", not reply.ok, "the upgrade went on although its time was over", reply)
    if Capability.STRAGGLERS in script.session.capabilities:
        named = isinstance(reply.value, (list, tuple)) and len(reply.value) == 1
        script.must(
            "D4", named, f"expected the one call that did not end among the stragglers, got {reply.value!r}", reply
        )
    script.must("D4", not inside.done(), "the call that the drain waited for was ended")
    beside = script.call(2)
    script.session.open("a")
    script.well(inside, "R1", "a call that outlived a drain")
    answered = script.well(beside, "B1", "a call after a drain that timed out")
    script.must("B1", answered.value == {"number": 2, "version": 1}, "expected an answer of version 1", answered)
    closed(script, 2, "M4")
    _failed(script, 3, "a drain that timed out", 3)


def hopeless_timeouts(script: Script) -> None:
    """Limits that are no durations are refused, and nothing has changed."""
    for version, timeout in ((2, float("nan")), (3, -1.0), (4, float("-inf"))):
        refused = script.upgrade(CandidateSpec(version), drain_timeout=timeout)
        script.refused(refused, "D4", f"a drain limit of {timeout} s")
    _failed(script, 5, "limits that are no durations", 1)


def prepared_and_cancelled(script: Script) -> None:
    """A prepared candidate that is cancelled never serves and is freed once."""
    script.well(script.session.prepare(CandidateSpec(2)), "L3", "prepare while active")
    script.state("PREPARING_UPGRADE")
    script.serves(1, 1, "R5")
    script.well(script.session.cancel(), "L3", "cancel while preparing")
    closed(script, 2, "M4")
    _failed(script, 3, "a cancelled one", 2)


def going_on(script: Script) -> None:
    """Under CONTINUE, calls that come while the old version is drained do not wait."""
    inside = script.at_gate(1, "a")
    upgraded = script.upgrade(CandidateSpec(2))
    initialised(script, 2)
    for number in range(2, 12):
        script.well(script.call(number), "V3", "a call while a drain waits for another one")
    met = {e.version for e in script.session.events() if e.kind == "start"}
    script.must("D5", met == {1} and not upgraded.done(), f"expected version 1 while it was drained, got {sorted(met)}")
    script.session.open("a")
    script.well(inside, "R1", "a call that was inside")
    script.well(upgraded, "V1", "an upgrade whose calls have ended")
    script.serves(2, 20, "T3")


def two_phases(script: Script) -> None:
    """Prepare does not publish, execute does."""
    script.state("ACTIVE")
    script.well(script.session.prepare(CandidateSpec(2)), "L3", "prepare while active")
    script.serves(1, 1, "T2")
    inside = script.at_gate(2, "a")
    executed = script.execute(2)
    waiting = script.session.wait_for(lambda events: any(e.kind == "close" and e.version == 1 for e in events), GRACE)
    script.must("D2", not waiting and not executed.done(), "execute ended, or freed, while a call was inside")
    script.refused(script.session.prepare(CandidateSpec(3)), "L2", "a second upgrade")
    script.session.open("a")
    script.well(inside, "R1", "a call that was inside")
    script.well(executed, "V1", "an upgrade whose calls have ended")
    script.serves(2, 3, "T1")
    script.state("ACTIVE", "UPGRADE_COMPLETE")


def not_allowed_here(script: Script) -> None:
    """Operations that are not legal in a state are refused, and nothing has changed."""
    script.refused(script.session.execute(Options(script.policy)), "L3", "execute while nothing is prepared")
    if Capability.CANCEL in script.session.capabilities:
        script.refused(script.session.cancel(), "L3", "cancel while no upgrade is under way")
    script.state("ACTIVE")
    script.serves(1, 1, "L3")
    script.well(script.session.prepare(CandidateSpec(2)), "L3", "prepare while active")
    script.refused(script.session.prepare(CandidateSpec(3)), "L2", "a second prepare")
    script.state("PREPARING_UPGRADE")
    script.well(script.execute(2), "L3", "execute while prepared")
    script.refused(script.session.execute(Options(script.policy)), "L3", "execute a second time")
    script.serves(2, 2, "L3")


def counted(script: Script) -> None:
    """Each upgrade counts once, as what it was; the longest drain is part of the whole."""
    script.well(script.upgrade(CandidateSpec(2)), "V1", "an upgrade")
    script.refused(script.upgrade(CandidateSpec(3, fail=frozenset({"init"}))), "B1", "an upgrade that fails in init")
    script.well(script.upgrade(CandidateSpec(4)), "B3", "an upgrade after one that failed")
    stats = script.look().stats or {}
    done, failed = stats.get("successful_upgrades"), stats.get("failed_upgrades")
    script.must("S1", done == 2, f"expected 2 successful upgrades, got {done}")
    script.must("B2", failed == 1, f"expected 1 failed upgrade, got {failed}")
    total, longest = stats.get("total_drain_time_us", 0), stats.get("max_drain_time_us", 0)
    script.must(
        "S1", 0 <= longest <= total, f"expected the longest drain within the total, got {longest} of {total} us"
    )


def the_manifest_goes_along(script: Script) -> None:
    """What the manifest says and what answers is one version, before and after."""
    for version in (2, 3):
        manifest = script.look().manifest or {}
        script.must(
            "T1", manifest.get("version") == f"{version - 1}.0.0", f"expected {version - 1}.0.0, got {manifest}"
        )
        script.serves(version - 1, version * 10, "T1")
        script.well(script.upgrade(CandidateSpec(version)), "V1", "an upgrade")
        manifest = script.look().manifest or {}
        script.must("T1", manifest.get("version") == f"{version}.0.0", f"expected {version}.0.0, got {manifest}")
        script.serves(version, version * 10 + 1, "T1")


def looked_at_meanwhile(script: Script) -> None:
    """Looks that race upgrades: manifest, count and state of one look are of one instant, and none goes backwards."""
    number = 2
    looks: list[Reply] = []
    for version in range(2, 8):
        before = [script.session.look() for _ in range(4)]
        inside = script.call(number)
        upgraded = script.upgrade(CandidateSpec(version))
        racing = [script.session.look() for _ in range(4)]
        script.well(inside, "R5", "a call that raced an upgrade")
        script.well(upgraded, "V1", "an upgrade that raced looks")
        looks += [script.well(one, "V1", "a look") for one in (*before, *racing, script.session.look())]
        number += 1
    seen: list[tuple[Reply, int]] = []
    for reply in sorted(looks, key=lambda reply: reply.seq_invoked):
        look = reply.value
        if not isinstance(look, Look) or look.manifest is None or look.stats is None:
            script.must("L5", False, f"expected state, stats and manifest in a look, got {look}", reply)
            continue
        counted = int(look.stats["successful_upgrades"])
        # An upgrade is counted when it ends: between its publication and that, the count is one behind.
        behind = int(str(look.manifest["version"]).split(".")[0]) - 1 - counted
        fits = behind == 0 if (look.state or "").upper() == "ACTIVE" else behind in {0, 1}
        script.must("L5", fits, f"a look shows what the plugin never was at one instant: {look}", reply)
        seen.append((reply, counted))
    for (earlier, fewer), (later, more) in pairwise(seen):
        if earlier.seq_returned < later.seq_invoked:
            script.must("L5", fewer <= more, "a later look shows fewer upgrades", earlier, later)


def the_manifest_waits(script: Script) -> None:
    """While a candidate is prepared, and after it was given up, the manifest is that of the version that serves."""
    script.well(script.session.prepare(CandidateSpec(2)), "L3", "prepare while active")
    for when in ("while another version was prepared", "after it was cancelled"):
        manifest = script.look().manifest or {}
        script.must("T1", manifest.get("version") == "1.0.0", f"expected manifest 1.0.0 {when}, got {manifest}")
        script.serves(1, 1 if when.startswith("while") else 2, "T1")
        if when.startswith("while"):
            script.well(script.session.cancel(), "L3", "cancel while preparing")
    script.refused(script.upgrade(CandidateSpec(3, fail=frozenset({"init"}))), "B1", "an upgrade that fails in init")
    manifest = script.look().manifest or {}
    script.must("B1", manifest.get("version") == "1.0.0", f"expected manifest 1.0.0 after a failure, got {manifest}")


def asked_from_inside(script: Script) -> None:
    """An upgrade that is executed from inside a call does not wait for that very call."""
    script.well(script.session.prepare(CandidateSpec(2)), "L3", "prepare while active")
    inside = script.call(1, nested_op="execute")
    script.reply(inside, "D6", "a call that executes an upgrade from inside")
    script.reply(script.call(2), "D6", "a call after it")


CHECKS = (
    scenario("across-an-upgrade", across_an_upgrade, "R1 R2 R3 R5 T2 T3 T4 D2 D3 M1 M2 M3 M5 V1"),
    scenario("once-more", once_more, "R1 R3 T3 T4 D2 M1 M2 M3 M5 V1"),
    scenario("nested-calls", nested_calls, "R4 V1", needs={Capability.NESTED}),
    scenario("a-crowd", a_crowd, "R2 R3 R5 T2 T3 M3 V1"),
    scenario("init-fails", init_fails, "R5 B1 B3 B4 L4 M4"),
    scenario("invalid-candidates", invalid_candidates, "B1 B3"),
    scenario("close-fails", close_fails, "M3 M6 V1"),
    scenario(
        "drain-times-out",
        drain_times_out,
        "R1 D4 V2 B1 B3 M4",
        needs={Capability.DRAIN_TIMEOUT},
        drain_timeout=0.05,
    ),
    scenario("hopeless-timeouts", hopeless_timeouts, "D4 B3", needs={Capability.DRAIN_TIMEOUT, Capability.POLICY}),
    scenario(
        "prepared-and-cancelled",
        prepared_and_cancelled,
        "L1 L3 R5 B1 B3 M4",
        needs={Capability.PREPARE, Capability.CANCEL},
    ),
    scenario("going-on", going_on, "D5 V3", needs={Capability.POLICY}),
    scenario("two-phases", two_phases, "L1 L2 L3 D2 R1 T1 T2 V1", needs={Capability.PREPARE, Capability.STATE}),
    scenario("not-allowed-here", not_allowed_here, "L1 L2 L3", needs={Capability.PREPARE, Capability.STATE}),
    scenario("counted", counted, "S1 B2", needs={Capability.STATS}),
    scenario("the-manifest-goes-along", the_manifest_goes_along, "T1", needs={Capability.MANIFEST}),
    scenario(
        "looked-at-meanwhile",
        looked_at_meanwhile,
        "L5 R5 V1",
        needs={Capability.OBSERVE, Capability.STATE, Capability.STATS, Capability.MANIFEST},
    ),
    scenario(
        "the-manifest-waits",
        the_manifest_waits,
        "T1 B1",
        needs={Capability.MANIFEST, Capability.PREPARE, Capability.CANCEL},
    ),
    scenario("asked-from-inside", asked_from_inside, "D6", needs={Capability.PREPARE, Capability.NESTED}),
)
