"""Who may import whom, and the other rules of structure.  Each checker is tried on bad snippets first."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from sys import stdlib_module_names

import pytest

from tests.unit.layers import (
    ROOT,
    SEAM,
    Source,
    kernel_is_closed,
    never_imports,
    no_polling,
    no_sleeping,
    outside_uses_public_names,
    sources,
)

PACKAGES = {"quiesce": "impl", "quiesce_model": "model", "quiesce_conformance": "tests/conformance"}


def modules(package: str) -> list[Source]:
    return list(sources(ROOT / PACKAGES[package], package))


def report(findings: list[object]) -> str:
    return "\n" + "\n".join(str(finding) for finding in findings)


# --- the checkers can fail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "import quiesce",
        "import quiesce.loaders as x",
        "from quiesce import EpochTracker",
        "from quiesce._kernel.plugin import x",
        "def f():\n    import quiesce",
        "import importlib\nimportlib.import_module('quiesce.cli')",
    ],
)
def test_an_import_of_the_implementation_is_found(text: str) -> None:
    assert never_imports(Source.of("quiesce_model.x", text), "quiesce")


def test_a_name_that_only_begins_like_the_implementation_is_fine() -> None:
    text = "import quiesce_model\nfrom quiesce_model.rules import rules\nfrom . import y"
    assert not never_imports(Source.of("quiesce_model.x", text), "quiesce")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import rich", "standard library"),
        ("from quiesce import loaders", "standard library"),
        ("from ..loaders import python", "standard library"),
        ("import threading", "seam"),
        ("from time import monotonic", "seam"),
        ("def f():\n    import _thread", "seam"),
    ],
)
def test_a_kernel_module_that_reaches_out_is_found(text: str, reason: str) -> None:
    found = kernel_is_closed(Source.of("quiesce._kernel.plugin", text))
    assert reason in report(list(found))


def test_the_seam_may_use_threads_and_kernel_modules_may_use_the_seam() -> None:
    assert not kernel_is_closed(Source.of(SEAM, "import threading, time"))
    text = "from collections import deque\nfrom .seam import Seam\nfrom quiesce._kernel import errors"
    assert not kernel_is_closed(Source.of("quiesce._kernel.plugin", text))


@pytest.mark.parametrize(
    "text",
    [
        "from quiesce._kernel.plugin import HotReloadablePlugin",
        "from quiesce import _kernel",
        "from .._kernel import x",
        "from quiesce import not_exported",
    ],
)
def test_an_outer_module_that_reaches_in_is_found(text: str) -> None:
    assert outside_uses_public_names(Source.of("quiesce.loaders.python", text), frozenset({"Candidate"}))


def test_an_outer_module_may_use_what_is_exported() -> None:
    text = "from quiesce import Candidate"
    assert not outside_uses_public_names(Source.of("quiesce.loaders.python", text), frozenset({"Candidate"}))


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "from time import sleep",
        "event.wait(0.01)",
        "event.wait(timeout=0.5)",
        "while not done:\n    thread.join(0.1)",
        "lock.acquire(timeout=0.05)",
    ],
)
def test_polling_is_found(text: str) -> None:
    source = Source.of("quiesce.x", text)
    assert no_sleeping(source) or no_polling(source)


def test_waiting_for_an_event_is_fine() -> None:
    source = Source.of("quiesce.x", "event.wait(self.timeout)\nevent.wait()\n','.join(names)")
    assert not no_sleeping(source)
    assert not no_polling(source)


# --- the project keeps them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["quiesce_model", "quiesce_conformance"])
def test_the_model_and_the_suite_never_import_the_implementation(package: str) -> None:
    findings = [finding for source in modules(package) for finding in never_imports(source, "quiesce")]
    assert not findings, report(list(findings))


def test_the_tests_of_the_suite_never_import_the_implementation() -> None:
    beside = list(sources(ROOT / "tests", "conformance"))
    assert "conformance.test_pipe" in {source.module for source in beside}
    findings = [finding for source in beside for finding in never_imports(source, "quiesce")]
    assert not findings, report(list(findings))


MODELS = ("vocabulary", "protocol", "algorithm", "known_bad", "rules")
EXPORTERS = ("names", "updates", "words", "promela", "tla", "tlc", "spin", "runs", "values")
LAYERS = {
    **{f"quiesce_model.export.{name}": (*MODELS, "validate", "prove") for name in EXPORTERS},
    "quiesce_model.language": (*MODELS, "explore", "validate", "export"),
    "quiesce_model.explore": (*MODELS, "validate", "export"),
    "quiesce_model.validate": ("protocol", "algorithm", "known_bad"),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_inside_the_model_tools_do_not_know_the_protocol(layer: str) -> None:
    # validate.seam is where the tool and the algorithm meet: it says which action a recorded operation is.
    adapters = {"quiesce_model.validate.seam"}
    inside = [s for s in modules("quiesce_model") if s.module.startswith(layer) and s.module not in adapters]
    assert inside
    findings = [
        finding
        for source in inside
        for name in LAYERS[layer]
        for finding in never_imports(source, f"quiesce_model.{name}")
    ]
    assert not findings, report(list(findings))


def test_the_kernel_imports_the_standard_library_and_itself() -> None:
    kernel = [source for source in modules("quiesce") if source.module.startswith("quiesce._kernel")]
    assert kernel, "expected a kernel in impl/quiesce/_kernel"
    findings = [finding for source in kernel for finding in kernel_is_closed(source)]
    assert not findings, report(list(findings))


def test_the_outer_layer_is_built_on_exported_names() -> None:
    import quiesce

    public = frozenset(quiesce.__all__)
    findings = [finding for source in modules("quiesce") for finding in outside_uses_public_names(source, public)]
    assert not findings, report(list(findings))


def test_nobody_sleeps() -> None:
    findings = [finding for package in PACKAGES for source in modules(package) for finding in no_sleeping(source)]
    assert not findings, report(list(findings))


def test_nobody_in_the_runtime_polls() -> None:
    # quiesce.verify is no part of the runtime: its load generator paces itself, its display refreshes itself.
    runtime = [source for source in modules("quiesce") if not source.module.startswith("quiesce.verify")]
    findings = [finding for source in runtime for finding in no_polling(source)]
    assert not findings, report(list(findings))


def test_importing_quiesce_loads_no_third_party_module() -> None:
    script = "import sys; before = set(sys.modules); import quiesce; print(*sorted(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert "quiesce" in loaded
    assert loaded - {"quiesce"} <= stdlib_module_names


def test_every_exported_name_exists_and_is_listed_once() -> None:
    import quiesce

    assert quiesce.__all__, "expected `quiesce` to export its public names in __all__"
    assert len(set(quiesce.__all__)) == len(quiesce.__all__)
    missing = [name for name in quiesce.__all__ if not hasattr(quiesce, name)]
    assert not missing


@pytest.mark.parametrize("name", ["model", "impl", "conformance", "specs"])
def test_no_plain_name_is_importable(name: str) -> None:
    script = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is not None)"
    # -I: neither the current folder nor the environment decides; only what the installation offers counts.
    run = subprocess.run([sys.executable, "-I", "-c", script], check=False, timeout=60)
    assert run.returncode == 0, f"`import {name}` works; only quiesce, quiesce_model and quiesce_conformance should"


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_says_that_it_is_typed(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert (ROOT / PACKAGES[package] / package / "py.typed").is_file()
    assert spec.origin.startswith(str(ROOT / PACKAGES[package]))
