"""Who goes on next: the ways to search the schedules of a scenario.

General layout:

    base.py         what a strategy is: `Strategy`, `Frontier`, `Explorer`
    exhaustive.py   every schedule, or every one with at most so many preemptions
    dpor.py         one schedule of each Mazurkiewicz trace; order.py, wakeup.py and shares.py are its parts
    pct.py          random priorities with a guarantee; walk.py: any choice; sampling.py is what they share
    drawn.py        schedules as data that Hypothesis draws and shrinks; needs `hypothesis`, so it is imported by name
"""

from .base import Evidence, Explorer, Frontier, Part, Strategy, is_preemption, stay
from .dpor import Dpor
from .exhaustive import Exhaustive
from .pct import Pct
from .walk import Walk

__all__ = [
    "Dpor",
    "Evidence",
    "Exhaustive",
    "Explorer",
    "Frontier",
    "Part",
    "Pct",
    "Strategy",
    "Walk",
    "is_preemption",
    "stay",
]
