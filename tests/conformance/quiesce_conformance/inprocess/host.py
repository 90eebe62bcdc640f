"""From ``mypkg:make_subject`` to sessions.

A host that is sent to another process goes as the name of its subject, where it has one: then the other process imports
it, and nothing of this one is copied.
"""

from __future__ import annotations

import importlib
from typing import Any, cast

from quiesce_conformance.contract import CandidateSpec, MakeSubject

from .offers import SubjectError
from .session import InProcessSession

__all__ = ["InProcessHost", "SubjectError"]


class InProcessHost:
    """Makes sessions with subjects in this process.  Safe from any thread; can be pickled if its subject can.

    Args:
        subject: ``mypkg.module:make_subject``, or the function itself.
        name: what it is called in a report; its own name if not given.

    Raises:
        SubjectError: it cannot be imported, or cannot be called.

    """

    def __init__(self, subject: str | MakeSubject, name: str = "") -> None:
        self._subject = subject
        self._make = _found(subject) if isinstance(subject, str) else subject
        if not callable(self._make):
            raise SubjectError(
                f"expected a function make_subject(instance, manifest, drain_timeout), got {self._make!r}"
            )
        own = f"{getattr(self._make, '__module__', '?')}:{getattr(self._make, '__qualname__', repr(self._make))}"
        self._name = name or (subject if isinstance(subject, str) else own)

    def __reduce__(self) -> tuple[Any, ...]:
        return InProcessHost, (self._subject, self._name)

    @property
    def name(self) -> str:
        """What the implementation is called in a report."""
        return self._name

    def session(self, first: CandidateSpec, drain_timeout: float | None) -> InProcessSession:
        """Make a plugin whose first version is `first`.

        Raises:
            RuntimeError: the implementation refused it; its own error is the cause.
            SubjectError: what it made is no subject.

        """
        try:
            return InProcessSession(self._make, first, drain_timeout)
        except SubjectError:
            raise
        except Exception as error:
            raise RuntimeError(
                f"{self._name} refused version {first.version} as its first: {type(error).__name__}: {error}"
            ) from error

    def close(self) -> None:
        """Nothing to end; for symmetry with a host of processes."""


def _found(path: str) -> MakeSubject:
    module, separator, attribute = path.partition(":")
    if not (separator and module and attribute):
        raise SubjectError(f"expected a subject as 'mypkg.module:make_subject', got {path!r}")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        raise SubjectError(f"{path}: cannot import {module!r}: {type(error).__name__}: {error}") from error
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise SubjectError(f"{path}: {found!r} has no {name!r}")
        found = getattr(found, name)
    return cast("MakeSubject", found)
