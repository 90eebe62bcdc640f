"""Model checkers that are not Python, on the very same systems: SPIN and TLC, each given what is exported for it.

Both are run as programs, and what they do once per search is counted as it is for ours: SPIN writes C and compiles it,
TLC starts a Java machine.  So SPIN has a second row, of its search alone.  The figures are processor time of the
programs, as everywhere here; TLC runs on one worker.  Every checker judges every claim, and has to find the same number
of states, or there is no comparison.  What is not on this machine is skipped, with a word about it.
"""

from __future__ import annotations

import re
import resource
from collections.abc import Callable
from typing import Any

from quiesce_model.algorithm import Continue
from quiesce_model.explore import explore
from quiesce_model.export import spin as spin_module
from quiesce_model.export import tlc as tlc_module
from quiesce_model.export.promela import Promela
from quiesce_model.export.tla import Tla, config
from quiesce_model.language import Model
from quiesce_model.language.sorts import Scope
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version
from tests.benchmarks.small import CALLERS, UPGRADES
from tests.benchmarks.small_ours import Announce, Caller
from tests.benchmarks.small_ours import Version as SmallVersion

OURS = "quiesce_model"
ROUNDS = 3
Measured = tuple[int, float]
"""States, and states per second."""

SYSTEMS: dict[str, tuple[type[Model], Scope]] = {
    "small protocol, other checkers": (Announce, {Caller: CALLERS, SmallVersion: UPGRADES + 1}),
    "algorithm, other checkers": (Continue, {Thread: 2, Upgrader: 1, Version: 3, Epoch: 5, Tally: 3}),
}


def missing() -> dict[str, str]:
    """What is not there, by checker; nothing for one that is."""
    found = {"SPIN": spin_module.missing(), "TLC": tlc_module.missing()}
    return {name: lacking for name, lacking in found.items() if lacking}


def _used(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def ours(model: type[Model], scope: Scope) -> Measured:
    begin = _used(resource.RUSAGE_SELF)
    found = explore(model, scope, deadlock=False)
    if found.violation is not None:
        raise AssertionError(f"expected every claim to hold, got:\n{found.violation}")
    return found.states, found.states / (_used(resource.RUSAGE_SELF) - begin)


def spin(model: type[Model], scope: Scope, *, search_alone: bool = False) -> Measured:
    begin = _used(resource.RUSAGE_CHILDREN)
    found = spin_module.spin(Promela(model, scope).text())
    seconds = _used(resource.RUSAGE_CHILDREN) - begin
    if not found.complete:
        raise AssertionError(f"expected a search without errors, got:\n{found.report}")
    if search_alone:
        own = re.search(r"elapsed time ([\d.e+-]+) seconds", found.report)
        if own is None:
            raise AssertionError(f"expected pan to say how long it took, got:\n{found.report}")
        seconds = max(float(own[1]), 0.01)  # it counts in hundredths
    return found.states, found.states / seconds


def tlc(model: type[Model], scope: Scope) -> Measured:
    module = Tla(model, f"Bench{model.__name__}")
    begin = _used(resource.RUSAGE_CHILDREN)
    found = tlc_module.tlc(module.text(), config(module, scope), name=module.name, workers=1)
    if found.violated:
        raise AssertionError(f"expected every claim to hold, got:\n{found.report}")
    return found.distinct, found.distinct / (_used(resource.RUSAGE_CHILDREN) - begin)


def candidates(model: type[Model], scope: Scope) -> dict[str, Callable[[], Measured]]:
    """Who is compared on a system, of those that are here."""
    runs: dict[str, Callable[[], Any]] = {OURS: lambda: ours(model, scope)}
    lacking = missing()
    if "SPIN" not in lacking:
        runs["SPIN, compilation and search"] = lambda: spin(model, scope)
        runs["SPIN, search alone"] = lambda: spin(model, scope, search_alone=True)
    if "TLC" not in lacking:
        runs["TLC, one worker"] = lambda: tlc(model, scope)
    return runs
