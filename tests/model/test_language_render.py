"""Expressions in model words."""

from __future__ import annotations

import pytest

from quiesce_model import algorithm
from quiesce_model.language import PlainRun
from quiesce_model.language.render import conditions, describe, effects, explain_guard, source_text, text
from quiesce_model.vocabulary import Epoch, Tally, Thread, Upgrader, Version
from tests.model.language_sources import model, scope

SAMPLES = [
    "s.pc[t] == Pc.A",
    "s.pc[t] == Pc.A or s.pc[t] == Pc.B",
    "s.flag and (s.done[t] or s.count != 1)",
    "not s.flag",
    "s.count + 1 < s.count - (s.count - 2)",
    "s.count % 2 == 1",
    "s.code[s.epoch[t]] <= s.newest",
    "(s.count if s.flag else s.pins[s.now]) == 2",
    "all(s.pins[e] == 0 for e in every(Epoch) if e < s.now)",
    "any(s.done[u] for u in every(Thread))",
    "all(s.pins[e] == sum(s.epoch[u] == e for u in every(Thread)) for e in every(Epoch))",
    "all(u == w for u in every(Thread) for w in every(Thread) if s.done[u] and s.done[w])",
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_text_is_what_was_written(sample: str) -> None:
    m = model(f"@action\ndef go(s, t: Thread) -> None:\n    require({sample})\n")
    assert text(m.actions()[0].guard) == sample


def test_an_action_in_a_paragraph() -> None:
    m = model("""
        @action(fair=False)
        def go(s, t: Thread) -> None:
            require(s.pc[t] == Pc.A, s.flag)
            assert s.count < 3, "R3: few"
            s.now += 1
            s.pc[t] = Pc.B
            for u in every(Thread):
                s.done[u] = u == t
        """)
    [go] = m.actions()
    assert describe(go).splitlines() == [
        "go(t: Thread)  [not fair]",
        "  require s.pc[t] == Pc.A",
        "  require s.flag",
        "  assert s.count < 3, 'R3: few'",
        "  s.now = s.now + 1",
        "  s.pc = s.pc with [t] = Pc.B",
        "  s.done = [u] = u == t",
        "  in scope if s.now + 1 in scope",
    ]
    assert source_text(go).startswith("    @action(fair=False)\n    def go(s, t: Thread)")
    assert [c.text for c in go.conditions] == ["s.pc[t] == Pc.A", "s.flag"]


def test_a_transition_in_words() -> None:
    m = model("@transition\ndef on(s, after: M) -> bool:\n    return after.now == s.now or after.code[s.now] == 0\n")
    assert text(m.claims()["on"].expr) == "after.now == s.now or after.code[s.now] == 0"


def test_which_parts_of_a_guard_hold() -> None:
    m = model("@action\ndef go(s, t: Thread) -> None:\n    require(s.pc[t] == Pc.A and s.flag, s.count == 0)\n")
    found = explain_guard(m, scope(m), PlainRun(m, scope(m)).initial(), "go", 0)
    assert found == [("s.pc[t] == Pc.A", True), ("s.flag", False), ("s.count == 0", True)]


def test_the_whole_algorithm_has_words() -> None:
    for policy in algorithm.POLICIES:
        for action in policy.actions():
            assert describe(action)
            assert "!0" not in " ".join([*conditions(action), *effects(action).values()])
    sizes = {Thread: 1, Upgrader: 1, Version: 2, Epoch: 3, Tally: 2}
    run = PlainRun(algorithm.Hold, sizes)
    assert ("s.pc[t] == Pc.CONFIRM", False) in explain_guard(algorithm.Hold, sizes, run.initial(), "confirm", 0)
