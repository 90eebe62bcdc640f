"""Write the specification pages from the model and the evidence files, before Sphinx reads its sources.

Why pages of Markdown and not directives: a reader can open what was made, and a search finds it.  They are not
committed, so that none of them can be stale.  A data file that was made from another model ends the build.
"""

from __future__ import annotations

import json
from pathlib import Path

from counterexample_pages import counterexample_pages
from graph_pages import graph_page, transition_page
from lint import lint
from rule_pages import kill_page, matrix_page, rule_page
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from quiesce_model.rules import rules
from tests.unit.evidence import evidence

ROOT = Path(__file__).resolve().parents[2]


def write(pages: Path) -> None:
    """Write every page of the specification below `pages`.

    :raises ExtensionError: if a rule has no claim or test, or a data file is stale; nothing is written then.
    """
    specs = ROOT / "specs"
    table = json.loads((specs / "transitions.json").read_text(encoding="utf-8"))
    found = evidence()
    if wrong := lint(specs, table, found):
        raise ExtensionError("the specification cannot be written:\n  " + "\n  ".join(wrong))
    kills = json.loads((specs / "kill-matrix.json").read_text(encoding="utf-8"))
    audit = json.loads((specs / "proof-audit.json").read_text(encoding="utf-8"))
    made = {f"rules/{name}.md": rule_page(rule, table, found[name], kills, audit) for name, rule in rules().items()}
    made["matrix.md"] = matrix_page(ROOT / "README.md", found)
    made["kill-matrix.md"] = kill_page(kills)
    made["assumptions.md"] = (specs / "assumptions.md").read_text(encoding="utf-8")
    made |= graph_page(table)
    made |= transition_page(table)
    made |= counterexample_pages(specs / "counterexamples")
    listed = "\n".join(f"rules/{name}" for name in rules())
    made["index.md"] = (
        f"# Specification\n\nMade from the model `{table['digest']}` at every build.\n\n"
        "```{toctree}\n:maxdepth: 1\n\ngraphs\ntransitions\nmatrix\nkill-matrix\nassumptions\nfail/index\n```\n\n"
        f"## Rules\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )
    for name, text in made.items():
        file = pages / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    for old in set(pages.rglob("*.*")) - {pages / name for name in made}:
        old.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx: the pages are there before it looks for sources."""
    write(Path(app.srcdir) / "spec")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
