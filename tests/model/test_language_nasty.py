"""Models that somebody might write: refused with file, line, reason and what to write, or meaning the same twice."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from quiesce_model.explore import SymmetryError, UnknownClaimError, explore
from quiesce_model.language import DefinitionError, Model, ModelError, ReadError, ScopeError
from quiesce_model.language.compare import compare_in
from tests.model.explore_models import Mutex, Other, Place, Walker
from tests.model.language_sources import HEAD, STATE, load, model, scope, states

ACTION = "@action\ndef go(s, t: Thread) -> None:\n"
CLAIM = "@invariant\ndef holds(s) -> bool:\n"


def action(body: str) -> str:
    return ACTION + textwrap.indent(body, "    ") + "\n"


def claim(body: str) -> str:
    return CLAIM + textwrap.indent(body, "    ") + "\n"


METHODS = [
    # members, the line that is refused, a part of the reason, a part of the advice
    (action("if (n := s.count) > 1:\n    s.flag = True"), "if (n :=", ":=: NamedExpr is not part", "a line of its own"),
    (action("yield 1"), "yield 1", "Yield is not part", "two actions"),
    (claim("yield True"), "yield True", "Yield is not part", "two actions"),
    (action("..."), "...", "nothing is done with", "require(...)"),
    (action("global Z\nZ = 1"), "global Z", "Global is not part", "variable of the state"),
    (action("del s.pc[t]"), "del s.pc[t]", "del: Delete is not part", "'none'"),
    (action("x: int"), "x: int", "a declaration without a value", "x = ..."),
    (action("x: bool = 1"), "x: bool = 1", "x is declared: expected bool, got int", "True or False"),
    (action("x: Model = 1"), "x: Model = 1", "no sort is called the class Model", "a Numbered"),
    (action("s.count: bool = True"), "s.count: bool", "assignment to 'count'", "True or False"),
    (action("return\ns.flag = True"), "s.flag = True", "behind a return", "if"),
    (action("if s.flag:\n    return\n    s.count = 1"), "s.count = 1", "behind a return", "if"),
    (action("s.flag &= True"), "s.flag &= True", "&: BitAnd is not part", "'and'"),
    (action("require(s.flag | s.done[t])"), "require", "|: BitOr is not part", "'or'"),
    (action("require(~s.flag)"), "require", "~: Invert of bool", "'not'"),
    (action("s.now = -s.now"), "s.now = -", "-: USub of Epoch", "x - 1"),
    (action("s.now = Epoch(-1)"), "s.now =", "-1 is no Epoch: numbers begin at 0", "0 or more"),
    (action("s.count = s.count / 2"), "s.count =", "/: Div is not part", "whole numbers only"),
    (action("s.count = 10 ** 30"), "s.count =", "**: Pow is not part", "in full"),
    (action("s.pins[t] += 1"), "s.pins[t]", "index of 'pins': expected Epoch, got Thread", "from every(...)"),
    (action("s.pc[t] += 1"), "s.pc[t]", "arithmetic needs numbers, got Pc", "a Numbered"),
    (action("require(s.now < s.newest < s.count)"), "require", "cannot compare Epoch and Version", "(...)"),
    (action("require(s.code[0:1] == 0)"), "require", "Slice is not part", "s.map[i]"),
    (action("x = (1, 2)\ns.count = x[s.count]"), "s.count = x", "at a constant index, below 2", "one case for each"),
    (action("a, *b = (1, 2, 3)"), "a, *b", "expected 2 values", "as many names"),
    (action("assert s.flag, ''"), "assert", "without a text", "R3"),
    (action("assert s.flag, f'R1: {t}'"), "assert", "without a text", "R3"),
    (action("print('x')\ns.flag = True"), "print", "print cannot be called", "nothing"),
    (action("setattr(s, 'flag', True)"), "setattr", "setattr cannot be called", "s.name = ..."),
    (action("s.count = len(s.done)"), "s.count", "len cannot be called", "sum(... for x in"),
    (action("for i in range(3):\n    s.pins[i] = 0"), "for i", "range cannot be called", "Numbered"),
    (
        action("for u, v in every(Thread):\n    s.done[u] = True"),
        "for u",
        "got for (u, v) in every(Thread)",
        "for x in",
    ),
    (action("require(s.gate == Gate(1))"), "require", "Gate cannot be called", "X.A"),
    (action("require(s.gate.value == 1)"), "require", "no attributes in a model, such as 'value'", "=="),
    (action("require(s.gate == Gate.C)"), "require", "Gate has no 'C'", "one of A, B"),
    (action("require(s.holdz(t))"), "require", "no state variable or method 'holdz'", "one of now, newest"),
    (action("require(s.scope == 1)"), "require", "no state variable or method 'scope'", "'code'"),
    (action("s.flag = after.flag"), "s.flag", "the name 'after' is not known", "@transition"),
    (action("require(s.go == t)"), "require", "the method go, not called", "a call of it"),
    (action("require(s.count == None)"), "require", "expected a value, got a call that returns nothing", "an enum"),
    (action("super().go(t)"), "super()", "no class behind M has 'go'", "s.name(...)"),
    (claim("return all(s.done[s] for s in every(Thread))"), "return all", "no attributes in a model", "=="),
    (claim("return all(x for x in every(bool))"), "return all", "got the class bool", "(False, True)"),
    (claim("return all(v == 0 for k, v in s.code)"), "return all", "one variable for each", "for b in every(B)"),
    (claim("return s.count"), "def holds", "a value that is no condition", "a comparison"),
    (claim("return after.flag"), "return after", "the name 'after' is not known", "def name(s, after)"),
    (
        "def f(s) -> bool:\n    return s.g()\ndef g(s) -> bool:\n    return s.f()\n" + claim("return s.f()"),
        "return s.f()",
        "f calls itself",
        "all, any",
    ),
    (
        "def w(s, a=[]) -> bool:\n    return True\n" + claim("return s.w()"),
        "return s.w()",
        "a list could change",
        "tuple",
    ),
    # in the head of a method
    ("@action\nasync def go(s) -> None:\n    s.flag = True\n", "async def go", "'async' is not part", "without async"),
    ("@invariant\nasync def go(s) -> bool:\n    return True\n", "async def go", "'async' is not part", "without async"),
    ("@action\ndef go(s, *t: Thread) -> None:\n    s.flag = True\n", "def go", "a plain parameter", "without *"),
    ("@action\ndef go(s, **t: Thread) -> None:\n    s.flag = True\n", "def go", "a plain parameter", "without *"),
    ("@action\ndef go(s, *, t: Thread) -> None:\n    s.flag = True\n", "def go", "a plain parameter", "without *"),
    ("@action\ndef go(s, t) -> None:\n    s.flag = True\n", "def go", "no annotation", "t: X"),
    (
        "@action\ndef go(s, t: float) -> None:\n    s.flag = True\n",
        "def go",
        "no sort is called float",
        "class Thread(Sort)",
    ),
    ("@action\ndef go() -> None:\n    pass\n", "def go", "the state as its first parameter", "def go(s, ...)"),
    (
        "@action(process='u')\ndef go(s, t: Thread) -> None:\n    pass\n",
        "def go",
        "not one of its parameters",
        "one of t",
    ),
    (
        "@invariant\ndef go(s, t: Thread) -> bool:\n    return True\n",
        "def go",
        "expected (s)",
        "all(... for x in every(X))",
    ),
    ("@transition\ndef go(s) -> bool:\n    return True\n", "def go", "expected (s, after)", "def go(s, after) -> bool"),
]


@pytest.mark.parametrize(("members", "line", "reason", "advice"), METHODS, ids=[m.strip() for m, *_ in METHODS])
def test_a_method_is_refused_with_its_line_and_what_to_write(members: str, line: str, reason: str, advice: str) -> None:
    with pytest.raises((ReadError, DefinitionError)) as caught:
        read(model(members))
    check(caught.value, line, reason, advice)


def read(m: type[Model]) -> None:
    m.actions()
    m.claims()
    m.initial()


def check(error: Any, line: str, reason: str, advice: str) -> None:
    assert reason in error.reason, error
    assert advice in error.advice, error
    assert error.place is not None, error
    assert error.place.source.strip().startswith(line), error
    first, shown, *_, last = str(error).splitlines()
    assert first.startswith(f"{error.place.file}:{error.place.line}:{error.place.column}: ")
    assert shown.strip() == error.place.source.strip()
    assert last.startswith("  write instead: ") or "read by way of" in last


CLASSES = [
    (
        "@staticmethod\n@action\ndef stop(s, t: Thread) -> None:\n    s.flag = True",
        "@action needs a plain method",
        "no other decorator",
    ),
    (
        "@classmethod\n@action\ndef stop(s, t: Thread) -> None:\n    s.flag = True",
        "@action needs a plain method",
        "no other decorator",
    ),
    (
        "@property\n@invariant\ndef fine(s) -> bool:\n    return True",
        "@invariant needs a plain method, got a property",
        "directly above",
    ),
    (
        "@action\n@property\ndef stop(s) -> None:\n    s.flag = True",
        "expected a method, got a property",
        "directly above",
    ),
    (
        "@invariant\n@(lambda f: 3)\ndef fine(s) -> bool:\n    return True",
        "expected rule ids such as 'R3', got 3",
        "each id",
    ),
    ("@action\n@invariant\ndef stop(s) -> bool:\n    return True", "two roles", "one decorator"),
    ("@invariant('R3', 'R3')\ndef fine(s) -> bool:\n    return True", "'R3' is named twice", "once"),
    ("@invariant('R3,M1')\ndef fine(s) -> bool:\n    return True", "got 'R3,M1'", "each id by itself"),
    (
        "@action(fair='no')\ndef stop(s) -> None:\n    s.flag = True",
        "fair: expected True or False, got 'no'",
        "fair=False",
    ),
    ("@action\ndef _stop(s) -> None:\n    s.flag = True", "the action would be lost", "stop"),
    (
        "@action\ndef stop(s) -> None:\n    s.flag = True\n@action\ndef stop(s) -> None:\n    s.flag = False",
        "a second time, and the first is lost",
        "another name",
    ),
    ("x: int = 0\nx: int = 1", "a second time", "another name"),
    ("def __init__(self, scope):\n    pass", "belongs to Model", "in actions"),
    ("def __setattr__(self, name, value):\n    pass", "belongs to Model", "in actions"),
    ("_journal: int = 0", "names that begin with _", "journal"),
    ("_x: int = 0", "names that begin with _", "x"),
    ("Epoch: int = 0", "hides the sort of that name", "epoch"),
    ("x: Map[Thread] = each(0)", "cannot be evaluated", "Map[K, V]"),
    ("x: Map[Thread, int, int] = each(0)", "cannot be evaluated", "Map[K, V]"),
    ("x: int | None = None", "no sort is called int | None", "class Epoch(Numbered)"),
    ("x: list[int] = []", "no sort is called list[int]", "class Epoch(Numbered)"),
    ("x: Nowhere = 1", "not defined yet", "above the class"),
    ("x: Map[Epoch, int] = 0", "expected each(...)", "= each(0)"),
    ("x: Map[Thread, int] = each(0, {0: 1})", "interchangeable", "an action"),
    ("x: Thread = 0", "cannot be held in the state", "Map[T, bool]"),
    ("x: Pc = Gate.A", "expected a first value of sort Pc", "Pc.A"),
    ("x: int = 0.5", "expected a first value of sort int", "0"),
    ("flga = True", "no state variable or ClassVar of that name", "'flag'"),
    ("def go(s, t: Thread) -> None:\n    pass", "decorate it with @action", "@action above the def"),
    ("def flag(s) -> bool:\n    return True", "hides the state variable", "another name"),
    ("def claims(s) -> bool:\n    return True", "the name belongs to Model", "the_claims"),
]


@pytest.mark.parametrize(("members", "reason", "advice"), CLASSES, ids=[m for m, *_ in CLASSES])
def test_a_class_is_refused_with_its_line_and_what_to_write(members: str, reason: str, advice: str) -> None:
    text = HEAD + STATE + textwrap.indent(action("s.flag = True"), "    ") + "class N(M):\n"
    with pytest.raises(DefinitionError) as caught:
        load(text + textwrap.indent(members, "    ") + "\n")
    error = caught.value
    check(error, "", reason, advice)
    assert error.place is not None
    assert error.place.line > len(text.splitlines()), "a line of the class body, not of the class"


def test_a_method_that_is_no_method_any_more_is_refused() -> None:
    members = "import functools\nstop = action(functools.partial(print))\n"
    with pytest.raises(DefinitionError, match=r"expected a method, got a partial"):
        load(HEAD + STATE + textwrap.indent(members, "    "))


# -- what is fine ---------------------------------------------------------------------------------------------------
MEANT = {
    "a local called like a sort": "Thread = 1\ns.count = Thread",
    "a local called like a word of the language": "every = 2\ns.count = every",
    "a bound variable called like the parameter": "require(any(s.done[t] for t in every(Thread)))\ns.done[t] = False",
    "a parameter that is assigned to": "t = t\ns.done[t] = True",
    "a state that is let go of": "s.flag = True\ns = 1",
    "a declared local": "x: int = 1\ny: Epoch = s.now\ns.count: int = x\ns.now = y",
    "a return in the middle": "if s.flag:\n    return\ns.flag = True",
    "two for in one generator": "require(all(s.done[a] or s.done[b] for a in every(Thread) for b in every(Thread)))",
    "several targets": "s.flag = s.done[t] = True",
    "a large number": "s.count = s.count + 99999999999999999999999999",
    "a list and a set that are written out": "require(s.gate in [Gate.A], s.pc[t] in {Pc.A, Pc.B})\ns.flag = True",
    "nothing to be in": "require(s.pc[t] in ())\ns.flag = True",
    "a member of a tuple of the module": "require(BUSY[0] == s.pc[t])\ns.pc[t] = BUSY[-1]",
    "below zero": "s.now -= 1",
    "a cell before the first": "require(s.code[s.now - 1] == 0)\ns.flag = True",
    "a guard in a branch, behind a change": "s.count = 1\nif s.flag:\n    require(s.gate == Gate.A)\ns.flag = False",
    "no guard and no change": "pass",
}


@pytest.mark.parametrize("body", MEANT.values(), ids=MEANT)
def test_what_is_unusual_and_fine_means_the_same_in_both_readings(body: str) -> None:
    m = model(action(body))
    sizes = scope(m)
    found = compare_in(m, sizes, states(m, sizes, 40))
    assert not found.found, found


# -- what the explorer is asked -------------------------------------------------------------------------------------
ROOM: dict[type, int] = {Walker: 2, Place: 3, Other: 1}


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        ({"claims": ["one_at_a_tme"]}, UnknownClaimError, "'one_at_a_time', if that is what is meant"),
        ({"claims": ["X99"]}, UnknownClaimError, "no claim and no rule 'X99'"),
        ({"claims": "X2"}, TypeError, r"write instead: \['X2'\]"),
        ({"always_reachable": ["nowhere"]}, UnknownClaimError, "somebody_is_inside"),
        ({"always_reachable": "somebody_is_inside"}, TypeError, "a collection of names"),
        ({"always_reachable": ["somebody_is_inside"], "claims": ["X2"]}, UnknownClaimError, "that is judged"),
        ({"symmetric": "Walker"}, TypeError, "True or a collection of sorts"),
        ({"symmetric": Walker}, TypeError, "True or a collection of sorts"),
        ({"symmetric": [Place]}, SymmetryError, "not interchangeable"),
        ({"progress": 3}, TypeError, "something to call"),
        ({"max_states": "3"}, ValueError, "a number above 0"),
        ({"max_states": True}, ValueError, "a number above 0"),
        ({"scope": [1]}, ScopeError, "a size for each sort"),
        ({"scope": {"Walker": 1}}, ScopeError, "expected sorts as keys"),
        ({"scope": ROOM | {float: 2}}, ScopeError, "float is no sort"),
        ({"scope": {Walker: 2, Other: 1}}, ScopeError, "how many Place"),
        ({"scope": ROOM | {Walker: 0}}, ScopeError, "1 or more"),
        ({"scope": ROOM | {Walker: 10**9}}, ScopeError, "more than 100,000 cells"),
        ({"model": Mutex(ROOM)}, TypeError, "without a call"),
        ({"model": int}, TypeError, "derives from Model"),
    ],
    # Not the address of an object: it differs between the workers of a run.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_explored_is_refused_before_any_work(asked: Any, error: type[Exception], reason: str) -> None:
    arguments = {"model": Mutex, "scope": ROOM} | asked
    with pytest.raises(error, match=reason):
        explore(**arguments)


def test_a_rule_of_an_assert_may_be_asked_for() -> None:
    found = explore(Mutex, ROOM, claims=["X3"])
    assert found.violation is not None
    assert found.violation.rules == ("X3",)


def test_every_refusal_is_a_model_error() -> None:
    assert issubclass(ReadError, ModelError)
    assert issubclass(DefinitionError, ModelError)
    assert issubclass(UnknownClaimError, ModelError)
