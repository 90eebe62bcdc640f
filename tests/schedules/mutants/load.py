"""A private copy of the runtime with a patch in it.  No file is touched, and the runtime that others use is left alone.

Inside the `with` block, `import quiesce` gives the copy, to the block's own thread and to every other: all modules of
the package are imported afresh, so that configurations, seam, oracles and kernel agree on every class and enum.  Then
the modules as they were are put back.  The copy goes on working for who has kept it.

Rejected: patching attributes of the one kernel (functions that other modules have imported by name, and code objects
that the kernel keeps in tables, stay as they were); a package under another name (then what is built on the
kernel, which imports `quiesce` by name, would work with two kernels at once).
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.schedules.mutants.mutant import BadMutant, Mutant, Patch

__all__ = ["KERNEL", "loaded"]

PACKAGE = "quiesce"
KERNEL = "quiesce._kernel"


class _Patched(SourceFileLoader):
    """Compiles the patched text; reads and writes no cached bytecode."""

    def __init__(self, name: str, path: str, patches: Sequence[Patch]) -> None:
        super().__init__(name, path)
        self.patches = patches

    def get_code(self, fullname: str) -> CodeType:
        text = Path(self.path).read_text(encoding="utf-8")
        for patch in self.patches:
            text = patch.apply(text)
        # Under a name of its own, so that tracebacks do not show lines of the file that is not what runs.
        return compile(text, f"<mutant of {self.path}>", "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, patches: Sequence[Patch]) -> None:
        self.patches = patches
        self.applied: set[str] = set()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        mine = [p for p in self.patches if f"{KERNEL}.{p.module}" == fullname]
        if not mine:
            return None
        spec: ModuleSpec | None = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise BadMutant(f"expected a module {fullname} with a source file, got {spec}")
        self.applied.add(fullname)
        spec.loader = _Patched(fullname, spec.origin, mine)
        return spec


@contextlib.contextmanager
def loaded(mutant: Mutant | None, *also: str, keep: Sequence[str] = ()) -> Iterator[ModuleType]:
    """While the block runs, `quiesce` is a fresh copy with the mutant's patches; give that package.

    :param mutant: None for a fresh copy of the kernel as it is: the control.
    :param also: modules outside the package that import it by name and must see the copy.
    :param keep: modules of the package that are not imported afresh, because they know nothing of the kernel.
    :raises BadMutant: a patch does not apply, or patches a module that the package does not load.
    """
    patches = () if mutant is None else mutant.patches
    finder = _Finder(patches)
    kept = {name: importlib.import_module(name) for name in keep}
    before = _taken(also)
    sys.modules.update(kept)
    sys.meta_path.insert(0, finder)
    try:
        package = importlib.import_module(PACKAGE)
        missing = {f"{KERNEL}.{p.module}" for p in patches} - finder.applied
        if missing:
            raise BadMutant(f"expected the package to load {sorted(missing)}, which the mutant patches")
        yield package
    finally:
        sys.meta_path.remove(finder)
        _taken(also)
        sys.modules.update(before)


def _taken(also: Sequence[str]) -> dict[str, ModuleType]:
    """Take every module of the package, and the others, out of the table of modules; give them."""
    names = [n for n in sys.modules if n == PACKAGE or n.startswith(PACKAGE + ".") or n in also]
    return {name: sys.modules.pop(name) for name in names}
