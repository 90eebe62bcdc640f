"""The generated functions that take steps and judge claims on parts.

Five functions are written for a model and a scope:

``shared_steps(E, out)``, ``local_steps(E, A0, out)``
    what the steps do that look at the shared part, or at it and one element's part;
``joint_steps(E, A0, A1, ..., out)``
    those that look at several elements (few models have any);
``shared_claims(E, out)``, ``local_claims(E, A0, out)``
    broken claims, and ``sometimes`` that are met.

Each appends records to ``out``, an `Outcome`.  Instances that share a conjunct of their guards (as a rule: the same
program counter) are nested under one test of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiesce_model.explore.analysis import Analysis, Claim, Step
from quiesce_model.explore.codegen import Writer, compile_text
from quiesce_model.explore.layout import Layout
from quiesce_model.language.expr import FALSE, TRUE, Expr, conjuncts, land

__all__ = ["Generated", "Outcome"]

Part = tuple[int, ...]


@dataclass(slots=True)
class Outcome:
    """What the generated functions found at one pair of parts."""

    moves: list[tuple[Any, ...]] = field(default_factory=list)  # (step, new parts..., check to make or 0)
    edge: list[int] = field(default_factory=list)  # steps that the finite scope cuts off
    broken: list[tuple[int, str, bool]] = field(
        default_factory=list
    )  # (step, label, an assert: there is no state after it)
    pairs: list[int] = field(default_factory=list)  # pair asserts to evaluate for each element beside the mover
    doubtful: list[tuple[int, int]] = field(default_factory=list)  # (step, joint assert to evaluate)
    false: list[str] = field(default_factory=list)  # claims about the state
    met: list[str] = field(default_factory=list)  # sometimes


class Generated:
    """Compiles an analysis; ``text`` is what was generated, for the curious and for tests."""

    def __init__(self, name: str, layout: Layout, analysis: Analysis) -> None:
        self.layout, self.analysis = layout, analysis
        self.writer = Writer(layout)
        self.steps = [*analysis.shared_steps, *analysis.local_steps, *analysis.joint_steps]
        self.number = {id(s): n for n, s in enumerate(self.steps)}
        self._judges: dict[Expr, Callable[..., object]] = {}
        self.checks: list[list[Claim]] = [[]]  # 0: nothing to check
        self.doubts: list[tuple[str, Expr]] = []
        self.pairs: list[tuple[int, str, Expr]] = []
        self.promises: dict[Expr, int] = {}
        self.everyone = "".join(f", A{e}" for e in range(layout.elements))
        lines = self._steps("shared_steps(E, out)", analysis.shared_steps)
        lines += self._steps("local_steps(E, A0, out)", analysis.local_steps)
        lines += self._steps(f"joint_steps(E{self.everyone}, out)", analysis.joint_steps)
        lines += self._claims("shared_claims(E, out)", analysis.shared_claims, analysis.shared_sometimes)
        lines += self._claims("local_claims(E, A0, out)", analysis.local_claims, analysis.local_sometimes)
        for n, check in enumerate([*self.checks, analysis.joint_claims]):
            lines += [f"def check_{n}(E{self.everyone}):", *self._first_false(check), "    return None", ""]
        for n, (_, e) in enumerate(self.doubts):
            lines += [f"def doubt_{n}(E{self.everyone}):", f"    return {self.writer(e)}", ""]
        for e, k in self.promises.items():
            lines += [f"def promise_{k}(E, A0, F, B0):", f"    return {self.writer(e)}", ""]
        for k, (n, _, e) in enumerate(self.pairs):
            mover = "" if self.steps[n] in analysis.shared_steps else "A0, "
            other = "A1" if mover else "A0"
            lines += [f"def pair_{k}(E, {mover}{other}):", f"    return {self.writer(e)}", ""]
        lines += [f"def met(E{self.everyone}):", "    return [" + self._met() + "]", ""]
        self.text = "\n".join(lines)
        space = compile_text(self.text, name)
        self.shared_steps: Callable[[Part, Outcome], None] = space["shared_steps"]
        self.local_steps: Callable[[Part, Part, Outcome], None] = space["local_steps"]
        self.joint_steps: Callable[..., None] = space["joint_steps"]
        self.shared_claims: Callable[[Part, Outcome], None] = space["shared_claims"]
        self.local_claims: Callable[[Part, Part, Outcome], None] = space["local_claims"]
        self.check: list[Callable[..., str | None]] = [space[f"check_{n}"] for n in range(len(self.checks))]
        self.check_all: Callable[..., str | None] = space[f"check_{len(self.checks)}"]
        self.doubt: list[Callable[..., bool]] = [space[f"doubt_{n}"] for n in range(len(self.doubts))]
        self.pair: list[Callable[..., bool]] = [space[f"pair_{k}"] for k in range(len(self.pairs))]
        self.joint_met: Callable[..., list[str]] = space["met"]

    def judge(self, claim: Claim, parts: tuple[Part, ...]) -> bool:
        """Whether a joint claim holds in a state; compiled when it is first asked for."""
        found = self._judges.get(claim.expr)
        if found is None:
            text = f"def judge(E{self.everyone}):\n    return {self.writer(claim.expr)}"
            found = self._judges[claim.expr] = compile_text(text, claim.name)["judge"]
        return bool(found(*parts))

    def _met(self) -> str:
        parts = [f"*({c.name!r},) * bool({self.writer(c.expr)})" for c in self.analysis.joint_sometimes]
        return ", ".join(parts)

    def _first_false(self, claims: Sequence[Claim]) -> list[str]:
        return [f"    if not {self.writer(c.expr)}: return {c.name!r}" for c in claims]

    def _claims(self, head: str, claims: Sequence[Claim], sometimes: Sequence[Claim]) -> list[str]:
        lines = [f"def {head}:"]
        lines += [f"    if not {self.writer(c.expr)}: out.false.append({c.name!r})" for c in claims]
        lines += [f"    if {self.writer(c.expr)}: out.met.append({c.name!r})" for c in sometimes]
        return [*lines, "    return", ""]

    def _steps(self, head: str, steps: Sequence[Step]) -> list[str]:
        groups: dict[Expr, list[tuple[Step, Expr]]] = {}
        for s in steps:
            parts = conjuncts(s.instance.guard) or (TRUE,)
            groups.setdefault(parts[0], []).append((s, land(*parts[1:])))
        lines = [f"def {head}:"]
        for first, members in groups.items():
            lines.append(f"    if {self.writer(first)}:")
            for s, rest in members:
                pad = " " * 8
                if rest is not TRUE:
                    lines.append(f"{pad}if {self.writer(rest)}:")
                    pad += "    "
                lines += [pad + text for text in self._step(s)]
        return [*lines, "    return", ""]

    def _step(self, s: Step) -> list[str]:
        n, i, w = self.number[id(s)], s.instance, self.writer
        lines, word = [], "if"
        for label, e in s.asserts:
            lines.append(f"{word} not {w(e)}: out.broken.append(({n}, {label!r}, True))")
            word = "elif"
        if i.in_scope is not TRUE:
            lines.append(f"{word} not {w(i.in_scope)}: out.edge.append({n})")
            word = "elif"
        pad = "    " if lines else ""
        lines += ["else:"] if lines else []
        local = s in self.analysis.local_steps
        lines += [pad + text for text in self._targets(s)]
        for label, e in s.promises:
            call = f"promise_{self._promise(e)}(E, {'A0' if local else None}, F, {'B0' if local else None})"
            lines.append(f"{pad}if not {call}: out.broken.append(({n}, {label!r}, False))")
        lines += [f"{pad}if not {w(e)}: out.broken.append(({n}, {label!r}, False))" for label, e in s.inline]
        for label, sure, e in s.pair_asserts:
            self.pairs.append((n, label, e))
            lines.append(f"{pad}if not {w(sure)}: out.pairs.append({len(self.pairs) - 1})")
        for label, sure, e in s.joint_asserts:
            self.doubts.append((label, e))
            lines.append(f"{pad}if not {w(sure)}: out.doubtful.append(({n}, {len(self.doubts) - 1}))")
        check = "0"
        if s.joint_claims:
            claims = [c for c, _ in s.joint_claims]
            if claims not in self.checks:
                self.checks.append(claims)
            check = str(self.checks.index(claims))
            sure = land(*(kept for _, kept in s.joint_claims))
            if sure is not FALSE:
                check = f"0 if {w(sure)} else {check}"
        joint = self.layout.elements if s in self.analysis.joint_steps else 0
        then = "".join(f", B{e}" for e in range(joint or local))
        lines.append(f"{pad}out.moves.append(({n}, F{then}, {check}))")
        return lines

    def _targets(self, s: Step) -> list[str]:
        """The parts after a step, as ``F``, ``B0`` ..."""
        changed: dict[int | None, dict[int, Expr]] = {}
        for key, e in s.instance.post.items():
            element, position = self.layout.place[key]
            changed.setdefault(element, {})[position] = e
        lines = [f"F = {self.writer.part(changed.get(None, {}), len(self.layout.shared), 'E')}"]
        elements = self.layout.elements if s in self.analysis.joint_steps else int(s in self.analysis.local_steps)
        columns = len(self.layout.columns)
        lines += [f"B{e} = {self.writer.part(changed.get(e, {}), columns, f'A{e}')}" for e in range(elements)]
        return lines

    def _promise(self, e: Expr) -> int:
        """The number of the function that judges a claim about two states."""
        return self.promises.setdefault(e, len(self.promises))
