"""What cannot be read is refused, with its place, its reason and what to write instead."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from quiesce_model.language import DefinitionError, ReadError
from tests.model.language_sources import HEAD, STATE, load, model

ACTION = "@action\ndef go(s, t: Thread) -> None:\n"
CLAIM = "@invariant\ndef holds(s) -> bool:\n"

IN_AN_ACTION = [
    # a misspelt or unknown name
    ("s.pcc[t] = Pc.B", "no state variable or method 'pcc'", "'pc'"),
    ("s.nov = 0", "no state variable 'nov'", "'now'"),
    ("s.nov += 1", "no state variable or method 'nov'", "'now'"),
    ("require(s.pcc[t] == Pc.A)", "no state variable or method 'pcc'", "'pc'"),
    ("require(s.pc[t] == Pc.AA)", "Pc has no 'AA'", "'A'"),
    ("require(s.pc[t].name == Pc.A)", "has no attributes", ""),
    ("require(nowhere == 1)", "the name 'nowhere' is not known", ""),
    ("s.cap = 3", "no state variable 'cap'", ""),
    ("s.now = M.now", "read from the class", "s.now"),
    ("s.actions()", "no state variable or method 'actions'", ""),
    # Python that is not read
    ("while s.flag:\n    s.flag = False", "While is not part", "for t in every"),
    ("try:\n    s.flag = True\nexcept ValueError:\n    pass", "Try is not part", "action of its own"),
    ("with open('x'):\n    s.flag = True", "With is not part", ""),
    ("f = lambda x: x", "Lambda is not part", "a method"),
    ("def f(): pass", "FunctionDef is not part", "a method"),
    ("raise ValueError", "Raise is not part", "require"),
    ("del s.flag", "Delete is not part", ""),
    ("import os", "Import is not part", ""),
    ("match s.flag:\n    case True: pass", "Match is not part", "elif"),
    ("for u in every(Thread):\n    break", "Break is not part", "a condition in the loop"),
    ("for u in every(Thread):\n    return", "return inside for", "all or any"),
    ("for u in (1, 2):\n    s.count = 1", "expected 'for x in every(X)'", ""),
    ("for u in every(Thread):\n    s.done[u] = True\nelse:\n    pass", "else after for", ""),
    ("for u in every(Thread):\n    for w in every(Thread):\n        s.done[u] = True", "a loop inside a loop", ""),
    ("require(all([s.done[u] for u in every(Thread)]))", "over a generator only", ""),
    ("s.count = len(s.pc)", "the map 'pc' is used as a value|cannot be called", ""),
    ("s.count = (x := 1)", "NamedExpr is not part", "a line of its own"),
    ("s.count = 2 * s.count", "Mult is not part", "+, - or %"),
    ("s.count = s.count % 0", "positive constant", ""),
    ("s.count = s.count // 2", "FloorDiv is not part", ""),
    ("s.count == 1", "nothing is done with", "require"),
    ("s.pc = s.pc", "'pc' is a map", "for x in every(Thread)"),
    ("print(s.count)", "cannot be called in a model", ""),
    ("require(s.pc[t] in CHANGING)", "a list could change", "a tuple"),
    # sorts
    ("s.count = 1.5", "no float values", "whole number"),
    ("s.count = 'a'", "no str values", ""),
    ("s.count = None", "expected a value", ""),
    ("s.count = True", "expected int, got bool", "True or False"),
    ("s.flag = 1", "expected bool, got int", "True or False"),
    ("require(s.count)", "expected a condition, got a value of sort int", "comparison"),
    ("require(not s.count)", "expected a condition", ""),
    ("require(s.pc[t] == Gate.A)", "cannot compare Pc and Gate", "one sort"),
    ("require(s.pc[t] in (Pc.A, Gate.A))", "cannot compare Pc and Gate", ""),
    ("s.pc[t] = Gate.A", "expected Pc, got Gate", ""),
    ("s.newest = s.now", "expected Version, got Epoch", "Version(...)"),
    ("s.code[s.newest] = Version(0)", "index of 'code': expected Epoch, got Version", ""),
    ("require(s.now == s.newest)", "cannot compare Epoch and Version", ""),
    ("require(s.now == s.count)", "cannot compare Epoch and int", "(...)"),
    ("s.count = s.now", "expected int, got Epoch", "int(...)"),
    ("require(s.now < s.newest)", "cannot compare Epoch and Version", ""),
    ("require(s.flag == 0)", "cannot compare bool and int", ""),
    ("require(s.flag + 1 == 1)", "arithmetic needs numbers, got bool", "sum"),
    ("require(s.pc[t] < Pc.B)", "Pc has no order", ""),
    ("require(t < t)", "Thread has no order", ""),
    ("require(t == 0)", "Thread and int", "no names"),
    ("s.pc[0] = Pc.A", "index of 'pc': expected Thread, got int", "no names"),
    ("require(s.code[-1] == 0)", "index -1", ""),
    ("require(s.now is s.epoch[t])", "identity of Epoch", "=="),
    ("require(Thread(0) == t)", "no numbers", ""),
    ("s.now = s.now + s.now", "no number of either", "int(...)"),
    ("require((s.now, s.count) == (s.now, s.count, 1))", "tuples of 2 and of 3", ""),
    # what would make the readings differ
    ("if s.flag:\n    x = 1\ns.count = x", "has a value on one branch only", "every path"),
    ("s.count = x\nx = 1", "has no value here", ""),
    ("for u in every(Thread):\n    x = 1\ns.count = x", "inside the loop only", ""),
    ("for u in every(Thread):\n    s.count += 1", "every round of the loop assigns to 'count'", "sum"),
    ("for u in every(Thread):\n    s.done[t] = True", "cell of its own variable", ""),
    ("for e in every(Epoch):\n    s.pins[e] = s.pins[s.now]", "another round changes", "before the loop"),
    ("for u in every(Thread):\n    s.done[u] = any(s.done[w] for w in every(Thread))", "another round changes", ""),
    ("x = 0\nfor u in every(Thread):\n    x = x + 1", "carried from one round", "sum"),
    ("for u in every(Thread):\n    require(s.done[u])", "require inside for", "require(all("),
    ("for u in every(Thread):\n    assert s.done[u], 'R1: x'", "assert inside for", "assert all("),
    ("m = s.pins\nm[s.now] = 1", "through a local name", "s.pins[...]"),
    ("assert s.flag, 'R1: x'\nrequire(s.flag)", "require after an assert", "require first"),
    ("assert s.flag", "without a text", "R3"),
    ("require()", "one or more conditions", ""),
    ("x = require(s.flag)", "require is a statement", ""),
    ("return 1", "returns a value", ""),
    ("s.count = s.bump(1)", "returns nothing", ""),
    ("if s.take():\n    s.flag = True", "changed inside an expression", "a line of its own"),
    ("s.count = s.take() + 1", "changed inside an expression", ""),
    ("require(s.checked())", "called inside an expression", ""),
    ("s.bump(1, 2)", "too many positional", ""),
    ("s.bump()", "missing a required argument", ""),
    ("s.bump(by=1, to=2)", "unexpected keyword", ""),
    ("s.bump(s.flag)", "argument 'by' of bump: expected int, got bool", ""),
    ("s.at(s.newest)", "argument 'e' of at: expected Epoch, got Version", ""),
    ("s.again(1)", "calls itself", ""),
    ("s.many(1)", "*args", ""),
    ("require(any(s.code[s.epoch[u] + 1] == 0 for u in every(Thread)))", "depends on which comes first", "outside"),
    ("require(min(s.count) == 1)", "needs two or more", ""),
    ("require(implies(s.flag))", "takes 2 arguments, got 1", ""),
    ("require(sum(s.pc[u] for u in every(Thread)) == 1)", "sum needs conditions or whole numbers", ""),
    ("require(any(s.flag for a, b in every(Thread)))", "one variable for each", ""),
    ("require(any(s.flag for a in s.pc))", "expected every(X)", ""),
    ("require(any(s.flag for a in every(int)))", "every(...) needs a Sort", ""),
    ("require(s.maybe() == 1)", "returns a value on one path and nothing on another", ""),
]

WORDS = """
def bump(s, by: int) -> None:
    s.count += by

def take(s) -> bool:
    s.flag = True
    return True

def checked(s) -> bool:
    require(s.flag)
    return True

def at(s, e: Epoch) -> int:
    return s.pins[e]

def again(s, n: int) -> int:
    return s.again(n)

def many(s, *n: int) -> int:
    return 1

def maybe(s) -> int:
    if s.flag:
        return 1
"""


@pytest.mark.parametrize(
    ("body", "reason", "advice"), IN_AN_ACTION, ids=[b.replace("\n", "; ") for b, *_ in IN_AN_ACTION]
)
def test_an_action_is_refused_with_reason_and_place(body: str, reason: str, advice: str) -> None:
    m = model(WORDS + ACTION + textwrap.indent(body, "    ") + "\n")
    with pytest.raises(ReadError) as caught:
        m.actions()
    error = caught.value
    assert any(r in error.reason for r in reason.split("|")), error
    assert advice in error.advice, error
    text = (HEAD + STATE + textwrap.indent(WORDS + ACTION + textwrap.indent(body, "    "), "    ")).splitlines()
    assert error.file == m.actions.__func__.__module__ or error.file.startswith("<model_from_text_")  # type: ignore[attr-defined]  # a bound class method has __func__
    assert text[error.line - 1] == error.place.source
    assert 1 <= error.column <= len(error.place.source)
    assert f"{error.file}:{error.line}:{error.column}: {error.reason}" in str(error)


IN_A_CLAIM = [
    ("s.flag = True\nreturn True", "the state is changed in a method that is used by the invariant holds"),
    ("s.take()\nreturn True", "the state is changed in a method that is used by the invariant holds"),
    ("return s.take()", "the state is changed in a method that is used by the invariant holds"),
    ("require(s.flag)\nreturn True", "require in a method that is used by the invariant holds"),
    ("assert s.flag, 'R1: x'\nreturn True", "assert in a method that is used by the invariant holds"),
    ("return s.count", "a value that is no condition"),
    ("pass", "returns nothing"),
    ("if s.flag:\n    return True", "returns a value on one path and nothing on another"),
]


@pytest.mark.parametrize(("body", "reason"), IN_A_CLAIM, ids=[b.replace("\n", "; ") for b, _ in IN_A_CLAIM])
def test_a_claim_is_refused_with_reason(body: str, reason: str) -> None:
    m = model(WORDS + CLAIM + textwrap.indent(body, "    ") + "\n")
    with pytest.raises(ReadError, match=reason):
        m.claims()


def test_the_state_after_a_step_is_read_only() -> None:
    m = model("@transition\ndef step(s, after: M) -> bool:\n    after.flag = True\n    return True\n")
    with pytest.raises(ReadError, match="read, not written"):
        m.claims()


def test_the_error_says_through_which_calls_it_was_reached() -> None:
    m = model(WORDS + ACTION + "    s.again(1)\n")
    with pytest.raises(ReadError, match=r"read by way of: M\.go$") as caught:
        m.actions()
    assert caught.value.inlined == ("M.go",)
    assert "return s.again(n)" in caught.value.place.source


def test_a_decorator_that_may_wrap_is_refused() -> None:
    names = load(
        "import functools\ndef twice(fn):\n    return fn\n"
        + HEAD.replace("from __future__ import annotations\n", "")
        + STATE
        + textwrap.indent(
            "@twice\ndef word(s) -> bool:\n    return s.flag\n" + ACTION + "    require(s.word())\n", "    "
        )
    )
    with pytest.raises(ReadError, match="the decorator twice may change what runs"):
        names["M"].actions()


IN_A_CLASS = [
    ("class N(M):\n    nov = Epoch(1)", "no state variable or ClassVar of that name"),
    ("class N(M):\n    def go(s, t: Thread) -> None: pass", "decorate it with @action"),
    ("class N(M):\n    @invariant\n    def go(s) -> bool: return True", "@invariant overrides @action"),
    ("class N(M):\n    def flag(s) -> bool: return True", "hides the state variable"),
    ("class N(M):\n    def actions(s) -> bool: return True", "the name belongs to Model"),
    ("class N(M):\n    x: Thread = 0", "cannot be held in the state"),
    ("class N(M):\n    x: Map[Epoch, Thread] = each(0)", "cannot be held in the state"),
    ("class N(M):\n    x: float = 0", "no sort is called"),
    ("class N(M):\n    x: Map[int, int] = each(0)", "a map goes from"),
    ("class N(M):\n    x: Map[Epoch, Map[Epoch, int]] = each(0)", "a map goes from"),
    ("class N(M):\n    x: Map[Epoch, int] = 0", "expected each"),
    ("class N(M):\n    x: bool = 0", "expected a first value of sort bool"),
    ("class N(M):\n    x: int = True", "expected a first value of sort int"),
    ("class N(M):\n    x: Epoch = Version(1)", "expected a first value of sort Epoch"),
    ("class N(M):\n    x: Epoch = -1", "expected a first value of sort Epoch"),
    ("class N(M):\n    x: Gate = Pc.A", "expected a first value of sort Gate"),
    ("class N(M):\n    x: Map[Thread, int] = each(0, {0: 1})", "interchangeable"),
    ("class N(M):\n    x: Map[Pc, int] = each(0, {Gate.A: 1})", "sort Pc"),
    ("class N(M):\n    x: int", "expected a first value"),
    ("class N(M):\n    @action('not a rule')\n    def stop(s) -> None: pass", "expected rule ids"),
    ("from enum import IntEnum\nclass I(IntEnum):\n    A = 1\nclass N(M):\n    x: I = I.A", "plain enum.Enum"),
    ("class N(M):\n    x: Nowhere = 1", "not defined yet"),
]


@pytest.mark.parametrize(("text", "reason"), IN_A_CLASS, ids=[t.replace("\n", "; ") for t, _ in IN_A_CLASS])
def test_a_class_that_would_silently_mean_something_else_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DefinitionError, match=reason):
        load(HEAD + STATE + textwrap.indent(ACTION + "    s.flag = True\n", "    ") + text + "\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("@action\ndef go(s, t) -> None:\n    pass\n", "no annotation"),
        ("@action\ndef go(s, n: int) -> None:\n    pass\n", "finitely many"),
        ("@action\ndef go(s, n: Thread = 0) -> None:\n    pass\n", "without a default"),
        ("@action(process='u')\ndef go(s, t: Thread) -> None:\n    pass\n", "not one of its parameters"),
    ],
)
def test_parameters_of_actions_are_checked(text: str, reason: str) -> None:
    with pytest.raises(DefinitionError, match=reason):
        model(text).actions()


def test_a_model_without_a_file_is_refused() -> None:
    names: dict[str, Any] = {"__name__": "made_by_exec"}
    text = HEAD.replace("from __future__ import annotations", "") + STATE + "    @action\n    def go(s) -> None: pass\n"
    exec(compile(text, "<nowhere>", "exec", dont_inherit=True), names)
    with pytest.raises(DefinitionError, match="the source is not there"):
        names["M"].actions()
