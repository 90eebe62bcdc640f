"""The command: ``quiesce conform`` and ``python -m quiesce_conformance``.  Needs click and rich."""
