"""Adapters over a pipe: one that is right, in Rust, and some that are hostile."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quiesce_conformance.contract import CORE, CandidateSpec, Ticket
from quiesce_conformance.pipe import Limits, PipeHost
from quiesce_conformance.session import BrokenAdapter, Host, Look, Options, Session

RUST = Path(__file__).parent / "adapters" / "rust"
LIMIT = 20.0
QUICK = Limits(start=5.0, answer=0.5, session=0.5, rest=0.5, leave=0.5, write=0.5)

HELLO = (
    'import json, sys, os\nsys.stdin.readline()\nprint(json.dumps({"hello": '
    '{"protocol": 1, "name": "bad", "capabilities": ["call", "upgrade", "close"]}}), flush=True)\n'
)
"""An adapter that is well up to here; what follows is what is wrong with it."""
MADE = (
    HELLO + "sys.stdin.readline()\n"
    'print(json.dumps({"event": "built", "seq": 2, "version": 1, "call": None, "gate": None}), flush=True)\n'
    'print(json.dumps({"reply": 1, "ok": True, "value": None, "seq_invoked": 1, "seq_returned": 3}), flush=True)\n'
)
"""And one whose first session began well."""

HOSTILE = {
    "ends at once": ("", "ended with exit code 0 before it said hello"),
    "ends after hello": (HELLO, "ended with exit code 0 before"),
    "half a line": (HELLO + "sys.stdout.write('{\"reply\": 1'); sys.stdout.flush()\n", "left half a line"),
    "not JSON": (HELLO + "print('what?', flush=True)\nsys.stdin.read()\n", "a line that is not JSON"),
    "not UTF-8": (HELLO + "os.write(1, b'\\xff\\xfe\\n')\nsys.stdin.read()\n", "a line that is not UTF-8"),
    "unknown id": (
        HELLO
        + 'print(json.dumps({"reply": 77, "ok": True, "value": None, "seq_invoked": 1, "seq_returned": 2}), flush=True)'
        + "\nsys.stdin.read()\n",
        "answered request 77, which was never made",
    ),
    "unknown version": (
        HELLO + 'print(json.dumps({"event": "built", "seq": 1, "version": 9, "call": None, "gate": None}), flush=True)'
        "\nsys.stdin.read()\n",
        "version 9, which it was never given",
    ),
    "another protocol": (
        'import sys, json\nprint(json.dumps({"hello": {"protocol": 9, "name": "x", "capabilities": []}}), flush=True)\n'
        "sys.stdin.read()\n",
        "speaks version 9 of the protocol",
    ),
    "10 MB line": (
        HELLO + "sys.stdout.write('x' * 10_000_000); sys.stdout.flush()\nsys.stdin.read()\n",
        "a line of more than 1,048,576 bytes",
    ),
    "floods": (
        MADE + "sys.stdin.readline()\nseq = 3\nwhile True:\n"
        "    seq += 1\n"
        '    print(json.dumps({"event": "start", "seq": seq, "version": 1, "call": 1, "gate": None}))\n',
        "flooded its standard output",
    ),
    "never answers": (HELLO + "sys.stdin.read()\n", "did not answer a ping"),
    "hangs after a session began": (MADE + "sys.stdin.read()\n", "did not answer a ping"),
}
"""Name -> the script, and what must stand in the verdict."""


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
    host: Host = rust
    session: Session = host.session(CandidateSpec(1), 5.0)
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
    assert rust.capabilities >= CORE


def left_unreaped() -> int:
    """The number of a child that has ended and that nobody has waited for; 0 if there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def talk(script: str, *args: str) -> None:
    with PipeHost([sys.executable, "-c", script, *args], QUICK) as host:
        host.session(CandidateSpec(1), 1.0).call(Ticket(1)).result(1.0)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_adapter_is_called_broken_and_ended(kind: str) -> None:
    script, said = HOSTILE[kind]
    with pytest.raises(BrokenAdapter) as caught:
        talk(script)
    assert said in str(caught.value)
    assert not left_unreaped()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="skipped: no pidfd_open to wait for a stranger")
def test_a_child_that_an_adapter_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    number = tmp_path / "child"
    leave = "if child := os.fork():\n    open(sys.argv[1], 'w').write(str(child))\n    os._exit(3)\nsys.stdin.read()\n"
    with pytest.raises(BrokenAdapter, match="ended with exit code 3"):
        talk(HELLO + leave, str(number))
    try:
        child = os.pidfd_open(int(number.read_text()))
    except ProcessLookupError:
        return  # it has ended, and whoever inherited it has waited for it
    try:
        assert select.select([child], [], [], LIMIT)[0], "the child outlives its adapter"
    finally:
        os.close(child)
