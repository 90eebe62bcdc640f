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

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from .callers import Callers
from .graph import Node
from .stepping import LOOK, LOOK_AGAIN, SETUP, Taken

__all__ = ["SETUP", "Refiner"]

LOOKS: Final = frozenset({"look", "scan", "undo_scan", "cleanup_old"})
"""Actions that look at holders."""


class Refiner(Callers):
    """Follows one execution.  Told by `watch.WatchedSeam`; raises nothing: `failure` is the first step that is none.

    See `Stepping` for the parameters.
    """

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
