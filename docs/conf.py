"""How the docs are built: `make docs`.  The specification under `spec/` is written from the model at every build."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

project = "quiesce"
author = "The quiesce developers"
extensions = ["myst_parser", "sphinx.ext.doctest", "sphinx_design", "sphinx_copybutton", "specification"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_ext", "_generated"]
nitpicky = True
html_theme = "furo"
html_title = "quiesce"
