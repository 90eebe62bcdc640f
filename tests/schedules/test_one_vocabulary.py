"""The kernel may not import the model, so it writes some of its words again: this holds the two together.

Each atomic step of the code says in a comment which action of the model it is, and why it is atomic; each action of the
algorithm has such a step.
"""

from __future__ import annotations

import enum
import re
from pathlib import Path

import pytest

import quiesce
from quiesce import _kernel
from quiesce._kernel import states
from quiesce_model import algorithm, vocabulary
from quiesce_model.rules import transitions

STEP = re.compile(r"# step: (\w+)(.*)")
KERNEL = Path(_kernel.__file__).parent


def steps(text: str) -> dict[str, list[str]]:
    """Action -> what each of its comments says."""
    found: dict[str, list[str]] = {}
    for name, rest in STEP.findall(text):
        found.setdefault(name, []).append(rest)
    return found


def actions() -> set[str]:
    return {action.name for model in algorithm.POLICIES for action in model.actions()}


def test_every_action_is_a_step_of_the_code_and_every_step_an_action() -> None:
    found = steps("\n".join(path.read_text(encoding="utf-8") for path in sorted(KERNEL.glob("*.py"))))
    assert found.keys() == actions()


def test_every_step_says_why_it_is_atomic() -> None:
    for path in sorted(KERNEL.glob("*.py")):
        for name, reasons in steps(path.read_text(encoding="utf-8")).items():
            assert all(reason.startswith(" -- atomic ") for reason in reasons), f"{path.name}: {name}"


def test_a_step_that_is_no_action_would_be_seen() -> None:
    assert steps("    # step: swapp -- atomic because") == {"swapp": [" -- atomic because"]}
    assert "swapp" not in actions()


@pytest.mark.rule("L1")
@pytest.mark.parametrize("name", ["HotReloadState", "DrainPolicy", "Gate", "Up", "Life"])
def test_the_enums_are_the_same(name: str) -> None:
    """Member by member; only a version that is not built yet has no place in the running code."""

    def members(kind: type[enum.Enum]) -> dict[str, object]:
        return {m.name: m.value for m in kind if m.name != "UNBORN"}

    assert members(getattr(states, name)) == members(getattr(vocabulary, name))


@pytest.mark.rule("L1")
def test_the_listed_transitions_are_the_same() -> None:
    kernel = {(a.name, b.name) for a, following in states.TRANSITIONS.items() for b in following}
    assert kernel == {(t.source, t.target) for t in transitions()}
    assert quiesce.HotReloadState is states.HotReloadState
