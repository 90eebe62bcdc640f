"""Random methods, as source text: mostly well sorted, some not, out of scope now and then."""

from __future__ import annotations

import textwrap

from hypothesis import strategies as st


class Writer:
    """Writes expressions and statements with the names that are in scope.

    :param draw: what Hypothesis gives.
    """

    def __init__(self, draw: st.DrawFn, *, action: bool) -> None:
        self.draw, self.action = draw, action
        self.names: dict[str, list[str]] = {"Thread": ["t"] if action else [], "Epoch": [], "int": [], "bool": []}
        self.serial = 0

    def pick(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def fresh(self) -> str:
        self.serial += 1
        return f"x{self.serial}"

    def thread(self, depth: int) -> str:
        del depth
        return self.pick(*self.names["Thread"])

    def epoch(self, depth: int) -> str:
        options = (
            ["s.now", "s.now", "now + 1", "- 1", "if"]
            + ["s.epoch"] * bool(self.names["Thread"])
            + self.names["Epoch"] * 2
        )
        match self.pick(*options):
            case "s.epoch":
                return f"s.epoch[{self.thread(depth)}]"
            case "now + 1":
                return f"s.now + {self.pick('1', '2')}"
            case "- 1":
                return f"{self.epoch(depth - 1)} - 1" if depth > 0 else "s.now - 1"
            case "if":
                if depth <= 0:
                    return "s.now"
                return (
                    f"({self.epoch(depth - 1)} if {self.boolean(depth - 1)} else {self.pick('0', '1', self.epoch(0))})"
                )
            case other:
                return other

    def number(self, depth: int) -> str:
        kinds = ["s.count", "0", "1", "2", "pins", *self.names["int"]]
        match self.pick(*kinds, *(["+", "-", "%", "if", "sum", "min", "word"] if depth > 0 else [])):
            case "pins":
                return f"s.pins[{self.epoch(depth - 1)}]"
            case "+" | "-" as op:
                return f"({self.number(depth - 1)} {op} {self.number(depth - 1)})"
            case "%":
                return f"({self.number(depth - 1)} % 2)"
            case "if":
                return f"({self.number(depth - 1)} if {self.boolean(depth - 1)} else {self.number(depth - 1)})"
            case "sum":
                return self.quantifier("sum", depth)
            case "min":
                return f"{self.pick('min', 'max')}({self.number(depth - 1)}, {self.number(depth - 1)})"
            case "word":
                return f"s.look({self.epoch(depth - 1)}, {self.number(depth - 1)})"
            case other:
                return other

    def quantifier(self, fn: str, depth: int) -> str:
        sort = self.pick("Thread", "Epoch")
        name = self.pick(self.fresh(), "y")
        had = list(self.names[sort])
        self.names[sort] = [*had, name]
        leaf = self.number(depth - 1) if fn == "sum" and self.pick("n", "b") == "n" else self.boolean(depth - 1)
        condition = f" if {self.boolean(depth - 1)}" if self.pick("if", "") else ""
        self.names[sort] = had
        return f"{fn}({leaf} for {name} in every({sort}){condition})"

    def boolean(self, depth: int) -> str:
        leaves = [
            "s.flag",
            "compare",
            "epochs",
            "gate",
            *self.names["bool"],
            *(["pc", "done"] if self.names["Thread"] else []),
        ]
        match self.pick(
            *leaves, *(["and", "or", "not", "chain", "all", "any", "implies", "if", "tuple"] if depth > 0 else [])
        ):
            case "compare":
                return f"{self.number(depth - 1)} {self.pick('<', '<=', '==', '!=', '>')} {self.number(depth - 1)}"
            case "epochs":
                return f"{self.epoch(depth - 1)} {self.pick('<', '==', '>=')} {self.epoch(depth - 1)}"
            case "gate":
                return f"s.gate {self.pick('==', 'is', '!=')} Gate.{self.pick('A', 'B')}"
            case "pc":
                return f"s.pc[{self.thread(0)}] {self.pick('== Pc.A', 'in (Pc.A, Pc.B)', 'not in BUSY')}"
            case "done":
                return f"s.done[{self.thread(0)}]"
            case "and" | "or" as op:
                return f"({self.boolean(depth - 1)} {op} {self.boolean(depth - 1)})"
            case "not":
                return f"(not {self.boolean(depth - 1)})"
            case "chain":
                return f"({self.number(depth - 1)} <= {self.number(depth - 1)} < {self.number(depth - 1)})"
            case "all" | "any" as fn:
                return self.quantifier(fn, depth)
            case "implies":
                return f"implies({self.boolean(depth - 1)}, {self.boolean(depth - 1)})"
            case "if":
                return f"({self.boolean(depth - 1)} if {self.boolean(depth - 1)} else {self.boolean(depth - 1)})"
            case "tuple":
                left, right = (f"({self.epoch(depth - 1)}, {self.number(0)})" for _ in range(2))
                return f"({left} {self.pick('<', '==')} {right})"
            case other:
                return other

    def block(self, depth: int, *, loop: str = "") -> str:
        """One to three statements; locals that they make are forgotten behind them."""
        had = {k: list(v) for k, v in self.names.items()}
        text = "".join(self.statement(depth, loop) for _ in range(self.draw(st.integers(1, 3))))
        self.names = had
        return text

    def statement(self, depth: int, loop: str) -> str:
        if loop:
            kinds = ["cell", "cell", "local", *(["if"] if depth > 0 else [])]
        else:
            kinds = ["scalar", "scalar", "pins", "local", "require", "assert", "word", "return"]
            kinds += ["if", "if", "for"] if depth > 0 else []
        match self.pick(*kinds):
            case "cell":
                target = self.pick(f"s.done[{loop}]", f"s.epoch[{loop}]")
                value = self.boolean(1) if "done" in target else self.epoch(1)
                return f"{target} = {value}\n"
            case "scalar":
                return self.scalar()
            case "pins":
                return f"s.pins[{self.epoch(1)}] {self.pick('=', '+=', '-=')} {self.number(1)}\n"
            case "local":
                sort = self.pick("int", "bool", "Epoch")
                value = {"int": self.number, "bool": self.boolean, "Epoch": self.epoch}[sort](1)
                name = self.fresh()
                self.names[sort].append(name)
                return f"{name} = {value}\n"
            case "require":
                return f"require({', '.join(self.boolean(1) for _ in range(self.draw(st.integers(1, 2))))})\n"
            case "assert":
                return f"assert {self.boolean(1)}, 'R{self.draw(st.integers(1, 5))}: random'\n"
            case "word":
                return f"s.bump({self.number(1)}, {self.pick('t', self.thread(0))})\n"
            case "return":
                return self.pick("return\n", "pass\n", "pass\n")
            case "if":
                head = f"if {self.boolean(2)}:\n" + textwrap.indent(self.block(depth - 1, loop=loop), "    ")
                if self.pick("else", ""):
                    head += "else:\n" + textwrap.indent(self.block(depth - 1, loop=loop), "    ")
                return head
            case _:
                had, name = list(self.names["Thread"]), self.fresh()
                self.names["Thread"] = [*had, name]
                body = self.block(depth - 1, loop=name)
                self.names["Thread"] = had
                return f"for {name} in every(Thread):\n" + textwrap.indent(body, "    ")

    def scalar(self) -> str:
        match self.pick("count", "now", "flag", "+=", "epoch", "swap"):
            case "count":
                return f"s.count = {self.number(2)}\n"
            case "now":
                return f"s.now = {self.epoch(2)}\n"
            case "flag":
                return f"s.flag = {self.boolean(2)}\n"
            case "+=":
                return f"s.now {self.pick('+=', '-=')} 1\n"
            case "epoch":
                return f"s.epoch[t] = {self.epoch(1)}\n"
            case _:
                return "s.count, s.pins[s.now] = s.pins[s.now], s.count\n"


WORDS = """
def look(s, e: Epoch, n: int) -> int:
    if e == s.now:
        return n
    return s.pins[e] + 1

def bump(s, n: int, t: Thread) -> None:
    if s.done[t]:
        s.count += n
        return
    assert n < 9, "R9: in a word"
    s.done[t] = True
"""


@st.composite
def methods(draw: st.DrawFn) -> str:
    """Two words, one action and one invariant."""
    action = Writer(draw, action=True).block(2)
    claim = Writer(draw, action=False).boolean(3)
    return (
        WORDS
        + "@action\ndef go(s, t: Thread) -> None:\n"
        + textwrap.indent(action, "    ")
        + f"\n@invariant\ndef holds(s) -> bool:\n    return {claim}\n"
    )
