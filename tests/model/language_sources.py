"""Models from source text: made, remembered by ``linecache`` (the reader needs their lines), and thrown away."""

from __future__ import annotations

import itertools
import linecache
import sys
import textwrap
from random import Random
from types import ModuleType
from typing import Any

from quiesce_model.language import Frozen, Model, Scope
from quiesce_model.language.sorts import BOOL, INT, MapSort, domain, is_enum, members

HEAD = """\
from __future__ import annotations
from enum import Enum
from typing import ClassVar
from quiesce_model.language import *

class Thread(Sort): pass
class Slot(Sort): pass
class Epoch(Numbered): pass
class Version(Numbered): pass
class Pc(Enum):
    A = 1
    B = 2
    C = 3
class Gate(Enum):
    A = 1
    B = 2
BUSY = (Pc.B, Pc.C)
CHANGING = [Pc.B]
"""

STATE = """\
class M(Model):
    cap: ClassVar[int] = 2
    mode: ClassVar[Gate] = Gate.A
    now: Epoch = Epoch(0)
    newest: Version = Version(0)
    gate: Gate = Gate.A
    flag: bool = False
    count: int = 0
    pc: Map[Thread, Pc] = each(Pc.A)
    epoch: Map[Thread, Epoch] = each(0)
    code: Map[Epoch, Version] = each(0)
    pins: Map[Epoch, int] = each(0)
    done: Map[Thread, bool] = each(False)
    tally: Map[Pc, int] = each(0, {Pc.A: 1})
"""

_serial = itertools.count()


def load(source: str) -> dict[str, Any]:
    """Run source text as a module whose lines can be read."""
    name = f"model_from_text_{next(_serial)}"
    file = f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, file, "exec"), module.__dict__)
    return module.__dict__


def model(body: str, *more: str) -> type[Model]:
    """The model ``M`` with these members; further texts are classes behind it, of which the last is taken."""
    text = HEAD + STATE + textwrap.indent(textwrap.dedent(body), "    ")
    for m in more:
        text += textwrap.dedent(m)
    names = load(text)
    found: type[Model] = [v for v in names.values() if isinstance(v, type) and issubclass(v, Model)][-1]
    return found


def scope(m: type[Model], threads: int = 2, epochs: int = 3, versions: int = 2) -> dict[type, int]:
    """Sizes of the sorts that such a model uses."""
    sizes = {"Thread": threads, "Slot": 2, "Epoch": epochs, "Version": versions}
    names = sys.modules[m.__module__].__dict__
    return {names[n]: size for n, size in sizes.items()}


def states(m: type[Model], sizes: Scope, count: int, seed: int = 0) -> list[Frozen]:
    """Random states of a model, reachable or not."""
    random = Random(seed)

    def values(sort: Any) -> list[Any]:
        if sort is BOOL:
            return [False, True]
        if sort is INT:
            return [-1, 0, 1, 2, 3]
        return list(members(sort)) if is_enum(sort) else list(range(domain(sort, sizes)))

    return [
        tuple(
            tuple(random.choice(values(sort.value)) for _ in values(sort.key))
            if isinstance(sort, MapSort)
            else random.choice(values(sort))
            for sort in m.state_sorts().values()
        )
        for _ in range(count)
    ]
