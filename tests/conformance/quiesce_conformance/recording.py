"""Drive a session, and make a `History` of what it did: calls, publications, lives of versions.

A script starts operations, keeps what is pending, and in the end puts together what the clients saw (replies) and what
the versions reported (events).  All stamps are of the session's one counter.

Nothing here knows what should happen; `must` notes what a scenario says of it.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from .check import ENDS_WITHIN, CheckResult
from .checks import check_history
from .contract import UNSET, CandidateSpec, Ticket
from .history import Call, Ending, Handover, History, HistoryError, Life, Publication, Verdict
from .inprocess import InProcessSession
from .reports.diagram import Row
from .session import Event, Look, Options, Pending, Reply, Session, StillPending

__all__ = ["Script", "Stuck"]


class Stuck(Exception):
    """Something did not end that had nothing to wait for, so a scenario cannot go on.  The verdict is noted already."""


class Script:
    """One session that is driven and recorded.  For one thread."""

    def __init__(self, session: Session, first: CandidateSpec, policy: str | None = None) -> None:
        self.session = session
        self.policy = policy
        self.our_words = isinstance(session, InProcessSession)
        """The instances are of this process, so what they raise is known word by word."""
        self.verdicts: dict[str, Verdict] = {}
        self.stuck = ""
        self._first = first
        self._calls: list[tuple[Ticket, Pending, Ticket | None]] = []
        self._swaps: list[tuple[Pending, int, Options, bool]] = []

    # -- doing --------------------------------------------------------------------------------------------------------
    def call(self, number: int, **ticket: Any) -> Pending:
        """Start a call."""
        made = Ticket(number, **ticket)
        pending = self.session.call(made)
        self._calls.append((made, pending, None))
        outer = made
        while (inner := outer.nested) is not None:
            self._calls.append((inner, pending, outer))
            outer = inner
        return pending

    def at_gate(self, number: int, gate: str, **ticket: Any) -> Pending:
        """Start a call and wait until it is at its gate."""
        pending = self.call(number, gate=gate, **ticket)
        self.must(
            "V1", self.session.reached(gate, ENDS_WITHIN), f"call {number} did not start within {ENDS_WITHIN:g} s"
        )
        return pending

    def upgrade(self, spec: CandidateSpec, **options: Any) -> Pending:
        """Start an upgrade."""
        how = self._options(options)
        return self._swap(self.session.upgrade(spec, how), spec.version, how)

    def execute(self, version: int, **options: Any) -> Pending:
        """Start to execute the upgrade to `version` that was prepared."""
        how = self._options(options)
        return self._swap(self.session.execute(how), version, how)

    def revert(self, to: int) -> Pending:
        """End probation badly: `to` is to serve again."""
        return self._swap(self.session.revert(), to, Options(), revert=True)

    def _options(self, options: dict[str, Any]) -> Options:
        return Options(
            options.get("policy", self.policy), options.get("drain_timeout", UNSET), options.get("probation", False)
        )

    def _swap(self, pending: Pending, version: int, how: Options, revert: bool = False) -> Pending:
        self._swaps.append((pending, version, how, revert))
        return pending

    def reply(self, pending: Pending, rule: str, what: str) -> Reply:
        """Wait for the end of an operation; if there is none, `rule` is broken.

        Raises:
            Stuck: there is none; whatever else the scenario would do would hang, too.

        """
        try:
            found = pending.result(ENDS_WITHIN)
        except StillPending as still:
            self.stuck = str(still)
            why = f"{what} did not end within {ENDS_WITHIN:g} s, and had nothing to wait for"
            self.must(rule, False, why, self.stuck)
            raise Stuck(why) from still
        self.must(rule, True, what)
        return found

    def well(self, pending: Pending, rule: str, what: str) -> Reply:
        """Wait for an operation that has to end well."""
        found = self.reply(pending, rule, what)
        self.must(rule, found.ok, f"{what} failed: {found.error_kind}: {found.message}", found)
        return found

    def refused(self, pending: Pending, rule: str, what: str) -> Reply:
        """Wait for an operation that has to be refused, or to fail."""
        found = self.reply(pending, rule, what)
        self.must(rule, not found.ok, f"{what} was to fail, and did not", found)
        return found

    def serves(self, version: int, number: int, rule: str) -> None:
        """Call the plugin: `version` has to answer."""
        found = self.well(self.call(number), rule, f"call {number}")
        if found.ok:
            got = found.value.get("version") if isinstance(found.value, dict) else found.value
            self.must(rule, got == version, f"expected an answer of version {version}, got {found.value!r}", found)

    def look(self) -> Look:
        """See what the plugin says of itself; nothing of it if it says nothing."""
        found = self.reply(self.session.look(), "V1", "looking at the plugin")
        return found.value if isinstance(found.value, Look) else Look(None, None, None, None)

    def state(self, *expected: str) -> None:
        """The state has to be one of these, if there is one to be seen."""
        seen = self.look().state
        if seen is not None:
            words = {word.replace("_", "").lower() for word in expected}
            said = seen.replace("_", "").replace("-", "").lower()
            self.must("L1", said in words, f"expected state {' or '.join(expected)}, got {seen}")

    def must(self, rule: str, holds: bool, what: str, *witness: object) -> None:
        """Note that `rule` was in danger, and whether it held."""
        verdict = self.verdicts.setdefault(rule, Verdict(rule, sometimes={"expectations": 0}))
        verdict.checked += 1
        verdict.sometimes["expectations"] += 1
        if not holds:
            verdict.broken(what, *witness)

    # -- telling ------------------------------------------------------------------------------------------------------
    def finish(self, rules: Iterable[str]) -> CheckResult:
        """Wait for what is under way, and judge."""
        with contextlib.suppress(Stuck):
            for ticket, pending, outer in self._calls if not self.stuck else ():
                if outer is None:
                    self.reply(pending, "V3" if self.policy == "HOLD" else "V1", f"call {ticket.number}")
            for pending, version, _, _ in self._swaps if not self.stuck else ():
                self.reply(pending, "V1", f"the upgrade to version {version}")
        events = tuple(self.session.events())
        self._once(events)
        unfinished = ""
        verdicts = dict(self.verdicts)
        try:
            for rule, found in check_history(self.history(events)).items():
                mine = verdicts.get(rule)
                if mine is None:
                    verdicts[rule] = found
                elif found.checked and all(found.sometimes.values()):
                    mine.checked += found.checked
                    mine.sometimes.update(found.sometimes)
                    mine.violations += found.violations
                else:
                    mine.violations += found.violations
        except HistoryError as error:
            unfinished = f"the record contradicts itself: {error}"
        wanted = {rule: verdict for rule, verdict in verdicts.items() if rule in set(rules)}
        # What hangs is a verdict of a liveness rule; a check that is not about any says that it could not be ended.
        if self.stuck and not any(verdict.violations for verdict in wanted.values()):
            unfinished = unfinished or self.stuck
        return CheckResult(wanted, rows=tuple(map(_row, events)), unfinished=unfinished)

    def _once(self, events: Iterable[Event]) -> None:
        """R1: whatever was called ran once, and not again."""
        starts = Counter(event.call for event in events if event.kind == "start")
        for ticket, _, _ in self._calls:
            if (count := starts[ticket.number]) > 0:
                self.must("R1", count == 1, f"call {ticket.number} was made once, and ran {count} times")

    def history(self, events: Iterable[Event]) -> History:
        """What was recorded so far."""
        found = tuple(events)
        lives: dict[int, Life] = {}
        started: dict[int, Event] = {}
        ended: dict[int, Event] = {}
        handovers, exported = [], None
        for event in found:
            if event.kind == "built":
                lives[event.version] = Life(event.version, event.seq)
            elif event.kind == "init_done":
                lives[event.version].initialised = event.seq
            elif event.kind == "close":
                lives[event.version].closed.append(event.seq)
            elif event.kind == "start" and event.call is not None:
                started.setdefault(event.call, event)
            elif event.kind == "end" and event.call is not None:
                ended.setdefault(event.call, event)
            elif event.kind == "export":
                exported = event
            elif event.kind == "import" and exported is not None:
                handovers.append(Handover(exported.version, event.version, exported.seq, event.seq))
        calls = [self._call(ticket, pending, outer, started, ended) for ticket, pending, outer in self._calls]
        publications = [Publication(self._first.version, 0, 0)]
        for pending, version, how, revert in self._swaps:
            with contextlib.suppress(StillPending):
                reply = pending.result(0.0)
                if reply.ok:
                    drained = how.policy != "OVERLAP"
                    publications.append(
                        Publication(
                            version, reply.seq_invoked, reply.seq_returned, drained, how.policy == "HOLD", revert
                        )
                    )
        return History(publications, calls, list(lives.values()), handovers, settled=not self.stuck)

    def _call(
        self, ticket: Ticket, pending: Pending, outer: Ticket | None, started: dict[int, Event], ended: dict[int, Event]
    ) -> Call:
        start, end = started.get(ticket.number), ended.get(ticket.number)
        try:
            reply = pending.result(0.0)
        except StillPending:
            reply = None
        versions = tuple(event.version for event in (start, end) if event is not None)
        ending, error = Ending.RESULT, ""
        invoked, returned = (reply.seq_invoked, reply.seq_returned) if reply is not None else (0, None)
        if outer is not None:
            invoked = start.seq if start is not None else invoked
            returned = end.seq if end is not None else returned
            ending = Ending.RESULT if end is not None else Ending.REFUSED if start is None else Ending.BROKEN
        elif reply is None:
            invoked = start.seq if start is not None else 0
        elif reply.ok:
            own = isinstance(reply.value, dict) and reply.value.get("number") == ticket.number
            ending = Ending.RESULT if own else Ending.FOREIGN
            if own and start is not None and isinstance(reply.value, dict):
                versions = (*versions, int(reply.value["version"]))
        else:
            error = f"{reply.error_kind}: {reply.message}"
            # In another language the exception has words of its own: then its function's end has to do.
            asked = ticket.raises and end is not None
            asked = asked and (not self.our_words or f"asked for by call {ticket.number}" in reply.message)
            ending = Ending.RAISED if asked else Ending.REFUSED if start is None else Ending.BROKEN
        return Call(
            ticket.number,
            ticket.number,
            invoked,
            start.seq if start is not None else None,
            end.seq if end is not None else None,
            returned,
            versions,
            ending,
            outer.number if outer is not None else None,
            error,
        )


def _row(event: Event) -> Row:
    lane = f"version {event.version}" if event.call is None else f"call {event.call}"
    at = f" at gate {event.gate}" if event.gate else ""
    return Row(lane, f"{event.kind}{at} ({event.seq})", f"version {event.version}")
