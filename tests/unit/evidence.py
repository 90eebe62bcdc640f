"""Where each rule is cited: model claims, known-bad protocols, tests, code sites.

    python -m tests.unit.evidence

Everything is read from source text, so nothing has to be imported or run.  What is counted:

    claims    `@invariant("R3")` and the like, `assert x, "R3: ..."` in the actions of a model, and
              what is asked of a model's state graph: `Ending("V1", ...)`
    known bad a string that cites the rule below model/quiesce_model/known_bad
    tests     `@pytest.mark.rule("R3")` on a test, a class or a module
    code      a comment or docstring of impl/quiesce that cites the rule
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from quiesce_model.rules import groups, rules
from tests.unit.layers import ROOT

ID = re.compile(rf"\b[{''.join(groups())}][1-9][0-9]?\b")
CLAIMS = {"invariant", "theorem", "transition"}
GRAPHS = {"Ending", "trap", "Answer"}
"""Questions about a model's state graph; the rule is their first argument."""
LIVENESS = "impl/quiesce/verify/liveness.py"
FOLDERS = ("impl", "model", "tests")
EXAMPLES = ("tests/unit/test_rules.py", "tests/model/language_", "tests/model/test_language_")
"""Files that cite rules that do not exist: made-up models, and the check itself being checked."""
TEXT = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


@dataclass(frozen=True, order=True)
class Site:
    """One place that cites a rule."""

    path: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} ({self.rule})"


@dataclass
class Evidence:
    """What one rule rests on, as places in the source."""

    claims: list[Site] = field(default_factory=list)
    known_bad: list[Site] = field(default_factory=list)
    tests: list[Site] = field(default_factory=list)
    code: list[Site] = field(default_factory=list)


def citations(path: str, text: str) -> Iterator[Site]:
    """Every rule id in a comment or a string; names of variables do not count."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in TEXT:
            for offset, line in enumerate(token.string.splitlines()):
                for found in ID.findall(line):
                    yield Site(path, token.start[0] + offset, found)


def claims(path: str, text: str) -> Iterator[Site]:
    """The ids that decorators and asserts of a model claim."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _name(decorator.func) in CLAIMS:
                    yield from _ids(path, node.lineno, decorator.args)
        elif isinstance(node, ast.Call) and _name(node.func) in GRAPHS:
            yield from _ids(path, node.lineno, node.args[:1])
        elif isinstance(node, ast.Assert) and node.msg is not None:
            yield from _ids(path, node.lineno, [node.msg])


def marks(path: str, text: str) -> Iterator[Site]:
    """The ids of every `pytest.mark.rule(...)`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
            yield from _ids(path, node.lineno, node.args)


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _ids(path: str, line: int, values: list[ast.expr]) -> Iterator[Site]:
    for value in values:
        for part in ast.walk(value):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield from (Site(path, line, found) for found in ID.findall(part.value))


def files() -> Iterator[tuple[str, str]]:
    """Path from the root and text of every Python file of the project."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def unknown() -> list[Site]:
    """Citations of rules that do not exist."""
    known = rules()
    return [
        site
        for path, text in files()
        if not path.startswith(EXAMPLES)
        for site in citations(path, text)
        if site.rule not in known
    ]


def evidence() -> dict[str, Evidence]:
    """What every rule rests on in this checkout, by rule id."""
    found: defaultdict[str, Evidence] = defaultdict(Evidence)
    for path, text in files():
        if path.startswith("model/quiesce_model/known_bad/"):
            for site in citations(path, text):
                found[site.rule].known_bad.append(site)
        elif path.startswith("model/"):
            for site in claims(path, text):
                found[site.rule].claims.append(site)
        elif path.startswith("impl/"):
            for site in citations(path, text):
                found[site.rule].code.append(site)
        if path == LIVENESS:
            for site in claims(path, text):
                found[site.rule].claims.append(site)
        if path.startswith("tests/") and Path(path).name.startswith("test_"):
            for site in marks(path, text):
                found[site.rule].tests.append(site)
    return {rule: found[rule] for rule in rules()}


def main() -> int:
    """Print the list; exit code 1 while a rule has no test."""
    bare = 0
    print(f"{'rule':5}{'claims':>7}{'known bad':>10}{'tests':>6}{'code':>5}  title")
    for rule, has in evidence().items():
        bare += not has.tests
        counts = f"{len(has.claims):7}{len(has.known_bad):10}{len(has.tests):6}{len(has.code):5}"
        print(f"{rule:5}{counts}  {rules()[rule].title}{'' if has.tests else '   <- no test'}")
    print(f"{len(rules())} rules, {bare} without a test")
    return int(bool(bare))


if __name__ == "__main__":
    sys.exit(main())
