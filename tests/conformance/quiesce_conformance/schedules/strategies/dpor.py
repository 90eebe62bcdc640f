"""One schedule of each kind: dynamic partial-order reduction, without a bound.

Two schedules are of one kind (a Mazurkiewicz trace) if one becomes the other by swapping neighbours that do not depend
on each other.  Whatever a thread can see is the same in both, so one of them is enough.  After each execution the
search looks for races (`order`): each is a reason to come back to the state before its first step and to do the second
one first.  What was tried there already is put to *sleep*, until something is done that depends on it.

Source: Abdulla, Aronis, Jonsson and Sagonas, "Optimal dynamic partial order reduction" (POPL 2014) and "Source sets"
(JACM 2017).  This is their optimal algorithm, with source sets, sleep sets and wakeup trees: a race is remembered as
the whole sequence that turns it round (`wakeup`).  Differences:

- locks, events, timeouts, steps that leave no choice: see `order`.  Threads that wait in vain at a deadlock race as if
  they had gone on;
- one thread can have several alternatives in one state (to go on, to be interrupted).  That is a race with an
  environment that decides before or after the step; so each alternative is a detour like any other.

That a sleep set never stops an execution that is under way is a theorem for threads that are deterministic and never
disable each other.  These are not, so it is counted: `Explorer.learn` answers False for an execution that was stopped.

What it takes for granted: threads share nothing but the objects of the engine, and `Op.writes` and `Op.blocks` tell the
truth.

Known limit: whether a lock that is *tried*, or taken with a timeout, was got decides what its thread lets go of next,
and that is part of the same step.  So turning a race round can change what a step depends on.  It is looked at again
when it is known; still, in 1 of 3,000 random programs of that kind one trace of 26 was missed.  `notes` says so where
it applies.  Locks that are waited for, events, timeouts of events and interrupts are not affected.

Rejected: source sets without wakeup trees (simpler, and stops executions half-way); looking only at races that are new
in an execution (three times as fast per execution; with alternatives it loses traces, as the audit showed); vector
clocks (see `order`).

Sharing out.  The subtrees of a node depend on each other only by the races that one finds above itself.  So a part can
be searched elsewhere; the races that it finds above its root are brought back to the frontier (`shares`), which knows
what was handed out at each node and treats it as asleep.  So every kind of schedule is still run by one worker only;
but a race cannot steer a subtree that is already out, and executions that a sleep set stops become possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from quiesce_conformance.schedules.errors import Nondeterminism
from quiesce_conformance.schedules.execution import Deadlock, Execution
from quiesce_conformance.schedules.points import CUT, UNASKED, Choice, Op

from .base import Evidence, Part, lost, stay
from .order import Detour, Event, Order
from .shares import Frontier, Left, Node, Path, Share, Stack, begin, resolve, still_asleep
from .wakeup import Tree, covers, insert, leads_to

__all__ = ["Dpor"]


@dataclass(frozen=True, slots=True)
class Dpor:
    """One schedule of each Mazurkiewicz trace; no bound on preemptions."""

    evidence: ClassVar[Evidence] = "explored"

    @property
    def name(self) -> str:
        return "dpor()"

    @property
    def bound(self) -> str:
        return "every schedule, up to the order of independent steps"

    def frontier(self, saved: Any = None) -> Frontier:
        return Frontier(saved)

    def explorer(self, part: Part) -> _Explorer:
        return _Explorer(part)


_TRIES = frozenset({"lock.try", "lock.timeout"})


class _Chooser:
    """Repeats the path to where something new is to be tried, then asks the explorer."""

    __slots__ = ("depth", "explorer", "lost", "stopped")

    def __init__(self, explorer: _Explorer) -> None:
        self.explorer = explorer
        self.depth = 0
        self.stopped = False
        self.lost: Nondeterminism | None = None

    def choose(self, choices: Sequence[Choice], last: str | None) -> int:
        explorer, depth = self.explorer, self.depth
        if len(choices) == 1:
            thread, op = choices[0]
            if op[0] in UNASKED and thread == last:
                explorer.glue(depth - 1, op)
                return 0
        if depth < len(explorer.path):
            index, expected = explorer.path[depth], explorer.steps[depth].choice
            if index >= len(choices) or choices[index] != expected:
                self.lost = lost(depth, str(expected), choices)
                return CUT
            if depth == len(explorer.offers) < explorer.root:
                explorer.offers.append(choices)
        else:
            index = explorer.visit(choices, last)
            if index == CUT:
                self.stopped = True
                return CUT
        self.depth = depth + 1
        return index


class _Explorer:
    """Searches one share, depth first.

    Invariant between executions: `path` and `steps` lead to a step that was not taken yet; `order` has those before it;
    `nodes` has an entry for each of them and for it, None above the share's root.
    """

    def __init__(self, part: Share | Stack) -> None:
        self.share = part if isinstance(part, Share) else None
        """What was handed over, while nothing of it has been done."""
        self.root = len(part.path) if isinstance(part, Share) else part.root
        self.path = list(part.path)
        self.steps = list(part.steps)
        self.nodes: list[Node | None] = [None] * self.root
        self.offers: list[Sequence[Choice]] = []
        """What there was to choose from above the root."""
        self.before = part.before
        """Who sleeps in the state before the last step."""
        self.tree = self.ahead = part.tree
        """What is to be tried first, after the last step and after the last that is repeated."""
        self.repeats = len(part.path)
        """How many steps are repeated before anything new."""
        self.glued: list[list[Op]] = [[] for _ in part.path]
        """What was done with each step and leaves no choice."""
        self.fresh = 0
        """The first step of which that is not known."""
        self.order = Order()
        self.found: list[tuple[Path, Choice, Detour]] = []
        self.reported: set[tuple[object, ...]] = set()
        self.held = part.held if isinstance(part, Share) else []
        """What the last step above the root is taken to lead to."""
        self.chooser: _Chooser | None = None
        self.reasons: list[list[tuple[int, Event]]] = []
        """For each step in `order`: what is to be tried because of it, and in front of which step."""
        self.forks = False
        """Some thread had alternatives in some state."""
        self.finished = self.tries = False
        """`tries`: a lock was tried, or given up after a timeout."""
        if isinstance(part, Stack):
            self.nodes += part.nodes
            for event in self.steps[:-1]:
                self.order.add(event)
            self.fresh = len(self.steps) - 1

    def next(self) -> _Chooser | None:
        if self.finished:
            return None
        self.chooser = _Chooser(self)
        return self.chooser

    # -- on the way ---------------------------------------------------------------------------------------------------
    def glue(self, depth: int, op: Op) -> None:
        """Take note that this was done together with the step at that depth."""
        if depth >= self.fresh:
            self.glued[depth].append(op)

    def visit(self, choices: Sequence[Choice], last: str | None) -> int:
        """Come to a state for the first time on this path; say what to do there."""
        sleep = still_asleep(self.before, self._known(len(self.steps) - 1)) if self.before else {}
        node = Node(choices, sleep, [])
        below: Tree = []
        for event, after, held in self.tree:
            found = resolve(event.choice, choices)
            if found is not None and choices[found] not in sleep:
                choice = choices[found]
                node.tree.append([event if event.choice == choice else begin(choice), after, held])
        if node.tree:
            event, below, held = node.tree.pop(0)
            node.take(event, held)
        else:
            index = stay(choices, last)
            if choices[index] in sleep:
                awake = [choice for choice in choices if choice not in sleep]
                if not awake:
                    return CUT
                index = choices.index(awake[stay(awake, last)])
            node.take(begin(choices[index]), [])
        self.nodes.append(node)
        self._step(node, below)
        return node.index

    def _step(self, node: Node, below: Tree) -> None:
        self.path.append(node.index)
        self.steps.append(node.event)
        self.glued.append([])
        self.before, self.tree = node.sleep, below

    def _known(self, depth: int) -> Event:
        """The step at that depth with everything that was done with it."""
        event = self.steps[depth]
        glued = self.glued[depth]
        return Event(event.thread, event.choice, (event.choice.op, *glued) if glued else event.ops[:1])

    # -- afterwards ---------------------------------------------------------------------------------------------------
    def learn(self, execution: Execution) -> bool:
        done, self.chooser = self.chooser, None
        assert done is not None, "learn() comes after next()"
        if done.lost is None and done.depth < self.repeats:
            done.lost = lost(done.depth, str(self.steps[done.depth].choice), ())
        if done.lost is not None:
            raise done.lost
        self.share = None
        order = self.order
        known = len(order.events)
        for depth in range(known, len(self.steps)):
            event = self.steps[depth] = self._known(depth)
            order.add(event)
            if event.ops[0].point in _TRIES:
                self.tries = True
            if (node := self.nodes[depth]) is not None:
                node.event, held, node.held = event, node.held, []
                self._look_again(node, held)
        for detour in self.held:
            if not leads_to(self.steps[self.root - 1], detour):
                self.found.append((tuple(self.path[: self.root - 1]), self.steps[self.root - 1].choice, detour))
        self.held = []
        waiting = execution.ending.waiting if isinstance(execution.ending, Deadlock) else ()
        for depth in range(len(self.reasons), len(self.steps)):
            self.reasons.append(self._find_reasons(depth, self.steps[depth]))
        after_all = -1  # which steps come before every new one, whatever is done
        for past in order.pasts[known:]:
            after_all &= past
        for at, reasons in enumerate(self.reasons):
            for first, event in reasons:
                # What comes after the first step anyway changes nothing in the way around it: seen before.
                if at >= known or self.forks or not after_all >> first & 1:
                    self._try_instead(first, event, waiting)
        for choice in waiting:
            event = begin(choice)
            for first in order.rivals(event, len(order.events)):
                self._try_instead(first, event, waiting)
        self._backtrack()
        return not done.stopped

    def _find_reasons(self, at: int, event: Event) -> list[tuple[int, Event]]:
        """Give the steps in front of which this one could come, and what could be done in its place."""
        reasons = [(first, event) for first in self.order.rivals(event, at)]
        node = self.nodes[at]
        offers = self.offers[at] if node is None else node.choices
        if len(offers) > 1:
            others = [choice for choice in offers if choice[0] == event[0] and choice != event[1]]
            if others:
                self.forks = True
                reasons += [(at, begin(other)) for other in others]
        return reasons

    def _try_instead(self, first: int, event: Event, waiting: Sequence[Choice]) -> None:
        """See to it that an event is tried before step `first`, or in its place if they are of one thread."""
        node = self.nodes[first]
        detour = self.order.detour(first, event, waiting, fates=self.forks)
        if node is None:
            key = (first, *(step.choice for step in detour.steps))
            if key not in self.reported:
                self.reported.add(key)
                self.found.append((tuple(self.path[:first]), self.steps[first].choice, detour))
            return
        earliest = detour.steps[0].choice
        index = resolve(earliest, node.choices)
        if index is None:
            return  # impossible: what it needs has not happened there
        if node.choices[index] != earliest:
            detour.steps[0] = begin(node.choices[index])
        if not covers(node.sleep.values(), detour):
            insert(node.tree, detour)

    @staticmethod
    def _look_again(node: Node, held: list[Detour]) -> None:
        """Now that it is known what is done here: does it lead to these?"""
        for detour in held:
            if not leads_to(node.event, detour) and not covers(node.sleep.values(), detour):
                insert(node.tree, detour)

    def _backtrack(self) -> None:
        while len(self.path) > self.root:
            node = self.nodes[-1]
            assert node is not None, "below the root every state was visited"
            self.path.pop()
            self.steps.pop()
            self.glued.pop()
            node.sleep[node.event.choice] = node.event
            below = node.retake()
            if below is not None:
                self.order.cut(len(self.steps))
                del self.reasons[len(self.steps) :]
                self.fresh = len(self.steps)
                self._step(node, below)
                self.repeats, self.ahead = len(self.steps), below
                return
            self.nodes.pop()
        self.finished = True

    def rest(self) -> Left | Share:
        if self.share is not None:
            return self.share  # nothing was done yet
        left = Left(found=self.found, tries=self.tries)
        self.found, self.chooser = [], None  # what was visited in an execution that was given up is visited again
        if not self.finished:
            self.finished = True
            nodes = [node for node in self.nodes[self.root : self.repeats] if node is not None]
            path, steps = tuple(self.path[: self.repeats]), tuple(self.steps[: self.repeats])
            left.parts.append(Stack(path, steps, self.root, nodes, self.ahead))
        return left
