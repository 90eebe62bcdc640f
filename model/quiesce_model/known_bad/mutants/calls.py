"""Mutants of a call: what goes wrong when a caller skips, reorders or misreads one of its steps."""

from __future__ import annotations

from quiesce_model.algorithm import Continue, Hold, Overlap
from quiesce_model.language import Map, action, each, require
from quiesce_model.vocabulary import Epoch, Gate, Pc, Thread


class NoSecondLook(Continue):
    """The call starts on the record that it read, current or not."""

    @action
    def confirm(s, t: Thread) -> None:
        require(s.pc[t] == Pc.CONFIRM)
        s.pc[t] = Pc.RUN


class LooksThenAnnounces(Continue):
    """The second look comes before the announcement: the drain ends in between."""

    @action
    def announce(s, t: Thread) -> None:
        require(s.pc[t] == Pc.ANNOUNCE)
        if s.epoch[t] == s.now:
            s.pc[t] = Pc.CONFIRM
        else:
            s.epoch[t] = Epoch(0)
            s.pc[t] = Pc.READ

    @action
    def confirm(s, t: Thread) -> None:
        require(s.pc[t] == Pc.CONFIRM)
        s.holders[s.epoch[t]] += 1
        s.pc[t] = Pc.RUN

    def holds(s, t: Thread, e: Epoch) -> bool:
        return s.runs(t) and s.epoch[t] == e


class ReleasesBeforeTheRun(Continue):
    """The holder is released when the call starts, not when it ends."""

    @action
    def confirm(s, t: Thread) -> None:
        require(s.pc[t] == Pc.CONFIRM)
        if s.epoch[t] == s.now:
            s.holders[s.epoch[t]] -= 1
            s.pc[t] = Pc.RUN
        else:
            s.pc[t] = Pc.RETRACT

    @action
    def finish(s, t: Thread) -> None:
        require(s.pc[t] == Pc.RUN)
        s.pc[t] = Pc.PEEK

    def holds(s, t: Thread, e: Epoch) -> bool:
        return s.pc[t] in (Pc.CONFIRM, Pc.RETRACT) and s.epoch[t] == e


class RingOfTwoEpochs(Continue):
    """Epochs are compared modulo 2, as a ring of counters does: two publications later they look the same."""

    @action
    def confirm(s, t: Thread) -> None:
        require(s.pc[t] == Pc.CONFIRM)
        s.pc[t] = Pc.RUN if s.epoch[t] % 2 == s.now % 2 else Pc.RETRACT


class RetractsWithoutLooking(Continue):
    """A caller that backs out does not ask whether it was the last: the version leaks."""

    @action
    def retract(s, t: Thread) -> None:
        require(s.pc[t] == Pc.RETRACT)
        s.holders[s.epoch[t]] -= 1
        s.epoch[t] = Epoch(0)
        s.pc[t] = Pc.READ


class FinishesWithoutPeeking(Overlap):
    """A call that ends does not ask whether it was the last: the version leaks."""

    @action
    def finish(s, t: Thread) -> None:
        require(s.pc[t] == Pc.RUN)
        s.holders[s.epoch[t]] -= 1
        s.epoch[t] = Epoch(0)
        s.pc[t] = Pc.IDLE


class LosesAHolder(Continue):
    """``holders += 1`` in two steps, as Python does it: of two calls that announce at once, one is not counted."""

    saw: Map[Thread, int] = each(0)

    @action
    def load_the_count(s, t: Thread) -> None:
        require(s.pc[t] == Pc.ANNOUNCE, s.saw[t] == 0)
        s.saw[t] = s.holders[s.epoch[t]] + 1

    @action
    def announce(s, t: Thread) -> None:
        require(s.pc[t] == Pc.ANNOUNCE, s.saw[t] > 0)
        s.holders[s.epoch[t]] = s.saw[t]
        s.saw[t] = 0
        s.pc[t] = Pc.CONFIRM


class NestedReadsThePointer(Overlap):
    """A nested call takes the current version like any other call: one request, two versions."""

    @action(fair=False)
    def nest(s, t: Thread) -> None:
        require(s.pc[t] == Pc.RUN, s.gate == Gate.OPEN)
        s.inner[t] = s.now
        s.pc[t] = Pc.NESTED


class NestedWaitsAtTheGate(Hold):
    """A nested call waits until the gate opens; the gate waits for the outer call."""

    @action(fair=False)
    def nest(s, t: Thread) -> None:
        require(s.pc[t] == Pc.RUN)
        s.inner[t] = s.epoch[t]
        s.pc[t] = Pc.NESTED

    @action
    def unnest(s, t: Thread) -> None:
        require(s.pc[t] == Pc.NESTED, s.gate != Gate.HELD)
        s.inner[t] = Epoch(0)
        s.pc[t] = Pc.RUN
