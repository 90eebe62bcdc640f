"""A whole history against the rules: one verdict per rule, each with what it was checked on.

Each check takes the history and says, for the rules that it is about, how many records it looked at, what broke the
rule, and how often the situation came up in which the rule is in danger at all (*sometimes*).  A rule whose
dangerous situation never came up is "not seen", and a caller must not count it as held.

What these checks cannot see: anything between the stamps.  A call's start is known only to lie between its
invocation and the first line of the plugin's function, a swap only to lie within the operation that caused it.
They are sharp about what they report and silent about what falls inside those windows; the model is there for that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable

from . import drains, reclamation, requests
from .history import History, Verdict
from .register import check_register

__all__ = ["check_history"]


def check_history(history: History) -> dict[str, Verdict]:
    """Check everything that a history can show.

    Returns:
        The verdicts by rule id.

    Raises:
        HistoryError: the record contradicts itself.

    """
    history.check_record()
    checks: tuple[Callable[[History], Iterable[Verdict]], ...] = (
        requests.check_requests,
        check_transition,
        check_failures,
        check_states,
        drains.check_drains,
        reclamation.check_reclamation,
    )
    return {verdict.rule: verdict for check in checks for verdict in check(history)}


def check_failures(history: History) -> Iterable[Verdict]:
    """B1: a candidate that failed or was cancelled never served a call."""
    published = {publication.version for publication in history.publications}
    failed = {life.version for life in history.lives} - published
    b1 = Verdict("B1", len(failed), sometimes={"candidates that never became current": len(failed)})
    for call in history.calls:
        if call.versions and not failed.isdisjoint(call.versions):
            b1.broken("a call met a version whose upgrade had failed", call)
    yield b1


def check_states(history: History) -> Iterable[Verdict]:
    """L1: while no operation was under way, every look found the state that the last one had left."""
    seen = "looks while nothing was under way"
    l1 = Verdict("L1", sometimes={seen: 0})
    looks = sorted((look for look in history.sightings if look.state), key=lambda look: look.begun)
    starts = [look.begun for look in looks]
    for rest in history.rests:
        for look in looks[bisect_right(starts, rest.begun) : bisect_left(starts, rest.done)]:
            if look.done >= rest.done:
                break
            l1.checked += 1
            l1.sometimes[seen] += 1
            if look.state != rest.state:
                l1.broken(f"expected {rest.state} while nothing was under way, got {look.state}", look, rest)
    yield l1


def check_transition(history: History) -> Iterable[Verdict]:
    """T1 from the sightings; T2, T3 and T4 from the calls, as a versioned register."""
    published = {publication.version for publication in history.publications}
    t1 = Verdict("T1", sometimes={"looks at version and manifest": len(history.sightings)})
    for look in history.sightings:
        t1.checked += 1
        if look.version != look.manifest:
            t1.broken("the manifest of one version was shown with the code of another", look)
        elif look.version not in published:
            t1.broken("a version was shown as current that was never published", look)
    yield t1

    started = sum(call.started is not None and call.outer is None for call in history.calls)
    again = len(history.publications) - len(published)
    across = requests.calls_across(history)
    verdicts = {
        "T2": Verdict("T2", started, sometimes={"calls in flight while a version was published": across}),
        "T3": Verdict("T3", started, sometimes={"publications": len(history.publications) - 1}),
        "T4": Verdict("T4", started, sometimes={"publications": len(history.publications) - 1, "reverts": again}),
    }
    if (found := check_register(history.publications, history.calls)) is not None:
        verdicts[found.rule].violations.append(found)
    yield from verdicts.values()
