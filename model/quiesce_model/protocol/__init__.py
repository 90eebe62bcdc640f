"""What hot reload promises, with no word on how it is done.

Read this first.  A call is invoked, starts, and finishes on the version on which it started; an upgrade walks the six
states; a version is born, lives, retires and is freed.  There is no pointer here, no holder, no lock and no upgrader
thread: each action is one thing that an observer of the whole plugin could see happen.  ``algorithm`` says how it is
done; every one of its steps is a step of this model or invisible to it.

Rejected: one machine per upgrade (hides that a cancelled candidate may still be under construction while the next
upgrade is under way); a promise per state only ("a cancelled upgrade never swaps" is visible in no single state, so
there are promises about steps, too).
"""

from __future__ import annotations

from quiesce_model.protocol.promises import Promises
from quiesce_model.vocabulary import DrainPolicy

P = DrainPolicy


class Protocol(Promises):
    """The protocol, whatever the drain policy; the three subclasses differ in that constant only."""


class Continue(Protocol):
    """The default: a call that arrives in Draining runs on the old version; the swap waits for those before it."""

    policy = P.CONTINUE


class Hold(Protocol):
    """Old and new never run at once: a call that arrives in Draining waits."""

    policy = P.HOLD


class Overlap(Protocol):
    """An upgrade never waits: it swaps at once, and the old version finishes its calls afterwards."""

    policy = P.OVERLAP


POLICIES: tuple[type[Protocol], ...] = (Continue, Hold, Overlap)
