"""Where the model is, how it goes on, and how that is compared with the running code.  `refine` says the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import ref

from quiesce_model.language import Condition
from quiesce_model.vocabulary import Gate, Pc

from .abstraction import Abstraction
from .failure import NotAStep, rows_of, rules_of
from .graph import Graph, Node
from .tally import Seen

__all__ = ["SETUP", "Hold", "Stepping", "Taken"]

SETUP: Final = "setup"
"""The thread that runs before the others begin and after they have ended; it shares the first element of each sort,
which is at rest then."""

IDLE, READ, ANNOUNCE, CONFIRM, RETRACT, RUN, NESTED, PEEK, LOOK, LOOK_AGAIN = range(len(Pc))
assert [p.name for p in Pc] == [
    "IDLE",
    "READ",
    "ANNOUNCE",
    "CONFIRM",
    "RETRACT",
    "RUN",
    "NESTED",
    "PEEK",
    "LOOK",
    "LOOK_AGAIN",
]  # fmt: skip - one line says it
HELD: Final = [g.name for g in Gate].index("HELD")
OWED: Final = ("M5", "V1", "R6")
"""The rules at stake if a caller goes on without the look that a release owes."""
UNREAD: Final = "(unread)"
"""Takes back a read that led to nothing; see `Refiner.read`."""
MOVABLE: Final = frozenset({"announce", "confirm", "retract", "finish", "peek"})
"""A caller's steps that nobody else can notice, but by a look at holders, once the record is not the current one."""


@dataclass(slots=True)
class Hold:
    """One slot that somebody took."""

    thread: int
    epoch: int
    depth: int
    alive: ref[Any]


@dataclass(slots=True)
class Taken:
    """One model step inside a section's window, in order."""

    action: str
    args: tuple[int, ...]
    mine: bool
    """It is the section's own."""
    over: bool
    """A caller's step on a record that is no longer the current one: it may be moved behind the section."""


class Stepping:
    """The model beside one execution; raises nothing: `failure` is the first step that is none of its own.

    Args:
        graph: the model; shared by all executions of a configuration.
        names: of the threads, in the order of the model's elements; each may be a caller and an upgrader of the model.
        who: the running thread's name; empty when the execution is over and its threads are being unwound.
        struck: whether a thread of that name was interrupted.
        seen: counts the actions that were taken and what came up, over many executions.

    """

    def __init__(
        self,
        graph: Graph,
        names: Sequence[str],
        who: Callable[[], str],
        struck: Callable[[str], bool],
        seen: Seen,
    ) -> None:
        self.graph, self.who, self.struck, self.seen = graph, who, struck, seen
        self.witnessed = seen.witnessed
        self._names = [*names]
        self.threads = {name: i for i, name in enumerate(names)} | {SETUP: 0}
        self.node: Node = graph.first
        self.failure: NotAStep | None = None
        self.steps = 0
        at = graph.compiled.layout.offset
        self._pc, self._epoch, self._now, self._gate = at["pc"], at["epoch"], at["now"], at["gate"]
        self._holders = at["holders"]
        self._woken = at["woken"], graph.compiled.layout.width["woken"]
        self._abstract: Abstraction | None = None
        self._book: Any = None
        self._shown: Any = None
        self._held: dict[int, Hold] = {}
        self._depth: Counter[int] = Counter()
        self._base: Node | None = None
        self._log: list[Taken] = []
        self._publishing: tuple[str, tuple[int, ...]] | None = None
        self._refused: tuple[str, tuple[int, ...]] | None = None

    def begin(self, core: Any, first: int) -> None:
        """The plugin is built: from here on it is followed."""
        self._abstract = Abstraction(self.graph.compiled.layout, core, first)
        self._book, self._shown = core.book, core.current
        self._compare(SETUP, "the plugin is built", "")

    def _stepped(self, node: Node, action: str, args: tuple[int, ...]) -> Node | None:
        if action is not UNREAD:
            return self.graph.after(node, action, args)
        state = list(node.state)
        state[self._pc + args[0]], state[self._epoch + args[0]] = READ, 0
        return self.graph.node(tuple(state))

    # -- steps --------------------------------------------------------------------------------------------------------
    def _call(self, action: str, t: int, me: str, did: str) -> None:
        if self.failure is None and not self._take(action, (t,), mine=False):
            self._fail(me, did, action, (t,))

    def _take(self, action: str, args: tuple[int, ...], *, mine: bool) -> bool:
        before = self.node
        after = self.graph.after(before, action, args)
        if self._base is not None:
            over = action in MOVABLE and before.state[self._epoch + args[0]] < before.state[self._now]
            self._log.append(Taken(action, args, mine, over))
        if after is None:
            if mine:
                self._refused = (action, args)
            return False
        if before.broken and (action, args) in before.broken:
            self._fail(self.who(), "takes a step that breaks a claim", action, args, broken=before.broken[action, args])
        self.node = after
        self.witnessed[action] += 1
        self.steps += 1
        return True

    # -- comparing ----------------------------------------------------------------------------------------------------
    def _real(self, node: Node | None = None) -> tuple[int, ...]:
        assert self._abstract is not None
        out = self._abstract.over((node or self.node).state, self._shown)
        for u in self._abstract.attempts:
            if self.struck(self._names[u]):  # it is on its way out and waits for nothing any more
                at = self._woken[0] + u
                out = (*out[:at], (node or self.node).state[at], *out[at + 1 :])
        return out

    def _compare(self, me: str, did: str, action: str) -> None:
        real = self._real()
        if self.failure is None and real != self.node.state:
            self._differ(me, did, action, real)

    def _quiet(self, me: str, did: str) -> None:
        """Nothing that is shared has changed: outside of sections, book and pointer are the objects that they were."""
        assert self._abstract is not None
        core = self._abstract.core
        if self._base is None and self.failure is None and core.book is not self._book:
            self._compare(me, did, "")

    def _holding(self, record: Any, me: str, did: str) -> None:
        assert self._abstract is not None
        if self.failure is not None:
            return
        a, number = self._abstract, record.number
        if a.held(record) - a.surplus.get(number, 0) != self.node.state[self._holders + number]:
            self._differ(me, did, "", self._real())

    def _same_record(self, t: int, number: int, me: str, did: str) -> None:
        if self.failure is None and self.node.state[self._epoch + t] != number:
            self._fail(me, did, "", differs=("epoch",))

    # -- failing ------------------------------------------------------------------------------------------------------
    def _differ(self, me: str, did: str, action: str, real: tuple[int, ...]) -> None:
        layout = self.graph.compiled.layout
        names = []
        for name in layout.sorts:
            at = layout.offset[name]
            if real[at : at + layout.width[name]] != self.node.state[at : at + layout.width[name]]:
                names.append(name)
        self._fail(me, did, action, differs=tuple(names), real=real)

    def _fail(
        self,
        me: str,
        did: str,
        action: str,
        args: tuple[int, ...] | None = None,
        *,
        differs: tuple[str, ...] = (),
        broken: tuple[tuple[str, tuple[str, ...]], ...] = (),
        real: tuple[int, ...] | None = None,
    ) -> None:
        if self.failure is not None:
            return
        compiled, rules = self.graph.compiled, [r for _, ids in broken for r in ids]
        guards: tuple[str, ...] = ()
        missing: list[Condition] = []
        if args is not None and not broken:
            missing = compiled.why_disabled(action, self.node.state, args)
            guards = tuple(f"{c.text}    ({c.place})" for c in missing)
            rules += [r for _, ids in compiled.forced(action, self.node.state, args).broken for r in ids]
            if not rules:
                variables = tuple(v for c in missing for v in sorted(c.expr.reads))
                stands = self.node.state[self._pc + args[0]] if variables == ("pc",) else IDLE
                rules += OWED if stands in {PEEK, LOOK, LOOK_AGAIN} else rules_of(variables)
        rules += rules_of(differs)
        layout = compiled.layout
        shown = self._real() if real is None else real
        self.failure = NotAStep(
            self.steps + 1,
            me,
            did,
            action,
            guards,
            tuple(dict.fromkeys(rules)),
            differs,
            tuple(name for name, _ in broken),
            rows_of(layout.show(self.node.state), layout.show(shown)),
        )
