"""Expressions as SMT-LIB 2 text: what any solver can read, for any number of threads, versions and epochs.

An unordered sort is an uninterpreted one, a ``Numbered`` sort is the integers with ``0 <=`` wherever one is bound, an
enumeration is a datatype, a map is a function.  Maps are never written to: the reader resolves what is read from a
changed map at once, and a step's effect is put in by substitution, so that what holds after a step is a formula about
the state before it.  There is no array theory and there are no frame axioms to forget.

Names are those of the source: ``s.pc`` is the state's variable, ``step.t`` the parameter of the step, ``?t`` a bound
variable, ``Pc.RUN`` a member.  Each kind has a mark of its own, so that no two can be confused and none is a word of
SMT-LIB.

Rejected: a solver's own expression objects (two readings to keep in step, and nothing to hand to a third solver);
integers for enumerations (a counterexample that nobody can read); arrays for maps (measured slower, and they bring
frame axioms).  Source: SMT-LIB standard 2.6 (Barrett, Fontaine, Tinelli).
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping

from quiesce_model.language import ModelError
from quiesce_model.language.expr import Expr, bound, subst
from quiesce_model.language.sorts import BOOL, INT, AnySort, MapSort, is_enum, is_numbered, is_unordered, members

__all__ = ["ProveError", "declarations", "pretty", "sort_name", "symbol", "text", "walk"]


class ProveError(ModelError):
    """A model, or a wish, that the prover cannot turn into obligations: what was expected, got, and what to do."""


_SIMPLE = re.compile(r"[A-Za-z_?][A-Za-z0-9_.~!+?-]*")
_BUILT_IN = frozenset(
    {"Int", "Real", "Bool", "String", "Array", "Set", "Bag", "Seq", "RegLan", "RoundingMode", "BitVec"}
    | {"FloatingPoint", "Tuple", "Relation", "Table", "List"}
)


def symbol(name: str) -> str:
    """A name as an SMT-LIB symbol, in bars where it has to be.

    Raises:
        ProveError: no symbol can be made of it.

    """
    if _SIMPLE.fullmatch(name):
        return name
    if "|" in name or "\\" in name or not name:
        raise ProveError(f"expected a name that SMT-LIB can hold in bars, got {name!r}; use letters and underscores")
    return f"|{name}|"


def sort_name(sort: AnySort) -> str:
    """A sort's name; numbers of all sorts are ``Int``."""
    if isinstance(sort, MapSort):
        raise ProveError(f"expected a sort of values, got the map {sort}; only its values have a place in a formula")
    if sort is BOOL:
        return "Bool"
    if sort is INT or is_numbered(sort):
        return "Int"
    return symbol(f"{sort.__name__}." if sort.__name__ in _BUILT_IN else sort.__name__)


# ---------------------------------------------------------------- expressions
_TEXTS: dict[Expr, str] = {}  # expressions live as long as the process, and so do their texts
_OPS = {"and": "and", "or": "or", "not": "not", "=": "=", "ite": "ite", "<": "<", "<=": "<=", "+": "+", "-": "-"}
_fresh = itertools.count()


def text(e: Expr) -> str:
    """The expression as SMT-LIB text.

    Raises:
        ProveError: a sum (``counting`` turns sums into numbers first) or a changed map stands where a value should.

    """
    found = _TEXTS.get(e)
    if found is None:
        found = _TEXTS[e] = _text(e)
    return found


def _text(e: Expr) -> str:
    match e.op:
        case "const":
            return _constant(e.args[0])
        case "var" | "arr":
            return symbol(variable(e.args[0]))
        case "param":
            return symbol(f"step.{e.args[0]}")
        case "bound":
            return symbol(f"?{e.args[0]}")
        case "read":
            return _read(e)
        case "forall" | "exists":
            return _quantifier(e)
        case "within":
            return f"(<= 0 {text(e.args[0])})"  # no upper bound: every number is in scope
        case "mod":
            return f"(mod {text(e.args[0])} {text(e.args[1])})"
        case "sum":
            raise ProveError(f"a sum has to be counted before it is printed, got {e!r}; use System.lift")
    if e.op not in _OPS:
        raise ProveError(f"expected a value or a condition, got {e.op!r} in {e!r}")
    return f"({_OPS[e.op]} {' '.join(map(text, e.args))})"


def variable(name: str) -> str:
    """How a state variable is called: ``s.now``, and ``after.now`` in the state after the step."""
    return f"after.{name[:-1]}" if name.endswith("'") else f"s.{name}"


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, enum.Enum):
        return symbol(f"{type(value).__name__}.{value.name}")
    assert isinstance(value, int)
    return str(value) if value >= 0 else f"(- {-value})"


def _read(e: Expr) -> str:
    indices: list[Expr] = []
    arr = e
    while arr.op == "read":
        indices.append(arr.args[1])
        arr = arr.args[0]
    if arr.op != "arr":
        raise ProveError(f"expected a map of the state to read from, got {arr.op!r} in {e!r}")
    return f"({text(arr)} {' '.join(text(i) for i in reversed(indices))})"


def _quantifier(e: Expr) -> str:
    vs, body = e.args
    taken = {w.args[0] for w in e.free if w.op == "bound"}  # of another sort, or it would be bound here
    clash = {v: bound(f"{v.args[0]}~{next(_fresh)}p", v.sort) for v in vs if v.args[0] in taken}
    twice = len({v.args[0] for v in vs}) < len(vs)
    if twice:
        clash = {v: bound(f"{v.args[0]}~{next(_fresh)}p", v.sort) for v in vs}
    if clash:
        vs, body = tuple(clash.get(v, v) for v in vs), subst(body, clash)
    naturals = [f"(<= 0 {text(v)})" for v in vs if is_numbered(v.sort)]
    inside = text(body)
    if naturals:
        guard = naturals[0] if len(naturals) == 1 else f"(and {' '.join(naturals)})"
        inside = f"({'=>' if e.op == 'forall' else 'and'} {guard} {inside})"
    return f"({e.op} ({' '.join(f'({text(v)} {sort_name(v.sort)})' for v in vs)}) {inside})"


def walk(e: Expr) -> Iterator[Expr]:
    """Every node below and including ``e``, bound variables and maps too, each once."""
    seen: set[Expr] = set()
    todo = [e]
    while todo:
        x = todo.pop()
        if x not in seen:
            seen.add(x)
            yield x
            todo += [*x.children(), *x.binds()]


# ---------------------------------------------------------------- declarations
def declarations(variables: Mapping[str, AnySort], expressions: Iterable[Expr]) -> list[str]:
    """What has to be declared for formulas over these state variables: sorts, enumerations, variables, parameters.

    A parameter that is a number is said to be none below zero.

    Raises:
        ProveError: two sorts of one name.

    """
    nodes: set[Expr] = set()
    for e in expressions:
        nodes.update(_nodes(e))
    key = (tuple(variables.items()), frozenset(nodes))
    found = _DECLARATIONS.get(key)
    if found is None:
        found = _DECLARATIONS[key] = _declarations(variables, sorted(nodes, key=lambda n: (n.op, str(n.args))))
    return list(found)


_DECLARATIONS: dict[object, list[str]] = {}


def _declarations(variables: Mapping[str, AnySort], nodes: Iterable[Expr]) -> list[str]:
    nodes = list(nodes)
    sorts: dict[str, type] = {}
    for sort in [*variables.values(), *(n.sort for n in nodes)]:
        for part in _parts(sort):
            named = is_enum(part) or is_unordered(part)
            if named and sorts.setdefault(sort_name(part), part) is not part:
                raise ProveError(f"two sorts are called {part.__name__}; give one of them another name")
    lines = [f"(declare-sort {n} 0)" for n, s in sorts.items() if is_unordered(s)]
    for n, s in sorts.items():
        if is_enum(s):
            lines.append(f"(declare-datatypes (({n} 0)) (({' '.join(f'({_constant(m)})' for m in members(s))})))")
    names = dict(variables)
    names.update({n.args[0]: n.sort for n in nodes if n.op in {"var", "arr"}})
    lines += [_declare(variable(n), s) for n, s in names.items()]
    for p in sorted((n for n in nodes if n.op == "param"), key=lambda n: str(n.args[0])):
        lines.append(_declare(f"step.{p.args[0]}", p.sort))
        if is_numbered(p.sort):
            lines.append(f"(assert (<= 0 {text(p)}))")
    return lines


_NODES: dict[Expr, tuple[Expr, ...]] = {}


def _nodes(e: Expr) -> tuple[Expr, ...]:
    """The leaves of an expression, which name all that has to be declared."""
    found = _NODES.get(e)
    if found is None:
        found = _NODES[e] = tuple(n for n in walk(e) if n.op in {"const", "var", "arr", "param", "bound"})
    return found


def _parts(sort: AnySort) -> Iterator[type]:
    while isinstance(sort, MapSort):
        yield sort.key
        sort = sort.value
    yield sort


def _declare(name: str, sort: AnySort) -> str:
    keys: list[str] = []
    while isinstance(sort, MapSort):
        keys.append(sort_name(sort.key))
        sort = sort.value
    return f"(declare-fun {symbol(name)} ({' '.join(keys)}) {sort_name(sort)})"


# ---------------------------------------------------------------- layout
_TOKEN = re.compile(r";[^\n]*\n|\(|\)|\|[^|]*\||[^\s()|]+")


def pretty(script: str, width: int = 110) -> str:
    """The same script with a long command broken over several lines, for people who read it."""
    out: list[str] = []
    for line in script.splitlines():
        if len(line) <= width or line.startswith(";"):
            out.append(line)
        else:
            out.append(_broken(_parse(line), 0, width))
    return "\n".join(out) + "\n"


Tree = str | list["Tree"]


def _parse(line: str) -> Tree:
    stack: list[list[Tree]] = [[]]
    for token in _TOKEN.findall(line):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    return stack[0][0]


def _flat(tree: Tree) -> str:
    return tree if isinstance(tree, str) else f"({' '.join(map(_flat, tree))})"


def _broken(tree: Tree, indent: int, width: int) -> str:
    flat = _flat(tree)
    if isinstance(tree, str) or len(flat) + indent <= width or not tree:
        return flat
    head = _broken(tree[0], indent + 1, width)
    rest = tree[1:]
    if head in {"forall", "exists"} and rest:
        head, rest = f"{head} {_flat(rest[0])}", rest[1:]
    pad = "\n" + " " * (indent + 2)
    return f"({head}" + "".join(pad + _broken(x, indent + 2, width) for x in rest) + ")"
