"""The words of a model, put back: ``drained``, ``unheld(v)``, ``settled`` instead of what they stand for.

The reader replaces a helper method by its body.  For solvers that is right; a reader of an export wants the word.  A
word is a method without a role that returns an expression and changes nothing; it is read as the reader reads claims.
Then expressions are searched for what it says, whatever its parameters are and however its variables are called.

Exports define each word once, from the same reading, so folding cannot change what an export means: what it replaces
is equal to what it puts there, node by node.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import FunctionType

from quiesce_model.language.calls import hints_of, plain_sort
from quiesce_model.language.errors import ModelError
from quiesce_model.language.expr import LEAVES, Expr, param
from quiesce_model.language.model import Model
from quiesce_model.language.names import RESERVED
from quiesce_model.language.reader import state_env
from quiesce_model.language.source import source_of
from quiesce_model.language.statements import Statements
from quiesce_model.language.symbols import Frame, StateRef

__all__ = ["Word", "fold", "words"]


@dataclass(frozen=True)
class Word:
    """A word: its name, the parameters that it depends on, what it says."""

    name: str
    params: tuple[Expr, ...]
    expr: Expr
    doc: str

    def __call__(self, *args: Expr) -> Expr:
        """The word as an expression of its own kind, for a printer to meet."""
        return Expr("word", (self.name, *args), self.expr.sort)


def words(model: type[Model]) -> list[Word]:
    """The words of a model, each after those that it uses."""
    found: dict[str, Word] = {}
    for base in reversed(model.__mro__):
        if base in {Model, object}:
            continue
        for name, value in base.__dict__.items():
            plain = isinstance(value, FunctionType) and not name.startswith("_") and name not in RESERVED
            if plain and name not in model.marks("action") and name not in model.claims():
                word = _read(model, name)
                if word is not None:
                    found[name] = word
    out: list[Word] = []
    for w in sorted(found.values(), key=lambda w: (_size(w.expr), len(w.name))):
        if not any(len(x.params) == len(w.params) and _match(x.expr, w.expr, {}, {}) for x in out):
            out.append(w)  # of several words for one thing, the shortest
    return out


def _read(model: type[Model], name: str) -> Word | None:
    fn = inspect.getattr_static(model, name)
    if not isinstance(fn, FunctionType):
        return None
    hints, sorts = hints_of(fn), model.state_sorts()
    names = list(inspect.signature(fn).parameters)
    given = {n: plain_sort(hints.get(n)) for n in names[1:]}
    if any(s is None for s in given.values()):
        return None
    formal = {n: param(n, s) for n, s in given.items() if s is not None}
    reader = Statements(model, sorts, state_env(sorts))
    try:
        source = source_of(fn)
        reader.claim = f"the word {name}"
        reader.frames.append(Frame(source, {names[0]: StateRef(model), **formal}))
        e = reader.body(source.tree.body)
    except ModelError:
        return None  # it changes the state, or is no expression: a step's part, not a word
    if not isinstance(e, Expr) or e.op in {*LEAVES, "read"} or _size(e) < 3 or reader.needs:
        return None
    return Word(name, tuple(p for p in formal.values() if p in e.free), e, inspect.getdoc(fn) or "")


def _size(e: Expr) -> int:
    return 1 + sum(_size(c) for c in e.children())


def fold(e: Expr, vocabulary: Iterable[Word], *, within: Word | None = None) -> Expr:
    """The expression with words in place of what they stand for, the longest first.

    :param within: the word whose definition this is: only shorter ones are used.
    """
    limit = None if within is None else _size(within.expr)
    ready = [w for w in vocabulary if limit is None or _size(w.expr) < limit]
    ready.sort(key=lambda w: -_size(w.expr))
    memo: dict[Expr, Expr] = {}

    def walk(x: Expr) -> Expr:
        if x.op in LEAVES or x.op == "word":
            return x
        done = memo.get(x)
        if done is None:
            done = memo[x] = _walk(x, ready, walk)
        return done

    return walk(e)


def _walk(x: Expr, ready: Sequence[Word], walk: Callable[[Expr], Expr]) -> Expr:
    for w in ready:
        if w.expr.op == x.op and w.expr.sort == x.sort:
            binding: dict[Expr, Expr] = {}
            if _match(w.expr, x, binding, {}) and all(p in binding for p in w.params):
                return w(*(walk(binding[p]) for p in w.params))
            if x.op in {"and", "or"} and len(w.expr.args) < len(x.args):
                found = _part(w, x)
                if found is not None:
                    at, binding = found
                    after = at + len(w.expr.args)
                    word = w(*(walk(binding[p]) for p in w.params))
                    parts = (*map(walk, x.args[:at]), word, *map(walk, x.args[after:]))
                    return walk(Expr(x.op, parts, x.sort)) if len(parts) > 1 else word
    if x.op in {"forall", "exists", "sum", "lambda"}:
        return Expr(x.op, (x.args[0], walk(x.args[1])), x.sort)
    return Expr(x.op, tuple(walk(c) for c in x.args), x.sort)


def _part(w: Word, x: Expr) -> tuple[int, dict[Expr, Expr]] | None:
    """Where in a longer conjunction or disjunction the word's stands."""
    n = len(w.expr.args)
    for at in range(len(x.args) - n + 1):
        binding: dict[Expr, Expr] = {}
        if all(_match(p, y, binding, {}) for p, y in zip(w.expr.args, x.args[at : at + n], strict=True)):
            return at, binding
    return None


def _match(pattern: Expr, x: Expr, binding: dict[Expr, Expr], renamed: dict[Expr, Expr]) -> bool:
    if pattern.op == "param":
        if pattern.sort != x.sort or any(v in x.free for v in renamed.values()):
            return False
        return binding.setdefault(pattern, x) is x
    if pattern.op == "bound":
        return renamed.get(pattern, pattern) is x
    if pattern.op in LEAVES:
        return pattern is x
    if pattern.op != x.op or pattern.sort != x.sort:
        return False
    if pattern.op in {"forall", "exists", "sum", "lambda"}:
        mine, theirs = pattern.binds(), x.binds()
        if [v.sort for v in mine] != [v.sort for v in theirs]:
            return False
        inner = {**renamed, **dict(zip(mine, theirs, strict=True))}
        return _match(pattern.args[1], x.args[1], binding, inner)
    if len(pattern.args) != len(x.args):
        return False
    return all(_match(p, y, binding, renamed) for p, y in zip(pattern.args, x.args, strict=True))
