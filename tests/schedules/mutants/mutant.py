"""One mutant of the runtime: a small patch of the kernel's text that breaks one thing, and what is said of it.

What is said is said before anything is run, and the matrix is checked against it: which rules the mutant may be found
to break, and which protocol of the model's known-bad catalogue has the same thing wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BadMutant", "Mutant", "Patch"]


class BadMutant(Exception):
    """A mutant does not fit the kernel: its patch does not apply, or what it patches was not loaded."""


@dataclass(frozen=True)
class Patch:
    """Replace one text by another in a module of the kernel.

    :param module: such as ``reclaim`` for ``quiesce._kernel.reclaim``.
    :param old: the text to replace; it must be there exactly `times` times.
    """

    module: str
    old: str
    new: str
    times: int = 1

    def apply(self, text: str) -> str:
        """Give the patched text.  Raises `BadMutant` if the old text is not there exactly as often as stated."""
        found = text.count(self.old)
        if found != self.times:
            raise BadMutant(
                f"{self.module}.py: expected {self.times} of the following, got {found}: the kernel has changed, so "
                f"change the mutant\n{self.old}"
            )
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Mutant:
    """A kernel with one thing wrong.

    :param breaks: the rules of specs/rules.toml that it may be found to break; a kill for another reason is no kill.
    :param scenarios: where it shows; every engine runs these, in this order, on the mutant and on the kernel as it is.
    :param model: the entry of the model's known-bad catalogue with the same thing wrong; None where there is none ...
    :param why_no_model: ... and then why.
    """

    name: str
    story: str
    patches: tuple[Patch, ...]
    breaks: tuple[str, ...]
    scenarios: tuple[str, ...]
    model: str | None = None
    why_no_model: str = ""

    def __post_init__(self) -> None:
        if (self.model is None) is not bool(self.why_no_model):
            raise BadMutant(f"{self.name}: expected a model counterpart or the reason why there is none, not both")
        if not (self.breaks and self.patches and self.scenarios):
            raise BadMutant(f"{self.name}: expected at least one patch, one rule and one scenario")
