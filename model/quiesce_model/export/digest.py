"""The digest of the model: what an artefact was made from, in sixteen characters.

It covers what says what the model is: the vocabulary, the protocol, the algorithm, the known-bad protocols and the
rules.  Not the language, the explorer or the exporters: what they change in an artefact is found by making it again
(`quiesce_model.export.artefacts`), and a mended comment in the explorer should not make every artefact stale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from quiesce_model import rules

__all__ = ["PARTS", "digest", "digest_of"]

PARTS = ("vocabulary.py", "protocol", "algorithm", "known_bad")
"""The parts of the package that the digest covers, beside ``rules.toml``."""


def digest_of(files: Iterable[tuple[str, Path]]) -> str:
    """The digest of files, each under the name that it is known by."""
    total = hashlib.sha256()
    for name, path in files:
        total.update(name.encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def digest(package: Path | None = None, rules_file: Path | None = None) -> str:
    """The digest of a model.

    :param package: the folder of ``quiesce_model``; ``None``: this one.
    :param rules_file: ``rules.toml``; ``None``: the one in force.
    """
    package = package or Path(rules.__file__).parent
    found = [p for p in package.rglob("*.py") if p.relative_to(package).parts[0] in PARTS]
    files = [(p.relative_to(package).as_posix(), p) for p in found]
    return digest_of([*sorted(files), ("rules.toml", rules_file or rules.path())])
