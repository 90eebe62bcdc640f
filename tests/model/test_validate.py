"""Trace validation of traces that name the model's own actions: what is accepted, what is not and why."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterable
from typing import Any

import pytest

from quiesce_model import algorithm, protocol
from quiesce_model.known_bad.mutants import MUTANTS
from quiesce_model.language import Model, ModelError, Numbered
from quiesce_model.language.plain import PlainRun
from quiesce_model.validate import (
    BrokenTrace,
    Event,
    Forgetting,
    Reading,
    Rejected,
    TooManyStates,
    UnknownEvent,
    Validated,
    Validator,
    read_ndjson,
    validate,
)
from quiesce_model.validate.compiled import Compiled
from quiesce_model.validate.forgetting import Numbering, check, renumbered
from quiesce_model.validate.numbers import ALGORITHM, ALGORITHM_SCOPE, PROTOCOL, PROTOCOL_SCOPE
from quiesce_model.vocabulary import Epoch, Gate, Pc, Thread, Upgrader, Version
from tests.model.walks import BrokenStep, own_actions, walk

CASES = [
    *((m, ALGORITHM_SCOPE, ALGORITHM) for m in algorithm.POLICIES),
    *((m, PROTOCOL_SCOPE, PROTOCOL) for m in protocol.POLICIES),
]
RARE = {"unregister", "cancel_upgrade"}  # a walk that unregisters is over; one that cancels all the time never swaps


def name_of(value: Any) -> str:
    return value.__module__.split(".")[1] + "." + value.__name__ if isinstance(value, type) else ""


def checked(model: type[Model], events: Iterable[Event], **kwargs: Any) -> Validated:
    return validate(model, own_actions(model), events, **kwargs)


def numbered(*events: dict[str, Any], end: bool = True) -> list[Event]:
    out: list[Event] = [{"seq": i, **e} for i, e in enumerate(events, 1)]
    return [*out, {"seq": len(out) + 1, "op": "end"}] if end else out


def call(t: object) -> list[dict[str, Any]]:
    return [{"op": op, "t": t} for op in ("invoke", "read", "announce", "confirm", "finish", "peek")]


# == what is accepted ===============================================================================================
@pytest.mark.parametrize(("model", "scope", "forgetting"), CASES, ids=name_of)
def test_long_random_behaviours_are_accepted_in_a_small_scope(model: Any, scope: Any, forgetting: Any) -> None:
    walked = walk(model, scope, forgetting, seed=1, events=6_000, without=RARE)
    found = checked(model, walked, scope=scope, forgetting=forgetting)
    assert found.events == 6_000
    assert found.renumberings > 10
    assert found.most_states == 1


@pytest.mark.parametrize(("model", "scope", "forgetting"), CASES, ids=name_of)
def test_forgetting_changes_no_verdict(model: Any, scope: Any, forgetting: Any) -> None:
    """With and without: the same prefix is accepted, the same guard is named, of traces good and doctored."""
    rng = random.Random(2)
    for seed in range(2):
        events = list(walk(model, scope, forgetting, seed=seed, events=250, without=RARE if seed % 2 else ()))
        doctored = list(events)
        at = rng.randrange(150, 240)
        doctored[at] = {**doctored[at + 5], "seq": at + 1}
        for trace in (events, doctored):
            verdicts: list[tuple[Any, ...]] = []
            for dropping in (forgetting, ()):
                try:
                    verdicts.append((checked(model, trace, scope=scope, forgetting=dropping).events, (), []))
                except Rejected as r:
                    verdicts.append((r.matched, r.guards, [x.broken for x in r.reasons]))
            assert verdicts[0] == verdicts[1]


SMALL_CASES = [
    *((m, {Thread: 1, Upgrader: 1, Version: 3, Epoch: 4}, ALGORITHM) for m in algorithm.POLICIES),
    *((m, {Thread: 2, Version: 4}, PROTOCOL) for m in protocol.POLICIES),
]


@pytest.mark.parametrize(("model", "scope", "forgetting"), SMALL_CASES, ids=name_of)
def test_forgetting_commutes_with_every_step_of_a_small_scope(model: Any, scope: Any, forgetting: Any) -> None:
    """Renumber and step, or step and renumber: the same states, the same refusals, the same claims."""
    c = Compiled(model, {**_rest(model), **scope})
    fixed = {f.sort: check(model, f.sort, f.counter) for f in forgetting}

    def forgotten(state: Any) -> tuple[Any, dict[type, Numbering]]:
        numberings = {s: Numbering(n) for s, n in fixed.items()}
        [out] = renumbered(c.layout, [state], forgetting, numberings)
        return out, numberings

    steps = [(a, args) for a in c.actions.values() for args in _choices(c, a)]
    seen, queue, dropped = {c.layout.first()}, [c.layout.first()], 0
    while queue and dropped < 400:
        state = queue.pop(0)
        small, numberings = forgotten(state)
        dropped += small != state
        for a, args in steps:
            step = c.step(a.name, state, args)
            if step.after is not None and step.after not in seen:
                seen.add(step.after)
                queue.append(step.after)
            if small == state or step.edge:
                continue
            named = [
                numberings[s].number(x) if s in numberings else x for (_, s), x in zip(a.params, args, strict=True)
            ]
            if None in named:
                assert step.after is None, (a.name, args)  # nothing can be done with a number that is forgotten
                continue
            other = c.step(a.name, small, [n for n in named if n is not None])
            assert other.broken == step.broken
            assert (other.after is None) == (step.after is None), (a.name, args)
            if step.after is not None and other.after is not None:
                assert forgotten(other.after)[0] == forgotten(step.after)[0]
    assert dropped > 100


def _rest(model: type[Model]) -> dict[type, int]:
    sorts = [getattr(s, "value", s) for s in model.state_sorts().values()]
    return {s: 6 for s in sorts if isinstance(s, type) and issubclass(s, Numbered)}


def _choices(c: Compiled, a: Any) -> list[tuple[int, ...]]:
    out: list[tuple[int, ...]] = [()]
    for _, sort in a.params:
        out = [(*x, v) for x in out for v in range(c.scope[sort] or 0)]
    return out


@pytest.mark.parametrize(("model", "scope", "forgetting"), CASES, ids=name_of)
def test_compiled_and_plain_run_agree(model: Any, scope: Any, forgetting: Any) -> None:
    """Along a random behaviour: every action, taken or refused, and the condition that refuses."""
    scope = {**_rest(model), **scope, Thread: 2}
    if Upgrader in scope:
        scope[Upgrader] = 2
    c, plain = Compiled(model, scope), PlainRun(model, scope)
    rng = random.Random(3)
    state, frozen, moved = c.layout.first(), plain.initial(), 0
    for _ in range(16):
        enabled = []
        for a in c.actions.values():
            for args in _choices(c, a):
                step, out = c.step(a.name, state, args), plain.apply(frozen, a.name, *args)
                assert step.edge == (out.kind == "out of scope")
                assert (step.after is not None) == (out.kind in {"step", "broken"}), (a.name, args)
                if step.after is not None:
                    assert out.state is not None
                    assert not step.broken
                    assert c.layout.show(step.after) == plain.as_dict(out.state)
                    enabled.append((step.after, out.state, a.name in RARE))
                elif not step.edge:
                    assert out.refusal is not None
                    assert out.refusal.text == c.why_disabled(a.name, state, args)[0].text
        enabled = [e for e in enabled if not e[2]] or enabled
        if not enabled:
            break
        state, frozen, _ = rng.choice(enabled)
        moved += 1
    assert moved == 16


def test_numbers_and_names_come_from_the_trace() -> None:
    """Threads have any names, more of them than the scope has elements; the scope widens where it must."""
    events = [e for n in range(20) for e in call(f"thread-{n}")]
    events += [{"op": op, "t": f"busy-{n}"} for n in range(5) for op in ("invoke", "read", "announce", "confirm")]
    v = Validator(algorithm.Continue, own_actions(algorithm.Continue), scope={**ALGORITHM_SCOPE, Thread: 2})
    for e in numbered(*events):
        v.feed(e)
    assert v.finish().events == 140
    [state] = v.states()
    assert state["pc"]["busy-4"] is Pc.RUN
    assert v.follower.scope[Thread] == 8


def test_memory_is_constant() -> None:
    v = Validator(algorithm.Overlap, own_actions(algorithm.Overlap), scope=ALGORITHM_SCOPE, forgetting=ALGORITHM)
    for e in walk(algorithm.Overlap, ALGORITHM_SCOPE, ALGORITHM, seed=4, events=8_000, without=RARE):
        v.feed(e)
    for numbering in v.follower.numberings.values():
        assert len(numbering.names) <= 12
        assert numbering.names[-1] > 100
    assert v.follower.scope[Epoch] <= 24
    assert v.follower.scope[Version] <= 12


# == several possible states ========================================================================================
def test_later_events_decide_between_readings() -> None:
    """An event may be `build` or `build_fails`; the next one tells which it was."""
    mapping = dict(own_actions(algorithm.Continue))
    mapping["built?"] = lambda e: [Reading(a, {"u": e["u"]}) for a in ("build", "build_fails")]
    v = Validator(algorithm.Continue, mapping, scope=ALGORITHM_SCOPE)
    v.feed({"seq": 1, "op": "prepare_upgrade", "u": 1})
    v.feed({"seq": 2, "op": "built?", "u": 1})
    assert len(v.states()) == 2
    v.feed({"seq": 3, "op": "prepared", "u": 1})
    assert len(v.states()) == 1
    v.feed({"seq": 4, "op": "end"})
    assert v.finish().witnessed == {"prepare_upgrade": 1, "prepared": 1}  # what is ambiguous is no witness


def test_hidden_steps_are_filled_in() -> None:
    mapping = own_actions(protocol.Continue)
    hidden = {"drained", "cleanup_old", "prepared", "build"}
    v = Validator(protocol.Continue, mapping, scope=PROTOCOL_SCOPE, hidden=hidden)
    for e in numbered({"op": "prepare_upgrade"}, {"op": "drain_in_flight"}, {"op": "atomic_swap"}, {"op": "commit"}):
        v.feed(e)
    assert v.finish().most_states > 1


def test_too_many_states_is_no_verdict() -> None:
    v = Validator(
        protocol.Continue, own_actions(protocol.Continue), scope=PROTOCOL_SCOPE, hidden={"invoke"}, max_states=20
    )
    with pytest.raises(TooManyStates, match="20"):
        v.feed({"seq": 1, "op": "start", "t": 0})


# == what is rejected, and how ======================================================================================
def test_a_rejection_says_what_was_matched_where_the_model_is_and_what_stood_against_it() -> None:
    events = [*call("a"), {"op": "invoke", "t": "b"}, {"op": "read", "t": "b"}, {"op": "confirm", "t": "b"}]
    with pytest.raises(Rejected) as caught:
        checked(algorithm.Continue, numbered(*events), scope=ALGORITHM_SCOPE, forgetting=ALGORITHM)
    r = caught.value
    assert r.matched == 8
    assert r.event["op"] == "confirm"
    assert r.guards == ("s.pc[t] == Pc.CONFIRM",)
    assert r.tail[-1].actions == ("read",)
    assert r.states[0]["pc"]["b"] is Pc.ANNOUNCE
    assert "M1" in r.rules  # a call would run that nobody counts
    text = str(r)
    for part in ("event 9", "Matched before it: 8 events", "guard does not hold: s.pc[t] == Pc.CONFIRM", "steps.py"):
        assert part in text


def test_what_was_seen_is_compared_with_what_the_model_expects() -> None:
    model = algorithm.Continue
    events = numbered({"op": "unregister", "u": 0, "after": {"now": 1, "gate": Gate.OPEN}})
    with pytest.raises(Rejected) as caught:
        checked(model, events, scope=ALGORITHM_SCOPE)
    assert caught.value.reasons[0].mismatches == (("gate after", Gate.SHUT, Gate.OPEN),)
    assert "gate after: expected SHUT, got OPEN" in str(caught.value)


def test_a_broken_claim_is_named_by_its_rule() -> None:
    """A mutant whose calls hold nothing: the first step that breaks a promise is the rejected event."""
    mutant = next(m.model for m in MUTANTS if m.name == "ReleasesBeforeTheRun")
    walked = _until_broken(mutant)
    with pytest.raises(Rejected) as caught:
        checked(mutant, walked, scope=ALGORITHM_SCOPE, forgetting=ALGORITHM)
    assert caught.value.matched == len(walked) - 1
    assert caught.value.rules
    assert "breaks" in str(caught.value)


def _until_broken(model: type[Model]) -> list[Event]:
    for seed in range(500):
        events: list[Event] = []
        try:
            for e in walk(model, ALGORITHM_SCOPE, ALGORITHM, seed=seed, events=2_000, without=RARE):
                events.append(e)  # noqa: PERF402 - what came before the break is wanted
        except BrokenStep as broken:
            return [*events, broken.event]
    raise AssertionError("no random behaviour broke a claim")


# == what is no trace ===============================================================================================
def test_an_empty_trace_is_an_error() -> None:
    with pytest.raises(BrokenTrace, match="cut off"):
        checked(algorithm.Continue, [], scope=ALGORITHM_SCOPE)
    with pytest.raises(BrokenTrace, match="at least one event"):
        checked(algorithm.Continue, [{"seq": 1, "op": "end"}], scope=ALGORITHM_SCOPE)


def test_a_truncated_trace_is_an_error() -> None:
    with pytest.raises(BrokenTrace, match="after event 6"):
        checked(algorithm.Continue, numbered(*call(1), end=False), scope=ALGORITHM_SCOPE)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([{"seq": 1, "op": "invoke", "t": 1}, {"seq": 3, "op": "read", "t": 1}], "seq 2"),
        ([{"seq": 1, "op": "invoke", "t": 1}, {"seq": 1, "op": "read", "t": 1}], "seq 2"),
        ([{"seq": 1, "t": 1}], "'op'"),
        ([{"seq": 1, "op": "invoke", "t": 1}, {"seq": 2, "op": "end"}, {"seq": 3, "op": "end"}], "after the end mark"),
    ],
)
def test_a_trace_with_a_hole_is_an_error(events: list[Event], message: str) -> None:
    with pytest.raises(BrokenTrace, match=message):
        checked(algorithm.Continue, events, scope=ALGORITHM_SCOPE)


def test_an_unknown_kind_of_event_is_an_error() -> None:
    with pytest.raises(UnknownEvent, match="'reed'"):
        checked(algorithm.Continue, numbered({"op": "reed", "t": 1}), scope=ALGORITHM_SCOPE)


@pytest.mark.parametrize("line", ["", "{", "[1]", '"x"', b"\xff"])
def test_a_line_that_is_no_event_is_named(line: Any) -> None:
    with pytest.raises(BrokenTrace, match="line 2: "):
        list(read_ndjson(['{"seq": 1, "op": "a"}', line]))


def test_lines_are_read_one_at_a_time() -> None:
    text = io.StringIO("".join(json.dumps(e) + "\n" for e in numbered(*call("a"))))
    assert checked(algorithm.Continue, read_ndjson(text), scope=ALGORITHM_SCOPE).events == 6


# == what is no mapping =============================================================================================
def test_a_mapping_that_does_not_fit_the_model_is_an_error() -> None:
    model = algorithm.Continue
    for reading, message in [
        (Reading("confrim", {"t": 1}), "an action of the model"),
        (Reading("confirm", {"u": 1}), r"confirm\(t\)"),
        (Reading("confirm", {"t": 1}, before={"nwo": 1}), "no cell 'nwo'"),
        (Reading("confirm", {"t": 1}, before={"pc": Pc.IDLE}), "no cell 'pc'"),
    ]:
        v = Validator(model, {"x": lambda _, r=reading: [r]}, scope=ALGORITHM_SCOPE)  # type: ignore[misc]  # a default argument binds the loop's value
        with pytest.raises(ModelError, match=message):
            v.feed({"seq": 1, "op": "x"})
    with pytest.raises(ModelError, match="no action"):
        Validator(model, {}, scope=ALGORITHM_SCOPE, hidden={"nothing"})


def test_forgetting_refuses_arithmetic_on_numbers() -> None:
    with pytest.raises(ModelError, match="arithmetic on Epoch"):
        check(algorithm.Continue, Epoch, "newest")
    with pytest.raises(ModelError, match="arithmetic on Version"):
        Validator(algorithm.Continue, {}, scope=ALGORITHM_SCOPE, forgetting=(Forgetting(Version, "pending", {}),))
