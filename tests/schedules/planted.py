"""Defects to plant in the kernel, each a small patch; a trace of the patched kernel must be rejected."""

from __future__ import annotations

import pytest

from quiesce._kernel import candidate
from quiesce.recording import RecordingSeam


def note_closings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record an event ``closed`` whenever the close hook of a version begins."""
    original = candidate.Version.close

    def close(self: candidate.Version) -> None:
        load = getattr(self.instance, "load", None)
        if load is not None and isinstance(load.seam, RecordingSeam):
            number = self.number
            load.seam.note("closed", lambda: {"closed": number})
        original(self)

    monkeypatch.setattr(candidate.Version, "close", close)
