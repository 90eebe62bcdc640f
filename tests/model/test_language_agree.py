"""Running a method and reading its source mean the same: construct by construct, and for random methods."""

from __future__ import annotations

import textwrap
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from quiesce_model.language import Model, ReadError
from quiesce_model.language.compare import Differences, compare_in
from quiesce_model.language.context import Context
from quiesce_model.language.evaluate import UndefinedReadError
from quiesce_model.language.expr import FALSE, TRUE, Expr
from quiesce_model.language.expressions import Expressions
from quiesce_model.language.statements import Statements
from tests.model.language_methods import methods
from tests.model.language_sources import model, scope, states


def compare(m: type[Model], count: int = 60, **sizes: int) -> Differences:
    """Compare both readings in random states."""
    s = scope(m, **sizes)
    found = compare_in(m, s, states(m, s, count))
    assert not found.found, found
    return found


ACTIONS = {
    "early return": """
        require(s.pc[t] != Pc.C)
        if s.flag:
            s.count = 1
            return
        s.count = 2
        if s.gate == Gate.A:
            return
        s.count += 2
        """,
    "early return in nested branches": """
        if s.flag:
            if s.gate == Gate.A:
                s.count = 5
            else:
                s.now = Epoch(0)
                return
            s.count += 1
        elif s.done[t]:
            return
        s.done[t] = not s.done[t]
        """,
    "elif and locals merged": """
        if s.pc[t] == Pc.A:
            n, g = 1, Gate.A
        elif s.pc[t] == Pc.B:
            n, g = s.count, Gate.B
        else:
            n = s.count + 1
            g = s.gate
        s.count, s.gate = n, g
        """,
    "a local keeps the value that it was given": """
        before = s.count
        s.count += 1
        s.flag = before == s.count
        """,
    "reads see what was written": """
        s.pins[s.now] += 1
        s.pins[s.epoch[t]] += 1
        s.count = s.pins[s.now]
        """,
    "swap": "s.count, s.pins[s.now] = s.pins[s.now], s.count",
    "targets from left to right": "s.now, s.pins[s.now] = s.epoch[t], 7",
    "several targets": "s.count = s.pins[s.now] = 4",
    "chained comparison": "require(0 <= s.count < 2 <= s.count + 1)",
    "chained comparison stops early": "require(s.now != 2 != s.now + s.pins[s.now + 1])\ns.flag = True",
    "chain with an index beyond the scope": "require(1 < s.now < s.epoch[t] == s.now + s.pins[s.now + 1])",
    "tuples are compared in order": """
        require((s.now, s.count) < (s.epoch[t], 1))
        s.flag = (s.now, s.gate) == (s.epoch[t], Gate.B)
        s.done[t] = (s.count, s.now) >= (1, s.epoch[t])
        """,
    "membership": """
        require(s.pc[t] in (Pc.A, Pc.B), s.pc[t] not in {Pc.B}, s.count in [1, 2, 3])
        s.flag = s.pc[t] in BUSY
        """,
    "if else": "s.now = 0 if s.flag else s.epoch[t]\ns.count = (1 if s.done[t] else 2) + s.count",
    "literals of either branch are numbers of any sort": "s.now = 1 if s.flag else 0",
    "and or": "require(s.flag and s.count == 1 or not s.flag and s.done[t])",
    "short circuit keeps an index in scope": "require(s.now < 2 and s.code[s.now + 1] == 0)\ns.flag = True",
    "no short circuit goes out of scope": "require(s.code[s.now + 1] == 0 and s.now < 2)\ns.flag = True",
    "all conditions of a require are evaluated": "require(s.flag, s.code[s.now + 1] == 0)\ns.count = 1",
    "implies evaluates both": "require(implies(s.now < 2, s.code[s.now + 1] == 0))",
    "an index below the scope": "s.flag = s.code[s.now - 1] == 0",
    "a number below the scope": "s.now -= 1",
    "beyond the scope and back": "s.now += 2\ns.now -= 2\ns.flag = True",
    "beyond the scope by a map's value": "s.epoch[t] = s.now + 1",
    "a local beyond the scope does no harm": "e = s.now + 5\ns.flag = e > s.newer()",
    "beyond the scope in a branch that is not taken": "if s.now < 2:\n    s.now += 1\nelse:\n    s.flag = True",
    "a constant index beyond the scope": "if s.flag:\n    s.pins[Epoch(7)] = 1\nrequire(s.count == 0)",
    "require after a change": "s.count += 1\nrequire(s.count < 3)\ns.flag = True",
    "require after a step beyond the scope": "s.now += 1\nrequire(s.flag)",
    "require in a branch whose condition is beyond the scope": """
        if s.pins[s.now - 1] < s.count:
            s.count = 0
        else:
            require(s.flag)
            assert s.done[t], "R1: done"
        """,
    "the branch of a need is left after its value was used": """
        if s.done[t]:
            s.count = s.pins[s.now + 1]
        if s.count < 0:
            s.count = 1
        elif not s.done[t]:
            require(s.flag)
            assert s.count < 9, "R9: few"
        """,
    "require behind a branch beyond the scope": "if s.flag:\n    s.now += 1\nrequire(s.count == 0)\ns.count = 1",
    "assert": "require(s.flag)\nassert s.count < 2, 'R3: few'\nassert s.done[t], 'M1, M2: done'\ns.count += 1",
    "assert before the scope ends": "assert s.count < 2, 'R3: few'\ns.now += 1\nassert s.flag, 'R5: flag'",
    "assert in a branch": """
        if s.flag:
            assert s.count < 2, 'R3: few'
        else:
            require(s.done[t])
        s.flag = False
        """,
    "for": "for u in every(Thread):\n    s.done[u] = s.pc[u] == Pc.A or s.done[u]",
    "for with branches, locals and two maps": """
        for u in every(Thread):
            n = s.epoch[u]
            if s.done[u]:
                s.done[u] = False
                s.epoch[u] = s.now
            else:
                s.pc[u] = Pc.B if n == s.now else Pc.C
        s.count = sum(s.done[u] for u in every(Thread))
        """,
    "for beyond the scope": "for u in every(Thread):\n    if s.done[u]:\n        s.epoch[u] += 1",
    "for over numbers": "for e in every(Epoch):\n    s.pins[e] = s.pins[e] + (1 if e == s.now else 0)",
    "for over an enum": "for p in every(Pc):\n    s.tally[p] = sum(s.pc[u] == p for u in every(Thread))",
    "for through words": "for u in every(Thread):\n    s.mark(u)",
    "words with defaults and names": "s.bump()\ns.bump(2)\ns.bump(by=s.pins[s.now], twice=True)",
    "words that return tuples": "a, b = s.pair(t)\ns.count = a\ns.flag = b",
    "words that change and return": "got = s.take(t)\nif got:\n    s.count += 1",
    "words that return early": "s.count = s.kind(t)",
    "a module's function": "s.count = clip(s.count, 2)",
    "property, static method, constant": "require(s.idle)\ns.count = s.twice(s.count) % s.cap\ns.gate = s.mode",
    "min, max, int": "s.count = max(min(s.count, 1), int(s.now), int(s.flag))",
    "casts": "s.newest = Version(s.now % 2)\ns.flag = int(s.newest) < int(s.now)",
    "numbers that are subtracted": "s.count = s.now - s.epoch[t]",
    "modulus of negative numbers": "s.count = (s.count - 3) % 2",
    "unary minus": "s.count = -s.count + +1",
    "identity of enums": "require(s.pc[t] is Pc.A, s.gate is not Gate.A)",
    "a map by another name": "m = s.pins\ns.pins[s.now] = 3\ns.count = m[s.now] + s.of(s.pins, s.now)",
    "sum of numbers": "s.count = sum(s.pins[e] for e in every(Epoch) if e <= s.now)",
    "sum over two": "s.count = sum(s.epoch[u] == e for u in every(Thread) for e in every(Epoch) if s.pins[e] > 0)",
    "sum of ones": "s.count = sum(1 for u in every(Thread) if s.done[u])",
    "sum beyond the scope": "s.count = sum(s.code[e + 1] == 0 for e in every(Epoch) if e < s.now)",
    "all beyond the scope, in order": "s.flag = all(s.code[e + 1] == 0 for e in every(Epoch))",
    "any beyond the scope, in order": "s.flag = any(s.code[e + 1] == 1 for e in every(Epoch) if s.pins[e] != 0)",
    "over an enum, in order": "s.flag = all(s.tally[p] < s.pins[s.now + s.tally[p]] for p in every(Pc))",
    "over two, in order": """
        s.flag = any(s.code[e + 1] == v for e in every(Epoch) if s.pins[e] > 0 for v in every(Version) if v < s.newest)
        """,
    "nested quantifiers, in order": """
        s.flag = all(any(s.pins[f + 1] > s.pins[e] for f in every(Epoch) if f < e) for e in every(Epoch) if e != s.now)
        """,
    "over a tuple": "s.flag = any(s.pc[t] == p for p in (Pc.A, Pc.C))\ns.count = sum(x for x in (s.count, 1) if x > 0)",
    "over a tuple, in order": "s.flag = any(s.pins[e] > 0 for e in (s.now, s.now + 1, s.now + 2))",
    "the same name inside and outside": """
        e = s.now
        s.flag = all(s.pins[e] >= 0 for e in every(Epoch) if any(s.epoch[t] == e for t in every(Thread)))
        s.count = s.pins[e]
        s.done[t] = True
        """,
    "a quantifier over what a loop wrote": """
        for u in every(Thread):
            s.done[u] = any(s.epoch[w] < s.epoch[u] for w in every(Thread))
        s.flag = any(s.done[w] and all(s.done[u] for u in every(Thread) if u != w) for w in every(Thread))
        """,
    "tuple indexed": "pair = (s.count, s.now)\ns.count = pair[0] + 1\ns.now = pair[-1]",
    "annotated local": "n: int = s.count\ns.count = n + 1",
    "a constant decides": "if s.mode == Gate.B:\n    s.nowhere = 1\nelse:\n    s.flag = True",
}

WORDS = """
@property
def idle(s) -> bool:
    return s.pc[s.first()] == Pc.A if False else s.count != 1

@staticmethod
def twice(n: int) -> int:
    return n + n

def newer(s) -> Epoch:
    return s.now + 1

def of(s, m: Map[Epoch, int], e: Epoch) -> int:
    return m[e]

def mark(s, u: Thread) -> None:
    if s.pc[u] == Pc.A:
        s.done[u] = True

def bump(s, by: int = 1, *, twice: bool = False) -> None:
    s.count += by
    if twice:
        s.count += by

def pair(s, t: Thread) -> tuple[int, bool]:
    if s.done[t]:
        return s.count, True
    return 1, s.flag

def take(s, t: Thread) -> bool:
    if s.done[t]:
        return False
    s.done[t] = True
    return True

def kind(s, t: Thread) -> int:
    if s.pc[t] == Pc.A:
        return 1
    if s.done[t]:
        return s.count
    return 3
"""

MORE = """
def clip(n: int, most: int) -> int:
    return most if n > most else n
"""


def with_action(body: str, words: str = WORDS) -> type[Model]:
    return model(
        words + "@action\ndef go(s, t: Thread) -> None:\n" + textwrap.indent(textwrap.dedent(body), "    ") + "\n", MORE
    )


@pytest.mark.parametrize("body", ACTIONS.values(), ids=ACTIONS)
def test_an_action_means_the_same_in_both_readings(body: str) -> None:
    found = compare(with_action(body), threads=2)
    assert found.states == 60
    compare(with_action(body), threads=1, epochs=2, versions=1)
    compare(with_action(body), threads=3, epochs=4, versions=3)


CLAIMS = {
    "early return": "if s.flag:\n    return True\nreturn s.count == 1",
    "beyond the scope": "return s.code[s.now + 1] == 0",
    "beyond the scope on one path": "return s.now == 2 or s.code[s.now + 1] == 0",
    "a filter keeps it in scope": "return all(s.code[e] <= s.code[e + 1] for e in every(Epoch) if e < s.now)",
    "locals": "e = s.now\nn = s.pins[e]\nreturn n == s.count",
    "counted": "return all(s.pins[e] == sum(s.holds(t, e) for t in every(Thread)) for e in every(Epoch))",
    "if else in a quantifier": """
        return all(
            s.flag if s.pc[t] == Pc.A else s.done[t] if s.pc[t] == Pc.B else s.epoch[t] == s.now for t in every(Thread)
        )
        """,
    "two elements": "return all(t == u for t in every(Thread) for u in every(Thread) if s.done[t] and s.done[u])",
}


@pytest.mark.parametrize("body", CLAIMS.values(), ids=CLAIMS)
def test_a_claim_means_the_same_in_both_readings(body: str) -> None:
    words = "def holds(s, t: Thread, e: Epoch) -> bool:\n    return s.pc[t] in BUSY and s.epoch[t] == e\n"
    text = words + "@invariant('R3')\ndef claim(s) -> bool:\n" + textwrap.indent(textwrap.dedent(body), "    ")
    for n in (1, 2, 3):
        compare(model(text + "\n"), threads=n, epochs=n + 1)


def test_a_transition_means_the_same_in_both_readings() -> None:
    m = model("""
        @action
        def publish(s, t: Thread) -> None:
            require(not s.done[t])
            s.now += 1
            s.code[s.now] = s.newest
            s.done[t] = True

        def held(s, e: Epoch) -> bool:
            return any(s.epoch[t] == e for t in every(Thread))

        @transition("T1")
        def one_more(s, after: M) -> bool:
            return after.now == s.now + 1 and after.held(s.now) == s.held(s.now) and after.code[after.now] == s.newest

        @transition
        def looks_ahead(s, after: M) -> bool:
            return after.code[after.now + 1] == s.code[s.now]
        """)
    found = compare(m)
    assert found.edges > 10
    assert found.out_of_scope > 10


def _takes_every_branch(self: Statements, test: Expr, yes: Any, no: Any, node: Any) -> Any:
    del test, no, node
    return self.block(yes)


FAULTS: dict[str, tuple[type, str, Any, str]] = {
    "needs are forgotten": (Context, "need_that", lambda *_: None, "s.now += 1"),
    "a guard forgets its path": (Context, "premise", lambda _: TRUE, "if s.flag:\n    require(s.done[t])\ns.count = 1"),
    "a guard forgets the scope": (Context, "premise", lambda c: c.path, "s.now += 1\nrequire(s.flag)"),
    "every branch is taken": (Statements, "branch", _takes_every_branch, "if s.flag:\n    s.count = 9"),
    "a chain is cut": (Expressions, "visit_compare", lambda _, node: FALSE, "s.flag = 0 < s.count < 2"),
    "paths are not followed": (
        Context,
        "under",
        lambda *_: nullcontext(),
        "s.flag = s.now < 2 and s.code[s.now + 1] == 0",
    ),
}


@pytest.mark.parametrize(("cls", "name", "fault", "body"), FAULTS.values(), ids=FAULTS)
def test_a_reader_that_misreads_is_found_out(
    cls: type, name: str, fault: Any, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(with_action(body))
    monkeypatch.setattr(cls, name, fault)
    m = with_action(body)
    try:
        found = compare_in(m, scope(m), states(m, scope(m), 60))
    except UndefinedReadError:
        return
    assert found.found


SUBCLASSES = {
    "a constant": "class N(M):\n    mode = Gate.B\n",
    "an action": "class N(M):\n    @action\n    def go(s, t: Thread) -> None:\n        s.flag = not s.flag\n",
    "super": """
        class N(M):
            @action
            def go(s, t: Thread) -> None:
                super().go(t)
                s.flag = True
        """,
    "super of a word": "class N(M):\n    def word(s) -> int:\n        return super().word() + 1\n",
    "the class by name": """
        class N(M):
            @action
            def go(s, t: Thread) -> None:
                M.go(s, t)
                s.flag = True
        """,
    "two in a row": """
        class K(M):
            def word(s) -> int:
                return super().word() + 1

        class L(M):
            def word(s) -> int:
                return super().word() + 10

        class N(K, L):
            pass
        """,
    "more state": """
        class N(M):
            seen: Map[Thread, bool] = each(False)

            @action
            def see(s, t: Thread) -> None:
                s.seen[t] = s.done[t]
        """,
    "without an action": "class N(M):\n    go = None\n    @action\n    def stop(s) -> None:\n        s.flag = False\n",
}


@pytest.mark.parametrize("text", SUBCLASSES.values(), ids=SUBCLASSES)
def test_a_subclass_means_the_same_in_both_readings(text: str) -> None:
    body = """
        @action
        def go(s, t: Thread) -> None:
            require(s.pc[t] == Pc.A)
            s.count = s.word()
            if s.mode == Gate.B:
                s.done[t] = True

        def word(s) -> int:
            return s.count + 1

        """
    m = model(body, text)
    found = compare(m)
    assert m.__name__ == "N"
    assert found.edges > 10


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=methods(), seed=st.integers(0, 1000))
def test_random_methods_mean_the_same_in_both_readings(text: str, seed: int) -> None:
    note(text)
    m = model(text)
    try:
        m.actions()
        m.claims()
    except ReadError as error:
        event(f"refused: {error.reason[:30]}")
        return
    event("read")
    sizes = scope(m)
    found = compare_in(m, sizes, states(m, sizes, 25, seed))
    event("some steps" if found.edges else "no steps")
    assert not found.found, found
