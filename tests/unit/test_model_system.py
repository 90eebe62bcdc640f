"""A model behind the suite's trace validation agrees with the model's own validator."""

from __future__ import annotations

import random
from typing import Any

import pytest

from quiesce.verify.model_system import ModelSystem, OutOfScope
from quiesce_conformance.tracevalidation import ImpossibleEvent, TraceValidator, validate_trace
from quiesce_model import algorithm, protocol
from quiesce_model.validate import Rejected, Validator
from quiesce_model.vocabulary import Epoch, Thread, Upgrader, Version
from tests.model.walks import own_actions, walk

ALGORITHM = {Thread: 2, Upgrader: 1, Version: 12, Epoch: 24}
PROTOCOL = {Thread: 2, Version: 24}


@pytest.mark.parametrize(
    ("model", "scope"), [(algorithm.Continue, ALGORITHM), (algorithm.Hold, ALGORITHM), (protocol.Overlap, PROTOCOL)]
)
def test_it_gives_the_verdicts_of_the_models_own_validator(model: Any, scope: Any) -> None:
    """Random behaviours, as they are and with one event exchanged: the same prefix, the same guards."""
    rng = random.Random(1)
    impossible = 0
    scope = {**scope, **{s: n for s, n in Validator(model, {}, scope=scope).follower.scope.items() if s not in scope}}
    for seed in range(6):
        events: list[dict[str, Any]] = [dict(e) for e in walk(model, scope, (), seed=seed, events=60)][:60]
        if seed % 2:
            events[40] = {**events[rng.randrange(40)], "seq": 41}
        own = Validator(model, own_actions(model), scope=scope)
        suites = TraceValidator(ModelSystem(model, scope))
        for event in events:
            args = [value for key, value in event.items() if key not in {"seq", "op"}]
            if (rejected := _refused(own, event)) is None:
                suites.feed([(event["op"], *args)])
                continue
            impossible += 1
            with pytest.raises(ImpossibleEvent) as caught:
                suites.feed([(event["op"], *args)])
            assert caught.value.matched == rejected.matched
            assert all(any(guard in text for text in caught.value.guards) for guard in rejected.guards)
            break
    assert impossible > 0


def _refused(validator: Validator, event: dict[str, Any]) -> Rejected | None:
    try:
        validator.feed(event)
    except Rejected as rejected:
        return rejected
    return None


def test_hidden_actions_and_what_is_no_event() -> None:
    system = ModelSystem(protocol.Continue, {**PROTOCOL, **_rest(protocol.Continue)}, hidden={"build", "prepared"})
    found = validate_trace(system, [("prepare_upgrade",), ("drain_in_flight",), ("drained",), ("atomic_swap",)])
    assert found.most_states == 3
    for event in (("jump",), ("invoke",), ("invoke", 99), ("invoke", "x"), ("build",), (3,)):
        with pytest.raises(ImpossibleEvent, match="no recorded action"):
            validate_trace(system, [event])
    with pytest.raises(ImpossibleEvent, match=r"s\.undecided"):
        validate_trace(system, [("commit",)])
    with pytest.raises(ValueError, match="jump"):
        ModelSystem(protocol.Continue, {**PROTOCOL, **_rest(protocol.Continue)}, hidden={"jump"})


def test_out_of_scope_is_no_verdict() -> None:
    small = {**_rest(protocol.Continue), Thread: 1, Version: 2}
    trace = [("prepare_upgrade",), ("build",), ("prepared",), ("cancel_upgrade",), ("discard", 1)]
    with pytest.raises(OutOfScope):
        validate_trace(ModelSystem(protocol.Continue, small), [*trace, *trace[:3]])


def _rest(model: Any) -> dict[type, int]:
    return dict(Validator(model, {}, scope=PROTOCOL).follower.scope)
