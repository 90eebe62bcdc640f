"""The README's code blocks run as they stand, and print what their comments say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.benchmarks.interpreters import found
from tests.unit.layers import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def promised(block: str) -> list[str]:
    """What the comments behind `print(...)` say will be printed; after a colon comes a remark."""
    return [said.partition(":")[0].strip() for said in re.findall(r"^\s*print\(.*\)\s+# (.*)$", block, re.MULTILINE)]


def test_there_is_an_example_and_it_prints_something() -> None:
    assert len(BLOCKS) == 1
    assert len(promised(BLOCKS[0])) == 4


# Every interpreter on the machine, with nothing but the standard library and impl/ on its path.
@pytest.mark.rule("B1", "B4")
@pytest.mark.parametrize("python", found().values(), ids=found().keys())
def test_the_example_prints_what_it_says(python: Path, tmp_path: Path) -> None:
    (block,) = BLOCKS
    script = tmp_path / "example.py"
    script.write_text(block, encoding="utf-8")
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "impl"))
    command = [str(python), "-S", str(script)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == promised(block)


def test_every_make_target_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"make ([a-z]+)\b", TEXT)) - {"sure"}
    assert named
    assert named <= targets


def test_every_link_and_folder_that_it_names_exists() -> None:
    named = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT) + re.findall(r"^\| `(\w+/[\w./]*)` \|", TEXT, re.MULTILINE)
    assert named
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) < 150
