"""Waits that scenarios share: some only steer, one is a verdict."""

from __future__ import annotations

from quiesce_conformance.check import ENDS_WITHIN
from quiesce_conformance.recording import Script

__all__ = ["UNDER_WAY", "begun", "closed", "initialised"]

UNDER_WAY = 0.25
"""Seconds that an upgrade is given to come to its drain while a call is inside.  Nothing is concluded from it."""


def initialised(script: Script, version: int) -> None:
    """Give an upgrade the time to come to its drain.  Who takes a lock around everything does not come there yet."""
    script.session.wait_for(
        lambda events: any(e.kind == "init_done" and e.version == version for e in events), UNDER_WAY
    )


def begun(script: Script, version: int) -> None:
    """Give an upgrade the time to come to its init hook."""
    script.session.wait_for(lambda events: any(e.kind == "init" and e.version == version for e in events), UNDER_WAY)


def closed(script: Script, version: int, rule: str = "M5") -> None:
    """A version that nobody holds any more has to be closed: the verdict of `rule`."""
    done = script.session.wait_for(
        lambda events: any(e.kind == "close" and e.version == version for e in events), ENDS_WITHIN
    )
    script.must(rule, done, f"version {version} was not freed within {ENDS_WITHIN:g} s after its last call")
