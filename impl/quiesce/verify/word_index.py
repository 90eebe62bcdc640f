"""The plugin that `quiesce verify` and `quiesce demo` upgrade: a search over a word index in a file of its own.

`files.py` writes this very file to disk with another `VERSION` and `FLAVOUR`; each written file is loaded in
isolation, so this module is never imported as a part of quiesce by the running load.

The state is real: `init` writes an index to a file and maps it into memory, `close` unmaps it and removes the file.
A search on a closed index raises `ValueError`, as any use of a closed file does.  Each record in the file carries the
version that wrote it, so a call that meets the code of one version and the data of another shows it in its answer.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns

from quiesce_conformance import Answer, Gate, Probe, ProbeError

VERSION = 1
FLAVOUR = "good"
MANIFEST = {
    "name": "search",
    "version": "1.0.0",
    "description": "Finds words in a text",
    "exports": ["search", "browse", "learn", "fail", "wait", "nested", "reenter"],
}
TEXT = """call version candidate epoch record holder lease drain quiescent publish retire free guard action invariant
stutter fairness counterexample schedule preemption history invocation response probation handover manifest pointer"""


class WordIndex:
    """One instance is one version."""

    def __init__(self, probe: Probe, directory: Path) -> None:
        if FLAVOUR == "build":
            raise RuntimeError("this version cannot be built")
        self._probe = probe
        self._path = directory / f"words-{VERSION}.index"
        self._map: mmap.mmap | None = None
        self._places: dict[str, tuple[int, int]] = {}
        self._learned: dict[str, int] = {}
        probe.built(VERSION)

    def init(self) -> None:
        """Write the index and map it."""
        rows = [f"{VERSION} {word} {place}\n".encode() for place, word in enumerate(TEXT.split())]
        start = 0
        for row, word in zip(rows, TEXT.split(), strict=True):
            self._places[word] = (start, start + len(row))
            start += len(row)
        self._path.write_bytes(b"".join(rows))
        with self._path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        if FLAVOUR == "init":
            raise RuntimeError("this version cannot start: its index is damaged")
        self._probe.initialised(VERSION)

    def close(self) -> None:
        """Unmap the index and remove its file."""
        self._probe.closed(VERSION)
        if self._map is not None:
            self._map.close()
        self._path.unlink(missing_ok=True)
        if FLAVOUR == "close":
            raise RuntimeError("this version does not go quietly")

    def export_state(self) -> tuple[int, dict[str, int]]:
        """What was learnt while serving."""
        self._probe.exported(VERSION)
        return VERSION, dict(self._learned)

    def import_state(self, state: tuple[int, dict[str, int]]) -> None:
        """Take over what the version before had learnt."""
        if FLAVOUR == "handover":
            raise RuntimeError("this version cannot read the state of the one before")
        old, self._learned = state[0], dict(state[1])
        self._probe.imported(old, VERSION)

    def _look_up(self, word: str) -> tuple[int, int]:
        """The version and the place that the file gives for `word`."""
        if self._map is None:
            raise ValueError("search before init: there is no index")
        start, end = self._places[word]
        version, found, place = self._map[start:end].split()
        if found.decode() != word:
            raise ValueError(f"expected the record of {word!r}, got that of {found!r}")
        return int(version), int(place)

    def search(self, number: int, words: tuple[str, ...]) -> Answer:
        """Where each of `words` stands in the text."""
        started = monotonic_ns()
        rows = [self._look_up(word) for word in words]
        places = tuple(place for _, place in rows)
        return Answer(number, started, monotonic_ns(), (VERSION, *(version for version, _ in rows), VERSION), places)

    def browse(self, number: int, rounds: int) -> Answer:
        """A long call: the whole text, `rounds` times."""
        started = monotonic_ns()
        met = {self._look_up(word)[0] for _ in range(rounds) for word in TEXT.split()}
        return Answer(number, started, monotonic_ns(), (VERSION, *met, VERSION), len(TEXT.split()))

    def learn(self, number: int, word: str) -> Answer:
        """Remember a word; it moves to the next version by a handover."""
        started = monotonic_ns()
        version, _ = self._look_up("lease")
        self._learned[word] = VERSION
        return Answer(number, started, monotonic_ns(), (VERSION, version), word)

    def fail(self, number: int) -> Answer:
        """Raise an exception of its own."""
        started = monotonic_ns()
        version, _ = self._look_up("free")
        raise ProbeError(Answer(number, started, monotonic_ns(), (VERSION, version)))

    def wait(self, number: int, gate: Gate) -> Answer:
        """Hang until the driver opens the gate, then search."""
        started = monotonic_ns()
        before, _ = self._look_up("drain")
        gate.wait()
        after, _ = self._look_up("drain")
        return Answer(number, started, monotonic_ns(), (VERSION, before, after, VERSION))

    def nested(self, number: int, inner: Callable[[], Answer], gate: Gate | None) -> Answer:
        """Call the plugin again from within, after a wait at the gate if there is one."""
        started = monotonic_ns()
        before, _ = self._look_up("record")
        if gate is not None:
            gate.wait()
        answer = inner()
        after, _ = self._look_up("record")
        return Answer(number, started, monotonic_ns(), (VERSION, before, after, VERSION), answer)

    def reenter(self, number: int, inside: Callable[[], object]) -> Answer:
        """Run what the driver wants to have run from inside a call."""
        started = monotonic_ns()
        value = inside()
        return Answer(number, started, monotonic_ns(), (VERSION,), value)


def build(probe: Probe, directory: Path) -> WordIndex:
    """Build one instance; `quiesce verify` gives it the probe and a directory for the index."""
    return WordIndex(probe, directory)
