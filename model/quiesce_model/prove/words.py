"""Words about a model that stand outside of it, read as formulas: a line of a mapping, a rank, a situation.

A word is a plain function of a state (``def reverting(s: Algorithm) -> bool``), written in the modelling language like
any method of the model, so that it can be run and be read.  It may use the model's own words, and other functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from quiesce_model.language import Model
from quiesce_model.language.expr import Expr
from quiesce_model.language.reader import state_env
from quiesce_model.language.source import source_of
from quiesce_model.language.statements import Statements
from quiesce_model.language.symbols import Frame, StateRef
from quiesce_model.prove.smt import ProveError

__all__ = ["read_word"]


def read_word(model: type[Model], word: Callable[..., Any], args: Sequence[Expr] = ()) -> Expr:
    """What a word says of the model's state, for these arguments.

    :param model: its class decides which methods and constants the word means.
    :raises ReadError: the source is not in the part of Python that is read as a model.
    :raises ProveError: it is not a function, or takes another number of arguments.
    """
    if not isinstance(word, FunctionType):
        raise ProveError(f"expected a function of a state, got {word!r}; write it with def, in a module")
    source = source_of(word)
    names = [a.arg for a in source.tree.args.args]
    if len(names) != 1 + len(args):
        raise ProveError(f"{word.__name__}: expected a state and {len(args)} arguments, it takes ({', '.join(names)})")
    sorts = model.state_sorts()
    reader = Statements(model, sorts, state_env(sorts))
    reader.claim = f"the word {word.__name__}"
    reader.frames.append(Frame(source, dict(zip(names, [StateRef(model), *args], strict=True))))
    return reader.lift(reader.body(source.tree.body), source.tree)
