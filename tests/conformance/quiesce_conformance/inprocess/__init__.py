"""Subjects in this process: any Python implementation, through `InProcessHost`.

journal.py    one counter under one lock: stamps, events, and who waits for them
gates.py      where instances wait, on a thread or on an event loop
instance.py   one version of the plugin, as the subject gets it
offers.py     what a subject has, and how what it says of itself is read
session.py    operations, each on a thread of its own
host.py       from ``mypkg:make_subject`` to sessions
"""

from .host import InProcessHost, SubjectError
from .session import InProcessSession

__all__ = ["InProcessHost", "InProcessSession", "SubjectError"]
