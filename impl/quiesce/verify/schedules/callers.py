"""A caller's operations, as steps of the model.  `refine` says the whole.

Which step an operation is follows from where the model's caller is: the same read of the pointer is ``read``,
``confirm`` or ``peek``.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

from .stepping import (
    ANNOUNCE,
    CONFIRM,
    HELD,
    IDLE,
    LOOK,
    NESTED,
    PEEK,
    READ,
    RETRACT,
    RUN,
    UNREAD,
    Hold,
    Stepping,
    Taken,
)

__all__ = ["Callers"]


class Callers(Stepping):
    """Follows the callers of one execution.  See `Stepping` for the parameters."""

    @property
    def deaf(self) -> bool:
        """There is nothing to follow yet, or no more.  Else everything up to here is known."""
        if self._abstract is None or self.failure is not None or not self.who():
            return True
        for key, hold in list(self._held.items()):
            if hold.alive() is None:  # it died, and those who want to know of it are told in some order
                self._died(key)
        return self.failure is not None

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
