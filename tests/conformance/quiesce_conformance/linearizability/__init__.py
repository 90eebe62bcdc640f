"""Any operations against any sequential specification: linearizability by just-in-time configurations.

operations.py      an operation, what a specification is, what is said of a history that has no linearization
checker.py         the configurations, carried along; streams; plugins one by one
register.py        the versioned register with reverts
lifecycle.py       prepare, execute, cancel, commit, revert, state and stats, read from ``specs/transitions.json``

The register check beside it (`quiesce_conformance.register`) is a hundred times faster and knows one specification.
"""

from .checker import LinearizabilityStream, check_linearizable
from .lifecycle import UpgradeLifecycle, transition_table
from .operations import UNKNOWN, Operation, Specification, Stuck, TooManyConfigurations, Unknown
from .register import VersionedRegister

__all__ = [
    "UNKNOWN",
    "LinearizabilityStream",
    "Operation",
    "Specification",
    "Stuck",
    "TooManyConfigurations",
    "Unknown",
    "UpgradeLifecycle",
    "VersionedRegister",
    "check_linearizable",
    "transition_table",
]
