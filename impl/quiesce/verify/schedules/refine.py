"""Step-by-step refinement: every operation of the real code is a step of the algorithm model, or changes nothing.

The seam tells of every operation right after it was done, while no other thread runs.  From that follows

1. **which action it is.**  A caller's operation and the program counter that it has in the model say which: a read of
   the pointer is ``read``, ``confirm`` or ``peek``; a slot that leaves the pool is ``announce``; one that comes back is
   ``finish`` or ``retract``.  A critical section says it itself (`Seam.step`), and takes place at its write of the
   pointer if it publishes.  Everything else stutters: taking and releasing the lock, copying a pool, setting an event.
2. **that the model allows it**: the action's guard holds in the state that the model is in.
3. **that both are in the same state afterwards**: at each publication and at each end of a section every variable is
   read off the real objects (`abstraction`); at an operation without lock, the record's holders are, and the book and
   the pointer have to be the very objects that they were.

Instants.  What a section does it does under the lock, but it looks at the pools of several records one after the other,
and callers take no lock.  So a section without publication counts as happening at *some* instant before its release,
against those steps of callers alone that nobody else can notice meanwhile: steps on a record that is no longer the
current one.  Such a step may be moved behind the section, because until its thread takes the lock for its look, only a
look at that very pool can tell.  No other step is ever moved: reads, starts and publications stand where they happened,
and therefore real-time order (rules T2 to T4) is kept.

Interrupts.  The model's upgraders can be interrupted, its callers cannot.  So for a thread that was struck, the
comparison is more permissive in these ways, and counts them (`Seen.allowances`): between announce and the call's start,
``confirm`` and ``finish`` (or ``retract``) are taken in one step; it may look once more than it owes, which does what
the model's ``look`` does for a caller that is somewhere else; its look may be cut short when it has freed and not yet
woken, and is then still owed; and nobody asks whether the event is set on which it waited itself.

Rejected: holding only the events against the model (`quiesce.verify.recorded` does, with sections made atomic); and
searching for any enabled action that fits, which finds a fit for code that does the right thing under the wrong name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final
from weakref import ref

from quiesce_model.language import Condition
from quiesce_model.vocabulary import Gate, Pc

from .abstraction import Abstraction
from .failure import NotAStep, rows_of, rules_of
from .graph import Graph, Node
from .tally import Seen

__all__ = ["SETUP", "Refiner"]

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
LOOKS: Final = frozenset({"look", "scan", "undo_scan", "cleanup_old"})
"""Actions that look at holders."""

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


class Refiner:
    """Follows one execution.  Told by `watch.WatchedSeam`; raises nothing: `failure` is the first step that is none.

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

    @property
    def deaf(self) -> bool:
        """There is nothing to follow yet, or no more.  Else everything up to here is known."""
        if self._abstract is None or self.failure is not None or not self.who():
            return True
        for key, hold in list(self._held.items()):
            if hold.alive() is None:  # it died, and those who want to know of it are told in some order
                self._died(key)
        return self.failure is not None

    # -- a call -------------------------------------------------------------------------------------------------------
    def read(self, record: Any) -> None:
        """The pointer was read."""
        if self.deaf:
            return
        me = self.who()
        t = self.threads[me]
        pc = self.node.state[self._pc + t]
        did = f"reads the pointer, epoch {record.number}"
        if pc == CONFIRM:
            self._call("confirm", t, me, did)
        elif pc == PEEK:
            self._call("peek", t, me, did)
        elif pc in (IDLE, READ, ANNOUNCE) and not self.struck(me):  # else it is on its way out
            if pc == ANNOUNCE:
                self._unread(t)
            elif pc == IDLE:
                self._call("invoke", t, me, did)
            if record.gate.name == "HELD" and self.node.state[self._gate] == HELD:
                self.seen.situations["a call waited at the gate"] += 1
            else:
                self._call("read", t, me, did)
        self._quiet(me, did)

    def _unread(self, t: int) -> None:
        """The last read led to nothing, no slot was free: the model's caller, which is alone with it, reads anew."""
        self.node = self._stepped(self.node, UNREAD, (t,)) or self.node
        if self._base is not None:
            self._log.append(Taken(UNREAD, (t,), mine=False, over=False))

    def _stepped(self, node: Node, action: str, args: tuple[int, ...]) -> Node | None:
        if action is not UNREAD:
            return self.graph.after(node, action, args)
        state = list(node.state)
        state[self._pc + args[0]], state[self._epoch + args[0]] = READ, 0
        return self.graph.node(tuple(state))

    def took(self, record: Any, slot: Any) -> None:
        """A slot left the pool."""
        if self.deaf:
            return
        me = self.who()
        t, number = self.threads[me], record.number
        did = f"takes a slot of epoch {number}"
        self._depth[t] += 1
        key = id(slot)
        self._held[key] = Hold(t, number, self._depth[t], ref(slot, lambda _: self._died(key)))
        if self._depth[t] == 1:
            self._call("announce", t, me, did)
        else:
            assert self._abstract is not None
            surplus = self._abstract.surplus
            surplus[number] = surplus.get(number, 0) + 1
            if self._depth[t] == 2:
                self._call("nest", t, me, did)
        self._same_record(t, number, me, did)
        self._holding(record, me, did)

    def gave(self, record: Any, key: int) -> None:
        """The slot at that address came into the pool."""
        if self.deaf:
            return
        me = self.who()
        hold = self._held.pop(key, None)
        did = f"gives back a slot of epoch {record.number}"
        if hold is not None:
            self._let_go(hold, me, did)
        self._holding(record, me, did)

    def _died(self, key: int) -> None:
        hold = self._held.pop(key, None)
        if hold is not None and self._abstract is not None and self.failure is None and self.who():
            self._let_go(hold, self._names[hold.thread], f"drops a slot of epoch {hold.epoch}")

    def _let_go(self, hold: Hold, me: str, did: str) -> None:
        t = hold.thread
        self._depth[t] -= 1
        if self.struck(self._names[t]) and all(other.thread != t for other in self._held.values()):
            self._depth[t] = 0  # whatever was nested without a slot of its own was cut short
            if self.node.state[self._pc + t] == NESTED:
                self._call("unnest", t, me, did)
        if self._depth[t] == 0:
            pc = self.node.state[self._pc + t]
            if pc == CONFIRM and self.struck(self._names[t]):
                self.seen.allowances["interrupted before its start"] += 1
                self._call("confirm", t, me, did)
                pc = self.node.state[self._pc + t]
            self._call("retract" if pc == RETRACT else "finish", t, me, did)
        else:
            assert self._abstract is not None
            self._abstract.surplus[hold.epoch] -= 1
            if self._depth[t] == 1:
                self._call("unnest", t, me, did)

    def body(self, version: int) -> None:
        """A function of the plugin begins: the model's caller runs, and on that version."""
        if self.deaf:
            return
        me = self.who()
        state, t = self.node.state, self.threads[me]
        assert self._abstract is not None
        expected = state[self.graph.compiled.layout.offset["code"] + state[self._epoch + t]] + self._abstract.first
        if state[self._pc + t] not in (RUN, NESTED):
            self._fail(me, f"runs a function of version {version}", "", differs=("pc",))
        elif expected != version:
            self._fail(me, f"runs a function of version {version}, expected {expected}", "", differs=("code",))

    # -- sections -----------------------------------------------------------------------------------------------------
    def acquired(self) -> None:
        """The plugin's lock was taken."""
        self._base, self._log = self.node, []
        self._publishing = self._refused = None

    def section(self, action: str, publishes: bool, attempt: Any, details: Mapping[str, Any]) -> None:
        """A section says what it does; or a call says that it is nested, or that a hold is lost."""
        if self.deaf or details.get("lost"):
            return
        me = self.who()
        if action in ("nest", "unnest"):
            self._nested(action, me)
            return
        if action == "look":
            t = self.threads[me]
            pc = self.node.state[self._pc + t]
            if pc in (LOOK, LOOK_AGAIN):
                self._take("look", (t,), mine=True)
            elif self.struck(me):
                self._one_look_more(t, details["epoch"])
            return  # else of a nested call: it has to find nothing, because the outer one holds the record
        model = self.graph.compiled.actions.get(action)
        if model is None:
            self._fail(me, f"says that it does {action!r}", action, differs=("up",))
            return
        args: tuple[int, ...] = ()
        if model.params:
            args = (self.threads[me],)
            if attempt is not None and self._abstract is not None:
                self._abstract.attempts[args[0]] = attempt
        if publishes:
            self._publishing = (action, args)
        else:
            self._take(action, args, mine=True)

    def _one_look_more(self, t: int, epoch: int) -> None:
        """What the model's look at that epoch does to all but the caller, who is where it was."""
        state = list(self.node.state)
        mine = state[self._pc + t], state[self._epoch + t]
        state[self._pc + t], state[self._epoch + t] = LOOK, epoch
        node = self.graph.after(self.graph.node(tuple(state)), "look", (t,))
        assert node is not None, "a caller that is to look may"
        state = list(node.state)
        state[self._pc + t], state[self._epoch + t] = mine
        if tuple(state) != self.node.state:
            self.seen.allowances["one look more than is owed"] += 1
            self.node = self.graph.node(tuple(state))

    def _nested(self, action: str, me: str) -> None:
        t = self.threads[me]
        if action == "nest":
            if self._shown.gate.name == "HELD":
                self.seen.situations["a call nested behind a closed gate"] += 1
            self._depth[t] += 1
            if self._depth[t] == 2:
                self._call("nest", t, me, "makes a nested call")
        else:
            self._depth[t] -= 1
            if self._depth[t] == 1:
                self._call("unnest", t, me, "ends a nested call")

    def wrote(self, record: Any) -> None:
        """The pointer was written: the publication."""
        if self.deaf:
            return
        assert self._abstract is not None
        me = self.who()
        self._abstract.publish(record)
        self._shown = record
        action, args = self._publishing or ("", ())
        self._publishing = None
        did = f"publishes epoch {record.number}"
        if not action:
            self._fail(me, did, "", differs=("now",))
            return
        self._take(action, args, mine=True)
        if self._refused:
            self._fail(me, did, *self._refused)
        else:
            self._compare(me, did, action)

    def releases(self) -> None:
        """The plugin's lock is about to be let go: the section has happened, wholly and at one instant."""
        if self.deaf:
            return
        assert self._abstract is not None
        me = self.who()
        real = self._real()
        if self._refused or real != self.node.state:
            self._elsewhere(me, real)
        self._book, self._base = self._abstract.core.book, None

    def _elsewhere(self, me: str, real: tuple[int, ...]) -> None:
        """Is there another instant at which the section may have happened?"""
        own = [i for i, s in enumerate(self._log) if s.mine]
        last = self._log[own[-1]] if own else None
        if last is not None and len(own) == 1 and last.action in LOOKS:
            for node in self._instants(own[0]):
                if node.state == self._real(node):
                    self.node = node
                    if self._refused:
                        self.witnessed[last.action] += 1
                    return
        if self._cut_short(me, last):
            return
        if self._refused:
            self._fail(me, "ends a section", *self._refused)
        else:
            self._differ(me, "ends a section", last.action if last is not None else "", real)

    def _cut_short(self, me: str, last: Taken | None) -> bool:
        """A caller that is struck in the middle of its look frees and does not wake: it still owes a look."""
        if last is None or last.action != "look" or not self.struck(me):
            return False
        real, t = self._real(), last.args[0]
        at, n = self._woken
        state = list(self.node.state)
        state[at : at + n] = real[at : at + n]
        if tuple(state) != real:
            return False
        assert self._base is not None, "a section is open"
        state[self._pc + t], state[self._epoch + t] = (self._base.state[i + t] for i in (self._pc, self._epoch))
        self.node = self.graph.node(tuple(state))
        self.seen.allowances["a look was cut short"] += 1
        return True

    def _instants(self, own: int) -> Iterator[Node]:
        """The states after the window, for every way to move callers' steps behind the section's own."""
        steps = [s for i, s in enumerate(self._log) if i != own]
        mine = self._log[own]
        cuts = []
        for t in dict.fromkeys(s.args[0] for s in steps if s.over):
            theirs = [i for i, s in enumerate(steps) if s.args[0] == t]
            tail = 0
            while tail < len(theirs) and steps[theirs[-1 - tail]].over:
                tail += 1
            cuts.append([theirs[len(theirs) - n :] for n in range(tail + 1)])
        for chosen in product(*cuts):
            later = {i for part in chosen for i in part}
            before = [s for i, s in enumerate(steps) if i not in later]
            behind = [s for i, s in enumerate(steps) if i in later]
            node = self._base
            for step in (*before, mine, *behind):
                node = None if node is None else self._stepped(node, step.action, step.args)
            if node is not None:
                yield node

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
