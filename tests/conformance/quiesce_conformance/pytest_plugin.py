"""A pytest plugin: one test for each rule.

    pytest --pyargs quiesce_conformance --subject mypkg:make_subject -k R3
    pytest --pyargs quiesce_conformance --subject "./my-adapter --flag"

Without ``--subject`` it collects nothing and says nothing, since pytest loads it wherever this distribution is
installed.  So it imports nothing of the suite before it is asked to.

The tests that are selected say which rules are judged: one run is made for all of them, before the first one.
*Not applicable* is skipped, with the reason; everything else that is not "holds" fails, also what was not seen.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from quiesce_conformance.report import Report

__all__ = ["RULE", "judged"]

RULE = "conformance_rule"
"""The argument of a test that is made for each rule."""
_TESTS = "test_conformance.py"
_report = pytest.StashKey["Report"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("quiesce_conformance", "hot-reload conformance")
    group.addoption("--subject", metavar="SUBJECT", help="mypkg:make_subject, or an adapter's command in one word")
    group.addoption("--subject-seed", type=int, default=0, help="the seed of randomized checks")
    group.addoption("--subject-runs", type=int, default=1, help="seeds for each randomized check")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the suite's tests alone unless there is a subject."""
    own = collection_path.name == _TESTS and collection_path.parent == Path(__file__).parent
    return True if own and not config.getoption("--subject") else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each rule."""
    if RULE in metafunc.fixturenames:
        from quiesce_conformance.rulebook import rulebook

        metafunc.parametrize(RULE, list(rulebook()))


def judged(request: pytest.FixtureRequest) -> Report:
    """Judge the subject by the rules whose tests were selected; the first that asks does it for all.

    Raises:
        pytest.UsageError: the subject is none.

    """
    session = request.session
    if _report not in session.stash:
        from quiesce_conformance.hosts import host_of
        from quiesce_conformance.inprocess import SubjectError
        from quiesce_conformance.suite import run_conformance

        selected = {item.callspec.params[RULE] for item in session.items if _is_rule(item)}  # type: ignore[attr-defined]  # _is_rule says so
        try:
            host, how = host_of(shlex.split(session.config.getoption("--subject")))
            session.stash[_report] = run_conformance(
                host,
                rules=sorted(selected),
                seed=session.config.getoption("--subject-seed"),
                runs=session.config.getoption("--subject-runs"),
                how=how,
                program="quiesce conform",
            )
        except SubjectError as error:
            raise pytest.UsageError(f"--subject: {error}") from error
    return session.stash[_report]


def _is_rule(item: Any) -> bool:
    return RULE in getattr(getattr(item, "callspec", None), "params", {})
