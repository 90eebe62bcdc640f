"""Where plugins come from.  Everything here stands on the public names of `quiesce` alone.

source.py   Python source, read once, imported under a private name
python.py   a Python file or package directory as a `Candidate`
"""

from .python import load
from .source import LoadError

__all__ = ["LoadError", "load"]
