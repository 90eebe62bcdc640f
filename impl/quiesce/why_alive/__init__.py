"""Why a freed version's objects live on: the root that keeps them, by name.

    canary = watch(plugin.current())        # while the version serves
    plugin.upgrade(candidate)               # the version is retired, closed and freed
    print(why_alive(canary))                # 1 root: the registry of functools.singledispatch host.render ...

The runtime closes a version once and lets go of it (rules M1 to M5); its memory goes when nobody else refers to it.
In Python a single class in a cache of the host keeps its module's globals and so the whole version, and a weak
reference to the module does not show it: functions refer to the globals, not to the module.  So every class and
function of the version is watched, and a mark in the globals.

    canary.py   weak references to everything that a version defines
    held.py     what C code holds where the collector sees nothing: stacks of threads, signal handlers
    roots.py    which objects are roots, and what they are called
    search.py   from the survivors backwards to the roots, within bounds
    report.py   the answer: text only, so that asking does not keep anything alive

Rejected: one `gc.get_referrers` with the answer left to the reader (it lists dicts), tracemalloc (says where something
was made, not who keeps it), and clearing caches by default (that would hide the very thing that is asked for).
"""

from __future__ import annotations

from .canary import Canary, watch
from .report import Report, Root, RootKind
from .search import why_alive

__all__ = ["Canary", "Report", "Root", "RootKind", "watch", "why_alive"]
