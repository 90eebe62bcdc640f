"""What may be forgotten of the two models of this package; the tests exhaust small scopes to show that it may."""

from __future__ import annotations

from quiesce_model.validate.forgetting import Forgetting
from quiesce_model.vocabulary import Epoch, Life, Thread, Upgrader, Version

__all__ = ["ALGORITHM", "ALGORITHM_SCOPE", "PROTOCOL", "PROTOCOL_SCOPE"]

ALGORITHM = (
    Forgetting(Epoch, "now", {"holders": 0}),  # first: a forgotten record no longer refers to its version
    Forgetting(Version, "newest", {"life": Life.FREED}),
)
"""Records that are not held and that no caller has read; versions that were freed and have no such record."""

ALGORITHM_SCOPE = {Thread: 8, Upgrader: 3, Version: 6, Epoch: 12}
"""A scope to begin with.  It is widened where a trace needs more; smaller is faster."""

PROTOCOL = (Forgetting(Version, "newest", {"life": Life.FREED}),)
"""Versions that were freed and on which no call runs.  Epochs of the protocol index nothing."""

PROTOCOL_SCOPE = {Thread: 8, Version: 6}
"""A scope to begin with."""
