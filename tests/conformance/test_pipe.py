"""Adapters over a pipe: one that is right, in Rust, and some that are hostile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quiesce_conformance.contract import CandidateSpec, Ticket
from quiesce_conformance.pipe import Limits, PipeHost
from quiesce_conformance.session import BrokenAdapter, Look, Options

RUST = Path(__file__).parent / "adapters" / "rust"
LIMIT = 20.0
QUICK = Limits(start=5.0, answer=0.5, session=0.5, rest=0.5, leave=0.5, write=0.5)

HELLO = (
    'import json, sys, time, os\nsys.stdin.readline()\nprint(json.dumps({"hello": '
    '{"protocol": 1, "name": "bad", "capabilities": ["call", "upgrade", "close"]}}), flush=True)\n'
)
"""An adapter that is well up to here; what follows is what is wrong with it."""

HOSTILE = {
    "ends at once": ("", "end"),
    "ends after hello": (HELLO, "end"),
    "half a line": (HELLO + "sys.stdout.write('{\"reply\": 1'); sys.stdout.flush()\n", "line"),
    "not JSON": (HELLO + "print('what?', flush=True)\nsys.stdin.read()\n", "JSON"),
    "not UTF-8": (HELLO + "os.write(1, b'\\xff\\xfe\\n')\nsys.stdin.read()\n", "UTF-8"),
    "unknown id": (
        HELLO
        + 'print(json.dumps({"reply": 77, "ok": True, "value": None, "seq_invoked": 1, "seq_returned": 2}), flush=True)'
        + "\nsys.stdin.read()\n",
        "77",
    ),
    "another protocol": (
        'import sys, json\nprint(json.dumps({"hello": {"protocol": 9, "name": "x", "capabilities": []}}), flush=True)\n'
        "sys.stdin.read()\n",
        "protocol",
    ),
    "10 MB line": (HELLO + "sys.stdout.write('x' * 10_000_000); sys.stdout.flush()\nsys.stdin.read()\n", "line"),
    "floods": (
        HELLO
        + "while True: print(json.dumps({'event': 'built', 'seq': 1, 'version': 1, 'call': None, 'gate': None}))\n",
        "",
    ),
    "never answers": (HELLO + "sys.stdin.read()\n", "answer"),
    "forks and dies": (HELLO + "if os.fork(): os._exit(3)\nsys.stdin.read()\n", ""),
}


@pytest.fixture(scope="module")
def rust(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeHost]:
    compiler = shutil.which("rustc")
    if compiler is None:
        pytest.skip("skipped: no rustc on this machine, so the Rust adapter cannot be built")
    program = tmp_path_factory.mktemp("rust") / "adapter"
    subprocess.run(
        [compiler, "--edition", "2021", "-O", "-o", str(program), str(RUST / "main.rs")], check=True, timeout=100
    )
    with PipeHost([str(program)]) as host:
        yield host


def test_a_call_at_a_gate_ends_on_its_version_after_an_upgrade(rust: PipeHost) -> None:
    session = rust.session(CandidateSpec(1), 5.0)
    try:
        inside = session.call(Ticket(1, gate="g"))
        assert session.reached("g", LIMIT)
        assert session.prepare(CandidateSpec(2)).result(LIMIT).ok
        executed = session.execute(Options())
        assert session.call(Ticket(2)).result(LIMIT).ok
        assert not executed.done()
        session.open("g")
        assert inside.result(LIMIT).value == {"number": 1, "version": 1}
        assert executed.result(LIMIT).ok
        assert session.call(Ticket(3)).result(LIMIT).value == {"number": 3, "version": 2}
        look = session.look().result(LIMIT).value
        assert isinstance(look, Look)
        assert look.version == 2
        closed = [e.version for e in session.events() if e.kind == "close"]
        assert closed == [1]
    finally:
        session.close()


def test_a_process_serves_one_session_after_the_other(rust: PipeHost) -> None:
    for _ in range(3):
        session = rust.session(CandidateSpec(1), None)
        assert session.call(Ticket(1)).result(LIMIT).ok
        session.close()
    assert rust.broken is None


def left_unreaped() -> int:
    """The number of a child that has ended and that nobody has waited for; 0 if there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def talk(script: str) -> None:
    with PipeHost([sys.executable, "-c", script], QUICK) as host:
        host.session(CandidateSpec(1), 1.0).call(Ticket(1)).result(1.0)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_adapter_is_called_broken_and_ended(kind: str) -> None:
    script, said = HOSTILE[kind]
    with pytest.raises(BrokenAdapter) as caught:
        talk(script)
    assert said in str(caught.value)
    assert not left_unreaped()
