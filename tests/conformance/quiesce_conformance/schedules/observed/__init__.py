"""No-instrumentation mode: any pure-Python implementation under the engine, as it is.

General layout, from the bottom up:

* `expressions`, `bytecode`: what the stack holds before each instruction, as far as the text tells;
* `watched`, `sites`: which instructions may touch shared state, and their names;
* `cells`: which shared object an operation is on;
* `events`: `sys.monitoring`, or opcode tracing on 3.11;
* `outside`: what the code gets instead of `threading` and `time`, and what it must not do;
* `run`: all of it together: `Observed`.
"""

from .events import NoMonitor
from .run import Coarser, NothingObserved, Observed

__all__ = ["Coarser", "NoMonitor", "NothingObserved", "Observed"]
