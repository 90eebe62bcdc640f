"""Rules M1 to M5 from the probe's own view: when each version was closed, and how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .history import Call, History, Life, Publication, Verdict

__all__ = ["check_reclamation"]


def check_reclamation(history: History) -> Iterable[Verdict]:
    """M1 never under a call, M2 never the current one, M3 exactly once, M4 the same for candidates, M5 in the end."""
    m1, m2, m3, m4, m5 = (Verdict(rule) for rule in ("M1", "M2", "M3", "M4", "M5"))
    reigns: defaultdict[int, list[tuple[Publication, Publication | None]]] = defaultdict(list)
    publications = list(history.publications)
    for k, publication in enumerate(publications):
        reigns[publication.version].append((publication, publications[k + 1] if k + 1 < len(publications) else None))
    waited = "closes that had to wait for a call"
    m1.sometimes = {waited: 0}
    m2.sometimes = {"versions that were current and then closed": 0}
    m4.sometimes = {"candidates that never became current": 0}
    m5.sometimes = {waited: 0}
    last_ends = _last_ends(history.calls)
    current = publications[-1].version

    for life in history.lives:
        reign = reigns.get(life.version, [])
        over = reign[-1][1] if reign else None
        _check_count(life, m3 if reign else m4)
        if not reign:
            m4.sometimes["candidates that never became current"] += 1
        for stamp in life.closed:
            m1.checked += 1
            end, call = last_ends.get(life.version, (None, None))
            if call is not None and (end is None or end > stamp):
                m1.broken(f"version {life.version} was closed at {stamp} while a call ran on it", call, life)
            if end is not None and over is not None and over.done is not None and over.done < end < stamp:
                m1.sometimes[waited] += 1
                m5.sometimes[waited] += 1
            if reign:
                m2.checked += 1
                m2.sometimes["versions that were current and then closed"] += 1
                for since, until in reign:
                    began = since.done
                    if began is not None and began < stamp and (until is None or stamp < until.begun):
                        m2.broken(
                            f"version {life.version} was closed at {stamp} while it was the current one", life, since
                        )
        if history.settled:
            m5.checked += 1
            if not life.closed and life.version != current:
                m5.broken(f"version {life.version} was still not closed when everything had come to rest", life)
    return (m1, m2, m3, m4, m5)


def _check_count(life: Life, verdict: Verdict) -> None:
    verdict.checked += 1
    if len(life.closed) > 1:
        verdict.broken(f"version {life.version} was closed {len(life.closed)} times", life)


def _last_ends(calls: Iterable[Call]) -> dict[int, tuple[int | None, Call]]:
    """For each version the call on it that ended last, `None` for one that never ended."""
    found: dict[int, tuple[int | None, Call]] = {}
    for call in calls:
        if call.started is None:
            continue
        version = call.versions[0]
        known = found.get(version)
        if known is None or (known[0] is not None and (call.ended is None or call.ended > known[0])):
            found[version] = (call.ended, call)
    return found
