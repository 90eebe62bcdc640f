"""The schema is the definition: what is recognised without it is allowed by it, and what it forbids is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from quiesce_conformance.pipe.messages import Occurred, decode, schema, validate
from quiesce_conformance.pipe.process import Misbehaviour

KINDS = schema()["$defs"]["event"]["properties"]["event"]["enum"]
NUMBERS = st.sampled_from([-1, 0, 1, 7, 2**53 - 1, 2**53, 1.0, 1.5, True, None, "1"])
EVENTS = st.fixed_dictionaries(
    {
        "event": st.sampled_from([*KINDS, "ends", None, 3, []]),
        "seq": NUMBERS,
        "version": NUMBERS,
        "call": NUMBERS,
        "gate": st.sampled_from([None, "g", "", "g" * 200, "g" * 201, 3]),
    }
)
GOOD = {"event": "start", "seq": 1, "version": 1, "call": 1, "gate": None}


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(dict(schema()))


@given(EVENTS)
def test_an_event_is_read_exactly_if_the_schema_allows_it(event: dict[str, Any]) -> None:
    line = json.dumps(event).encode()
    if validate("event", event) is None:
        assert isinstance(decode(line), Occurred)
    else:
        with pytest.raises(Misbehaviour, match="schema does not allow"):
            decode(line)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(kind: str) -> None:
    assert decode(json.dumps(GOOD | {"event": kind}).encode()) == Occurred(kind, 1, 1, 1, None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"[1]", "no message"),
        (b"{}", "no message"),
        (b'{"event": "start", "event": "end"}', "twice"),
        (b'{"event": NaN}', "NaN is no JSON"),
        (b"[" * 100_000, "not JSON"),
        (json.dumps(GOOD | {"more": 1}).encode(), "does not allow"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(line: bytes, why: str) -> None:
    with pytest.raises(Misbehaviour, match=why):
        decode(line)
