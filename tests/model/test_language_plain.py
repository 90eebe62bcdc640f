"""The reference run: what comes of an action, why one is refused, and runs without an upper bound."""

from __future__ import annotations

import pytest

from quiesce_model.language import Disabled, ModelError, OutOfScope, PlainRun, ScopeError, every
from tests.model.language_sources import model, scope

M = model("""
    def free(s, t: Thread) -> bool:
        return s.pc[t] == Pc.A

    def publish(s) -> None:
        require(s.count < 5,
                all(not s.done[t] for t in every(Thread)) or s.count == 0)
        s.now += 1
        s.code[s.now] = s.newest

    @action
    def take(s, t: Thread) -> None:
        require(s.free(t))
        s.pc[t] = Pc.B
        s.epoch[t] = s.now

    @action
    def swap(s) -> None:
        s.publish()

    @action("R3", fair=False)
    def leave(s, t: Thread, g: Gate, b: bool) -> None:
        require(s.pc[t] == Pc.B)
        assert s.gate != g or b, "R3, M1: the gate is open"
        s.pc[t] = Pc.A

    @invariant("R1")
    def few(s) -> bool:
        return s.count < 5

    @theorem
    def ahead(s) -> bool:
        return s.code[s.now + 1] == 0

    @transition("T1")
    def forwards(s, after: M) -> bool:
        return after.now == s.now

    @sometimes
    def taken(s) -> bool:
        return any(s.pc[t] == Pc.B for t in every(Thread))
    """)
RUN = PlainRun(M, scope(M))


def test_the_first_state() -> None:
    first = RUN.as_dict(RUN.initial())
    assert first["now"] == 0
    assert first["code"] == {0: 0, 1: 0, 2: 0}
    assert {p.name: n for p, n in first["tally"].items()} == {"A": 1, "B": 0, "C": 0}
    assert RUN.freeze(RUN.thaw(RUN.initial())) == RUN.initial()


def test_a_step() -> None:
    outcome = RUN.apply(RUN.initial(), "take", 1)
    assert outcome.kind == "step"
    assert outcome.state is not None
    assert [p.name for p in RUN.as_dict(outcome.state)["pc"].values()] == ["A", "B"]
    assert RUN.as_dict(RUN.initial())["pc"][1].name == "A", "the state before is a value: it does not change"


def test_a_refusal_says_which_condition_and_where() -> None:
    taken = RUN.apply(RUN.initial(), "take", 0).state
    assert taken is not None
    outcome = RUN.apply(taken, "take", 0)
    assert outcome.kind == "disabled"
    assert outcome.refusal is not None
    assert outcome.refusal.text == "s.free(t)"
    assert outcome.refusal.place.source.strip() == "require(s.free(t))"
    assert "take(0) is refused: require(s.free(t)) at <model_from_text_" in RUN.explain(taken, "take", 0)


def test_a_refusal_of_the_second_condition_in_a_word_on_two_lines() -> None:
    names, first = list(M.state_sorts()), list(RUN.initial())
    first[names.index("done")] = (True, False)
    first[names.index("count")] = 3
    outcome = RUN.apply(tuple(first), "swap")
    assert outcome.refusal is not None
    assert outcome.refusal.text == "all(not s.done[t] for t in every(Thread)) or s.count == 0"


def test_a_broken_assertion_and_a_broken_promise() -> None:
    taken = RUN.apply(RUN.initial(), "take", 0).state
    assert taken is not None
    [a, b] = RUN.as_dict(taken)["gate"].__class__
    assert RUN.apply(taken, "leave", 0, a, False).broken == ("R3, M1: the gate is open",)
    assert RUN.apply(taken, "leave", 0, b, False).kind == "step"
    assert RUN.apply(taken, "swap").broken == ("forwards",)
    assert M.actions()[2].asserts[0].rules == ("R3", "M1")
    assert M.actions()[2].rules == ("R3",)
    assert not M.actions()[2].fair
    assert M.actions()[2].process == "t"
    assert M.actions()[1].process is None


def test_the_end_of_the_scope_is_no_refusal() -> None:
    state = RUN.initial()
    for _ in range(2):
        found = RUN.apply(state, "swap").state
        assert found is not None
        state = found
    outcome = RUN.apply(state, "swap")
    assert outcome.kind == "out of scope"
    assert "Epoch 3 is beyond the scope" in outcome.beyond
    assert RUN.claim("ahead", state) is None
    assert RUN.claims(state) == {"few": True, "ahead": None}
    assert RUN.claims(state, "sometimes") == {"taken": False}
    assert not issubclass(OutOfScope, Disabled)
    assert not issubclass(Disabled, OutOfScope)


def test_without_an_upper_bound_numbers_grow() -> None:
    sizes = {s: None if s.__name__ == "Epoch" else n for s, n in scope(M).items()}
    run = PlainRun(M, sizes)
    state = run.initial()
    assert run.as_dict(state)["code"] == {}, "cells that have their first value are left out"
    for n in range(1000):
        found = run.apply(state, "swap").state
        assert found is not None
        state = found
        assert run.as_dict(state)["now"] == n + 1
    assert run.claim("ahead", state) is True
    assert run.apply(state, "take", 0).kind == "step"


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ModelError, match="has no action 'swop'"):
        RUN.apply(RUN.initial(), "swop")
    with pytest.raises(ModelError, match=r"take: expected \(t: Thread\), got \(\)"):
        RUN.apply(RUN.initial(), "take")
    with pytest.raises(ScopeError, match="does not say how many"):
        PlainRun(M, {})
    with pytest.raises(ScopeError, match="expected a size of 1 or more, got 0"):
        PlainRun(M, {**scope(M), next(iter(scope(M))): 0})
    with pytest.raises(ModelError, match="only while a model runs"):
        every(int)
    state = RUN.thaw(RUN.initial())
    with pytest.raises(ModelError, match="no scalar state variable 'nov'"):
        state.nov = 1
