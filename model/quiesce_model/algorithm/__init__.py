"""How hot reload is done: every atomic step of every thread is an action.

One pointer is published: ``now``, the number of an epoch record, which stands for a version (``code[now]``) and carries
the gate.  A caller reads the pointer, becomes a holder of that record, and reads the pointer again: only if it has not
moved does the call start.  Everything else follows from that second look, because a record that is no longer current
can never gain a call.

Callers take no lock.  What an upgrader does between two waits is one critical section of the plugin's lock and so one
action; callers see of it only the write of the pointer, which is why a section may publish at most once.

Rejected: a counter per epoch with the instance behind a pointer of its own (epoch and version disagree, see
``known_bad``); a gate beside the pointer (old and new run at once); freeing in two steps, look and then free (needs a
compare-and-swap that the critical section makes superfluous); publishing a retired version again (frees it under a
running call).

Sources: hazard pointers (Michael 2004), arc-swap and crossbeam-epoch for announce and confirm; RCU for the grace
period.
"""

from __future__ import annotations

from quiesce_model.algorithm.argument import Argument
from quiesce_model.language import every, sometimes
from quiesce_model.vocabulary import DrainPolicy, Gate, Pc, Thread, Up, Upgrader

P = DrainPolicy


class Algorithm(Argument):
    """The algorithm, whatever the drain policy; `Continue`, `Hold` and `Overlap` differ in that constant only."""


class Continue(Algorithm):
    """The default: a call that arrives in Draining runs on the old version; the swap waits for those before it."""

    policy = P.CONTINUE

    @sometimes("D2")
    def a_drain_waits(s) -> bool:
        return s.a_call_is_awaited()

    @sometimes("D5")
    def two_versions_run_at_once(s) -> bool:
        """Calls that arrived during the drain finish beside those that arrived after the swap."""
        return s.old_and_new_run()


class Hold(Algorithm):
    """Old and new never run at once: a call that arrives in Draining waits at the gate."""

    policy = P.HOLD

    @sometimes("D2")
    def a_drain_waits(s) -> bool:
        return s.a_call_is_awaited()

    @sometimes("D5")
    def a_call_waits_at_the_gate(s) -> bool:
        return s.gate == Gate.HELD and any(s.pc[t] == Pc.READ for t in every(Thread))

    @sometimes("H1")
    def state_is_handed_over(s) -> bool:
        return any(s.up[u] == Up.SWAP for u in every(Upgrader))


class Overlap(Algorithm):
    """An upgrade never waits: it swaps at once, and the old version finishes its calls afterwards."""

    policy = P.OVERLAP

    @sometimes("D5")
    def two_versions_run_at_once(s) -> bool:
        return s.old_and_new_run()


POLICIES: tuple[type[Algorithm], ...] = (Continue, Hold, Overlap)
