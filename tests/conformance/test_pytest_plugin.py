"""The pytest plugin, as a user has it: in a pytest of its own, in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUBJECT = Path(__file__).with_name("test_suite.py")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "mine.py").write_text(SUBJECT.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--pyargs", "quiesce_conformance", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=100, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--subject", "mine:Right", "-k", "R3"], 0, "1 passed"),
        (["--subject", "mine:ClosesAtOnce", "-k", "R3"], 1, "R3 broken: A running call's version stays alive"),
        (["--subject", "mine:Right", "-k", "L3"], 0, "1 skipped"),
        (["--subject", "mine:Missing", "-k", "R3"], 1, "has no 'Missing'"),
        ([], 5, "no tests ran"),
    ],
)
def test_one_test_for_each_rule_and_none_without_a_subject(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


def test_it_is_registered_and_judges_everything_that_applies(tmp_path: Path) -> None:
    done = run(tmp_path, "--subject", "mine:Right", "-q")
    assert done.returncode == 0, done.stdout
    passed = int(done.stdout.rsplit(" passed", 1)[0].rsplit(maxsplit=1)[-1])
    assert passed > 20
