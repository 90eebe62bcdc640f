"""From a scenario, a function that drives a script, to a check.

A scenario is deterministic: the seed does not change it, and its recipe is empty.  Its order comes from gates and from
what was reported; a wait with a limit may put the subject into more danger, and nothing is concluded from it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from quiesce_conformance.check import Check, CheckResult
from quiesce_conformance.contract import CandidateSpec, Capability, Profile
from quiesce_conformance.recording import Script, Stuck
from quiesce_conformance.session import Host

__all__ = ["Scenario", "scenario"]

DRAIN_TIMEOUT = 30.0
"""Seconds; longer than any wait of the suite, so that no drain ends by it that is not meant to."""


@dataclass(frozen=True)
class Scenario:
    """What a check runs.  A class and no closure, so that a check can be pickled."""

    body: Callable[[Script], None]
    rules: tuple[str, ...]
    policy: str | None
    drain_timeout: float
    """Seconds."""

    def __call__(self, host: Host, seed: int, recipe: Mapping[str, Any]) -> CheckResult:
        """Run it in a session of its own."""
        first = CandidateSpec(1)
        session = host.session(first, self.drain_timeout)
        try:
            policy = self.policy if Capability.POLICY in session.capabilities else None
            script = Script(session, first, policy)
            with contextlib.suppress(Stuck):
                self.body(script)
            return script.finish(self.rules)
        finally:
            session.close()


def scenario(
    name: str,
    body: Callable[[Script], None],
    rules: str,
    *,
    profile: Profile = Profile.CORE,
    needs: Iterable[str] = (),
    policy: str | None = "CONTINUE",
    drain_timeout: float = DRAIN_TIMEOUT,
) -> Check:
    """Make a check of `body`; `rules` are those that it puts in danger, separated by blanks."""
    names = tuple(rules.split())
    return Check(name, names, profile, frozenset(needs), Scenario(body, names, policy, drain_timeout))
