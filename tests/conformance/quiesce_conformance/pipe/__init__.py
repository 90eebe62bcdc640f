"""Adapters in any language: a program that speaks JSON lines on its standard input and output.

General layout:

    messages.py      the lines, as specs/adapter-protocol.schema.json defines them
    process.py       the process group: started, read, ended, reaped
    limits.py        how long and how much
"""

from .limits import Limits

__all__ = ["Limits"]
