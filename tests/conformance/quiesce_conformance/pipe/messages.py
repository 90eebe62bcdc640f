"""Every line in both directions, as specs/adapter-protocol.schema.json defines it.

The schema is the definition.  What arrives is validated by `jsonschema` against the one
part that its first word asks for (a `oneOf` over all parts would be asked five times over and explain nothing), and
becomes a typed value.  An event of the plainest form is recognised without it, since there are thousands of them and
the library takes 0.15 ms for each.

What JSON leaves open is closed here: a line is UTF-8 and one object, a key stands in it once, there is no NaN, and
nothing is nested so deeply that reading it fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .process import Misbehaviour

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

__all__ = ["PROTOCOL", "Done", "Failed", "Hello", "Message", "Occurred", "decode", "encode", "schema", "validate"]

PROTOCOL = 1
"""The version of the protocol that is spoken here."""

LARGEST = 2**53 - 1

SHOWN = 120
"""So many characters of a bad line stand in its verdict."""


class Hello(NamedTuple):
    """The adapter's first line."""

    protocol: int
    name: str
    capabilities: tuple[str, ...]


class Done(NamedTuple):
    """A request ended well."""

    request: int
    value: Any
    seq_invoked: int
    seq_returned: int


class Failed(NamedTuple):
    """A request was refused or failed."""

    request: int
    kind: str
    message: str
    causes: tuple[str, ...]
    stragglers: tuple[str, ...] | None
    seq_invoked: int
    seq_returned: int


class Occurred(NamedTuple):
    """What the probe reported."""

    kind: str
    seq: int
    version: int
    call: int | None
    gate: str | None


Message = Hello | Done | Failed | Occurred

PARTS = {"hello": "hello_reply", "reply": "done", "event": "event"}
"""The key that tells what a line is, and the part of the schema that defines it."""


@cache
def schema() -> Mapping[str, Any]:
    """Give the schema: of the checkout that this is a part of, or as it was packed into the wheel."""
    checkout = Path(__file__).parents[4] / "specs" / "adapter-protocol.schema.json"
    packed = resources.files("quiesce_conformance") / "specs" / "adapter-protocol.schema.json"
    text = (checkout if checkout.is_file() else packed).read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


@cache
def _kinds() -> tuple[str, ...]:
    return tuple(schema()["$defs"]["event"]["properties"]["event"]["enum"])


@cache
def _validator(part: str) -> Draft202012Validator:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise ImportError(
            "expected jsonschema, which reads the adapter protocol; run: pip install 'quiesce[conformance]'"
        ) from error
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": schema()["$defs"]})


def validate(part: str, value: object) -> str | None:
    """Say why `value` is not what the schema's `part` defines; None if it is."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(part).iter_errors(value))
    if error is None:
        return None
    place = "".join(f"[{step!r}]" for step in error.absolute_path)
    return _short(f"{error.message}{f' at {place}' if place else ''}")


def decode(line: bytes) -> Message:
    """Read a line of the adapter.

    Raises:
        Misbehaviour: it is not UTF-8, not JSON, or no message of the protocol.

    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Misbehaviour(f"wrote a line that is not UTF-8: {_short(repr(line))}") from error
    try:
        message = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Misbehaviour(f"wrote a line that is not JSON ({error}): {_short(text)}") from error
    part = next((part for key, part in PARTS.items() if isinstance(message, dict) and key in message), None)
    if part is None:
        raise Misbehaviour(f"wrote a line that is no message of the protocol: {_short(text)}")
    if part == "event" and _plain(message):
        return _typed(part, message)
    if part == "done" and message.get("ok") is False:
        part = "failed"
    reason = validate(part, message)
    if reason is not None:
        raise Misbehaviour(f"wrote a message that the schema does not allow ({part}: {reason}): {_short(text)}")
    return _typed(part, message)


def _plain(event: dict[str, Any]) -> bool:
    """Whether it is an event as everybody writes them; everything else is the schema's to judge."""
    if len(event) != 5:
        return False
    seq, version, call, gate = (event.get(key, event) for key in ("seq", "version", "call", "gate"))
    return (
        event["event"] in _kinds()
        and type(seq) is int
        and 1 <= seq <= LARGEST
        and type(version) is int
        and 1 <= version <= LARGEST
        and (call is None or (type(call) is int and 0 <= call <= LARGEST))
        and (gate is None or (type(gate) is str and 1 <= len(gate) <= 200))
    )


def _typed(part: str, message: dict[str, Any]) -> Message:
    # The schema's integers may be written 3.0.
    if part == "event":
        call = message["call"]
        return Occurred(
            message["event"],
            int(message["seq"]),
            int(message["version"]),
            None if call is None else int(call),
            message["gate"],
        )
    if part == "hello_reply":
        hello = message["hello"]
        return Hello(int(hello["protocol"]), hello["name"], tuple(hello["capabilities"]))
    stamps = int(message["seq_invoked"]), int(message["seq_returned"])
    if part == "done":
        return Done(int(message["reply"]), message["value"], *stamps)
    error = message["error"]
    stragglers = error.get("stragglers")
    return Failed(
        int(message["reply"]),
        error["kind"],
        error["message"],
        tuple(error["causes"]),
        None if stragglers is None else tuple(stragglers),
        *stamps,
    )


def encode(message: Mapping[str, object]) -> bytes:
    """Write a line of the suite."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in one object twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"
