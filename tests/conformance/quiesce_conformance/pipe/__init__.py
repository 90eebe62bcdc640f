"""Adapters in any language: a program that speaks JSON lines on its standard input and output.

General layout:

    host.py          `PipeHost`: starts the adapter, keeps its process for the next session
    session.py       one plugin in an adapter process, as a `quiesce_conformance.session.Session`
    connection.py    requests out, answers and events in, and whose fault a silence is
    conversation.py  what an adapter may say when; everything else makes it a broken adapter
    messages.py      the lines, as specs/adapter-protocol.schema.json defines them
    process.py       the process group: started, read, ended, reaped
    limits.py        how long and how much
"""

from .host import PipeHost
from .limits import Limits

__all__ = ["Limits", "PipeHost"]
